"""Accumulation in a ribbon with weak short-range disorder: clean, by modes, self-consistent Born.

What samples of :mod:`accumulation.theory.large_samples` are compared with, for Anderson disorder of
one ``strength``, at the same Fermi energy and ``broadening`` eta (T = 0):

clean   Fermi points of the ribbon with tau = hbar / (2 eta)
modes   Fermi points, each with its golden-rule rate in addition (28): narrow ribbons
born    self-consistent Born approximation: modes overlap where the width exceeds the mean free path

``mean_free_path`` is sqrt(2 <v_x^2>) over the mean golden-rule rate, means over the Fermi points
weighted with their density of states; that of a wide ribbon is the crystal's.
"""

from __future__ import annotations

import numpy as np

from ..densities import chosen
from ..errors import UserError
from ..lattice.samples import Ribbon
from ..responses import born_ribbon, kinetic_equation

EQUATION = "27, 28, S13"
UNITS = {"strength": "t0", "fermi_energy": "t0", "broadening": "t0"}
KINDS = ("ribbon", "wire")
ROUTES = {
    "clean": "clean ribbon",
    "modes": "golden-rule rate of each mode",
    "born": "self-consistent Born approximation",
}
_DENSITY = "(density) x e E / t0 / a"
VARIABLES = {
    "y": (("y",), "a", "position of the site across the ribbon", "S49"),
    **{
        f"accumulation_{name}": (("y",), _DENSITY, f"accumulation per length, {text}", "28")
        for name, text in ROUTES.items()
    },
    **{
        f"conductivity_{name}": ((), "e^2 a / h", f"conductivity times width, {text}", "28")
        for name, text in ROUTES.items()
    },
    "mean_free_path": ((), "a", "mean free path of the golden rule, without eta", "S13"),
    "born_rate": (
        (),
        "t0 / hbar",
        "scattering rate -2 Im Sigma of the Born approximation, mean weighted with the density of "
        "states of each orbital",
        "S13",
    ),
    "golden_rule_rate": ((), "t0 / hbar", "golden-rule rate, mean over the Fermi points", "S13"),
}
CHECKS: dict = {}
# k of the Born approximation over velocity / decay rate; the error falls as exp(-2 pi POINTS).
POINTS = 3.0


def check(density: str, definition: str, broadening: float, strength: float, **others) -> None:
    """Check the options of :func:`compute` without the ribbon.

    Raises
    ------
    UserError
        For a value out of its range, or a definition that needs a sum over bands.
    """
    chosen(density, definition, "ribbon", by_state=True)
    if broadening <= 0:
        raise UserError("broadening", broadening, "a positive number")
    if strength <= 0:
        raise UserError("strength", strength, "a positive number")


def compute(
    system: Ribbon,
    density: str = "orbital_moment",
    definition: str = "",
    fermi_energy: float = 1.0,
    broadening: float = 0.02,
    strength: float = 1.0,
) -> dict[str, np.ndarray]:
    """Profiles of the three approximations.

    Parameters
    ----------
    definition : of the density, the first one if empty
    broadening : eta, the imaginary part of the energy, in t0
    strength : W of energies uniform in [-W/2, W/2] on the sites, in t0

    Raises
    ------
    UserError
        For a system that is no ribbon or wire, for states degenerate at the Fermi level, or as
        :func:`check`.
    """
    if system.kind not in KINDS:
        raise UserError("geometry.kind", system.kind, KINDS)
    check(density, definition, broadening, strength)
    module, definition = chosen(density, definition, "ribbon", by_state=True)
    variance, sites = strength**2 / 12, system.sites
    points = kinetic_equation.contour(system, module.kernel, definition, np.array([fermi_energy]))
    rate = kinetic_equation.rates(points, variance).sum(axis=1)
    # States per energy: 1 / |v|
    states = 1 / np.abs(points.velocity)
    mean_rate = float(states @ rate / states.sum())
    speed = float(np.sqrt(2 * np.abs(points.velocity).sum() / states.sum()))
    values: dict[str, np.ndarray | float] = {}
    for name, total in (("clean", 2 * broadening), ("modes", rate + 2 * broadening)):
        path = points.velocity / total
        accumulation, conductivity = kinetic_equation.response(points, path, np.ones(1))
        values[f"accumulation_{name}"] = sites @ accumulation
        values[f"conductivity_{name}"] = 2 * np.pi * conductivity
    decay = broadening + 0.5 * mean_rate
    count = int(np.ceil(POINTS * 2 * np.pi / system.period * np.abs(points.velocity).max() / decay))
    energy = fermi_energy + 1j * broadening
    born = born_ribbon.solve(system, energy, variance, max(count, 16))
    accumulation, current = born_ribbon.fermi_response(born, module.kernel, definition)
    own = -born.self_energy.diagonal().imag
    return values | {
        "y": sites @ system.positions[:, 1] / sites.sum(axis=1),
        "accumulation_born": sites @ accumulation,
        "conductivity_born": -2 * np.pi * current.sum(),
        "mean_free_path": speed / mean_rate,
        # Im Sigma is proportional to the density of states of the orbital.
        "born_rate": 2 * float((own**2).sum() / own.sum()),
        "golden_rule_rate": mean_rate,
    }
