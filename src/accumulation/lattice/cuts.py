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
from .hop_table import Crystal, DipoleTable, HopTable
from .local_operators import turned
from .samples import SAME_ROW, fits_in_memory, middle
from .units import NATURAL

# Orbitals whose heights differ by less, in a, are of one row of atoms.
SAME_LAYER = 1e-6


@dataclass(frozen=True)
class UnitCell:
    """The unit cell of a crystal.

    crystal : hop table and lattice vectors;  positions : (orbital, 3), in a
    names : (orbital,) str;  spins : (orbital,) int, sign of s_z;  provenance : of the lattice
    operators, dipoles, units : as of the lattice
    """

    crystal: Crystal
    positions: np.ndarray
    names: np.ndarray
    spins: np.ndarray
    provenance: dict = field(default_factory=dict)
    operators: dict[str, HopTable] = field(default_factory=dict)
    dipoles: DipoleTable | None = None
    units: str = NATURAL


def cut(cell: UnitCell, direction, numbers: dict[str, int], trim=(0, 0)) -> dict:
    """Fields of a :class:`~accumulation.lattice.samples.System` along n a1 + m a2.

    Parameters
    ----------
    direction : (n, m), coprime integers
    numbers : cells in each open direction: ``width``, and ``height`` in three dimensions
    trim : numbers of rows of atoms that are left out at the lower and at the upper edge

    Raises
    ------
    UserError
        For a direction that is not a coprime pair, a number of cells below 1 or too large, or too
        many rows to leave out.
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
    positions = _positions(cell, extent, across, (x_axis, y_axis, z_axis))
    # Orbitals that may be mixed with those of their cell stay with them.
    together = 1 if cell.dipoles is None else len(cell.names)
    positions, shift = folded(positions, period, together)
    kept = untrimmed(positions[:, 1], trim)
    if len(kept) < len(positions):
        positions[:, 1] -= middle(positions[kept, 1], cell.dipoles is not None)
    order = kept[row_order(positions[kept], (1, 2, 0) if dimension == 3 else (1, 0, 2))]
    rank = np.full(len(positions), -1)
    rank[order] = np.arange(len(order))
    places = _Places(len(cell.names), inverse, extent, rank, shift)
    axes = np.stack([np.append(axis, 0.0)[:3] for axis in (x_axis, y_axis, z_axis)])
    operators = turned(cell.operators, axes)
    return {
        "hops": places.hops(cell.crystal.hops),
        "positions": positions[order],
        "period": period,
        "sublattice": np.tile(cell.names, cells)[order],
        "cell": np.zeros(len(order), dtype=int),
        "spin": np.tile(cell.spins, cells)[order],
        "crystal": cell.crystal,
        "provenance": cell.provenance,
        "operators": {name: places.hops(operator) for name, operator in operators.items()},
        "dipoles": None if cell.dipoles is None else places.dipoles(cell.dipoles, axes),
        "units": cell.units,
    }


@dataclass(frozen=True)
class _Places:
    """Where the orbitals of each cell of a cut are among its rows.

    orbitals : of a cell;  inverse : lattice cells to steps along x and across
    extent : cells in each open direction
    rank, shift : (orbital,) row, -1 for none, and cell along x, of each
    """

    orbitals: int
    inverse: np.ndarray
    extent: tuple[int, ...]
    rank: np.ndarray
    shift: np.ndarray

    def hops(self, table: HopTable) -> HopTable:
        """The elements of a table of the crystal between two orbitals inside the cut."""
        row, column, steps, inside = self._joined_pairs(table)
        return HopTable(row, column, steps, np.tile(table.amplitude, prod(self.extent))[inside])

    def dipoles(self, table: DipoleTable, axes: np.ndarray) -> DipoleTable:
        """The same of the position operator, along the axes (3, 3) of the cut."""
        row, column, steps, inside = self._joined_pairs(table)
        dipole = np.tile(table.dipole @ axes.T, (prod(self.extent), 1))[inside]
        return DipoleTable(row, column, steps, dipole)

    def _joined_pairs(
        self, table: HopTable | DipoleTable
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, column and cells along x, each (pair,), of the elements inside the cut.

        The last is their mask among all elements of all cells, (cell * element,) bool.
        """
        along_cell, *open_cells = self.inverse @ table.cell.T
        places = np.indices(self.extent).reshape(len(self.extent), -1)
        cells = places.shape[1]
        start = np.repeat(np.arange(cells), len(table.row))
        ends = places[:, start] + np.tile(open_cells, cells)
        inside = np.all((ends >= 0) & (ends < np.array(self.extent)[:, None]), axis=0)
        end = np.ravel_multi_index(ends[:, inside], self.extent)
        row = (start * self.orbitals + np.tile(table.row, cells))[inside]
        column = end * self.orbitals + np.tile(table.column, cells)[inside]
        present = (self.rank[row] >= 0) & (self.rank[column] >= 0)
        inside[inside] = present
        row, column = row[present], column[present]
        steps = np.tile(along_cell, cells)[inside] + self.shift[column] - self.shift[row]
        return self.rank[row], self.rank[column], steps, inside


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
        positions[:, axis] -= middle(positions[:, axis], cell.dipoles is not None)
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


def untrimmed(heights: np.ndarray, trim) -> np.ndarray:
    """Numbers (row,) of the orbitals between the atomic layers that are left out.

    Parameters
    ----------
    heights : (row,) float, in a;  trim : numbers of layers left out below and above

    Raises
    ------
    UserError
        For another kind of ``trim``, or if no layer would be left.
    """
    allowed = "two integers of at least 0, fewer than there are atomic layers"
    pair = list(trim) if isinstance(trim, list | tuple) else []
    if len(pair) != 2 or any(type(n) is not int or n < 0 for n in pair):
        raise UserError("trim", trim, allowed)
    _, layer = np.unique(np.round(heights / SAME_LAYER), return_inverse=True)
    if sum(pair) > layer.max():
        raise UserError("trim", pair, f"{allowed}, {layer.max() + 1}")
    return np.flatnonzero((layer >= pair[0]) & (layer <= layer.max() - pair[1]))


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


def folded(
    positions: np.ndarray, period: float, together: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Sites moved into 0 <= x < period, and the cell (orbital,) each came from.

    positions : (orbital, dimension), in a;  together : of each so many orbitals, one after the
        other, the mean is moved there
    """
    place = positions[:, 0].reshape(-1, together).mean(axis=1)
    shift = np.repeat(np.floor(place / period + SAME_ROW).astype(int), together)
    moved = positions.copy()
    moved[:, 0] -= shift * period
    return moved, shift


def row_order(positions: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Order of the sites by these axes, the first axis first; SAME_ROW is the resolution.

    positions : (orbital, dimension), in a
    """
    rounded = np.round(positions / SAME_ROW) * SAME_ROW
    return np.lexsort([rounded[:, axis] for axis in reversed(axes)])
