"""Near crossings of two neighbouring bands between two points of a mesh.

A gap g(k) that closes linearly, or nearly, has g^2 = delta^2 + slope^2 (k - k_c)^2.  The values at
both ends of an interval determine this parabola, even if its minimum is much narrower than the
spacing of the mesh.  The interband response is large within a width delta / slope of the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from .eigenpairs import expectation, solve

# A minimum is narrow if delta is below this factor times slope times spacing.
NARROW = 1.0
# Bands whose velocities differ by less (in t0 a) are parallel: they have no narrow crossing.
PARALLEL = 1e-6
# Largest number of steps of the search for a minimum, and the fraction of its first values below
# which d(g^2)/dk counts as zero.
STEPS, FLAT = 40, 1e-14


@dataclass(frozen=True)
class NearCrossings:
    """Narrow minima of gaps, one entry for each.

    Attributes
    ----------
    interval : (crossing,) int, between mesh points interval and interval + 1
    band : (crossing,) int, the lower of the two bands
    k : (crossing,) wave vector of the minimum, in 1/a
    width : (crossing,) delta / slope, in 1/a; zero where the bands cross exactly
    """

    interval: np.ndarray
    band: np.ndarray
    k: np.ndarray
    width: np.ndarray


def candidates(energy: np.ndarray, velocity: np.ndarray, spacing: float) -> np.ndarray:
    """Intervals and lower bands in which the gap above has a narrow minimum, (k, band - 1) bool.

    energy, velocity : (k, band) on a uniform mesh of the zone, in t0 and t0 a;  spacing : in 1/a
    """
    energies, velocities = (
        np.stack((values, np.roll(values, -1, axis=0))) for values in (energy, velocity)
    )
    return candidates_between(energies, velocities, np.full(len(energy), spacing))


def candidates_between(energy: np.ndarray, velocity: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The same for any segments, (segment, band - 1) bool.

    energy, velocity : (2, segment, band) at both ends, in t0 and t0 a;  length : (segment,), in 1/a
    """
    slopes = np.diff(velocity, axis=2)
    found = (slopes[0] <= 0) & (slopes[1] >= 0)
    # All else of the few gaps that first close and then open.
    index, band = np.nonzero(found)
    (slope, next_slope), length = slopes[:, index, band], length[index]
    gap, next_gap = energy[:, index, band + 1] - energy[:, index, band]
    steepest = np.maximum(-slope, next_slope)
    curvature = 0.5 * (next_gap * next_slope - gap * slope) * length  # slope^2 length^2 / 2
    possible = (steepest > PARALLEL) & (curvature > 0)
    possible &= np.minimum(gap, next_gap) < steepest * length
    square = np.where(possible, 2 * curvature, 1.0)
    vertex = gap * gap - (gap * slope * length) ** 2 / square
    found[index, band] = possible & (vertex < NARROW**2 * square)
    return found


def located(
    bloch: BlochMatrix, k: np.ndarray, interval: np.ndarray, band: np.ndarray
) -> NearCrossings:
    """Minima of gaps in intervals of a mesh, by root finding on d(g^2)/dk.

    Parameters
    ----------
    k : (k,), in 1/a
    interval, band : (crossing,) int, the interval and the lower band of each minimum
    """
    where, width = located_between(bloch, k[interval], k[1] - k[0], band)
    return NearCrossings(interval, band, where, width)


def located_between(
    bloch: BlochMatrix, start: np.ndarray, length: np.ndarray | float, band: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Minima of gaps in any segments: k and width (crossing,) as of :class:`NearCrossings`.

    start, length : (crossing,) of the segments, in 1/a;  band : (crossing,) int, the lower band
    """
    count = len(start)
    both = np.stack((band, band + 1), axis=-1)[:, None, :]

    def square_slope(s):
        # Eigenvectors as they are: those that diagonalise the velocity have no definite order
        # where the gap is rounding.
        points = start + s * length
        energy, states = np.linalg.eigh(bloch.hamiltonian(points))
        pair = states[np.arange(count)[:, None, None], np.arange(bloch.size)[:, None], both]
        speed = expectation(pair, bloch.velocity(points) @ pair)
        gap = energy[np.arange(count), band + 1] - energy[np.arange(count), band]
        slope = speed[:, 1] - speed[:, 0]
        return gap, slope, 2 * gap * slope * length

    best, smallest, steepest = 0.5 * np.ones(count), np.full(count, np.inf), np.zeros(count)

    def value(s):
        nonlocal best, smallest, steepest
        gap, slope, slope_of_square = square_slope(s)
        inside = (s > 0) & (s < 1)
        better = inside & (gap < smallest)
        best, smallest = np.where(better, s, best), np.where(better, gap, smallest)
        steepest = np.maximum(steepest, np.abs(slope) * inside)
        return slope_of_square

    _illinois(value, count)
    width = smallest / np.maximum(steepest, PARALLEL)
    return start + best * length, width


def extrema(
    bloch: BlochMatrix, k: np.ndarray, interval: np.ndarray, band: np.ndarray
) -> np.ndarray:
    """Extrema of bands in intervals of a mesh, as k (extremum,), in 1/a.

    The velocity of each band must change its sign in its interval.

    Parameters
    ----------
    k : (k,), in 1/a;  interval, band : (extremum,) int
    """
    spacing, index = k[1] - k[0], np.arange(len(interval))

    def speed(s):
        return solve(bloch, k[interval] + s * spacing).velocity[index, band]

    return k[interval] + _illinois(speed, len(interval)) * spacing


def _illinois(function, count: int) -> np.ndarray:
    """Roots (count,) of a function (count,) -> (count,), all in [0, 1], by the Illinois method.

    It takes secant steps, and halves the value at an end that was kept twice.
    """
    low, high = np.zeros(count), np.ones(count)
    at_low, at_high = function(low), function(high)
    # The sign makes every function rise.
    sign = np.where(at_low > 0, -1.0, 1.0)
    at_low, at_high = sign * at_low, sign * at_high
    steep = np.maximum(np.abs(at_low), np.abs(at_high))
    side, s = np.zeros(count), 0.5 * np.ones(count)
    for _ in range(STEPS):
        with np.errstate(invalid="ignore", divide="ignore"):
            s = low - at_low * (high - low) / (at_high - at_low)
        s = np.where((s > low) & (s < high), s, 0.5 * (low + high))
        value = sign * function(s)
        falling = value < 0
        at_high = np.where(falling, np.where(side == -1, 0.5 * at_high, at_high), value)
        at_low = np.where(falling, value, np.where(side == 1, 0.5 * at_low, at_low))
        low, high = np.where(falling, s, low), np.where(falling, high, s)
        side = np.where(falling, -1, 1)
        if np.all((high - low < 1e-14) | (np.abs(value) <= FLAT * steep)):
            break
    return s
