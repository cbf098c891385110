"""Operators of a finite flake as matrices over its orbitals, in which x is an ordinary matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from ..densities import chosen
from ..errors import UserError
from ..lattice.samples import Flake, System
from ..states.eigenpairs import adjoint, solve
from ..states.eigenstates import States


@dataclass(frozen=True)
class FlakeOperators:
    """One-body operators of a flake, each (orbital, orbital).

    hamiltonian : (orbital, orbital), in t0;  x, y : (orbital, orbital) positions, in a
    velocity_x, velocity_y : (orbital, orbital) i[H, r], in t0 a / hbar
    charge : (orbital, orbital) O of the density, Eq. 1;  density : (row, orbital, orbital) n(mu)
    parity : of the density under time reversal;  units : of the density
    """

    hamiltonian: np.ndarray
    x: np.ndarray
    y: np.ndarray
    velocity_x: np.ndarray
    velocity_y: np.ndarray
    charge: np.ndarray
    density: np.ndarray
    parity: int
    units: str


def flake_operators(
    system: System, density: str, definition: str, regions: np.ndarray | None = None
) -> FlakeOperators:
    """Operators of a flake and one density; ``regions`` (region, row) are weights that sum rows.

    Raises
    ------
    UserError
        If the system is not a flake, or the density has no such definition.
    """
    if not isinstance(system, Flake):
        raise UserError("system", system.kind, "flake")
    module, definition = chosen(density, definition, "flake")
    bloch = system.bloch
    hamiltonian = system.hamiltonian()
    states = States(solve(bloch, np.zeros(1)), bloch)
    kernel = module.kernel(states, definition).matrix[0]
    weights = np.eye(bloch.size) if regions is None else regions
    # n = (P K + K+ P) / 2, P the projector on a row or the weights of a region.
    part = 0.5 * weights[:, :, None] * kernel
    return FlakeOperators(
        hamiltonian=hamiltonian,
        x=np.diag(bloch.x),
        y=np.diag(bloch.y),
        velocity_x=states.slope[0],
        velocity_y=states.velocity_y[0],
        charge=0.5 * (kernel + adjoint(kernel)),
        density=part + adjoint(part),
        parity=module.TIME_REVERSAL,
        units=module.UNITS,
    )


def density_matrix(hamiltonian: np.ndarray, fermi_energy: float, temperature: float) -> np.ndarray:
    """f(H) = (1 - tanh((H - mu) / 2T)) / 2 at a finite temperature, without eigenstates.

    The tanh of a small matrix follows from its exponential; tanh 2X = 2 tanh X / (1 + tanh^2 X)
    is applied repeatedly.  Unlike 1 / (1 + exp X) it is accurate far from the level.

    Parameters
    ----------
    hamiltonian : (orbital, orbital);  fermi_energy, temperature : in t0
    """
    identity = np.eye(len(hamiltonian))
    half = (hamiltonian - fermi_energy * identity) / (2 * temperature)
    doublings = max(0, int(np.ceil(np.log2(np.linalg.norm(half, 1)))))
    grown = expm(2.0 ** (1 - doublings) * half)
    tanh = np.linalg.solve(grown + identity, grown - identity)
    for _ in range(doublings):
        tanh = np.linalg.solve(identity + tanh @ tanh, 2 * tanh)
    return 0.5 * (identity - tanh)
