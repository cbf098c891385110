"""Reciprocity of exact flakes, microscopic and macroscopic, with and without time reversal.

Microscopic (22, 23): chi_AB = lambda_A lambda_B chi_BA for the density A at every row and the
dipole B = x.  Macroscopic (Sec. II B): the proper current d(O * y)/dt answers a field on x as the
electric current dx/dt answers a field on the generalized polarization O * y,

    chi_(dP_O/dt) x = lambda_O chi_(dx/dt) P_O.

By Eq. 33 the two sides differ by i (1 + lambda_O) <[P_O, x]>, which vanishes with time reversal.
Without time reversal the relations connect the system with the one in which Theta H Theta^-1
replaces H.  The full proper current is chi plus the explicit contribution of the field to
d P_O / dt, -i <[P_O, x]>.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import UserError
from ..identities import Identity
from ..responses import lehmann
from ..responses.edges import regions
from ..responses.flake_operators import FlakeOperators, flake_operators
from ..responses.lehmann import relative
from ..states.occupations import fermi_dirac
from ..states.operator_products import commutator, star
from ..symmetry import time_reversal

EQUATION = "13-15, 22-25"
UNITS = {"fermi_energy": "t0", "temperature": "t0", "eta": "t0"}
_UNITS = "unit of the density x e E / t0"
_CURRENT = "unit of the density x e E a / hbar"
_DIMS = ("part", "frequency")
VARIABLES = {
    "frequency": (("frequency",), "t0 / hbar", "frequency", "18"),
    "part": (("part",), "1", "real: in phase with the field; imaginary: a quarter behind", "16"),
    "density_units": ((), "1", "unit of the density", "5"),
    "forward": (_DIMS, _UNITS, "density at the right edge in a field on the dipole", "21"),
    "backward": (
        _DIMS,
        _UNITS,
        "parity times the dipole in a field on the density at the right edge",
        "23",
    ),
    "backward_reversed": (_DIMS, _UNITS, "the same in the time-reversed system", "22"),
    "proper": (_DIMS, _CURRENT, "proper current in a field on the dipole", "14"),
    "conventional": (_DIMS, _CURRENT, "conventional current in a field on the dipole", "8"),
    "extrinsic": (
        (),
        _CURRENT,
        "explicit contribution of the field to the proper current, -i <[P_O, x]>",
        "50",
    ),
    "electric": (
        _DIMS,
        _CURRENT,
        "parity times the electric current in a field on the generalized polarization",
        "15",
    ),
    "time_reversal_defect": ((), "t0", "largest element of Theta H Theta^-1 - H", "22"),
    "nonconservation": ((), "1", "largest element of [H, O] over that of O, in t0", "10"),
    "asymmetry": ((), "1", "chi_AB against its reciprocal, all rows, relative", "23"),
    "parity_difference": ((), "1", "chi_AB against Eq. 24, all rows, relative", "24"),
    "proper_asymmetry": ((), "1", "proper against electric current, relative", "15"),
    "conventional_asymmetry": ((), "1", "conventional against electric current, relative", "8"),
    "reversed_residual": ((), "1", "chi_AB against the reversed system, all rows, relative", "22"),
    "reversed_proper_residual": ((), "1", "proper current, reversed system, relative", "22"),
    "reciprocity_residual": ((), "1", "largest asymmetry with time reversal", "23"),
    "reciprocity_violation": ((), "1", "least asymmetry without time reversal", "23"),
    "parity_residual": ((), "1", "largest difference from Eq. 24 with time reversal", "24, 25"),
    "parity_violation": ((), "1", "least difference from Eq. 24 without time reversal", "24, 25"),
    "proper_residual": ((), "1", "largest asymmetry of proper currents with time reversal", "15"),
    "proper_violation": ((), "1", "least asymmetry of proper currents without it", "15"),
    "conventional_violation": (
        (),
        "1",
        "least asymmetry of the conventional current with time reversal, O not conserved",
        "8, 15",
    ),
}
_ROUTE = "both responses of an exact flake from Eq. 17, computed independently"
CHECKS = {
    "reciprocity_residual": Identity(
        "with time reversal chi_AB = lambda_A lambda_B chi_BA at every row and frequency",
        _ROUTE,
        1e-10,
    ),
    "reciprocity_violation": Identity(
        "without time reversal chi_AB differs from lambda_A lambda_B chi_BA",
        _ROUTE,
        1e-3,
        at_least=True,
    ),
    "parity_residual": Identity(
        "with time reversal one of the real and imaginary parts of A_ab B_ba is the whole response",
        "Eq. 24 against Eq. 17",
        1e-10,
    ),
    "parity_violation": Identity(
        "without time reversal Eq. 24 is not the response",
        "Eq. 24 against Eq. 17",
        1e-3,
        at_least=True,
    ),
    "proper_residual": Identity(
        "with time reversal the proper current answers E as the electric current the field on P_O",
        "i [H, O * y] and i [H, x] as matrices over sites",
        1e-10,
    ),
    "proper_violation": Identity(
        "without time reversal the macroscopic reciprocity fails, too",
        "i [H, O * y] and i [H, x] as matrices over sites",
        1e-3,
        at_least=True,
    ),
    "conventional_violation": Identity(
        "the conventional current of a charge that is not conserved has no such reciprocity",
        "O * v_y and i [H, x] as matrices over sites",
        1e-3,
        at_least=True,
    ),
    "reversed_residual": Identity(
        "chi_AB of a system is lambda_A lambda_B chi_BA of the time-reversed one, always",
        "operators and exact eigenstates of Theta H Theta^-1",
        1e-10,
    ),
    "reversed_proper_residual": Identity(
        "the proper current of a system answers as the electric current of the time-reversed one",
        "operators and exact eigenstates of Theta H Theta^-1",
        1e-10,
    ),
}


def compute(
    system,
    density: str = "orbital_moment",
    definition: str = "exact",
    fermi_energy: float = 0.0,
    temperature: float = 0.1,
    eta: float = 0.1,
    frequency: tuple = tuple(0.05 * i for i in range(81)),
) -> dict:
    """All responses of one flake, and of its time reverse.

    Raises
    ------
    UserError
        If the system is no flake, eta not positive or the density has no such definition.
    """
    if eta <= 0:
        raise UserError("eta", eta, "a number above 0")
    frequency = np.asarray(frequency, dtype=float)
    z = frequency + 1j * eta
    # Rows are sites, as time reversal exchanges the two spins of a site.
    operators = flake_operators(system, density, definition, system.sites)
    theta = time_reversal.partners(system.positions, system.spin)
    defect = time_reversal.defect(operators.hamiltonian, *theta)
    filling = fermi_energy, temperature
    response = _both_ways(operators, filling, z)
    reversed_response = _both_ways(reversed_operators(operators, *theta), filling, z)

    h, charge = operators.hamiltonian, operators.charge
    y = system.sites @ system.positions[:, 1] / system.sites.sum(axis=1)
    right = regions(y)[1]
    edge = {
        "forward": right @ response["forward"],
        "backward": right @ response["backward"],
        "backward_reversed": right @ reversed_response["backward"],
    }
    currents = {name: response[name] for name in ("proper", "conventional", "electric")}
    return {
        "frequency": frequency,
        "part": np.array(["real", "imaginary"]),
        "density_units": np.array(operators.units),
        **{name: np.stack((v.real, v.imag)) for name, v in (edge | currents).items()},
        "extrinsic": response["extrinsic"],
        "time_reversal_defect": defect,
        "nonconservation": relative(commutator(h, charge), charge),
        "asymmetry": relative(response["forward"] - response["backward"], response["forward"]),
        "parity_difference": relative(
            response["forward"] - response["by_parity"], response["forward"]
        ),
        "proper_asymmetry": relative(response["proper"] - response["electric"], response["proper"]),
        "conventional_asymmetry": relative(
            response["conventional"] - response["electric"], response["electric"]
        ),
        "reversed_residual": relative(
            response["forward"] - reversed_response["backward"], response["forward"]
        ),
        "reversed_proper_residual": relative(
            response["proper"] - reversed_response["electric"], response["proper"]
        ),
    }


def _both_ways(operators: FlakeOperators, filling: tuple, z: np.ndarray) -> dict:
    """chi_AB and lambda chi_BA of rows (row, z) and of currents (z,)."""
    h, x = operators.hamiltonian, operators.x
    polarization = star(operators.charge, operators.y)
    energy, u = np.linalg.eigh(h)
    weight = fermi_dirac(energy, *filling)
    parity = operators.parity

    def chi(left, right, total=lehmann.response, *more):
        left, right = lehmann.eigenbasis(u, left), lehmann.eigenbasis(u, right)
        return total(energy, weight, left, right, z, *more)

    contact = -1j * lehmann.eigenbasis(u, commutator(polarization, x)).diagonal() @ weight
    return {
        "extrinsic": contact.real,
        "forward": chi(operators.density, x),
        "backward": parity * chi(x, operators.density),
        "by_parity": chi(operators.density, x, lehmann.by_parity, parity),
        "proper": chi(1j * commutator(h, polarization), x),
        "conventional": chi(star(operators.charge, operators.velocity_y), x),
        "electric": parity * chi(1j * commutator(h, x), polarization),
    }


def reversed_operators(
    operators: FlakeOperators, order: np.ndarray, sign: np.ndarray
) -> FlakeOperators:
    """The operators of the system with the Hamiltonian Theta H Theta^-1 (Eq. 22).

    Theta n_O Theta^-1 is lambda_O times the density of that system, and Theta v Theta^-1 minus its
    velocity.

    Parameters
    ----------
    order, sign : (orbital,), of :func:`accumulation.symmetry.time_reversal.partners`
    """
    parity = operators.parity

    def turned(matrix):
        return time_reversal.reversed_operator(matrix, order, sign)

    return replace(
        operators,
        hamiltonian=turned(operators.hamiltonian),
        velocity_x=-turned(operators.velocity_x),
        velocity_y=-turned(operators.velocity_y),
        charge=parity * turned(operators.charge),
        density=parity * turned(operators.density),
    )


def conclude(axes: dict, values: dict) -> dict:
    """Worst points of the grid with and without time reversal, if there are such points.

    ``values`` have the axes of the grid; the results are numbers.
    """
    invariant = values["time_reversal_defect"] <= time_reversal.INVARIANT
    changing = values["nonconservation"] > time_reversal.INVARIANT
    rules = {
        "reciprocity": ("asymmetry", invariant),
        "parity": ("parity_difference", invariant),
        "proper": ("proper_asymmetry", invariant),
    }
    worst = {}
    for name, (variable, holds) in rules.items():
        if holds.any():
            worst[f"{name}_residual"] = values[variable][holds].max()
        if not holds.all():
            worst[f"{name}_violation"] = values[variable][~holds].min()
    if np.any(invariant & changing):
        worst["conventional_violation"] = values["conventional_asymmetry"][
            invariant & changing
        ].min()
    return worst
