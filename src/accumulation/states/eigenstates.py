"""Eigenstates on a batch of k, and the operators between them that densities need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import UserError, Verbatim
from ..lattice.bloch import BlochMatrix
from . import compiled
from .computed_once import computed_once
from .eigenpairs import DEGENERACY, Eigenpairs, adjoint

# Pairs of states closer than this fraction of :attr:`BlochMatrix.scale` are left out of the
# polarizability.  Their terms, of order 1 / gap^2 and opposite in both states, have a rounding
# error of 1e-16 / gap^2.  The response adds these pairs from divided differences of the occupation,
# which have no such terms (:mod:`accumulation.responses.integrands`).
CLOSE_PAIR = 1e-5
# The same for sums over all pairs: at smaller gaps a term is rounding only.
CLOSEST = 1e-8


@dataclass(frozen=True)
class Kernel:
    """Matrix K of one density on a batch of k.

    matrix : (k, orbital, orbital), or (k, band, band) holding u+ K u
    basis : ``"hops"`` (orbitals, non-zero only where a hop connects them or on the diagonal),
        ``"orbitals"`` (any orbitals) or ``"bands"``
    """

    matrix: np.ndarray
    basis: str


def inverse_gap(energy: np.ndarray, closest: float = DEGENERACY) -> np.ndarray:
    """1 / (e_n - e_n') as (..., n', n), in 1/t0; zero where the gap is below ``closest`` (in t0).

    Degenerate states diagonalise the velocity among them, so its elements between them vanish and
    are not divided by the gap.

    Parameters
    ----------
    energy : (..., band), ascending, in t0
    """
    gap = energy[..., None, :] - energy[..., :, None]
    if np.diff(energy).min(initial=np.inf) >= closest:
        np.einsum("...nn->...n", gap)[...] = np.inf
    else:
        gap[np.abs(gap) < closest] = np.inf
    return np.reciprocal(gap, out=gap)


class States:
    """Eigenstates on a batch of k and the operators a kernel may need, each computed once.

    Attributes
    ----------
    k, energy, velocity, eigenvector : as in :class:`~accumulation.states.eigenpairs.Eigenpairs`
    x, y : (orbital,) site positions, in a
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
        self._dipoles: dict[int, np.ndarray] = {}

    def times_position(self, matrix: np.ndarray, axis: int) -> np.ndarray:
        """x or y (``axis`` 0 or 1) times a matrix (k, orbital, n), in a times its unit.

        The position is that of the orbitals, and where the system has dipoles those too.
        """
        place = (self.x, self.y)[axis][:, None]
        if self.bloch.dipoles is None:
            return place * matrix
        return place * matrix + self._dipole(axis) @ matrix

    def anticommutator(self, matrix: np.ndarray, axis: int) -> np.ndarray:
        """Anticommutator of x or y (``axis`` 0 or 1) and a matrix (k, orbital, orbital)."""
        place = (self.x, self.y)[axis]
        product = matrix * (place[:, None] + place)
        if self.bloch.dipoles is None:
            return product
        dipole = self._dipole(axis)
        return product + dipole @ matrix + matrix @ dipole

    def _dipole(self, axis: int) -> np.ndarray:
        if axis not in self._dipoles:
            self._dipoles[axis] = self.bloch.dipole(self.k, axis)
        return self._dipoles[axis]

    def operator(self, name: str) -> np.ndarray:
        """An operator on the orbitals of each site, (k, orbital, orbital).

        Raises
        ------
        UserError
            If the system has none of that name.
        """
        known = self.bloch.operators
        if name not in known:
            why = ", ".join(known) or "none, as its lattice has neither shells nor local_operators"
            raise UserError("operator", name, Verbatim(f"one that the system has: {why}"))
        return self.bloch.operator(name, self.k)

    @computed_once
    def velocity_y(self) -> np.ndarray:
        """Velocity across, i[H, y] (Eq. 4), (k, orbital, orbital), in t0 a."""
        return self.bloch.velocity_y(self.k)

    @computed_once
    def band_velocity(self) -> np.ndarray:
        """Velocity <n|dH/dk|n'> along x, (k, band, band), in t0 a."""
        return adjoint(self.eigenvector) @ self.product(self.slope, self.eigenvector)

    @computed_once
    def _inverse_gap(self) -> np.ndarray:
        """1 / (e_n - e_n'), (k, n', n), in 1/t0; zero among degenerate states."""
        return inverse_gap(self.energy)

    @computed_once
    def connection_over_i(self) -> np.ndarray:
        """Berry connection A_{n'n} / i off the diagonal (S22), (k, n', n), in a."""
        return self.band_velocity * self._inverse_gap

    @computed_once
    def mixing_over_i(self) -> np.ndarray:
        """G / i = A_{n'n} / (i (e_n - e_n')), (k, n', n); zero for pairs closer than CLOSE_PAIR."""
        over, closest = self._inverse_gap, self._closest_pair
        if np.diff(self.energy).min(initial=np.inf) < closest:
            over = np.where(np.abs(over) > 1 / closest, 0.0, over)
        return self.band_velocity * over**2

    @property
    def _closest_pair(self) -> float:
        return max(DEGENERACY, CLOSE_PAIR * self.bloch.scale)

    def product(self, matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Product with a matrix on the hop table, (k, orbital, n): :meth:`BlochMatrix.product`.

        Parameters
        ----------
        matrix : (k, orbital, orbital);  vectors : (k, orbital, n)
        """
        return self.bloch.product(matrix, vectors)

    def apply(self, kernel: Kernel) -> np.ndarray:
        """K u, (k, orbital, band), of a kernel K."""
        if kernel.basis == "bands":
            return self.eigenvector @ kernel.matrix
        if kernel.basis == "orbitals":
            return kernel.matrix @ self.eigenvector
        return self.product(kernel.matrix, self.eigenvector)

    def apply_mixed(self, kernel: Kernel) -> np.ndarray:
        """K u G / i, (k, orbital, band), of a kernel K."""
        if kernel.basis == "bands":
            return self.eigenvector @ (kernel.matrix @ self.mixing_over_i)
        if kernel.basis == "orbitals":
            return kernel.matrix @ self.mixed
        return self.product(kernel.matrix, self.mixed)

    @computed_once
    def mixed(self) -> np.ndarray:
        """u G / i, (k, orbital, band): first-order change of each state in the field, over i."""
        found = compiled.mixed_states(
            self.bloch.reach, self.slope, self.energy, self.eigenvector, self._closest_pair
        )
        return self.eigenvector @ self.mixing_over_i if found is None else found


KernelFunction = Callable[[States, str], Kernel]


def own_kernel(
    kernel: KernelFunction,
    definition: str,
    bloch: BlochMatrix,
    k: np.ndarray,
    gauge: str = "atomic",
    on_hops: bool = False,
) -> Kernel:
    """Kernel of a density whose operator is a matrix of the system, without diagonalising.

    Parameters
    ----------
    k : (k,), in 1/a;  on_hops : whether it must have elements on hops only

    Raises
    ------
    UserError
        If the kernel needs eigenstates, such as one that is a sum over bands, or lies elsewhere.
    """
    unknown = np.broadcast_to(np.nan, (len(k), bloch.size))
    vectors = np.broadcast_to(np.nan, (len(k), bloch.size, bloch.size))
    pairs = Eigenpairs(k, unknown, unknown, vectors, bloch.velocity(k))
    found = kernel(States(pairs, bloch, gauge), definition)
    bases = ("hops",) if on_hops else ("hops", "orbitals")
    if found.basis not in bases or not np.all(np.isfinite(found.matrix)):
        what = "has elements on hops only" if on_hops else "is no sum over bands"
        raise UserError("definition", definition, f"one whose operator {what}")
    return found
