"""Responses as integrals over k: sums over the mesh, and adaptive panels where it is too coarse.

The sum over the mesh converges exponentially where the integrand is smooth over a few mesh points.
An interval in which it is not smooth is integrated adaptively instead, with new diagonalisations:
at bands that cross or nearly cross on the level, in a thermal window narrower than the mesh, or at
a peak that the mesh does not resolve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..states.fermi_points import FermiPoints
from ..states.near_crossings import STEPS
from ..states.occupations import fermi_dirac, fermi_slope
from . import fillings, mesh_rules
from .band_features import BandFeatures
from .integrands import THERMAL, ExactElements, Integrand, MeshElements
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
from .quadrature import NODES, cut, integrate

# A uniform mesh integrates a Fermi function of temperature T with an error of about
# exp(-2 pi^2 T / (v dk)): 2e-11 at this ratio of T to v dk.
RESOLVED = 1.25
# Limits of a refinement: orbitals cubed times diagonalisations, and diagonalisations; but at least
# this fraction of those of the mesh.  It takes below a second, or as much as a quarter more points.
MOST_WORK, MOST_NODES, LEAST_SHARE = 5e7, 5_000, 0.25
# Limits of a cheap refinement, in the same units.
LITTLE_WORK, LITTLE_NODES = 1e7, 2_000
# Rounding of a response, in units of the sum of the magnitudes of all its terms.
ROUNDING, ROUNDING_POINTS = 1e-13, 50
# Above this ratio of T to v dk the mesh sees every thermal window, and the difference of two rules
# shows where it is not resolved.
VISIBLE = 0.35
# The error of an interval is at least this fraction of those of the intervals next to it.
BESIDE = 0.3


@dataclass(frozen=True)
class Integral:
    """Both processes of one level and temperature.

    value : (process, row);  error : (process,) bound of the error of any row
    magnitude : (process,), largest integral over the rows of the magnitude of the integrand
    """

    value: np.ndarray
    error: np.ndarray
    magnitude: np.ndarray


class LineIntegral:
    """Responses of one density of one periodic system, at any level and temperature.

    Parameters
    ----------
    mesh : matrix elements on a uniform mesh;  exact : the same at any k
    """

    def __init__(self, mesh: MeshElements, exact: ExactElements, threads: int = 1):
        self.mesh, self.exact, self.threads = mesh, exact, threads
        self.bands = BandFeatures(mesh, exact.bloch, self._most_nodes / STEPS)
        self.rows = mesh.density.shape[-1]

    @cached_property
    def rounding(self) -> np.ndarray:
        """Errors (process,) by rounding, which no refinement removes."""
        mesh = self.mesh
        # A sample of the mesh points determines the size.
        stride = max(1, len(mesh.k) // ROUNDING_POINTS)
        sizes = [np.abs(mesh.density[::stride]).max(initial=0.0), 0.0]
        if mesh.polarizability is not None:
            terms = np.abs(mesh.polarizability[::stride]).sum(axis=1).sum(axis=0)
            sizes[1] = terms.max(initial=0.0) * mesh.weight[0] * stride
        return ROUNDING * np.array(sizes)

    def _tolerance(self, value: np.ndarray, magnitude: np.ndarray) -> tuple:
        """Errors (process,) for a value (process, row) of a magnitude (process,).

        The first is sufficient; the second is aimed at if it is cheap.
        """
        enough = tolerance(value, magnitude)
        fine = enough * FINE / TOLERANCE
        return tuple(np.maximum(error, 10 * self.rounding) for error in (enough, fine))

    def _always_equal(self) -> np.ndarray:
        """Neighbouring bands that are degenerate at all k, (band - 1,) bool."""
        return self.bands.always_equal

    def sees(self, temperature: float) -> bool:
        """Whether a Fermi function of that temperature (t0) covers mesh points in every band."""
        return temperature >= VISIBLE * self.bands.fastest * self.bands.spacing

    def at_temperature(self, level: float, temperature: float) -> Integral:
        """Response from sums over the mesh, and from panels where the bands are not resolved."""
        mesh, count = self.mesh, len(self.mesh.k)
        values = np.zeros((count, 2, self.rows))
        slope = fermi_slope(mesh.energy, level, temperature) * mesh.velocity
        values[:, 0] = contract(slope, mesh.density)
        near = self.bands.in_window(level, temperature)
        refined, lost = np.zeros(count, dtype=bool), False
        if mesh.polarizability is not None:
            filled = fermi_dirac(mesh.energy, level, temperature)
            values[:, 1] = contract(filled, mesh.polarizability)
            close, crossing = self.bands.close_pairs(level, temperature)
            if close.any():
                exact_integrand = Integrand(
                    self.exact,
                    level,
                    temperature,
                    threads=self.threads,
                    always_equal=self._always_equal,
                )
                values[close, 1] = exact_integrand(mesh.k[close], np.zeros(close.sum(), dtype=int))[
                    :, 1
                ]
                lost = exact_integrand.lost
            refined |= stencils_of(crossing, mesh_rules.WIDE)
        crossings = self.bands.crossings(near[:, :-1] | near[:, 1:])
        refined[crossings.interval] = True
        values *= mesh.weight[0]
        own, misfit = of_width(values, mesh_rules.WIDE)
        parts = whole_intervals(np.arange(count), THERMAL)
        sums = Sums(own, misfit, np.abs(values).sum(axis=0))
        cuts = self.bands.cuts(crossings, temperature)
        window = np.zeros(count, dtype=bool)
        result = self._completed(sums, parts, refined, window, (level, temperature), cuts)
        result.error[1] = np.inf if lost else result.error[1]
        return result

    def at_filling(
        self, level: float, temperature: float, points: FermiPoints, of_level: np.ndarray
    ) -> Integral:
        """Response from filled bands, with the Fermi function in its narrow window only.

        At zero temperature the intraband part is zero, as it is a sum over Fermi points.

        Parameters
        ----------
        points : Fermi points of several levels;  of_level : (point,) bool, those of this level
        """
        mesh = self.mesh
        below = (mesh.energy < level).sum(axis=1)
        window: np.ndarray = np.zeros(len(mesh.k), dtype=bool)
        centers = np.zeros(0, dtype=int)
        if temperature > 0:
            window = np.any(self.bands.in_window(level, temperature), axis=1)
            window[points.interval[of_level]] = True
            centers = np.flatnonzero(of_level)
        if mesh.polarizability is None and not window.any():
            zero = np.zeros((2, self.rows))
            return Integral(zero, np.zeros(2), np.zeros(2))
        changes = (below != np.roll(below, -1)) | window
        changes[points.interval[of_level]] = True
        room = mesh_rules.room(~changes)
        near = np.flatnonzero((room <= mesh_rules.NARROW) & ~window)
        far = np.flatnonzero(room > mesh_rules.NARROW)
        parts = fillings.pieces(
            self.exact.bloch, mesh.k, mesh.energy, level, points, of_level, near
        )
        sums = self._by_interval(below, room, parts)
        parts = fillings.joined(parts, whole_intervals(far, below[far]))
        refined, crossings = self.bands.unresolved(parts, window, level, temperature)
        parts = fillings.joined(parts, whole_intervals(np.flatnonzero(window), THERMAL))
        fermi = (level, temperature)
        cuts = self.bands.cuts(crossings, temperature, points, centers)
        if window.any():
            cuts = self.bands.with_extrema(cuts, level, temperature)
        return self._completed(sums, parts, refined, window, fermi, cuts)

    def _by_interval(self, below: np.ndarray, room: np.ndarray, parts: fillings.Pieces) -> Sums:
        """Interband integral of each interval outside the thermal window, from mesh values.

        Intervals with ``room`` (interval,) for a wide stencil use the widest possible one, the
        others are integrated by ``parts``.
        """
        mesh, count = self.mesh, len(self.mesh.k)
        own, misfit = np.zeros((2, count, 2, self.rows))
        if mesh.polarizability is None:
            return Sums(own, misfit, np.zeros((2, self.rows)))
        occupied = (np.arange(mesh.energy.shape[1]) < below[:, None]).astype(float)
        values = contract(occupied, mesh.polarizability)
        for width in range(mesh_rules.NARROW + 1, mesh_rules.WIDE + 1):
            fitting = room == width
            if fitting.any():
                own[fitting, 1], misfit[fitting, 1] = (
                    array[fitting] for array in of_width(values, width)
                )
        value, error = fillings.integrals(
            parts, values, below, mesh.energy, mesh.polarizability, self.bands.candidates
        )
        np.add.at(own[:, 1], parts.interval, value)
        np.add.at(misfit[:, 1], parts.interval, error)
        magnitude = np.zeros((2, self.rows))
        magnitude[1] = np.abs(values).sum(axis=0)
        weight = mesh.weight[0]
        return Sums(own * weight, misfit * weight, magnitude * weight)

    def _completed(self, sums: Sums, parts, doubtful, window, fermi, cuts) -> Integral:
        """The sums, with the intervals that need a refinement integrated on panels instead.

        Parameters
        ----------
        parts : pieces of all intervals
        doubtful : (interval,) bool, intervals whose estimated error is not reliable
        window : (interval,) bool, intervals that the mesh cannot integrate
        fermi : level and temperature;  cuts : ends of panels in k, and their smallest width
        """
        level, temperature = fermi
        total = sums.own.sum(axis=0)
        magnitude = sums.magnitude.max(axis=-1, initial=0.0)
        allowed = self._tolerance(total, magnitude)
        misfit = _at_least_beside(sums.misfit) if temperature > 0 else sums.misfit
        refined, error = self._intervals_to_refine(sums.own, misfit, doubtful, window, allowed)
        if not refined.any():
            return Integral(total, error, magnitude)
        unrefined = sums.own[~refined].sum(axis=0)
        refined_parts = parts.part(refined[parts.interval])
        start = self.mesh.k[refined_parts.interval]
        low, high = (
            start + end * self.bands.spacing for end in (refined_parts.low, refined_parts.high)
        )
        ends, narrowest = cuts
        panels = cut(low, high, ends, 1e-14)
        exact_integrand = Integrand(
            self.exact,
            level,
            temperature,
            refined_parts.filled,
            self.threads,
            interband=self.mesh.polarizability is not None,
            always_equal=self._always_equal,
        )

        def measured(k, label):
            return exact_integrand(k, label) / (2 * np.pi)

        most = (self._few_nodes, self._most_nodes)
        value, more, size = integrate(
            measured, panels, unrefined, magnitude, self._tolerance, most, narrowest
        )
        # The estimate is not reliable below the error that was aimed at.
        error = np.maximum(error + more, self._tolerance(unrefined + value, magnitude + size)[1])
        if exact_integrand.lost:
            error[1] = np.inf
        return Integral(unrefined + value, error, magnitude + size)

    def _intervals_to_refine(
        self, own, misfit, doubtful, window, allowed
    ) -> tuple[np.ndarray, np.ndarray]:
        """Intervals (interval,) to refine, and the error (process,) of the others.

        A refinement that would need too many nodes is left out, and the error remains large.
        """
        if self.exact.bloch.reversal is not None:
            # With a symmetry k -> -k both intervals are refined together, so that they cancel.
            doubtful, window = (mask | _mirrored(mask) for mask in (doubtful, window))
            misfit = np.maximum(misfit, _mirrored(misfit))
        refined = window | doubtful
        enough, fine = allowed
        left = doubtful & ~window
        if left.sum() * len(NODES) > self._most_nodes:
            error = misfit[~window].sum(axis=0).max(axis=-1, initial=0.0)
            # The mesh may miss an interband peak, but no thermal window that is left to it.
            matters = np.abs(own[left]).sum(axis=0).max(axis=-1, initial=0.0) > enough
            return window, np.where(matters | [False, True], np.inf, error)
        error = misfit[~refined].sum(axis=0).max(axis=-1, initial=0.0)
        targets = [(fine, self._few_nodes)]
        if np.any(error > enough * COARSE / TOLERANCE):
            targets.append((enough, self._most_nodes))
        for target, most in targets:
            more = with_worst(refined, misfit.max(axis=-1, initial=0.0), 0.5 * target)
            if (more & ~window).sum() * len(NODES) <= most:
                return more, misfit[~more].sum(axis=0).max(axis=-1, initial=0.0)
        return refined, error

    @property
    def _most_nodes(self) -> float:
        affordable = min(MOST_NODES, MOST_WORK / self.exact.bloch.size**3)
        return max(LEAST_SHARE * len(self.mesh.k), affordable)

    @property
    def _few_nodes(self) -> float:
        return min(LITTLE_NODES, LITTLE_WORK / self.exact.bloch.size**3)


def _at_least_beside(misfit: np.ndarray) -> np.ndarray:
    """Errors (interval, ...) that do not vanish between large ones.

    Where a Fermi function is hardly resolved the differences of two orders oscillate with k, and
    where they pass zero they are no error.
    """
    beside = np.maximum(np.roll(misfit, 1, axis=0), np.roll(misfit, -1, axis=0))
    return np.maximum(misfit, BESIDE * beside)


def _mirrored(values: np.ndarray) -> np.ndarray:
    """Values (interval, ...) with those of the interval from -k - dk to -k at the one from k."""
    return np.roll(values[::-1], -1, axis=0)
