"""Density response of an exact flake at finite frequency, its sum rules and its ribbon limit.

In a flake open along x the position is an ordinary matrix, and Eq. 17 with the exact eigenstates is
the full response, without an intraband term.  It is computed in three ways: from the eigenstates,
from the equation of motion without eigenstates, and per length as the limit of S46.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_sylvester

from ..densities import chosen
from ..errors import UserError
from ..identities import Identity
from ..responses import kramers_kronig, lehmann
from ..responses.finite_frequency import spectrum
from ..responses.flake_operators import FlakeOperators, density_matrix, flake_operators
from ..responses.integrands import ExactElements
from ..responses.lehmann import relative
from ..states.occupations import fermi_dirac
from ..states.operator_products import commutator

EQUATION = "17, 18, 33, S46"
UNITS = {"fermi_energy": "t0", "temperature": "t0", "eta": "t0"}
_UNITS = "unit of the density x e E / t0"
_DIMS = ("part", "frequency")
VARIABLES = {
    "frequency": (("frequency",), "t0 / hbar", "frequency", "18"),
    "part": (("part",), "1", "real: in phase with the field; imaginary: a quarter behind", "16"),
    "density_units": ((), "1", "unit of the density", "5"),
    "flake": (_DIMS, _UNITS, "net response per length of the inside of a flake", "17"),
    "ribbon": (_DIMS, _UNITS, "net response per length of the ribbon, both terms", "S46"),
    "flake_operator": (
        _DIMS,
        _UNITS,
        "the same of the flake's own operator, (x v_y - y v_x) / 2 of the orbital moment",
        "17, 52",
    ),
    "power": (
        ("frequency",),
        "e^2 E^2 a^2 / hbar",
        "power that the flake absorbs from the field, -omega Im chi_xx / 2",
        "17",
    ),
    "ribbon_residual": ((), "1", "inside of the flake against the ribbon, relative", "17, S46"),
    "sum_rule_residual": ((), "1", "identity at omega + i eta, relative", "33"),
    "printed_sum_rule": ((), "1", "identity at omega as printed, relative", "33"),
    "motion_residual": ((), "1", "eigenstates against the equation of motion, relative", "17"),
    "kramers_kronig_residual": ((), "1", "real part against its reconstruction, relative", "17"),
    "absorption_residual": ((), "1", "largest negative absorbed power, relative", "17"),
    "f_sum_residual": ((), "1", "absorption at all frequencies against the f-sum rule", "33"),
    "circulation_residual": (
        (),
        "1",
        "moment against circulation and half the rate of the quadrupole xy, relative",
        "52",
    ),
}
CHECKS = {
    "ribbon_residual": Identity(
        "the intraband and interband terms of a ribbon are the response of the inside of a flake",
        "exact eigenstates of two flakes that differ by one cell; ends felt by exp(-eta length/v)",
        1e-5,
    ),
    "sum_rule_residual": Identity(
        "-i (omega + i eta) chi_AB = -i <[A, B]> + chi_(dA/dt) B, row by row",
        "dA/dt = i [H, A] and <[A, B]> as products of matrices, f(H) without eigenstates",
        1e-11,
    ),
    "printed_sum_rule": Identity(
        "with omega instead of omega + i eta, Eq. 33 does not hold at finite eta",
        "dA/dt = i [H, A] as a product of matrices over sites",
        1e-3,
        at_least=True,
    ),
    "motion_residual": Identity(
        "Eq. 17 solves z rho_1 = [H, rho_1] + [x, rho_0]",
        "Sylvester equation and matrix exponential, no eigenstates",
        1e-10,
    ),
    "kramers_kronig_residual": Identity(
        "the real part of a flake's response follows from its imaginary part",
        "Hilbert transform of the imaginary part on a separate grid",
        1e-9,
    ),
    "absorption_residual": Identity(
        "a flake in equilibrium takes no energy out of the field", "sign of -omega Im chi_xx", 1e-13
    ),
    "f_sum_residual": Identity(
        "the absorption at all frequencies is -pi <[[H, x], x]>",
        "integral of Im chi_xx against a ground-state average",
        1e-9,
    ),
    "circulation_residual": Identity(
        "(x v_y - y v_x) / 2 is -y v_x only up to the rate of xy / 2, which a frequency brings in",
        "responses of three operators of a flake",
        1e-11,
    ),
}


def compute(
    lattice,
    direction: tuple = (1, 0),
    width: int = 3,
    length: int = 32,
    cells: int = 10,
    density: str = "orbital_moment",
    definition: str = "circulation",
    fermi_energy: float = 0.0,
    temperature: float = 0.2,
    eta: float = 0.4,
    frequency: tuple = tuple(0.125 * i for i in range(33)),
    points: int = 200,
) -> dict:
    """chi(omega + i eta) of flakes of ``length`` and ``length`` + 1 cells, and of their ribbon.

    Identities that hold in any flake are checked row by row in one of ``cells`` cells.

    Raises
    ------
    UserError
        If eta or the temperature is not positive, a length is not possible, or the density has no
        such definition.
    """
    for key, value in (("eta", eta), ("temperature", temperature)):
        if value <= 0:
            raise UserError(key, value, "a number above 0")
    module, definition = chosen(density, definition, "ribbon")
    ribbon = lattice.ribbon(tuple(direction), width)
    frequency = np.asarray(frequency, dtype=float)
    z = frequency + 1j * eta
    filling = fermi_energy, temperature

    all_rows = np.ones((1, ribbon.bloch.size))
    exact = ExactElements(ribbon.bloch, module.kernel, definition, "atomic", False, all_rows)
    limit = spectrum(exact, points, *filling)[0].total(z)[0]
    shorter, longer = ribbon.chain(length), ribbon.chain(length + 1)
    flake_definition = module.DEFINITIONS["flake"][0]
    net = [
        _net(flake, density, (definition, flake_definition), filling, z)
        for flake in (shorter, longer)
    ]
    inside = (net[1] - net[0]) / ribbon.period

    operators = flake_operators(ribbon.chain(cells), density, flake_definition)
    identities = _identities(operators, filling, z)
    parts = {"flake": inside[0], "ribbon": limit, "flake_operator": inside[1]}
    return {
        "frequency": frequency,
        "part": np.array(["real", "imaginary"]),
        "density_units": np.array(module.UNITS),
        **{name: np.stack((chi.real, chi.imag)) for name, chi in parts.items()},
        "ribbon_residual": relative(inside[0] - limit, limit),
        **identities,
        "circulation_residual": _circulation_residual(shorter, filling, z),
    }


def _net(flake, density: str, definitions: tuple, filling: tuple, z: np.ndarray) -> np.ndarray:
    """Net response of each definition, (definition, z)."""
    rows = np.ones((1, flake.bloch.size))
    operators = [flake_operators(flake, density, name, rows) for name in definitions]
    net = np.concatenate([projected.density for projected in operators])
    return _response(operators[0].hamiltonian, filling, net, operators[0].x, z)


def _response(hamiltonian, filling: tuple, left, right, z: np.ndarray) -> np.ndarray:
    """Eq. 17 for operators over orbitals, (..., z)."""
    energy, u = np.linalg.eigh(hamiltonian)
    weight = fermi_dirac(energy, *filling)
    left, right = lehmann.eigenbasis(u, left), lehmann.eigenbasis(u, right)
    return lehmann.response(energy, weight, left, right, z)


def _identities(operators: FlakeOperators, filling: tuple, z: np.ndarray) -> dict:
    """Identities of one flake for all rows of its density, and the absorbed power (frequency,)."""
    h, x, rows = operators.hamiltonian, operators.x, operators.density
    rho = density_matrix(h, *filling)
    chi = _response(h, filling, np.concatenate((rows, 1j * commutator(h, rows))), x, z)
    chi, rate = chi[: len(rows)], chi[len(rows) :]
    torque = -1j * np.einsum("ij,rji->r", rho, commutator(rows, x))[:, None]
    exact = -1j * z * chi - torque - rate
    printed = -1j * z.real * chi - torque - rate

    middle = len(z) // 2
    change = solve_sylvester(z[middle] * np.eye(len(h)) - h, h.astype(complex), commutator(x, rho))
    motion = np.einsum("ij,rji->r", change, rows)

    # chi_xx -> -<[[H, x], x]> / z^2, and the integral over z chi closes at infinity.
    energy, u = np.linalg.eigh(h)
    weight = fermi_dirac(energy, *filling)
    dipole = lehmann.eigenbasis(u, np.stack((x, rows.sum(axis=0))))
    gap, strength = lehmann.pairs(energy, weight, dipole, dipole[0])
    widest = float(np.abs(gap).max())
    scale, eta = kramers_kronig.scale_of(widest), z[0].imag
    nodes = kramers_kronig.nodes(scale, widest, eta) + 1j * eta
    on_nodes = lehmann.pair_sum(gap, strength, nodes)
    direct = lehmann.pair_sum(gap, strength, z)
    reconstructed = kramers_kronig.from_imaginary(on_nodes.imag, scale, z.real)
    curvature = np.sum(h * (operators.x.diagonal()[:, None] - operators.x.diagonal()) ** 2 * rho.T)
    f_sum = kramers_kronig.moment((nodes * on_nodes[0]).imag, scale)
    power = -0.5 * z.real * direct[0].imag
    return {
        "sum_rule_residual": relative(exact, rate, torque),
        "printed_sum_rule": relative(printed, rate, torque),
        "motion_residual": relative(motion - chi[:, middle], chi[:, middle]),
        "kramers_kronig_residual": max(
            relative(a.real - b.real, b) for a, b in zip(reconstructed, direct, strict=True)
        ),
        "power": power,
        "absorption_residual": relative(np.minimum(power, 0), power),
        "f_sum_residual": relative(f_sum - np.pi * curvature.real, f_sum),
    }


def _circulation_residual(flake, filling: tuple, z: np.ndarray) -> float:
    """Relative difference of chi of m and chi of -y * v_x minus i z / 2 chi of x y."""
    net = np.ones((1, flake.bloch.size))
    exact, circulating = (
        flake_operators(flake, "orbital_moment", name, net) for name in ("exact", "circulation")
    )
    operators = np.stack((exact.density[0], circulating.density[0], exact.x @ exact.y))
    moment, circulation, quadrupole = _response(exact.hamiltonian, filling, operators, exact.x, z)
    return relative(moment - circulation + 0.5j * z * quadrupole, moment)
