"""Time reversal Theta of tight-binding systems: complex conjugation, and i sigma_y on spins.

Theta |up> = |down>, Theta |down> = -|up>, and Theta = K (conjugation) where spin is not resolved.
"""

from __future__ import annotations

import numpy as np

from ..lattice.samples import SAME_ROW

# A Hamiltonian whose :func:`defect` is at most this (in t0) is invariant under time reversal.
INVARIANT = 1e-12


def partners(positions: np.ndarray, spin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Arrays order, sign (orbital,): Theta takes orbital ``order[i]`` to orbital i times sign[i].

    Parameters
    ----------
    positions : (orbital, 3), in a;  spin : (orbital,) sign of s_z, 0 where not resolved
    """
    size = len(positions)
    if not np.any(spin):
        return np.arange(size), np.ones(size)
    near = np.abs(positions[:, None] - positions).max(axis=-1) < SAME_ROW
    opposite = near & (spin[:, None] == -spin)
    # Theta |up> = +|down>: the sign is + at the down orbital.
    return np.argmax(opposite, axis=1), -spin.astype(float)


def reversed_operator(matrix: np.ndarray, order: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Theta O Theta^-1, (..., orbital, orbital).

    Parameters
    ----------
    matrix : (..., orbital, orbital), O in the orbital basis
    order, sign : (orbital,), of :func:`partners`
    """
    turned = np.conj(matrix)[..., order, :][..., order]
    return sign[:, None] * turned * sign


def defect(hamiltonian: np.ndarray, order: np.ndarray, sign: np.ndarray) -> float:
    """Largest element of Theta H Theta^-1 - H, in t0; zero with time reversal (Eq. 22).

    Parameters
    ----------
    hamiltonian : (..., orbital, orbital), in t0
    order, sign : (orbital,), of :func:`partners`
    """
    return float(np.abs(reversed_operator(hamiltonian, order, sign) - hamiltonian).max(initial=0.0))
