"""Interband response of filled bands from the pairs of one filled and one empty state.

The general sum over pairs (:func:`.matrix_elements.pair_sum`) has a weight D_nn' for each.  With N
bands filled D_nn' is -1 / |e_n - e_n'| between a filled and an empty state and zero otherwise, and
both orders of a pair contribute the same, so that a quarter of the matrices is enough:

    2 sum_{n filled, n' empty} D_nn' Re[<n|n(mu)|n'> A_n'n]
"""

from __future__ import annotations

import numpy as np

from ..states.eigenpairs import DEGENERACY, adjoint, overlap
from ..states.eigenstates import Kernel, States


def filled_response(states: States, kernel: Kernel, filled: np.ndarray) -> np.ndarray | None:
    """Interband response with the lowest bands filled, (k, row), per e E.

    None if it is identically zero, as in :func:`.matrix_elements.matrix_elements`.  Pairs closer
    than ``DEGENERACY`` are left out.

    Parameters
    ----------
    filled : (k,) int, number of filled bands
    """
    parts = (states.eigenvector, states.slope, kernel.matrix)
    if not any(map(np.iscomplexobj, parts)):
        return None
    values = np.zeros((len(states.k), states.bloch.size))
    for number in np.unique(filled):
        if 0 < number < states.energy.shape[1]:
            at = np.flatnonzero(filled == number)
            values[at] = _of_number(states, kernel, int(number), at)
    return values


def _of_number(states: States, kernel: Kernel, number: int, at: np.ndarray) -> np.ndarray:
    """The response (point, row) of the k numbered ``at`` (point,), with ``number`` bands filled."""
    energy, vectors, matrix = states.energy[at], states.eigenvector[at], kernel.matrix[at]
    filled, empty = vectors[:, :, :number], vectors[:, :, number:]
    gap = energy[:, number:, None] - energy[:, None, :number]
    # A_n'n D_nn', from A_n'n = i <n'|dH/dk|n> / (e_n - e_n')
    weighted = 1j * (adjoint(empty) @ states.product(states.slope[at], filled))
    weighted *= np.divide(1.0, gap * gap, out=np.zeros_like(gap), where=gap >= DEGENERACY)
    mixed = empty @ weighted
    if kernel.basis == "bands":
        applied = vectors @ matrix[:, :, :number]
        applied_mixed = vectors @ (matrix[:, :, number:] @ weighted)
    elif kernel.basis == "orbitals":
        applied, applied_mixed = matrix @ filled, matrix @ mixed
    else:
        applied, applied_mixed = states.product(matrix, filled), states.product(matrix, mixed)
    return (overlap(applied, mixed) + overlap(filled, applied_mixed)).sum(axis=-1)
