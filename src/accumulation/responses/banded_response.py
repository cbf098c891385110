"""Static response of wide systems without diagonalising: both processes at any temperature.

At T = 0 the intraband part is a sum over Fermi points, and the interband part an integral over the
pieces between them, of resolvents; at T > 0 both are integrals.  Time and memory are proportional
to the width for an insulator; a metal has a number of Fermi points, or of states in its thermal
window, that grows with the width too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..lattice.bloch import mesh
from ..lattice.samples import System
from ..states.banded_fermi_points import BandedFermiPoints, banded_fermi_points, intervals_near
from ..states.banded_system import BandedSystem
from ..states.eigenstates import KernelFunction
from ..states.level_counts import levels_below
from . import banded_interband, banded_window, mesh_rules
from .integrands import ExactElements, Integrand
from .interval_sums import CANCELLED, FINE, TOLERANCE, of_width, with_worst
from .line_integral import VISIBLE
from .quadrature import NODES, cut, integrate
from .static import INACCURATE, UNCONVERGED, Accumulation, status_bits

# Up to so many orbitals, or if the window holds more than this share of all states, a k with states
# in its thermal window is diagonalised.
DENSE, SHARE = 500, 6
# Levels within so many temperatures of the Fermi energy make an integrand vary fast.
NARROW_WINDOW = 16.0
# Close pairs of levels are looked for at distances that fall by this factor, down to this fraction
# of the bound of the spectrum, and if there are so many at most.
FINER, CLOSEST, MOST_PAIRS = 8.0, 1e-8, 64
# Nodes of a refinement, times rows: of a cheap one, and at most; and numbers of nodes.
LITTLE, MOST = 4e4, 4e5
FEW_NODES, MOST_NODES = 1_500, 6_000
# The magnitude of all terms is taken from so many k.
SAMPLE = 5
# Fermi points closer than this fraction of an interval to a mesh point are on it.
ON_MESH = 1e-5


@dataclass(frozen=True)
class _Integral:
    """value (process, row), error (process,), magnitude (process,)."""

    value: np.ndarray
    error: np.ndarray
    magnitude: np.ndarray


def banded_accumulation(
    system: System,
    kernel: KernelFunction,
    definition: str,
    gauge: str,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    points: int,
    threads: int = 1,
) -> Accumulation:
    """Intraband (per e E tau) and interband (per e E) accumulation per length a (Eqs. 55, 58).

    Parameters
    ----------
    system : a ribbon or wire;  kernel : of a density whose matrix needs no band
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points : number of k of the uniform mesh that the integrals start from
    threads : number of threads over batches of k

    Raises
    ------
    UserError
        If the density joins distant orbitals.
    """
    line = _BandedLine(system, kernel, definition, gauge, points, threads)
    shape = (2, len(fermi_energy), len(temperature))
    rows = len(system.positions)
    result = Accumulation(
        np.zeros((*shape, rows)), np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int16)
    )
    for e, level in enumerate(fermi_energy):
        for t, kt in enumerate(temperature):
            one = line.at_zero(level) if kt == 0 else line.at_temperature(level, kt)
            net = one.value.sum(axis=-1)
            status = status_bits(one.value, net, one.error, one.magnitude)
            result.values[:, e, t], result.net[:, e, t] = one.value, net
            result.status[:, e, t] = status
            factor = np.where(status & INACCURATE, UNCONVERGED, 1.0)
            result.error[:, e, t] = factor * one.error
    return result


class _BandedLine:
    """Responses of one density of a periodic system, at any level and temperature."""

    def __init__(self, system: System, kernel, definition: str, gauge: str, points, threads):
        self.system = BandedSystem(system, kernel, definition, gauge)
        self.exact = ExactElements(system.bloch, kernel, definition, gauge, False)
        self.k, _ = mesh(points, system.period)
        self.threads = threads
        self.spacing = float(self.k[1] - self.k[0])
        self._points: dict[float, BandedFermiPoints] = {}

    def fermi_points(self, level: float) -> BandedFermiPoints:
        """Fermi points of a level."""
        if level not in self._points:
            self._points[level] = banded_fermi_points(self.system, self.k, level)
        return self._points[level]

    def at_zero(self, level: float) -> _Integral:
        """Both processes at T = 0."""
        points = self.fermi_points(level)
        value, error, size = np.zeros((2, self.system.rows)), np.zeros(2), np.zeros(2)
        for k, speed, state in zip(points.k, points.velocity, points.state, strict=True):
            applied = self.system.matrix("kernel", k).apply(state[:, None])[:, 0]
            part = -np.sign(speed) * (state.conj() * applied).real / (2 * np.pi)
            value[0] += part
            size[0] += np.abs(part).max(initial=0.0)
        if not self.system.is_real:

            def interband(k, label):
                gaps = banded_interband.gaps_at(self.system, k, level, self.threads)
                response = banded_interband.filled_response(self.system, k, gaps, self.threads)
                return np.column_stack((response.values, response.error))[:, None]

            pairs, ends = self._close_pairs(level)
            doubtful = self._intervals_with(points.k) | pairs
            ends = np.concatenate((points.k, ends))
            cuts = np.sort(np.concatenate((ends, ends + 2 * np.pi / self._period)))
            one = self._integral(interband, doubtful, cuts, 1)
            value[1], error[1], size[1] = one.value[0], one.error[0], one.magnitude[0]
        if not points.certain:
            error[:] = np.inf
        return _Integral(value, error, size)

    def at_temperature(self, level: float, temperature: float) -> _Integral:
        """Both processes at a finite temperature."""

        def both(k, label):
            return self._thermal(k, level, temperature)

        doubtful, cuts, complete = np.zeros(len(self.k), dtype=bool), np.zeros(0), True
        if temperature < VISIBLE * self.system.fastest * self.spacing:
            # The mesh may miss the window; away from it the integrand is as smooth as at T = 0.
            reach = NARROW_WINDOW * temperature
            low, high, complete = intervals_near(self.system, self.k, level, reach)
            doubtful = self._overlapping(low, high)
            ends = np.concatenate((low, high))
            cuts = np.sort(np.concatenate((ends, ends + 2 * np.pi / self._period)))
        result = self._integral(both, doubtful, cuts, 2)
        if not complete:
            result.error[:] = np.inf
        return result

    @property
    def _period(self) -> float:
        return self.exact.bloch.period

    def _close_pairs(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Intervals (interval,) bool with two levels next to a level, and cuts around them.

        Where bands above and below the level come closer than their change between mesh points,
        the response has a peak that the mesh may miss.
        """
        doubtful, cuts = np.zeros(len(self.k), dtype=bool), []
        reach = VISIBLE * self.system.fastest * self.spacing
        while reach > CLOSEST * self.system.scale:
            low, high, complete = intervals_near(self.system, self.k, level, reach, least=2)
            if not complete or not 0 < len(low) <= MOST_PAIRS:
                break
            doubtful |= self._overlapping(low, high)
            cuts += [low, high]
            reach /= FINER
        return doubtful, np.concatenate(cuts) if cuts else np.zeros(0)

    @cached_property
    def _terms(self) -> float:
        """Integral over the zone of the magnitudes of all terms of the interband response."""
        if self.system.is_real:
            return 0.0
        at = self.k[:: max(1, len(self.k) // SAMPLE)]
        gaps = banded_interband.gaps_at(self.system, at, 0.0)
        terms = banded_interband.filled_response(self.system, at, gaps).size
        return float(terms.mean()) / self._period

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

    def _occupied(self, k: np.ndarray, level: float, reach: float) -> np.ndarray:
        """Number of levels within ``reach`` of a level at each k, (k,) int."""
        energies = level + np.array([-reach, reach]) * np.ones((len(k), 1))
        parts = [
            levels_below(
                self.system.blocks("hamiltonian", k[batch]), energies[batch], self.system.scale
            )
            for batch in banded_interband.batches(self.system, len(k))
        ]
        counts = np.concatenate(parts)
        return counts[:, 1] - counts[:, 0]

    def _thermal(self, k: np.ndarray, level: float, temperature: float) -> np.ndarray:
        """Both processes and the error of the contour, (k, 2, row + 1)."""
        system = self.system
        values = np.zeros((len(k), 2, system.rows + 1))
        count = self._occupied(k, level, banded_window.WINDOW * temperature)
        dense = (count > 0) & ((system.rows <= DENSE) | (count * SHARE > system.rows))
        gaps = banded_interband.gaps_at(system, k, level, self.threads)
        for i in np.flatnonzero((count > 0) & ~dense):
            window = banded_window.thermal_window(system, k[i], level, temperature, count[i])
            if window is None:
                dense[i] = True
                continue
            gaps.center[i], gaps.half[i] = window.center, window.half
            values[i, :, :-1] = banded_window.of_window(system, k[i], window, level, temperature)
        if dense.any():
            integrand = Integrand(self.exact, level, temperature, interband=not system.is_real)
            values[dense, :, :-1] = integrand(k[dense], np.zeros(dense.sum(), dtype=int))
        if not system.is_real and not dense.all():
            response = banded_interband.filled_response(
                system, k[~dense], gaps.part(~dense), self.threads
            )
            values[~dense, 1, :-1] += response.values
            values[~dense, 1, -1] = response.error
        return values

    def _integral(self, function, doubtful: np.ndarray, cuts, processes: int) -> _Integral:
        """Integral over the zone of a function of k and a label, dk / 2 pi.

        Intervals away from ``doubtful`` (interval,) ones are integrated from mesh values, the
        others, and those in which the mesh is too coarse, by panels that end at ``cuts``.

        Parameters
        ----------
        function : returns (node, process, row + 1), the last column an error
        """
        k, columns = self.k, self.system.rows + 1
        room = mesh_rules.room(~doubtful)
        far = room > mesh_rules.NARROW
        needed = np.zeros(len(k), dtype=bool)
        for shift in range(1 - mesh_rules.WIDE, mesh_rules.WIDE + 1):
            needed |= np.roll(far & (room >= np.maximum(1 - shift, shift)), shift)
        values = np.zeros((len(k), processes, columns))
        if needed.any():
            at = k[needed]
            values[needed] = function(at, np.zeros(len(at), dtype=int))
        values *= self.spacing / (2 * np.pi)
        own, misfit = np.zeros((2, *values.shape))
        for width in range(mesh_rules.NARROW + 1, mesh_rules.WIDE + 1):
            fitting = room == width
            if fitting.any():
                own[fitting], misfit[fitting] = (part[fitting] for part in of_width(values, width))
        magnitude = np.abs(values[..., :-1]).sum(axis=0).max(axis=-1, initial=0.0)
        magnitude[-1] = max(magnitude[-1], self._terms)
        refined, error = self._to_refine(own, misfit, ~far, magnitude)
        total = own[~refined].sum(axis=0)
        if refined.any():
            low, high = _runs(refined)
            ends = (k[0] + low * self.spacing, k[0] + high * self.spacing)

            def measured(at, label):
                return function(at, label) / (2 * np.pi)

            rows = self.system.rows
            most = (
                min(LITTLE / rows, FEW_NODES),
                max(min(MOST / rows, MOST_NODES), len(k)),
            )
            panels = cut(*ends, cuts, 1e-14)
            value, more, size = integrate(
                measured, panels, total, magnitude, _tolerance, most, narrowest=1e-13
            )
            total, error, magnitude = total + value, error + more, magnitude + size
        return _Integral(total[:, :-1], error + np.abs(total[:, -1]), magnitude)

    def _to_refine(self, own, misfit, doubtful, magnitude) -> tuple[np.ndarray, np.ndarray]:
        """Intervals (interval,) to integrate by panels, and the error (process,) of the others."""
        total = own[~doubtful].sum(axis=0)
        worst = misfit.max(axis=-1, initial=0.0)
        enough, fine = _tolerance(total, magnitude)
        rows, refined = self.system.rows, doubtful
        for target, most in ((fine, LITTLE), (enough, MOST)):
            more = with_worst(doubtful, worst, 0.5 * target)
            if (more & ~doubtful).sum() * len(NODES) <= max(most / rows, 0.5 * len(self.k)):
                refined = more
                break
        return refined, misfit[~refined].sum(axis=0).max(axis=-1, initial=0.0)


def _tolerance(value: np.ndarray, magnitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors (process,) that suffice and that are aimed at, of values (process, row + 1)."""
    largest = np.abs(value[:, :-1]).max(axis=-1, initial=0.0)
    unit = np.maximum(np.maximum(largest, CANCELLED * magnitude), 1e-13)
    return TOLERANCE * unit, FINE * unit


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last end, in intervals from the first mesh point, of runs of marked intervals."""
    if mask.all():
        return np.zeros(1), np.full(1, float(len(mask)))
    # Begin behind an interval that is not marked, so that no run is divided.
    start = int(np.flatnonzero(~mask)[0]) + 1
    turned = np.concatenate(([False], np.roll(mask, -start), [False]))
    change = np.diff(turned.astype(int))
    low, high = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return (low + start).astype(float), (high + start).astype(float)
