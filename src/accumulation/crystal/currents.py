"""Generalized currents of the infinite crystal, band by band, on a mesh of the zone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..lattice.lattice import Lattice
from ..states.eigenstates import inverse_gap
from ..states.operator_products import star
from .berry_curvature import BulkStates, bulk_states, operator
from .zone_integrals import axes_along, shifted_mesh


@dataclass(frozen=True)
class CrystalStates:
    """Eigenstates of the infinite crystal on a uniform mesh of the zone.

    weight : d2k / (2 pi)^2 of one k, in 1/a^2
    bulk : bands and velocities, x along the direction of a ribbon
    connection : (2, k, band, band), off-diagonal Berry connection A_x, A_y, in a
    """

    weight: float
    bulk: BulkStates
    connection: np.ndarray

    @property
    def energy(self) -> np.ndarray:
        """Band energies (k, band), in t0."""
        return self.bulk.energy


def crystal_states(lattice: Lattice, direction: tuple[int, int], points: int) -> CrystalStates:
    """States on ``points`` x ``points`` k, with x along ``direction`` as in a ribbon.

    Parameters
    ----------
    direction : (n, m), along n a1 + m a2
    """
    cosine, sine = axes_along(lattice, direction)[0]
    k = shifted_mesh(lattice, points)
    states = bulk_states(lattice, k)
    x, y = states.velocity_x, states.velocity_y
    rotated = replace(states, velocity_x=cosine * x + sine * y, velocity_y=cosine * y - sine * x)
    inverse = inverse_gap(states.energy)
    # A_nn' = i v_nn' / (e_n' - e_n)
    connection = 1j * np.array((rotated.velocity_x * inverse, rotated.velocity_y * inverse))
    area = abs(np.linalg.det(lattice.vectors))
    return CrystalStates(1 / (area * len(k)), rotated, connection)


def crystal_operator(states: CrystalStates, lattice: Lattice, density: str) -> np.ndarray:
    """Operator O of a density in the band basis, (k, band, band).

    Raises
    ------
    UserError
        For a density of which the crystal has no operator.
    """
    return operator(density, lattice, states.bulk)


def current(states: CrystalStates, operator: np.ndarray) -> np.ndarray:
    """Conventional current O * v_y in the band basis, (k, band, band) (Eqs. 8, 30).

    Parameters
    ----------
    operator : (k, band, band), O; the current is in its units times t0 a / hbar
    """
    return star(operator, states.bulk.velocity_y)


def drift_by_band(states: CrystalStates, operator: np.ndarray) -> np.ndarray:
    """-O_nn Omega_n, (k, band): the density of a state transported by its anomalous velocity.

    The second term of reading B of S36.

    Parameters
    ----------
    operator : (k, band, band), O; the result is in its units times a^2
    """
    ax, ay = states.connection
    curvature = -2 * (ax * np.swapaxes(ay, -1, -2)).sum(axis=-1).imag
    return -np.einsum("knn->kn", operator).real * curvature


def dipole_by_band(states: CrystalStates, operator: np.ndarray) -> np.ndarray:
    """Re sum_{n' != n} O_nn' A^y_n'n, (k, band): the dipole of O about the centre of the state.

    The dipole of S36.

    Parameters
    ----------
    operator : (k, band, band), O; the result is in its units times a
    """
    return (operator * np.swapaxes(states.connection[1], -1, -2)).sum(axis=-1).real
