"""Accumulation in Anderson-disordered rings: exact eigenstates against relaxation times.

Every point of the grid is one realization (``seed``) of disorder of one ``strength`` W, on-site
energies uniform in [-W/2, W/2], on a ring of ``length`` cells of a ribbon.  S11 is evaluated on the
exact eigenstates of the ring, at a temperature that averages over several levels and with a
Lorentzian delta function of half-width ``broadening`` eta.  A clean ring has tau = hbar / eta, so
eta is an additional rate of relaxation.  It is added to the rates of both approximations:

relaxation  (28): each Fermi point with its golden-rule rate 1 / tau + eta, no vertex corrections
kinetic     the kinetic equation with all rates between Fermi points, vertex corrections included

eta must exceed the level spacing, or the average over seeds converges slowly.  It must exceed v
over the length of the ring, or electrons interfere with themselves around the ring, which changes
rates by about 2 exp(-eta length / v).  It must be small on the scale on which the density of states
changes, because final states have the width eta; at the bottom of a subband this changes rates by
tens of percent.  Effects beyond both approximations (localization) appear as eta falls below
1 / tau.  No parameter is fitted.
"""

from __future__ import annotations

import numpy as np

from ..densities import chosen
from ..errors import UserError
from ..identities import Identity
from ..lattice.samples import Ribbon
from ..responses import disordered_rings, kinetic_equation
from ..states.eigenpairs import solve

EQUATION = "27, 28, S11-S14"
UNITS = {"strength": "t0", "fermi_energy": "t0", "temperature": "t0 / k_B", "resolution": "t0"}
_DENSITY = "(density) x e E / t0"
_CURRENT = "e^2 a / h"
_BY_ROW = ("broadening", "y")
_MEAN = ("strength", "broadening")
_RATES = ("strength", "mode")


def _by_each_route(name: str, dims: tuple, units: str, text: str) -> dict:
    return {
        name: (dims, units, f"{text} of one ring", "27, S11"),
        f"{name}_relaxation": (dims, units, f"{text}, relaxation-time formula", "28, S14"),
        f"{name}_kinetic": (dims, units, f"{text}, kinetic equation", "28, S12"),
    }


def _averaged(name: str, dims: tuple, units: str, text: str, equation: str = "27, S11") -> dict:
    return {
        f"mean_{name}": (dims, units, f"{text}, mean over realizations", equation),
        f"error_{name}": (dims, units, f"{text}, standard error of the mean", equation),
    }


VARIABLES = {
    "y": (("y",), "a", "position of the site across the ribbon", "S49"),
    "broadening": (("broadening",), "t0", "half-width of the delta function of S11", "S11, S13"),
    "mode": (("mode",), "1", "Fermi point at k > 0, by k", "S13"),
    "level_spacing": ((), "t0", "mean level spacing of the clean ring at the Fermi energy", "S14"),
    **_by_each_route("accumulation", _BY_ROW, f"{_DENSITY} / a", "accumulation by site per length"),
    **_by_each_route("conductivity", ("broadening",), _CURRENT, "conductivity"),
    "golden_rule_rate": (("mode",), "t0 / hbar", "golden-rule rate 1 / tau", "S13"),
    "born_rate": (
        ("mode",),
        "t0 / hbar",
        "second-order rate of the ring's state nearest to the Fermi point, at finite resolution",
        "S13",
    ),
    "green_re": (("mode",), "1 / t0", "Green function of that state in one ring, real", "S13"),
    "green_im": (("mode",), "1 / t0", "Green function of that state in one ring, imaginary", "S13"),
    "clean_im": (("mode",), "1 / t0", "Green function of the clean ring (imaginary)", "S13"),
    **_averaged("accumulation", ("strength", *_BY_ROW), f"{_DENSITY} / a", "accumulation by site"),
    **_averaged("upper", _MEAN, f"{_DENSITY} / a", "accumulation at y > 0"),
    **_averaged("net", _MEAN, f"{_DENSITY} / a", "net accumulation"),
    **_averaged("conductivity", _MEAN, _CURRENT, "conductivity"),
    **_averaged("rate", _RATES, "t0 / hbar", "decay rate of the averaged Green function", "S13"),
    "kinetic_deviation": (
        (),
        "1",
        "mean conductivity and accumulation at y > 0 minus kinetic equation, over the standard "
        "error, at the weakest disorder and smallest broadening",
        "27, 28",
    ),
    "rate_deviation": (
        (),
        "1",
        "measured minus second-order rate, mean of the modes, over its standard error, at the "
        "weakest disorder",
        "S13",
    ),
}
# Five standard errors: a mean of 16 normal numbers is further away once in 6000.
SIGMAS = 5.0
CHECKS = {
    "kinetic_deviation": Identity(
        "S11 on exact eigenstates, averaged over disorder, is the kinetic equation where disorder "
        "is weak: within five standard errors",
        "exact eigenstates of rings against the golden rule on the ribbon's Fermi points",
        SIGMAS,
    ),
    "rate_deviation": Identity(
        "the averaged Green function decays at the golden-rule rate where disorder is weak: within "
        "five standard errors",
        "Green function of exact eigenstates against second-order perturbation theory",
        SIGMAS,
    ),
}
COORDINATES = ("y", "broadening", "mode")
# Nodes of the thermal average of the approximations.
NODES = 24


def compute(
    system: Ribbon,
    density: str = "orbital_moment",
    definition: str = "",
    fermi_energy: float = 1.65,
    temperature: float = 0.03,
    broadening: tuple[float, ...] = (0.02, 0.1),
    length: int = 60,
    strength: float = 1.0,
    seed: int = 0,
    twist: bool = False,
    resolution: float = 0.05,
) -> dict[str, np.ndarray]:
    """One realization and both approximations.

    Parameters
    ----------
    definition : of the density, the first one if empty
    broadening : half-widths eta of S11's delta function, in t0
    twist : close the ring with a random phase from the seed.  The average over boundary conditions
        allows shorter rings, at the cost of complex arithmetic.
    resolution : imaginary part of the energy at which the Green function is measured, in t0

    Raises
    ------
    UserError
        For a system that is not a ribbon, a value out of range, or a definition that needs a
        sum over bands.
    """
    _check(system, temperature, strength, seed, resolution)
    module, definition = chosen(density, definition, "ribbon", by_state=True)
    if min(broadening) <= 0:
        raise UserError("broadening", min(broadening), "positive numbers")
    kernel = module.kernel
    ring = disordered_rings.ring(system, length)
    onsite = strength * disordered_rings.anderson(system, length, seed)
    density_of = (kernel, definition)
    flux = disordered_rings.random_twist(ring, seed) if twist else 0.0
    states = disordered_rings.eigenstates(ring.bloch, onsite, flux)
    width = np.array(broadening)
    by_orbital, current = disordered_rings.dissipative_response(
        ring.bloch, *density_of, states, fermi_energy, temperature, width
    )
    cells = by_orbital.reshape(len(width), length, -1).sum(axis=1)
    length_of_ring = ring.period
    values = _approximations(system, density_of, fermi_energy, temperature, width, strength)
    values |= _lifetimes(system, density_of, length, states, fermi_energy, strength, resolution)
    values["level_spacing"] = values["level_spacing"] / length_of_ring
    sites = system.sites
    return values | {
        "y": sites @ system.positions[:, 1] / sites.sum(axis=1),
        "broadening": width,
        "accumulation": cells @ sites.T / length_of_ring,
        "conductivity": 2 * np.pi * current / length_of_ring,
    }


def _check(system, temperature, strength, seed, resolution) -> None:
    """Raise UserError for a system that is no ribbon, or a number out of its range."""
    if system.kind != "ribbon":
        raise UserError("geometry.kind", system.kind, "ribbon, of which the ring is closed")
    for name, value in (("temperature", temperature), ("resolution", resolution)):
        if value <= 0:
            raise UserError(name, value, "a positive number")
    for name, value in (("strength", strength), ("seed", seed)):
        if value < 0:
            raise UserError(name, value, "at least 0")


def _approximations(ribbon, density_of, fermi_energy, temperature, broadening, strength) -> dict:
    """Relaxation-time formula and kinetic equation, averaged over the thermal window."""
    energies, weight = kinetic_equation.thermal_nodes(fermi_energy, temperature, NODES)
    points = kinetic_equation.contour(ribbon, *density_of, energies)
    sites, variance = ribbon.sites, strength**2 / 12
    rows = {"relaxation": [], "kinetic": []}
    for width in broadening:
        for name, path in zip(rows, kinetic_equation.paths(points, variance, width), strict=True):
            density, current = kinetic_equation.response(points, path, weight)
            rows[name].append((sites @ density, 2 * np.pi * current))
    values = {}
    for name, results in rows.items():
        values[f"accumulation_{name}"] = np.array([density for density, _ in results])
        values[f"conductivity_{name}"] = np.array([current for _, current in results])
    # States per energy and length: sum of 1 / (2 pi |v|).
    states = weight[points.level] / (2 * np.pi * np.abs(points.velocity))
    values["level_spacing"] = 1 / states.sum()
    return values


def _lifetimes(ribbon, density_of, length, states, fermi_energy, strength, resolution) -> dict:
    """Golden-rule rates, and Green functions of the ring's clean states nearest to k_F > 0."""
    points = kinetic_equation.contour(ribbon, *density_of, np.array([fermi_energy]))
    right_movers = np.flatnonzero(points.k > 0)
    right_movers = right_movers[np.argsort(points.k[right_movers])]
    step = 2 * np.pi / (length * ribbon.period)
    k = states.twist + step * np.rint((points.k[right_movers] - states.twist) / step)
    clean = solve(ribbon.bloch, k)
    modes = np.arange(len(k))
    band = np.argmin(np.abs(clean.energy - fermi_energy), axis=1)
    waves = clean.eigenvector[modes, :, band]
    # At the energy of the clean state, whose Green function is then 1 / (i resolution).
    energy = clean.energy[modes, band] + 1j * resolution
    green = np.array(
        [
            disordered_rings.green_function(ribbon, length, states, *one)
            for one in zip(k, waves, energy, strict=True)
        ]
    )
    variance = strength**2 / 12
    all_states = solve(
        ribbon.bloch, disordered_rings.ring_wavevectors(ribbon, length, states.twist)
    )
    born = disordered_rings.born_self_energy(all_states, variance, energy)
    return {
        "mode": modes,
        "golden_rule_rate": kinetic_equation.rates(points, variance).sum(axis=1)[right_movers],
        "born_rate": -2 * (np.abs(waves) ** 2 * born).sum(axis=1).imag,
        "green_re": green.real,
        "green_im": green.imag,
        "clean_im": np.full(len(k), -1 / resolution),
    }


def conclude(axes: dict[str, np.ndarray], values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Means over realizations and their standard errors, for a grid of strengths and seeds.

    ``values`` have the axes of the grid first; results are (strength, ...) as in VARIABLES.
    """
    is_average = set(axes) == {"strength", "seed"} and len(axes["seed"]) > 1
    if not is_average or "accumulation" not in values:
        return {}
    # (strength, seed, ...) for either order of the axes; coordinates have neither.
    if next(iter(axes)) == "seed":
        values = {k: v if k in COORDINATES else np.swapaxes(v, 0, 1) for k, v in values.items()}
    upper = values["y"] > 1e-9
    by_site = values["accumulation"]
    samples = {
        "accumulation": by_site,
        "upper": by_site[..., upper].sum(axis=-1),
        "net": by_site.sum(axis=-1),
        "conductivity": values["conductivity"],
        "rate": disordered_rings.decay_rates(
            values["green_re"] + 1j * values["green_im"], 1j * values["clean_im"]
        ),
    }
    averages = {}
    for name, array in samples.items():
        averages[f"mean_{name}"] = array.mean(axis=1)
        averages[f"error_{name}"] = standard_error(array)
    weakest, narrowest = np.argmin(axes["strength"]), np.argmin(values["broadening"])
    expected = {
        "conductivity": values["conductivity_kinetic"],
        "upper": values["accumulation_kinetic"][..., upper].sum(axis=-1),
    }
    index = (weakest, slice(None), narrowest)
    deviations = [
        off_by(samples[name][index], samples[name][index] - expected[name][index])
        for name in expected
    ]
    rates = samples["rate"][weakest].mean(axis=-1)
    born = values["born_rate"][weakest].mean(axis=-1)
    return averages | {
        "kinetic_deviation": max(deviations),
        "rate_deviation": off_by(rates, rates - born),
    }


def off_by(samples: np.ndarray, differences: np.ndarray) -> float:
    """Mean of ``differences`` (seed,) over the standard error of ``samples`` (seed, ...).

    NaN if the samples do not scatter.
    """
    error = standard_error(samples, 0)
    return float(np.abs(differences.mean()) / error) if error > 0 else np.nan


def standard_error(samples: np.ndarray, axis: int = 1) -> np.ndarray:
    """Standard error of the mean of samples (..., seed, ...) along the axis of the realizations."""
    return samples.std(axis=axis, ddof=1) / np.sqrt(samples.shape[axis])
