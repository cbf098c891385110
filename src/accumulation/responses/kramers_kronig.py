"""Kramers-Kronig relations on the whole frequency axis, without a cut.

omega = s tan(theta / 2) maps the axis to the circle e^{i theta} and the upper half plane, where a
response is analytic, to its inside: w = (1 + i omega / s) / (1 - i omega / s).  There
chi = sum_{m >= 0} c_m w^m, so that all c_m with m > 0 follow from Im chi alone, and c_0 from
chi(infinity) = 0, which is w = -1.  This is the Hilbert transform with spectral accuracy: the
error falls as the nearest pole's |w|^{-N/2} with N nodes.
"""

from __future__ import annotations

import numpy as np

# Poles are resolved until their terms have fallen to exp(-DECAY) = 1e-13.
DECAY = 30.0


def scale_of(widest: float) -> float:
    """s that spreads poles evenly up to the largest transition energy ``widest``, in t0."""
    return max(widest, 1e-3)


def nodes(scale: float, widest: float, eta: float) -> np.ndarray:
    """Frequencies (node,) at which Im chi(omega + i eta) is needed.

    A pole at -x - i eta has |w| > 1 + 2 s eta / (s^2 + (x + eta)^2), least for x = ``widest``.
    """
    nearest = np.log1p(2 * scale * eta / (scale**2 + (widest + eta) ** 2))
    number = 2 * int(np.ceil(DECAY / nearest))
    return scale * np.tan(0.5 * _angles(number))


def _angles(number: int) -> np.ndarray:
    # Midpoints: theta = pi, the infinite frequency, is none of them.
    return 2 * np.pi * ((np.arange(number) + 0.5) / number - 0.5)


def from_imaginary(imaginary: np.ndarray, scale: float, frequency: np.ndarray) -> np.ndarray:
    """chi at real frequencies (..., frequency) from Im chi at :func:`nodes` (..., node)."""
    number = imaginary.shape[-1]
    m = np.arange(1, number // 2)
    # Fourier coefficients of Im chi = (chi - chi*) / 2i; the phase is that of the first node.
    first = _angles(number)[0]
    coefficient = 2j * np.fft.fft(imaginary)[..., m] / number * np.exp(-1j * m * first)
    turn = 1j * np.asarray(frequency) / scale
    w = (1 + turn) / (1 - turn)
    powers = w ** m[:, None]
    # chi(-1) = 0 fixes the real part of c_0.
    real = -(coefficient @ ((-1.0) ** m)).real
    constant = real + 1j * imaginary.mean(axis=-1)
    return constant[..., None] + coefficient @ powers


def moment(values: np.ndarray, scale: float) -> np.ndarray:
    """Integral over all frequencies of values (..., node) that fall at least as omega^-2."""
    number = values.shape[-1]
    measure = 0.5 * scale / np.cos(0.5 * _angles(number)) ** 2
    return (values * measure).sum(axis=-1) * 2 * np.pi / number
