"""Generalized Hall conductivities of the crystal: charge, spin, valley, orbital moment, operators.

sigma_yx of S23, the current along y for a field along x, against Fermi energy and temperature, by
adaptive quadrature of the generalized Berry curvature (S24) over the Brillouin zone.  The units are
e / h times those of the transported quantity.  Charge, spin, valley and orbital moment are
variables of their own; other densities, such as ``orbital_angular_momentum``, ``spin(component=y)``
or any operator of the lattice by its name, are along the dimension ``density``.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from .. import plugins
from ..crystal import zone_integrals
from ..crystal.berry_curvature import OPERATORS, curvatures, of_spin
from ..crystal.bulk_properties import bulk
from ..crystal.gaps import CLOSED
from ..crystal.hall_sum import hall_conductivity
from ..densities import named
from ..errors import UserError
from ..identities import Identity
from ..lattice.honeycomb import is_honeycomb
from ..lattice.lattice import Lattice
from ..states.occupations import fermi_slope

EQUATION = "8, 29, 30, S19-S24"
UNITS = {"tolerance": "e / h"}
_DIMS = ("fermi_energy", "temperature")
_NAMES = {
    "charge": "Hall conductivity of the number of electrons",
    "spin": "spin Hall conductivity",
    "valley": "valley Hall conductivity",
    "orbital_moment": "orbital Hall conductivity",
}
VARIABLES = {
    "fermi_energy": (("fermi_energy",), "t0", "Fermi energy", "18"),
    "temperature": (("temperature",), "t0", "temperature, times k_B", "18"),
    **{
        name: (_DIMS, f"e / h x {unit}", f"{_NAMES[name]}, sigma_yx", "29, S23")
        for name, unit in OPERATORS.items()
    },
    **{
        f"{name}_in_gap": ((), f"e / h x {unit}", f"{_NAMES[name]} in the gap", "29, S23")
        for name, unit in OPERATORS.items()
    },
    "density": (("density",), "1", "further densities", "5"),
    "density_units": (("density",), "1", "their units", "5"),
    "conductivity": (
        ("density", *_DIMS),
        "e / h x unit of the density",
        "Hall conductivity of each further density, sigma_yx",
        "29, S23",
    ),
    "conductivity_in_gap": (
        ("density",),
        "e / h x unit of the density",
        "Hall conductivity of each further density in the gap",
        "29, S23",
    ),
    "valence_top": ((), "t0", "top of the filled bands", "S43"),
    "conduction_bottom": ((), "t0", "bottom of the empty bands", "S43"),
    "chern": ((), "1", "Chern number of the filled bands", "S24"),
    "quadrature_change": (
        ("temperature",),
        "e / h x units of the operator",
        "last change of the adaptive quadrature, summed over squares: an upper bound of its error",
        "S23",
    ),
    "squares": (("temperature",), "1", "squares in which the rule was evaluated", "S23"),
    "chern_residual": ((), "e^2 / h", "charge Hall conductivity plus Chern number", "S23"),
    "spin_residual": (
        (),
        "e / h x hbar / 2",
        "spin Hall conductivity plus the difference of the Chern numbers of both spins",
        "S23",
    ),
    "mesh_residual": (
        (),
        "e / h x units of the operator",
        "conductivities in the gap by adaptive quadrature against plain sums over a mesh",
        "S23",
    ),
    "filled_residual": (
        (),
        "1",
        "largest conductivity of all bands filled, over the magnitudes of its terms",
        "S24",
    ),
    "thermal_residual": (
        (),
        "e / h x units of the operator",
        "the lowest temperature above 0 against the zero-temperature curve smeared with -f'",
        "S23",
    ),
}
CHECKS = {
    "chern_residual": Identity(
        "the Hall conductivity of a gap is the Chern number, -C e^2 / h as sigma_yx",
        "integer of Fukui, Hatsugai and Suzuki from overlaps on a mesh",
        1e-6,
    ),
    "spin_residual": Identity(
        "where s_z is conserved the spin Hall conductivity is C_down - C_up",
        "Chern numbers of the crystals of one spin",
        1e-6,
    ),
    "mesh_residual": Identity(
        "the conductivities in the gap do not depend on the quadrature",
        "sums over a uniform mesh, which converge exponentially",
        1e-6,
    ),
    "filled_residual": Identity(
        "a full set of bands carries no generalized Hall current",
        "sum rule: S24 is antisymmetric between two bands",
        1e-9,
    ),
    "thermal_residual": Identity(
        "the conductivity at a temperature is the zero-temperature one smeared with -f'",
        "linear triangles at a sharp level against Gauss-Legendre with the Fermi function",
        5e-4,
    ),
}
# Range of the integral over -f' on either side, in units of the temperature, and its nodes there.
SMEAR, NODES = 18.0, 32
# Meshes of the plain sums: densities for which they do not agree, or which vanish, are left out.
MESHES, RESOLVED = (64, 96), 1e-7


def compute(
    lattice: Lattice,
    density: tuple[str, ...] = tuple(OPERATORS),
    fermi_energy: tuple = tuple(np.round(np.linspace(-2.0, 2.0, 41), 12).tolist()),
    temperature: tuple = (0.0, 0.05),
    cells: int = 12,
    tolerance: float = 1e-5,
) -> dict[str, np.ndarray]:
    """Conductivities (fermi_energy, temperature) of every density, and those of the gap.

    The quadrature starts with ``cells`` squares along a side; a square is quartered while that
    changes any of the conductivities by more than ``tolerance``.  For a metal the conductivities of
    the gap, and the identities that need a gap, are left out.

    Parameters
    ----------
    density : charge, spin, valley, orbital_moment, orbital_angular_momentum, components of the last
        and of spin, or operators of the lattice by their names.  The default is those of the first
        four that the lattice has: valley is left out where it is no honeycomb.

    Raises
    ------
    UserError
        For a lattice of three dimensions, a density that the lattice does not have, cells below 1,
        a tolerance that is not positive, or a negative temperature.
    """
    if lattice.dimension != 2:
        raise UserError("model", f"{lattice.dimension} dimensions", "a crystal of two dimensions")
    if cells < 1:
        raise UserError("cells", cells, "an integer of at least 1")
    if tolerance <= 0:
        raise UserError("tolerance", tolerance, "a positive number")
    if min(temperature) < 0:
        raise UserError("temperature", list(temperature), "numbers of at least 0")
    levels, temperatures = np.array(fermi_energy, dtype=float), np.array(temperature, dtype=float)
    names = _names(lattice, density)
    integrand = partial(curvatures, lattice, names=names)
    gaps = bulk(lattice)
    conductivities = np.zeros((len(names), len(levels), len(temperatures)))
    change, squares = np.zeros(len(temperatures)), np.zeros(len(temperatures), dtype=int)
    start = zone_integrals.squares(cells)
    for t, kt in enumerate(temperatures):
        rule = _rule(integrand, lattice, levels, kt)
        conductivities[:, :, t], last, squares[t] = zone_integrals.adaptive(rule, start, tolerance)
        change[t] = last.max()
    values = {
        "fermi_energy": levels,
        "temperature": temperatures,
        "valence_top": gaps.valence_top,
        "conduction_bottom": gaps.conduction_bottom,
        "chern": gaps.chern,
        "quadrature_change": change,
        "squares": squares,
    }
    if temperatures.max() > 0:
        lowest = temperatures[temperatures > 0].min()
        values["thermal_residual"] = _smeared_apart(integrand, lattice, start, lowest, gaps)
    further = [name for name in names if name not in OPERATORS]
    if further:
        units = [plugins.load("densities", name).UNITS for name in further]
        values |= {"density": np.array(further), "density_units": np.array(units)}
    in_gap, identities = _in_gap(lattice, names, start, gaps)
    return (
        values
        | _by_density(names, conductivities, "{}", "conductivity")
        | _by_density(names, in_gap, "{}_in_gap", "conductivity_in_gap")
        | identities
    )


def _names(lattice: Lattice, density: tuple[str, ...]) -> tuple[str, ...]:
    """Densities by their full names, each once; of the default ones those of the lattice."""
    if tuple(density) == tuple(OPERATORS) and not is_honeycomb(lattice):
        density = tuple(name for name in density if name != "valley")
    return tuple(dict.fromkeys(named(one, lattice.operators) for one in density))


def _by_density(names, values, own: str, further: str) -> dict[str, np.ndarray]:
    """Values (density, ...) as variables: one for each of OPERATORS, and one for all others."""
    if values is None:
        return {}
    others = [value for name, value in zip(names, values, strict=True) if name not in OPERATORS]
    return {
        own.format(name): value
        for name, value in zip(names, values, strict=True)
        if name in OPERATORS
    } | ({further: np.array(others)} if others else {})


def _rule(integrand, lattice: Lattice, levels: np.ndarray, kt: float):
    if kt == 0:
        return zone_integrals.sharp_rule(integrand, lattice, levels)
    return zone_integrals.smooth_rule(integrand, lattice, levels, kt)


def _in_gap(lattice: Lattice, names, start, gaps) -> tuple[np.ndarray | None, dict]:
    """Conductivities (density,) with the level in the gap, None without one, and the identities."""
    above_all_bands = np.abs(np.linalg.eigvalsh(lattice.hamiltonian(np.zeros(2)))).max() * 10 + 10
    insulating = gaps.indirect_gap > CLOSED
    levels = np.array([gaps.midgap, above_all_bands] if insulating else [above_all_bands])
    # The charge is always wanted, for the Chern number.
    computed = tuple(dict.fromkeys((*names, "charge")))
    integrand = partial(curvatures, lattice, names=computed)
    rule = zone_integrals.sharp_rule(integrand, lattice, levels)
    # No level cuts a square, so the rule converges fast and a small tolerance costs little.
    values = zone_integrals.adaptive(rule, start, 1e-9)[0]
    results = {"filled_residual": (np.abs(values[:, -1]) / _magnitude(integrand, lattice)).max()}
    if not insulating:
        return None, results
    in_gap = dict(zip(computed, values[:, 0], strict=True))
    results["chern_residual"] = abs(in_gap["charge"] + gaps.chern)
    coarse, fine = (_plain_sums(lattice, computed, gaps.midgap, points) for points in MESHES)
    # Those that vanish by symmetry would agree in any quadrature.
    resolved = (np.abs(fine - coarse) < RESOLVED) & (np.abs(values[:, 0]) > RESOLVED)
    if resolved.any():
        results["mesh_residual"] = np.abs(fine - values[:, 0])[resolved].max()
    if "spin" in in_gap:
        results |= _spin_residual(lattice, in_gap["spin"], gaps.midgap)
    return values[: len(names), 0], results


def _magnitude(integrand, lattice: Lattice) -> np.ndarray:
    """Integral of sum_n |Omega_n| / 2 pi for each density, at least 1: the terms of a sum rule.

    Where bands touch the terms of S52 grow as 1 / gap^4, and with them the rounding of their sum.
    """
    points = MESHES[0]
    k = (np.indices((points, points)).reshape(2, -1).T + 0.5) / points @ lattice.reciprocal
    terms = np.abs(integrand(k)[1]).sum(axis=-1).mean(axis=-1)
    return np.maximum(1.0, 2 * np.pi * terms / abs(np.linalg.det(lattice.vectors)))


def _plain_sums(lattice: Lattice, names, level: float, points: int) -> np.ndarray:
    """Conductivities (density,) by sums over a mesh, in e / h times the units of each."""
    level_alone = np.array([level])
    sums = [hall_conductivity(lattice, name, level_alone, points)[0] for name in names]
    return 2 * np.pi * np.array(sums)


def _spin_residual(lattice: Lattice, in_gap: float, midgap: float) -> dict[str, float]:
    """The spin Hall conductivity of a gap against Chern numbers; empty if s_z is not conserved."""
    if not np.any(lattice.spins):
        return {"spin_residual": abs(in_gap)}
    parts = [of_spin(lattice, spin) for spin in (1, -1)]
    if None in parts:
        return {}
    up, down = (_chern_below(part, midgap) for part in parts)
    return {"spin_residual": abs(in_gap + up - down)}


def _chern_below(lattice: Lattice, level: float) -> float:
    """Chern number of the bands below a level in a gap."""
    filled = int((np.linalg.eigvalsh(lattice.hamiltonian(np.zeros(2))) < level).sum())
    return bulk(lattice, filled).chern if 0 < filled < len(lattice.orbitals) else 0.0


def _smeared_apart(integrand, lattice: Lattice, start, kt: float, gaps) -> float:
    """Largest difference of the thermal and the smeared sharp rule at the conduction band edge."""
    level = np.array([gaps.conduction_bottom])
    direct = zone_integrals.adaptive(_rule(integrand, lattice, level, kt), start, 1e-6)[0][:, 0]
    # The curve has a kink at the level: Gauss-Legendre on either side of it.
    x, w = np.polynomial.legendre.leggauss(NODES)
    steps = 0.5 * SMEAR * np.concatenate((x - 1, x + 1))
    energies = level + kt * steps
    sharp = zone_integrals.adaptive(_rule(integrand, lattice, energies, 0.0), start, 1e-5)[0]
    weights = -fermi_slope(energies, level, kt) * kt * 0.5 * SMEAR * np.tile(w, 2)
    return float(np.abs(sharp @ weights - direct).max())
