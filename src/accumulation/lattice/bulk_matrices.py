"""H(k) and the velocity of an infinite crystal, as methods of its lattice."""

from __future__ import annotations

import numpy as np

from ..errors import UserError, Verbatim
from ..inputs import real_array
from .bulk_bloch import BulkTable, CellTable, bulk_dipoles, bulk_table
from .hop_table import DipoleTable


class BulkMatrices:
    """Bloch matrices of a lattice with vectors, positions, a hop table and perhaps dipoles.

    Attributes
    ----------
    vectors : (dimension, dimension) float, the lattice vectors as rows, in a
    """

    vectors: np.ndarray
    dipoles: DipoleTable | None

    @property
    def dimension(self) -> int:
        """Number of dimensions, 2 or 3."""
        return len(self.vectors)

    @property
    def positions(self) -> np.ndarray:
        """Positions (orbital, 3) in the home cell, in a."""
        raise NotImplementedError

    def hop_table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, column (hop,), cell (hop, dimension) and amplitude (hop,), with conjugates."""
        raise NotImplementedError

    @property
    def reciprocal(self) -> np.ndarray:
        """Reciprocal vectors b1, b2 (and b3) as rows, (dimension, dimension), in 1/a."""
        return 2 * np.pi * np.linalg.inv(self.vectors).T

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

        The atomic gauge: i[H, r] with the positions of the sites, and the ``dipoles`` if the
        lattice has them.

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
        slope = table.sums(k, [1j * table.displacement[:, axis] for axis in (0, 1)])
        if self.dipoles is None:
            return slope
        h = table.matrix(k)[..., None, :, :]
        position = bulk_dipoles(self.dipoles, self.vectors, self.positions, k)[..., :2, :, :]
        return slope + 1j * (h @ position - position @ h)

    def _wave_vectors(self, k) -> np.ndarray:
        allowed = f"{self.dimension} finite real numbers in 1/a, or an array of such vectors"
        vectors = real_array("k", k, allowed)
        if vectors.ndim < 1 or vectors.shape[-1] != self.dimension:
            raise UserError("k", Verbatim(f"an array of shape {vectors.shape}"), allowed)
        return vectors

    @property
    def _bulk_table(self) -> BulkTable | CellTable:
        return bulk_table(*self.hop_table(), self.vectors, self.positions[:, : self.dimension])
