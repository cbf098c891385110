"""Bloch matrices of an infinite crystal: the product of phases with a table of hops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BulkTable:
    """Hops of a crystal; their sum with phases e^{i k d} is a Bloch matrix in the atomic gauge.

    displacement : (hop, dimension) full displacement of each hop, in a
    amplitude : (hop, element) amplitude of each hop in its element row * size + column, else zero
    size : number of orbitals of a cell
    """

    displacement: np.ndarray
    amplitude: np.ndarray
    size: int

    @classmethod
    def of(cls, row, column, amplitude, displacement: np.ndarray, size: int) -> BulkTable:
        """Table of hops: row, column, amplitude, each (hop,), and displacement (hop, dimension)."""
        table = np.zeros((len(row), size * size), dtype=complex)
        table[np.arange(len(row)), row * size + column] = amplitude
        return cls(displacement, table, size)

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
        """Amplitudes times each factor (hop,), side by side: (hop, factor * element)."""
        return np.concatenate([factor[:, None] * self.amplitude for factor in factors], axis=1)

    def evaluate(self, k: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
        """Bloch sums (..., factor, orbital, orbital) at k (..., dimension).

        ``amplitude`` (hop, factor * element) is made once by :meth:`weighted` for many k.
        """
        values = np.exp(1j * (k @ self.displacement.T)) @ amplitude
        return values.reshape(*k.shape[:-1], -1, self.size, self.size)

    def matrix(self, k: np.ndarray) -> np.ndarray:
        """H(k), (..., orbital, orbital), in t0, at k (..., dimension)."""
        return self.evaluate(k, self.amplitude)[..., 0, :, :]
