"""Eigenstates near an energy of one banded matrix, without the others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from .eigenpairs import DEGENERACY, expectation, velocity_basis

# Vectors beside those that are sought, and the largest number of iterations.
GUARD, MOST = 3, 40
# Residual of an eigenstate, relative to the bound of the spectrum.
RESIDUAL = 1e-14
# Relative changes of an energy at which a matrix is singular.
NUDGES = (0.0, 1e-15, 1e-14)


@dataclass(frozen=True)
class LocalMatrix:
    """A matrix that joins near rows only, at one k.

    size : number of rows;  row, column, value : (element,)
    """

    size: int
    row: np.ndarray
    column: np.ndarray
    value: np.ndarray

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Product with ``vectors`` (row, n)."""
        return self.sparse @ vectors

    @property
    def sparse(self):
        """The same as a sparse array of scipy."""
        # scipy is slow to import.
        from scipy.sparse import csr_array

        return csr_array((self.value, (self.row, self.column)), shape=(self.size, self.size))

    def dense(self) -> np.ndarray:
        """The same as an array (row, row)."""
        matrix = np.zeros((self.size, self.size), dtype=self.value.dtype)
        matrix[self.row, self.column] = self.value
        return matrix

    def solve(self, energy: float, right: np.ndarray) -> np.ndarray:
        """(matrix - energy)^-1 ``right`` (row, n), by LU of its band with pivots.

        At an eigenvalue the result is dominated by its eigenstate, as inverse iteration wants it.
        """
        from scipy.linalg import LinAlgError, solve_banded

        width = int(np.abs(self.row - self.column).max(initial=0))
        for nudge in NUDGES:
            band = np.zeros((2 * width + 1, self.size), dtype=complex)
            band[width + self.row - self.column, self.column] = self.value
            band[width] -= energy + nudge * max(abs(energy), 1.0)
            # A pivot that is exactly zero.
            singular = (LinAlgError, FloatingPointError)
            with suppress(*singular), np.errstate(divide="raise", invalid="raise"):
                return solve_banded((width, width), band, right, check_finite=False)
        raise LinAlgError("singular matrix")


def states_near(
    matrix: LocalMatrix, energy: float, count: int, scale: float, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The ``count`` eigenstates nearest to an energy: energies (state,), vectors (row, state).

    Parameters
    ----------
    scale : bound of the spectrum, in t0;  start : (row, n) vectors to begin with

    Notes
    -----
    Inverse iteration with a block of vectors and Rayleigh-Ritz projection.  States are ranked by
    the norm of (H - E) u, as a mixture of states above and below has its mean energy next to E too.
    """
    block = min(matrix.size, count + GUARD)
    vectors = np.random.default_rng(0).normal(size=(matrix.size, block)).astype(complex)
    if start is not None:
        vectors[:, : start.shape[1]] = start
    for _ in range(MOST):
        vectors, _ = np.linalg.qr(matrix.solve(energy, vectors))
        applied = matrix.apply(vectors)
        inner = vectors.conj().T @ applied
        levels, turn = np.linalg.eigh(0.5 * (inner + inner.conj().T))
        vectors, applied = vectors @ turn, applied @ turn
        residual = np.linalg.norm(applied - vectors * levels, axis=0)
        distance = np.hypot(levels - energy, residual)
        nearest = np.sort(np.argsort(distance, kind="stable")[:count])
        if residual[nearest].max(initial=0.0) < RESIDUAL * scale:
            break
    return levels[nearest], vectors[:, nearest]


def states_within(
    matrix: LocalMatrix, low: float, high: float, count: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """All ``count`` eigenstates between two energies by Lanczos iteration on the inverse.

    None if the iteration does not find so many, as of degenerate levels.

    Parameters
    ----------
    count : their number, from the inertia
    """
    from scipy.sparse.linalg import ArpackError, eigsh

    wanted = count + GUARD
    sparse, middle = matrix.sparse.tocsc(), 0.5 * (low + high)
    start = np.random.default_rng(0).normal(size=matrix.size).astype(complex)
    try:
        levels, vectors = eigsh(sparse, wanted, sigma=middle, v0=start, ncv=2 * wanted + 10)
    except (ArpackError, RuntimeError):
        return None
    order = np.argsort(levels)
    inside = order[(levels[order] > low) & (levels[order] < high)]
    if len(inside) != count:
        return None
    return levels[inside], np.linalg.qr(vectors[:, inside])[0]


def with_velocities(
    energy: np.ndarray, vectors: np.ndarray, velocity: LocalMatrix, closest: float = DEGENERACY
) -> tuple[np.ndarray, np.ndarray]:
    """States that diagonalise the velocity among those that are degenerate, and their velocities.

    Parameters
    ----------
    energy : (state,), ascending;  vectors : (row, state);  closest : degenerate below this, in t0

    Returns
    -------
    vectors (row, state), velocity (state,)
    """
    vectors = velocity_basis(energy, vectors, velocity.apply(vectors), closest)
    return vectors, expectation(vectors, velocity.apply(vectors))
