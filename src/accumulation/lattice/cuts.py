"""Sites and hops of a ribbon or wire cut along a lattice direction out of a crystal.

The vectors T = n a1 + m a2 along the direction and S = p a1 + q a2 across it span the lattice; cell
(u, v[, w]) is s T + j S [+ w a3].  The system has the sites with 0 <= j < width [and 0 <= w <
height] and every hop of the crystal between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from math import gcd, prod

import numpy as np

from ..errors import UserError
from ..inputs import at_least
from .hop_table import Crystal, HopTable
from .samples import SAME_ROW, fits_in_memory


@dataclass(frozen=True)
class UnitCell:
    """The unit cell of a crystal.

    crystal : hop table and lattice vectors;  positions : (orbital, 3), in a
    names : (orbital,) str;  spins : (orbital,) int, sign of s_z;  provenance : of the lattice
    """

    crystal: Crystal
    positions: np.ndarray
    names: np.ndarray
    spins: np.ndarray
    provenance: dict = field(default_factory=dict)


def cut(cell: UnitCell, direction, numbers: dict[str, int]) -> dict:
    """Fields of a :class:`~accumulation.lattice.samples.System` along n a1 + m a2.

    Parameters
    ----------
    direction : (n, m), coprime integers
    numbers : cells in each open direction: ``width``, and ``height`` in three dimensions

    Raises
    ------
    UserError
        For a direction that is not a coprime pair, or a number of cells below 1 or too large.
    """
    n, m = checked_direction(direction)
    for key, number in numbers.items():
        at_least(key, number)
    cells = prod(map(int, numbers.values()))
    fits_in_memory("width", numbers["width"], len(cell.names) * cells)
    vectors, dimension = cell.crystal.vectors, len(cell.crystal.vectors)
    p, q = _complement(n, m)
    along, across = n * vectors[0] + m * vectors[1], p * vectors[0]
    across = across + q * vectors[1]
    period = float(reduce(np.hypot, along))
    x_axis, z_axis = along / period, normal_of(vectors)
    y_axis = np.cross(z_axis, [*x_axis, 0.0][:3])[:dimension]
    if across @ y_axis < 0:
        p, q, across = -p, -q, -across
    # Cell (u, v[, w]) of the lattice is s T + j S [+ w a3]: the inverse of a unimodular matrix.
    unimodular = np.eye(dimension)
    unimodular[:2, :2] = [[n, p], [m, q]]
    inverse = np.rint(np.linalg.inv(unimodular)).astype(int)

    extent = tuple(numbers.values())
    row, column, steps, inside = _joined_pairs(cell, inverse, extent)
    positions = _positions(cell, extent, across, (x_axis, y_axis, z_axis))
    positions, shift = folded(positions, period)
    order = row_order(positions, (1, 2, 0) if dimension == 3 else (1, 0, 2))
    rank = np.argsort(order)
    amplitude = np.tile(cell.crystal.hops.amplitude, cells)[inside]
    hops = HopTable(rank[row], rank[column], steps + shift[column] - shift[row], amplitude)
    return {
        "hops": hops,
        "positions": positions[order],
        "period": period,
        "sublattice": np.tile(cell.names, cells)[order],
        "cell": np.zeros(len(order), dtype=int),
        "spin": np.tile(cell.spins, cells)[order],
        "crystal": cell.crystal,
        "provenance": cell.provenance,
    }


def _joined_pairs(
    cell: UnitCell, inverse: np.ndarray, extent: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of orbitals joined by a hop inside the cut.

    Returns row, column and cells along x, each (pair,), and the mask of these hops among all hops
    of all cells, (cell * hop,) bool.
    """
    hops, orbitals = cell.crystal.hops, len(cell.names)
    along_cell, *open_cells = inverse @ hops.cell.T
    places = np.indices(extent).reshape(len(extent), -1)
    cells = places.shape[1]
    start = np.repeat(np.arange(cells), len(hops.row))
    ends = places[:, start] + np.tile(open_cells, cells)
    inside = np.all((ends >= 0) & (ends < np.array(extent)[:, None]), axis=0)
    end = np.ravel_multi_index(ends[:, inside], extent)
    row = (start * orbitals + np.tile(hops.row, cells))[inside]
    column = end * orbitals + np.tile(hops.column, cells)[inside]
    return row, column, np.tile(along_cell, cells)[inside], inside


def _positions(cell: UnitCell, extent: tuple[int, ...], across, axes) -> np.ndarray:
    """Positions (orbital, 3) of all cells, in a: x starts at 0, y is centred, z too in 3D."""
    vectors, dimension = cell.crystal.vectors, len(cell.crystal.vectors)
    x_axis, y_axis, z_axis = axes
    places = np.indices(extent).reshape(len(extent), -1)
    steps = zip(places, (across, *vectors[2:]), strict=True)
    shift = reduce(np.add, [number[:, None] * step for number, step in steps])
    xyz = cell.positions[:, :dimension]
    xyz = (xyz[None] + shift[:, None]).reshape(-1, dimension)
    z = xyz @ z_axis if dimension == 3 else np.tile(cell.positions[:, 2], places.shape[1])
    positions = np.column_stack((xyz @ x_axis, xyz @ y_axis, z))
    # The cell of a hop is counted between home cells, so x must not be wrapped here.
    for axis in range(1, dimension):
        middle = 0.5 * (positions[:, axis].min() + positions[:, axis].max())
        positions[:, axis] -= middle
    positions[:, 0] -= positions[:, 0].min()
    return positions


def normal_of(vectors: np.ndarray) -> np.ndarray:
    """Unit vector (3,) normal to a1 and a2: along z in two dimensions, else on the side of a3.

    Parameters
    ----------
    vectors : (dimension, dimension), the lattice vectors as rows
    """
    if len(vectors) == 2:
        return np.array([0.0, 0.0, 1.0])
    normal = np.cross(vectors[0], vectors[1])
    normal = normal / reduce(np.hypot, normal)
    return normal if normal @ vectors[2] > 0 else -normal


def checked_direction(direction) -> tuple[int, int]:
    """The pair (n, m) of a direction n a1 + m a2.

    Raises
    ------
    UserError
        If it is not a pair of coprime integers.
    """
    allowed = "two coprime integers (n, m), such as [1, 0], [1, 1] or [2, 1]"
    try:
        n, m = direction
    except (TypeError, ValueError):
        raise UserError("direction", direction, allowed) from None
    integer = (int, np.integer)
    if isinstance(n, bool) or isinstance(m, bool):
        raise UserError("direction", direction, allowed)
    if not isinstance(n, integer) or not isinstance(m, integer) or gcd(n, m) != 1:
        raise UserError("direction", direction, allowed)
    return int(n), int(m)


def _complement(n: int, m: int) -> tuple[int, int]:
    """(p, q) with n q - m p = 1, so that n a1 + m a2 and p a1 + q a2 span the same lattice."""
    previous: tuple[int, ...] = (n, 1, 0)
    current: tuple[int, ...] = (m, 0, 1)
    while current[0]:
        quotient = previous[0] // current[0]
        previous, current = (
            current,
            tuple(a - quotient * b for a, b in zip(previous, current, strict=True)),
        )
    divisor, s, t = previous
    # s n + t m = divisor = +-1
    return -t * divisor, s * divisor


def folded(positions: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Sites moved into 0 <= x < period, and the cell (orbital,) each came from.

    positions : (orbital, dimension), in a
    """
    shift = np.floor(positions[:, 0] / period + SAME_ROW).astype(int)
    folded = positions.copy()
    folded[:, 0] -= shift * period
    return folded, shift


def row_order(positions: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Order of the sites by these axes, the first axis first; SAME_ROW is the resolution.

    positions : (orbital, dimension), in a
    """
    rounded = np.round(positions / SAME_ROW) * SAME_ROW
    return np.lexsort([rounded[:, axis] for axis in reversed(axes)])
