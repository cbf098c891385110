"""Quantities that a ribbon conserves at every k, found from H(k), and what they forbid.

A matrix C that is the same at every k (atomic gauge) and commutes with H(k) and the velocity leaves
the whole response as it is when a density n is turned by e^{iCt}.  So n may be replaced by its
average over t.  If that average commutes with H(k), it has no matrix elements between bands and no
interband response; if it is the same at every k besides, each of its eigenspaces is a ribbon of its
own, in which electrons are only moved along k, and it has no intraband response either.  Charge and
conserved spin are the simplest cases; the transverse modes of an armchair ribbon are another.

Operations that mix the orbitals anew at every k are no permutations of sites either.  Armchair
ribbons have some: an antiunitary one where the hops are real (phi = 0, any potential), and a
mixture of A and B that the square of H keeps (phi = pi / 2).  What such operations forbid shows in
the states themselves: see :func:`vanishing_sums_by_state`.
"""

from __future__ import annotations

import numpy as np

# Eigenvalues and matrix elements that differ by less (in t0) are the same.
SAME = 1e-7
# What may be left, in units of the largest, of expectation values that cancel.
ROUNDING = 1e-11


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
    flat = change.reshape(len(a), -1)
    values, vectors = np.linalg.eigh(flat.conj() @ flat.T)
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


def vanishing_sums(
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
        "interband": _null_space(rows[0], SAME),
        "intraband": _null_space(np.concatenate(rows), SAME),
    }


def vanishing_sums_by_state(
    density: np.ndarray, energy: np.ndarray, state: np.ndarray, velocity: np.ndarray
) -> dict[str, np.ndarray]:
    """Sums over sites to which every state, or every pair of states, contributes nothing.

    The intraband response sum v df/de <n|n_O|n> vanishes if each <n|n_O|n> does, the interband one
    if each Re[<n|n_O|n'> i <n'|v|n>] does.  Where bands are even in k, it is enough that states at
    k and -k cancel.

    Parameters
    ----------
    density : (2, k, site, orbital, orbital), n(site) at a few k, and at -k
    energy : (2, k, band);  state : (2, k, orbital, band), the eigenstates there
    velocity : (2, k, orbital, orbital) that couples to the field

    Returns
    -------
    (site, dimension) for each process
    """
    bra = np.swapaxes(state.conj(), -1, -2)
    elements = bra[:, :, None] @ density @ state[:, :, None]
    pairs = 1j * elements * np.swapaxes(bra @ velocity @ state, -1, -2)[:, :, None]
    single, double = [], []
    for i in range(energy.shape[1]):
        even = np.abs(energy[0, i] - energy[1, i]).max() < SAME
        levels = np.cumsum(np.diff(energy[0, i], prepend=-np.inf) > SAME) - 1
        # One basis of degenerate states is as good as another: only their sums mean something.
        sums = (levels == np.arange(levels[-1] + 1)[:, None]).astype(float)
        moments = np.einsum("psnn->psn", elements[:, i].real) @ sums.T
        coupled = sums @ pairs[:, i].real @ sums.T
        coupled[:, :, np.eye(len(sums), dtype=bool)] = 0.0
        single.append((moments[0] - moments[1] if even else moments[0]).T)
        coupled = coupled[0] + coupled[1] if even else coupled[0]
        double.append(coupled.reshape(len(coupled), -1).T)
    return {
        "intraband": _null_space(np.concatenate(single), ROUNDING),
        "interband": _null_space(np.concatenate(double), ROUNDING),
    }


def _null_space(rows: np.ndarray, tolerance: float) -> np.ndarray:
    """Orthonormal real basis (site, dimension) of what ``rows`` (equation, site) annihilate.

    ``tolerance`` is relative to the largest singular value, and at least absolute.
    """
    # At least as many rows as sites, so that every direction has a singular value.
    padding = np.zeros((rows.shape[1], rows.shape[1]))
    every = np.concatenate((rows.real, rows.imag, padding))
    _, values, vectors = np.linalg.svd(every, full_matrices=False)
    return vectors[values < tolerance * max(1.0, values.max(initial=0.0))].T
