"""Band edges and direct gap as global minima, with a bound of the error.

The zone is divided into cells.  In a cell with centre f, bands from N on lie above the smallest
eigenvalue of H compressed on the states U of these bands at the centre (Courant and Fischer), and
H(f + s) differs from H(f) + s.dH by at most half of the bound of its second derivative:

    e_N(f + s) >= min_corners lambda_min(E_U + s.V_UU) - max |(s.d)^2 H| / 2

since lambda_min of a matrix linear in s is concave in s.  Likewise for the bands below, and for the
difference.  No gap stands in a denominator: the bound holds at crossings too.  Cells whose bound
lies above the best value known are discarded, the others are divided.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..lattice.hop_table import HopTable
from .reduced_bloch import Frames, ReducedBloch, blocks, centres

# Gaps smaller than this (in t0) count as closed.
CLOSED = 1e-9
# A cell is discarded where it can lie lower than the best value by no more than this, in t0.
TOLERANCE = 1e-6
# Cells along each direction to begin with; divisible by 6, so that K, M and Gamma are centres.
START = {1: 12, 2: 12, 3: 6}
LEVELS = 40
# Cells that one level may hold for each quantity: flat bands and lines of extrema need ever more.
# Where there are more, those with the lowest bounds are divided on, and the others limit the error.
CROWD = 1 << 13
# Cells in all, times (orbitals + 4)^3 as the time that each takes.
WORK = 1e9
# Newton steps from a best centre, at most; steps below SETTLED end it.
STEPS, SETTLED = 12, 1e-11
# What is minimised: the direct gap, minus the valence band, the conduction band.
GAP, VALENCE, CONDUCTION = range(3)


@dataclass(frozen=True)
class BandEdges:
    """Global minima, and how much lower (a top: higher) each could lie at most, all in t0."""

    direct_gap: float
    valence_top: float
    conduction_bottom: float
    direct_gap_error: float
    valence_top_error: float
    conduction_bottom_error: float


def band_edges(hops: HopTable, size: int, filled: int, points: int | None = None) -> BandEdges:
    """Direct gap, top of band ``filled`` - 1 and bottom of band ``filled`` over the zone.

    Parameters
    ----------
    hops : hop table of the crystal, ``cell`` (hop, dimension), conjugates included
    size, filled : number of orbitals, and of bands below the gap
    points : cells along each direction to begin with
    """
    search = _Search(ReducedBloch(hops, size), filled, points)
    apart = search.bloch.relative
    axes = search.bloch.axes if len(search.bloch.axes) else np.zeros(1, dtype=int)
    if len(axes) == search.bloch.dimension:
        search.run((GAP, VALENCE, CONDUCTION))
    else:
        # The gap does not depend on the other axes: along them it would be a line of minima.
        plane = HopTable(apart.row, apart.column, apart.cell[:, axes], apart.amplitude)
        gap = _Search(ReducedBloch(plane, size), filled, points)
        gap.run((GAP,))
        place = np.zeros((1, search.bloch.dimension))
        place[0, axes] = gap.place
        search.try_at(place)
        search.run((VALENCE, CONDUCTION))
        search.floor[GAP] = gap.floor[GAP]
    best, floor = search.best, search.floor
    floor[GAP] = max(floor[GAP], 0.0)
    error = np.maximum(best - floor, 0.0)
    return BandEdges(*map(float, (best[GAP], -best[VALENCE], best[CONDUCTION], *error)))


@dataclass
class _Search:
    """Best values of the three targets, and what the discarded cells cannot fall below."""

    bloch: ReducedBloch
    filled: int
    points: int | None = None
    best: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    floor: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    place: np.ndarray | None = None

    def run(self, targets: tuple[int, ...]) -> None:
        """Divide cells until none can hold a value lower than the best of these targets."""
        dimension = self.bloch.dimension
        points = self.points or START[dimension]
        f, half = centres(points, dimension), 0.5 / points
        budget = WORK / (self.bloch.size + 4) ** 3
        needed = np.zeros((3, len(f)), dtype=bool)
        needed[list(targets)] = True
        for level in range(LEVELS):
            frames = self.bloch.frames(f)
            self._note(f, _targets(frames.energy, self.filled), polish=True)
            bound = self._lower_bounds(frames, needed, half)
            done = needed & (bound >= self._limits()[:, None])
            budget -= len(f)
            last = level == LEVELS - 1 or budget < 0
            for bounds, still, ended in zip(bound, needed & ~done, done, strict=True):
                left = 0 if last else CROWD // 2**dimension
                if still.sum() > left:
                    order = np.argsort(np.where(still, bounds, np.inf), kind="stable")
                    ended[order[left : still.sum()]] = True
            self.floor = np.minimum(self.floor, np.where(done, bound, np.inf).min(axis=1))
            needed &= ~done & (bound < self._limits()[:, None])
            some = needed.any(axis=0)
            if not some.any():
                return
            f = (f[some, None] + 0.5 * half * self.bloch.corners).reshape(-1, dimension)
            needed = np.repeat(needed[:, some], 2**dimension, axis=1)
            half /= 2

    def try_at(self, f: np.ndarray) -> None:
        """Take note of the energies at f (point, dimension)."""
        self._note(f, _targets(self.bloch.energies(f), self.filled))

    def _note(self, f: np.ndarray, values: np.ndarray, polish: bool = False) -> None:
        known, which = self.best, np.argmin(values, axis=1)
        self.best = np.minimum(known, values.min(axis=1))
        if self.best[GAP] < known[GAP]:
            self.place = f[which[GAP]]
        if polish and np.any(self.best < known - SETTLED):
            for point, energy in _newton_path(self.bloch, self.filled, f[which]):
                self._note(point, _targets(energy, self.filled))

    def _limits(self) -> np.ndarray:
        """Bounds from which on a cell is of no interest; whether the gap is open must be certain.

        Nor is a cell that lies above one that has been given up.
        """
        gap = self.best[GAP]
        finest = min(TOLERANCE, 0.5 * gap) if gap > CLOSED else np.inf
        return np.minimum(self.best - np.array([finest, TOLERANCE, TOLERANCE]), self.floor)

    def _lower_bounds(self, frames: Frames, needed: np.ndarray, half: float) -> np.ndarray:
        """(3, cell) what the targets cannot fall below in cells of half-width ``half``."""
        bloch, values = self.bloch, _targets(frames.energy, self.filled)
        norm, spread = bloch.change(half, 1)
        bound = values - np.array([[spread], [norm], [norm]])
        close = np.flatnonzero((needed & (bound < self._limits()[:, None])).any(axis=0))
        norm, spread = bloch.change(half, 2)
        for part in blocks(len(close), bloch.size):
            cells = close[part]
            below, above = corner_levels(
                frames.energy[cells], frames.slope[cells], self.filled, half * bloch.corners
            )
            gap = (above - below).min(axis=1) - 0.5 * spread
            finer = np.stack((gap, -below.max(axis=1) - 0.5 * norm, above.min(axis=1) - 0.5 * norm))
            bound[:, cells] = np.maximum(bound[:, cells], finer)
        return bound


def _targets(energy: np.ndarray, filled: int) -> np.ndarray:
    """(3, point) of the band energies (point, band)."""
    below, above = energy[:, filled - 1], energy[:, filled]
    return np.stack((above - below, -below, above))


def corner_levels(energy, slope, filled: int, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Highest level of the filled and lowest of the empty states' own block at corners of cells.

    energy (cell, band), slope (cell, dimension, band, band), corners (corner, dimension); both
    (cell, corner).
    """
    found = []
    for states, edge in ((slice(None, filled), -1), (slice(filled, None), 0)):
        levels, own = energy[:, states], slope[:, :, states, states]
        if levels.shape[1] == 1:
            found.append(levels + own[:, :, 0, 0].real @ corners.T)
            continue
        block = np.einsum("nd,cdij->cnij", corners, own)
        diagonal = np.arange(levels.shape[1])
        block[:, :, diagonal, diagonal] += levels[:, None]
        found.append(np.linalg.eigvalsh(block)[:, :, edge])
    return tuple(found)


def _newton_path(bloch: ReducedBloch, filled: int, f: np.ndarray):
    """Points (3, dimension) and their energies on Newton's way down from f, one row a target.

    The square of the gap is smooth where the gap closes linearly, so it is what is minimised.
    """
    values, step, origin, trial = np.full(3, np.inf), np.zeros_like(f), f, f
    for _ in range(STEPS):
        frames = bloch.frames(trial)
        yield trial, frames.energy
        reached = np.diagonal(_targets(frames.energy, filled))
        lower = reached < values
        if np.any(lower):
            origin = np.where(lower[:, None], trial, origin)
            values = np.where(lower, reached, values)
            newton = _newton(bloch, frames, filled, trial)
        # A step that does not descend is shortened.
        step = np.where(lower[:, None], newton, 0.25 * step)
        if np.all(np.abs(step) < SETTLED):
            return
        trial = origin + step


def _newton(bloch: ReducedBloch, frames: Frames, filled: int, f: np.ndarray) -> np.ndarray:
    """Newton steps (3, dimension) towards a minimum of each target at its own f."""
    slope = np.einsum("pinn->pin", frames.slope).real
    gap = frames.energy[:, :, None] - frames.energy[:, None, :]
    inverse = np.divide(1.0, gap, out=np.zeros_like(gap), where=np.abs(gap) > 1e-12)
    mixed = frames.slope * inverse[:, None]
    hessian = bloch.curvature(f, frames.vectors)
    hessian += 2 * np.einsum("pinm,pjmn->pijn", mixed, frames.slope).real
    low, high = filled - 1, filled
    gradients = np.stack((
        slope[GAP, :, high] - slope[GAP, :, low],
        -slope[VALENCE, :, low],
        slope[CONDUCTION, :, high],
    ))  # fmt: skip
    hessians = np.stack((
        hessian[GAP, :, :, high] - hessian[GAP, :, :, low],
        -hessian[VALENCE, :, :, low],
        hessian[CONDUCTION, :, :, high],
    ))  # fmt: skip
    width, g = frames.energy[GAP, high] - frames.energy[GAP, low], gradients[GAP]
    hessians[GAP] = width * hessians[GAP] + g[:, None] * g
    gradients[GAP] = width * g
    stiffness, axes = np.linalg.eigh(hessians)
    stiffness = np.abs(stiffness)
    tiny = np.finfo(float).tiny
    least = 1e-8 * stiffness.max(axis=1, keepdims=True, initial=0.0) + tiny
    along = np.einsum("pia,pi->pa", axes, gradients) / np.maximum(stiffness, least)
    step = -np.einsum("pia,pa->pi", axes, along)
    longest = np.abs(step).max(axis=1, keepdims=True, initial=tiny)
    return step * np.minimum(1, 0.5 / START[bloch.dimension] / longest)
