"""Hops between several orbitals at once: blocks of H by names, spins, and Slater-Koster blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .lattice import Lattice


def spin_endings(spinful: bool) -> dict[str, int]:
    """Endings of the names of orbitals and the sign of s_z of each; one without a spin if not."""
    return {"_up": 1, "_down": -1} if spinful else {"": 0}


def hop_block(
    lattice: Lattice, to: Sequence[str], origin: Sequence[str], cell: tuple[int, ...], block
) -> None:
    """Add a block of H and its Hermitian conjugate; elements that are zero are left out.

    Parameters
    ----------
    to, origin : names of the orbitals of its rows and of its columns;  cell : of ``origin``
    block : (to, origin), <to, cell 0| H |origin, cell>

    Raises
    ------
    UserError
        As :meth:`accumulation.lattice.lattice.Lattice.hop`.
    """
    elements = np.asarray(block, dtype=complex)
    for i, j in zip(*np.nonzero(elements), strict=True):
        lattice.hop(to[i], origin[j], cell, complex(elements[i, j]))


def between_p(direction: Sequence[float], sigma: float, pi: float) -> np.ndarray:
    """Hops between p orbitals along a unit vector n, sigma n n^T + pi (1 - n n^T).

    Parameters
    ----------
    direction : (axis,), n among the axes of the orbitals
    sigma, pi : the integrals V_pp sigma (positive for atoms) and V_pp pi (negative)
    """
    along = np.outer(direction, direction)
    return sigma * along + pi * (np.eye(len(along)) - along)
