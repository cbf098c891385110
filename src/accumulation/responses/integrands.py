"""Integrands of the response over k, with occupations, at any k by diagonalising there.

intraband   sum_n f'(e_n) v_n <n|n(mu)|n>
interband   sum_{n, n'} D_nn' Re[<n|n(mu)|n'> A_n'n],   D_nn' = (f_n - f_n') / (e_n - e_n')

A pair of states contributes by the divided difference of its occupations, which is finite where
energies meet, and exactly zero where both states are filled or empty.  The same sum written with
the polarizability of each band, sum_n f_n b_n, loses all digits there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.chunks import gathered
from ..states.eigenpairs import DEGENERACY, Eigenpairs, solve
from ..states.eigenstates import KernelFunction, States
from ..states.occupations import divided_difference, fermi_slope
from .filled_pairs import filled_response
from .matrix_elements import matrix_elements, pair_sum

# Stands for the Fermi function in place of a number of filled bands.
THERMAL = -1
# Bands that meet with velocities closer than this (in t0 a) touch rather than cross: of those that
# cross, each state goes on as it is.
TOUCHING = 1e-3
# Distances by which a k may be moved away from a crossing of bands, in 1/a.
SHIFTS = (1e-7, 1e-6, 1e-5, 1e-4)
# Rounding mixes bands of a gap g by 1e-16 / g, which their connection, of bands that touch finite,
# has once more over g times the difference of their velocities: 5e-15 / q^3 at the distance q.
# Taken at q, that is 5e-15 / (q^2 w) of the integral over a window of width w, and what changes on
# the way (q / w)^3: both are least at the gap CLEAR (5e-15 T)^0.4 (in t0), T the temperature.
CLEAR, MIXED = 0.3, 5e-15
# Distances of such k, in 1/a.  Where bands avoid each other instead, their gap is another one at
# the distance BESIDE.
FAR_SHIFTS, BESIDE = (3e-5, 1e-4, 1.5e-4, 2e-4, 3e-4, 4e-4, 6e-4, 1e-3), 1e-5
# Divided differences of the occupation above this, over the temperature, count.
COUNTS = 1e-6


@dataclass(frozen=True)
class MeshElements:
    """Matrix elements of one density on the uniform mesh: input of the response.

    k : (k,), in 1/a;  weight : (k,), dk/2pi;  energy, velocity : (k, band), in t0 and t0 a
    density, polarizability : (k, band, row), the latter None if it is identically zero
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

    regions : (region, row) weights; if given, rows are summed to regions with them
    pairs_at : function k (point,) -> Eigenpairs that several of these share, such as
        :class:`~accumulation.states.remembered.RememberedPairs`
    """

    bloch: BlochMatrix
    kernel: KernelFunction
    definition: str
    gauge: str
    needs_all_bands: bool
    regions: np.ndarray | None = None
    pairs_at: Callable[[np.ndarray], Eigenpairs] | None = None

    def states(self, k: np.ndarray) -> States:
        """States at k (point,), in 1/a, with the operators that kernels need."""
        pairs = solve(self.bloch, k) if self.pairs_at is None else self.pairs_at(k)
        return States(pairs, self.bloch, self.gauge)

    def at(self, k: np.ndarray, interband: bool) -> MeshElements:
        """Elements at k (point,), in 1/a; with ``interband`` also the polarizability."""
        states = self.states(k)
        kernel = self.kernel(states, self.definition)
        density, polarizability = matrix_elements(states, kernel, interband)
        if polarizability is not None:
            polarizability = by_region(polarizability, self.regions)
        density = by_region(density, self.regions)
        no_weight = np.full(len(k), np.nan)  # the points are those of no mesh
        return MeshElements(k, no_weight, states.energy, states.velocity, density, polarizability)


def by_region(values: np.ndarray, regions: np.ndarray | None) -> np.ndarray:
    """``values`` (..., row) summed to (..., region) by ``regions`` (region, row), if given."""
    return values if regions is None else values @ regions.T


@dataclass
class Integrand:
    """Function k (node,), label (node,) -> (node, 2, row), intraband and interband.

    Parameters
    ----------
    level, temperature : of the Fermi function, in t0
    filled : (label,) number of filled bands at nodes of each label, or THERMAL for the Fermi
        function, which is the default.  With a number of filled bands the intraband part is zero,
        as it is a sum over Fermi points.
    threads : number of threads over chunks of k
    interband : whether to compute this part; otherwise it is zero
    always_equal : gives (band - 1,) bool, neighbouring bands that are degenerate at all k.  Where
        other bands meet, the matrix elements are taken beside the crossing, as degenerate states do
        not determine their limit.

    Attributes
    ----------
    lost : whether bands were too close over too wide a range of k for the elements between them,
        at energies where these count
    """

    exact: ExactElements
    level: float
    temperature: float
    filled: np.ndarray | None = None
    threads: int = 1
    interband: bool = True
    always_equal: Callable[[], np.ndarray] | None = None
    lost: bool = False

    def __call__(self, k: np.ndarray, label: np.ndarray) -> np.ndarray:
        """Values (node, 2, row) at k (node,), in 1/a, of pieces with a label (node,)."""

        def of_chunk(part):
            return self._values(k[part], label[part])

        size = self.exact.bloch.size
        return np.concatenate(gathered(of_chunk, len(k), size, self.threads))

    def _values(self, k, label):
        states = self.exact.states(k)
        beside = states
        energy, slope, difference, of_pairs = states.energy, None, None, None
        count = np.full(len(k), THERMAL) if self.filled is None else self.filled[label]
        thermal = count == THERMAL
        if thermal.any() and self.temperature > 0:
            slope = np.zeros(energy.shape)
            speed = states.velocity[thermal]
            slope[thermal] = fermi_slope(energy[thermal], self.level, self.temperature) * speed
        if self.interband:
            of_pairs = partial(filled_response, filled=count)
            if thermal.any():
                difference = np.zeros((*energy.shape, energy.shape[1]))
                at = energy[thermal]
                difference[thermal] = divided_difference(at, self.level, self.temperature)
                difference[~thermal] = _of_filled(energy[~thermal], count[~thermal])
                of_pairs = partial(pair_sum, difference=difference)
            beside = self._beside(states, k, difference)
        return _processes(self.exact, states, slope, beside, of_pairs)

    def _beside(self, states: States, k: np.ndarray, difference) -> States:
        """The states, of k where bands touch those next to it.

        ``difference`` is None where bands are filled or empty: bands that touch do not count there.
        """
        clear = max(CLEAR * (MIXED * self.temperature) ** 0.4, DEGENERACY)
        if self.always_equal is None or not _meeting(states.energy, False, clear).any():
            return states
        bloch, always_equal = self.exact.bloch, self.always_equal()
        equal = np.abs(np.diff(states.velocity, axis=1)) < TOUCHING
        touching = _meeting(states.energy, always_equal) & equal
        meeting = np.any(touching, axis=1)
        moved = k
        if meeting.any():
            moved = _moved_apart(bloch, k, meeting, always_equal)
            if difference is not None:
                pairs = np.abs(np.diagonal(difference, 1, axis1=1, axis2=2))
                # Bands this close all around have elements, 1 / gap times the slope of their
                # mixing, that rounding hides.
                stuck = meeting & (moved == k)
                counts = pairs[touching & stuck[:, None]] * self.temperature > COUNTS
                self.lost |= bool(np.any(counts))
        if difference is not None:
            farther = self._farther(states.energy, k, equal, always_equal, clear)
            moved = np.where(farther != k, farther, moved)
        return states if np.all(moved == k) else self.exact.states(moved)

    def _farther(self, energy, k, equal, always_equal, clear: float) -> np.ndarray:
        """Wave vectors (k,), those next to a touch moved to where rounding leaves elements digits.

        Divided differences of the occupation remain those at k, which the elements vary less than.

        Parameters
        ----------
        energy : (k, band), in t0;  equal : (k, band - 1) bool, neighbours of equal velocity
        clear : gap (in t0) that is enough
        """
        bloch = self.exact.bloch
        close = _meeting(energy, always_equal, clear) & equal
        some = np.flatnonzero(close.any(axis=1))
        if not len(some):
            return k
        # Bands that avoid each other part faster than those whose velocities meet.
        there = np.diff(_energy_beside(bloch, k[some], BESIDE), axis=1)
        slow = np.abs(there - np.diff(energy[some], axis=1)) < 2 * TOUCHING * BESIDE
        touching = np.zeros(len(k), dtype=bool)
        touching[some] = np.any(close[some] & slow, axis=1)
        return _moved_apart(bloch, k, touching, always_equal, FAR_SHIFTS, clear)


def _meeting(
    energy: np.ndarray, always_equal: np.ndarray | bool, closest: float = DEGENERACY
) -> np.ndarray:
    """Which bands meet the next at each k, (k, band - 1) bool, other than those always equal.

    energy : (k, band), in t0;  closest : gap of bands that do not meet, in t0
    """
    return (np.diff(energy, axis=1) < closest) & ~np.asarray(always_equal)


def _moved_apart(
    bloch: BlochMatrix,
    k: np.ndarray,
    meeting: np.ndarray,
    always_equal: np.ndarray,
    shifts: tuple[float, ...] = SHIFTS,
    closest: float = DEGENERACY,
) -> np.ndarray:
    """Wave vectors (k,), those where bands are ``meeting`` (k,) moved until these are apart.

    By one of the ``shifts`` (in 1/a), the smallest that takes their gap to ``closest`` (in t0).
    """

    def apart(selected, shift):
        return ~_meeting(_energy_beside(bloch, k[selected], shift), always_equal, closest).any(1)

    moved, remaining = k.copy(), np.flatnonzero(meeting)
    if len(remaining):
        # Bands that still meet there are flat.
        remaining = remaining[apart(remaining, shifts[-1])]
    for shift in shifts:
        if not len(remaining):
            break
        far = apart(remaining, shift)
        moved[remaining[far]] += shift * _outward(bloch, k[remaining[far]])
        remaining = remaining[~far]
    return moved


def _outward(bloch: BlochMatrix, k: np.ndarray) -> np.ndarray:
    """Direction (k,) to move k (k,): k and -k go opposite ways, and what cancels still does."""
    return np.where(np.sin(k * bloch.period) < 0, -1.0, 1.0)


def _energy_beside(bloch: BlochMatrix, k: np.ndarray, shift: float) -> np.ndarray:
    """Energies (k, band), in t0, at a distance ``shift`` (1/a) from k (k,)."""
    return np.linalg.eigvalsh(bloch.hamiltonian(k + shift * _outward(bloch, k)))


def _of_filled(energy: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(k, n, n') divided differences with the ``count`` (k,) lowest bands filled."""
    occupied = (np.arange(energy.shape[1]) < count[:, None]).astype(float)
    change = occupied[:, :, None] - occupied[:, None, :]
    gap = energy[:, :, None] - energy[:, None, :]
    far = (np.abs(gap) >= DEGENERACY) & (change != 0)
    return np.divide(change, gap, out=np.zeros_like(gap), where=far)


def _processes(exact, states, slope, beside, of_pairs) -> np.ndarray:
    """Both processes (k, 2, row), with the Fermi factors of each.

    Intraband of ``states`` with ``slope`` (k, band), interband of the states ``beside`` them by the
    function ``of_pairs`` of states and kernel; zero where these are None.
    """
    rows = exact.bloch.size if exact.regions is None else len(exact.regions)
    result = np.zeros((len(states.k), 2, rows))
    kernel = exact.kernel(states, exact.definition)
    if slope is not None:
        density = by_region(matrix_elements(states, kernel, interband=False)[0], exact.regions)
        result[:, 0] = (slope[:, None, :] @ density)[:, 0]
    if of_pairs is not None:
        if beside is not states:
            kernel = exact.kernel(beside, exact.definition)
        interband = of_pairs(beside, kernel)
        if interband is not None:
            result[:, 1] = by_region(interband, exact.regions)
    return result
