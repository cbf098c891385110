"""Bands followed through exact crossings, from one mesh point to the next.

Bands are sorted by energy at every k.  Where two of them cross exactly (layers or spins that
nothing couples, standing waves of equal layers) a band of one number is smooth on neither side:
its velocity jumps to that of the other.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

# Bands this many places away are looked at.
REACH = 4
# Another band is the continuation only if it fits so much better, in energy and in velocity.
BETTER, SMOOTHER = 0.1, 0.3


def bands_around(
    energy: np.ndarray,
    velocity: np.ndarray,
    spacing: float,
    interval: np.ndarray,
    fraction: np.ndarray,
    band: np.ndarray,
    level: float,
) -> np.ndarray:
    """Number of the band through each Fermi point at the mesh points j-2 ... j+3, (point, 6) int.

    Parameters
    ----------
    energy, velocity : (k, band) on the uniform mesh of that spacing
    interval, fraction, band : (point,) as in :class:`~accumulation.fermi.FermiPoints`
    level : the energy at which they lie

    ``band`` everywhere, unless an exact crossing lies between two of these mesh points.
    """
    points = len(energy)
    out = np.empty((len(band), 6), dtype=int)
    # The two ends of the interval: the cubic through both must pass the level at the Fermi point.
    near = _near(band, energy.shape[1])
    left, right = interval, (interval + 1) % points
    e0, v0 = (values[left[:, None], near][:, :, None] for values in (energy, velocity))
    e1, v1 = (values[right[:, None], near][:, None, :] for values in (energy, velocity))
    s = fraction[:, None, None]
    cubic = e0 * (1 + 2 * s) * (1 - s) ** 2 + e1 * (3 - 2 * s) * s**2
    cubic = cubic + spacing * (v0 * s * (1 - s) ** 2 - v1 * s**2 * (1 - s))
    misfit = np.abs(cubic - level) + np.abs(e1 - e0 - 0.5 * spacing * (v0 + v1))
    flat = (len(band), -1)
    both = _chosen(misfit.reshape(flat), np.abs(v1 - v0).reshape(flat))
    one, other = np.divmod(both, near.shape[1])
    every = np.arange(len(band))
    out[:, 2], out[:, 3] = near[every, one], near[every, other]
    for sense, columns in ((-1, (2, 1, 0)), (1, (3, 4, 5))):
        for here, there in pairwise(columns):
            j = (interval + here - 2) % points
            j_next = (j + sense) % points
            near = _near(out[:, here], energy.shape[1])
            e0, v0 = (values[j, out[:, here]][:, None] for values in (energy, velocity))
            e1, v1 = (values[j_next[:, None], near] for values in (energy, velocity))
            misfit = np.abs(e1 - e0 - 0.5 * sense * spacing * (v0 + v1))
            out[:, there] = near[every, _chosen(misfit, np.abs(v1 - v0))]
    return out


def _near(band: np.ndarray, bands: int) -> np.ndarray:
    """(point, candidate) bands next to these, each itself in the middle."""
    return np.clip(band[:, None] + np.arange(-REACH, REACH + 1), 0, bands - 1)


def _chosen(misfit: np.ndarray, jump: np.ndarray) -> np.ndarray:
    """Candidate (point,) of the best fit; the one in the middle unless the best is much better."""
    every, usual = np.arange(len(misfit)), misfit.shape[1] // 2
    best = np.argmin(misfit, axis=1)
    crossing = misfit[every, best] < BETTER * misfit[:, usual]
    crossing &= jump[every, best] < SMOOTHER * jump[:, usual]
    return np.where(crossing, best, usual)
