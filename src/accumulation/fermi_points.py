"""Fermi points of a ribbon, by root finding on the exact bands.

The mesh brackets the roots, also of band edges that poke through a level between two of its points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .band_extrema import AT_REST, extremum, tangent_top
from .band_tracking import ends_of_flat, follow, hermite_root, newton, out_of_order
from .chunks import over_chunks
from .occupations import ON_LEVEL, occupation


@dataclass(frozen=True)
class FermiPoints:
    """Where bands cross Fermi levels: one entry a crossing.

    Attributes
    ----------
    level : (point,) int, index of the Fermi energy
    k : (point,), wave vector in 1/a
    band : (point,) int
    interval : (point,) int, the crossing lies between mesh points interval and interval + 1
    fraction : (point,), where in that interval, 0 to 1
    step : (point,), change of the occupation with increasing k: -1, 1; +-1/2 at the end of a flat
        stretch on the level; 0 where two bands cross exactly on it (only the velocity tells)
    state : (point, orbital), the eigenvector where the search produced it, NaN elsewhere
    """

    level: np.ndarray
    k: np.ndarray
    band: np.ndarray
    interval: np.ndarray
    fraction: np.ndarray
    step: np.ndarray
    state: np.ndarray


def fermi_points(bloch, k, energy, velocity, fermi_energy, threads: int = 1) -> FermiPoints:
    """All k with energy(k) = Fermi energy, to rounding, by root finding on the exact bands.

    The mesh brackets the roots; a band edge that pokes through a level between two mesh points is
    found where the tangents of the two ends allow it.  Bands that cross exactly on the level, or
    touch it, are listed with ``step`` 0.

    Parameters
    ----------
    k : (k,) uniform mesh of the whole Brillouin zone;  energy, velocity : (k, band)
    fermi_energy : (level,)
    """
    spacing = k[1] - k[0]
    next_energy, next_velocity = np.roll(energy, -1, axis=0), np.roll(velocity, -1, axis=0)
    brackets, touches = [], []
    for level, fermi in enumerate(fermi_energy):
        here = occupation(energy, fermi)
        there = np.roll(here, -1, axis=0)
        for j, n in zip(*np.nonzero(here != there), strict=True):
            brackets.append((level, j, n, 0.0, 1.0, there[j, n] - here[j, n]))
        j, n = np.nonzero((here == 0.5) & (np.abs(velocity) > AT_REST))
        touches += [(level, a, b, 0.0) for a, b in zip(j, n, strict=True)]
        # A maximum below (minimum above) the level that the tangents would let through.
        side = np.where(here == 1, 1.0, -1.0)
        ends = (side * energy, side * velocity, side * next_energy, side * next_velocity)
        candidate = (here == there) & (here != 0.5) & (ends[1] > AT_REST) & (ends[3] < -AT_REST)
        candidate &= tangent_top(*ends, spacing) >= side * fermi - ON_LEVEL
        for j, n in zip(*np.nonzero(candidate), strict=True):
            known = ((energy[j, n], velocity[j, n]), (next_energy[j, n], next_velocity[j, n]))
            s, height = extremum(bloch, k[j], spacing, n, side[j, n], known, fermi)
            height = side[j, n] * (height - fermi)
            if abs(height) <= ON_LEVEL:
                touches.append((level, j, n, s))
            elif height > 0:
                brackets.append((level, j, n, 0.0, s, -side[j, n]))
                brackets.append((level, j, n, s, 1.0, side[j, n]))
    mesh = (bloch, k, spacing, energy, velocity, fermi_energy)
    return _locate(*mesh, brackets, touches, threads)


def _locate(
    bloch, k, spacing, energy, velocity, fermi_energy, brackets, touches, threads
) -> FermiPoints:
    """Polish every bracketed root, chunk by chunk."""
    level, j, n = (np.array([b[i] for b in brackets], dtype=int) for i in range(3))
    low, high, step = (np.array([b[i] for b in brackets], dtype=float) for i in (3, 4, 5))
    after = (j + 1) % len(k)
    target = np.asarray(fermi_energy, dtype=float)[level]
    first, last = energy[j, n] - target, energy[after, n] - target
    s = hermite_root(first, last, velocity[j, n] * spacing, velocity[after, n] * spacing)
    s = np.where((s > low) & (s < high), s, 0.5 * (low + high))
    # A half step is where a band comes to lie on the level, or leaves it.
    half = np.abs(step) == 0.5
    s[half] = ends_of_flat(
        bloch, k[j[half]], spacing, n[half], target[half], np.abs(last[half]) <= ON_LEVEL
    )
    kind = float if bloch.is_real else complex
    state = np.full((len(s) + len(touches), bloch.size), np.nan, dtype=kind)
    search = np.nonzero(~half)[0]

    def work(part):
        some = search[part]
        where = (k[j[some]], spacing, n[some], target[some], step[some])
        s[some], state[some] = follow(bloch, *where, s[some], low[some], high[some])
        lost = some[np.isnan(state[some, 0])]
        where = (k[j[lost]], spacing, n[lost], target[lost], step[lost])
        s[lost] = newton(bloch, *where, s[lost], low[lost], high[lost])

    if len(search):
        over_chunks(work, len(search), bloch.size, threads, light=True)
        by_state = ~np.isnan(state[search, 0])
        level_j_n = (level[search], j[search], n[search])
        again = search[out_of_order(*level_j_n, step[search], s[search], by_state)]
        where = (k[j[again]], spacing, n[again], target[again], step[again])
        s[again] = newton(bloch, *where, s[again], low[again], high[again])
        state[again] = np.nan
    columns = [(level, j, n, s, step)]
    if touches:
        t = np.array(touches)
        whole = t[:, :3].astype(int)
        columns.append((whole[:, 0], whole[:, 1], whole[:, 2], t[:, 3], np.zeros(len(t))))
    level, j, n, s, step = (np.concatenate(c) for c in zip(*columns, strict=True))
    return FermiPoints(level, k[j] + s * spacing, n, j, s, step, state)
