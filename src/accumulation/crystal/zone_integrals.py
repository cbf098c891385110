"""Integrals over the filled states of the two-dimensional Brillouin zone.

Results are in units of e / h: the measure is d2k / 2 pi (S23).  There are three rules.  A uniform
mesh has an error of order exp(-points x gap) for a smooth integrand.  Linear triangles serve a
sharp Fermi level, with an error O(points^-2).  Adaptive squares serve bands that touch or nearly
touch: a square is quartered if its integral differs from the sum over its quarters.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..lattice.lattice import Lattice
from ..states.occupations import fermi_dirac

# Gauss-Legendre nodes along a side of a square.
ORDER = 4
# k points of a square: nodes and corners.
NODES = ORDER**2 + 9
# Squares of one batch: matrices of a few MB.
BATCH = 1024
# Eight triangles of equal area on the 3 x 3 corners of a square, which are numbered row by row.
TRIANGLES = np.array(
    [corners for a in (0, 1, 3, 4) for corners in ((a, a + 1, a + 3), (a + 1, a + 3, a + 4))]
)

# energies (k, band) and integrands (operator, k, band) at k (k, 2)
Integrand = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def area(lattice: Lattice) -> float:
    """Area of the Brillouin zone over 2 pi, in 1/a^2."""
    return abs(np.linalg.det(lattice.reciprocal)) / (2 * np.pi)


def axes_along(lattice: Lattice, direction: tuple[int, int]) -> np.ndarray:
    """Unit vectors x and y as rows, (2, 2), of a ribbon cut along ``direction`` = (n, m)."""
    along = np.asarray(direction) @ lattice.vectors
    x = along / np.hypot(*along)
    return np.array([x, [-x[1], x[0]]])


def shifted_mesh(lattice: Lattice, points: int) -> np.ndarray:
    """Uniform mesh of ``points`` x ``points`` k, (k, 2) in 1/a.

    The mesh is shifted by half a step, away from the k where bands of honeycomb models touch.
    """
    steps = (np.arange(points) + 0.5) / points
    fraction = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    return fraction @ lattice.reciprocal


def squares(count: int) -> np.ndarray:
    """The zone as count x count squares (square, 3): corner in units of b1, b2, and side."""
    steps = np.arange(count) / count
    first, second = np.meshgrid(steps, steps, indexing="ij")
    return np.column_stack((first.ravel(), second.ravel(), np.full(count**2, 1 / count)))


def on_nodes(integrand: Integrand, lattice: Lattice, cells: np.ndarray, offsets: np.ndarray):
    """Energies (square, node, band) and integrands (operator, square, node, band).

    Parameters
    ----------
    integrand : function k (k, 2) -> energies (k, band), values (operator, k, band)
    cells : (square, 3) as from :func:`squares`;  offsets : (node, 2), in units of the side
    """
    fraction = cells[:, None, :2] + cells[:, None, 2:] * offsets
    energy, values = integrand((fraction @ lattice.reciprocal).reshape(-1, 2))
    shape = (len(cells), len(offsets), energy.shape[-1])
    return energy.reshape(shape), values.reshape(len(values), *shape)


def uniform(
    integrand: Integrand, lattice: Lattice, points: int, level: np.ndarray, temperature: float
) -> np.ndarray:
    """Sum over the filled states of a mesh of ``points`` x ``points`` k, (operator, level).

    ``level`` (level,) and ``temperature`` are in t0; the result is in units of e / h.
    """
    energy, values = on_nodes(integrand, lattice, squares(points), np.zeros((1, 2)))
    filled = np.array([fermi_dirac(energy, mu, temperature) for mu in level])
    return np.einsum("okmn,lkmn->ol", values, filled) * area(lattice) / points**2


def smooth_rule(integrand: Integrand, lattice: Lattice, level, temperature: float):
    """Gauss-Legendre rule at a finite temperature: squares -> integrals (square, operator, level).

    ``level`` (level,) and ``temperature`` are in t0.
    """
    offsets, weights = _gauss()

    def rule(cells):
        energy, values = on_nodes(integrand, lattice, cells, offsets)
        filled = fermi_dirac(energy[..., None], level, temperature) * weights[:, None, None]
        integral = np.einsum("ocmn,cmnl->col", values, filled)
        return integral * (cells[:, 2] ** 2 * area(lattice))[:, None, None]

    return rule


def sharp_rule(integrand: Integrand, lattice: Lattice, level: np.ndarray):
    """Rule at zero temperature: squares -> integrals (square, operator, level).

    A band that is below a level in all of a square is integrated by Gauss-Legendre, a band that the
    level cuts by linear triangles.  ``level`` (level,) is in t0.
    """
    offsets, weights = _gauss()
    corner = 0.5 * np.array([(i, j) for i in range(3) for j in range(3)], dtype=float)
    nodes = np.concatenate((offsets, corner))

    def rule(cells):
        energy, values = on_nodes(integrand, lattice, cells, nodes)
        low, high = energy.min(axis=1), energy.max(axis=1)  # (square, band)
        band_integral = np.einsum("ocmn,m->cno", values[:, :, : len(weights)], weights)
        full = (high[..., None] <= level).astype(float)
        integral = np.einsum("cno,cnl->col", band_integral, full)
        cell, band, number = np.nonzero((low[..., None] < level) & (level < high[..., None]))
        ends = energy[cell, len(weights) :, band][:, TRIANGLES]  # (cut, triangle, end)
        shares = linear_shares(ends, level[number][:, None]) / len(TRIANGLES)
        # numpy puts the dimension of two separated index arrays first: (cut, operator, ...)
        at_ends = values[:, cell, len(weights) :, band][..., TRIANGLES]
        part = np.einsum("toqe,tqe->to", at_ends, shares)
        where = (cell, slice(None), number)
        np.add.at(integral, where, part)  # type: ignore[arg-type]  # numpy's stubs know no slices here
        return integral * (cells[:, 2] ** 2 * area(lattice))[:, None, None]

    return rule


def linear_shares(energy: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Weight (..., 3) of each corner of a triangle in an integral over the part below a level.

    The integrand and the energy are linear in the triangle, whose area is 1.

    Parameters
    ----------
    energy : (..., 3) at the corners;  level : (...), broadcast against it
    """
    order = np.argsort(energy, axis=-1, kind="stable")
    e1, e2, e3 = np.moveaxis(np.take_along_axis(energy, order, -1), -1, 0)
    level = np.broadcast_to(level, e1.shape)

    def part(start, first, second):
        """Weights of start, first and second in the corner at ``start`` that the level cuts off."""
        a = np.clip((level - start) / np.where(first == start, 1.0, first - start), 0, 1)
        b = np.clip((level - start) / np.where(second == start, 1.0, second - start), 0, 1)
        return np.stack((a * b * (1 - (a + b) / 3), a * b * a / 3, a * b * b / 3), axis=-1)

    below = part(e1, e2, e3)
    above = 1 / 3 - part(e3, e2, e1)[..., ::-1]
    weights = np.where((level <= e2)[..., None], below, above)
    weights = np.where((level <= e1)[..., None], 0.0, weights)
    weights = np.where((level >= e3)[..., None], 1 / 3, weights)
    shares = np.empty_like(weights)
    np.put_along_axis(shares, order, weights, axis=-1)
    return shares


def adaptive(
    rule, cells: np.ndarray, tolerance: float, depth: int = 16
) -> tuple[np.ndarray, np.ndarray, int]:
    """Integral by quartering squares until none changes by more than ``tolerance``.

    Parameters
    ----------
    rule : of :func:`smooth_rule` or :func:`sharp_rule`;  cells : (square, 3), initial squares
    tolerance : in the units of the integral;  depth : largest number of quarterings

    Returns
    -------
    integral (operator, level), the sum of the last changes (operator, level), which is an upper
    bound of its error, and the number of squares in which the rule was evaluated
    """
    coarse = _batched(rule, cells)
    total, change, evaluated = np.zeros(coarse.shape[1:]), np.zeros(coarse.shape[1:]), len(cells)
    for _ in range(depth):
        quarters = _quartered(cells)
        fine = _batched(rule, quarters)
        evaluated += len(quarters)
        together = fine.reshape(len(cells), 4, *fine.shape[1:]).sum(axis=1)
        differs = np.abs(together - coarse)
        is_converged = differs.max(axis=(1, 2)) <= tolerance
        total += together[is_converged].sum(axis=0)
        change += differs[is_converged].sum(axis=0)
        if is_converged.all():
            return total, change, evaluated
        again = np.repeat(~is_converged, 4)
        cells, coarse = quarters[again], fine[again]
    return total + coarse.sum(axis=0), change + differs[~is_converged].sum(axis=0), evaluated


def fixed(rule, cells: np.ndarray) -> np.ndarray:
    """Integral (operator, level) on the squares ``cells`` (square, 3) without refinement."""
    return _batched(rule, cells).sum(axis=0)


def _batched(rule, cells: np.ndarray) -> np.ndarray:
    parts = range(0, len(cells), BATCH)
    return np.concatenate([rule(cells[start : start + BATCH]) for start in parts])


def _quartered(cells: np.ndarray) -> np.ndarray:
    """The four quarters of each square, in order, (4 square, 3)."""
    half = cells[:, 2] / 2
    shift = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=float)
    corner = cells[:, None, :2] + half[:, None, None] * shift
    sides = np.broadcast_to(half[:, None, None], (len(cells), 4, 1))
    return np.concatenate((corner, sides), axis=-1).reshape(-1, 3)


def _gauss() -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes (node, 2) and weights (node,) of the unit square."""
    x, w = np.polynomial.legendre.leggauss(ORDER)
    x, w = 0.5 * (x + 1), 0.5 * w
    first, second = np.meshgrid(x, x, indexing="ij")
    return np.column_stack((first.ravel(), second.ravel())), np.outer(w, w).ravel()


def pocket(
    integrand: Integrand,
    lattice: Lattice,
    center: np.ndarray,
    band: int,
    level: float,
    reach: float,
    angles: int = 96,
    radii: int = 32,
) -> np.ndarray:
    """Integral (operator,) over the pocket of a band around ``center``, where it is below a level.

    Polar coordinates are used, with the Fermi line found on each ray, so the integral converges
    exponentially.  The pocket must be star-shaped and smaller than ``reach``; a band that is above
    the level at the centre has no pocket.

    Parameters
    ----------
    center : (2,), in 1/a;  level : in t0;  reach : in 1/a
    """
    theta = 2 * np.pi * np.arange(angles) / angles
    ray = np.column_stack((np.cos(theta), np.sin(theta)))
    low, high = np.zeros(angles), np.full(angles, reach)
    for _ in range(60):
        middle = 0.5 * (low + high)
        energy = np.linalg.eigvalsh(lattice.hamiltonian(center + middle[:, None] * ray))
        below = energy[:, band] < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    x, w = np.polynomial.legendre.leggauss(radii)
    r = 0.5 * low[:, None] * (x + 1)
    k = center + r[..., None] * ray[:, None]
    values = integrand(k.reshape(-1, 2))[1][..., band].reshape(-1, angles, radii)
    return np.einsum("oar,ar,r,a->o", values, r, 0.5 * w, low) / angles
