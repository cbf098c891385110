"""Products of operators: matrices, or batches of them, over orbitals or bands."""

from __future__ import annotations

import numpy as np


def star(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Symmetrized product A * B = (A B + B A) / 2 (below Eq. 5)."""
    return 0.5 * (a @ b + b @ a)


def star_diagonal(a: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A * D for a diagonal D, such as a coordinate, given by its ``values`` (orbital,)."""
    return 0.5 * a * (values[:, None] + values)


def commutator(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[A, B]."""
    return a @ b - b @ a
