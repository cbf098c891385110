"""Hall conductivities of any operator as plain sums over a mesh of the zone (S23, S24)."""

from __future__ import annotations

import numpy as np

from ..inputs import at_least
from ..lattice.lattice import Lattice
from ..states.occupations import fermi_dirac
from .berry_curvature import bulk_states, curvature, operator

# Numbers of a batch of k: 16 bytes times this and a few matrices.
CHUNK = 2_000_000


def hall_conductivity(
    lattice: Lattice,
    name: str,
    fermi_energy: np.ndarray,
    points: int,
    temperature: float = 0.0,
) -> np.ndarray:
    """Undergap current of O along y in a field along x, (fermi_energy,), by a uniform mesh.

    sigma_yx = sum_n int d^Dk / (2 pi)^D f_n Omega_n,yx, in [O] e / hbar times a^(2 - D): for O = 1
    in two dimensions -C / 2 pi with the Chern number C.  In a gap it converges exponentially.

    Parameters
    ----------
    name : one of :data:`.berry_curvature.OPERATORS`, or an operator of the lattice such as ``L_z``
    fermi_energy : (fermi_energy,), in t0;  temperature : in t0
    points : of the mesh along each reciprocal vector

    Raises
    ------
    UserError
        For an unknown operator, or fewer than 2 points.
    """
    at_least("points", points, 2)
    dimension, orbitals = lattice.dimension, len(lattice.orbitals)
    fraction = (np.indices((points,) * dimension).reshape(dimension, -1).T + 0.5) / points
    levels = np.atleast_1d(np.asarray(fermi_energy, dtype=float))
    total = np.zeros(len(levels))
    for part in np.array_split(fraction, 1 + fraction.shape[0] * orbitals**2 // CHUNK):
        states = bulk_states(lattice, part @ lattice.reciprocal)
        of_bands = curvature(states, operator(name, lattice, states))
        for i, level in enumerate(levels):
            total[i] += np.sum(fermi_dirac(states.energy, level, temperature) * of_bands)
    cell = abs(np.linalg.det(lattice.vectors))
    return total / (cell * points**dimension)
