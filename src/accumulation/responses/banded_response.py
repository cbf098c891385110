"""Static response of wide systems without diagonalising: both processes at any temperature.

At T = 0 the intraband part is a sum over Fermi points, and the interband part an integral over the
pieces between them, of resolvents; at T > 0 both are integrals.  Time and memory are proportional
to the width for an insulator; a metal has a number of Fermi points, or of states in its thermal
window, that grows with the width too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..densities import charge
from ..lattice.bloch import mesh
from ..lattice.samples import System
from ..states.banded_fermi_points import (
    avoid_each_other,
    banded_fermi_points,
    centres,
    intervals_near,
)
from ..states.banded_mirror import Mirror, halved, mirror_of
from ..states.banded_system import BandedSystem
from ..states.chunks import gathered
from ..states.eigenpairs import DEGENERACY
from ..states.eigenstates import KernelFunction
from . import banded_interband, banded_window
from .edges import counted_at_edges
from .integrands import ExactElements, Integrand
from .line_integral import VISIBLE
from .static import INACCURATE, UNCONVERGED, Accumulation, status_bits
from .zone_quadrature import ZoneIntegral, zone_integral

# Up to so many orbitals, or if the window holds more than this share of all states, a k with states
# in its thermal window is diagonalised.
DENSE, SHARE = 500, 6
# Levels within so many temperatures of the Fermi energy make an integrand vary fast.
NARROW_WINDOW = 16.0
# Close pairs of levels are looked for at distances that fall by this factor, down to this fraction
# of the bound of the spectrum, and if there are so many at most.
FINER, CLOSEST, MOST_PAIRS = 8.0, 1e-8, 64
# The magnitude of all terms is taken from so many k.
SAMPLE = 5
# Fermi points closer than this fraction of an interval to a mesh point are on it.
ON_MESH = 1e-5


def banded_accumulation(
    system: System,
    kernel: KernelFunction,
    definitions: Sequence[str],
    gauge: str,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    points: int,
    threads: int = 1,
) -> list[Accumulation]:
    """Intraband (per e E tau) and interband (per e E) accumulation per length a (Eqs. 55, 58).

    One for each definition of a density: they share all resolvents.

    Parameters
    ----------
    system : a ribbon or wire;  kernel : of a density whose matrix needs no band
    definitions : names of its definitions
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points : number of k of the uniform mesh that the integrals start from
    threads : number of threads over batches of k

    Raises
    ------
    UserError
        If the density joins distant orbitals.
    """
    line = _BandedLine(system, kernel, definitions, gauge, points, threads)
    shape = (2, len(fermi_energy), len(temperature))
    rows = len(system.positions)
    results = [
        Accumulation(
            np.zeros((*shape, rows)),
            np.zeros(shape),
            np.zeros(shape),
            np.zeros(shape, dtype=np.int16),
        )
        for _ in definitions
    ]
    for e, level in enumerate(fermi_energy):
        for t, kt in enumerate(temperature):
            both = line.at_zero(level) if kt == 0 else line.at_temperature(level, kt)
            for result, one in zip(results, both, strict=True):
                net = one.value.sum(axis=-1)
                status = status_bits(one.value, net, one.error, one.magnitude)
                result.values[:, e, t], result.net[:, e, t] = one.value, net
                result.status[:, e, t] = status
                factor = np.where(status & INACCURATE, UNCONVERGED, 1.0)
                result.error[:, e, t] = factor * one.error
    return results


def banded_edge_crossings(system: System, fermi_energy: np.ndarray, points: int) -> np.ndarray:
    """Number of Fermi points at each edge and level, (edge, fermi_energy) int, at any width.

    As :func:`.edges.edge_crossings`, from states found one by one.

    Parameters
    ----------
    fermi_energy : (fermi_energy,), in t0;  points : number of k of the mesh
    """
    banded = BandedSystem(system, charge.kernel, charge.DEFINITIONS["ribbon"], "atomic")
    k, _ = mesh(points, system.period)
    y = system.positions[:, 1]
    mean, of_level = [np.zeros(0)], [np.zeros(0, dtype=int)]
    for number, level in enumerate(fermi_energy):
        found = banded_fermi_points(banded, k, float(level))
        mean.append(centres(found, y))
        of_level.append(np.full(len(found.k), number))
    return counted_at_edges(np.concatenate(mean), np.concatenate(of_level), y, len(fermi_energy))


class _BandedLine:
    """Responses of one density of a periodic system, at any level and temperature."""

    def __init__(self, system: System, kernel, definitions, gauge: str, points, threads):
        self.system = BandedSystem(system, kernel, definitions, gauge)
        self.exact = [
            ExactElements(system.bloch, kernel, name, gauge, False) for name in definitions
        ]
        self._period, self.y = system.period, system.positions[:, 1]
        self.k, _ = mesh(points, system.period)
        self.threads = threads
        self.spacing = float(self.k[1] - self.k[0])
        # Of each definition, whether bands too close for their elements count.
        self._lost = np.zeros(len(definitions), dtype=bool)

    def at_zero(self, level: float) -> list[ZoneIntegral]:
        """Both processes at T = 0, of each definition."""
        system = self.system
        points = banded_fermi_points(system, self.k, level)
        number = len(system.kernels)
        value = np.zeros((number, 2, system.rows))
        error, size = np.zeros((2, number, 2))
        for k, speed, state in zip(points.k, points.velocity, points.state, strict=True):
            for one, kernel in enumerate(system.kernels):
                applied = system.matrix(kernel, k).apply(state[:, None])[:, 0]
                part = -np.sign(speed) * (state.conj() * applied).real / (2 * np.pi)
                value[one, 0] += part
                size[one, 0] += np.abs(part).max(initial=0.0)
        if not system.is_real:

            def integrand(k):
                factors = self._factors[:, 1]
                return halved(lambda at: self.filled(at, level), k, self.mirror, factors)

            pairs, ends, avoided = self._close_pairs(level)
            doubtful = self._intervals_with(points.k) | pairs
            cuts = self._cuts(np.concatenate((points.k, ends)))
            whole = zone_integral(integrand, self.k, doubtful, cuts, self._terms, system.rows)
            value[:, 1], error[:, 1], size[:, 1] = whole.value, whole.error, whole.magnitude
            if avoided:
                error[:, 1] = np.inf
        if not points.certain:
            error[:] = np.inf
        return [ZoneIntegral(*parts) for parts in zip(value, error, size, strict=True)]

    def at_temperature(self, level: float, temperature: float) -> list[ZoneIntegral]:
        """Both processes at a finite temperature, of each definition."""

        def both(k):
            values = self.thermal(k, level, temperature)
            return values.reshape(len(k), -1, values.shape[-1])

        def integrand(k):
            return halved(both, k, self.mirror, self._factors.ravel())

        self._lost[:] = False
        doubtful, cuts, complete = np.zeros(len(self.k), dtype=bool), np.zeros(0), True
        if temperature < VISIBLE * self.system.fastest * self.spacing:
            # The mesh may miss the window; away from it the integrand is as smooth as at T = 0.
            reach = NARROW_WINDOW * temperature
            low, high, complete = intervals_near(self.system, self.k, level, reach)
            doubtful = self._overlapping(low, high)
            cuts = self._cuts(np.concatenate((low, high)))
        terms = np.stack((np.zeros_like(self._terms), self._terms), axis=1).ravel()
        whole = zone_integral(integrand, self.k, doubtful, cuts, terms, self.system.rows)
        error = whole.error if complete else np.full_like(whole.error, np.inf)
        error = error.reshape(-1, 2)
        error[self._lost, 1] = np.inf
        value = whole.value.reshape(-1, 2, self.system.rows)
        of_each = (value, error, whole.magnitude.reshape(-1, 2))
        return [ZoneIntegral(*parts) for parts in zip(*of_each, strict=True)]

    @cached_property
    def mirror(self) -> Mirror | None:
        """A symmetry that takes k to -k: the mesh has both."""
        return mirror_of(self.system, self.y)

    @cached_property
    def _equal(self) -> np.ndarray:
        """Neighbouring bands that are degenerate at all k of the mesh, (band - 1,) bool."""
        bloch = self.exact[0].bloch

        def farthest(part):
            return np.diff(np.linalg.eigvalsh(bloch.hamiltonian(self.k[part])), axis=1).max(axis=0)

        found = gathered(farthest, len(self.k), bloch.size, self.threads)
        return np.max(found, axis=0) < DEGENERACY

    def _always_equal(self) -> np.ndarray:
        return self._equal

    @property
    def _factors(self) -> np.ndarray:
        number = len(self.system.kernels)
        return np.ones((number, 2)) if self.mirror is None else self.mirror.factors

    def _cuts(self, ends: np.ndarray) -> np.ndarray:
        """Ends (end,) of panels, sorted, with their copies one zone on."""
        return np.sort(np.concatenate((ends, ends + 2 * np.pi / self._period)))

    def _close_pairs(self, level: float) -> tuple[np.ndarray, np.ndarray, bool]:
        """Intervals (interval,) bool with two levels next to a level, and cuts around them.

        Where bands above and below the level come closer than their change between mesh points,
        the response has a peak that the mesh may miss.  Its integral is not small however small the
        gap is: the last value says whether there is one too small to count the levels around it.
        """
        doubtful, cuts = np.zeros(len(self.k), dtype=bool), []
        low = high = np.zeros(0)
        reach = VISIBLE * self.system.fastest * self.spacing
        while reach > CLOSEST * self.system.scale:
            low, high, complete = intervals_near(self.system, self.k, level, reach, least=2)
            if not complete or not 0 < len(low) <= MOST_PAIRS:
                break
            doubtful |= self._overlapping(low, high)
            cuts += [low, high]
            reach /= FINER
        else:
            ends = zip(low, high, strict=True)
            if any(avoid_each_other(self.system, *end, level) for end in ends):
                # What panels would find there is not the peak.
                return np.zeros(len(self.k), dtype=bool), np.zeros(0), True
        return doubtful, np.concatenate(cuts) if cuts else np.zeros(0), False

    @cached_property
    def _terms(self) -> np.ndarray:
        """Integrals of the magnitudes of all terms of the interband response, (definition,)."""
        if self.system.is_real:
            return np.zeros(len(self.system.kernels))
        at = self.k[:: max(1, len(self.k) // SAMPLE)]
        gaps = banded_interband.gaps_at(self.system, at, 0.0)
        terms = banded_interband.filled_response(self.system, at, gaps).size
        return terms.mean(axis=0) / self._period

    def _intervals_with(self, k: np.ndarray) -> np.ndarray:
        """Intervals (interval,) bool of the mesh that hold one of these k, or end at it."""
        inside = np.zeros(len(self.k), dtype=bool)
        place = (k - self.k[0]) / self.spacing
        for shift in (-ON_MESH, ON_MESH):
            inside[np.floor(place + shift).astype(int) % len(self.k)] = True
        return inside

    def _overlapping(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Intervals (interval,) bool of the mesh that overlap those from low to high (part,)."""
        inside = np.zeros(len(self.k), dtype=bool)
        first = np.floor((low - self.k[0]) / self.spacing + ON_MESH).astype(int)
        last = np.ceil((high - self.k[0]) / self.spacing - ON_MESH).astype(int)
        for start, end in zip(first, last, strict=True):
            inside[np.arange(start, max(end, start + 1)) % len(self.k)] = True
        return inside

    def filled(self, k: np.ndarray, level: float) -> np.ndarray:
        """Interband response at T = 0 and its error, (k, definition, row + 1), at each k (k,)."""
        system = self.system
        gaps = banded_interband.gaps_at(system, k, level, self.threads)
        reach, count = banded_window.isolated_levels(system, k, level, gaps.half)
        added = np.zeros((len(k), len(system.kernels), system.rows + 1))
        for i in np.flatnonzero(count):
            window = banded_window.isolated_window(system, k[i], level, reach[i], count[i])
            if window is None:
                continue
            gaps.center[i], gaps.half[i] = window.center, window.half
            added[i] = banded_window.of_window(system, k[i], window, level, 0.0)[:, 1]
        response = banded_interband.filled_response(system, k, gaps, self.threads)
        added[..., :-1] += response.values
        added[..., -1] += response.error
        return added

    def thermal(self, k: np.ndarray, level: float, temperature: float) -> np.ndarray:
        """Both processes at each k (k,), and the error of the contour.

        Returns
        -------
        (k, definition, 2, row + 1), the last column the error
        """
        system = self.system
        values = np.zeros((len(k), len(system.kernels), 2, system.rows + 1))
        count = system.levels_within(k, level, banded_window.WINDOW * temperature)
        dense = (count > 0) & ((system.rows <= DENSE) | (count * SHARE > system.rows))
        gaps = banded_interband.gaps_at(system, k, level, self.threads)
        for i in np.flatnonzero((count > 0) & ~dense):
            window = banded_window.thermal_window(system, k[i], level, temperature, count[i])
            if window is None:
                dense[i] = True
                continue
            gaps.center[i], gaps.half[i] = window.center, window.half
            values[i] = banded_window.of_window(system, k[i], window, level, temperature)
        for number, exact in enumerate(self.exact if dense.any() else ()):
            integrand = Integrand(
                exact,
                level,
                temperature,
                interband=not system.is_real,
                always_equal=self._always_equal,
            )
            values[dense, number, :, :-1] = integrand(k[dense], np.zeros(dense.sum(), dtype=int))
            self._lost[number] |= integrand.lost
        if not system.is_real and not dense.all():
            response = banded_interband.filled_response(
                system, k[~dense], gaps.part(~dense), self.threads
            )
            values[~dense, :, 1, :-1] += response.values
            values[~dense, :, 1, -1] += response.error
        return values
