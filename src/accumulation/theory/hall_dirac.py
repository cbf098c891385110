"""Valley and orbital Hall conductivities of gapped graphene against the massive Dirac cone.

Two cones, H = v q . sigma + Delta sigma_z with v = sqrt(3) t0 a / 2, are the limit of a small gap:

    at K            curvature Omega_z = +-v^2 / 2 Delta^2,  moment -v^2 / 2 Delta
    sigma_yx        valley Delta / E_F,  orbital -(v^2 / 6 Delta) (Delta / E_F)^3

with E_F = Delta in the gap, in units of e / h.

Also at a large gap the charge carried by the pocket of one valley is exactly that of the cone: on
the Fermi line the polar angle of the pseudospin is constant, so its Berry phase is
pi (1 - Delta / E_F) for any shape of the line.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..crystal import zone_integrals
from ..crystal.berry_curvature import (
    OPERATORS,
    bulk_states,
    curvature,
    curvatures,
    operator,
    orbital_moment,
)
from ..crystal.bulk_properties import bulk
from ..errors import UserError
from ..identities import Identity
from ..lattice.honeycomb import K
from ..lattice.lattice import Lattice

EQUATION = "29, S23, S24, S45"
_CHARGE, _VALLEY, _ORBITAL = (
    list(OPERATORS).index(n) for n in ("charge", "valley", "orbital_moment")
)
M = np.array([np.pi, np.pi / np.sqrt(3)])
# Largest radius of a pocket around K, in 1/a: M is at 2 pi / 3.
REACH = 2.0
_RATIO = ("level",)
VARIABLES = {
    "level": (_RATIO, "1", "Fermi energy over half the gap", "S45"),
    "half_gap": ((), "t0", "half the gap, Delta", "S45"),
    "valley": (_RATIO, "e / h", "valley Hall conductivity, sigma_yx", "29, S23"),
    "valley_dirac": (_RATIO, "e / h", "the same of two Dirac cones", "29, S23"),
    "orbital_moment": (
        _RATIO,
        "e / h x e t0 a^2 / hbar",
        "orbital Hall conductivity, sigma_yx",
        "29, S23",
    ),
    "orbital_moment_dirac": (
        _RATIO,
        "e / h x e t0 a^2 / hbar",
        "the same of two Dirac cones",
        "29, S23",
    ),
    "squares": ((), "1", "squares in which the adaptive rule was evaluated", "S23"),
    "curvature_residual": (
        (),
        "1",
        "conduction band's Omega_z at K over v^2 / 2 Delta^2, minus 1",
        "S24",
    ),
    "moment_residual": ((), "1", "moment at K over -v^2 / 2 Delta, minus 1", "S52"),
    "pocket_residual": (
        _RATIO,
        "e^2 / h",
        "charge carried by the pocket of either valley against the cone",
        "S23",
    ),
    "plateau_order": ((), "1", "power of Delta of the valley plateau's distance from 1", "S23"),
    "plateau_order_residual": ((), "1", "the same, minus 1", "S23"),
    "orbital_order": ((), "1", "power of Delta of the orbital plateau's relative distance", "S23"),
    "orbital_order_residual": ((), "1", "the same, minus 2", "S23"),
    "decay_order_residual": (
        (),
        "1",
        "power of Delta of the distance of valley and orbital decay, minus 2",
        "S23",
    ),
}
CHECKS = {
    "curvature_residual": Identity(
        "the Berry curvature at K is 3 t0^2 a^2 / (8 Delta^2)", "massive Dirac cone", 1e-9
    ),
    "moment_residual": Identity(
        "the orbital moment at K is 3 t0^2 a^2 / (8 Delta) e / hbar", "massive Dirac cone", 1e-9
    ),
    "pocket_residual": Identity(
        "the pocket of one valley carries (1 - Delta / E_F) / 2, at any gap",
        "Berry phase of a line of constant polar angle",
        1e-9,
    ),
    "plateau_order_residual": Identity(
        "the valley Hall plateau tends to 1 e / h linearly in the gap", "massive Dirac cone", 0.05
    ),
    "orbital_order_residual": Identity(
        "the orbital Hall plateau tends to -t0^2 a^2 / (8 Delta), relatively as Delta^2",
        "massive Dirac cone",
        0.05,
    ),
    "decay_order_residual": Identity(
        "outside the gap valley and orbital conductivities fall as Delta / E_F and (Delta / E_F)^3",
        "massive Dirac cone, up to Delta^2",
        0.05,
    ),
}


def compute(
    lattice: Lattice, level: tuple = (0.0, 1.25, 1.5, 2.0, 3.0), cells: int = 12
) -> dict[str, np.ndarray]:
    """Conductivities at Fermi energies ``level`` x Delta, the first one in the gap.

    Raises
    ------
    UserError
        If the first level is not in the gap, or another is in it or above the saddle at M.
    """
    levels = np.array(level)
    if levels[0] >= 1 or np.any(levels < 0) or np.any(levels[1:] <= 1):
        raise UserError("level", list(level), "first a level below 1, then levels above 1")
    half_gap = bulk(lattice).direct_gap / 2
    saddle = np.linalg.eigvalsh(lattice.hamiltonian(M))[1] / half_gap
    if levels.max() >= saddle:
        raise UserError("level", list(level), f"levels below the saddle at M, {saddle:.3g}")
    integrand = partial(curvatures, lattice)
    rule = zone_integrals.sharp_rule(integrand, lattice, np.zeros(1))
    # The peaks at K have the height 1 / Delta^2; squares are quartered until they are resolved.
    in_gap, _, squares = zone_integrals.adaptive(rule, zone_integrals.squares(cells), 1e-10)
    pockets = np.zeros((len(levels), 2, len(OPERATORS)))
    for i, ratio in enumerate(levels):
        if ratio > 1:
            pockets[i] = [
                zone_integrals.pocket(integrand, lattice, side * K, 1, ratio * half_gap, REACH)
                for side in (1, -1)
            ]
    total = in_gap[:, 0] + pockets.sum(axis=1)
    inside = 1 / np.maximum(levels, 1)
    carried = 0.5 * (1 - inside[:, None]) * np.array([-1, 1])

    states = bulk_states(lattice, K[None])
    charge = curvature(states, operator("charge", lattice, states))[0, 1]
    moment = orbital_moment(states)[0, 1, 1].real
    speed_squared = abs(states.velocity_x[0, 0, 1]) ** 2
    plateau = -speed_squared / (6 * half_gap)
    return {
        "level": levels,
        "half_gap": half_gap,
        "valley": total[:, _VALLEY],
        "valley_dirac": inside,
        "orbital_moment": total[:, _ORBITAL],
        "orbital_moment_dirac": plateau * inside**3,
        "squares": squares,
        # Omega_yx = -Omega_z; 3 / 4 = v^2 at t0 = 1
        "curvature_residual": -charge * 2 * half_gap**2 / 0.75 - 1,
        "moment_residual": -moment * 2 * half_gap / 0.75 - 1,
        "pocket_residual": np.abs(pockets[:, :, _CHARGE] - carried).max(axis=1),
    }


def conclude(axes: dict, values: dict) -> dict[str, np.ndarray]:
    """Orders of convergence in the gap, from the two smallest gaps of a grid over one parameter.

    ``values`` have the axis of the grid first; the results are numbers.
    """
    gap = values["half_gap"]
    if gap.ndim != 1 or len(gap) < 2:
        return {}
    smallest = np.argsort(gap)[:2]
    logarithm = np.log(gap[smallest[1]] / gap[smallest[0]])

    def order(distance):
        return np.log(np.abs(distance[smallest[1]] / distance[smallest[0]])) / logarithm

    orders = {"plateau_order": order(values["valley"][:, 0] - 1)}
    orbital = values["orbital_moment"] / values["orbital_moment_dirac"][:, :1]
    orders["orbital_order"] = order(orbital[:, 0] - 1)
    orders["plateau_order_residual"] = orders["plateau_order"] - 1
    orders["orbital_order_residual"] = orders["orbital_order"] - 2
    decays = []
    for conductivity, power in ((values["valley"], 1), (orbital, 3)):
        decrease = conductivity[:, :1] - conductivity[:, 1:]
        decays.append(order(decrease - (1 - values["valley_dirac"][:, 1:] ** power)))
    orders["decay_order_residual"] = np.abs(np.array(decays) - 2).max()
    return orders
