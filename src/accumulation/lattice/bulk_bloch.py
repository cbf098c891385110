"""Bloch matrices of an infinite crystal, as one product of phases with a table of hops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BulkTable:
    """Hops of a crystal, whose sum with phases is a Bloch matrix in the atomic gauge.

    displacement : (hop, dimension) full displacement of each hop, in a
    amplitude : (hop, element) its amplitude at its place among the elements of the matrix
    size : number of orbitals of a cell
    """

    displacement: np.ndarray
    amplitude: np.ndarray
    size: int

    @classmethod
    def of(cls, row, column, amplitude, displacement: np.ndarray, size: int) -> BulkTable:
        """From row, column and amplitude, each (hop,), and displacement (hop, dimension)."""
        table = np.zeros((len(row), size * size), dtype=complex)
        table[np.arange(len(row)), row * size + column] = amplitude
        return cls(displacement, table, size)

    def sums(self, k: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
        """sum_hops factor amplitude e^{i k d} for each factor (hop,).

        With the factor 1 that is H(k), with i d_x the velocity dH/dk_x, and so on (Eq. S42).

        Parameters
        ----------
        k : (..., dimension), in 1/a

        Returns
        -------
        (..., factor, orbital, orbital)
        """
        tables = [factor[:, None] * self.amplitude for factor in factors]
        values = np.exp(1j * (k @ self.displacement.T)) @ np.concatenate(tables, axis=1)
        return values.reshape(*k.shape[:-1], len(factors), self.size, self.size)

    def matrix(self, k: np.ndarray) -> np.ndarray:
        """H(k), (..., orbital, orbital), at k (..., dimension)."""
        values = np.exp(1j * (k @ self.displacement.T)) @ self.amplitude
        return values.reshape(*k.shape[:-1], self.size, self.size)
