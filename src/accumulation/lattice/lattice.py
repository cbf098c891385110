"""Tight-binding lattices and the finite-width systems cut out of them.

A :class:`Lattice` has vectors, orbitals and hoppings, in two or three dimensions.
:meth:`Lattice.ribbon` cuts a ribbon along any lattice direction, :meth:`Lattice.wire` cuts a wire,
open along y and z, out of a three-dimensional lattice, and :meth:`Lattice.flake` cuts a finite
piece of either.  Hop tables have the element ``H[i, j] = amplitude`` for an electron that hops from
orbital ``j`` in cell ``cell`` to orbital ``i`` in cell 0.

Lengths are in units of a, the next-nearest-neighbour distance of the honeycomb lattice.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np

from ..errors import UserError, Verbatim
from ..inputs import real_array
from . import hop_arrays, lattice_input
from .bulk_bloch import BulkTable, CellTable, bulk_table
from .cuts import UnitCell, cut
from .hop_table import Crystal, DipoleTable, HopTable
from .samples import Flake, Ribbon, Wire, count, listed


@dataclass(repr=False, eq=False)
class Lattice:
    """A tight-binding lattice in two or three dimensions.

    :mod:`accumulation.lattice_shorthands` adds ``to_pythtb()`` and ``to_wannier90(seed)``.

    Parameters
    ----------
    vectors : (2, 2) or (3, 3) float, the lattice vectors a1, a2 (and a3) as rows, in a
    orbitals : mapping name -> (x, y) or (x, y, z), in a
    onsite : mapping name -> on-site energy, real, in t0; 0 where left out
    hoppings : list of (to, origin, cell, amplitude), as :meth:`hop` takes them
    spin : mapping name -> +1 or -1, the sign of s_z of an orbital; 0 where left out
    filling : number of filled bands, for gaps, midgap and Chern number; None: half of all
    provenance : where an imported lattice comes from and what was checked of it, for its datasets
    dipoles : elements of the position operator between orbitals, where a model has them

    Raises
    ------
    UserError
        For a number that is not finite, an on-site energy that is not real, an unknown orbital or
        none, a hopping of an orbital to itself or to a cell of another dimension, a bond given
        twice, a spin other than -1, 0 or 1, or dependent vectors.  A lattice whose parts were
        changed is checked again when it is used.
    """

    vectors: np.ndarray
    orbitals: dict[str, tuple]
    onsite: dict[str, float] = field(default_factory=dict)
    hoppings: list[tuple] = field(default_factory=list)
    spin: dict[str, int] = field(default_factory=dict)
    filling: int | None = None
    provenance: dict = field(default_factory=dict)
    dipoles: DipoleTable | None = None

    def __post_init__(self):
        self._check()

    @classmethod
    def from_hop_table(
        cls,
        vectors,
        orbitals: dict[str, tuple],
        hops: HopTable,
        spin: dict[str, int] | None = None,
        filling: int | None = None,
        provenance: dict | None = None,
    ) -> Lattice:
        """The lattice of a whole hop table at once: 10^5 hops in a second.

        Parameters
        ----------
        vectors, orbitals, spin, filling, provenance : as of the lattice itself
        hops : every element of H with its conjugate, ``row`` and ``column`` (hop,) numbers of
            orbitals in their order, ``cell`` (hop, dimension); entries of one element are added

        Raises
        ------
        UserError
            As the lattice itself, and for a table that is not Hermitian to rounding.
        """
        lattice = cls(vectors, orbitals, {}, [], spin or {}, filling, provenance or {})
        names = list(lattice.orbitals)
        hops = hop_arrays.checked(hops, len(names), lattice.dimension)
        energies, single = hop_arrays.bonds(hops, len(names))
        lattice.onsite = {
            name: energy for name, energy in zip(names, energies.tolist(), strict=True) if energy
        }
        lattice.hoppings = lattice_input.listed_bonds(names, single)
        lattice._arrays = lattice_input.table_of_bonds(
            lattice._arrays.positions, lattice._arrays.spins, energies, single
        )
        lattice._checked = lattice._contents()
        return lattice

    def _check(self) -> None:
        """Validate and normalise every part, and build the arrays for these contents."""
        self.vectors = lattice_input.vectors(self.vectors)
        names = self.orbitals = lattice_input.orbitals(self.orbitals, self.dimension)
        self.onsite = lattice_input.onsite(self.onsite, names)
        self.spin = lattice_input.spin(self.spin, names)
        if not isinstance(self.hoppings, list | tuple):
            allowed = "a list of (to, origin, cell, amplitude)"
            raise UserError("hoppings", self.hoppings, allowed)
        self.hoppings = [lattice_input.bond(hop, names, self.dimension) for hop in self.hoppings]
        self._index_of = lattice_input.index_by_key(self.hoppings)
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
        """Arrays of the present contents, built again if a part was changed."""
        try:
            same = self._contents() == self._checked
        except (AttributeError, TypeError, ValueError):  # a part was replaced by another type
            same = False
        if not same:
            self._check()
        return self._arrays

    def __repr__(self) -> str:
        names = listed(self.orbitals)
        rows = ", ".join(_place(row) for row in np.asarray(self.vectors))
        energies = listed(f"{name} {energy:.6g}" for name, energy in self.onsite.items())
        return (
            f"Lattice of {self.dimension} dimensions: {count(self.orbitals, 'orbital')} ({names}),"
            f" {count(self.hoppings, 'hopping')}, spin {'' if any(self.spin.values()) else 'not '}"
            f"resolved\n  vectors {rows}; on-site energies {energies or 'all zero'}"
        )

    @property
    def dimension(self) -> int:
        """Number of dimensions, 2 or 3."""
        return len(self.vectors)

    def hop(
        self, to: str, origin: str, cell: tuple[int, ...], amplitude: complex, add: bool = False
    ) -> None:
        """Add ``<to, cell 0| H |origin, cell> = amplitude`` and its Hermitian conjugate.

        Each bond is given once, as itself or as its conjugate.  With ``add`` the amplitude is added
        to that of an existing bond.  For a bond of an orbital to itself the cells R and -R are the
        same bond, so a second call with another amplitude is added too, with a warning.

        Parameters
        ----------
        to, origin : names of the orbitals;  cell : of ``origin``, one integer a lattice vector
        amplitude : in t0, real or complex

        Raises
        ------
        UserError
            For an unknown orbital, a cell that is not one integer a lattice vector, an amplitude
            that is not finite, the home orbital itself, or an existing bond without ``add``.
        """
        bond = lattice_input.bond((to, origin, cell, amplitude), self.orbitals, self.dimension)
        bond_key, _ = lattice_input.hopping_key(bond)
        place = self._index_of.get(bond_key)
        if len(self._index_of) != len(self.hoppings) or (
            place is not None and lattice_input.hopping_key(self.hoppings[place])[0] != bond_key
        ):  # ``hoppings`` was edited without this method
            self._index_of = lattice_input.index_by_key(self.hoppings)
            place = self._index_of.get(bond_key)
        if place is None:
            self._index_of[bond_key] = len(self.hoppings)
            self.hoppings.append(bond)
            return
        fault = lattice_input.duplicate_hopping(bond)
        if not (add or lattice_input.is_another_term(self.hoppings[place], bond)):
            raise fault
        if not add:
            warnings.warn(f"added, not replaced: {fault}", stacklevel=2)
        self.hoppings[place] = lattice_input.summed(self.hoppings[place], bond)

    @property
    def reciprocal(self) -> np.ndarray:
        """Reciprocal vectors b1, b2 (and b3) as rows, (dimension, dimension), in 1/a."""
        return 2 * np.pi * np.linalg.inv(self.vectors).T

    @property
    def positions(self) -> np.ndarray:
        """Positions (orbital, 3) in the home cell, in a."""
        return self._table.positions

    @property
    def spins(self) -> np.ndarray:
        """Sign of s_z (orbital,), 0 where spin is not resolved."""
        return self._table.spins

    @property
    def crystal(self) -> Crystal:
        """The crystal (hop table, vectors, filling) that systems cut out of the lattice carry."""
        hops = HopTable(*self.hop_table())
        return Crystal(hops, self.vectors, len(self.orbitals), self.filling)

    def hop_table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, column (hop,), cell (hop, dimension) and amplitude (hop,), with conjugates."""
        table = self._table
        return table.row, table.column, table.cell, table.amplitude

    def hamiltonian(self, k) -> np.ndarray:
        """Bulk Hamiltonian (..., orbital, orbital), in t0 and the atomic gauge (S42).

        Parameters
        ----------
        k : (..., dimension), in 1/a

        Raises
        ------
        UserError
            If k is not an array of finite wave vectors of the lattice's dimension.
        """
        k = self._wave_vectors(k)
        return self._bulk_table.matrix(k)

    def velocity(self, k) -> np.ndarray:
        """Bulk velocities dH/dk_x and dH/dk_y, (..., 2, orbital, orbital), in t0 a (S42).

        The atomic gauge: i[H, r] with the positions of the sites.

        Parameters
        ----------
        k : (..., dimension), in 1/a

        Raises
        ------
        UserError
            If k is not an array of finite wave vectors of the lattice's dimension.
        """
        k = self._wave_vectors(k)
        table = self._bulk_table
        return table.sums(k, [1j * table.displacement[:, axis] for axis in (0, 1)])

    def _wave_vectors(self, k) -> np.ndarray:
        allowed = f"{self.dimension} finite real numbers in 1/a, or an array of such vectors"
        vectors = real_array("k", k, allowed)
        if vectors.ndim < 1 or vectors.shape[-1] != self.dimension:
            raise UserError("k", Verbatim(f"an array of shape {vectors.shape}"), allowed)
        return vectors

    @property
    def _bulk_table(self) -> BulkTable | CellTable:
        return bulk_table(*self.hop_table(), self.vectors, self.positions[:, : self.dimension])

    @property
    def _unit_cell(self) -> UnitCell:
        names = np.array(list(self.orbitals))
        return UnitCell(self.crystal, self.positions, names, self.spins, self.provenance)

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
        return Ribbon(**cut(self._unit_cell, direction, {"width": width}))

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
        return Wire(**cut(self._unit_cell, direction, {"width": width, "height": height}))

    def flake(
        self, direction=(1, 0), width: int = 12, length: int = 24, height: int | None = None
    ) -> Flake:
        """Cut a finite flake: ``length`` cells of the ribbon or wire along ``direction``.

        Parameters
        ----------
        direction, width : as in :meth:`ribbon`
        length : number of translational cells along x, at least 1
        height : number of unit cells along a3, for a three-dimensional lattice only

        Raises
        ------
        UserError
            As :meth:`ribbon` and :meth:`wire`, and for a length below 1.
        """
        if height is None:
            return self.ribbon(direction, width).chain(length)
        return self.wire(direction, width, height).chain(length)


def _place(row: np.ndarray) -> str:
    return f"({', '.join(f'{value:.6g}' for value in row)})"
