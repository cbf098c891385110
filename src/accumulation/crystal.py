"""The infinite crystal in a field: generalized currents by bands, on a mesh of the zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bands import adjoint
from .elements import ETA
from .errors import UserError
from .lattice import Lattice


@dataclass(frozen=True)
class CrystalStates:
    """Eigenstates of the infinite crystal on a uniform mesh of the zone.

    weight : d2k / (2 pi)^2 of one k;  energy : (k, band)
    velocity : (2, k, band, band), along x and y;  connection : (2, k, band, band), off-diagonal
    eigenvector : (k, orbital, band)
    """

    weight: float
    energy: np.ndarray
    velocity: np.ndarray
    connection: np.ndarray
    eigenvector: np.ndarray


def crystal_states(lattice: Lattice, direction: tuple[int, int], points: int) -> CrystalStates:
    """States on ``points`` x ``points`` k; x runs along ``direction``, as in a ribbon cut along it.

    The mesh is shifted by half a step, off the points where bands of honeycomb models touch.
    """
    along = np.asarray(direction) @ lattice.vectors
    axis = along / np.hypot(*along)
    turn = np.array([axis, [-axis[1], axis[0]]])
    reciprocal = 2 * np.pi * np.linalg.inv(lattice.vectors).T
    steps = (np.arange(points) + 0.5) / points
    k = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2) @ reciprocal
    row, column, cell, amplitude = lattice.hop_table()
    xy = lattice.positions[:, :2]
    size = len(xy)
    displacement = cell @ lattice.vectors + xy[column] - xy[row]
    table = np.zeros((len(row), size**2), dtype=complex)
    table[np.arange(len(row)), row * size + column] = amplitude
    phase = np.exp(1j * k @ displacement.T)
    shape = (len(k), size, size)
    energy, vectors = np.linalg.eigh((phase @ table).reshape(shape))
    velocity = []
    for unit in turn:
        slope = ((1j * phase * (displacement @ unit)) @ table).reshape(shape)
        velocity.append(adjoint(vectors) @ slope @ vectors)
    gap = energy[:, None, :] - energy[:, :, None]
    connection = 1j * np.array(velocity) * (gap / (gap * gap + ETA * ETA))
    area = abs(np.linalg.det(lattice.vectors))
    return CrystalStates(1 / (area * len(k)), energy, np.array(velocity), connection, vectors)


def crystal_operator(states: CrystalStates, lattice: Lattice, density: str) -> np.ndarray:
    """O in the band basis, (k, band, band), as far as the infinite crystal has one.

    charge: 1;  spin: s_z;  orbital_moment: the interband matrix of S55 with the off-diagonal
    connection, which does not depend on an origin (a ribbon's operator does).
    """
    u = states.eigenvector
    if density == "charge":
        return np.broadcast_to(np.eye(u.shape[-1], dtype=complex), u.shape)
    if density == "spin":
        return adjoint(u) @ (lattice.spins[:, None] * u)
    if density == "orbital_moment":
        ax, ay = states.connection
        e = states.energy[:, :, None]
        both = (e + np.swapaxes(e, -1, -2)) * (ax @ ay - ay @ ax)
        return (both - 2 * (ax @ (e * ay) - ay @ (e * ax))) / 4j
    raise UserError("density", density, "one of: charge, spin, orbital_moment")


def current(states: CrystalStates, operator: np.ndarray) -> np.ndarray:
    """Conventional current O * v_y in the band basis, (k, band, band) (Eqs. 8, 30)."""
    vy = states.velocity[1]
    return 0.5 * (operator @ vy + vy @ operator)


def response_by_band(states: CrystalStates, matrix: np.ndarray, eta: float = 0.0) -> np.ndarray:
    """Interband response of an operator X to E_x at i eta, by band (k, band).

    2 Re sum_{n' != n} X_nn' A_n'n / (e_n - e_n' + i eta); for X = O * v_y and eta = 0 the
    generalized Berry curvature of Eqs. S23-S24.
    """
    gap = states.energy[:, :, None] - states.energy[:, None, :]
    propagator = 1 / (gap + 1j * eta) if eta else gap / (gap * gap + ETA * ETA)
    return 2 * (matrix * np.swapaxes(states.connection[0], -1, -2) * propagator).sum(axis=-1).real


def drift_by_band(states: CrystalStates, operator: np.ndarray) -> np.ndarray:
    """-O_nn Omega_n, (k, band): the density of a state carried along by its anomalous velocity."""
    ax, ay = states.connection
    curvature = -2 * (ax * np.swapaxes(ay, -1, -2)).sum(axis=-1).imag
    return -np.einsum("knn->kn", operator).real * curvature


def dipole_by_band(states: CrystalStates, operator: np.ndarray) -> np.ndarray:
    """Re sum_{n' != n} O_nn' A^y_n'n, (k, band): the dipole of O about the state's own centre."""
    return (operator * np.swapaxes(states.connection[1], -1, -2)).sum(axis=-1).real
