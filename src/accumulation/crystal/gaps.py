"""Band edges and direct gap as global minima, with an upper bound of the error.

The zone is divided into cells.  In a cell with centre f, band N and the bands above it lie above
the smallest eigenvalue of H restricted to the states U of these bands at the centre (Courant and
Fischer).  H(f + s) differs from H(f) + s.dH by at most half the bound of its second derivative, and
lambda_min of a matrix linear in s is concave in s, so

    e_N(f + s) >= min_corners lambda_min(E_U + s.V_UU) - max |(s.d)^2 H| / 2.

The same holds for the bands below N and for the gap.  No gap is in a denominator, so the bound also
holds at crossings.  Cells whose bound is above the best value so far are discarded, the others are
divided.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..lattice.hop_table import HopTable
from ..states.eigenstates import inverse_gap
from .reduced_bloch import Frames, ReducedBloch, blocks, centres

# Gaps smaller than this (in t0) count as closed.
CLOSED = 1e-9
# A cell is discarded if its bound is below the best value by no more than this, in t0.
TOLERANCE = 1e-6
# Initial number of cells along each direction; divisible by 6, so K, M and Gamma are centres.
START_CELLS = {1: 12, 2: 12, 3: 6}
MAX_LEVELS = 40
# Largest number of cells of one level for each quantity, as flat bands and lines of extrema need
# more at every level.  If there are more, those with the lowest bounds are divided, and the bounds
# of the others limit the accuracy.
MAX_CELLS = 1 << 13
# Largest number of cells times (orbitals + 4)^3, which is proportional to the time of a cell.
MAX_WORK = 1e9
# Largest number of Newton steps from a best centre; a step below CONVERGED is the last one.
MAX_STEPS, CONVERGED = 12, 1e-11
# Pairs of bands closer than this (in t0) are left out of the second derivative of an energy.
CLOSEST_GAP = 1e-12
# Index of the quantities that are minimised: direct gap, minus the valence band, conduction band.
GAP, VALENCE, CONDUCTION = range(3)


@dataclass(frozen=True)
class BandEdges:
    """Global minima, and by how much each could at most be lower (a top: higher), all in t0."""

    direct_gap: float
    valence_top: float
    conduction_bottom: float
    direct_gap_error: float
    valence_top_error: float
    conduction_bottom_error: float


def band_edges(bloch: ReducedBloch, filled: int, points: int | None = None) -> BandEdges:
    """Direct gap, top of band ``filled`` - 1 and bottom of band ``filled`` over the zone.

    Parameters
    ----------
    bloch : H(f) of the crystal;  filled : number of bands below the gap
    points : initial number of cells along each direction
    """
    search, size = _Search(bloch, filled, points), bloch.size
    relative = search.bloch.relative
    axes = search.bloch.axes if len(search.bloch.axes) else np.zeros(1, dtype=int)
    if len(axes) == search.bloch.dimension:
        search.run((GAP, VALENCE, CONDUCTION))
    else:
        # The gap does not depend on the other axes, along which it would have lines of minima.
        plane = HopTable(relative.row, relative.column, relative.cell[:, axes], relative.amplitude)
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
    """Best values of the three targets, and lower bounds of them in the discarded cells."""

    bloch: ReducedBloch
    filled: int
    points: int | None = None
    best: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    floor: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    place: np.ndarray | None = None

    def run(self, targets: tuple[int, ...]) -> None:
        """Divide cells until no cell can hold a lower value of these targets than the best one."""
        dimension = self.bloch.dimension
        points = self.points or START_CELLS[dimension]
        f, half = centres(points, dimension), 0.5 / points
        budget = MAX_WORK / (self.bloch.size + 4) ** 3
        needed = np.zeros((3, len(f)), dtype=bool)
        needed[list(targets)] = True
        for level in range(MAX_LEVELS):
            frames = self.bloch.frames(f)
            values = _targets(frames.energy, self.filled)
            self._note(f, values, polish=True)
            limits = self._limits()[:, None]
            bound = self._lower_bounds(frames, values, needed, half, limits)
            is_settled = needed & (bound >= limits)
            budget -= len(f)
            is_last = level == MAX_LEVELS - 1 or budget < 0
            capacity = 0 if is_last else MAX_CELLS // 2**dimension
            open_cells = needed & ~is_settled
            for target in np.flatnonzero(open_cells.sum(axis=1) > capacity):
                order = np.argsort(
                    np.where(open_cells[target], bound[target], np.inf), kind="stable"
                )
                is_settled[target, order[capacity : open_cells[target].sum()]] = True
            self.floor = np.minimum(self.floor, np.where(is_settled, bound, np.inf).min(axis=1))
            needed &= ~is_settled & (bound < self._limits()[:, None])
            remaining = needed.any(axis=0)
            if not remaining.any():
                return
            f = (f[remaining, None] + 0.5 * half * self.bloch.corners).reshape(-1, dimension)
            needed = np.repeat(needed[:, remaining], 2**dimension, axis=1)
            half /= 2

    def try_at(self, f: np.ndarray) -> None:
        """Update the best values with the energies at f (point, dimension)."""
        self._note(f, _targets(self.bloch.energies(f), self.filled))

    def _note(self, f: np.ndarray, values: np.ndarray, polish: bool = False) -> None:
        previous, lowest = self.best, np.argmin(values, axis=1)
        self.best = np.minimum(previous, values.min(axis=1))
        if self.best[GAP] < previous[GAP]:
            self.place = f[lowest[GAP]]
        if polish and np.any(self.best < previous - CONVERGED):
            for point, energy in _newton_path(self.bloch, self.filled, f[lowest]):
                self._note(point, _targets(energy, self.filled))

    def _limits(self) -> np.ndarray:
        """Bounds (target,) above which a cell is discarded.

        The limit of the gap is fine enough to decide whether the gap is open.  A cell above the
        lowest bound of the discarded cells cannot improve the result and is discarded too.
        """
        gap = self.best[GAP]
        limits = self.best - TOLERANCE
        limits[GAP] = gap - (min(TOLERANCE, 0.5 * gap) if gap > CLOSED else np.inf)
        return np.minimum(limits, self.floor)

    def _lower_bounds(
        self,
        frames: Frames,
        values: np.ndarray,
        needed: np.ndarray,
        half: float,
        limits: np.ndarray,
    ) -> np.ndarray:
        """Lower bounds (target, cell) of the targets in cells of half-width ``half``.

        They are finer than needs be only where the coarse ones are below ``limits`` (target, 1).

        Parameters
        ----------
        values : (target, cell) at the centres;  needed : (target, cell) bool
        """
        bloch = self.bloch
        norm, spread = bloch.change(half, 1)
        bound = values - np.array([[spread], [norm], [norm]])
        close = np.flatnonzero((needed & (bound < limits)).any(axis=0))
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
    """The quantities to minimise, (target, point), of the band energies (point, band)."""
    below, above = energy[:, filled - 1], energy[:, filled]
    return np.stack((above - below, -below, above))


def corner_levels(energy, slope, filled: int, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Highest level of the filled and lowest of the empty block of H at corners of cells.

    The blocks are those of the linear expansion E + s.V in the states at the centre.

    Parameters
    ----------
    energy : (cell, band) and slope : (cell, dimension, band, band) at the centres, in t0
    corners : (corner, dimension), s of each corner

    Returns
    -------
    Two arrays (cell, corner), in t0
    """
    edge_levels = []
    for states, edge in ((slice(None, filled), -1), (slice(filled, None), 0)):
        levels, block_slope = energy[:, states], slope[:, :, states, states]
        if levels.shape[1] == 1:
            edge_levels.append(levels + block_slope[:, :, 0, 0].real @ corners.T)
            continue
        block = np.einsum("nd,cdij->cnij", corners, block_slope)
        diagonal = np.arange(levels.shape[1])
        block[:, :, diagonal, diagonal] += levels[:, None]
        edge_levels.append(np.linalg.eigvalsh(block)[:, :, edge])
    return tuple(edge_levels)


def _newton_path(bloch: ReducedBloch, filled: int, f: np.ndarray):
    """Points (target, dimension) and their energies along Newton iterations that start at f.

    For the gap its square is minimised, which is smooth where the gap closes linearly.
    """
    values, step, origin, trial = np.full(3, np.inf), np.zeros_like(f), f, f
    for _ in range(MAX_STEPS):
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
        if np.all(np.abs(step) < CONVERGED):
            return
        trial = origin + step


def _newton(bloch: ReducedBloch, frames: Frames, filled: int, f: np.ndarray) -> np.ndarray:
    """Newton steps (target, dimension) towards a minimum of each target from its point f."""
    slope = np.einsum("pinn->pin", frames.slope).real
    mixed = frames.slope * -inverse_gap(frames.energy, CLOSEST_GAP)[:, None]
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
    # Its inverse times a gradient is finite, so that flat bands give a step of the longest length.
    tiny = np.sqrt(np.finfo(float).tiny)
    least = 1e-8 * stiffness.max(axis=1, keepdims=True, initial=0.0) + tiny
    along = np.einsum("pia,pi->pa", axes, gradients) / np.maximum(stiffness, least)
    step = -np.einsum("pia,pa->pi", axes, along)
    longest = np.abs(step).max(axis=1, keepdims=True, initial=tiny)
    return step * np.minimum(1, 0.5 / START_CELLS[bloch.dimension] / longest)
