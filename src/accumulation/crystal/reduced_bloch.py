"""Bloch matrices of a crystal in reduced coordinates, with bounds of their derivatives.

A wave vector is k = sum_i f_i b_i with 0 <= f_i < 1.  The energies of
H_ij(f) = sum t exp(2 pi i f . (cell + o_j - o_i)) do not depend on the offsets o of the orbitals.
The offsets with the shortest hops give the tightest bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..lattice.bulk_bloch import BulkTable, CellTable, is_large
from ..lattice.hop_table import HopTable

# Matrix elements of one batch: temporaries stay below about 100 MB.
ELEMENTS = 1 << 20


@dataclass(frozen=True)
class Frames:
    """Eigenstates at the centres of cells, and the slopes between them.

    Attributes
    ----------
    energy : (cell, band), ascending, in t0
    vectors : (cell, orbital, band)
    slope : (cell, dimension, band, band) <n|dH/df_i|n'>, in t0
    """

    energy: np.ndarray
    vectors: np.ndarray
    slope: np.ndarray


class ReducedBloch:
    """H(f) and its derivatives of a crystal's hop table.

    Parameters
    ----------
    hops : hop table with ``cell`` (hop, dimension), conjugates included
    size : number of orbitals

    Attributes
    ----------
    offset : (orbital, dimension) the o above, in units of the lattice vectors
    corners : (corner, dimension) signs of the corners of a cell
    relative : the hop table without the part common to all orbitals, see :func:`relative`
    axes : (axis,) the axes of the zone on which ``relative`` depends
    """

    def __init__(self, hops: HopTable, size: int):
        self.size, self.dimension = size, hops.cell.shape[1]
        self.offset = _shortest(hops, size)
        self.corners = np.array(list(product((-1.0, 1.0), repeat=self.dimension)))
        self.relative, self.axes = relative(hops, size)
        reach = self._displacement(hops)
        self._norms = [self._norm(order, hops) for order in (1, 2)]
        self._spreads = [
            2 * min(norm, self._norm(order, self.relative))
            for order, norm in zip((1, 2), self._norms, strict=True)
        ]
        self._table = self._table_of(hops, reach)
        # H and its slopes, made once as they are evaluated for many f.
        self._with_slopes = self._table.weighted([np.ones(len(reach)), *(1j * reach.T)])

    def _table_of(self, hops: HopTable, reach: np.ndarray) -> BulkTable | CellTable:
        if is_large(len(reach), self.size):
            parts = (hops.row, hops.column, hops.cell, hops.amplitude)
            vectors = 2 * np.pi * np.eye(self.dimension)
            return CellTable.of(*parts, vectors, 2 * np.pi * self.offset)
        return BulkTable.of(hops.row, hops.column, hops.amplitude, reach, self.size)

    def _displacement(self, hops: HopTable) -> np.ndarray:
        """2 pi times the displacement of every hop, (hop, dimension)."""
        return 2 * np.pi * (hops.cell + self.offset[hops.column] - self.offset[hops.row])

    def energies(self, f: np.ndarray) -> np.ndarray:
        """Band energies (point, band), in t0, at f (point, dimension)."""
        return np.linalg.eigvalsh(self._table.matrix(f))

    def vectors(self, f: np.ndarray) -> np.ndarray:
        """Eigenvectors (point, orbital, band) at f (point, dimension)."""
        return np.linalg.eigh(self._table.matrix(f))[1]

    def frames(self, f: np.ndarray) -> Frames:
        """Eigenstates and slopes at f (point, dimension)."""
        parts = [self._frames(f[part]) for part in blocks(len(f), self.size)]
        if len(parts) == 1:
            return Frames(*parts[0])
        return Frames(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _frames(self, f: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        matrices = self._table.evaluate(f, self._with_slopes)
        energy, vectors = np.linalg.eigh(matrices[:, 0])
        states = vectors[:, None]
        return energy, vectors, np.swapaxes(states.conj(), -1, -2) @ (matrices[:, 1:] @ states)

    def curvature(self, f: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """<n|d2H/df_i df_j|n>, (point, dimension, dimension, band), in t0.

        Parameters
        ----------
        f : (point, dimension);  vectors : (point, orbital, band)
        """
        d, reach = self.dimension, self._table.displacement
        factors = [-reach[:, i] * reach[:, j] for i in range(d) for j in range(d)]
        matrix = self._table.sums(f, factors)
        diagonal = (vectors[:, None].conj() * (matrix @ vectors[:, None])).sum(axis=-2).real
        return diagonal.reshape(len(f), d, d, self.size)

    def change(self, half: float, order: int) -> tuple[float, float]:
        """Bounds of the order-th derivative of H along s for any |s_i| <= ``half``, in t0.

        The first one bounds its norm, the second one the spread of its eigenvalues, to which the
        part common to all orbitals does not contribute.  ``order`` is 1 or 2.
        """
        return half**order * self._norms[order - 1], half**order * self._spreads[order - 1]

    def _norm(self, order: int, hops: HopTable) -> float:
        """Bound of the spectral norm of the order-th derivative along s, |s_i| <= 1.

        The largest sum over a row of |t| |2 pi s.d|^order; it is convex in s, so its maximum is at
        a corner.
        """
        opposite = self.corners[: (len(self.corners) + 1) // 2]
        along = np.abs(self._displacement(hops) @ opposite.T) ** order
        weight = np.abs(hops.amplitude)
        sums = [np.bincount(hops.row, weight * corner, self.size) for corner in along.T]
        return float(np.max(sums, initial=0.0))


def relative(hops: HopTable, size: int) -> tuple[HopTable, np.ndarray]:
    """The hop table without the part common to all orbitals, and the axes (axis,) of its hops.

    Differences of energies do not change.  For layers coupled by the same hop of every orbital to
    itself, only the hops in the plane remain.

    Parameters
    ----------
    hops : ``cell`` (hop, dimension), conjugates included;  size : number of orbitals
    """
    diagonal = hops.row == hops.column
    cells, cell_index = np.unique(hops.cell[diagonal], axis=0, return_inverse=True)
    table = np.zeros((len(cells), size), dtype=complex)
    np.add.at(table, (cell_index.reshape(-1), hops.row[diagonal]), hops.amplitude[diagonal])
    table -= table.mean(axis=1, keepdims=True)
    scale = np.abs(hops.amplitude).max(initial=0.0)
    cell, orbital = np.nonzero(np.abs(table) > 1e-14 * scale)
    reduced = HopTable(
        np.concatenate((hops.row[~diagonal], orbital)),
        np.concatenate((hops.column[~diagonal], orbital)),
        np.concatenate((hops.cell[~diagonal], cells[cell])),
        np.concatenate((hops.amplitude[~diagonal], table[cell, orbital])),
    )
    return reduced, np.flatnonzero(np.any(reduced.cell != 0, axis=0))


def blocks(number: int, size: int) -> list[slice]:
    """Slices of ``number`` matrices of ``size`` orbitals, ELEMENTS matrix elements each."""
    step = max(1, ELEMENTS // size**2)
    return [slice(start, min(start + step, number)) for start in range(0, number, step)]


def centres(points: int, dimension: int) -> np.ndarray:
    """Centres f (cell, dimension) of a division of the zone into equal cells; f = 0 is a centre."""
    return np.indices((points,) * dimension).reshape(dimension, points**dimension).T / points


def _shortest(hops: HopTable, size: int) -> np.ndarray:
    """Offsets (orbital, dimension) that minimise sum |t| |cell + o_column - o_row|^2."""
    weight = np.abs(hops.amplitude)
    laplacian = np.zeros((size, size))
    right = np.zeros((size, hops.cell.shape[1]))
    for end, other_end, sign in ((hops.row, hops.column, 1), (hops.column, hops.row, -1)):
        np.add.at(laplacian, (end, end), weight)
        np.add.at(laplacian, (end, other_end), -weight)
        np.add.at(right, end, sign * weight[:, None] * hops.cell)
    return np.linalg.lstsq(laplacian, right, rcond=1e-12)[0]
