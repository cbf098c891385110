"""Ribbons, wires and flakes: finite-width systems cut out of a lattice.

All have the same kind of hop table, ``H[i, j] = amplitude`` for an electron that hops from orbital
``j`` in cell ``cell`` to orbital ``i`` in cell 0.  A system does not change after it is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..errors import UserError
from ..inputs import at_least, real_array
from .bloch import GAUGES, BlochMatrix
from .hop_table import Crystal, DipoleTable, HopTable, inside_cell, repeated_table
from .units import NATURAL

# Coordinates closer than this (in units of a) count as equal in the order of rows.
SAME_ROW = 1e-9
# Decimals of a fingerprint; the rounding of another machine is below them.
SAME_NUMBER = 9
# A matrix of this many orbitals takes 16 TB.
MOST_ORBITALS = 10**6
NAMES_SHOWN = 6


@dataclass(frozen=True, repr=False, eq=False)
class System:
    """Sites and hoppings of a finite-width system, rows ordered by y, then x.

    Attributes
    ----------
    hops : the hop table
    positions : (orbital, 3) float
        x along the ribbon, y across it measured from its centre, z, in a.
    period : float
        Length of the ribbon's translational cell along x, in a.
    sublattice : (orbital,) str
        Name of each orbital's sublattice.
    cell : (orbital,) int
        Translational cell along x: 0 throughout a ribbon, numbered in a flake.
    spin : (orbital,) int
        +1 or -1, the sign of s_z; 0 where spin is not resolved.
    periodic : bool
        Whether it repeats along x and has Bloch states and a k mesh.
    layered : bool
        Whether its rows lie at several heights z, which its datasets then contain.
    crystal : the crystal it was cut out of, None where it is not known
    provenance : source and checks of an imported model; else empty
    operators : operators on the orbitals of a site by name (see Lattice.operators), the components
        of L and S along the axes of the system
    dipoles : elements of the position operator between orbitals; None: it is diagonal
    units : ``natural`` or ``eV_angstrom``
    """

    kind: ClassVar[str]
    periodic: ClassVar[bool] = False
    layered: ClassVar[bool] = False
    hops: HopTable
    positions: np.ndarray
    period: float
    sublattice: np.ndarray
    cell: np.ndarray
    spin: np.ndarray
    crystal: Crystal | None = field(default=None, repr=False, compare=False)
    provenance: dict = field(default_factory=dict, repr=False, compare=False)
    operators: dict[str, HopTable] = field(default_factory=dict, repr=False, compare=False)
    dipoles: DipoleTable | None = field(default=None, repr=False, compare=False)
    units: str = NATURAL

    @cached_property
    def sites(self) -> np.ndarray:
        """Matrix (site, orbital) that sums orbitals to sites: 1 where an orbital lies on a site.

        A site is a position; its orbitals may be two spins.  Sites are in the order of their first
        orbitals.
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
            f"{type(self).__name__} of {count(self.positions, 'orbital')} ({listed(names)}), "
            f"{count(self.sites, 'site')}, spin {resolved}resolved\n"
            f"  {size}; {count(self.hops.row, 'hop')} (each with its conjugate), "
            f"H {'real' if self.bloch.is_real else 'complex'}"
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hash of sites and hops, twelve hexadecimal digits, by which bands know their system."""
        hops = self.hops
        numbers = (hops.amplitude.real, hops.amplitude.imag, self.positions, [self.period])
        # + 0.0: no negative zero
        parts = [np.round(np.asarray(n, dtype=float), SAME_NUMBER) + 0.0 for n in numbers]
        parts += [np.asarray(n, dtype=np.int64) for n in (hops.row, hops.column, hops.cell)]
        parts += [np.asarray(self.spin, dtype=np.int64)]
        if self.dipoles is not None:
            table = self.dipoles
            dipole = np.round(np.stack((table.dipole.real, table.dipole.imag)), SAME_NUMBER) + 0.0
            parts += [dipole, *(np.asarray(n) for n in (table.row, table.column, table.cell))]
        digest = hashlib.sha256(f"{self.kind} {self.sublattice.tolist()}".encode())
        for part in parts:
            digest.update(part.tobytes())
        return digest.hexdigest()[:12]

    @cached_property
    def bloch(self) -> BlochMatrix:
        """H(k) and its velocity, to be evaluated on batches of k.

        A flake is a chain of one cell: it has k = 0 only, and its velocity is the matrix i[H, x].
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
            self.operators,
            self.dipoles,
            self.units,
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

        Raises
        ------
        UserError
            If k is not an array of finite real numbers, or the gauge is unknown.
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
        """The same ribbon with ``length`` cells merged to one, ordered by cell, then as before.

        Raises
        ------
        UserError
            If the length is not an integer of at least 1, or too large for any memory.
        """
        at_least("length", length)
        n = len(self.positions)
        fits_in_memory("length", length, n * int(length))
        cells = np.arange(length)
        positions = np.tile(self.positions, (length, 1))
        positions[:, 0] += np.repeat(cells, n) * self.period
        return replace(
            self,
            hops=repeated_table(self.hops, n, length),
            positions=positions,
            period=self.period * length,
            sublattice=np.tile(self.sublattice, length),
            cell=np.repeat(cells, n),
            spin=np.tile(self.spin, length),
            operators={o: repeated_table(t, n, length) for o, t in self.operators.items()},
            dipoles=None if self.dipoles is None else repeated_table(self.dipoles, n, length),
        )

    def chain(self, length: int) -> Flake:
        """The flake of ``length`` translational cells of this ribbon, open along x too.

        Raises
        ------
        UserError
            As :meth:`repeated`.
        """
        closed = self.repeated(length)
        positions = closed.positions
        positions[:, 0] -= middle(positions[:, 0], self.dipoles is not None)
        return Flake(
            hops=inside_cell(closed.hops),
            positions=positions,
            period=self.period,
            sublattice=closed.sublattice,
            cell=closed.cell,
            spin=closed.spin,
            crystal=closed.crystal,
            provenance=closed.provenance,
            operators={name: inside_cell(table) for name, table in closed.operators.items()},
            dipoles=None if closed.dipoles is None else inside_cell(closed.dipoles),
            units=closed.units,
        )


@dataclass(frozen=True, repr=False, eq=False)
class Wire(Ribbon):
    """A system periodic along x, open along y and z: rows ordered by y, then z, then x.

    The order by y comes first, as in a ribbon, so the two edges and the banded form of the matrices
    are those of a ribbon.
    """

    kind = "wire"
    layered = True


@dataclass(frozen=True, repr=False, eq=False)
class Flake(System):
    """A system open along x as well: it has no Bloch phase, and x is an ordinary matrix.

    :mod:`accumulation.flake_shorthands` adds the methods ``bands()`` and ``response()``, which
    return datasets.
    """

    kind = "flake"

    def hamiltonian(self) -> np.ndarray:
        """Hamiltonian matrix, (orbital, orbital), in units of t0."""
        return self.bloch.hamiltonian(np.zeros(1))[0]


def middle(coordinate: np.ndarray, mixed: bool = False) -> float:
    """Centre of a system along an axis: between its outermost orbitals.

    coordinate : (orbital,), in a;  mixed : the mean instead, which does not depend on how the
        orbitals of a cell are mixed, where the position has elements between them
    """
    if mixed:
        return float(coordinate.mean())
    return float(0.5 * (coordinate.min() + coordinate.max()))


def fits_in_memory(key: str, number: int, orbitals: int) -> None:
    """Check that a system with this many orbitals is not absurdly large.

    Raises
    ------
    UserError
        For more than MOST_ORBITALS orbitals; it names ``key``, the size, and its value ``number``.
    """
    if orbitals > MOST_ORBITALS:
        allowed = f"a size of at most {MOST_ORBITALS} orbitals in all, not {orbitals}"
        raise UserError(key, number, allowed)


def count(items: Sized, name: str) -> str:
    """Number of items with their name, such as ``1 site`` or ``2 sites``."""
    return f"{len(items)} {name}{'' if len(items) == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """The first names, separated by commas, and dots if there are more."""
    all_names = list(names)
    return ", ".join(all_names[:NAMES_SHOWN]) + (", ..." if len(all_names) > NAMES_SHOWN else "")
