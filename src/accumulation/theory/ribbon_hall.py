"""Generalized Hall currents of a ribbon, row by row.

The undergap current across the ribbon at each row in response to a field along it (Eqs. 29-30, S22)
has the current density {O * v_y, P_mu} / 2.  Divided by the width of a row it has the units of the
conductivity of the crystal.  O is cut out of the crystal like the Hamiltonian: charge, spin, valley
and the interband orbital moment (S52), whose hops fall off exponentially.  The moment of the
ribbon, -{dH/dk, y} / 2, is computed too; its current differs and depends on the edge.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..crystal import zone_integrals
from ..crystal.berry_curvature import OPERATORS, as_hops, curvatures, of_spin
from ..crystal.bulk_properties import bulk
from ..crystal.gaps import CLOSED
from ..densities import orbital_moment
from ..errors import UserError
from ..identities import Identity
from ..lattice.bloch import BlochMatrix
from ..lattice.lattice import Lattice
from ..lattice.samples import Ribbon
from ..responses.integrands import ExactElements
from ..responses.static import accumulation, elements_on_mesh
from ..states.eigenstates import Kernel, States
from ..states.operator_products import star

EQUATION = "8, 29, 30, S19-S22"
UNITS = {"fermi_energy": "t0"}
_ROW = ("row",)
_RIBBON_MOMENT = "own_moment"
_UNITS = OPERATORS | {_RIBBON_MOMENT: OPERATORS["orbital_moment"]}
_NAMES = {
    "charge": "Hall conductivity of the number of electrons",
    "spin": "spin Hall conductivity",
    "valley": "valley Hall conductivity",
    "orbital_moment": "orbital Hall conductivity, interband moment of the crystal",
    _RIBBON_MOMENT: "orbital Hall conductivity, moment -{dH/dk, y} / 2 of the ribbon",
}
VARIABLES = {
    "y": (_ROW, "a", "position across the ribbon", "S49"),
    "sublattice": (_ROW, "1", "sublattice", "S49"),
    "level": ((), "t0", "Fermi energy", "18"),
    **{
        name: (_ROW, f"e / h x {unit}", f"{_NAMES[name]} of a row, sigma_yx", "29, S22")
        for name, unit in _UNITS.items()
    },
    **{
        f"{name}_bulk": ((), f"e / h x {unit}", f"{_NAMES[name]} of the crystal", "S23")
        for name, unit in OPERATORS.items()
    },
    **{
        f"{name}_by_width": (
            (),
            f"e / h x {unit}",
            f"{_NAMES[name]}: current added by widening the ribbon",
            "S22",
        )
        for name, unit in _UNITS.items()
    },
    **{
        f"{name}_width_residual": (
            (),
            f"e / h x {unit}",
            f"{_NAMES[name]}: by width against the crystal",
            "S22, S23",
        )
        for name, unit in OPERATORS.items()
    },
    "flow_residual": (
        (),
        "e^2 / h x a",
        "sum of the charge rows against the flow of <y> at the Fermi level",
        "29",
    ),
    "spin_flow_residual": (
        (),
        "e / h x hbar / 2 x a",
        "the same of spin, where s_z is conserved",
        "29",
    ),
}
_ROUTE = "adaptive quadrature of the generalized Berry curvature of the crystal"
CHECKS = {
    **{
        f"{name}_width_residual": Identity(
            f"the {name.replace('_', ' ')} current that a wider ribbon adds is the crystal's, "
            "up to what falls off exponentially with the width",
            _ROUTE,
            5e-3,
        )
        for name in OPERATORS
    },
    "flow_residual": Identity(
        "all rows together carry the spectral flow of <y>, which only Fermi points have",
        "Fermi points of the ribbon: v_y = i[H, y] makes the filled bands' part a derivative",
        1e-7,
    ),
    "spin_flow_residual": Identity(
        "the same holds for a conserved spin", "Fermi points of the ribbon", 1e-7
    ),
}


def compute(
    lattice: Lattice,
    direction: tuple = (1, 0),
    width: int = 20,
    narrower: int = 14,
    k: int = 200,
    fermi_energy: float = 0.05,
) -> dict[str, np.ndarray]:
    """Conductivity of every row of a ribbon ``width`` unit cells across, at zero temperature.

    ``narrower`` is the ribbon whose current is subtracted; ``k`` the number of its k points.

    Raises
    ------
    UserError
        If the Fermi energy is not in the gap of the crystal, or widths are not in order.
    """
    gaps = bulk(lattice)
    if gaps.indirect_gap <= CLOSED or not gaps.valence_top < fermi_energy < gaps.conduction_bottom:
        allowed = f"in the gap, {gaps.valence_top:.4g} to {gaps.conduction_bottom:.4g}"
        raise UserError("fermi_energy", fermi_energy, allowed)
    if not 0 < narrower < width:
        raise UserError("narrower", narrower, f"an integer from 1 to {width - 1}")
    crystals = {name: as_hops(lattice, name) for name in OPERATORS}
    rows, totals = {}, {}
    ribbons = [lattice.ribbon(direction, n) for n in (width, narrower)]
    for ribbon, n in zip(ribbons, (width, narrower), strict=True):
        for name in _UNITS:
            cut = crystals[name].ribbon(direction, n).bloch if name in crystals else None
            kernel = partial(_current, operator=cut)
            # 2 pi: from units of e / hbar to e / h
            profile = 2 * np.pi * _response(ribbon, kernel, k, fermi_energy)[1]
            totals[name, n] = profile.sum()
            rows.setdefault(name, profile)
    ribbon = ribbons[0]
    cell = abs(np.linalg.det(lattice.vectors)) / ribbon.period
    values = {
        "y": ribbon.positions[:, 1],
        "sublattice": ribbon.sublattice,
        "level": fermi_energy,
    }
    values |= {name: profile / (cell / len(lattice.orbitals)) for name, profile in rows.items()}
    for name in _UNITS:
        added = totals[name, width] - totals[name, narrower]
        values[f"{name}_by_width"] = added / (cell * (width - narrower))
    rule = zone_integrals.sharp_rule(
        partial(curvatures, lattice), lattice, np.array([fermi_energy])
    )
    of_crystal = zone_integrals.adaptive(rule, zone_integrals.squares(12), 1e-9)[0][:, 0]
    for name, value in zip(OPERATORS, of_crystal, strict=True):
        values[f"{name}_bulk"] = value
        values[f"{name}_width_residual"] = np.abs(values[f"{name}_by_width"] - value)
    return values | _flows(lattice, ribbon, rows, k, fermi_energy)


def _response(ribbon: Ribbon, kernel, k: int, fermi_energy: float) -> np.ndarray:
    """Intraband (per tau) and interband response of a density, (2, row), at zero temperature."""
    exact = ExactElements(ribbon.bloch, kernel, "site", "atomic", needs_all_bands=False)
    response = accumulation(
        elements_on_mesh(exact, k), exact, np.array([fermi_energy]), np.zeros(1)
    ).values
    return response[:, 0, 0]


def _current(states: States, definition: str, operator: BlochMatrix | None) -> Kernel:
    """Kernel O * v_y; without an operator O is the moment of the ribbon."""
    if operator is None:
        o = orbital_moment.kernel(states, "circulation").matrix
    else:
        o = operator.hamiltonian(states.k)
    return Kernel(star(o, states.velocity_y), "orbitals")


def _dipole(states: States, definition: str, spin: bool) -> Kernel:
    """Kernel y, or s_z y."""
    weight = states.y * states.spin if spin else states.y
    return Kernel(np.broadcast_to(np.diag(weight), states.slope.shape), "hops")


def _flows(lattice: Lattice, ribbon: Ribbon, rows: dict, k: int, fermi_energy: float) -> dict:
    """Sum of the rows minus the intraband response of y, sum_n int dk df/dk <y> (in 1 / 2 pi).

    For an operator that commutes with H, v_y = i[H, y] makes the interband sum -f d<y>/dk.
    """
    residuals = {}
    spins = bool(np.any(lattice.spins))
    conserved = not spins or None not in [of_spin(lattice, spin_sign) for spin_sign in (1, -1)]
    for name, spin, key in (("charge", False, "flow"), ("spin", True, "spin_flow")):
        if name == "charge" or conserved:
            flow = 2 * np.pi * _response(ribbon, partial(_dipole, spin=spin), k, fermi_energy)[0]
            residuals[f"{key}_residual"] = np.abs(rows[name].sum() - flow.sum())
    return residuals
