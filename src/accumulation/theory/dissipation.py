"""No dissipation, no accumulation: a Fermi energy swept from band to gap to band.

The density of states at the Fermi level is compared with the accumulation at an edge, by intraband
(dissipative) and interband processes, and with the undergap current of the same moment across the
ribbon, a sum over all filled states (Eq. 29).  With time reversal the current may flow in a gap,
but nothing accumulates there (Eqs. 22-28); without time reversal a density may accumulate (Eq. 32).
"""

from __future__ import annotations

import numpy as np

from ..crystal.bulk_properties import bulk
from ..crystal.transverse_current import BulkCurrent, current_kernel
from ..densities import charge, chosen
from ..errors import UserError
from ..identities import Identity
from ..responses.integrands import ExactElements
from ..responses.line_integral import RESOLVED
from ..responses.static import PROCESSES, elements_on_mesh, mesh_sums
from ..states.occupations import fermi_slope
from ..symmetry.symmetry_rules import Symmetries

EQUATION = "22-29, 32"
_LEVEL = ("fermi_energy",)
_PART = ("process", "fermi_energy")
_AMOUNT = "density x (e E tau | e E) / a"
_CURRENT = "density x e E / hbar"
VARIABLES = {
    "fermi_energy": (_LEVEL, "t0", "Fermi energy", "55"),
    "process": (("process",), "1", "dissipative or not", "55"),
    "site_y": (("site",), "a", "position of a site across the ribbon", "53"),
    "accumulation": ((*_PART, "site"), _AMOUNT, "accumulation by site", "27, 32, 55"),
    "edge": (_PART, _AMOUNT, "accumulation in the half of the ribbon with y > 0", "27, 32, 55"),
    "net": (_PART, _AMOUNT, "accumulation summed over all sites", "27, 32, 55"),
    "largest": (_PART, _AMOUNT, "largest accumulation at a site", "27, 32, 55"),
    "density_of_states": (_LEVEL, "1 / (t0 a)", "density of states per length", "28"),
    "dissipation": (
        _LEVEL,
        "e^2 t0 a E^2 tau / hbar^2",
        "power that intraband processes dissipate per length",
        "28",
    ),
    "undergap_current": (
        _LEVEL,
        _CURRENT,
        "transverse current density of the moment in the middle of the ribbon",
        "29, 30",
    ),
    "mean_current": (
        _LEVEL,
        _CURRENT,
        "transverse current density of the moment, averaged over the ribbon",
        "29, 30",
    ),
    "bulk_current": (_LEVEL, _CURRENT, "the same in the infinite crystal", "29, 30"),
    "charge_current": (
        _LEVEL,
        "e E / hbar",
        "transverse number current density in the middle of the ribbon",
        "29, 30",
    ),
    "valence_top": ((), "t0", "top of the valence band of the infinite crystal", "54"),
    "conduction_bottom": ((), "t0", "bottom of its conduction band", "54"),
    "theorem_residual": (
        (),
        "1",
        "interband over intraband accumulation, largest of each, where time reversal is found",
        "22-27",
    ),
    "charge_residual": (
        (),
        _CURRENT,
        "undergap number current through the ribbon minus the dipole rate at the Fermi level",
        "29, 33",
    ),
    "moment_residual": (
        (),
        _CURRENT,
        "the same for the moment, where it is conserved",
        "29, 33",
    ),
    "hall_residual": (
        (),
        "e E / h",
        "number current of the infinite crystal in its gap plus the Chern number",
        "29, S23",
    ),
}
CHECKS = {
    "theorem_residual": Identity(
        "with time reversal nothing that is odd under it accumulates by interband processes",
        "time reversal found in the hop table, against the computed interband response",
        1e-9,
    ),
    # Both sums over k converge exponentially: exp(-2 pi^2 T / (v dk)) is below 1e-10 where the
    # mesh resolves the temperature, and rounding is amplified by pairs of close bands.
    "charge_residual": Identity(
        "the undergap current of charge is the dipole that the Fermi level gains per unit of time",
        "sum over all filled states against the dipole of a sum at the Fermi level",
        1e-8,
    ),
    "moment_residual": Identity(
        "the same of a conserved moment: its undergap current ends in states at the Fermi level",
        "sum over all filled states against the dipole of a sum at the Fermi level",
        1e-8,
    ),
    "hall_residual": Identity(
        "in a gap the transverse number current is minus the Chern number times e E / h",
        "two-dimensional sum over filled states against link variables",
        1e-6,
    ),
}


def compute(
    lattice,
    direction: tuple[int, ...] = (2, 1),
    width: int = 16,
    density: str = "orbital_moment",
    definition: str = "",
    fermi_energy: tuple[float, ...] = (-1.0, -0.5, 0.0, 0.5, 1.0),
    temperature: float = 0.02,
    k: int = 240,
    bulk_k: int = 120,
) -> dict[str, np.ndarray]:
    """Sweep of the Fermi energy in a ribbon of a lattice, ``width`` cells wide along ``direction``.

    An empty ``definition`` is the first one of the density.  The mesh must resolve the temperature
    (RESOLVED in :mod:`accumulation.responses.line_integral`), so that all sums converge
    exponentially.

    Raises
    ------
    UserError
        For a direction that is not two coprime integers, a width below 1, a temperature that is not
        above 0 or that ``k`` do not resolve, or a definition that the density does not have.
    """
    if temperature <= 0:
        raise UserError("temperature", temperature, "a temperature above 0, in t0")
    module, definition = chosen(density, definition, "ribbon")
    ribbon = lattice.ribbon(tuple(direction), width)
    levels = np.array(fermi_energy, dtype=float)
    places = ribbon.positions[np.argmax(ribbon.sites, axis=1), 1]
    middle, across = _window(places, lattice, ribbon.period)
    sweep = (ribbon, levels, temperature, k)

    needs_all_bands = definition in module.NEEDS_ALL_BANDS
    response, bands = _response(*sweep, module.kernel, definition, needs_all_bands)
    current = _response(*sweep, current_kernel(module.kernel), definition, True)[0][1]
    number = _response(*sweep, charge.kernel, "site", False)[0][0]
    number_current = _response(*sweep, current_kernel(charge.kernel), "site", True)[0][1]

    symmetries = Symmetries(ribbon)
    slope = [-fermi_slope(bands.energy, e, temperature) * bands.weight[:, None] for e in levels]
    gaps = bulk(lattice)
    dipole = number @ places
    residuals = {
        # Without a current there is no comparison.
        "charge_residual": np.abs(number_current.sum(axis=-1) - dipole).max()
        if np.abs(dipole).max() > 1e-6
        else np.nan,
        "theorem_residual": _theorem(symmetries, module, response),
        "hall_residual": _hall_residual(lattice, direction, gaps, bulk_k),
    }
    if symmetries.conserves(module.kernel, definition):
        residuals["moment_residual"] = np.abs(current.sum(axis=-1) - response[0] @ places).max()
    infinite = _infinite(lattice, direction, symmetries, module, definition, bulk_k)
    return {
        "fermi_energy": levels,
        "process": np.array(PROCESSES),
        "site_y": places,
        "accumulation": response,
        "edge": response @ (0.5 + 0.5 * np.sign(np.round(places, 7))),
        "net": response.sum(axis=-1),
        "largest": np.abs(response).max(axis=-1),
        "density_of_states": np.array([weight.sum() for weight in slope]),
        "dissipation": np.array([np.sum(weight * bands.velocity**2) for weight in slope]),
        "undergap_current": current @ middle,
        "mean_current": current.sum(axis=-1) / across,
        "bulk_current": infinite(levels, temperature),
        "charge_current": number_current @ middle,
        "valence_top": np.array(gaps.valence_top),
        "conduction_bottom": np.array(gaps.conduction_bottom),
        # Identities that do not apply (the theorem without time reversal) are left out.
        **{name: value for name, value in residuals.items() if np.isfinite(value)},
    }


def _response(ribbon, levels, temperature, k, kernel, definition, needs_all_bands):
    """Response by site, (process, level, site), per e E tau and per e E, and its mesh elements."""
    sites = ribbon.sites
    exact = ExactElements(ribbon.bloch, kernel, definition, "atomic", needs_all_bands, sites)
    mesh = elements_on_mesh(exact, k)
    fastest = np.abs(mesh.velocity).max()
    needed = int(np.ceil(RESOLVED * fastest * 2 * np.pi / (ribbon.period * temperature)))
    if k <= needed:
        raise UserError("k", k, f"more than {needed}, which resolve the temperature")
    return mesh_sums(mesh, levels, temperature), mesh


def _window(places: np.ndarray, lattice, period: float) -> tuple[np.ndarray, float]:
    """Weights (site,) of the mean over the middle half of a ribbon, and the width of the ribbon.

    The window is an integer number of cells wide, so it has equally many sites of each sublattice.
    """
    height = abs(np.linalg.det(lattice.vectors)) / period
    cells = len(places) / len(np.unique(lattice.positions, axis=0))
    width = max(1, int(cells / 2)) * height
    inside = (places >= -width / 2) & (places < width / 2 - 1e-9)
    return inside / width, cells * height


def _infinite(lattice, direction, symmetries, module, definition, points):
    """Current of the infinite crystal as a function of the levels; NaN where it has no formula.

    There are formulas for the moment of the current, which the density declares, and for densities
    that have one value in each orbital.
    """
    if definition in getattr(module, "MOMENT_OF_CURRENT", ()):
        return BulkCurrent(lattice, direction, None, points).response
    matrix = symmetries.kernel_matrix(module.kernel, definition)(symmetries.k[:1])[0]
    value = np.diag(matrix)
    if np.abs(matrix - np.diag(value)).max() > 1e-12:
        return lambda levels, temperature: np.full(len(levels), np.nan)
    names = symmetries.ribbon.sublattice
    operator = np.diag([value[names == name][0] for name in lattice.orbitals])
    return BulkCurrent(lattice, direction, operator, points).response


def _theorem(symmetries: Symmetries, module, response: np.ndarray) -> float:
    """Largest interband over largest intraband value of an odd density with time reversal."""
    time_reversals = [g for g in symmetries.operations if g.antiunitary and g.energy > 0]
    time_reversals = [g for g in time_reversals if (g.x, g.y) == (1, 1)]
    if module.TIME_REVERSAL != -1 or not time_reversals or not response[0].any():
        return np.nan
    return float(np.abs(response[1]).max() / np.abs(response[0]).max())


def _hall_residual(lattice, direction, gaps, points) -> float:
    """Number current in the gap times 2 pi, plus the Chern number; NaN in a bulk metal.

    The sign is plus because the field e E x pushes electrons towards -x, so k decreases.
    """
    if not np.isfinite(gaps.midgap):
        return np.nan
    number = BulkCurrent(lattice, direction, np.eye(len(lattice.orbitals)), points)
    return float(2 * np.pi * number.response(np.array([gaps.midgap]), 0.0)[0] + gaps.chern)
