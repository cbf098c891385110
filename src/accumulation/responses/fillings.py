"""Numbers of filled bands along k, and integrals of sums over the filled bands.

At zero temperature the interband response at one k is B_N = sum_{n < N} b_n, with N the number of
bands below the level.  For fixed N it is a smooth function of k where bands N - 1 and N do not
meet, so the two sides of a Fermi point, at which N changes, are integrated with their values of N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.fermi_points import FermiPoints
from ..states.occupations import ON_LEVEL
from . import mesh_rules

# Factor on the error of an interval whose stencil extends over a crossing.
DOUBT = 5.0


@dataclass(frozen=True)
class Pieces:
    """Parts of mesh intervals between Fermi points.

    interval : (piece,) int;  low, high : (piece,) ends, in spacings from the interval's left end;
    filled : (piece,) int, number of bands below the level
    """

    interval: np.ndarray
    low: np.ndarray
    high: np.ndarray
    filled: np.ndarray

    def part(self, selected: np.ndarray) -> Pieces:
        """The pieces selected by the mask ``selected`` (piece,)."""
        columns = (self.interval, self.low, self.high, self.filled)
        return Pieces(*(column[selected] for column in columns))


def joined(first: Pieces, second: Pieces) -> Pieces:
    """Both sets of pieces in one."""
    names = ("interval", "low", "high", "filled")
    return Pieces(*(np.concatenate((getattr(first, n), getattr(second, n))) for n in names))


def pieces(
    bloch: BlochMatrix,
    k: np.ndarray,
    energy: np.ndarray,
    level: float,
    points: FermiPoints,
    of_level: np.ndarray,
    intervals: np.ndarray,
) -> Pieces:
    """Pieces of intervals of a mesh between Fermi points.

    Parameters
    ----------
    k : (k,), in 1/a;  energy : (k, band) and level, in t0
    points : Fermi points of several levels;  of_level : (point,) bool, those of this level
    intervals : (interval,) int, the intervals
    """
    spacing = k[1] - k[0]
    below = (energy < level).sum(axis=1)
    after = np.roll(below, -1)
    on_level = (np.abs(energy - level) <= ON_LEVEL).any(axis=1)
    ambiguous = on_level | np.roll(on_level, -1)
    index = np.flatnonzero(of_level)
    order = np.lexsort((points.fraction[index], points.interval[index]))
    index = index[order]
    crossed = np.zeros(len(k), dtype=bool)
    crossed[points.interval[index]] = True
    simple = ~(ambiguous | crossed) & (below == after)
    uncut, cut = intervals[simple[intervals]], intervals[~simple[intervals]]
    zero = np.zeros(len(uncut))
    whole = np.column_stack((uncut, zero, zero + 1, below[uncut]))
    # Numbers instead of arrays: few, and of an interval there are one or two.
    found = []
    bounds = np.searchsorted(points.interval[index], np.stack((cut, cut + 1), axis=1)).tolist()
    fractions, steps = points.fraction[index].tolist(), points.step[index].tolist()
    for j, (first, last) in zip(cut.tolist(), bounds, strict=True):
        ends = [0.0, *fractions[first:last], 1.0]
        counts = [float(below[j])]
        for step in steps[first:last]:
            counts.append(counts[-1] + step)
        whole_steps = all(abs(step) == 1 for step in steps[first:last])
        if ambiguous[j] or not whole_steps or counts[-1] != after[j]:
            middle = k[j] + 0.5 * (np.array(ends[1:]) + ends[:-1]) * spacing
            energies = np.linalg.eigvalsh(bloch.hamiltonian(middle))
            counts = (energies < level).sum(axis=1).tolist()
        found += [(j, *piece) for piece in zip(ends[:-1], ends[1:], counts, strict=True)]
    table = np.concatenate((whole, np.reshape(found, (len(found), 4))))
    table = table[table[:, 2] > table[:, 1]]
    return Pieces(table[:, 0].astype(int), table[:, 1], table[:, 2], table[:, 3].astype(int))


def partial_sums(
    values: np.ndarray,
    below: np.ndarray,
    polarizability: np.ndarray,
    points: np.ndarray,
    filled: np.ndarray,
) -> np.ndarray:
    """B_N (..., row) at mesh points (...) with N = ``filled`` (...).

    Parameters
    ----------
    values : (k, row), B_N with N = ``below`` (k,)
    polarizability : (k, band, row), which is added for the few bands between the two numbers
    """
    sums = values[points].copy()
    missing = filled - below[points]
    for step in range(int(np.abs(missing).max(initial=0))):
        fewer, surplus = np.nonzero(missing > step), np.nonzero(-missing > step)
        sums[fewer] += polarizability[points[fewer], below[points[fewer]] + step]
        sums[surplus] -= polarizability[points[surplus], below[points[surplus]] - 1 - step]
    return sums


def integrals(
    parts: Pieces,
    values: np.ndarray,
    below: np.ndarray,
    energy: np.ndarray,
    polarizability: np.ndarray,
    crossings: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Integrals and their estimated errors, both (piece, row) in spacings (:mod:`mesh_rules`).

    A piece uses its number of filled bands at all points of the stencil.  The integrand is
    approximated by a fraction over the square of the gap above the filled bands, unless one of the
    two bands at the gap crosses a third one, which gives the gap a kink.

    Parameters
    ----------
    values : (k, row), below : (k,), energy : (k, band), polarizability : (k, band, row)
    crossings : (interval, band - 1) bool, where neighbouring bands (nearly) cross
    """
    if not len(parts.interval):
        nothing = np.zeros((0, values.shape[-1]))
        return nothing, nothing
    width = mesh_rules.NARROW
    stencil = mesh_rules.stencil(width)
    where = (parts.interval[:, None] + stencil) % len(values)
    filled = np.broadcast_to(parts.filled[:, None], where.shape)
    inside = partial_sums(values, below, polarizability, where, filled)
    last_band = energy.shape[1] - 1
    upper, lower = np.minimum(filled, last_band), np.clip(filled - 1, 0, last_band)
    square = (energy[where, upper] - energy[where, lower]) ** 2
    square[(filled < 1) | (filled > last_band)] = 1.0
    square[spanned(parts, crossings, -2) | spanned(parts, crossings, 0)] = 1.0
    lowest, middle, value = (
        _of_order(parts, inside, square, h) for h in (width - 2, width - 1, width)
    )
    error = mesh_rules.remaining(lowest, middle, value)
    # Beyond a crossing of filled and empty bands the filled bands have other states.
    return value, np.where(spanned(parts, crossings, -1)[:, None], DOUBT * error, error)


def spanned(parts: Pieces, crossings: np.ndarray, offset: int) -> np.ndarray:
    """Whether a stencil (piece,) spans a crossing of bands N + offset and N + offset + 1.

    N is the number of filled bands of the piece, so offset -1 is the crossing of filled and empty
    bands.  ``crossings`` (interval, band - 1) bool are the (near) crossings of neighbouring bands.
    """
    spans = parts.interval[:, None] + mesh_rules.stencil(mesh_rules.NARROW)[:-1]
    lower = parts.filled + offset
    exists = (lower >= 0) & (lower < crossings.shape[1])
    lower = np.clip(lower, 0, crossings.shape[1] - 1)
    return exists & crossings[spans % len(crossings), lower[:, None]].any(axis=1)


def _of_order(parts: Pieces, at: np.ndarray, square: np.ndarray, half_width: int) -> np.ndarray:
    """Integral (piece, row) with the inner 2 h points of values (piece, point, row)."""
    inner = slice(mesh_rules.NARROW - half_width, mesh_rules.NARROW + half_width)
    weights = mesh_rules.rational_weights(half_width, parts.low, parts.high, square[:, inner])
    return (weights[:, None, :] @ at[:, inner])[:, 0]
