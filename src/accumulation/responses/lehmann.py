"""Linear response at a finite frequency, from exact eigenstates: one sum for one or many bodies.

    chi_AB(z) = sum_ab (P_a - P_b) / (E_a - E_b + z) A_ab B_ba,    z = omega + i eta

With one-particle states and P the Fermi function it is Eqs. 17-18, with many-body states and P
their probabilities it is S1 (there omega_nm = E_n - E_m, so that a = m and b = n).  It describes
<A>(t) in a force F e^{-izt} that couples as H + F B.  Pairs with P_a = P_b do not respond: the
isolated, not the isothermal, susceptibility.

Every sum is over pairs (gap, strength), so that pairs of all k, sectors or operators are worked by
one matrix product with the Lindhard factors.
"""

from __future__ import annotations

import numpy as np

# Elements of a block of Lindhard factors (pair, z): 4 MB, so that it stays in cache.
BLOCK = 2**18


def pairs(
    energy: np.ndarray, weight: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gaps E_a - E_b (pair,) and strengths (P_a - P_b) A_ab B_ba (..., pair), both of all pairs
    that respond.

    Parameters
    ----------
    energy, weight : (state,) E_a and P_a
    left, right : (..., state, state) matrix elements A_ab and B_ab; either may be one matrix
    """
    difference = weight[:, None] - weight
    responding = difference != 0
    products = left * np.swapaxes(right, -1, -2)
    gap = (energy[:, None] - energy)[responding]
    return gap, products[..., responding] * difference[responding]


def pair_sum(gap: np.ndarray, strength: np.ndarray, z: np.ndarray) -> np.ndarray:
    """sum over pairs of strength / (gap + z): (pair,), (..., pair), (z,) -> (..., z)."""
    # Sizes spelled out: a single state has no pairs.
    flat = strength.reshape(int(np.prod(strength.shape[:-1])), len(gap))
    parts = np.concatenate((flat.real, flat.imag))
    total = np.zeros((len(flat), len(z)), dtype=complex)
    step = max(1, BLOCK // max(len(z), 1))
    for start in range(0, len(gap), step):
        part = slice(start, start + step)
        # 1 / (gap + z) in real numbers, which takes two thirds of numpy's complex division.
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
    """chi_AB(z) of Eq. 17 or S1, (..., z); arguments as in :func:`pairs`, z (z,) complex."""
    return pair_sum(*pairs(energy, weight, left, right), z)


def by_parity(
    energy: np.ndarray,
    weight: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    z: np.ndarray,
    parity: int,
) -> np.ndarray:
    """Eqs. 24, S10, (..., z): only Re A_ab B_ba (``parity`` = lambda_A lambda_B = 1) or i Im (-1).

    Equal to :func:`response` with time reversal.  Re and Im of A_ab B_ba depend on the basis among
    degenerate states, their sums over such states do not.
    """
    gap, strength = pairs(energy, weight, left, right)
    kept = strength.real if parity == 1 else 1j * strength.imag
    return pair_sum(gap, kept, z)


def eigenbasis(vectors: np.ndarray, operators: np.ndarray) -> np.ndarray:
    """Matrix elements u+ O u (..., state, state) of operators (..., orbital, orbital)."""
    return vectors.conj().T @ operators @ vectors


def relative(difference: np.ndarray, *scales: np.ndarray) -> float:
    """Largest magnitude of a difference over the largest of what it is compared with."""
    scale = max(np.abs(one).max(initial=0.0) for one in scales)
    largest = np.abs(difference).max(initial=0.0)
    return float(largest / scale) if scale > 0 else float(largest)
