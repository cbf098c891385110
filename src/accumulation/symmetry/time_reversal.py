"""Time reversal Theta of tight-binding systems: complex conjugation, and i sigma_y on spins.

Theta |up> = |down>, Theta |down> = -|up>, and Theta = K where spin is not resolved.
"""

from __future__ import annotations

import numpy as np

from ..lattice.samples import SAME_ROW


def partners(positions: np.ndarray, spin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(order, sign): Theta takes orbital ``order[i]`` to orbital i times ``sign[i]``."""
    size = len(positions)
    if not np.any(spin):
        return np.arange(size), np.ones(size)
    near = np.abs(positions[:, None] - positions).max(axis=-1) < SAME_ROW
    opposite = near & (spin[:, None] == -spin)
    # Spin down is what Theta makes of spin up: sign + there.
    return np.argmax(opposite, axis=1), -spin.astype(float)


def reversed_operator(matrix: np.ndarray, order: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Theta O Theta^-1 (..., orbital, orbital) of an operator O in the basis of orbitals."""
    turned = np.conj(matrix)[..., order, :][..., order]
    return sign[:, None] * turned * sign


def defect(hamiltonian: np.ndarray, order: np.ndarray, sign: np.ndarray) -> float:
    """Largest element of Theta H Theta^-1 - H, in t0: zero with time reversal."""
    return float(np.abs(reversed_operator(hamiltonian, order, sign) - hamiltonian).max(initial=0.0))
