"""Static density response to a uniform field along x: intraband and interband (Eqs. 55, 58, S46).

intraband   (tau e E)  sum_n int dk/2pi (df/dk) <n|n(mu)|n>
interband   (e E)      sum_n int dk/2pi f_n b_n(mu)

At zero temperature both are exact in the Fermi points: the first is a sum over them, the second the
mesh sum plus the end correction of an integral that stops between two mesh points.  At a
temperature that the mesh resolves both are plain mesh sums; below that, the exact zero-temperature
values plus integrals over the thermal window on nodes of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bands import DEGENERACY, Eigenpairs, gathered, over_chunks, solve
from .bloch import BlochMatrix, mesh
from .crossings import bands_around
from .elements import KernelFunction, States, matrix_elements
from .errors import UserError
from .fermi import AT_REST, FermiPoints, fermi_points, occupation

# A uniform mesh integrates a Fermi function of temperature T with an error of about
# exp(-2 pi^2 T / (v dk)): 2e-11 at this ratio of T to v dk.
RESOLVED = 1.25
# exp(-WINDOW) is neglected beyond the thermal window.
WINDOW = 30.0
# Gauss-Legendre nodes a panel; panels double in width away from each crossing, the first T / v
# wide, so that f (poles at distance pi T / v) is resolved to 1e-10 at any temperature.
NODES = 8
# zeta-regularised sums of i^p over i <= 0, for the end corrections of the trapezoidal rule.
_TAIL = np.array([1 / 2, 1 / 12, 0.0, -1 / 120, 0.0, 1 / 252])
_STENCIL = np.arange(-2, 4)


def fermi_dirac(energy: np.ndarray, fermi_energy: float, temperature: float) -> np.ndarray:
    """Occupation; at zero temperature 1, 1/2 on the level, 0."""
    if temperature == 0:
        return occupation(energy, fermi_energy)
    return 0.5 * (1 - np.tanh((energy - fermi_energy) / (2 * temperature)))


def fermi_slope(energy: np.ndarray, fermi_energy: float, temperature: float) -> np.ndarray:
    """df/d energy at a finite temperature, in 1/t0."""
    half = np.clip((energy - fermi_energy) / (2 * temperature), -300, 300)
    return -0.25 / (temperature * np.cosh(half) ** 2)


@dataclass(frozen=True)
class MeshElements:
    """Matrix elements of one density on the uniform mesh: input of the response.

    energy, velocity : (k, band);  density, polarizability : (k, band, row), the latter None where
    it is identically zero;  weight : (k,) = dk/2pi
    """

    k: np.ndarray
    weight: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray
    density: np.ndarray
    polarizability: np.ndarray | None


@dataclass(frozen=True)
class ExactElements:
    """The same matrix elements at any k, by diagonalising again.

    ``regions`` (region, row), if given, are weights that sum the rows to what takes their place.
    """

    bloch: BlochMatrix
    kernel: KernelFunction
    definition: str
    gauge: str
    needs_all_bands: bool
    regions: np.ndarray | None = None

    def at(self, k: np.ndarray, interband: bool) -> MeshElements:
        """Elements on k (point,); with ``interband`` also the polarizability."""
        pairs = solve(self.bloch, k)
        states = States(pairs, self.bloch, self.gauge)
        kernel = self.kernel(states, self.definition)
        found = matrix_elements(states, kernel, interband)
        found = (by_region(values, self.regions) for values in found)
        return MeshElements(k, None, pairs.energy, pairs.velocity, *found)

    def of_states(self, k: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Density (point, row) of one known state (point, orbital) at each k."""
        slope = self.bloch.velocity(k)
        single = Eigenpairs(k, None, None, state[:, :, None], slope)
        states = States(single, self.bloch, self.gauge)
        kernel = self.kernel(states, self.definition)
        return by_region(matrix_elements(states, kernel, interband=False)[0][:, 0], self.regions)


def need_resolved(temperature: float, velocity: np.ndarray, k: np.ndarray) -> None:
    """Raise UserError unless a mesh k (k,) of bands that fast resolves a temperature."""
    coarse = RESOLVED * np.abs(velocity).max() * (k[1] - k[0])
    if temperature < coarse:
        raise UserError("temperature", temperature, f"at least {coarse:.3g} for {len(k)} points k")


def elements_on_mesh(exact: ExactElements, points: int, threads: int = 1) -> MeshElements:
    """Matrix elements on the uniform mesh of ``points`` k, worked in chunks of k.

    A flake has one k and weight 1.
    """
    k, weight = mesh(points, exact.bloch.period)

    def work(part):
        return exact.at(k[part], interband=True)

    parts = gathered(work, len(k), exact.bloch.size, threads)
    energy, velocity, density = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("energy", "velocity", "density")
    )
    interband = None
    if parts[0].polarizability is not None:
        interband = np.concatenate([part.polarizability for part in parts])
    return MeshElements(k, weight, energy, velocity, density, interband)


def by_region(values: np.ndarray | None, regions: np.ndarray | None) -> np.ndarray | None:
    """Values (..., row) summed to (..., region); as they are without regions."""
    return values if values is None or regions is None else values @ regions.T


def accumulation(
    mesh: MeshElements,
    exact: ExactElements,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    threads: int = 1,
    points: FermiPoints | None = None,
) -> np.ndarray:
    """Intraband (per e E tau) and interband (per e E) accumulation per length a.

    ``points`` are the Fermi points of these levels where they are already known.

    Returns (2, fermi_energy, temperature, row).  A flake (one k, no velocity) has no intraband
    part: its eigenstates carry no current and Eq. 21 is the interband sum alone.
    """
    rows = mesh.density.shape[-1]
    out = np.zeros((2, len(fermi_energy), len(temperature), rows))
    periodic = len(mesh.k) > 1
    fastest = np.abs(mesh.velocity).max(initial=0.0)
    resolved = RESOLVED * fastest * (mesh.k[1] - mesh.k[0] if periodic else 0.0)
    if not (periodic and np.any(temperature < resolved)):
        points = None
    else:
        if points is None:
            bands = (mesh.k, mesh.energy, mesh.velocity)
            points = fermi_points(exact.bloch, *bands, fermi_energy, threads)
        at_points = _at_points(points, exact, rows, threads)
    for t, kt in enumerate(temperature):
        for e, level in enumerate(fermi_energy):
            if points is None or kt >= resolved:
                out[:, e, t] = _on_mesh(mesh, level, kt, periodic)
                continue
            here = points.level == e
            out[0, e, t] = at_points[here].sum(axis=0)
            if mesh.polarizability is not None:
                out[1, e, t] = _interband_at_zero(mesh, points, here, level)
            if kt > 0:
                thermal = _thermal_correction(mesh, exact, points.k[here], level, kt, threads)
                out[0, e, t] = thermal[0]
                out[1, e, t] += thermal[1]
    return out


def _on_mesh(mesh: MeshElements, level: float, kt: float, periodic: bool) -> np.ndarray:
    """Plain mesh sums, (2, row)."""
    out = np.zeros((2, mesh.density.shape[-1]))
    if periodic:
        rate = fermi_slope(mesh.energy, level, kt) * mesh.velocity * mesh.weight[:, None]
        out[0] = _contract(rate, mesh.density)
    if mesh.polarizability is not None:
        filled = fermi_dirac(mesh.energy, level, kt) * mesh.weight[:, None]
        out[1] = _contract(filled, mesh.polarizability)
    return out


def _contract(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """sum over k and band: (k, band) with (k, band, row) -> (row,)."""
    return (weights[:, None, :] @ values).sum(axis=(0, 1))


def _at_points(points: FermiPoints, exact: ExactElements, rows: int, threads: int) -> np.ndarray:
    """Contribution of each Fermi point to the intraband response, (point, row).

    A crossing changes the occupation by ``step``; where bands cross exactly on the level (``step``
    0) each of the crossing states counts with the sign of its own velocity, and a half step that
    begins on such a state is already counted by it.
    """
    out = np.zeros((len(points.k), rows))
    known = ~np.isnan(points.state[:, 0]) & (not exact.needs_all_bands)

    def from_state(part):
        some = np.nonzero(known)[0][part]
        found = exact.of_states(points.k[some], points.state[some])
        out[some] = points.step[some, None] * found

    def from_spectrum(part):
        some = np.nonzero(~known)[0][part]
        found = exact.at(points.k[some], interband=False)
        picked = (np.arange(len(some)), points.band[some])
        speed, step = found.velocity[picked], points.step[some]
        moving = np.abs(speed) > AT_REST
        weight = np.where(step == 0, -np.sign(speed) * moving, step)
        weight = np.where((np.abs(step) == 0.5) & moving, 0.0, weight)
        out[some] = weight[:, None] * _mean_of_multiplet(found, picked)

    for work, number in ((from_state, known.sum()), (from_spectrum, (~known).sum())):
        if number:
            over_chunks(work, number, exact.bloch.size, threads, light=work is from_state)
    return out / (2 * np.pi)


def _mean_of_multiplet(found: MeshElements, picked: tuple) -> np.ndarray:
    """Density (point, row) of the picked (point, band), averaged over states of its multiplet.

    Where states share energy and velocity (two spins; inversion times time reversal, which pairs
    opposite edges) each diagonalisation returns some basis of them.  Each of them has its own Fermi
    point, at a k that differs by rounding: only the mean at one k adds up to their trace.
    """
    same = _multiplet(found.energy, found.velocity, picked[1])
    count = same.sum(axis=1)[:, None]
    mean = (same[:, None, :] @ found.density)[:, 0] / count
    return np.where(count > 1, mean, found.density[picked])


def _multiplet(energy: np.ndarray, velocity: np.ndarray, band: np.ndarray) -> np.ndarray:
    """Which states (..., band) share energy and velocity with the one picked by band (...)."""
    picked = band[..., None]
    same = np.abs(energy - np.take_along_axis(energy, picked, axis=-1)) < DEGENERACY
    return same & (np.abs(velocity - np.take_along_axis(velocity, picked, axis=-1)) < AT_REST)


def _interband_at_zero(mesh: MeshElements, points: FermiPoints, here, level: float) -> np.ndarray:
    """Zero-temperature interband response, (row,): mesh sum and the end corrections.

    For an integral that ends at k_F = k_j + s dk the trapezoidal sum misses
    dk sum_i w_i(s) b(k_j+i), with weights exact for polynomials of degree 5 (the generalised
    Euler-Maclaurin formula).
    """
    value = _contract(occupation(mesh.energy, level) * mesh.weight[:, None], mesh.polarizability)
    selected = np.nonzero(here & (points.step != 0))[0]
    if len(selected) == 0:
        return value
    weights = end_correction(points.fraction[selected])
    weights *= -points.step[selected, None] * mesh.weight[0]
    neighbour = (points.interval[selected, None] + _STENCIL) % len(mesh.k)
    where = (a[selected] for a in (points.interval, points.fraction, points.band))
    band = bands_around(mesh.energy, mesh.velocity, mesh.k[1] - mesh.k[0], *where, level)
    stencil = mesh.polarizability[neighbour, band]
    # Both states of a pair may follow either of another one: as there, only the mean adds up.
    same = _multiplet(mesh.energy[neighbour], mesh.velocity[neighbour], band)
    for point, place in zip(*np.nonzero(same.sum(axis=-1) > 1), strict=True):
        members = mesh.polarizability[neighbour[point, place], same[point, place]]
        stencil[point, place] = members.mean(axis=0)
    return value + np.tensordot(weights, stencil, axes=([0, 1], [0, 1]))


def end_correction(fraction: np.ndarray) -> np.ndarray:
    """Weights (point, 6) on mesh points j-2 ... j+3 that complete a sum ending at j + fraction.

    int_{-inf}^{s} t^p dt - sum_{i <= 0} i^p (zeta regularised), for p = 0 ... 5.
    """
    p = np.arange(len(_STENCIL))
    moments = fraction[:, None] ** (p + 1) / (p + 1) - _TAIL
    vandermonde = _STENCIL[:, None].astype(float) ** p
    return moments @ np.linalg.inv(vandermonde)


def _thermal_correction(mesh, exact, crossings, level, kt, threads) -> np.ndarray:
    """Integrals over the thermal window on Gauss-Legendre nodes, (2, row).

    Intraband: the whole integral.  Interband: that of f(T) - f(0), whose jumps at the crossings are
    ends of panels.
    """
    k, weight = _thermal_nodes(mesh, crossings, level, kt)
    rows = mesh.density.shape[-1]

    def work(part):
        found = exact.at(k[part], interband=mesh.polarizability is not None)
        out = np.zeros((2, rows))
        measure = weight[part][:, None]
        out[0] = _contract(
            fermi_slope(found.energy, level, kt) * found.velocity * measure, found.density
        )
        if found.polarizability is not None:
            change = fermi_dirac(found.energy, level, kt) - (found.energy < level)
            out[1] = _contract(change * measure, found.polarizability)
        return out

    parts = gathered(work, len(k), exact.bloch.size, threads) if len(k) else []
    return sum(parts, np.zeros((2, rows)))


def _thermal_nodes(mesh, crossings, level, kt) -> tuple[np.ndarray, np.ndarray]:
    """Nodes k and weights dk/2pi covering every mesh interval that the thermal window touches.

    Panels are graded towards the crossings and towards the band edges near the level.
    """
    spacing = mesh.k[1] - mesh.k[0]
    speed = np.maximum(np.abs(mesh.velocity), np.abs(np.roll(mesh.velocity, -1, axis=0)))
    distance = np.minimum(np.abs(mesh.energy - level), np.abs(np.roll(mesh.energy, -1, 0) - level))
    near = distance < WINDOW * kt + speed * spacing
    change = mesh.velocity - np.roll(mesh.velocity, -1, axis=0)
    turning = near & (mesh.velocity * np.roll(mesh.velocity, -1, axis=0) < 0)
    vertex = mesh.k[:, None] + spacing * mesh.velocity / np.where(turning, change, 1.0)
    centers = np.concatenate((crossings, vertex[turning]))

    first = kt / max(np.abs(mesh.velocity).max(), np.finfo(float).tiny)
    doublings = max(0, int(np.ceil(np.log2(2 * spacing / first))))
    offsets = first * 2.0 ** np.arange(doublings + 1)
    offsets = np.concatenate((-offsets, [0.0], offsets))
    start, zone = mesh.k[0], spacing * len(mesh.k)
    graded = np.sort(start + np.mod(centers[:, None] + offsets - start, zone).ravel())

    node, node_weight = np.polynomial.legendre.leggauss(NODES)
    nodes, weights = [np.zeros(0)], [np.zeros(0)]
    for j in np.nonzero(near.any(axis=1))[0]:
        low = mesh.k[j]
        high = low + spacing
        cuts = graded[np.searchsorted(graded, low, "right") : np.searchsorted(graded, high)]
        edges = np.concatenate(([low], cuts, [high]))
        half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        nodes.append((middle[:, None] + half[:, None] * node).ravel())
        weights.append((half[:, None] * node_weight / (2 * np.pi)).ravel())
    return np.concatenate(nodes), np.concatenate(weights)
