"""Eigenpairs of H(k) on batches of k."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from . import banded_eigh, compiled

# States closer than this (in t0) are rotated to diagonalise the velocity among them, so that the
# velocity and density of each band are continuous through a crossing.
DEGENERACY = 1e-9


@dataclass(frozen=True)
class Eigenpairs:
    """Bands on a batch of k points.

    Attributes
    ----------
    k : (k,), in 1/a
    energy : (k, band), ascending, in t0
    velocity : (k, band), d energy / dk in t0 a
    eigenvector : (k, orbital, band), atomic gauge
    slope : (k, orbital, orbital), the matrix dH/dk (atomic gauge)
    """

    k: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray
    eigenvector: np.ndarray
    slope: np.ndarray


def adjoint(matrix: np.ndarray) -> np.ndarray:
    """Hermitian conjugate of each ``matrix`` (..., row, column) of a batch."""
    transposed = np.swapaxes(matrix, -1, -2)
    return transposed.conj() if np.iscomplexobj(matrix) else transposed


def overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Re[left* right] element by element, without a complex temporary.

    ``left`` (...) and ``right`` (...) broadcast.
    """
    if not (np.iscomplexobj(left) and np.iscomplexobj(right)):
        return left.real * right.real
    return left.real * right.real + left.imag * right.imag


def expectation(vectors: np.ndarray, applied: np.ndarray) -> np.ndarray:
    """Re <n|X|n>, (k, band).

    Parameters
    ----------
    vectors, applied : (k, orbital, band), eigenvectors and X applied to them
    """
    return overlap(vectors, applied).sum(axis=-2)


def eigh(bloch: BlochMatrix, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energies (k, band), in t0, and eigenvectors (k, orbital, band) of H(k) on k (k,), in 1/a."""
    if bloch.is_real and banded_eigh.is_faster(bloch.size, bloch.bandwidth):
        return banded_eigh.eigh(bloch.lower_band(k))
    return np.linalg.eigh(bloch.hamiltonian(k))


def solve(bloch: BlochMatrix, k: np.ndarray) -> Eigenpairs:
    """Diagonalise H(k) on a batch of k (k,), in 1/a."""
    energy, vectors = eigh(bloch, k)
    slope = bloch.velocity(k)
    if energy.shape[-1] > 1 and np.min(np.diff(energy, axis=-1)) < DEGENERACY:
        vectors = _velocity_bases(energy, vectors, bloch.product(slope, vectors))
    velocity = compiled.expectations(bloch.reach, slope, vectors)
    if velocity is None:
        velocity = expectation(vectors, bloch.product(slope, vectors))
    return Eigenpairs(k, energy, velocity, vectors, slope)


def _velocity_bases(energy, vectors, applied) -> np.ndarray:
    """Rotate each degenerate group of states so that the velocity is diagonal in it.

    Degenerate perturbation theory in k: these are the states that continue smoothly to the
    neighbouring k points.
    """
    vectors = vectors.copy()
    some = np.nonzero(np.any(np.diff(energy, axis=-1) < DEGENERACY, axis=-1))[0]
    vectors[some] = velocity_basis(energy[some], vectors[some], applied[some])
    return vectors


def velocity_basis(
    energy: np.ndarray, vectors: np.ndarray, applied: np.ndarray, closest: float = DEGENERACY
) -> np.ndarray:
    """States (..., orbital, band) that diagonalise the velocity in each degenerate group.

    Parameters
    ----------
    energy : (..., band), ascending, in t0;  vectors : (..., orbital, band)
    applied : (..., orbital, band), the velocity applied to them
    closest : states next to each other are of one group below this distance, in t0
    """
    shape, count = vectors.shape, energy.shape[-1]
    batch = math.prod(shape[:-2])
    vectors, applied = (a.reshape(batch, *shape[-2:]) for a in (vectors.copy(), applied))
    # Groups end where the distance to the next state is large, and at the last state of each k.
    last = np.ones((batch, count), dtype=bool)
    last[:, :-1] = np.diff(energy.reshape(batch, count), axis=-1) >= closest
    ends = np.flatnonzero(last)
    sizes = np.diff(ends, prepend=-1)
    # All groups of one size at once: a crystal may have one pair a band at every k.
    for size in np.unique(sizes[sizes > 1]):
        k, end = np.divmod(ends[sizes == size], count)
        bands = (end[:, None] + np.arange(1 - size, 1))[:, None, :]
        group = (k[:, None, None], np.arange(shape[-2])[:, None], bands)
        states = vectors[group]
        block = adjoint(states) @ applied[group]
        rotation = np.linalg.eigh(0.5 * (block + adjoint(block)))[1]
        vectors[group] = states @ rotation
    return vectors.reshape(shape)
