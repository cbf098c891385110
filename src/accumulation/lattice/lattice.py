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

from ..errors import UserError
from ..inputs import real
from . import hop_arrays, lattice_input, local_operators, site_input
from .bulk_matrices import BulkMatrices
from .cuts import UnitCell
from .cuttable import Cuttable
from .hop_table import Crystal, DipoleTable, HopTable
from .samples import count, listed
from .units import NATURAL, checked_units


@dataclass(repr=False, eq=False)
class Lattice(BulkMatrices, Cuttable):
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
    dipoles : elements of the position operator between orbitals, where a model has them; velocities
        and moments then contain them
    sites : mapping site -> its orbitals; those left out share a site where they share a place
    shells : mapping orbital -> cubic harmonic, such as ``px``, ``dx2-y2`` or ``4s``; with them the
        operators L_x, L_y, L_z are known
    local_operators : mapping name -> Hermitian operator on the orbitals of each site: pairs of
        orbitals (to, origin) to numbers, sites to matrices, or orbitals to real numbers
    units : ``natural`` (t0 and a) or ``eV_angstrom``

    Raises
    ------
    UserError
        For a number that is not finite, an on-site energy that is not real, an unknown orbital or
        none, a hopping of an orbital to itself or to a cell of another dimension, a bond given
        twice, a spin other than -1, 0 or 1, dependent vectors, an unknown shell or unit, or a local
        operator that is not Hermitian or joins two sites.  A lattice whose parts were changed is
        checked again when it is used.
    """

    vectors: np.ndarray
    orbitals: dict[str, tuple]
    onsite: dict[str, float] = field(default_factory=dict)
    hoppings: list[tuple] = field(default_factory=list)
    spin: dict[str, int] = field(default_factory=dict)
    filling: int | None = None
    provenance: dict = field(default_factory=dict)
    dipoles: DipoleTable | None = None
    sites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shells: dict[str, str] = field(default_factory=dict)
    local_operators: dict[str, local_operators.Elements] = field(default_factory=dict)
    units: str = NATURAL

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
        self.units = checked_units(self.units)
        self.shells = site_input.shells(self.shells, names)
        self._sites = site_input.sites(self.sites, names)
        self.local_operators = site_input.operators(self.local_operators, names, self._sites)
        self._operators: dict[str, HopTable] | None = None
        self._checked = self._contents()

    def _contents(self) -> tuple:
        parts = (self.orbitals, self.onsite, self.spin, self.sites, self.shells)
        own = tuple((name, *part.items()) for name, part in self.local_operators.items())
        items = (tuple(part.items()) for part in parts)
        return np.asarray(self.vectors).tobytes(), *items, own, tuple(self.hoppings), self.units

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

    @property
    def operators(self) -> dict[str, HopTable]:
        """Operators on the orbitals of a site by name, as tables of their elements.

        The lattice's own, L_x, L_y, L_z of its shells, S_x, S_y, S_z of its spins (in hbar), and
        L_dot_S of both (in hbar^2), in the frame of the lattice.
        """
        number = {name: i for i, name in enumerate(self.orbitals)}
        if self._table is not None and self._operators is None:
            known = local_operators.complete(
                self.local_operators, self._sites, self.shells, self.spin
            )
            self._operators = {
                name: local_operators.table(elements, number, self.dimension)
                for name, elements in known.items()
            }
        return dict(self._operators or {})

    def add_operator(self, name: str, amplitude: float, sites: list[str] | None = None) -> None:
        """Add ``amplitude`` times a local operator to H, such as spin-orbit coupling ``L_dot_S``.

        Parameters
        ----------
        amplitude : in t0 (or eV) over the operator's unit
        sites : names of the sites where it is added; None: at all

        Raises
        ------
        UserError
            For an operator or a site that the lattice does not have.
        """
        number = list(self.orbitals)
        if name not in self.operators:
            raise UserError("operator", name, [*self.operators])
        for site in sites or ():
            if site not in self._sites:
                raise UserError("site", site, [*self._sites])
        chosen = {n for site in sites or self._sites for n in self._sites[site]}
        scale = real("amplitude", amplitude)
        operator = self.operators[name]
        home = (0,) * self.dimension
        for row, column, value in zip(
            operator.row, operator.column, operator.amplitude, strict=True
        ):
            to, origin = number[row], number[column]
            if to in chosen and row == column:
                self.onsite[to] = self.onsite.get(to, 0.0) + scale * value.real
            elif to in chosen and row < column:
                self.hop(to, origin, home, scale * complex(value), add=True)

    def hop_table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, column (hop,), cell (hop, dimension) and amplitude (hop,), with conjugates."""
        table = self._table
        return table.row, table.column, table.cell, table.amplitude

    @property
    def _unit_cell(self) -> UnitCell:
        names = np.array(list(self.orbitals))
        return UnitCell(
            self.crystal,
            self.positions,
            names,
            self.spins,
            self.provenance,
            self.operators,
            self.dipoles,
            self.units,
        )


def _place(row: np.ndarray) -> str:
    return f"({', '.join(f'{value:.6g}' for value in row)})"
