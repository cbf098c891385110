"""Interacting electrons on a few orbitals, by exact diagonalization in each particle number.

A state is an integer whose bit i says whether orbital i is filled, c+_i acting in ascending order;
all matrix elements of an operator are found at once from such integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ..errors import UserError
from .lehmann import pair_sum, pairs

# 2^14 integers, and 3432 states at half filling: more do not fit a dense eigenproblem.
LARGEST = 14


@dataclass(frozen=True)
class Sector:
    """The states of ``electrons`` electrons on ``orbitals`` orbitals."""

    orbitals: int
    electrons: int

    @cached_property
    def states(self) -> np.ndarray:
        """(state,) integers, ascending."""
        every = np.arange(2**self.orbitals)
        return every[np.bitwise_count(every) == self.electrons]

    @cached_property
    def filled(self) -> np.ndarray:
        """(state, orbital) 0 or 1."""
        return (self.states[:, None] >> np.arange(self.orbitals)) & 1

    def one_body(self, matrix: np.ndarray) -> csr_array:
        """sum_ij O_ij c+_i c_j (Eq. 2), (state, state), of O (orbital, orbital)."""
        size = len(self.states)
        to, origin = np.nonzero(matrix - np.diag(np.diag(matrix)))
        able = (self.filled[:, origin] == 1) & (self.filled[:, to] == 0)
        column, hop = np.nonzero(able)
        moved = self.states[column] ^ (1 << to[hop]) ^ (1 << origin[hop])
        # Minus for every electron that is passed on the way.
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
        """sum over bonds (bond, 2) of (n_i - 1/2) (n_j - 1/2), diagonal in the states.

        The halves stand for the neutralizing background; they keep half filling at zero chemical
        potential where the lattice is bipartite.
        """
        excess = self.filled - 0.5
        values = (excess[:, bonds[:, 0]] * excess[:, bonds[:, 1]]).sum(axis=1)
        places = np.arange(len(values))
        return csr_array((values, (places, places)), shape=(len(values),) * 2)


def sectors(orbitals: int, electrons: int | None) -> list[Sector]:
    """The canonical sector of ``electrons``, or all sectors for None.

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
    """Pairs (bond, 2) of orbitals at the smallest distance that is not zero."""
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    smallest = distance[distance > 1e-6].min(initial=np.inf)
    first, second = np.nonzero(np.abs(distance - smallest) < 1e-6)
    return np.column_stack((first, second))[first < second]


@dataclass(frozen=True)
class Ensemble:
    """Exact eigenstates of all sectors with their probabilities.

    hamiltonian : of each sector, sparse;  energy, vectors, weight : eigenpairs and P_n (S1)
    """

    sectors: list[Sector]
    hamiltonian: list[csr_array]
    energy: list[np.ndarray]
    vectors: list[np.ndarray]
    weight: list[np.ndarray]

    def response(self, left: list[np.ndarray], right: list[np.ndarray], z: np.ndarray):
        """chi_AB(z) (..., z) of S1 from matrix elements of each sector (see :meth:`elements`)."""
        parts = zip(self.energy, self.weight, left, right, strict=True)
        return sum(pair_sum(*pairs(*part), z) for part in parts)

    def elements(self, operators: list[list[csr_array]]) -> list[np.ndarray]:
        """<m|A|n> (operator, state, state) of each sector, from its sparse operators."""
        return [
            np.stack([u.conj().T @ (one @ u) for one in some])
            for u, some in zip(self.vectors, operators, strict=True)
        ]

    def average(self, elements: list[np.ndarray]) -> np.ndarray:
        """<A> (...,) from matrix elements."""
        parts = zip(self.weight, elements, strict=True)
        return sum(np.diagonal(a, axis1=-2, axis2=-1) @ weight for weight, a in parts)


def ensemble(
    some: list[Sector],
    one_body: np.ndarray,
    bonds: np.ndarray,
    repulsion: float,
    temperature: float,
    chemical_potential: float = 0.0,
) -> Ensemble:
    """Diagonalize H = sum h_ij c+_i c_j + V sum_<ij> (n_i - 1/2)(n_j - 1/2) in each sector.

    Parameters
    ----------
    one_body : (orbital, orbital) h, in t0;  repulsion : V, in t0
    temperature, chemical_potential : of the ensemble, in t0, the temperature above zero; with one
        sector it is canonical
    """
    hamiltonian = [one.one_body(one_body) + repulsion * one.repulsion(bonds) for one in some]
    energy, vectors = zip(*(np.linalg.eigh(h.toarray()) for h in hamiltonian), strict=True)
    above = [e - chemical_potential * one.electrons for e, one in zip(energy, some, strict=True)]
    lowest = min(e.min() for e in above)
    boltzmann = [np.exp(-(e - lowest) / temperature) for e in above]
    partition = sum(b.sum() for b in boltzmann)
    weight = [b / partition for b in boltzmann]
    return Ensemble(some, hamiltonian, list(energy), list(vectors), weight)
