"""Symmetrized products and commutators of operators: matrices, or batches of matrices."""

from __future__ import annotations

import numpy as np


def star(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Symmetrized product A * B = (A B + B A) / 2 (below Eq. 5).

    Parameters
    ----------
    a, b : (..., orbital, orbital) A and B, in the basis of orbitals or of bands
    """
    return 0.5 * (a @ b + b @ a)


def star_diagonal(operator: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A * D for a diagonal D, such as a coordinate.

    Parameters
    ----------
    operator : (..., orbital, orbital) A;  values : (orbital,) the diagonal of D
    """
    return 0.5 * operator * (values[:, None] + values)


def commutator(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Commutator [A, B] = A B - B A.

    Parameters
    ----------
    a, b : (..., orbital, orbital) A and B, in the basis of orbitals or of bands
    """
    return a @ b - b @ a
