"""Responses as integrals over k: from the mesh where it suffices, on panels of their own elsewhere.

The mesh's own sum converges exponentially where everything is smooth over a few of its points.  An
interval is taken out of it, and integrated adaptively on states diagonalised anew, where that does
not hold: bands that cross or nearly cross at the level, a thermal window narrower than the mesh, a
peak that the mesh does not resolve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..states.eigenpairs import DEGENERACY
from ..states.eigenstates import CLOSE_PAIR
from ..states.fermi_points import FermiPoints
from ..states.near_crossings import PARALLEL, STEPS, NearCrossings, candidates, extrema, located
from ..states.occupations import fermi_dirac, fermi_slope
from . import fillings, mesh_rules
from .integrands import THERMAL, ExactElements, MeshElements, integrand
from .interval_sums import (
    COARSE,
    FINE,
    TOLERANCE,
    Sums,
    contract,
    of_width,
    stencils_of,
    tolerance,
    whole_intervals,
    with_worst,
)
from .quadrature import NODES, cut, graded, integrate

# exp(-WINDOW) is neglected beyond the thermal window.
WINDOW = 30.0
# A uniform mesh integrates a Fermi function of temperature T with an error of about
# exp(-2 pi^2 T / (v dk)): 2e-11 at this ratio of T to v dk.
RESOLVED = 1.25
# Orbitals cubed times the diagonalisations that a refinement may take, their largest number, and
# the least as a share of the mesh's: below a second, or what a quarter more points cost.
MOST_WORK, MOST_NODES, LEAST_SHARE = 5e7, 5_000, 0.25
# What counts as little, in the same units.
LITTLE_WORK, LITTLE_NODES = 1e7, 2_000
# Rounding of a response, in units of the sum of the magnitudes of all its terms.
ROUNDING, ROUNDING_POINTS = 1e-13, 50
# Nearly crossing bands whose gap extends over less than this (in 1/a) cross exactly, but for the
# rounding of eigenvectors, which grows as 1 / gap^2 towards them.
SHARPEST = 1e-9
# Panels are not halved below this share of the finest cuts.
NARROWEST = 0.1
# From this ratio on no mesh point is blind to a thermal window, and the differences of two rules
# say where it is not resolved.
VISIBLE = 0.35
# Cuts of the panels around a Fermi point start at this many T / v.
FIRST_CUT = 4.0


@dataclass(frozen=True)
class Integral:
    """Both processes of one level and temperature.

    value : (process, row);  error : (process,) bound of the error of any row;  magnitude :
    (process,), the integral of the integrand's magnitude, of the row where it is largest
    """

    value: np.ndarray
    error: np.ndarray
    magnitude: np.ndarray


class LineIntegral:
    """Responses of one density of one periodic system, at any level and temperature.

    Parameters
    ----------
    mesh : its elements on a uniform mesh;  exact : the same at any k
    """

    def __init__(self, mesh: MeshElements, exact: ExactElements, threads: int = 1):
        self.mesh, self.exact, self.threads = mesh, exact, threads
        self.spacing = mesh.k[1] - mesh.k[0]
        self.rows = mesh.density.shape[-1]
        self._minima: dict[tuple[int, int], tuple[float, float]] = {}

    @cached_property
    def fastest(self) -> float:
        """Largest velocity on the mesh, in t0 a."""
        return float(np.abs(self.mesh.velocity).max(initial=0.0))

    @cached_property
    def rounding(self) -> np.ndarray:
        """(process,) errors that no refinement removes, as of sums that symmetry makes zero."""
        mesh = self.mesh
        # A sample of the mesh tells the size.
        every = max(1, len(mesh.k) // ROUNDING_POINTS)
        sizes = [np.abs(mesh.density[::every]).max(initial=0.0), 0.0]
        if mesh.polarizability is not None:
            terms = np.abs(mesh.polarizability[::every]).sum(axis=1).sum(axis=0)
            sizes[1] = terms.max(initial=0.0) * mesh.weight[0] * every
        return ROUNDING * np.array(sizes)

    def _tolerance(self, value: np.ndarray, magnitude: np.ndarray) -> tuple:
        """Errors (process,) aimed at for a value (process, row) of that magnitude (process,).

        The one that is enough, and the one that is wanted if it costs little.
        """
        enough = tolerance(value, magnitude)
        fine = enough * FINE / TOLERANCE
        return tuple(np.maximum(one, 10 * self.rounding) for one in (enough, fine))

    def sees(self, temperature: float) -> bool:
        """Whether the mesh sees a Fermi function of that temperature in every band."""
        return temperature >= VISIBLE * self.fastest * self.spacing

    def at_temperature(self, level: float, temperature: float) -> Integral:
        """Sums over the mesh, and panels where the bands themselves are not resolved."""
        mesh, count = self.mesh, len(self.mesh.k)
        values = np.zeros((count, 2, self.rows))
        slope = fermi_slope(mesh.energy, level, temperature) * mesh.velocity
        values[:, 0] = contract(slope, mesh.density)
        near = self._in_window(level, temperature)
        refined = np.zeros(count, dtype=bool)
        if mesh.polarizability is not None:
            filled = fermi_dirac(mesh.energy, level, temperature)
            values[:, 1] = contract(filled, mesh.polarizability)
            close, crossing = self._close_pairs(level, temperature)
            if close.any():
                fresh = integrand(self.exact, level, temperature, threads=self.threads)
                values[close, 1] = fresh(mesh.k[close], np.zeros(close.sum(), dtype=int))[:, 1]
            refined |= stencils_of(crossing, mesh_rules.WIDE)
        crossings = self._crossings(near[:, :-1] | near[:, 1:])
        refined[crossings.interval] = True
        values *= mesh.weight[0]
        own, misfit = of_width(values, mesh_rules.WIDE)
        parts = whole_intervals(np.arange(count), THERMAL)
        sums = Sums(own, misfit, np.abs(values).sum(axis=0))
        cuts = self._cuts(crossings, temperature)
        window = np.zeros(count, dtype=bool)
        return self._completed(sums, parts, refined, window, (level, temperature), cuts)

    def at_filling(
        self, level: float, temperature: float, points: FermiPoints, here: np.ndarray
    ) -> Integral:
        """Bands filled up to the level, the Fermi function only in its own narrow window.

        At zero temperature the intraband part is left zero: it is a sum over Fermi points.
        ``points`` are those of several levels, of which ``here`` (point,) are this one's.
        """
        mesh = self.mesh
        below = (mesh.energy < level).sum(axis=1)
        window: np.ndarray = np.zeros(len(mesh.k), dtype=bool)
        centers = np.zeros(0, dtype=int)
        if temperature > 0:
            window = np.any(self._in_window(level, temperature), axis=1)
            window[points.interval[here]] = True
            centers = np.flatnonzero(here)
        if mesh.polarizability is None and not window.any():
            nothing = np.zeros((2, self.rows))
            return Integral(nothing, np.zeros(2), np.zeros(2))
        changes = (below != np.roll(below, -1)) | window
        changes[points.interval[here]] = True
        room = mesh_rules.room(~changes)
        near = np.flatnonzero((room <= mesh_rules.NARROW) & ~window)
        far = np.flatnonzero(room > mesh_rules.NARROW)
        parts = fillings.pieces(self.exact.bloch, mesh.k, mesh.energy, level, points, here, near)
        sums = self._by_interval(below, room, parts)
        parts = fillings.joined(parts, whole_intervals(far, below[far]))
        refined, crossings = self._unresolved(parts, window, level, temperature)
        parts = fillings.joined(parts, whole_intervals(np.flatnonzero(window), THERMAL))
        fermi = (level, temperature)
        cuts = self._cuts(crossings, temperature, points, centers)
        if window.any():
            cuts = self._cut_at_extrema(cuts, level, temperature)
        return self._completed(sums, parts, refined, window, fermi, cuts)

    def _by_interval(self, below: np.ndarray, room: np.ndarray, parts: fillings.Pieces) -> Sums:
        """Interband integral of each interval outside the thermal window, from mesh values.

        Intervals with ``room`` (interval,) for a wide stencil by the widest, others by ``parts``.
        """
        mesh, count = self.mesh, len(self.mesh.k)
        own, misfit = np.zeros((2, count, 2, self.rows))
        if mesh.polarizability is None:
            return Sums(own, misfit, np.zeros((2, self.rows)))
        occupied = (np.arange(mesh.energy.shape[1]) < below[:, None]).astype(float)
        values = contract(occupied, mesh.polarizability)
        for width in range(mesh_rules.NARROW + 1, mesh_rules.WIDE + 1):
            some = room == width
            if some.any():
                own[some, 1], misfit[some, 1] = (each[some] for each in of_width(values, width))
        value, error = fillings.integrals(
            parts, values, below, mesh.energy, mesh.polarizability, self._candidates
        )
        np.add.at(own[:, 1], parts.interval, value)
        np.add.at(misfit[:, 1], parts.interval, error)
        magnitude = np.zeros((2, self.rows))
        magnitude[1] = np.abs(values).sum(axis=0)
        weight = mesh.weight[0]
        return Sums(own * weight, misfit * weight, magnitude * weight)

    def _completed(self, sums: Sums, parts, doubtful, window, fermi, cuts) -> Integral:
        """The sums, with the intervals that need it integrated on panels instead.

        Parameters
        ----------
        parts : pieces of all intervals
        doubtful : (interval,) bool, those whose own error says nothing;  window : (interval,) bool,
            those of which the mesh says nothing
        fermi : level and temperature;  cuts : k that panels end at, and their least width
        """
        level, temperature = fermi
        total = sums.own.sum(axis=0)
        magnitude = sums.magnitude.max(axis=-1, initial=0.0)
        allowed = self._tolerance(total, magnitude)
        refined, error = self._chosen(sums.misfit, doubtful, window, allowed)
        if not refined.any():
            return Integral(total, error, magnitude)
        rest = sums.own[~refined].sum(axis=0)
        some = parts.part(refined[parts.interval])
        start = self.mesh.k[some.interval]
        low, high = (start + end * self.spacing for end in (some.low, some.high))
        ends, narrowest = cuts
        panels = cut(low, high, ends, 1e-14)
        interband = self.mesh.polarizability is not None
        fresh = integrand(
            self.exact, level, temperature, some.filled, self.threads, interband=interband
        )

        def measured(k, label):
            return fresh(k, label) / (2 * np.pi)

        most = (self._few_nodes, self._most_nodes)
        value, more, size = integrate(
            measured, panels, rest, magnitude, self._tolerance, most, narrowest
        )
        # No estimate is trusted below what was aimed at.
        error = np.maximum(error + more, self._tolerance(rest + value, magnitude + size)[1])
        return Integral(rest + value, error, magnitude + size)

    def _chosen(self, misfit, doubtful, window, allowed) -> tuple[np.ndarray, np.ndarray]:
        """Intervals (interval,) to be refined, and the error (process,) of the others.

        Rather no refinement than one that cannot end: the error then says what is missing.
        """
        if self.exact.bloch.reversal is not None:
            # Where k and -k answer each other, their intervals go together: what cancels then does.
            doubtful, window = (some | _mirrored(some) for some in (doubtful, window))
            misfit = np.maximum(misfit, _mirrored(misfit))
        refined = window | doubtful
        if (doubtful & ~window).sum() * len(NODES) > self._most_nodes:
            return window, np.array([0.0, np.inf])
        error = misfit[~refined].sum(axis=0).max(axis=-1, initial=0.0)
        enough, fine = allowed
        targets = [(fine, self._few_nodes)]
        if np.any(error > enough * COARSE / TOLERANCE):
            targets.append((enough, self._most_nodes))
        for target, most in targets:
            more = with_worst(refined, misfit.max(axis=-1, initial=0.0), 0.5 * target)
            if (more & ~window).sum() * len(NODES) <= most:
                return more, misfit[~more].sum(axis=0).max(axis=-1, initial=0.0)
        return refined, error

    def _in_window(self, level: float, temperature: float) -> np.ndarray:
        """(interval, band) whether a band comes within the thermal window of the level there."""
        one, two = self.mesh.energy - level, np.roll(self.mesh.energy, -1, axis=0) - level
        turn = np.abs(self.mesh.velocity - np.roll(self.mesh.velocity, -1, axis=0))
        reach = WINDOW * temperature + 0.25 * self.spacing * turn
        return (np.minimum(one, two) < reach) & (np.maximum(one, two) > -reach)

    def _close_pairs(self, level: float, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Mesh points (k,) bool at which close pairs count that the polarizability leaves out.

        Those with a gap, and those at which bands cross exactly, but not along the whole line.
        """
        gap = np.diff(self.mesh.energy, axis=1)
        if gap.min(initial=np.inf) >= self._close:
            nothing = np.zeros(len(gap), dtype=bool)
            return nothing, nothing
        inside = np.abs(self.mesh.energy - level) < WINDOW * temperature
        inside = inside[:, :-1] | inside[:, 1:]
        equal = gap < DEGENERACY
        everywhere = np.roll(equal, 1, axis=0) & np.roll(equal, -1, axis=0)
        close = inside & (gap < self._close)
        crossing = close & equal & ~everywhere
        return np.any(close & ~equal, axis=1), np.any(crossing, axis=1)

    @property
    def _most_nodes(self) -> float:
        affordable = min(MOST_NODES, MOST_WORK / self.exact.bloch.size**3)
        return max(LEAST_SHARE * len(self.mesh.k), affordable)

    @property
    def _few_nodes(self) -> float:
        return min(LITTLE_NODES, LITTLE_WORK / self.exact.bloch.size**3)

    @cached_property
    def _close(self) -> float:
        return CLOSE_PAIR * self.exact.bloch.scale

    def _unresolved(self, parts, window, level, temperature) -> tuple[np.ndarray, NearCrossings]:
        """Intervals (interval,) in which filled and empty bands come close, and where they do."""
        energy, count = self.mesh.energy, len(self.mesh.k)
        refined = np.zeros(count, dtype=bool)
        wanted = np.zeros((count, energy.shape[1] - 1), dtype=bool)
        if self.mesh.polarizability is not None:
            inner = (parts.filled > 0) & (parts.filled < energy.shape[1])
            interval, upper = parts.interval[inner], parts.filled[inner]
            wanted[interval, upper - 1] = True
            where = (interval[:, None] + mesh_rules.stencil(mesh_rules.NARROW)) % count
            gap = energy[where, upper[:, None]] - energy[where, upper[:, None] - 1]
            refined[interval[(gap < self._close).any(axis=1)]] = True
        if window.any():
            near = self._in_window(level, temperature)
            wanted |= window[:, None] & (near[:, :-1] | near[:, 1:])
        crossings = self._crossings(wanted)
        refined[crossings.interval] = True
        return refined, crossings

    def _crossings(self, wanted: np.ndarray) -> NearCrossings:
        """Narrow minima of the gaps chosen by wanted (interval, band - 1), each located once."""
        if self.mesh.polarizability is None:
            wanted = np.zeros_like(wanted)
        interval, band = np.nonzero(self._candidates & wanted)
        keys = list(zip(interval.tolist(), band.tolist(), strict=True))
        new = [key for key in keys if key not in self._minima]
        if len(new) > self._most_nodes / STEPS:
            middle = self.mesh.k[interval] + 0.5 * self.spacing
            return NearCrossings(interval, band, middle, np.full(len(band), self.spacing))
        if new:
            where = (np.array(column) for column in zip(*new, strict=True))
            at = located(self.exact.bloch, self.mesh.k, *where)
            self._minima |= dict(zip(new, zip(at.k, at.width, strict=True), strict=True))
        each = [self._minima[key] for key in keys]
        k, width = np.array(each).reshape(-1, 2).T
        return NearCrossings(interval, band, k, width)

    @cached_property
    def _candidates(self) -> np.ndarray:
        return candidates(self.mesh.energy, self.mesh.velocity, self.spacing)

    def _cuts(
        self,
        crossings: NearCrossings,
        temperature: float,
        points: FermiPoints | None = None,
        chosen: np.ndarray | tuple = (),
    ) -> tuple[np.ndarray, float]:
        """Ends of panels (cut,), sorted: finer towards crossings and the chosen Fermi points.

        And the width below which nothing but rounding changes: that of eigenvectors grows towards
        exact crossings.
        """
        most = self.spacing
        reach = FIRST_CUT * temperature
        sharpest = np.clip(reach / max(self.fastest, reach / most), SHARPEST, most)
        # Exact crossings are smooth on the scale of the Fermi function.
        exact = sharpest if temperature > 0 else most / 8
        finest = np.where(crossings.width < SHARPEST, exact, crossings.width)
        where = crossings.k
        if points is not None and len(chosen):
            interval, band = points.interval[chosen], points.band[chosen]
            after = (interval + 1) % len(self.mesh.k)
            speed = np.abs(self.mesh.velocity[[interval, after], band]).max(axis=0)
            thermal = reach / np.maximum(speed, reach / most)
            where = np.concatenate((where, points.k[chosen]))
            finest = np.concatenate((finest, np.maximum(thermal, SHARPEST)))
        cuts = graded(where, np.minimum(finest, most), most)
        narrowest = NARROWEST * finest.min(initial=sharpest) if temperature > 0 else 0.0
        return self._in_zone(cuts), max(narrowest, 1e-14)

    def _cut_at_extrema(self, cuts, level: float, temperature: float) -> tuple[np.ndarray, float]:
        """The cuts, and those around extrema of bands within the thermal window.

        Near one that does not reach the level there is no Fermi point.
        """
        speed, after = self.mesh.velocity, np.roll(self.mesh.velocity, -1, axis=0)
        turn = np.abs(speed - after)
        turning = (speed * after <= 0) & (turn > PARALLEL) & self._in_window(level, temperature)
        interval, band = np.nonzero(turning)
        if not len(interval) or len(interval) > self._most_nodes / STEPS:
            return cuts
        where = extrema(self.exact.bloch, self.mesh.k, interval, band)
        # Energies there change by turn dk^2 / 2 spacing.
        thermal = np.sqrt(2 * self.spacing * FIRST_CUT * temperature / turn[interval, band])
        finest = np.clip(thermal, SHARPEST, self.spacing)
        more = self._in_zone(graded(where, finest, self.spacing))
        ends, narrowest = cuts
        return np.sort(np.concatenate((ends, more))), narrowest

    def _in_zone(self, k: np.ndarray) -> np.ndarray:
        """Wave vectors moved into the zone that begins with the mesh, sorted."""
        start, zone = self.mesh.k[0], self.spacing * len(self.mesh.k)
        return np.sort(start + np.mod(k - start, zone))


def _mirrored(values: np.ndarray) -> np.ndarray:
    """Values (interval, ...) of the interval from -k - dk to -k in place of that from k."""
    return np.roll(values[::-1], -1, axis=0)
