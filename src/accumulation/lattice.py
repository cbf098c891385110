"""Tight-binding lattices and the finite-width systems cut out of them.

A :class:`Lattice` is vectors, orbitals and hoppings, in two or three dimensions.
:meth:`Lattice.ribbon` cuts it along any lattice direction, :meth:`Lattice.wire` a three-dimensional
one open along y and z, :meth:`Lattice.flake` cuts either again, across.  All carry the same hop
table, ``H[i, j] = amplitude`` for an electron hopping from orbital ``j`` in cell ``cell`` to
orbital ``i`` in cell 0, and are then only asked questions.

Lengths are in units of a, the next-nearest-neighbour distance of the honeycomb lattice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from math import gcd, prod

import numpy as np

from . import lattice_input
from .bloch import GAUGES, BlochMatrix
from .errors import Said, UserError
from .inputs import real_array

# Coordinates closer than this (in units of a) are the same row: it decides the order of rows only.
SAME_ROW = 1e-9
# Decimals to which two systems have to agree to be the same: those of another machine's rounding
# are not among them.
SAME_NUMBER = 9
# A matrix of more orbitals than this fits into no memory (16 TB).
MOST_ORBITALS = 10**6
NAMES_SHOWN = 6


@dataclass(frozen=True)
class HopTable:
    """Hoppings of a system, the Hermitian conjugates included.

    Attributes
    ----------
    row, column : (hop,) int
        Matrix element ``H[row, column]``.
    cell : (hop,) int
        Translational cell of ``column`` when ``row`` is in cell 0 (0 throughout in a flake).
    amplitude : (hop,) complex
        In units of t0.
    """

    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    amplitude: np.ndarray


@dataclass(frozen=True)
class Crystal:
    """The infinite crystal that a system is cut out of: what its gaps are computed from.

    Attributes
    ----------
    hops : hop table, its ``cell`` (hop, dimension) in units of the lattice vectors
    vectors : (dimension, dimension) float, the lattice vectors
    orbitals : number of orbitals of a cell
    filling : number of filled bands, None where the model does not say
    """

    hops: HopTable
    vectors: np.ndarray
    orbitals: int
    filling: int | None = None


@dataclass(frozen=True, repr=False, eq=False)
class System:
    """Sites and hoppings of a finite-width system, rows ordered by y, then x.

    Attributes
    ----------
    hops : the hop table
    positions : (orbital, 3) float
        x along the ribbon, y across it measured from its centre, z.
    period : float
        Length of the ribbon's translational cell along x.
    sublattice : (orbital,) str
        Name of each orbital's sublattice.
    cell : (orbital,) int
        Translational cell along x: 0 throughout a ribbon, numbered in a flake.
    spin : (orbital,) int
        +1 or -1, the sign of s_z; 0 where spin is not resolved.
    periodic : bool
        Whether it repeats along x, with Bloch states and a k mesh.
    crystal : the crystal it was cut out of, None where that is not known
    """

    periodic = False
    hops: HopTable
    positions: np.ndarray
    period: float
    sublattice: np.ndarray
    cell: np.ndarray
    spin: np.ndarray
    crystal: Crystal | None = field(default=None, repr=False, compare=False)

    @cached_property
    def sites(self) -> np.ndarray:
        """(site, orbital) 1 where an orbital belongs to a site: sums rows of orbitals to sites.

        Orbitals at one place, such as two spins, make a site.  Order: that of the first orbitals.
        """
        places, first, site = np.unique(
            np.round(self.positions / SAME_ROW).astype(np.int64),
            axis=0,
            return_index=True,
            return_inverse=True,
        )
        rank = np.argsort(np.argsort(first))
        weights = np.zeros((len(places), len(self.positions)))
        weights[rank[site.reshape(-1)], np.arange(len(self.positions))] = 1
        return weights

    def __repr__(self) -> str:
        names = list(dict.fromkeys(self.sublattice.tolist()))
        x, y, z = np.ptp(self.positions, axis=0)
        size = f"{y:.6g} a across" + (f", {z:.6g} a high" if z > SAME_ROW else "")
        size += f", period {self.period:.6g} a" if self.periodic else f", {x:.6g} a long"
        resolved = "" if self.spin.any() else "not "
        return (
            f"{type(self).__name__} of {_count(self.positions, 'orbital')} ({_listed(names)}), "
            f"{_count(self.sites, 'site')}, spin {resolved}resolved\n"
            f"  {size}; {_count(self.hops.row, 'hop')} (each with its conjugate), "
            f"H {'real' if self.bloch.is_real else 'complex'}"
        )

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that stand for sites and hops: what bands belong to."""
        hops = self.hops
        numbers = (hops.amplitude.real, hops.amplitude.imag, self.positions, [self.period])
        # + 0.0: no negative zero
        parts = [np.round(np.asarray(n, dtype=float), SAME_NUMBER) + 0.0 for n in numbers]
        parts += [np.asarray(n, dtype=np.int64) for n in (hops.row, hops.column, hops.cell)]
        parts += [np.asarray(self.spin, dtype=np.int64)]
        digest = hashlib.sha256(f"{self.kind} {self.sublattice.tolist()}".encode())
        for part in parts:
            digest.update(part.tobytes())
        return digest.hexdigest()[:12]

    @cached_property
    def bloch(self) -> BlochMatrix:
        """H(k) and its velocity, ready to be evaluated on batches of k.

        A flake is a chain of one cell: k = 0 only, and its velocity is the matrix i[H, x].
        """
        return BlochMatrix(
            self.hops.row,
            self.hops.column,
            self.hops.cell,
            self.hops.amplitude,
            self.positions,
            self.period if self.periodic else 0.0,
            self.spin,
            self.sublattice,
        )


@dataclass(frozen=True, repr=False, eq=False)
class Ribbon(System):
    """A system periodic along x and open along y."""

    kind = "ribbon"
    periodic = True

    def hamiltonian(self, k, gauge: str = "atomic") -> tuple[np.ndarray, np.ndarray]:
        """Bloch Hamiltonian and its k derivative.

        Parameters
        ----------
        k : float or (...,) array, in 1/a
        gauge : ``"atomic"`` (phases of the site positions) or ``"cell"`` (phases of the cell index)

        Returns
        -------
        H, dH/dk : (..., orbital, orbital), units t0 and t0 a; real where the phases allow it.
        """
        if gauge not in GAUGES:
            raise UserError("gauge", gauge, f"one of: {', '.join(GAUGES)}")
        k = real_array("k", k, "a finite real number, or an array of them")
        flat = k.reshape(-1)
        h = self.bloch.hamiltonian(flat)
        v = self.bloch.velocity(flat, gauge)
        if gauge == "cell":
            phase = np.exp(1j * flat[:, None] * self.positions[:, 0])
            rotate = phase[:, :, None] * phase[:, None, :].conj()
            h, v = rotate * h, rotate * v
        return h.reshape(k.shape + h.shape[1:]), v.reshape(k.shape + v.shape[1:])

    def repeated(self, length: int) -> Ribbon:
        """The same ribbon with ``length`` cells as one cell, ordered by cell, then as before."""
        if isinstance(length, bool) or not isinstance(length, (int, np.integer)) or length < 1:
            raise UserError("length", length, "an integer of at least 1")
        n, hops = len(self.positions), self.hops
        _fits_in_memory("length", length, n * int(length))
        cells = np.arange(length)
        start = np.repeat(cells, len(hops.row))
        end = start + np.tile(hops.cell, length)
        positions = np.tile(self.positions, (length, 1))
        positions[:, 0] += np.repeat(cells, n) * self.period
        return replace(
            self,
            hops=HopTable(
                start * n + np.tile(hops.row, length),
                end % length * n + np.tile(hops.column, length),
                end // length,
                np.tile(hops.amplitude, length),
            ),
            positions=positions,
            period=self.period * length,
            sublattice=np.tile(self.sublattice, length),
            cell=np.repeat(cells, n),
            spin=np.tile(self.spin, length),
        )

    def chain(self, length: int) -> Flake:
        """The flake of ``length`` translational cells of this ribbon, open along x too."""
        closed = self.repeated(length)
        hops, positions = closed.hops, closed.positions
        inside = hops.cell == 0
        positions[:, 0] -= 0.5 * (positions[:, 0].min() + positions[:, 0].max())
        return Flake(
            hops=HopTable(*(a[inside] for a in (hops.row, hops.column, hops.cell, hops.amplitude))),
            positions=positions,
            period=self.period,
            sublattice=closed.sublattice,
            cell=closed.cell,
            spin=closed.spin,
            crystal=closed.crystal,
        )


@dataclass(frozen=True, repr=False, eq=False)
class Wire(Ribbon):
    """A system periodic along x, open along y and z: rows ordered by y, then z, then x.

    By y first as in a ribbon, so that its two edges, and the band form of the matrices across it,
    mean the same.
    """

    kind = "wire"


@dataclass(frozen=True, repr=False, eq=False)
class Flake(System):
    """A system open along x as well: one block, no Bloch phase, x an ordinary matrix.

    Its ``bands()`` and ``response()``, datasets for a notebook, come from
    :mod:`accumulation.flake_shorthands`.
    """

    kind = "flake"

    def hamiltonian(self) -> np.ndarray:
        """Hamiltonian matrix, (orbital, orbital), in units of t0."""
        return self.bloch.hamiltonian(np.zeros(1))[0]


@dataclass(repr=False, eq=False)
class Lattice:
    """A tight-binding lattice in two or three dimensions.

    Parameters
    ----------
    vectors : (2, 2) or (3, 3) float, the lattice vectors a1, a2 (and a3)
    orbitals : mapping name -> (x, y) or (x, y, z)
    onsite : mapping name -> on-site energy, real, in t0; 0 where left out
    hoppings : list of (to, origin, cell, amplitude), as :meth:`hop` takes them
    spin : mapping name -> +1 or -1, the sign of s_z of an orbital; 0 where left out
    filling : number of filled bands, for gaps, midgap and Chern number; None: half of all

    Raises
    ------
    UserError
        For whatever would make wrong numbers: a number that is not finite, an on-site energy that
        is not real, an unknown orbital or none, a hopping of an orbital to itself or to a cell of
        another dimension, a bond given twice, another spin, or dependent vectors.  Changed later,
        a lattice is checked again when it is used.
    """

    vectors: np.ndarray
    orbitals: dict[str, tuple]
    onsite: dict[str, float] = field(default_factory=dict)
    hoppings: list[tuple] = field(default_factory=list)
    spin: dict[str, int] = field(default_factory=dict)
    filling: int | None = None

    def __post_init__(self):
        self._check()

    def _check(self) -> None:
        """Bring every part into one form, and note of which contents the arrays are."""
        self.vectors = lattice_input.vectors(self.vectors)
        names = self.orbitals = lattice_input.orbitals(self.orbitals, self.dimension)
        self.onsite = lattice_input.onsite(self.onsite, names)
        self.spin = lattice_input.spin(self.spin, names)
        if not isinstance(self.hoppings, list | tuple):
            allowed = "a list of (to, origin, cell, amplitude)"
            raise UserError("hoppings", self.hoppings, allowed)
        self.hoppings = [lattice_input.bond(hop, names, self.dimension) for hop in self.hoppings]
        self._places = lattice_input.places(self.hoppings)
        self._arrays = lattice_input.table(
            names, self.onsite, self.hoppings, self.spin, self.dimension
        )
        self._checked = self._contents()

    def _contents(self) -> tuple:
        parts = (self.orbitals, self.onsite, self.spin)
        vectors = np.asarray(self.vectors).tobytes()
        return vectors, *(tuple(part.items()) for part in parts), tuple(self.hoppings)

    @property
    def _table(self) -> lattice_input.Table:
        """Arrays of what the lattice holds now."""
        try:
            same = self._contents() == self._checked
        except (AttributeError, TypeError, ValueError):  # parts of another type than before
            same = False
        if not same:
            self._check()
        return self._arrays

    def __repr__(self) -> str:
        names = _listed(self.orbitals)
        rows = ", ".join(_place(row) for row in np.asarray(self.vectors))
        energies = _listed(f"{name} {energy:.6g}" for name, energy in self.onsite.items())
        return (
            f"Lattice of {self.dimension} dimensions: {_count(self.orbitals, 'orbital')} ({names}),"
            f" {_count(self.hoppings, 'hopping')}, spin {'' if any(self.spin.values()) else 'not '}"
            f"resolved\n  vectors {rows}; on-site energies {energies or 'all zero'}"
        )

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return len(self.vectors)

    def hop(
        self, to: str, origin: str, cell: tuple[int, ...], amplitude: complex, add: bool = False
    ) -> None:
        """Add ``<to, cell 0| H |origin, cell> = amplitude`` and its Hermitian conjugate.

        A bond is given once, itself or as its conjugate; with ``add`` the amplitude is added to
        that of a bond that is there already.

        Raises
        ------
        UserError
            For an unknown orbital, a cell that is not one integer a lattice vector, an amplitude
            that is not finite, the home orbital itself, or a bond that is there without ``add``.
        """
        new = lattice_input.bond((to, origin, cell, amplitude), self.orbitals, self.dimension)
        name, _ = lattice_input.identity(new)
        place = self._places.get(name)
        if len(self._places) != len(self.hoppings) or (
            place is not None and lattice_input.identity(self.hoppings[place])[0] != name
        ):  # changed by hand
            self._places = lattice_input.places(self.hoppings)
            place = self._places.get(name)
        if place is None:
            self._places[name] = len(self.hoppings)
            self.hoppings.append(new)
        elif add:
            self.hoppings[place] = lattice_input.joined(self.hoppings[place], new)
        else:
            raise lattice_input.given_twice(new)

    @property
    def reciprocal(self) -> np.ndarray:
        """Rows b1, b2 (and b3), in 1/a."""
        return 2 * np.pi * np.linalg.inv(self.vectors).T

    @property
    def positions(self) -> np.ndarray:
        """(orbital, 3) positions in the home cell."""
        return self._table.positions

    @property
    def spins(self) -> np.ndarray:
        """(orbital,) sign of s_z in the home cell, 0 where spin is not resolved."""
        return self._table.spins

    @property
    def crystal(self) -> Crystal:
        """Hop table, vectors and filling, as systems cut out of the lattice carry them."""
        hops = HopTable(*self.hop_table())
        return Crystal(hops, self.vectors, len(self.orbitals), self.filling)

    def hop_table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, column, cell (hop, dimension) and amplitude of every element, with conjugates."""
        table = self._table
        return table.row, table.column, table.cell, table.amplitude

    def hamiltonian(self, k) -> np.ndarray:
        """Bulk Hamiltonian (..., orbital, orbital) at k (..., dimension), atomic gauge (S42)."""
        k = self._wave_vectors(k)
        displacement, table = self._bulk_table()
        size = len(self.orbitals)
        return (np.exp(1j * (k @ displacement.T)) @ table).reshape(*k.shape[:-1], size, size)

    def velocity(self, k) -> np.ndarray:
        """Bulk velocities dH/dk_x and dH/dk_y, (..., 2, orbital, orbital), at k (..., 2).

        In t0 a, in the atomic gauge: i[H, r] with the positions of the sites.
        """
        k = self._wave_vectors(k)
        displacement, table = self._bulk_table()
        size = len(self.orbitals)
        both = np.concatenate([1j * displacement[:, [axis]] * table for axis in (0, 1)], axis=1)
        v = np.exp(1j * (k @ displacement.T)) @ both
        return v.reshape(*k.shape[:-1], 2, size, size)

    def _wave_vectors(self, k) -> np.ndarray:
        allowed = f"{self.dimension} finite real numbers in 1/a, or an array of such vectors"
        vectors = real_array("k", k, allowed)
        if vectors.ndim < 1 or vectors.shape[-1] != self.dimension:
            raise UserError("k", Said(f"an array of shape {vectors.shape}"), allowed)
        return vectors

    def _bulk_table(self) -> tuple[np.ndarray, np.ndarray]:
        """Displacement (hop, 2) and amplitude (hop, element): H(k) is one product with phases."""
        row, column, cell, amplitude = self.hop_table()
        xy = self.positions[:, : self.dimension]
        displacement = cell @ self.vectors + xy[column] - xy[row]
        table = np.zeros((len(row), len(xy) ** 2), dtype=complex)
        table[np.arange(len(row)), row * len(xy) + column] = amplitude
        return displacement, table

    def ribbon(self, direction=(1, 0), width: int = 20) -> Ribbon:
        """Cut a ribbon along T = n a1 + m a2, ``width`` unit cells across.

        Parameters
        ----------
        direction : (n, m), coprime integers; (1, 0) zigzag, (1, 1) armchair, (2, 1) chiral on the
            honeycomb lattice
        width : number of unit cells across, at least 1

        Raises
        ------
        UserError
            For a direction that is not a coprime pair, a width below 1, or a lattice in three
            dimensions.
        """
        if self.dimension != 2:
            raise UserError("geometry", "ribbon", "a wire, as this lattice has three dimensions")
        return Ribbon(**self._cut(direction, {"width": width}))

    def wire(self, direction=(1, 0), width: int = 8, height: int = 4) -> Wire:
        """Cut a wire along T = n a1 + m a2 out of a three-dimensional lattice.

        x runs along T, y across it in the plane of a1 and a2, and z along the normal of that plane
        on the side of a3.  The spin of the orbitals keeps the axis that the model gave it.

        Parameters
        ----------
        direction : (n, m), coprime integers
        width : number of unit cells across, at least 1
        height : number of unit cells along a3, at least 1

        Raises
        ------
        UserError
            For a direction that is not a coprime pair, a width or height below 1, or a lattice in
            two dimensions.
        """
        if self.dimension != 3:
            raise UserError("geometry", "wire", "a ribbon, as this lattice has two dimensions")
        return Wire(**self._cut(direction, {"width": width, "height": height}))

    def flake(
        self, direction=(1, 0), width: int = 12, length: int = 24, height: int | None = None
    ) -> Flake:
        """A finite flake: ``length`` cells of the ribbon or wire along ``direction``.

        ``height`` is that of the wire, and of a three-dimensional lattice only.
        """
        if height is None:
            return self.ribbon(direction, width).chain(length)
        return self.wire(direction, width, height).chain(length)

    def _cut(self, direction, numbers: dict[str, int]) -> dict:
        """Fields of the system along n a1 + m a2 with so many cells in each open direction."""
        row, column, cell, amplitude = self.hop_table()  # checks the lattice
        n, m = self._direction(direction)
        for key, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
                raise UserError(key, number, "an integer of at least 1")
        cells = prod(map(int, numbers.values()))
        _fits_in_memory("width", numbers["width"], len(self.orbitals) * cells)
        p, q = _complement(n, m)
        along, across = n * self.vectors[0] + m * self.vectors[1], p * self.vectors[0]
        across = across + q * self.vectors[1]
        period = float(reduce(np.hypot, along))
        x_axis = along / period
        z_axis = self._normal
        y_axis = np.cross(z_axis, [*x_axis, 0.0][:3])[: self.dimension]
        if across @ y_axis < 0:
            p, q, across = -p, -q, -across
        # Cell (u, v[, w]) of the lattice is s T + j S [+ w a3]: the inverse of a unimodular matrix.
        unimodular = np.eye(self.dimension)
        unimodular[:2, :2] = [[n, p], [m, q]]
        inverse = np.rint(np.linalg.inv(unimodular)).astype(int)

        along_cell, *open_cells = inverse @ cell.T
        orbital = len(self.orbitals)
        extent = tuple(numbers.values())
        places = np.indices(extent).reshape(len(extent), -1)
        cells = places.shape[1]
        start = np.repeat(np.arange(cells), len(row))
        ends = places[:, start] + np.tile(open_cells, cells)
        inside = np.all((ends >= 0) & (ends < np.array(extent)[:, None]), axis=0)
        end = np.ravel_multi_index(ends[:, inside], extent)

        steps = zip(places, (across, *self.vectors[2:]), strict=True)
        shift = reduce(np.add, [number[:, None] * step for number, step in steps])
        xyz = self.positions[:, : self.dimension]
        xyz = (xyz[None] + shift[:, None]).reshape(-1, self.dimension)
        z = xyz @ z_axis if self.dimension == 3 else np.tile(self.positions[:, 2], cells)
        positions = np.column_stack((xyz @ x_axis, xyz @ y_axis, z))
        # The cell of a hop is counted between home cells, so x must not be wrapped here.
        for axis in range(1, self.dimension):
            middle = 0.5 * (positions[:, axis].min() + positions[:, axis].max())
            positions[:, axis] -= middle
        positions[:, 0] -= positions[:, 0].min()
        positions, shift = _fold(positions, period)

        from_row = (start * orbital + np.tile(row, cells))[inside]
        from_column = end * orbital + np.tile(column, cells)[inside]
        hop_cell = np.tile(along_cell, cells)[inside] + shift[from_column] - shift[from_row]
        order = _row_order(positions, (1, 2, 0) if self.dimension == 3 else (1, 0, 2))
        rank = np.argsort(order)
        return {
            "hops": HopTable(
                rank[from_row],
                rank[from_column],
                hop_cell,
                np.tile(amplitude, cells)[inside],
            ),
            "positions": positions[order],
            "period": period,
            "sublattice": np.tile(np.array(list(self.orbitals)), cells)[order],
            "cell": np.zeros(len(order), dtype=int),
            "spin": np.tile(self.spins, cells)[order],
            "crystal": self.crystal,
        }

    @property
    def _normal(self) -> np.ndarray:
        """Unit vector (3,) normal to a1 and a2: along z in two dimensions, else on a3's side."""
        if self.dimension == 2:
            return np.array([0.0, 0.0, 1.0])
        normal = np.cross(self.vectors[0], self.vectors[1])
        normal = normal / reduce(np.hypot, normal)
        return normal if normal @ self.vectors[2] > 0 else -normal

    def _direction(self, direction) -> tuple[int, int]:
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


def _fits_in_memory(key: str, number: int, orbitals: int) -> None:
    if orbitals > MOST_ORBITALS:
        allowed = f"a size of at most {MOST_ORBITALS} orbitals in all, not {orbitals}"
        raise UserError(key, number, allowed)


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _listed(names: Iterable[str]) -> str:
    """Some names, and that there are more."""
    every = list(names)
    return ", ".join(every[:NAMES_SHOWN]) + (", ..." if len(every) > NAMES_SHOWN else "")


def _place(row: np.ndarray) -> str:
    return f"({', '.join(f'{value:.6g}' for value in row)})"


def _complement(n: int, m: int) -> tuple[int, int]:
    """(p, q) with n q - m p = 1, so that n a1 + m a2 and p a1 + q a2 span the same lattice."""
    old, new = (n, 1, 0), (m, 0, 1)
    while new[0]:
        quotient = old[0] // new[0]
        old, new = new, tuple(a - quotient * b for a, b in zip(old, new, strict=True))
    divisor, s, t = old
    # s n + t m = divisor = +-1
    return -t * divisor, s * divisor


def _fold(positions: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Move every site into 0 <= x < period; shift is the cell it came from."""
    shift = np.floor(positions[:, 0] / period + SAME_ROW).astype(int)
    folded = positions.copy()
    folded[:, 0] -= shift * period
    return folded, shift


def _row_order(positions: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sites ordered by these axes, the first one first; equal to rounding counts as equal."""
    rounded = np.round(positions / SAME_ROW) * SAME_ROW
    return np.lexsort([rounded[:, axis] for axis in reversed(axes)])
