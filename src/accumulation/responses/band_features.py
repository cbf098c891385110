"""Features of bands that a mesh of k may not resolve: near crossings, thermal windows, extrema."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.eigenpairs import DEGENERACY
from ..states.eigenstates import CLOSE_PAIR
from ..states.fermi_points import FermiPoints
from ..states.near_crossings import PARALLEL, NearCrossings, extrema, located
from ..states.near_crossings import candidates as candidates_of
from . import mesh_rules
from .integrands import MeshElements
from .quadrature import graded

# exp(-WINDOW) is neglected beyond the thermal window.
WINDOW = 30.0
# Near crossings narrower than this (in 1/a) count as exact, as the rounding of eigenvectors grows
# as 1 / gap^2 towards them.
SHARPEST = 1e-9
# Panels are not halved below this fraction of the finest cuts.
NARROWEST = 0.1
# Cuts of the panels around a Fermi point start at this many T / v.
FIRST_CUT = 4.0


class BandFeatures:
    """Crossings, thermal windows and extrema of the bands of one periodic system on its mesh.

    Parameters
    ----------
    mesh : energies, velocities and elements on a uniform mesh;  bloch : H(k) at any k
    most_located : largest number of crossings or extrema that are located
    """

    def __init__(self, mesh: MeshElements, bloch: BlochMatrix, most_located: float):
        self.mesh, self.bloch, self.most_located = mesh, bloch, most_located
        self.spacing = mesh.k[1] - mesh.k[0]
        self._minima: dict[tuple[int, int], tuple[float, float]] = {}

    @cached_property
    def fastest(self) -> float:
        """Largest velocity on the mesh, in t0 a."""
        return float(np.abs(self.mesh.velocity).max(initial=0.0))

    @cached_property
    def always_equal(self) -> np.ndarray:
        """Neighbouring bands that are degenerate at every k of the mesh, (band - 1,) bool."""
        return np.all(np.diff(self.mesh.energy, axis=1) < DEGENERACY, axis=0)

    @cached_property
    def candidates(self) -> np.ndarray:
        """Intervals and lower bands whose gap above has a narrow minimum, (k, band - 1) bool."""
        return candidates_of(self.mesh.energy, self.mesh.velocity, self.spacing)

    @cached_property
    def _close(self) -> float:
        return CLOSE_PAIR * self.bloch.scale

    def in_window(self, level: float, temperature: float) -> np.ndarray:
        """Whether a band is within the thermal window of the level, (interval, band) bool."""
        left, right = self.mesh.energy - level, np.roll(self.mesh.energy, -1, axis=0) - level
        turn = np.abs(self.mesh.velocity - np.roll(self.mesh.velocity, -1, axis=0))
        reach = WINDOW * temperature + 0.25 * self.spacing * turn
        return (np.minimum(left, right) < reach) & (np.maximum(left, right) > -reach)

    def close_pairs(self, level: float, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Mesh points with close pairs of bands that the polarizability leaves out, two (k,) bool.

        The first are those with a gap, the second those at which bands cross exactly, except bands
        that are degenerate at all k.
        """
        gap = np.diff(self.mesh.energy, axis=1)
        if gap.min(initial=np.inf) >= self._close:
            none = np.zeros(len(gap), dtype=bool)
            return none, none
        inside = np.abs(self.mesh.energy - level) < WINDOW * temperature
        inside = inside[:, :-1] | inside[:, 1:]
        equal = gap < DEGENERACY
        everywhere = np.roll(equal, 1, axis=0) & np.roll(equal, -1, axis=0)
        close = inside & (gap < self._close)
        crossing = close & equal & ~everywhere
        return np.any(close & ~equal, axis=1), np.any(crossing, axis=1)

    def unresolved(self, parts, window, level, temperature) -> tuple[np.ndarray, NearCrossings]:
        """Intervals (interval,) bool in which filled and empty bands are close, and crossings."""
        energy, count = self.mesh.energy, len(self.mesh.k)
        refined = np.zeros(count, dtype=bool)
        requested = np.zeros((count, energy.shape[1] - 1), dtype=bool)
        if self.mesh.polarizability is not None:
            inner = (parts.filled > 0) & (parts.filled < energy.shape[1])
            interval, upper = parts.interval[inner], parts.filled[inner]
            requested[interval, upper - 1] = True
            where = (interval[:, None] + mesh_rules.stencil(mesh_rules.NARROW)) % count
            gap = energy[where, upper[:, None]] - energy[where, upper[:, None] - 1]
            refined[interval[(gap < self._close).any(axis=1)]] = True
        if window.any():
            near = self.in_window(level, temperature)
            requested |= window[:, None] & (near[:, :-1] | near[:, 1:])
        crossings = self.crossings(requested)
        refined[crossings.interval] = True
        return refined, crossings

    def crossings(self, requested: np.ndarray) -> NearCrossings:
        """Narrow minima of the gaps ``requested`` (interval, band - 1) bool, each located once."""
        if self.mesh.polarizability is None:
            requested = np.zeros_like(requested)
        interval, band = np.nonzero(self.candidates & requested)
        keys = list(zip(interval.tolist(), band.tolist(), strict=True))
        missing = [key for key in keys if key not in self._minima]
        if len(missing) > self.most_located:
            middle = self.mesh.k[interval] + 0.5 * self.spacing
            return NearCrossings(interval, band, middle, np.full(len(band), self.spacing))
        if missing:
            where = (np.array(column) for column in zip(*missing, strict=True))
            minima = located(self.bloch, self.mesh.k, *where)
            self._minima |= dict(
                zip(missing, zip(minima.k, minima.width, strict=True), strict=True)
            )
        known = [self._minima[key] for key in keys]
        k, width = np.array(known).reshape(-1, 2).T
        return NearCrossings(interval, band, k, width)

    def cuts(
        self,
        crossings: NearCrossings,
        temperature: float,
        points: FermiPoints | None = None,
        selected: np.ndarray | tuple = (),
    ) -> tuple[np.ndarray, float]:
        """Sorted ends of panels (cut,), finer towards crossings and Fermi points; smallest width.

        Panels narrower than the smallest width would only resolve rounding.  ``selected`` (point,)
        are the indices of the Fermi points.
        """
        most = self.spacing
        reach = FIRST_CUT * temperature
        sharpest = np.clip(reach / max(self.fastest, reach / most), SHARPEST, most)
        # Exact crossings are smooth on the scale of the Fermi function.
        exact = sharpest if temperature > 0 else most / 8
        finest = np.where(crossings.width < SHARPEST, exact, crossings.width)
        where = crossings.k
        if points is not None and len(selected):
            interval, band = points.interval[selected], points.band[selected]
            after = (interval + 1) % len(self.mesh.k)
            speed = np.abs(self.mesh.velocity[[interval, after], band]).max(axis=0)
            thermal = reach / np.maximum(speed, reach / most)
            where = np.concatenate((where, points.k[selected]))
            finest = np.concatenate((finest, np.maximum(thermal, SHARPEST)))
        cuts = graded(where, np.minimum(finest, most), most)
        narrowest = NARROWEST * finest.min(initial=sharpest) if temperature > 0 else 0.0
        return self._in_zone(cuts), max(narrowest, 1e-14)

    def with_extrema(self, cuts, level: float, temperature: float) -> tuple[np.ndarray, float]:
        """The cuts with those around extrema of bands within the thermal window added.

        An extremum that does not reach the level has no Fermi point.
        """
        speed, after = self.mesh.velocity, np.roll(self.mesh.velocity, -1, axis=0)
        turn = np.abs(speed - after)
        turning = (speed * after <= 0) & (turn > PARALLEL) & self.in_window(level, temperature)
        interval, band = np.nonzero(turning)
        if not len(interval) or len(interval) > self.most_located:
            return cuts
        where = extrema(self.bloch, self.mesh.k, interval, band)
        # Energies there change by turn dk^2 / 2 spacing.
        thermal = np.sqrt(2 * self.spacing * FIRST_CUT * temperature / turn[interval, band])
        finest = np.clip(thermal, SHARPEST, self.spacing)
        more = self._in_zone(graded(where, finest, self.spacing))
        ends, narrowest = cuts
        return np.sort(np.concatenate((ends, more))), narrowest

    def _in_zone(self, k: np.ndarray) -> np.ndarray:
        """Wave vectors ``k`` (k,) moved into the zone that begins with the mesh, sorted."""
        start, zone = self.mesh.k[0], self.spacing * len(self.mesh.k)
        return np.sort(start + np.mod(k - start, zone))
