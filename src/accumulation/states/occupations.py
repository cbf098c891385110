"""Occupations of levels, their slopes and their divided differences (Eqs. 17, 18)."""

from __future__ import annotations

import numpy as np

# States within this distance (in t0) of the Fermi level count as lying on it.
ON_LEVEL = 1e-10
# Beyond this argument 1 / cosh^2 is below the smallest number.
_FARTHEST = 300.0


def occupation(energy: np.ndarray, fermi_energy: float) -> np.ndarray:
    """Zero-temperature occupation of ``energy`` (...), in t0: 1, 1/2 (within ON_LEVEL), or 0."""
    distance = fermi_energy - energy
    return np.where(np.abs(distance) <= ON_LEVEL, 0.5, (distance > 0).astype(float))


def fermi_dirac(energy: np.ndarray, fermi_energy: float, temperature: float) -> np.ndarray:
    """Occupation (Fermi function) of ``energy`` (...); all arguments are in t0.

    At zero temperature as :func:`occupation`.
    """
    if temperature == 0:
        return occupation(energy, fermi_energy)
    return 0.5 * (1 - np.tanh((energy - fermi_energy) / (2 * temperature)))


def fermi_slope(energy: np.ndarray, fermi_energy: float, temperature: float) -> np.ndarray:
    """df/d energy of ``energy`` (...) at a finite temperature, in 1/t0; all arguments are in t0."""
    half = np.clip((energy - fermi_energy) / (2 * temperature), -_FARTHEST, _FARTHEST)
    return -0.25 / (temperature * np.cosh(half) ** 2)


def divided_difference(energy: np.ndarray, fermi_energy: float, temperature: float) -> np.ndarray:
    """(f_n - f_n') / (e_n - e_n') of every two levels, (..., n, n'), in 1/t0; df/de where equal.

    With x = (e_n - e_n') / 2T it is the geometric mean of df/de at both levels times sinh(x) / x,
    which contains no difference of nearly equal numbers.  At zero temperature it is zero between
    levels of equal occupation, including degenerate ones.

    Parameters
    ----------
    energy : (..., band);  all arguments are in t0
    """
    if temperature == 0:
        filled = occupation(energy, fermi_energy)
        change = filled[..., :, None] - filled[..., None, :]
        gap = energy[..., :, None] - energy[..., None, :]
        return np.divide(change, gap, out=np.zeros_like(gap), where=(change != 0) & (gap != 0))
    half = np.clip((energy - fermi_energy) / (2 * temperature), -_FARTHEST, _FARTHEST)
    x = (energy[..., :, None] - energy[..., None, :]) / (2 * temperature)
    close = np.abs(x) < 1
    inverse_cosh = 1 / np.cosh(half)
    small = np.where(close, x, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(small == 0, 1.0, np.sinh(small) / small)
    near = -0.25 * ratio * inverse_cosh[..., :, None] * inverse_cosh[..., None, :]
    tanh = np.tanh(half)
    far = 0.25 * (tanh[..., None, :] - tanh[..., :, None]) / np.where(close, 1.0, x)
    return np.where(close, near, far) / temperature
