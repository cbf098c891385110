"""Finite-width systems cut out of a lattice: ribbons, wires and flakes.

All carry the same hop table, ``H[i, j] = amplitude`` for an electron hopping from orbital ``j`` in
cell ``cell`` to orbital ``i`` in cell 0, and are then only asked questions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..errors import UserError
from ..inputs import real_array
from .bloch import GAUGES, BlochMatrix
from .hop_table import Crystal, HopTable

# Coordinates closer than this (in units of a) are the same row: it decides the order of rows only.
SAME_ROW = 1e-9
# Decimals to which two systems have to agree to be the same: those of another machine's rounding
# are not among them.
SAME_NUMBER = 9
# A matrix of more orbitals than this fits into no memory (16 TB).
MOST_ORBITALS = 10**6
NAMES_SHOWN = 6


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
    layered : bool
        Whether its rows lie at several heights z, of which its datasets tell.
    crystal : the crystal it was cut out of, None where that is not known
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
            f"{type(self).__name__} of {count(self.positions, 'orbital')} ({listed(names)}), "
            f"{count(self.sites, 'site')}, spin {resolved}resolved\n"
            f"  {size}; {count(self.hops.row, 'hop')} (each with its conjugate), "
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
        fits_in_memory("length", length, n * int(length))
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
    layered = True


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


def fits_in_memory(key: str, number: int, orbitals: int) -> None:
    """Raise UserError, naming the key of a size, for more orbitals than any memory holds."""
    if orbitals > MOST_ORBITALS:
        allowed = f"a size of at most {MOST_ORBITALS} orbitals in all, not {orbitals}"
        raise UserError(key, number, allowed)


def count(things: Sized, name: str) -> str:
    """Their number and name, such as ``1 site`` or ``2 sites``."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Some names, and that there are more."""
    every = list(names)
    return ", ".join(every[:NAMES_SHOWN]) + (", ..." if len(every) > NAMES_SHOWN else "")
