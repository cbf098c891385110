"""Interacting electrons on a few orbitals, by exact diagonalization at each particle number.

A state is an integer whose bit i is 1 if orbital i is filled; the operators c+_i act in ascending
order.  All matrix elements of an operator are computed at once from these integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ..errors import UserError
from .lehmann import pair_sum, pairs

# 2^14 integers and 3432 states at half filling are the limit of a dense eigenproblem.
LARGEST = 14


@dataclass(frozen=True)
class Sector:
    """The states of ``electrons`` electrons on ``orbitals`` orbitals."""

    orbitals: int
    electrons: int

    @cached_property
    def states(self) -> np.ndarray:
        """States (state,) as ascending integers."""
        integers = np.arange(2**self.orbitals)
        return integers[np.bitwise_count(integers) == self.electrons]

    @cached_property
    def filled(self) -> np.ndarray:
        """Occupations (state, orbital), 0 or 1."""
        return (self.states[:, None] >> np.arange(self.orbitals)) & 1

    def one_body(self, matrix: np.ndarray) -> csr_array:
        """sum_ij O_ij c+_i c_j (Eq. 2), (state, state), of a ``matrix`` (orbital, orbital)."""
        size = len(self.states)
        to, origin = np.nonzero(matrix - np.diag(np.diag(matrix)))
        able = (self.filled[:, origin] == 1) & (self.filled[:, to] == 0)
        column, hop = np.nonzero(able)
        moved = self.states[column] ^ (1 << to[hop]) ^ (1 << origin[hop])
        # A factor -1 for every electron between the two orbitals.
        low, high = np.minimum(to, origin)[hop], np.maximum(to, origin)[hop]
        between = (1 << high) - (1 << (low + 1))
        sign = 1 - 2 * (np.bitwise_count(self.states[column] & between) & 1).astype(float)
        row = np.searchsorted(self.states, moved)
        values = sign * matrix[to[hop], origin[hop]]
        diagonal = self.filled @ np.diag(matrix)
        places = np.arange(size)
        where = np.concatenate((row, places)), np.concatenate((column, places))
        return csr_array((np.concatenate((values, diagonal)), where), shape=(size, size))

    def repulsion(self, bonds: np.ndarray) -> csr_array:
        """Sum over bonds (bond, 2) of (n_i - 1/2) (n_j - 1/2), (state, state), diagonal.

        The terms 1/2 represent the neutralizing background; for a bipartite lattice half filling is
        then at zero chemical potential.
        """
        excess = self.filled - 0.5
        values = (excess[:, bonds[:, 0]] * excess[:, bonds[:, 1]]).sum(axis=1)
        places = np.arange(len(values))
        return csr_array((values, (places, places)), shape=(len(values),) * 2)


def sectors(orbitals: int, electrons: int | None) -> list[Sector]:
    """The sector of ``electrons`` electrons (canonical), or all sectors for None.

    Raises
    ------
    UserError
        If there are too many orbitals, or more electrons than orbitals.
    """
    if orbitals > LARGEST:
        raise UserError("geometry", f"{orbitals} orbitals", f"at most {LARGEST}")
    if electrons is None:
        return [Sector(orbitals, number) for number in range(orbitals + 1)]
    if not 0 < electrons < orbitals:
        raise UserError("electrons", electrons, f"an integer from 1 to {orbitals - 1}")
    return [Sector(orbitals, electrons)]


def nearest_bonds(positions: np.ndarray) -> np.ndarray:
    """Pairs (bond, 2) of orbitals at the smallest non-zero distance.

    Parameters
    ----------
    positions : (orbital, 3), in a
    """
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    smallest = distance[distance > 1e-6].min(initial=np.inf)
    first, second = np.nonzero(np.abs(distance - smallest) < 1e-6)
    return np.column_stack((first, second))[first < second]


@dataclass(frozen=True)
class Ensemble:
    """Exact eigenstates of all sectors with their probabilities.

    hamiltonian : of each sector, sparse (state, state), in t0
    energy, vectors, weight : of each sector, eigenpairs (state,), (state, state) and P_n (S1)
    """

    sectors: list[Sector]
    hamiltonian: list[csr_array]
    energy: list[np.ndarray]
    vectors: list[np.ndarray]
    weight: list[np.ndarray]

    def response(self, left: list[np.ndarray], right: list[np.ndarray], z: np.ndarray):
        """chi_AB(z) of S1, (..., z), at complex z (z,) in t0.

        ``left`` and ``right`` are matrix elements of each sector from :meth:`elements`.
        """
        parts = zip(self.energy, self.weight, left, right, strict=True)
        return sum(pair_sum(*pairs(*part), z) for part in parts)

    def elements(self, operators: list[list[csr_array]]) -> list[np.ndarray]:
        """Matrix elements <m|A|n> (operator, state, state) of each sector's sparse operators."""
        return [
            np.stack([u.conj().T @ (operator @ u) for operator in sector_operators])
            for u, sector_operators in zip(self.vectors, operators, strict=True)
        ]

    def average(self, elements: list[np.ndarray]) -> np.ndarray:
        """Averages <A> (...,) from matrix elements (..., state, state) of each sector."""
        parts = zip(self.weight, elements, strict=True)
        return sum(np.diagonal(a, axis1=-2, axis2=-1) @ weight for weight, a in parts)


def ensemble(
    included: list[Sector],
    one_body: np.ndarray,
    bonds: np.ndarray,
    repulsion: float,
    temperature: float,
    chemical_potential: float = 0.0,
) -> Ensemble:
    """Diagonalize H = sum h_ij c+_i c_j + V sum_<ij> (n_i - 1/2)(n_j - 1/2) in each sector.

    Parameters
    ----------
    included : one sector for the canonical, all sectors for the grand-canonical ensemble
    one_body : (orbital, orbital) h, in t0;  bonds : (bond, 2);  repulsion : V, in t0
    temperature, chemical_potential : of the ensemble, in t0; the temperature is above zero
    """
    hamiltonian = [
        sector.one_body(one_body) + repulsion * sector.repulsion(bonds) for sector in included
    ]
    energy, vectors = zip(*(np.linalg.eigh(h.toarray()) for h in hamiltonian), strict=True)
    grand_energy = [
        e - chemical_potential * sector.electrons
        for e, sector in zip(energy, included, strict=True)
    ]
    lowest = min(e.min() for e in grand_energy)
    boltzmann = [np.exp(-(e - lowest) / temperature) for e in grand_energy]
    partition = sum(b.sum() for b in boltzmann)
    weight = [b / partition for b in boltzmann]
    return Ensemble(included, hamiltonian, list(energy), list(vectors), weight)
