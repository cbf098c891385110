"""Mesh intervals cut at the crossings of bands, so that bands are smooth between two ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .eigenpairs import DEGENERACY, solve
from .near_crossings import candidates, located

# A crossing closer than this to a mesh point (in spacings) is on it.
ON_MESH = 1e-8
# Uncertainty of the energy of a crossing, in spacings times velocity.
UNSURE = 0.25


@dataclass(frozen=True)
class Segments:
    """Parts of mesh intervals in which no band has a kink near a level, one entry for each.

    interval : (segment,) int;  low, high : (segment,) ends as fractions of the interval
    energy, velocity : (2, segment, band) at both ends, as seen from inside the segment
    """

    interval: np.ndarray
    low: np.ndarray
    high: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray


def segments_of(bloch, k, energy, velocity, levels) -> Segments:
    """Segments of all mesh intervals, cut where bands (nearly) cross close to one of the levels.

    Parameters
    ----------
    k : (k,) uniform mesh, in 1/a;  energy, velocity : (k, band);  levels : (level,), in t0
    """
    spacing = k[1] - k[0]
    after, speed_after = np.roll(energy, -1, axis=0), np.roll(velocity, -1, axis=0)
    count = len(k)
    crossing = candidates(energy, velocity, spacing)
    interval, band = np.nonzero(crossing)
    near = _matters(energy, velocity, spacing, levels, interval, band)
    interval, band = interval[near], band[near]
    both = np.stack((energy, after)), np.stack((velocity, _from_left(after, speed_after)))
    ends = Segments(np.arange(count), np.zeros(count), np.ones(count), *both)
    return _cut(ends, bloch, k, interval, band) if len(interval) else ends


def _matters(energy, velocity, spacing, levels, interval, band) -> np.ndarray:
    """Whether a level may be at the kinks that two bands have where they cross, (crossing,) bool.

    Such a level is near the energy of the crossing, or between that and both ends of one band.
    """
    ends = np.stack((interval, (interval + 1) % len(energy)))
    lower, upper = energy[ends, band], energy[ends, band + 1]
    gap = upper - lower
    mean, slope = 0.5 * (lower + upper), 0.5 * (velocity[ends, band] + velocity[ends, band + 1])
    # The fraction at which the gap closes if both bands are straight.
    fraction = gap[0] / np.maximum(gap.sum(axis=0), 1e-300)
    height = (
        mean[0] + slope[0] * fraction * spacing,
        mean[1] - slope[1] * (1 - fraction) * spacing,
    )
    fastest = np.maximum(np.abs(velocity[ends, band]), np.abs(velocity[ends, band + 1]))
    margin = UNSURE * spacing * fastest.max(axis=0)
    lowest = np.minimum(lower.max(axis=0), np.minimum(*height) - margin)
    highest = np.maximum(upper.min(axis=0), np.maximum(*height) + margin)
    levels = np.asarray(levels)[:, None]
    return np.any((lowest < levels) & (levels < highest), axis=0)


def _cut(segments: Segments, bloch, k, interval, band) -> Segments:
    """The segments, with these intervals cut where ``band`` and the next band meet."""
    spacing = k[1] - k[0]
    meeting = located(bloch, k, interval, band).k
    # Bands that meet on a mesh point need no cut there.
    inside = np.abs((meeting - k[interval]) / spacing - 0.5) < 0.5 - ON_MESH
    if not inside.any():
        return segments
    interval, meeting = interval[inside], meeting[inside]
    order = np.lexsort((meeting, interval))
    interval, meeting = interval[order], meeting[order]
    # A point at which several bands meet is listed once for each pair of them.
    apart = np.diff(meeting, prepend=-np.inf) > ON_MESH * spacing
    apart |= np.diff(interval, prepend=-1) != 0
    interval, meeting = interval[apart], meeting[apart]
    pairs = solve(bloch, meeting)
    left, right = _from_left(pairs.energy, pairs.velocity), pairs.velocity
    fraction = (meeting - k[interval]) / spacing
    uncut = ~np.isin(segments.interval, interval)
    parts = [[values[uncut] for values in (segments.interval, segments.low, segments.high)]]
    ends = [(segments.energy[:, uncut], segments.velocity[:, uncut])]
    for j in np.unique(interval):
        crossings = np.flatnonzero(interval == j)
        cuts = np.concatenate(([0.0], fraction[crossings], [1.0]))
        parts.append([np.full(len(crossings) + 1, j), cuts[:-1], cuts[1:]])
        between = pairs.energy[crossings]
        energy = np.stack(
            (
                np.vstack((segments.energy[0, j], between)),
                np.vstack((between, segments.energy[1, j])),
            )
        )
        velocity = np.stack(
            (
                np.vstack((segments.velocity[0, j], right[crossings])),
                np.vstack((left[crossings], segments.velocity[1, j])),
            )
        )
        ends.append((energy, velocity))
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    both = (np.concatenate(arrays, axis=1) for arrays in zip(*ends, strict=True))
    return Segments(*columns, *both)


def _from_left(energy: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Velocities (k, band) of bands in order of energy just before each k.

    Degenerate states are in the order of their velocities, which is that of energies after k.
    """
    ordered = velocity.copy()
    for i in np.flatnonzero(np.any(np.diff(energy, axis=1) < DEGENERACY, axis=1)):
        groups = np.flatnonzero(np.diff(energy[i]) >= DEGENERACY) + 1
        for group in np.split(np.arange(energy.shape[1]), groups):
            ordered[i, group] = velocity[i, group][::-1]
    return ordered
