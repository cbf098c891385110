"""Generalized Hall conductivities of the crystal: charge, spin, valley, orbital moment.

sigma_yx of S23, the current along y for a field along x, against Fermi energy and temperature, by
adaptive quadrature of the generalized Berry curvature (S24) over the Brillouin zone.  The units are
e / h times those of the transported quantity.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..crystal import zone_integrals
from ..crystal.berry_curvature import OPERATORS, curvatures, of_spin
from ..crystal.bulk_properties import bulk
from ..crystal.gaps import CLOSED
from ..errors import UserError
from ..identities import Identity
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
    "filled_residual": (
        (),
        "e / h x units of the operator",
        "largest conductivity of all bands filled",
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


def compute(
    lattice: Lattice,
    fermi_energy: tuple = tuple(np.round(np.linspace(-2.0, 2.0, 41), 12).tolist()),
    temperature: tuple = (0.0, 0.05),
    cells: int = 12,
    tolerance: float = 1e-5,
) -> dict[str, np.ndarray]:
    """Conductivities (fermi_energy, temperature) of every operator, and those of the gap.

    The quadrature starts with ``cells`` squares along a side; a square is quartered while that
    changes any of the conductivities by more than ``tolerance``.  For a metal the conductivities of
    the gap, and the identities that need a gap, are left out.

    Raises
    ------
    UserError
        For cells below 1, a tolerance that is not positive, or a negative temperature.
    """
    if cells < 1:
        raise UserError("cells", cells, "an integer of at least 1")
    if tolerance <= 0:
        raise UserError("tolerance", tolerance, "a positive number")
    if min(temperature) < 0:
        raise UserError("temperature", list(temperature), "numbers of at least 0")
    levels, temperatures = np.array(fermi_energy, dtype=float), np.array(temperature, dtype=float)
    integrand = partial(curvatures, lattice)
    gaps = bulk(lattice)
    conductivities = np.zeros((len(OPERATORS), len(levels), len(temperatures)))
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
    values |= dict(zip(OPERATORS, conductivities, strict=True))
    return values | _in_gap(lattice, integrand, start, gaps)


def _rule(integrand, lattice: Lattice, levels: np.ndarray, kt: float):
    if kt == 0:
        return zone_integrals.sharp_rule(integrand, lattice, levels)
    return zone_integrals.smooth_rule(integrand, lattice, levels, kt)


def _in_gap(lattice: Lattice, integrand, start, gaps) -> dict[str, np.ndarray]:
    """Conductivities with the level in the gap and above all bands, and their identities."""
    above_all_bands = np.abs(np.linalg.eigvalsh(lattice.hamiltonian(np.zeros(2)))).max() * 10 + 10
    insulating = gaps.indirect_gap > CLOSED
    levels = np.array([gaps.midgap, above_all_bands] if insulating else [above_all_bands])
    rule = zone_integrals.sharp_rule(integrand, lattice, levels)
    # No level cuts a square, so the rule converges fast and a small tolerance costs little.
    values = zone_integrals.adaptive(rule, start, 1e-9)[0]
    results = {"filled_residual": np.abs(values[:, -1]).max()}
    if not insulating:
        return results
    in_gap = dict(zip(OPERATORS, values[:, 0], strict=True))
    results |= {f"{name}_in_gap": value for name, value in in_gap.items()}
    results["chern_residual"] = abs(in_gap["charge"] + gaps.chern)
    if not np.any(lattice.spins):
        results["spin_residual"] = abs(in_gap["spin"])
        return results
    parts = [of_spin(lattice, spin) for spin in (1, -1)]
    if None not in parts:
        up, down = (_chern_below(part, gaps.midgap) for part in parts)
        results["spin_residual"] = abs(in_gap["spin"] + up - down)
    return results


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
