"""Kramers-Kronig relations on the full frequency axis, without a cutoff.

omega = s tan(theta / 2) maps the axis onto the circle e^{i theta} and the upper half plane, where a
response is analytic, onto its interior: w = (1 + i omega / s) / (1 - i omega / s).  There
chi = sum_{m >= 0} c_m w^m.  All c_m with m > 0 follow from Im chi alone, and c_0 from
chi(infinity) = 0, which is w = -1.  This is a Hilbert transform with spectral accuracy: with N
nodes the error falls as |w|^{-N/2} of the nearest pole.
"""

from __future__ import annotations

import numpy as np

# The number of nodes is such that the terms of the nearest pole fall to exp(-DECAY) = 1e-13.
DECAY = 30.0


def scale_of(widest: float) -> float:
    """Scale s of the map, in t0, for transition energies up to ``widest``, in t0."""
    return max(widest, 1e-3)


def nodes(scale: float, widest: float, eta: float) -> np.ndarray:
    """Frequencies (node,), in t0, at which Im chi(omega + i eta) is needed.

    A pole at -x - i eta has |w| > 1 + 2 s eta / (s^2 + (x + eta)^2), which is smallest for x =
    ``widest``.  All arguments are in t0.
    """
    nearest = np.log1p(2 * scale * eta / (scale**2 + (widest + eta) ** 2))
    number = 2 * int(np.ceil(DECAY / nearest))
    return scale * np.tan(0.5 * _angles(number))


def _angles(number: int) -> np.ndarray:
    # Midpoints: theta = pi, the infinite frequency, is none of them.
    return 2 * np.pi * ((np.arange(number) + 0.5) / number - 0.5)


def from_imaginary(imaginary: np.ndarray, scale: float, frequency: np.ndarray) -> np.ndarray:
    """chi at real frequencies, (..., frequency), from its imaginary part.

    Parameters
    ----------
    imaginary : (..., node), Im chi at :func:`nodes`
    scale : s, in t0;  frequency : (frequency,), in t0
    """
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
    """Integral over all frequencies, (...), of values (..., node) that fall as omega^-2 or faster.

    ``scale`` is s, in t0.
    """
    number = values.shape[-1]
    measure = 0.5 * scale / np.cos(0.5 * _angles(number)) ** 2
    return (values * measure).sum(axis=-1) * 2 * np.pi / number
