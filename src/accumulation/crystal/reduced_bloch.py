"""Bloch matrices of a crystal over its reduced zone, with bounds on how fast they change.

A wave vector is k = sum_i f_i b_i with 0 <= f_i < 1.  Energies do not depend on where the orbitals
are thought to lie, H_ij(f) = sum t exp(2 pi i f . (cell + o_j - o_i)) for any offsets o; those with
the shortest hops make the tightest bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..lattice.hop_table import HopTable

# Matrix elements worked at once: temporaries stay below some 100 MB.
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
    relative : the hop table less what is common to all orbitals, see :func:`relative`
    axes : (axis,) of the zone on which that depends
    """

    def __init__(self, hops: HopTable, size: int):
        self.size, self.dimension = size, hops.cell.shape[1]
        self.offset = _shortest(hops, size)
        self.corners = np.array(list(product((-1.0, 1.0), repeat=self.dimension)))
        self.relative, self.axes = relative(hops, size)
        self._reach = self._displacement(hops)
        self._norms = [self._norm(order, hops) for order in (1, 2)]
        self._spreads = [
            2 * min(norm, self._norm(order, self.relative))
            for order, norm in zip((1, 2), self._norms, strict=True)
        ]
        table = np.zeros((len(hops.row), size * size), dtype=complex)
        table[np.arange(len(hops.row)), hops.row * size + hops.column] = hops.amplitude
        self._table = table
        slopes = 1j * self._reach.T[:, :, None] * table
        self._slopes = np.concatenate((table, *slopes), axis=1)

    def _displacement(self, hops: HopTable) -> np.ndarray:
        """2 pi times the displacement of every hop, (hop, dimension)."""
        return 2 * np.pi * (hops.cell + self.offset[hops.column] - self.offset[hops.row])

    def energies(self, f: np.ndarray) -> np.ndarray:
        """Band energies (point, band) at f (point, dimension)."""
        return np.linalg.eigvalsh(self._matrix(f, self._table)[:, 0])

    def vectors(self, f: np.ndarray) -> np.ndarray:
        """Eigenvectors (point, orbital, band) at f (point, dimension)."""
        return np.linalg.eigh(self._matrix(f, self._table)[:, 0])[1]

    def frames(self, f: np.ndarray) -> Frames:
        """Eigenstates and slopes at f (point, dimension)."""
        parts = [self._frames(f[part]) for part in blocks(len(f), self.size)]
        if len(parts) == 1:
            return Frames(*parts[0])
        return Frames(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _frames(self, f: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        both = self._matrix(f, self._slopes)
        energy, vectors = np.linalg.eigh(both[:, 0])
        states = vectors[:, None]
        return energy, vectors, np.swapaxes(states.conj(), -1, -2) @ (both[:, 1:] @ states)

    def curvature(self, f: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """<n|d2H/df_i df_j|n>, (point, dimension, dimension, band)."""
        d = self.dimension
        pairs = -self._reach[:, :, None] * self._reach[:, None, :]
        tables = [pairs[:, i, j, None] * self._table for i in range(d) for j in range(d)]
        matrix = self._matrix(f, np.concatenate(tables, axis=1))
        diagonal = (vectors[:, None].conj() * (matrix @ vectors[:, None])).sum(axis=-2).real
        return diagonal.reshape(len(f), d, d, self.size)

    def change(self, half: float, order: int) -> tuple[float, float]:
        """Bounds of the order-th derivative of H along s for any |s_i| <= ``half``, in t0.

        First of its norm, then of how far its eigenvalues lie apart, for which what is common to
        all orbitals does not count.  ``order`` is 1 or 2.
        """
        return half**order * self._norms[order - 1], half**order * self._spreads[order - 1]

    def _norm(self, order: int, hops: HopTable) -> float:
        """Bound of the spectral norm of the order-th derivative along s, |s_i| <= 1.

        The largest sum over a row of |t| |2 pi s.d|^order; convex in s, so that corners decide.
        """
        opposite = self.corners[: (len(self.corners) + 1) // 2]
        along = np.abs(self._displacement(hops) @ opposite.T) ** order
        weight = np.abs(hops.amplitude)
        sums = [np.bincount(hops.row, weight * corner, self.size) for corner in along.T]
        return float(np.max(sums, initial=0.0))

    def _matrix(self, f: np.ndarray, table: np.ndarray) -> np.ndarray:
        values = np.exp(1j * (f @ self._reach.T)) @ table
        return values.reshape(len(f), -1, self.size, self.size)


def relative(hops: HopTable, size: int) -> tuple[HopTable, np.ndarray]:
    """The hop table less what is common to all orbitals, and the axes (axis,) that it still needs.

    Differences of energies stay as they are.  Of layers stacked by one and the same hop of every
    orbital to itself only the plane is left.
    """
    own = hops.row == hops.column
    cells, which = np.unique(hops.cell[own], axis=0, return_inverse=True)
    table = np.zeros((len(cells), size), dtype=complex)
    np.add.at(table, (which.reshape(-1), hops.row[own]), hops.amplitude[own])
    table -= table.mean(axis=1, keepdims=True)
    scale = np.abs(hops.amplitude).max(initial=0.0)
    cell, orbital = np.nonzero(np.abs(table) > 1e-14 * scale)
    found = HopTable(
        np.concatenate((hops.row[~own], orbital)),
        np.concatenate((hops.column[~own], orbital)),
        np.concatenate((hops.cell[~own], cells[cell])),
        np.concatenate((hops.amplitude[~own], table[cell, orbital])),
    )
    return found, np.flatnonzero(np.any(found.cell != 0, axis=0))


def blocks(number: int, size: int) -> list[slice]:
    """Slices of so many matrices of ``size`` orbitals that fit memory comfortably."""
    step = max(1, ELEMENTS // size**2)
    return [slice(start, min(start + step, number)) for start in range(0, number, step)]


def centres(points: int, dimension: int) -> np.ndarray:
    """Centres (cell, dimension) of a division of the zone into equal cells, f = 0 one of them."""
    return np.indices((points,) * dimension).reshape(dimension, points**dimension).T / points


def _shortest(hops: HopTable, size: int) -> np.ndarray:
    """Offsets (orbital, dimension) that minimise sum |t| |cell + o_column - o_row|^2."""
    weight = np.abs(hops.amplitude)
    laplacian = np.zeros((size, size))
    right = np.zeros((size, hops.cell.shape[1]))
    for here, there, sign in ((hops.row, hops.column, 1), (hops.column, hops.row, -1)):
        np.add.at(laplacian, (here, here), weight)
        np.add.at(laplacian, (here, there), -weight)
        np.add.at(right, here, sign * weight[:, None] * hops.cell)
    return np.linalg.lstsq(laplacian, right, rcond=1e-12)[0]
