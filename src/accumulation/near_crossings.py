"""Where two neighbouring bands come close between two points of a mesh.

A gap g(k) that closes linearly, or nearly, has g^2 = delta^2 + slope^2 (k - k_c)^2: one parabola,
which both ends of the interval show although the mesh sees nothing of a minimum much narrower than
its spacing.  The interband response is large there, or finite over a width delta / slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bands import solve
from .bloch import BlochMatrix

# A minimum counts as narrow if delta is below this many slopes times the spacing.
NARROW = 1.0
# Bands whose velocities differ by less (in t0 a) run parallel: no crossing of theirs is narrow.
PARALLEL = 1e-6
# Steps of the search for a minimum, every third one a bisection, and the share of its first values
# at which d(g^2)/dk counts as zero.
STEPS, FLAT = 24, 1e-9


@dataclass(frozen=True)
class NearCrossings:
    """Narrow minima of gaps: one entry each.

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

    energy, velocity : (k, band) on a uniform mesh of the zone
    """
    gap, slope = np.diff(energy, axis=1), np.diff(velocity, axis=1)
    next_gap, next_slope = np.roll(gap, -1, axis=0), np.roll(slope, -1, axis=0)
    possible = (slope <= 0) & (next_slope >= 0)
    possible &= np.maximum(-slope, next_slope) > PARALLEL
    fastest = np.maximum(-slope, next_slope) * spacing
    possible &= np.minimum(gap, next_gap) < fastest
    curvature = 0.5 * (next_gap * next_slope - gap * slope) * spacing  # slope^2 spacing^2 / 2
    square = np.where(possible & (curvature > 0), 2 * curvature, 1.0)
    vertex = gap * gap - (gap * slope * spacing) ** 2 / square
    return possible & (curvature > 0) & (vertex < NARROW**2 * square)


def located(
    bloch: BlochMatrix, k: np.ndarray, interval: np.ndarray, band: np.ndarray
) -> NearCrossings:
    """The minima in these intervals of a mesh k (k,), by root finding on d(g^2)/dk."""
    spacing = k[1] - k[0]
    count = len(interval)
    low, high = np.zeros(count), np.ones(count)

    def square_slope(s):
        pairs = solve(bloch, k[interval] + s * spacing)
        every = np.arange(count)
        gap = pairs.energy[every, band + 1] - pairs.energy[every, band]
        slope = pairs.velocity[every, band + 1] - pairs.velocity[every, band]
        return gap, slope, 2 * gap * slope * spacing

    at_low, at_high = square_slope(low)[2], square_slope(high)[2]
    steep = np.maximum(np.abs(at_low), np.abs(at_high))
    best, smallest = 0.5 * np.ones(count), np.full(count, np.inf)
    steepest = np.zeros(count)
    for step in range(STEPS):
        with np.errstate(invalid="ignore", divide="ignore"):
            s = low - at_low * (high - low) / (at_high - at_low)
        inside = (s > low) & (s < high) & (step % 3 < 2)
        s = np.where(inside, s, 0.5 * (low + high))
        gap, slope, value = square_slope(s)
        better = gap < smallest
        best, smallest = np.where(better, s, best), np.where(better, gap, smallest)
        steepest = np.maximum(steepest, np.abs(slope))
        falling = value < 0
        low, at_low = np.where(falling, s, low), np.where(falling, value, at_low)
        high, at_high = np.where(falling, high, s), np.where(falling, at_high, value)
        if np.all((high - low < 1e-12) | (np.abs(value) <= FLAT * steep)):
            break
    width = smallest / np.maximum(steepest, PARALLEL)
    return NearCrossings(interval, band, k[interval] + best * spacing, width)
