"""Chern number of the filled bands, on a mesh refined until the number is proved.

The zone of a1 and a2 is divided into cells.  Within a cell the filled states turn away from those
at its centre by at most the angle theta of Davis and Kahan's tan 2 theta theorem,

    tan 2 theta <= 2 |H_LU| / G,

H_LU the coupling of the centre's filled and empty states anywhere in the cell, G the distance of
their own blocks there, both bounded from the slopes at the centre and the second derivative of H.
Cells in which theta may be large are quartered.  Then all filled states of a cell have a frame F
that is parallel to the centre's, F0+ F > 0, and its flux is the sum of arg det(F_a+ F_b) in that
frame along its edges, each too small to be taken for another by 2 pi.  An edge between cells of
different size is cut where the smaller one has a corner, so that edges cancel and what is left is
2 pi times an integer: the method of Fukui, Hatsugai and Suzuki, J. Phys. Soc. Jpn. 74, 1674 (2005),
on cells that resolve the curvature.
"""

from __future__ import annotations

import numpy as np

from .gaps import corner_levels
from .reduced_bloch import ReducedBloch, blocks, centres

# Cells along each direction to begin with.
START = 12
LEVELS = 30
# Cells in all, times (orbitals + 4)^3 as the time that each takes.
WORK = 1e9
# tan 2 theta of a cell, at most: theta = 22.5 degrees.
TURN = 1.0
# The phase of one step along an edge is below rank x arcsin tan^2 theta; kept below this.
LARGEST = 2.5
# Fluxes add up to an integer to rounding, unless something is wrong.
WHOLE = 1e-6


def chern_number(bloch: ReducedBloch, filled: int, points: int | None = None) -> float:
    """Chern number of the ``filled`` lowest bands, (1/2 pi) int Omega, Omega = curl i<u|grad u>.

    In units where f_1, f_2 is right-handed; NaN where it could not be settled: the gap above these
    bands is closed, or too small for the number of cells that is worth working.

    Parameters
    ----------
    bloch : of two dimensions
    points : cells along each direction to begin with
    """
    rank = min(filled, bloch.size - filled)
    angle = min(0.5 * np.arctan(TURN), np.arctan(np.sqrt(np.sin(min(LARGEST / rank, np.pi / 2)))))
    leaves = _cells(bloch, filled, np.tan(2 * angle), points or START)
    if leaves is None:
        return np.nan
    total = -_fluxes(bloch, filled, *leaves).sum() / (2 * np.pi)
    number = float(np.rint(total))
    return number if abs(total - number) < WHOLE else np.nan


def _cells(bloch: ReducedBloch, filled: int, turn: float, points: int):
    """Cells in which filled states turn by less than tan 2 theta = ``turn``.

    Returns corner (cell, 2) and width (cell,), integers in units of the smallest width; the number
    of those units in the zone; and the filled states at the centres (cell, orbital, band).  None
    where there would be too many.
    """
    f, half = centres(points, 2) + 0.5 / points, 0.5 / points
    budget = WORK / (bloch.size + 4) ** 3
    found = []
    for level in range(LEVELS):
        budget -= len(f)
        if budget < 0:
            return None
        frames = bloch.frames(f)
        below, above = corner_levels(frames.energy, frames.slope, filled, half * bloch.corners)
        norm, spread = (0.5 * bound for bound in bloch.change(half, 2))
        apart = (above - below).min(axis=1) - spread
        # The largest coupling that leaves theta small enough.
        allowed = 0.5 * turn * apart - norm
        settled = _is_below(frames.slope[:, :, :filled, filled:], half * bloch.corners[:2], allowed)
        found.append((level, f[settled], frames.vectors[settled, :, :filled]))
        if settled.all():
            break
        f = (f[~settled, None] + 0.5 * half * bloch.corners).reshape(-1, 2)
        half /= 2
    else:
        return None
    units = points << level
    width = np.concatenate([np.full(len(f), 1 << (level - own)) for own, f, _ in found])
    middle = np.concatenate([f for _, f, _ in found])
    corner = np.rint(middle * units - 0.5 * width[:, None]).astype(np.int64)
    return corner, width, units, np.concatenate([vectors for *_, vectors in found])


def _is_below(slope: np.ndarray, corners: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Whether the spectral norm of s.slope stays below a limit in each cell, (cell,) bool.

    slope (cell, dimension, filled, empty); limit (cell,).  The norm is convex in s, so that corners
    decide, of which opposite ones are equal.  It lies between the Frobenius norm, which is cheap,
    and that over the square root of the rank.
    """
    block = np.einsum("nd,cdij->cnij", corners, slope)
    frobenius = np.sqrt((block.real**2 + block.imag**2).sum(axis=(2, 3)).max(axis=1))
    below = frobenius <= limit
    unsure = np.flatnonzero(~below & (frobenius <= limit * np.sqrt(min(block.shape[2:]))))
    if len(unsure):
        below[unsure] = np.linalg.norm(block[unsure], 2, axis=(2, 3)).max(axis=1) <= limit[unsure]
    return below


def _fluxes(bloch, filled, corner, width, units, frame) -> np.ndarray:
    """Flux (cell,) of each cell, from the phases along its edges in its own parallel frame."""
    cells = np.arange(len(corner))
    around = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = corner[:, None] + width[:, None, None] * around
    codes = np.unique(_code(corners.reshape(-1, 2), units))
    # Counter-clockwise, each edge from its corner to the next.
    start = corners.reshape(-1, 2)
    step = (width[:, None, None] * (np.roll(around, -1, axis=0) - around)).reshape(-1, 2)
    owner = np.repeat(cells, 4)
    pieces = []
    while len(start):
        middle = start + step // 2
        cut = (np.abs(step).sum(axis=1) > 1) & np.isin(_code(middle, units), codes)
        pieces.append((start[~cut], step[~cut], owner[~cut]))
        start = np.concatenate((start[cut], middle[cut]))
        step, owner = np.tile(step[cut] // 2, (2, 1)), np.tile(owner[cut], 2)
    start, step, owner = map(np.concatenate, zip(*pieces, strict=True))
    vertices = np.stack(np.divmod(codes, units), axis=1) / units
    parts = blocks(len(codes), bloch.size)
    states = np.concatenate([bloch.vectors(vertices[part])[:, :, :filled] for part in parts])
    phase = np.empty(len(start))
    for part in blocks(len(start), bloch.size):
        ends = [
            _states_at(bloch, states, codes, point, units)
            for point in (start[part], start[part] + step[part])
        ]
        own = frame[owner[part]]
        phase[part] = np.angle(_overlap(own, ends[0]) * _overlap(*ends) * _overlap(ends[1], own))
    return np.bincount(owner, phase, len(cells))


def _code(point: np.ndarray, units: int) -> np.ndarray:
    """One integer for a corner (point, 2), the same for those a reciprocal vector apart."""
    return np.mod(point[:, 0], units) * units + np.mod(point[:, 1], units)


def _states_at(bloch, states, codes, point, units) -> np.ndarray:
    """Filled states (point, orbital, band) at corners, of one reciprocal vector to the next.

    H(f + n) = D+ H(f) D with D = diag exp(2 pi i n.o), so states there are D+ times those at f.
    """
    known = states[np.searchsorted(codes, _code(point, units))]
    turns = np.floor_divide(point, units)
    return np.exp(-2j * np.pi * (turns @ bloch.offset.T))[:, :, None] * known


def _overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """det(F+ F') of frames (point, orbital, band), by its phase alone."""
    value = np.linalg.det(np.swapaxes(left.conj(), -1, -2) @ right)
    return value / np.abs(value)
