"""Bloch matrices of an infinite crystal: the product of phases with a table of hops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .hop_arrays import distinct_cells
from .hop_table import DipoleTable

# A table (hop, element) of more entries than this (16 MB) is not made: the hops of a Wannier model
# fill a small part of it.  Its phases are split into those of cells and of positions instead.
LARGEST_TABLE = 10**6


@dataclass(frozen=True)
class BulkTable:
    """Hops of a crystal; their sum with phases e^{i k d} is a Bloch matrix in the atomic gauge.

    displacement : (hop, dimension) full displacement of each hop, in a
    place : (hop,) element row * size + column of each hop
    amplitude : (hop,) complex
    size : number of orbitals of a cell
    distinct : (phase, dimension) the displacements without those that come again: orbitals that
        share a place share the phases of their hops
    which : (hop,) of the phases
    """

    displacement: np.ndarray
    place: np.ndarray
    amplitude: np.ndarray
    size: int
    distinct: np.ndarray
    which: np.ndarray

    @classmethod
    def of(cls, row, column, amplitude, displacement: np.ndarray, size: int) -> BulkTable:
        """Table of hops: row, column, amplitude, each (hop,), and displacement (hop, dimension)."""
        place = np.asarray(row) * size + column
        amplitude = np.asarray(amplitude, dtype=complex)
        distinct, which = np.unique(displacement, axis=0, return_inverse=True)
        return cls(displacement, place, amplitude, size, distinct, which.reshape(-1))

    def sums(self, k: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
        """sum_hops factor amplitude e^{i k d} for each factor (hop,).

        The factor 1 gives H(k), the factor i d_x the velocity dH/dk_x (Eq. S42).

        Parameters
        ----------
        k : (..., dimension), in 1/a

        Returns
        -------
        (..., factor, orbital, orbital)
        """
        return self.evaluate(k, self.weighted(factors))

    def weighted(self, factors: list[np.ndarray]) -> np.ndarray:
        """Amplitudes times each factor (hop,), side by side: (phase, factor * element)."""
        tables = np.zeros((len(self.distinct), len(factors), self.size**2), dtype=complex)
        for number, factor in enumerate(factors):
            np.add.at(tables[:, number], (self.which, self.place), factor * self.amplitude)
        return tables.reshape(len(tables), len(factors) * self.size**2)

    def evaluate(self, k: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
        """Bloch sums (..., factor, orbital, orbital) at k (..., dimension).

        ``amplitude`` (phase, factor * element) is made once by :meth:`weighted` for many k.
        """
        values = np.exp(1j * (k @ self.distinct.T)) @ amplitude
        return values.reshape(*k.shape[:-1], -1, self.size, self.size)

    def matrix(self, k: np.ndarray) -> np.ndarray:
        """H(k), (..., orbital, orbital), in t0, at k (..., dimension)."""
        return self.evaluate(k, self._hamiltonian)[..., 0, :, :]

    @cached_property
    def _hamiltonian(self) -> np.ndarray:
        return self.weighted([np.ones(len(self.amplitude))])


@dataclass(frozen=True)
class CellTable:
    """Hops of a crystal that has many: one phase a cell, and one an orbital.

    displacement : (hop, dimension) full displacement of each hop, in a
    cells : (cell, dimension) the distinct lattice vectors that hops lead to, in a
    place : (hop,) flat index of a hop's entry in a table (cell, element)
    amplitude : (hop,) complex
    positions : (orbital, dimension), in a
    """

    displacement: np.ndarray
    cells: np.ndarray
    place: np.ndarray
    amplitude: np.ndarray
    positions: np.ndarray

    @classmethod
    def of(cls, row, column, cell, amplitude, vectors, positions) -> CellTable:
        """From the arrays that :func:`bulk_table` takes."""
        size = len(positions)
        displacement = cell @ vectors + positions[column] - positions[row]
        cells, which = distinct_cells(cell)
        place = (which * size + row) * size + column
        return cls(displacement, cells @ vectors, place, amplitude, positions)

    def sums(self, k: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
        """As :meth:`BulkTable.sums`, at k (..., dimension)."""
        return self.evaluate(k, self.weighted(factors))

    def weighted(self, factors: list[np.ndarray]) -> np.ndarray:
        """Amplitudes times each factor (hop,), side by side: (cell, factor * element)."""
        size, cells = len(self.positions), len(self.cells)
        tables = np.zeros((len(factors), cells * size * size), dtype=complex)
        for table, factor in zip(tables, factors, strict=True):
            np.add.at(table, self.place, factor * self.amplitude)
        by_cell = tables.reshape(len(factors), cells, size * size).transpose(1, 0, 2)
        return by_cell.reshape(cells, -1)

    def evaluate(self, k: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
        """As :meth:`BulkTable.evaluate`, at k (..., dimension).

        amplitude : (cell, factor * element), a table that :meth:`weighted` made
        """
        size = len(self.positions)
        values = np.exp(1j * (k @ self.cells.T)) @ amplitude
        values = values.reshape(*k.shape[:-1], -1, size, size)
        turn = np.exp(1j * (k @ self.positions.T))[..., None, :]
        values *= turn.conj()[..., :, None]
        values *= turn[..., None, :]
        return values

    def matrix(self, k: np.ndarray) -> np.ndarray:
        """H(k), (..., orbital, orbital), in t0, at k (..., dimension)."""
        return self.evaluate(k, self._hamiltonian)[..., 0, :, :]

    @cached_property
    def _hamiltonian(self) -> np.ndarray:
        return self.weighted([np.ones(len(self.amplitude))])


def bulk_table(row, column, cell, amplitude, vectors, positions) -> BulkTable | CellTable:
    """The table of a crystal that suits its number of hops.

    Parameters
    ----------
    row, column, amplitude : (hop,);  cell : (hop, dimension)
    vectors : (dimension, dimension), in a;  positions : (orbital, dimension), in a
    """
    size = len(positions)
    if is_large(len(row), size):
        return CellTable.of(row, column, cell, amplitude, vectors, positions)
    displacement = cell @ vectors + positions[column] - positions[row]
    return BulkTable.of(row, column, amplitude, displacement, size)


def is_large(hops: int, orbitals: int) -> bool:
    """Whether a table (hop, element) of this size is one too many."""
    return hops * orbitals**2 > LARGEST_TABLE


def bulk_dipoles(dipoles: DipoleTable, vectors, positions, k: np.ndarray) -> np.ndarray:
    """Position operator beside the positions, A(k) = sum_R e^{ikd} <0| r |R>, in a.

    Parameters
    ----------
    vectors : (dimension, dimension), in a;  positions : (orbital, 3), in a
    k : (..., dimension), in 1/a

    Returns
    -------
    (..., 3, orbital, orbital)
    """
    places = positions[:, : len(vectors)]
    ends = (dipoles.row, dipoles.column)
    ones = np.ones(len(dipoles.row))
    table = bulk_table(*ends, dipoles.cell, ones, vectors, places)
    return table.sums(k, list(dipoles.dipole.T))
