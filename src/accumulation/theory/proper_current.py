"""Conventional and proper current of a density that is not conserved, against its accumulation.

In a ribbon y is an ordinary matrix, and d/dt (O * y) = O * v_y + (dO/dt) * y is the conventional
current plus the torque dipole, summed across.  Its response to the field is the proper current

    J = sum_n int dk/2pi (df/dk) [O * y]_nn         (51, S36)

a Fermi-surface quantity.  It equals the first moment sum_mu y_mu dn(mu) of the accumulation divided
by tau, or eta times the first moment at a finite rate eta = 1 / tau.  Per width it is compared with
the conventional current of the infinite crystal (29, S23), and with two readings of S36 for the
crystal.  With position operators projected on single bands, -i[(O * y), x] is

    J = sum_n int d2k/(2pi)^2 { (df/dk_x) Re sum_n' O_nn' A^y_n'n  -  f O_nn Omega_n }

up to the position of the states times the torque.  The first term alone is a Fermi-surface
quantity (reading A), both together are not (reading B).

The net accumulation is compared with the external torque of the crystal (43) in the same way.

If eta goes to zero first, eigenstates extend across the ribbon.  If the width grows first, the
accumulation stays within v / eta of the edges.  The two limits differ in a metal.
"""

from __future__ import annotations

import numpy as np

from .. import plugins
from ..crystal import currents
from ..crystal.bulk_properties import bulk
from ..errors import UserError
from ..identities import Identity
from ..lattice.lattice import Lattice
from ..responses import continuity, ribbon_currents
from ..responses.integrands import ExactElements
from ..responses.matrix_elements import band_response
from ..responses.ribbon_currents import FAR
from ..states.occupations import fermi_dirac, fermi_slope

EQUATION = "12-15, 29, 47-51, S23, S35, S36"
UNITS = {"temperature": "t0 / k_B", "eta": "t0 / hbar", "edge_potential": "t0"}
_LEVEL = ("fermi_energy",)
_BOTH = ("width", "fermi_energy")
_NET = "density x e E a / hbar"
_PER_WIDTH = "density x e E / hbar"
_DENSITY = "density x e E / (hbar a)"
VARIABLES = {
    "fermi_energy": (_LEVEL, "t0", "Fermi energy", "18"),
    "width": (("width",), "a", "width: area of the ribbon per length", "S49"),
    "moment": (_BOTH, _NET, "first moment of the accumulation, per tau", "51, 55"),
    "conventional": (_BOTH, _NET, "conventional current summed across, interband", "8, 29"),
    "conventional_intraband": (_BOTH, f"{_NET} x t0 tau / hbar", "the same, intraband", "8, 55"),
    "dipole": (_BOTH, _NET, "intrinsic torque dipole summed across, interband", "45, 49"),
    "extrinsic": (_BOTH, _NET, "extrinsic torque dipole summed across", "50"),
    "moment_eta": (_BOTH, _NET, "first moment of the accumulation at i eta, times eta", "49, 50"),
    "conventional_eta": (_BOTH, _NET, "conventional current at i eta, summed across", "8, 29"),
    "net": (_BOTH, _PER_WIDTH, "net accumulation, per tau: external torque", "43, 55"),
    "net_eta": (_BOTH, _PER_WIDTH, "net accumulation at i eta, times eta: net torque", "42"),
    "net_slope": (_LEVEL, _DENSITY, "change of net with width, widest two", "43"),
    "net_slope_eta": (_LEVEL, _DENSITY, "change of net_eta with width", "42"),
    "bulk_external": (_LEVEL, _DENSITY, "external torque of the crystal", "43, S33"),
    "bulk_external_eta": (_LEVEL, _DENSITY, "net torque of the crystal at i eta", "42"),
    "share": (_BOTH, "1", "moment over width times bulk_conventional", "29, 51"),
    "share_eta": (_BOTH, "1", "moment_eta over width times bulk_conventional_eta", "29, 51"),
    "moment_slope": (_LEVEL, _PER_WIDTH, "change of moment with width, widest two", "51"),
    "conventional_slope": (_LEVEL, _PER_WIDTH, "change of conventional with width", "29"),
    "moment_slope_eta": (_LEVEL, _PER_WIDTH, "change of moment_eta with width", "49, 50"),
    "conventional_slope_eta": (_LEVEL, _PER_WIDTH, "change of conventional_eta with width", "29"),
    "bulk_conventional": (_LEVEL, _PER_WIDTH, "conventional current of the crystal", "29, S23"),
    "bulk_conventional_eta": (_LEVEL, _PER_WIDTH, "conventional current, crystal, at i eta", "29"),
    "reading_a": (_LEVEL, _PER_WIDTH, "Fermi-surface dipole of the crystal's states", "S36"),
    "reading_b": (_LEVEL, _PER_WIDTH, "the same and the drift of O_nn", "S36"),
    "drift_moment": (_BOTH, _NET, "moment of the Drude current, -sum of y^2 j_x, per tau", "52"),
    "drift_residual": (_BOTH, "1", "moment over drift_moment minus 1, over its bound", "52, 55"),
    "chern_residual": (_LEVEL, "1", "2 pi moment_slope plus the Chern number, in the gap", "51"),
    "sum_residual": (_BOTH, "1", "moment against conventional plus dipoles, relative", "48-51"),
    "sum_residual_eta": (_BOTH, "1", "the same at i eta", "48-51"),
    "gap_residual": (_BOTH, "1", "moment in the gap over the bound of its thermal tail", "51"),
    "local_residual": (_LEVEL, "1", "conventional_slope_eta minus the crystal's, per bound", "29"),
    "external_residual": (_LEVEL, "1", "net_slope_eta minus the crystal's, per bound", "42, 43"),
    "edge_change": (
        (),
        "1",
        "change of moment_slope_eta with the edge over that of conventional_slope_eta",
        "46, 48",
    ),
}
CHECKS = {
    # of the principal part's width and of rounding between nearly degenerate bands
    "sum_residual": Identity(
        "the first moment of the accumulation per tau is the conventional current plus the torque "
        "dipoles: the proper current is a Fermi-surface quantity",
        "rows of the accumulation, a sum over the Fermi surface, against currents and dipoles, "
        "sums over filled states and all pairs of bands",
        1e-5,
    ),
    "sum_residual_eta": Identity(
        "at a finite switching rate eta times the first moment is the conventional current plus "
        "the torque dipoles",
        "response of O * y against that of O * v_y and (dO/dt) * y at i eta",
        1e-9,
    ),
    "gap_residual": Identity(
        "the proper current of a ribbon vanishes with the Fermi energy in its gap",
        "accumulation by rows against the thermal tail of the occupations",
        1.0,
    ),
    "local_residual": Identity(
        "the conventional current per width is that of the crystal, up to exp(-eta width / v)",
        "ribbons of two widths against the infinite crystal",
        1.0,
    ),
    "external_residual": Identity(
        "the net accumulation per width is the external torque of the crystal, up to "
        "exp(-eta width / v)",
        "ribbons of two widths against the infinite crystal",
        1.0,
    ),
    "drift_residual": Identity(
        "the orbital moment (circulation) accumulates as the moment of the Drude current about the "
        "middle of the ribbon, up to 2.25 (a / width)^2",
        "Fermi-surface sum of O * y against that of -y^2 v",
        1.0,
    ),
    # thermal tail exp(-FAR) and the overlap of the edge states
    "chern_residual": Identity(
        "for a conserved charge in the gap of a Chern insulator the proper current per width is "
        "minus the Chern number over 2 pi",
        "accumulation at the Fermi points of the edge states against the Chern number of the bulk",
        5e-3,
    ),
    "edge_change": Identity(
        "the accumulation per width depends on how the edge ends, the conventional current not",
        "ribbons with and without a potential on the outermost sites of one edge",
        10.0,
        at_least=True,
    ),
}


def compute(
    lattice: Lattice,
    density: str = "spin",
    definition: str = "site",
    direction: tuple[int, ...] = (1, 0),
    widths: tuple[int, ...] = (6, 12, 24),
    fermi_energy: tuple[float, ...] = (0.0, 0.5, 1.0),
    temperature: float = 0.05,
    eta: float = 0.3,
    edge_potential: float = 0.0,
    k: int = 180,
    bulk_k: int = 150,
) -> dict[str, np.ndarray]:
    """Currents and accumulation of ribbons of several widths, against the Fermi energy.

    Parameters
    ----------
    widths : ascending, in unit cells; slopes are between the last two
    edge_potential : potential on the outermost sites of the right edge, in t0

    Raises
    ------
    UserError
        For fewer than two widths, or a mesh of ``k`` points too coarse for ``temperature``.
    """
    if len(widths) < 2 or np.any(np.diff(widths) <= 0):
        raise UserError("widths", list(widths), "at least two integers, ascending")
    levels = np.asarray(fermi_energy)
    ribbons = [lattice.ribbon(tuple(direction), width) for width in widths]
    area = abs(np.linalg.det(lattice.vectors))
    across = np.array(widths) * area / ribbons[0].period
    module = plugins.load("densities", density)
    operator = continuity.density_operator(density, definition)
    parts = []
    for ribbon in ribbons:
        edged = ribbon_currents.with_edge_potential(ribbon, edge_potential)
        exact = ExactElements(edged.bloch, module.kernel, definition, "atomic", False)
        parts.append(ribbon_currents.currents(exact, operator, levels, temperature, eta, k))
    values = {name: np.array([part[name] for part in parts]) for name in parts[0]}
    for name in ("moment", "conventional", "net", "moment_eta", "conventional_eta", "net_eta"):
        quantity, *rate = name.split("_")
        slope = "_".join((quantity, "slope", *rate))
        values[slope] = (values[name][-1] - values[name][-2]) / (across[-1] - across[-2])
    values |= _crystal(lattice, direction, density, levels, temperature, eta, bulk_k)
    # The accumulation over that predicted by the conventional current of the crystal.
    for name, current in (("", "bulk_conventional"), ("_eta", "bulk_conventional_eta")):
        predicted = across[:, None] * np.where(values[current] == 0, np.nan, values[current])
        values[f"share{name}"] = values[f"moment{name}"] / predicted
    fastest, drift = values.pop("fastest").max(), values.pop("drift_moment")
    if definition in getattr(module, "MOMENT_OF_CURRENT", ()):
        # The ribbon measures y from its middle, so the crystal has no such operator.
        values["drift_moment"] = drift
        values["drift_residual"] = _drift(values["moment"], drift, across)
    else:
        values |= _against_crystal(values, eta, across, fastest)
        bloch = ribbons[0].bloch
        if np.array_equal(operator(bloch, np.zeros(1))[0], np.eye(bloch.size)):
            # O = 1, the conserved charge
            values |= _quantized(lattice, levels, values["moment_slope"], temperature)
    if np.isnan(values["gap_residual"]).all():
        del values["gap_residual"]
    return values | {"fermi_energy": levels, "width": across}


def _against_crystal(values, eta, across, fastest) -> dict[str, np.ndarray]:
    """Slopes in the width minus the currents of the crystal, over their bounds, (fermi_energy,).

    The effect of one edge at the other falls as exp(-eta w / v); its amplitude is about the
    crystal's current times v / eta.
    """
    reach = (1 + fastest / eta) * np.exp(-eta * across[-2] / fastest)
    largest = np.abs(values["bulk_conventional_eta"]).max() + np.finfo(float).tiny
    local = values["conventional_slope_eta"] - values["bulk_conventional_eta"]
    # The net is bounded by that current over a lattice constant, or by the torque itself.
    larger = max(largest, np.abs(values["bulk_external_eta"]).max())
    external = values["net_slope_eta"] - values["bulk_external_eta"]
    return {
        "local_residual": local / (largest * reach),
        "external_residual": external / (larger * reach),
    }


def conclude(axes: dict, values: dict) -> dict[str, np.ndarray]:
    """Change of the accumulation with the edge over that of the conventional current, a number.

    It is computed for a grid over ``edge_potential`` alone, between the first and last value.
    """
    if list(axes) != ["edge_potential"]:
        return {}
    accumulated, transported = (
        np.abs(values[name][-1] - values[name][0]).max()
        for name in ("moment_slope_eta", "conventional_slope_eta")
    )
    return {"edge_change": accumulated / transported} if transported > 0 else {}


def _drift(moment, drift, across) -> np.ndarray:
    """Moment minus that of the Drude current, over its bound, (width, fermi_energy).

    O * y = -v * y^2 + [y, [y, v]] / 4.  The second term is at most (dy)^2 / 4, compared with
    width^2 / 12 for a uniform current; dy = sqrt(3) / 2 is the largest hop.  NaN without a current.
    """
    flows = np.abs(drift) > 1e-3 * np.abs(drift).max()
    relative = moment / np.where(flows, drift, np.nan) - 1
    return relative * across[:, None] ** 2 / (3 * 0.75)


def _crystal(lattice, direction, density, levels, temperature, eta, points):
    """Currents of the infinite crystal per area, (fermi_energy,) each."""
    states = currents.crystal_states(lattice, direction, points)
    operator = currents.crystal_operator(states, lattice, density)
    energy = states.energy
    velocity = np.einsum("knn->kn", states.bulk.velocity_x).real
    current = currents.current(states, operator)
    filled = np.array([fermi_dirac(energy, mu, temperature) for mu in levels]) * states.weight
    window = np.array([fermi_slope(energy, mu, temperature) * velocity for mu in levels])
    window = window * states.weight

    def summed(occupation, by_band):
        return np.einsum("lkn,kn->l", occupation, by_band)

    surface = summed(window, currents.dipole_by_band(states, operator))
    interband = summed(filled, band_response(energy, states.connection[0], current, eta))
    intraband = summed(window, np.einsum("knn->kn", current).real)
    external = summed(window, np.einsum("knn->kn", operator).real)
    delayed = summed(filled, band_response(energy, states.connection[0], operator, eta))
    return {
        "bulk_conventional": summed(filled, band_response(energy, states.connection[0], current)),
        "bulk_conventional_eta": interband + intraband / eta,
        "bulk_external": external,
        "bulk_external_eta": external + eta * delayed,
        "reading_a": surface,
        "reading_b": surface + summed(filled, currents.drift_by_band(states, operator)),
    }


def _quantized(lattice, levels, slope, temperature) -> dict[str, np.ndarray]:
    """2 pi times the charge current plus the Chern number, (fermi_energy,), in the bulk's gap."""
    gaps = bulk(lattice)
    below, above = gaps.valence_top, gaps.conduction_bottom
    distance = np.minimum(levels - below, above - levels)
    if not np.any(distance > FAR * temperature):
        return {}
    residual = 2 * np.pi * slope + gaps.chern
    return {"chern_residual": np.where(distance > FAR * temperature, residual, np.nan)}
