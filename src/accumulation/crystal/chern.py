"""Chern number of the filled bands, on a mesh refined until the number is proved.

The zone of a1 and a2 is divided into cells.  Within a cell the filled states differ from those at
its centre by at most the angle theta of Davis and Kahan's tan 2 theta theorem,

    tan 2 theta <= 2 |H_LU| / G.

H_LU is the coupling of the centre's filled and empty states anywhere in the cell, and G the
distance in energy of the blocks of filled and of empty states there.  Both are bounded by the
slopes at the centre and the second derivative of H.  Cells in which theta may be large are
quartered.  In the final cells the filled states have a frame F that is parallel to the centre's,
F0+ F > 0.  The flux of a cell is the sum of arg det(F_a+ F_b) in that frame along its edges, each
phase being too small for an ambiguity of 2 pi.  An edge between cells of different size is cut at
the corner of the smaller cell, so the phases of inner edges cancel and the total flux is 2 pi times
an integer.  This is the method of Fukui, Hatsugai and Suzuki, J. Phys. Soc. Jpn. 74, 1674 (2005),
on cells that resolve the curvature.
"""

from __future__ import annotations

import numpy as np

from .gaps import corner_levels
from .reduced_bloch import ReducedBloch, blocks, centres

# Initial number of cells along each direction.
START_CELLS = 12
MAX_LEVELS = 30
# Largest number of cells times (orbitals + 4)^3, which is proportional to the time of a cell.
MAX_WORK = 1e9
# Largest tan 2 theta of a cell: theta = 22.5 degrees.
MAX_TAN_2_THETA = 1.0
# The phase of one step along an edge is below rank x arcsin tan^2 theta; this is its limit.
MAX_PHASE = 2.5
# The total flux over 2 pi is an integer to rounding; a larger deviation gives NaN.
INTEGER_TOLERANCE = 1e-6


def chern_number(bloch: ReducedBloch, filled: int, points: int | None = None) -> float:
    """Chern number of the ``filled`` lowest bands, (1/2 pi) int Omega, Omega = curl i<u|grad u>.

    The sign is that of a right-handed f_1, f_2.  NaN if the gap above these bands is closed, or too
    small for the largest number of cells (MAX_WORK).

    Parameters
    ----------
    bloch : H(f) of a two-dimensional crystal
    points : initial number of cells along each direction
    """
    rank = min(filled, bloch.size - filled)
    angle = min(
        0.5 * np.arctan(MAX_TAN_2_THETA),
        np.arctan(np.sqrt(np.sin(min(MAX_PHASE / rank, np.pi / 2)))),
    )
    leaves = _cells(bloch, filled, np.tan(2 * angle), points or START_CELLS)
    if leaves is None:
        return np.nan
    total = -_fluxes(bloch, filled, *leaves).sum() / (2 * np.pi)
    number = float(np.rint(total))
    return number if abs(total - number) < INTEGER_TOLERANCE else np.nan


def _cells(bloch: ReducedBloch, filled: int, turn: float, points: int):
    """Cells in which the filled states turn by less than tan 2 theta = ``turn``.

    Returns corner (cell, 2) and width (cell,), integers in units of the smallest width; the number
    of these units across the zone; and the filled states at the centres (cell, orbital, band).
    None if there would be too many cells.
    """
    f, half = centres(points, 2) + 0.5 / points, 0.5 / points
    budget = MAX_WORK / (bloch.size + 4) ** 3
    settled_cells = []
    for level in range(MAX_LEVELS):
        budget -= len(f)
        if budget < 0:
            return None
        frames = bloch.frames(f)
        below, above = corner_levels(frames.energy, frames.slope, filled, half * bloch.corners)
        norm, spread = (0.5 * bound for bound in bloch.change(half, 2))
        distance = (above - below).min(axis=1) - spread
        # The largest coupling for which theta is small enough.
        allowed = 0.5 * turn * distance - norm
        settled = _is_below(frames.slope[:, :, :filled, filled:], half * bloch.corners[:2], allowed)
        settled_cells.append((level, f[settled], frames.vectors[settled, :, :filled]))
        if settled.all():
            break
        f = (f[~settled, None] + 0.5 * half * bloch.corners).reshape(-1, 2)
        half /= 2
    else:
        return None
    units = points << level
    width = np.concatenate(
        [np.full(len(f), 1 << (level - cell_level)) for cell_level, f, _ in settled_cells]
    )
    middle = np.concatenate([f for _, f, _ in settled_cells])
    corner = np.rint(middle * units - 0.5 * width[:, None]).astype(np.int64)
    return corner, width, units, np.concatenate([vectors for *_, vectors in settled_cells])


def _is_below(slope: np.ndarray, corners: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Whether the spectral norm of s.slope is below a limit in each cell, (cell,) bool.

    The norm is convex in s, so the largest one is at a corner, and opposite corners have equal
    norms.  It lies between the Frobenius norm divided by the square root of the rank and the
    Frobenius norm, which is cheaper.

    Parameters
    ----------
    slope : (cell, dimension, filled, empty);  limit : (cell,)
    """
    block = np.einsum("nd,cdij->cnij", corners, slope)
    frobenius = np.sqrt((block.real**2 + block.imag**2).sum(axis=(2, 3)).max(axis=1))
    below = frobenius <= limit
    unsure = np.flatnonzero(~below & (frobenius <= limit * np.sqrt(min(block.shape[2:]))))
    if len(unsure):
        below[unsure] = np.linalg.norm(block[unsure], 2, axis=(2, 3)).max(axis=1) <= limit[unsure]
    return below


def _fluxes(bloch, filled, corner, width, units, frame) -> np.ndarray:
    """Flux (cell,) of each cell, from the phases along its edges in the cell's parallel frame."""
    cells = np.arange(len(corner))
    around = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = corner[:, None] + width[:, None, None] * around
    codes = np.unique(_code(corners.reshape(-1, 2), units))
    # Edges run counter-clockwise, each from one corner to the next.
    start = corners.reshape(-1, 2)
    step = (width[:, None, None] * (np.roll(around, -1, axis=0) - around)).reshape(-1, 2)
    owner = np.repeat(cells, 4)
    pieces = []
    while len(start):
        middle = start + step // 2
        cut = (np.abs(step).sum(axis=1) > 1) & _among(codes, _code(middle, units))
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
        centre_states = frame[owner[part]]
        phase[part] = np.angle(
            _overlap(centre_states, ends[0]) * _overlap(*ends) * _overlap(ends[1], centre_states)
        )
    return np.bincount(owner, phase, len(cells))


def _among(codes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which of the codes ``wanted`` (point,) are among the sorted ``codes`` (code,)."""
    return codes[np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)] == wanted


def _code(point: np.ndarray, units: int) -> np.ndarray:
    """One integer for each corner (point, 2), equal for corners a reciprocal vector apart."""
    return np.mod(point[:, 0], units) * units + np.mod(point[:, 1], units)


def _states_at(bloch, states, codes, point, units) -> np.ndarray:
    """Filled states (point, orbital, band) at corners, which may lie outside the first zone.

    H(f + n) = D+ H(f) D with D = diag exp(2 pi i n.o), so the states at f + n are D+ times those
    at f.
    """
    states_in_zone = states[np.searchsorted(codes, _code(point, units))]
    translation = np.floor_divide(point, units)
    return np.exp(-2j * np.pi * (translation @ bloch.offset.T))[:, :, None] * states_in_zone


def _overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Phase factor of det(F+ F') of frames (point, orbital, band)."""
    product = np.swapaxes(left.conj(), -1, -2) @ right
    # Of one filled band the determinant is the number itself.
    value = product[:, 0, 0] if product.shape[1] == 1 else np.linalg.det(product)
    return value / np.abs(value)
