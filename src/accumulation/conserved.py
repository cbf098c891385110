"""Quantities that a ribbon conserves at every k, found from H(k), and what they forbid.

A matrix C that is the same at every k (atomic gauge) and commutes with H(k) and the velocity leaves
the whole response as it is when a density n is turned by e^{iCt}.  So n may be replaced by its
average over t.  If that average commutes with H(k), it has no matrix elements between bands and no
interband response; if it is the same at every k besides, each of its eigenspaces is a ribbon of its
own, in which electrons are only moved along k, and it has no intraband response either.  Charge and
conserved spin are the simplest cases; the transverse modes of an armchair ribbon are another.
"""

from __future__ import annotations

import numpy as np

# Eigenvalues and matrix elements that differ by less (in t0) are the same.
SAME = 1e-7


def conserved_quantity(hamiltonian: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """A generic Hermitian matrix that commutes with all of H and v (k, orbital, orbital).

    Whatever commutes with all of them commutes with a random sum of them, so that only elements
    between its degenerate eigenvectors are unknown.
    """
    random = np.random.default_rng(3)
    every = np.concatenate((hamiltonian, velocity))
    mixture = np.tensordot(random.standard_normal(len(every)), every, axes=1)
    energy, basis = np.linalg.eigh(mixture)
    every = basis.conj().T @ every @ basis
    size = len(energy)
    a, b = np.nonzero(np.abs(energy[:, None] - energy) < SAME)
    # [ |a><b|, M ]: row a is that of b in M, column b that of a, for all unknown pairs at once.
    change = np.zeros((len(a), len(every), size, size), dtype=complex)
    pair = np.arange(len(a))
    change[pair, :, a, :] += every[:, b, :].transpose(1, 0, 2)
    change[pair, :, :, b] -= every[:, :, a].transpose(2, 0, 1)
    change = change.reshape(len(a), -1)
    values, vectors = np.linalg.eigh(change.conj() @ change.T)
    free = vectors[:, values < SAME**2 * len(every)]
    found = np.zeros((size, size), dtype=complex)
    found[a, b] = free @ random.standard_normal(free.shape[1])
    found = basis @ found @ basis.conj().T
    return found + found.conj().T


def averaged(quantity: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Average of e^{iCt} X e^{-iCt} over t for matrices X (..., orbital, orbital)."""
    values, basis = np.linalg.eigh(quantity)
    same = np.abs(values[:, None] - values) < SAME
    inside = basis.conj().T @ matrices @ basis
    return basis @ (inside * same) @ basis.conj().T


def silent(
    density: np.ndarray, hamiltonian: np.ndarray, velocity: np.ndarray
) -> dict[str, np.ndarray]:
    """Sums over sites that have no response, (site, dimension) for each process.

    Parameters
    ----------
    density : (k, site, orbital, orbital), n(site) at a few k
    hamiltonian, velocity : (k, orbital, orbital) at the same k, atomic gauge
    """
    quantity = conserved_quantity(hamiltonian, velocity)
    mean = averaged(quantity, density)
    h = hamiltonian[:, None]
    commutator = mean @ h - h @ mean
    differs = mean[1:] - mean[:1]
    sites = density.shape[1]
    rows = [np.moveaxis(part, 1, -1).reshape(-1, sites) for part in (commutator, differs)]
    return {
        "interband": _null_space(rows[0]),
        "intraband": _null_space(np.concatenate(rows)),
    }


def _null_space(rows: np.ndarray) -> np.ndarray:
    """Orthonormal real basis (site, dimension) of what ``rows`` (equation, site) annihilate."""
    values, vectors = np.linalg.eigh((rows.conj().T @ rows).real)
    return vectors[:, values < SAME**2 * max(1.0, values.max())]
