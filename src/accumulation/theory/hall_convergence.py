"""Convergence of the quadratures of the Hall conductivities.

In a gap the error of a uniform mesh of N x N points is the sum of the Fourier components of the
curvature at N R, with R a lattice vector.  For a cone of mass m and velocity v they are
exp(-N |R| m / v) / 2 in e^2 / h if N is divisible by 3 (the phases at K are then one).  At a
temperature T the error is exponential in N T; at a sharp level the error of linear triangles is of
order N^-2.  The cost of the adaptive rule grows as the logarithm of the gap.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..crystal import zone_integrals
from ..crystal.berry_curvature import curvatures
from ..crystal.bulk_properties import bulk
from ..crystal.gaps import CLOSED
from ..errors import UserError
from ..identities import Identity
from ..lattice.honeycomb import K
from ..lattice.lattice import Lattice

EQUATION = "S23, S24"
# Velocity of the cone at t0 = 1, in t0 a; the largest of all bands.
SPEED = np.sqrt(3) / 2
# Largest radius of a pocket around K, in 1/a: M is at 2 pi / 3.
REACH = 2.0
# Number of vectors R to sum over along each direction: enough for N a m / v of 0.1.
IMAGES = 300
# Levels around the Fermi energy over which the error at a sharp level is averaged.
SPREAD = np.linspace(0.95, 1.05, 11)
# Smallest tolerance at a sharp level, where the cost grows as a power of the tolerance.
SHARPEST = 1e-6
# Errors below this are rounding, not convergence.
ROUNDING = 1e-11
_MESH, _TOLERANCE = ("points",), ("tolerance",)
VARIABLES = {
    "points": (_MESH, "1", "points a side of the uniform mesh", "S23"),
    "tolerance": (_TOLERANCE, "e^2 / h", "tolerance of the adaptive rule", "S23"),
    "half_gap": ((), "t0", "half the smallest direct gap", "S43"),
    "chern": ((), "1", "Chern number of the filled bands", "S24"),
    "gap_error": (_MESH, "e^2 / h", "Hall conductivity of the gap against the integer", "S23"),
    "gap_error_predicted": (_MESH, "e^2 / h", "sum of exp(-N |R| m / v) / 2", "S23"),
    "sharp_error": (
        _MESH,
        "e^2 / h",
        "linear triangles at a level in the band against polar coordinates",
        "S23",
    ),
    "warm_error": (
        _MESH,
        "e^2 / h",
        "uniform mesh at a temperature against the adaptive rule",
        "S23",
    ),
    "adaptive_error": (
        _TOLERANCE,
        "e^2 / h",
        "adaptive rule in the gap against the integer",
        "S23",
    ),
    "adaptive_points": (_TOLERANCE, "1", "k points of the adaptive rule", "S23"),
    "adaptive_sharp_error": (
        _TOLERANCE,
        "e^2 / h",
        "adaptive rule at a level in the band, against polar coordinates",
        "S23",
    ),
    "rate_residual": (
        (),
        "1",
        "rate of convergence of the uniform mesh over the predicted one, minus 1",
        "S23",
    ),
    "sharp_order": ((), "1", "power of 1 / N in their error, from the last three meshes", "S23"),
    "warm_predicted": (_MESH, "e^2 / h", "the same plus exp(-N a pi T / v)", "S23"),
    "warm_residual": ((), "1", "largest error at a temperature over the predicted one", "S23"),
    "adaptive_residual": ((), "e^2 / h", "adaptive rule at its smallest tolerance", "S23"),
    "adaptive_sharp_residual": ((), "e^2 / h", "the same at a level in the band", "S23"),
}
CHECKS = {
    "rate_residual": Identity(
        "in a gap a uniform mesh converges as exp(-N a m / v)",
        "Fourier components of the curvature of the Dirac cone",
        0.05,
    ),
    "sharp_order": Identity(
        "linear triangles at a sharp level converge at least as the square of the spacing",
        "order of the linear rule; pockets in polar coordinates",
        1.7,
        at_least=True,
    ),
    "warm_residual": Identity(
        "at a temperature a uniform mesh is no worse than the nearest singularities allow: the "
        "touching of the bands and the poles of the Fermi function",
        "adaptive Gauss-Legendre; singularities at complex k",
        1.0,
    ),
    "adaptive_residual": Identity(
        "the adaptive rule gives the integer however small the gap",
        "integer of Fukui, Hatsugai and Suzuki",
        1e-7,
    ),
    "adaptive_sharp_residual": Identity(
        "the adaptive rule holds at a sharp level in the band",
        "the pockets of K and K' in polar coordinates, spectrally convergent",
        1e-4,
    ),
}


def compute(
    lattice: Lattice,
    points: tuple = (24, 48, 96, 192),
    tolerance: tuple = (1e-4, 1e-6, 1e-8),
    fermi_energy: float = 0.6,
    temperature: float = 0.1,
    cells: int = 12,
) -> dict[str, np.ndarray]:
    """Errors of every rule for the charge, whose conductivity in the gap is an integer.

    ``fermi_energy`` is a level in the conduction band, below the saddle at M, for the sharp rules.

    Raises
    ------
    UserError
        If a mesh does not contain K and K', or the crystal has no gap.
    """
    sizes = np.array(points)
    gaps = _checked_gaps(lattice, sizes)
    integrand = partial(curvatures, lattice, names=("charge",))
    # The average over levels removes the accident of how the mesh lies next to the Fermi line.
    levels = fermi_energy * SPREAD
    level, midgap = np.array([fermi_energy]), np.array([gaps.midgap])
    uniform = partial(zone_integrals.uniform, integrand, lattice)
    in_gap = np.array([uniform(n, midgap, 0.0)[0, 0] for n in sizes])
    warm = np.array([uniform(n, level, temperature)[0, 0] for n in sizes])
    sharp_rule = zone_integrals.sharp_rule(integrand, lattice, levels)
    # A square has 3 x 3 corners: n / 2 squares a side for a spacing of 1 / n.
    sharp = np.array(
        [zone_integrals.fixed(sharp_rule, zone_integrals.squares(n // 2))[0] for n in sizes]
    )
    initial_squares = zone_integrals.squares(cells)
    smooth_rule = zone_integrals.smooth_rule(integrand, lattice, level, temperature)
    warm_reference = zone_integrals.adaptive(smooth_rule, initial_squares, 1e-10)[0][0, 0]

    gap_rule = zone_integrals.sharp_rule(integrand, lattice, midgap)
    insulating = [zone_integrals.adaptive(gap_rule, initial_squares, tol) for tol in tolerance]
    metallic = [
        zone_integrals.adaptive(sharp_rule, initial_squares, max(tol, SHARPEST))[0][0]
        for tol in tolerance
    ]
    sharp_reference = -gaps.chern + _pockets(integrand, lattice, gaps.filling, levels)

    half_gap = gaps.direct_gap / 2
    gap_error = np.abs(in_gap + gaps.chern)
    sharp_error = _rms(sharp - sharp_reference)
    adaptive_error = np.abs([integral[0, 0] + gaps.chern for integral, _, _ in insulating])
    adaptive_sharp = _rms(np.array(metallic) - sharp_reference)
    order = -np.polyfit(np.log(sizes[-3:]), np.log(sharp_error[-3:]), 1)[0]
    decay = half_gap / SPEED
    predicted = np.array([_images(decay * n) for n in sizes])
    warm_error = np.abs(warm - warm_reference)
    warm_predicted = predicted + np.exp(-np.pi * temperature / SPEED * sizes)
    return {
        "points": sizes,
        "tolerance": np.array(tolerance),
        "half_gap": half_gap,
        "chern": gaps.chern,
        "gap_error": gap_error,
        "gap_error_predicted": predicted,
        "sharp_error": sharp_error,
        "warm_error": warm_error,
        "adaptive_error": adaptive_error,
        "adaptive_points": np.array([count for *_, count in insulating]) * zone_integrals.NODES,
        "adaptive_sharp_error": adaptive_sharp,
        "rate_residual": _rate(gap_error, predicted) - 1,
        "sharp_order": order,
        "warm_predicted": warm_predicted,
        "warm_residual": (warm_error / (warm_predicted + ROUNDING)).max(),
        "adaptive_residual": adaptive_error[-1],
        "adaptive_sharp_residual": adaptive_sharp[-1],
    }


def _checked_gaps(lattice: Lattice, sizes: np.ndarray):
    """Gaps of the crystal; UserError for unsuitable meshes or a crystal without a gap."""
    if np.any(sizes % 6) or len(sizes) < 3:
        raise UserError("points", sizes.tolist(), "at least three multiples of 6")
    gaps = bulk(lattice)
    if gaps.indirect_gap <= CLOSED:
        raise UserError("model", "no gap", "an insulator")
    return gaps


def _pockets(integrand, lattice: Lattice, band: int, levels: np.ndarray) -> np.ndarray:
    """Integral over the pockets of a band at K and K', (level,), in polar coordinates."""
    pockets = [
        [
            zone_integrals.pocket(integrand, lattice, side * K, band, level, REACH)[0]
            for side in (1, -1)
        ]
        for level in levels
    ]
    return np.sum(pockets, axis=1)


def _rms(errors: np.ndarray) -> np.ndarray:
    """Root mean square over the levels, the last axis."""
    return np.sqrt(np.mean(errors**2, axis=-1))


def _images(decay: float) -> float:
    """Error of a mesh of N x N points, half the sum of exp(-decay |R|), R != 0; decay = N m / v."""
    p, q = np.meshgrid(np.arange(-IMAGES, IMAGES + 1), np.arange(-IMAGES, IMAGES + 1))
    distance = np.sqrt(p * p + p * q + q * q)
    return 0.5 * np.exp(-decay * distance[distance > 0]).sum()


def _rate(errors: np.ndarray, predicted: np.ndarray) -> float:
    """Decay of the error over the predicted one, between the last two meshes above rounding.

    NaN if fewer than two meshes have errors above rounding.
    """
    usable = np.flatnonzero(errors > ROUNDING)
    if len(usable) < 2:
        return np.nan
    coarse, fine = usable[-2:]
    return np.log(errors[coarse] / errors[fine]) / np.log(predicted[coarse] / predicted[fine])
