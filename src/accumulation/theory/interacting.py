"""Reciprocity of interacting electrons, by exact diagonalization of a small cluster.

H = sum h_ij c+_i c_j + V sum_<ij> (n_i - 1/2)(n_j - 1/2) on a flake at a finite temperature.  S1 is
evaluated with all many-body states, with A the orbital moment (or another density) at an edge and
its net, and B the dipole x.  The proof of S1-S6 uses time reversal only, so it holds with
interaction.  Without time reversal the relation is one to the time-reversed cluster.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm, solve_sylvester

from ..errors import UserError
from ..identities import Identity
from ..responses import lehmann
from ..responses.edges import regions
from ..responses.flake_operators import flake_operators
from ..responses.lehmann import relative
from ..responses.many_body import Ensemble, ensemble, nearest_bonds, sectors
from ..states.occupations import fermi_dirac
from ..states.operator_products import commutator
from ..symmetry import time_reversal

EQUATION = "S1-S6, 33"
UNITS = {"interaction": "t0", "chemical_potential": "t0", "temperature": "t0", "eta": "t0"}
# The equation of motion is left out for larger sectors: it costs several diagonalizations.
MOVED = 128
_UNITS = "unit of the density x e E / t0"
_DIMS = ("part", "region", "frequency")
VARIABLES = {
    "frequency": (("frequency",), "t0 / hbar", "frequency", "18"),
    "part": (("part",), "1", "real: in phase with the field; imaginary: a quarter behind", "16"),
    "region": (("region",), "1", "edges (each half of the cluster) and their sum", "S49"),
    "density_units": ((), "1", "unit of the density", "5"),
    "forward": (_DIMS, _UNITS, "density in a field on the dipole", "S1"),
    "backward": (_DIMS, _UNITS, "parity times the dipole in a field on the density", "S6"),
    "electrons": ((), "1", "mean number of electrons", "2"),
    "time_reversal_defect": ((), "t0", "largest element of Theta h Theta^-1 - h", "S4"),
    "asymmetry": ((), "1", "chi_AB against its reciprocal, relative", "S6"),
    "reversed_residual": ((), "1", "chi_AB against the time-reversed cluster, relative", "S3"),
    "sum_rule_residual": ((), "1", "identity at omega + i eta, relative", "33"),
    "independent_difference": (
        (),
        "1",
        "many-body response against that of independent electrons, relative",
        "17, S1",
    ),
    "motion_difference": ((), "1", "S1 against the equation of motion, relative", "S1"),
    "reciprocity_residual": ((), "1", "largest asymmetry with time reversal", "S6"),
    "reciprocity_violation": ((), "1", "least asymmetry without time reversal", "S6"),
    "independent_residual": (
        (),
        "1",
        "largest difference from independent electrons without interaction",
        "17, S1",
    ),
    "interaction_effect": (
        (),
        "1",
        "largest difference from independent electrons on the grid",
        "17, S1",
    ),
    "motion_residual": ((), "1", "largest difference from the equation of motion", "S1"),
}
_ROUTE = "both responses from exact many-body eigenstates, computed independently"
CHECKS = {
    "reciprocity_residual": Identity(
        "with time reversal chi_AB = lambda_A lambda_B chi_BA at every interaction", _ROUTE, 1e-10
    ),
    "reciprocity_violation": Identity(
        "without time reversal the relation fails at every interaction",
        _ROUTE,
        1e-3,
        at_least=True,
    ),
    "reversed_residual": Identity(
        "chi_AB of interacting electrons is lambda_A lambda_B chi_BA of the time-reversed cluster",
        "exact many-body eigenstates of the time-reversed cluster",
        1e-10,
    ),
    "sum_rule_residual": Identity(
        "-i (omega + i eta) chi_AB = -i <[A, B]> + chi_(dA/dt) B with interaction",
        "commutators of sparse many-body matrices",
        1e-10,
    ),
    "independent_residual": Identity(
        "without interaction S1 in the grand-canonical ensemble is Eq. 17 with Fermi functions",
        "one-body eigenstates of the same cluster",
        1e-10,
    ),
    "interaction_effect": Identity(
        "the interaction changes the response that stays reciprocal",
        "one-body eigenstates of the same cluster",
        1e-2,
        at_least=True,
    ),
    "motion_residual": Identity(
        "S1 solves z rho_1 = [H, rho_1] + [x, rho_0] with interaction",
        "Sylvester equation and matrix exponential, no eigenstates",
        1e-10,
    ),
}


def compute(
    lattice,
    direction: tuple = (1, 0),
    width: int = 2,
    length: int = 2,
    interaction: float = 0.0,
    electrons: int = 0,
    chemical_potential: float = 0.0,
    temperature: float = 0.2,
    eta: float = 0.1,
    frequency: tuple = tuple(0.05 * i for i in range(81)),
    density: str = "orbital_moment",
    definition: str = "exact",
) -> dict:
    """chi_AB and chi_BA of S1 of a flake of ``width`` x ``length`` cells.

    ``electrons`` 0 is the grand-canonical ensemble at ``chemical_potential``, any other number the
    canonical one.

    Raises
    ------
    UserError
        If eta or the temperature is not positive, or the flake or the number of electrons is not
        possible.
    """
    for key, value in (("eta", eta), ("temperature", temperature)):
        if value <= 0:
            raise UserError(key, value, "a number above 0")
    frequency = np.asarray(frequency, dtype=float)
    z = frequency + 1j * eta
    flake = lattice.flake(tuple(direction), width, length)
    weights = regions(flake.positions[:, 1])
    operators = flake_operators(flake, density, definition, weights)
    theta = time_reversal.partners(flake.positions, flake.spin)
    time_reversed, parity = time_reversal.reversed_operator, operators.parity
    h, x, rows = operators.hamiltonian, operators.x, operators.density

    all_sectors = sectors(len(h), electrons or None)
    parameters = nearest_bonds(flake.positions), interaction, temperature, chemical_potential
    states = ensemble(all_sectors, h, *parameters)
    reversed_states = ensemble(all_sectors, time_reversed(h, *theta), *parameters)
    forward, backward, sum_rule = _both_ways(states, rows, x, parity, z)
    backward_reversed = _both_ways(
        reversed_states, parity * time_reversed(rows, *theta), x, parity, z
    )[1]

    # Independent electrons (Eq. 17): the grand-canonical ensemble must agree with them at V = 0.
    energy, u = np.linalg.eigh(h)
    weight = fermi_dirac(energy, chemical_potential, temperature)
    bare = lehmann.response(
        energy, weight, lehmann.eigenbasis(u, rows), lehmann.eigenbasis(u, x), z
    )
    number = sum(w.sum() * s.electrons for w, s in zip(states.weight, all_sectors, strict=True))
    return {
        "frequency": frequency,
        "part": np.array(["real", "imaginary"]),
        "region": np.array(("left", "right", "net")),
        "density_units": np.array(operators.units),
        "forward": np.stack((forward.real, forward.imag)),
        "backward": np.stack((backward.real, backward.imag)),
        "electrons": number,
        "time_reversal_defect": time_reversal.defect(h, *theta),
        "asymmetry": relative(forward - backward, forward),
        "reversed_residual": relative(forward - backward_reversed, forward),
        "sum_rule_residual": sum_rule,
        "independent_difference": relative(forward - bare, bare) if electrons == 0 else np.nan,
        "motion_difference": _motion(states, rows, x, temperature, chemical_potential, forward, z),
    }


def _both_ways(states: Ensemble, rows, x, parity: int, z: np.ndarray) -> tuple:
    """chi_AB (row, z), lambda chi_BA, and the relative residual of Eq. 33."""
    density = [[s.one_body(row) for row in rows] for s in states.sectors]
    dipole = [[s.one_body(x)] for s in states.sectors]
    rate = [
        [1j * commutator(h, row) for row in operators]
        for h, operators in zip(states.hamiltonian, density, strict=True)
    ]
    torque = [
        [commutator(row, right[0]) for row in operators]
        for operators, right in zip(density, dipole, strict=True)
    ]
    left, right, rate = (states.elements(sparse) for sparse in (density, dipole, rate))
    forward = states.response(left, right, z)
    backward = parity * states.response(right, left, z)
    moving = states.response(rate, right, z)
    contact = -1j * states.average(states.elements(torque))[:, None]
    residual = -1j * z * forward - contact - moving
    return forward, backward, relative(residual, moving, contact)


def _motion(states: Ensemble, rows, x, temperature, chemical_potential, chi, z) -> float:
    """chi against the linear response of the von Neumann equation, in the middle of ``z``.

    NaN if a sector has more than MOVED states.
    """
    if max(len(s.states) for s in states.sectors) > MOVED:
        return np.nan
    middle = len(z) // 2
    shift = min(
        e.min() - chemical_potential * s.electrons
        for e, s in zip(states.energy, states.sectors, strict=True)
    )
    partition, motion = 0.0, np.zeros(len(rows), dtype=complex)
    for sector, sparse in zip(states.sectors, states.hamiltonian, strict=True):
        h = sparse.toarray().astype(complex)
        identity = np.eye(len(h))
        level = chemical_potential * sector.electrons + shift
        rho = expm((level * identity - h) / temperature)
        partition += np.trace(rho).real
        change = commutator(sector.one_body(x).toarray(), rho)
        change_of_state = solve_sylvester(z[middle] * identity - h, h, change)
        motion += [np.sum(sector.one_body(row).toarray() * change_of_state.T) for row in rows]
    return relative(motion / partition - chi[:, middle], chi[:, middle])


def conclude(axes: dict, values: dict) -> dict:
    """Worst points of the grid with and without time reversal, and without interaction.

    ``values`` have the axes of the grid; the results are numbers.
    """
    invariant = values["time_reversal_defect"] <= time_reversal.INVARIANT
    worst = {}
    if invariant.any():
        worst["reciprocity_residual"] = values["asymmetry"][invariant].max()
    if not invariant.all():
        worst["reciprocity_violation"] = values["asymmetry"][~invariant].min()
    difference = values["independent_difference"]
    if "interaction" in axes and np.isfinite(difference).all():
        # The axis of the interaction last, for any order in the config.
        without_interaction = np.moveaxis(difference, list(axes).index("interaction"), -1)
        without_interaction = without_interaction[..., axes["interaction"] == 0]
        if without_interaction.size:
            worst["independent_residual"] = without_interaction.max()
        worst["interaction_effect"] = difference.max()
    motion = values["motion_difference"]
    if np.isfinite(motion).any():
        worst["motion_residual"] = np.nanmax(motion)
    return worst
