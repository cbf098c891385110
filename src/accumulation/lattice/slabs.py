"""Slabs: three-dimensional lattices open along the normal of a lattice plane.

x runs along a lattice vector T of the plane, y along its normal, z = x cross y in the plane.  S is
the other vector of the plane, W leads from one plane to the next, and cell (u, v, w) of the lattice
is s T + j S + l W.  At a wave vector q along z the slab is a ribbon: a hop keeps its displacement
along x and carries the phase e^{i q dz} of that along z.  S may lean along x, by p / n of T: steps
along x are then multiples of |T| / n, and the zone is 2 pi n / |T| long and 2 pi / (n S_z) high.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import gcd

import numpy as np

from ..errors import UserError, Verbatim
from ..inputs import at_least
from .cuts import UnitCell, row_order, untrimmed
from .hop_table import DipoleTable, HopTable, Table
from .local_operators import turned
from .samples import SAME_ROW, Ribbon, fits_in_memory, middle

# How far S may be from leaning by a fraction of T, relative to T, and the largest denominator.
LEANS, LARGEST = 1e-7, 12


@dataclass(frozen=True)
class Slab:
    """A slab as ribbons, one at each wave vector along z.

    Attributes
    ----------
    ribbon : its rows and hops, without the phases of hops along z
    vectors : (2, 3) T and S along (x, y, z) of the slab, in a
    zone : length of the zone along z, 2 pi / (n S_z), in 1/a
    lifts : displacement along z of every element, in a: {"hops": (hop,), "dipoles": (element,),
        and names of operators}
    """

    ribbon: Ribbon
    vectors: np.ndarray
    zone: float
    lifts: dict[str, np.ndarray]

    def __repr__(self) -> str:
        thick = np.ptp(self.ribbon.positions[:, 1])
        return (
            f"Slab of {len(self.ribbon.positions)} orbitals in a cell of {self.area:.6g} a^2, "
            f"{thick:.6g} a thick"
        )

    @property
    def area(self) -> float:
        """Area of the surface cell, in a^2."""
        return float(self.vectors[0, 0] * self.vectors[1, 2])

    def at(self, q: float) -> Ribbon:
        """The ribbon at a wave vector q along z, in 1/a."""

        def with_phase(table: Table, name: str) -> Table:
            phase = np.exp(1j * q * self.lifts[name])
            *_, last = fields(table)
            values = getattr(table, last.name)
            phase = phase[:, None] if values.ndim == 2 else phase
            return replace(table, **{last.name: values * phase})

        ribbon = self.ribbon
        return replace(
            ribbon,
            hops=with_phase(ribbon.hops, "hops"),
            operators={name: with_phase(o, name) for name, o in ribbon.operators.items()},
            dipoles=None if ribbon.dipoles is None else with_phase(ribbon.dipoles, "dipoles"),
        )

    def mesh(self, points: int) -> tuple[np.ndarray, float]:
        """Uniform mesh (point,) of the zone along z, symmetric under q -> -q, and dq / 2 pi."""
        q = self.zone * (np.arange(points) - (points - 1) / 2) / points
        return q, self.zone / (2 * np.pi * points)


def cut_slab(cell: UnitCell, plane, direction, layers: int, trim=(0, 0)) -> Slab:
    """The slab of ``layers`` cells between two lattice planes.

    Parameters
    ----------
    plane : Miller indices (h, k, l), coprime integers, with respect to the lattice vectors
    direction : (n1, n2, n3), coprime integers, the lattice vector T along x, in the plane
    layers : cells along the normal, at least 1
    trim : numbers of atomic layers that are left out at the lower and at the upper surface

    Raises
    ------
    UserError
        For indices of another kind, a direction out of the plane, too few layers, or a second
        vector of the plane that leans over T by no fraction of it.
    """
    if len(cell.crystal.vectors) != 3:
        raise UserError("geometry", "slab", "a ribbon, as this lattice has two dimensions")
    miller, along = _indices("plane", plane), _indices("direction", direction)
    at_least("layers", layers)
    if sum(m * n for m, n in zip(miller, along, strict=True)):
        allowed = f"a lattice vector in the plane {list(miller)}: h n1 + k n2 + l n3 = 0"
        raise UserError("direction", list(along), allowed)
    orbitals = len(cell.names)
    fits_in_memory("layers", layers, orbitals * int(layers))
    basis = surface_basis(miller, along)
    axes, vectors = _frame(basis @ cell.crystal.vectors)
    if vectors[1, 2] < 0:
        basis[1], vectors[1] = -basis[1], -vectors[1]
    length = float(vectors[0, 0])
    lean = Fraction(float(vectors[1, 0] / length)).limit_denominator(LARGEST)
    if abs(float(lean) - vectors[1, 0] / length) > LEANS:
        words = Verbatim(
            f"{list(along)}, over which the other vector of the plane leans by "
            f"{vectors[1, 0] / length:.6g} of it"
        )
        raise UserError("direction", words, f"one over which it leans by n / m, m <= {LARGEST}")
    vectors[1, 0] = float(lean) * length

    # Rows: orbitals of each layer, moved into the surface cell.
    heights = np.repeat(np.arange(layers), orbitals)
    positions = np.tile(cell.positions @ axes.T, (layers, 1)) + heights[:, None] * vectors[2]
    in_cell = np.floor(
        positions[:, [0, 2]] @ np.linalg.inv(vectors[:2][:, [0, 2]]) + SAME_ROW
    ).astype(int)
    positions -= in_cell @ vectors[:2]
    kept = untrimmed(positions[:, 1], trim)
    positions[:, 1] -= middle(positions[kept, 1], cell.dipoles is not None)
    order = kept[row_order(positions[kept], (1, 2, 0))]
    rank = np.full(len(positions), -1)
    rank[order] = np.arange(len(order))
    rows = _Rows(np.rint(np.linalg.inv(basis)).astype(int), layers, orbitals, lean, in_cell, rank)
    placed = {"hops": rows.table(cell.crystal.hops, cell.crystal.hops.amplitude)}
    placed |= {n: rows.table(o, o.amplitude) for n, o in turned(cell.operators, axes).items()}
    dipoles = None
    if cell.dipoles is not None:
        placed["dipoles"] = rows.table(cell.dipoles, cell.dipoles.dipole @ axes.T)
        row, column, steps, _, dipole = placed["dipoles"]
        dipoles = DipoleTable(row, column, steps, dipole)
    place = positions[order]
    lifts = {
        name: sideways * vectors[1, 2] + place[column, 2] - place[row, 2]
        for name, (row, column, _, sideways, _) in placed.items()
    }
    tables = {
        name: HopTable(row, column, steps, values)
        for name, (row, column, steps, _, values) in placed.items()
        if name != "dipoles"
    }
    ribbon = Ribbon(
        hops=tables.pop("hops"),
        positions=place,
        period=length / lean.denominator,
        sublattice=np.tile(cell.names, layers)[order],
        cell=np.zeros(len(order), dtype=int),
        spin=np.tile(cell.spins, layers)[order],
        crystal=cell.crystal,
        provenance=cell.provenance,
        operators=tables,
        dipoles=dipoles,
        units=cell.units,
    )
    zone = 2 * np.pi / (lean.denominator * vectors[1, 2])
    return Slab(ribbon, vectors[:2], zone, lifts)


@dataclass(frozen=True)
class _Rows:
    """Where the orbitals of each layer are among the rows of a slab.

    inverse : lattice cells to steps along (T, S, W);  lean : of S over T
    in_cell : (orbital, 2) steps along T and S by which each was moved;  rank : row, -1 for none
    """

    inverse: np.ndarray
    layers: int
    orbitals: int
    lean: Fraction
    in_cell: np.ndarray
    rank: np.ndarray

    def table(self, table: HopTable | DipoleTable, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Elements of a table of the crystal between two rows of the slab.

        Returns
        -------
        row, column, steps along x of |T| / n, steps along S, values; each (element,) or more
        """
        along, sideways, up = (np.tile(part, self.layers) for part in (table.cell @ self.inverse).T)
        start = np.repeat(np.arange(self.layers), len(table.row))
        end = start + up
        row = start * self.orbitals + np.tile(table.row, self.layers)
        column = end * self.orbitals + np.tile(table.column, self.layers)
        inside = (end >= 0) & (end < self.layers)
        inside[inside] = (self.rank[row[inside]] >= 0) & (self.rank[column[inside]] >= 0)
        row, column = row[inside], column[inside]
        moved = self.in_cell[column] - self.in_cell[row]
        along, sideways = along[inside] + moved[:, 0], sideways[inside] + moved[:, 1]
        steps = self.lean.denominator * along + self.lean.numerator * sideways
        values = np.concatenate([values] * self.layers)[inside]
        return self.rank[row], self.rank[column], steps, sideways, values


def _frame(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axes (3, 3) of a slab as rows, and T, S, W along them."""
    x_axis = vectors[0] / np.linalg.norm(vectors[0])
    normal = np.cross(vectors[0], vectors[1])
    normal *= np.sign(normal @ vectors[2]) / np.linalg.norm(normal)
    axes = np.stack((x_axis, normal, np.cross(x_axis, normal)))
    return axes, vectors @ axes.T


def _indices(key: str, value) -> tuple[int, ...]:
    allowed = "three coprime integers, such as [0, 0, 1]"
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != 3:
        raise UserError(key, value, allowed)
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) for n in value):
        raise UserError(key, value, allowed)
    if gcd(*map(int, value)) != 1:
        raise UserError(key, value, allowed)
    return tuple(int(n) for n in value)


def surface_basis(miller: tuple[int, ...], along: tuple[int, ...]) -> np.ndarray:
    """Unimodular (3, 3) int, rows T = ``along``, S in the plane and W with (h, k, l) . W = 1."""
    h, k, level = miller
    common = gcd(h, k)
    if common:
        # Of all vectors in the plane one has no third component, another the smallest.
        one = np.array([-k // common, h // common, 0])
        s, t = _bezout(h // common, k // common)
        other = np.array([-s * level, -t * level, common])
        u, v = _bezout(common, level)
        out = np.array([u * s, u * t, v])
    else:
        one, other, out = np.array([1, 0, 0]), np.array([0, 1, 0]), np.array([0, 0, level])
    plane = np.stack((one, other)).T
    a, b = np.rint(np.linalg.lstsq(plane, np.array(along), rcond=None)[0]).astype(int).tolist()
    x, y = _bezout(a, b)  # a x + b y = 1
    return np.stack((np.array(along), -y * one + x * other, out))


def _bezout(a: int, b: int) -> tuple[int, int]:
    """(x, y) with a x + b y = 1 of coprime integers."""
    previous, current = (a, 1, 0), (b, 0, 1)
    while current[0]:
        quotient = previous[0] // current[0]
        rest = tuple(p - quotient * c for p, c in zip(previous, current, strict=True))
        previous, current = current, (rest[0], rest[1], rest[2])
    divisor, x, y = previous
    return x * divisor, y * divisor
