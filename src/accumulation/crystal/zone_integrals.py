"""Integrals over the two-dimensional Brillouin zone of what the bands below a level carry.

Everything is in units of e / h: the measure is d2k / 2 pi.  Three rules: a uniform mesh, exact but
for exp(-points x gap) where the integrand is smooth; the same with linear triangles, for a sharp
Fermi level, O(points^-2); and squares that are quartered where their rule and that of their
quarters differ, for bands that touch or nearly do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..lattice.lattice import Lattice
from ..states.occupations import fermi_dirac

# Gauss-Legendre nodes a side of a square.
ORDER = 4
# k points of a square: nodes and corners.
NODES = ORDER**2 + 9
# Squares worked at once: matrices of a few MB.
BATCH = 1024
# Ends of a square's 3 x 3 corners (numbered row by row) as eight triangles of equal area.
TRIANGLES = np.array(
    [corners for a in (0, 1, 3, 4) for corners in ((a, a + 1, a + 3), (a + 1, a + 3, a + 4))]
)

# energies (k, band) and integrands (operator, k, band) at k (k, 2)
Integrand = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def area(lattice: Lattice) -> float:
    """Area of the zone over 2 pi, in 1/a^2."""
    return abs(np.linalg.det(lattice.reciprocal)) / (2 * np.pi)


def axes_along(lattice: Lattice, direction: tuple[int, int]) -> np.ndarray:
    """Unit vectors x and y (2, 2) of a ribbon cut along ``direction``."""
    along = np.asarray(direction) @ lattice.vectors
    x = along / np.hypot(*along)
    return np.array([x, [-x[1], x[0]]])


def shifted_mesh(lattice: Lattice, points: int) -> np.ndarray:
    """Uniform mesh of ``points`` x ``points`` k, (k, 2) in 1/a.

    Shifted by half a step, off the points where bands of honeycomb models touch.
    """
    steps = (np.arange(points) + 0.5) / points
    fraction = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    return fraction @ lattice.reciprocal


def squares(count: int) -> np.ndarray:
    """The zone as count x count squares (square, 3): corner in units of b1, b2, and side."""
    steps = np.arange(count) / count
    one, two = np.meshgrid(steps, steps, indexing="ij")
    return np.column_stack((one.ravel(), two.ravel(), np.full(count**2, 1 / count)))


def on_nodes(integrand: Integrand, lattice: Lattice, cells: np.ndarray, offsets: np.ndarray):
    """Energies (square, node, band) and integrands (operator, square, node, band).

    ``offsets`` (node, 2) are in units of the side.
    """
    fraction = cells[:, None, :2] + cells[:, None, 2:] * offsets
    energy, values = integrand((fraction @ lattice.reciprocal).reshape(-1, 2))
    shape = (len(cells), len(offsets), energy.shape[-1])
    return energy.reshape(shape), values.reshape(len(values), *shape)


def uniform(
    integrand: Integrand, lattice: Lattice, points: int, level: np.ndarray, temperature: float
) -> np.ndarray:
    """Sum over a mesh of points x points k, (operator, level)."""
    energy, values = on_nodes(integrand, lattice, squares(points), np.zeros((1, 2)))
    filled = np.array([fermi_dirac(energy, one, temperature) for one in level])
    return np.einsum("okmn,lkmn->ol", values, filled) * area(lattice) / points**2


def smooth_rule(integrand: Integrand, lattice: Lattice, level, temperature: float):
    """Gauss-Legendre in each square, (square, operator, level), at a finite temperature."""
    offsets, weights = _gauss()

    def rule(cells):
        energy, values = on_nodes(integrand, lattice, cells, offsets)
        filled = fermi_dirac(energy[..., None], level, temperature) * weights[:, None, None]
        found = np.einsum("ocmn,cmnl->col", values, filled)
        return found * (cells[:, 2] ** 2 * area(lattice))[:, None, None]

    return rule


def sharp_rule(integrand: Integrand, lattice: Lattice, level: np.ndarray):
    """The same at zero temperature: linear triangles in a square that a level cuts.

    Bands below a level in all of a square are integrated by Gauss-Legendre.
    """
    offsets, weights = _gauss()
    corner = 0.5 * np.array([(i, j) for i in range(3) for j in range(3)], dtype=float)
    nodes = np.concatenate((offsets, corner))

    def rule(cells):
        energy, values = on_nodes(integrand, lattice, cells, nodes)
        low, high = energy.min(axis=1), energy.max(axis=1)  # (square, band)
        whole = np.einsum("ocmn,m->cno", values[:, :, : len(weights)], weights)
        full = (high[..., None] <= level).astype(float)
        found = np.einsum("cno,cnl->col", whole, full)
        cell, band, number = np.nonzero((low[..., None] < level) & (level < high[..., None]))
        ends = energy[cell, len(weights) :, band][:, TRIANGLES]  # (cut, triangle, end)
        shares = linear_shares(ends, level[number][:, None]) / len(TRIANGLES)
        # numpy puts the dimension of two separated index arrays first: (cut, operator, ...)
        at_ends = values[:, cell, len(weights) :, band][..., TRIANGLES]
        part = np.einsum("toqe,tqe->to", at_ends, shares)
        where = (cell, slice(None), number)
        np.add.at(found, where, part)  # type: ignore[arg-type]  # numpy's stubs know no slices here
        return found * (cells[:, 2] ** 2 * area(lattice))[:, None, None]

    return rule


def linear_shares(energy: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Weight of each corner in the integral of a linear function over energy < level.

    Of a triangle of unit area; energy (..., 3) is linear too, level (...) broadcasts against it.
    """
    order = np.argsort(energy, axis=-1, kind="stable")
    e1, e2, e3 = np.moveaxis(np.take_along_axis(energy, order, -1), -1, 0)
    level = np.broadcast_to(level, e1.shape)

    def part(start, one, two):
        """The corner at ``start`` that the level cuts off: weights of start, one and two."""
        a = np.clip((level - start) / np.where(one == start, 1.0, one - start), 0, 1)
        b = np.clip((level - start) / np.where(two == start, 1.0, two - start), 0, 1)
        return np.stack((a * b * (1 - (a + b) / 3), a * b * a / 3, a * b * b / 3), axis=-1)

    below = part(e1, e2, e3)
    above = 1 / 3 - part(e3, e2, e1)[..., ::-1]
    found = np.where((level <= e2)[..., None], below, above)
    found = np.where((level <= e1)[..., None], 0.0, found)
    found = np.where((level >= e3)[..., None], 1 / 3, found)
    out = np.empty_like(found)
    np.put_along_axis(out, order, found, axis=-1)
    return out


def adaptive(
    rule, cells: np.ndarray, tolerance: float, depth: int = 16
) -> tuple[np.ndarray, np.ndarray, int]:
    """Integral by quartering squares until none changes by more than ``tolerance``.

    Returns
    -------
    integral (operator, level), the sum of the last changes of its size, and the number of squares
    in which the rule was evaluated
    """
    coarse = _batched(rule, cells)
    total, change, evaluated = np.zeros(coarse.shape[1:]), np.zeros(coarse.shape[1:]), len(cells)
    for _ in range(depth):
        quarters = _quartered(cells)
        fine = _batched(rule, quarters)
        evaluated += len(quarters)
        together = fine.reshape(len(cells), 4, *fine.shape[1:]).sum(axis=1)
        differs = np.abs(together - coarse)
        done = differs.max(axis=(1, 2)) <= tolerance
        total += together[done].sum(axis=0)
        change += differs[done].sum(axis=0)
        if done.all():
            return total, change, evaluated
        again = np.repeat(~done, 4)
        cells, coarse = quarters[again], fine[again]
    return total + coarse.sum(axis=0), change + differs[~done].sum(axis=0), evaluated


def fixed(rule, cells: np.ndarray) -> np.ndarray:
    """Integral (operator, level) on these squares as they are."""
    return _batched(rule, cells).sum(axis=0)


def _batched(rule, cells: np.ndarray) -> np.ndarray:
    parts = range(0, len(cells), BATCH)
    return np.concatenate([rule(cells[start : start + BATCH]) for start in parts])


def _quartered(cells: np.ndarray) -> np.ndarray:
    """The four quarters of each square, one after the other."""
    half = cells[:, 2] / 2
    shift = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=float)
    corner = cells[:, None, :2] + half[:, None, None] * shift
    sides = np.broadcast_to(half[:, None, None], (len(cells), 4, 1))
    return np.concatenate((corner, sides), axis=-1).reshape(-1, 3)


def _gauss() -> tuple[np.ndarray, np.ndarray]:
    """Nodes (node, 2) and weights of the unit square."""
    x, w = np.polynomial.legendre.leggauss(ORDER)
    x, w = 0.5 * (x + 1), 0.5 * w
    one, two = np.meshgrid(x, x, indexing="ij")
    return np.column_stack((one.ravel(), two.ravel())), np.outer(w, w).ravel()


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

    In polar coordinates, with the Fermi line found on each ray: no mesh that a level cuts, so it
    converges exponentially.  The pocket must be star-shaped and smaller than ``reach``; a band
    that starts above the level has none.
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
