"""Quantities that a ribbon conserves at every k, and the responses that they forbid.

Let C be a matrix that is the same at every k (atomic gauge) and commutes with H(k) and the
velocity.  The response of a density n does not change when n is rotated by e^{iCt}, so n may be
replaced by its average over t.  If that average commutes with H(k), it has no matrix elements
between bands and no interband response.  If it is also the same at every k, each of its eigenspaces
is a separate ribbon in which the field only moves electrons along k, and it has no intraband
response.  Charge and conserved spin are the simplest cases; the transverse modes of an armchair
ribbon are another.

Some operations mix the orbitals in a way that depends on k and are not permutations of sites.
Armchair ribbons have an antiunitary one where the hops are real (phi = 0, any potential), and a
mixture of A and B that commutes with the square of H (phi = pi / 2).  The responses that they
forbid are found from the states: see :func:`vanishing_sums_by_state`.
"""

from __future__ import annotations

import numpy as np

# Eigenvalues and matrix elements that differ by less (in t0) are the same.
SAME = 1e-7
# Expectation values that cancel leave less than this, in units of the largest.
ROUNDING = 1e-11


def conserved_quantity(hamiltonian: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """A generic Hermitian matrix (orbital, orbital) that commutes with H(k) and v(k) at each k.

    It commutes with a random linear combination of them too, so only its elements between
    degenerate eigenvectors of that combination are unknown.

    Parameters
    ----------
    hamiltonian, velocity : (k, orbital, orbital), atomic gauge
    """
    random = np.random.default_rng(3)
    matrices = np.concatenate((hamiltonian, velocity))
    mixture = np.tensordot(random.standard_normal(len(matrices)), matrices, axes=1)
    energy, basis = np.linalg.eigh(mixture)
    matrices = basis.conj().T @ matrices @ basis
    size = len(energy)
    a, b = np.nonzero(np.abs(energy[:, None] - energy) < SAME)
    # [ |a><b|, M ] has row b of M as its row a, and minus column a of M as its column b.
    change = np.zeros((len(a), len(matrices), size, size), dtype=complex)
    pair = np.arange(len(a))
    change[pair, :, a, :] += matrices[:, b, :].transpose(1, 0, 2)
    change[pair, :, :, b] -= matrices[:, :, a].transpose(2, 0, 1)
    flat = change.reshape(len(a), -1)
    values, vectors = np.linalg.eigh(flat.conj() @ flat.T)
    free = vectors[:, values < SAME**2 * len(matrices)]
    quantity = np.zeros((size, size), dtype=complex)
    quantity[a, b] = free @ random.standard_normal(free.shape[1])
    quantity = basis @ quantity @ basis.conj().T
    return quantity + quantity.conj().T


def averaged(quantity: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Average of e^{iCt} X e^{-iCt} over t, (..., orbital, orbital).

    Parameters
    ----------
    quantity : (orbital, orbital), C;  matrices : (..., orbital, orbital), X
    """
    values, basis = np.linalg.eigh(quantity)
    same = np.abs(values[:, None] - values) < SAME
    inside = basis.conj().T @ matrices @ basis
    return basis @ (inside * same) @ basis.conj().T


def vanishing_sums(
    density: np.ndarray, hamiltonian: np.ndarray, velocity: np.ndarray
) -> dict[str, np.ndarray]:
    """Sums over sites that have no response by conservation, (site, dimension) for each process.

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
    """Sums over sites to which no state, or no pair of states, contributes.

    The intraband response sum v df/de <n|n_O|n> vanishes if each <n|n_O|n> does, the interband one
    if each Re[<n|n_O|n'> i <n'|v|n>] does.  Where bands are even in k, it is enough that states at
    k and -k cancel.

    Parameters
    ----------
    density : (2, k, site, orbital, orbital), n(site) at a few k, and at -k
    energy : (2, k, band), in t0;  state : (2, k, orbital, band), the eigenstates there
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
        # The basis of degenerate states is arbitrary; sums over it are not.
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
    """Orthonormal real basis (site, dimension) of the null space of ``rows`` (equation, site).

    ``tolerance`` is relative to the largest singular value, or absolute where that is below 1.
    """
    # There are at least as many rows as sites, so every direction has a singular value.
    padding = np.zeros((rows.shape[1], rows.shape[1]))
    padded = np.concatenate((rows.real, rows.imag, padding))
    _, values, vectors = np.linalg.svd(padded, full_matrices=False)
    return vectors[values < tolerance * max(1.0, values.max(initial=0.0))].T
