"""Expectation value and polarizability of any density: matrix elements, no occupations.

For a kernel K the density at row mu is n(mu) = (P_mu K + K+ P_mu) / 2.  The interband response is
sum_n f_n b_n(mu) with the band-resolved polarizability

    b_n(mu) = 2 Re sum_{n' != n} <n|n(mu)|n'> A_{n'n} / (e_n - e_n')      (Eqs. 32, 55, 58)

A_{n'n} = i <n'|dH/dk|n> / (e_n - e_n'), so with G = A / (e_n - e_n') it is two matrix products a
density, whatever the number of pairs of bands: Re[u* (K u G) + (K u)* (u G)].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bands import DEGENERACY, Eigenpairs, adjoint, overlap
from .bloch import BlochMatrix

# Pairs of states closer than this share of :attr:`BlochMatrix.scale` are left out of the
# polarizability: their terms, of the order of 1 / gap^2 and opposite in both states, would bring
# rounding of 1e-16 / gap^2.  The response adds them from divided differences of the occupation,
# which have no such terms (:mod:`accumulation.integrands`).
CLOSE_PAIR = 1e-5
# The same where every pair is wanted, down to gaps at which a term is rounding alone.
CLOSEST = 1e-8


@dataclass(frozen=True)
class Kernel:
    """K of one density on a batch of k.

    matrix : (k, orbital, orbital), or (k, band, band) holding u+ K u
    basis : ``"hops"`` (orbitals, non-zero only where a hop connects them or on the diagonal),
        ``"orbitals"`` (any orbitals) or ``"bands"``
    """

    matrix: np.ndarray
    basis: str


def inverse_gap(energy: np.ndarray, closest: float = DEGENERACY) -> np.ndarray:
    """1 / (e_n - e_n') as (..., n', n), in 1/t0; zero where the gap is below ``closest`` (in t0).

    Degenerate states are those that diagonalise the velocity among them, so that no element of it
    is left there to be divided by the gap.
    """
    gap = energy[..., None, :] - energy[..., :, None]
    near = np.abs(gap) < closest
    gap[near] = 1.0
    over = np.reciprocal(gap, out=gap)
    over[near] = 0.0
    return over


class States:
    """Eigenstates on a batch of k and the operators a kernel may need, each computed once.

    Attributes
    ----------
    k, energy, velocity, eigenvector : as in :class:`~accumulation.bands.Eigenpairs`
    x, y : (orbital,) site positions
    spin : (orbital,) sign of s_z, 0 where spin is not resolved
    bloch : the system's Bloch matrix
    slope : (k, orbital, orbital), velocity along x in the chosen gauge
    """

    def __init__(self, pairs: Eigenpairs, bloch: BlochMatrix, gauge: str = "atomic"):
        self.bloch = bloch
        self.k, self.energy, self.velocity = pairs.k, pairs.energy, pairs.velocity
        self.eigenvector = pairs.eigenvector
        self.x, self.y, self.spin = bloch.x, bloch.y, bloch.spin
        self.slope = pairs.slope if gauge == "atomic" else bloch.velocity(pairs.k, gauge)

    @cached_property
    def velocity_y(self) -> np.ndarray:
        """(k, orbital, orbital) velocity across, i[H, y] (Eq. 4)."""
        return self.bloch.velocity_y(self.k)

    @cached_property
    def band_velocity(self) -> np.ndarray:
        """(k, band, band) <n|dH/dk|n'>."""
        return adjoint(self.eigenvector) @ self.product(self.slope, self.eigenvector)

    @cached_property
    def _inverse_gap(self) -> np.ndarray:
        """(k, n', n) 1 / (e_n - e_n'), zero among degenerate states."""
        return inverse_gap(self.energy)

    @cached_property
    def connection_over_i(self) -> np.ndarray:
        """(k, n', n) Berry connection A_{n'n} / i off the diagonal; real where H(k) is (S22)."""
        return self.band_velocity * self._inverse_gap

    @cached_property
    def mixing_over_i(self) -> np.ndarray:
        """(k, n', n) G / i = A_{n'n} / (i (e_n - e_n')), zero for pairs closer than CLOSE_PAIR."""
        over = self._inverse_gap
        close = np.abs(over) > 1 / (CLOSE_PAIR * self.bloch.scale)
        if close.any():
            over = np.where(close, 0.0, over)
        return self.connection_over_i * over

    def product(self, matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Product with a matrix on the hop table, see :meth:`BlochMatrix.product`."""
        return self.bloch.product(matrix, vectors)

    def apply(self, kernel: Kernel) -> np.ndarray:
        """(k, orbital, band) K u."""
        if kernel.basis == "bands":
            return self.eigenvector @ kernel.matrix
        if kernel.basis == "orbitals":
            return kernel.matrix @ self.eigenvector
        return self.product(kernel.matrix, self.eigenvector)

    def apply_mixed(self, kernel: Kernel) -> np.ndarray:
        """(k, orbital, band) K u G / i."""
        if kernel.basis == "bands":
            return self.eigenvector @ (kernel.matrix @ self.mixing_over_i)
        if kernel.basis == "orbitals":
            return kernel.matrix @ self.mixed
        return self.product(kernel.matrix, self.mixed)

    @cached_property
    def mixed(self) -> np.ndarray:
        """(k, orbital, band) u G / i: the first-order change of each state in the field, over i."""
        return self.eigenvector @ self.mixing_over_i


KernelFunction = Callable[[States, str], Kernel]


def matrix_elements(
    states: States, kernel: Kernel, interband: bool = True
) -> tuple[np.ndarray, np.ndarray | None]:
    """Density <n|n(mu)|n> and polarizability b_n(mu) of every state, each (k, band, row).

    The density (Eqs. 56, S47, S51) summed over rows is the moment.  The polarizability, per unit
    field e E, is None where eigenvectors, velocity and kernel are all real: then it is identically
    zero, the real part of i times a real number.  H(k) is real, for instance, when time reversal
    times the mirror x -> -x is a symmetry (zigzag Haldane ribbons at every flux).
    """
    applied = states.apply(kernel)
    density = np.swapaxes(overlap(states.eigenvector, applied), -1, -2)
    complex_any = (np.iscomplexobj(a) for a in (states.eigenvector, states.slope, kernel.matrix))
    if not interband or not any(complex_any):
        return density, None
    # Re[i z] = -Im z
    value = _minus_imaginary(applied, states.mixed)
    value += _minus_imaginary(states.eigenvector, states.apply_mixed(kernel))
    return density, np.swapaxes(value, -1, -2)


def pair_sum(states: States, kernel: Kernel, difference: np.ndarray) -> np.ndarray | None:
    """Interband response sum_{n, n'} D_nn' Re[<n|n(mu)|n'> A_n'n] at each k, (k, row), per e E.

    The second term of Eq. 55, Eq. 58 where it is alone.

    Parameters
    ----------
    difference : (k, n', n), the symmetric D = (f_n - f_n') / (e_n - e_n') in 1/t0

    None where it is identically zero, as in :func:`matrix_elements`.
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

    b_n = 2 Re sum_{n' != n} X_nn' A_n'n / (e_n - e_n' + i eta); at eta = 0 among states further
    apart than ``CLOSEST`` of their spread, as terms of closer ones are rounding.  For
    X = O * v_y that is the generalized Berry curvature of Eqs. S23-S24.

    Parameters
    ----------
    energy : (k, band);  connection, matrix : (k, band, band), A along x off the diagonal, and X
    """
    if eta:
        propagator = 1 / (energy[:, :, None] - energy[:, None, :] + 1j * eta)  # (k, n, n')
    else:
        spread = np.ptp(energy) if energy.size else 0.0
        propagator = -inverse_gap(energy, max(DEGENERACY, CLOSEST * spread))
    return 2 * (matrix * np.swapaxes(connection, -1, -2) * propagator).sum(axis=-1).real


def center_y(states: States) -> np.ndarray:
    """Mean position <n|y|n> of every state, (k, band), in a."""
    return states.y @ overlap(states.eigenvector, states.eigenvector)
