"""How many bands are filled where, and sums over the filled ones.

At zero temperature the interband response at one k is B_N = sum_{n < N} b_n, with N the number of
bands below the level.  It is a smooth function of k as long as bands N - 1 and N do not meet, on
both sides of a Fermi point at which N changes: so each side is integrated with its own N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.fermi_points import FermiPoints
from ..states.occupations import ON_LEVEL
from . import mesh_rules

# Factor on the error of an interval whose stencil reaches past a crossing.
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

    def part(self, chosen: np.ndarray) -> Pieces:
        """The pieces that are chosen, by (piece,) bool."""
        columns = (self.interval, self.low, self.high, self.filled)
        return Pieces(*(column[chosen] for column in columns))


def joined(one: Pieces, two: Pieces) -> Pieces:
    """The pieces of both."""
    names = ("interval", "low", "high", "filled")
    return Pieces(*(np.concatenate((getattr(one, n), getattr(two, n))) for n in names))


def pieces(
    bloch: BlochMatrix,
    k: np.ndarray,
    energy: np.ndarray,
    level: float,
    points: FermiPoints,
    here: np.ndarray,
    chosen: np.ndarray,
) -> Pieces:
    """Pieces of the ``chosen`` intervals (interval,) int of a mesh k (k,), energy (k, band).

    ``here`` (point,) are the Fermi points of this level.
    """
    spacing = k[1] - k[0]
    below = (energy < level).sum(axis=1)
    after = np.roll(below, -1)
    on_level = (np.abs(energy - level) <= ON_LEVEL).any(axis=1)
    unclear = on_level | np.roll(on_level, -1)
    index = np.flatnonzero(here)
    order = np.lexsort((points.fraction[index], points.interval[index]))
    index = index[order]
    held = np.zeros(len(k), dtype=bool)
    held[points.interval[index]] = True
    simple = ~(unclear | held) & (below == after)
    whole = chosen[simple[chosen]]
    zero = np.zeros(len(whole))
    parts = [np.column_stack((whole, zero, zero + 1, below[whole]))]
    for j in chosen[~simple[chosen]]:
        first, last = np.searchsorted(points.interval[index], (j, j + 1))
        at = points.fraction[index[first:last]]
        step = points.step[index[first:last]]
        ends = np.concatenate(([0.0], at, [1.0]))
        counts = below[j] + np.concatenate(([0], np.cumsum(step)))
        if unclear[j] or np.any(np.abs(step) != 1) or counts[-1] != after[j]:
            middle = k[j] + 0.5 * (ends[1:] + ends[:-1]) * spacing
            counts = (np.linalg.eigvalsh(bloch.hamiltonian(middle)) < level).sum(axis=1)
        parts.append(np.column_stack((np.full(len(counts), j), ends[:-1], ends[1:], counts)))
    table = np.concatenate(parts)
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

    From values (k, row), which are B_N with N = ``below`` (k,), and the polarizability
    (k, band, row) of the few bands between the two numbers.
    """
    out = values[points].copy()
    missing = filled - below[points]
    for step in range(int(np.abs(missing).max(initial=0))):
        more, less = np.nonzero(missing > step), np.nonzero(-missing > step)
        out[more] += polarizability[points[more], below[points[more]] + step]
        out[less] -= polarizability[points[less], below[points[less]] - 1 - step]
    return out


def integrals(
    parts: Pieces,
    values: np.ndarray,
    below: np.ndarray,
    energy: np.ndarray,
    polarizability: np.ndarray,
    crossings: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Integral and its estimated error, both (piece, row) in spacings, see :mod:`mesh_rules`.

    Each with the filled bands of its piece on all points of the stencil, and as a fraction over the
    square of the gap above them, unless one of the two bands there crosses a third: then the gap
    has a kink.  ``crossings`` (interval, band - 1) are where neighbouring bands (nearly) cross.
    """
    if not len(parts.interval):
        nothing = np.zeros((0, values.shape[-1]))
        return nothing, nothing
    width = mesh_rules.NARROW
    stencil = mesh_rules.stencil(width)
    where = (parts.interval[:, None] + stencil) % len(values)
    filled = np.broadcast_to(parts.filled[:, None], where.shape)
    at = partial_sums(values, below, polarizability, where, filled)
    top = energy.shape[1] - 1
    upper, lower = np.minimum(filled, top), np.clip(filled - 1, 0, top)
    square = (energy[where, upper] - energy[where, lower]) ** 2
    square[(filled < 1) | (filled > top)] = 1.0
    square[spanned(parts, crossings, -2) | spanned(parts, crossings, 0)] = 1.0
    lowest, middle, value = (_of_order(parts, at, square, h) for h in (width - 2, width - 1, width))
    error = mesh_rules.remaining(lowest, middle, value)
    # Past a crossing of filled and empty bands the filled ones are others.
    return value, np.where(spanned(parts, crossings, -1)[:, None], DOUBT * error, error)


def spanned(parts: Pieces, crossings: np.ndarray, offset: int) -> np.ndarray:
    """Whether a stencil (piece,) spans a crossing of bands N + offset and N + offset + 1.

    N are the filled bands of the piece, so that -1 is the crossing of filled and empty ones.
    """
    spans = parts.interval[:, None] + mesh_rules.stencil(mesh_rules.NARROW)[:-1]
    lower = parts.filled + offset
    exists = (lower >= 0) & (lower < crossings.shape[1])
    lower = np.clip(lower, 0, crossings.shape[1] - 1)
    return exists & crossings[spans % len(crossings), lower[:, None]].any(axis=1)


def _of_order(parts: Pieces, at: np.ndarray, square: np.ndarray, half_width: int) -> np.ndarray:
    """Integral (piece, row) by the inner points of values (piece, point, row)."""
    inner = slice(mesh_rules.NARROW - half_width, mesh_rules.NARROW + half_width)
    weights = mesh_rules.rational_weights(half_width, parts.low, parts.high, square[:, inner])
    return (weights[:, None, :] @ at[:, inner])[:, 0]
