"""Linear response at a finite frequency from exact eigenstates, of one or many electrons.

    chi_AB(z) = sum_ab (P_a - P_b) / (E_a - E_b + z) A_ab B_ba,    z = omega + i eta

With one-particle states and the Fermi function P it is Eqs. 17-18; with many-body states and their
probabilities P it is S1 (there omega_nm = E_n - E_m, so a = m and b = n).  It describes <A>(t) in a
force F e^{-izt} that couples as H + F B.  Pairs with P_a = P_b do not respond, so this is the
isolated, not the isothermal, susceptibility.

Sums run over pairs (gap, strength), so one matrix product with the Lindhard factors evaluates the
pairs of all k, sectors or operators.
"""

from __future__ import annotations

import numpy as np

# Elements of a block of Lindhard factors (pair, z): 4 MB, which fits into the cache.
BLOCK = 2**18


def pairs(
    energy: np.ndarray, weight: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gaps E_a - E_b (pair,) and strengths (P_a - P_b) A_ab B_ba (..., pair) of responding pairs.

    Parameters
    ----------
    energy, weight : (state,) E_a, in t0, and P_a
    left, right : (..., state, state) matrix elements A_ab and B_ab; either may be one matrix
    """
    difference = weight[:, None] - weight
    responding = difference != 0
    products = left * np.swapaxes(right, -1, -2)
    gap = (energy[:, None] - energy)[responding]
    return gap, products[..., responding] * difference[responding]


def pair_sum(gap: np.ndarray, strength: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Sum over pairs of strength / (gap + z), (..., z).

    Parameters
    ----------
    gap : (pair,), in t0;  strength : (..., pair);  z : (z,), complex, in t0
    """
    # The sizes are explicit, as a single state has no pairs.
    flat = strength.reshape(int(np.prod(strength.shape[:-1])), len(gap))
    parts = np.concatenate((flat.real, flat.imag))
    total = np.zeros((len(flat), len(z)), dtype=complex)
    step = max(1, BLOCK // max(len(z), 1))
    for start in range(0, len(gap), step):
        part = slice(start, start + step)
        # 1 / (gap + z) in real arithmetic, which takes two thirds of the time of complex division.
        detuning = gap[part, None] + z.real
        inverse = 1 / (detuning * detuning + z.imag**2)
        detuning *= inverse
        inverse *= -z.imag
        for factor, unit in ((detuning, 1), (inverse, 1j)):
            real, imaginary = np.split(parts[:, part] @ factor, 2)
            total += unit * (real + 1j * imaginary)
    return total.reshape(*strength.shape[:-1], len(z))


def response(
    energy: np.ndarray, weight: np.ndarray, left: np.ndarray, right: np.ndarray, z: np.ndarray
) -> np.ndarray:
    """chi_AB(z) of Eq. 17 or S1, (..., z).

    Parameters
    ----------
    energy, weight : (state,);  left, right : (..., state, state), as in :func:`pairs`
    z : (z,), complex, in t0
    """
    return pair_sum(*pairs(energy, weight, left, right), z)


def by_parity(
    energy: np.ndarray,
    weight: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    z: np.ndarray,
    parity: int,
) -> np.ndarray:
    """Response with Re A_ab B_ba (parity 1) or i Im A_ab B_ba (parity -1) only, (..., z).

    These are Eqs. 24 and S10; with time reversal they equal :func:`response`.  Re and Im of
    A_ab B_ba depend on the basis of degenerate states, their sums over such states do not.

    Parameters
    ----------
    energy, weight : (state,);  left, right : (..., state, state), as in :func:`pairs`
    z : (z,), complex, in t0;  parity : lambda_A lambda_B
    """
    gap, strength = pairs(energy, weight, left, right)
    part = strength.real if parity == 1 else 1j * strength.imag
    return pair_sum(gap, part, z)


def eigenbasis(vectors: np.ndarray, operators: np.ndarray) -> np.ndarray:
    """Matrix elements u+ O u, (..., state, state).

    Parameters
    ----------
    vectors : (orbital, state), u;  operators : (..., orbital, orbital), O
    """
    return vectors.conj().T @ operators @ vectors


def relative(difference: np.ndarray, *scales: np.ndarray) -> float:
    """Largest magnitude of a difference over the largest magnitude of its ``scales``.

    Parameters
    ----------
    difference, scales : (...) arrays of any shape; the result is absolute if all scales are zero
    """
    scale = max(np.abs(values).max(initial=0.0) for values in scales)
    largest = np.abs(difference).max(initial=0.0)
    return float(largest / scale) if scale > 0 else float(largest)
