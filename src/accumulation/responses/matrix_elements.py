"""Expectation values and polarizabilities of any density, without occupations.

For a kernel K the density at row mu is n(mu) = (P_mu K + K+ P_mu) / 2.  The interband response is
sum_n f_n b_n(mu) with the band-resolved polarizability

    b_n(mu) = 2 Re sum_{n' != n} <n|n(mu)|n'> A_{n'n} / (e_n - e_n')      (Eqs. 32, 55, 58)

With A_{n'n} = i <n'|dH/dk|n> / (e_n - e_n') and G = A / (e_n - e_n') it takes two matrix products
for each density: Re[u* (K u G) + (K u)* (u G)].
"""

from __future__ import annotations

import numpy as np

from ..states.compiled import row_elements
from ..states.eigenpairs import DEGENERACY, overlap
from ..states.eigenstates import CLOSEST, Kernel, States, inverse_gap


def matrix_elements(
    states: States, kernel: Kernel, interband: bool = True
) -> tuple[np.ndarray, np.ndarray | None]:
    """Density <n|n(mu)|n> and polarizability b_n(mu) of every state, each (k, band, row).

    The density (Eqs. 56, S47, S51) summed over rows is the moment.  The polarizability, per unit
    field e E, is None where eigenvectors, velocity and kernel are all real: then it is the real
    part of i times a real number, which vanishes identically.  H(k) is real, for instance, if time
    reversal times the mirror x -> -x is a symmetry (zigzag Haldane ribbons at every flux).
    """
    complex_any = (np.iscomplexobj(a) for a in (states.eigenvector, states.slope, kernel.matrix))
    interband = interband and any(complex_any)
    if kernel.basis == "hops":
        mixed = states.mixed if interband else None
        found = row_elements(states.bloch.reach, kernel.matrix, states.eigenvector, mixed)
        if found is not None:
            density, other = found
            value = None if other is None else np.swapaxes(other, -1, -2)
            return np.swapaxes(density, -1, -2), value
    applied = states.apply(kernel)
    density = np.swapaxes(overlap(states.eigenvector, applied), -1, -2)
    if not interband:
        return density, None
    # Re[i z] = -Im z
    value = _minus_imaginary(applied, states.mixed)
    value += _minus_imaginary(states.eigenvector, states.apply_mixed(kernel))
    return density, np.swapaxes(value, -1, -2)


def pair_sum(states: States, kernel: Kernel, difference: np.ndarray) -> np.ndarray | None:
    """Interband response sum_{n, n'} D_nn' Re[<n|n(mu)|n'> A_n'n] at each k, (k, row), per e E.

    It is the second term of Eq. 55, and Eq. 58 if there is no first term.  None if it is
    identically zero, as in :func:`matrix_elements`.

    Parameters
    ----------
    difference : (k, band, band), the symmetric D_n'n = (f_n - f_n') / (e_n - e_n'), in 1/t0
    """
    complex_any = (np.iscomplexobj(a) for a in (states.eigenvector, states.slope, kernel.matrix))
    if not any(complex_any):
        return None
    weighted = difference * states.connection_over_i
    applied = states.apply(kernel)
    mixed = states.eigenvector @ weighted
    if kernel.basis == "bands":
        applied_mixed = states.eigenvector @ (kernel.matrix @ weighted)
    elif kernel.basis == "orbitals":
        applied_mixed = kernel.matrix @ mixed
    else:
        applied_mixed = states.product(kernel.matrix, mixed)
    value = _minus_imaginary(applied, mixed)
    value += _minus_imaginary(states.eigenvector, applied_mixed)
    return 0.5 * value.sum(axis=-1)


def _minus_imaginary(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """-Im[left* right] element by element, without a complex temporary."""
    return left.imag * right.real - left.real * right.imag


def band_response(
    energy: np.ndarray, connection: np.ndarray, matrix: np.ndarray, eta: float = 0.0
) -> np.ndarray:
    """b_n with interband response chi_{X,x}(i eta) = sum_n f_n b_n, (k, band) (Eqs. 17, S46).

    b_n = 2 Re sum_{n' != n} X_nn' A_n'n / (e_n - e_n' + i eta).  At eta = 0 pairs closer than
    ``CLOSEST`` of the spread of the energies are left out, as their terms are rounding.  For
    X = O * v_y it is the generalized Berry curvature of Eqs. S23-S24.

    Parameters
    ----------
    energy : (k, band), in t0;  eta : in t0
    connection, matrix : (k, band, band), A along x off the diagonal, in a, and X
    """
    if eta:
        propagator = 1 / (energy[:, :, None] - energy[:, None, :] + 1j * eta)  # (k, n, n')
    else:
        spread = np.ptp(energy) if energy.size else 0.0
        propagator = -inverse_gap(energy, max(DEGENERACY, CLOSEST * spread))
    return 2 * (matrix * np.swapaxes(connection, -1, -2) * propagator).sum(axis=-1).real
