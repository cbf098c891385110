"""Mesh intervals cut where bands meet inside them, so that bands are smooth between two ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .eigenpairs import DEGENERACY, solve
from .near_crossings import candidates, located

# Closer than this to a mesh point, in spacings, is on it.
ON_MESH = 1e-8
# How far the height of a crossing may be off, in spacings times velocity.
UNSURE = 0.25


@dataclass(frozen=True)
class Segments:
    """Parts of mesh intervals without a kink of a band near a level: one entry each.

    interval : (segment,) int;  low, high : (segment,) ends as fractions of the interval
    energy, velocity : (2, segment, band) at both ends, velocities on the segment's own side
    """

    interval: np.ndarray
    low: np.ndarray
    high: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray


def segments_of(bloch, k, energy, velocity, levels) -> Segments:
    """The mesh intervals, those in which bands (nearly) cross close to a level cut there."""
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
    """Whether a level may meet the kinks that two bands have where they cross, (crossing,) bool.

    It lies about as high as they cross, or between that and all ends of one of the two bands.
    """
    ends = np.stack((interval, (interval + 1) % len(energy)))
    lower, upper = energy[ends, band], energy[ends, band + 1]
    gap = upper - lower
    mean, slope = 0.5 * (lower + upper), 0.5 * (velocity[ends, band] + velocity[ends, band + 1])
    # Where the gap closes if both bands are straight, seen from either end.
    part = gap[0] / np.maximum(gap.sum(axis=0), 1e-300)
    height = (mean[0] + slope[0] * part * spacing, mean[1] - slope[1] * (1 - part) * spacing)
    fastest = np.maximum(np.abs(velocity[ends, band]), np.abs(velocity[ends, band + 1]))
    margin = UNSURE * spacing * fastest.max(axis=0)
    lowest = np.minimum(lower.max(axis=0), np.minimum(*height) - margin)
    highest = np.maximum(upper.min(axis=0), np.maximum(*height) + margin)
    levels = np.asarray(levels)[:, None]
    return np.any((lowest < levels) & (levels < highest), axis=0)


def _cut(whole: Segments, bloch, k, interval, band) -> Segments:
    """The segments with those of these intervals cut where bands ``band`` and the next meet."""
    spacing = k[1] - k[0]
    at = located(bloch, k, interval, band).k
    # Bands that meet on a mesh point need no cut there.
    inside = np.abs((at - k[interval]) / spacing - 0.5) < 0.5 - ON_MESH
    if not inside.any():
        return whole
    interval, at = interval[inside], at[inside]
    order = np.lexsort((at, interval))
    interval, at = interval[order], at[order]
    # Where several bands meet in one point, each two of them name it.
    apart = np.diff(at, prepend=-np.inf) > ON_MESH * spacing
    apart |= np.diff(interval, prepend=-1) != 0
    interval, at = interval[apart], at[apart]
    pairs = solve(bloch, at)
    left, right = _from_left(pairs.energy, pairs.velocity), pairs.velocity
    fraction = (at - k[interval]) / spacing
    kept = ~np.isin(whole.interval, interval)
    parts = [[values[kept] for values in (whole.interval, whole.low, whole.high)]]
    ends = [(whole.energy[:, kept], whole.velocity[:, kept])]
    for j in np.unique(interval):
        some = np.flatnonzero(interval == j)
        cuts = np.concatenate(([0.0], fraction[some], [1.0]))
        parts.append([np.full(len(some) + 1, j), cuts[:-1], cuts[1:]])
        between = pairs.energy[some]
        energy = np.stack(
            (np.vstack((whole.energy[0, j], between)), np.vstack((between, whole.energy[1, j])))
        )
        velocity = np.stack(
            (
                np.vstack((whole.velocity[0, j], right[some])),
                np.vstack((left[some], whole.velocity[1, j])),
            )
        )
        ends.append((energy, velocity))
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    both = (np.concatenate(arrays, axis=1) for arrays in zip(*ends, strict=True))
    return Segments(*columns, *both)


def _from_left(energy: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Velocities (k, band) of bands in order of energy just before each k.

    States of one energy come in order of their velocities, the order of energies just after it.
    """
    out = velocity.copy()
    for i in np.flatnonzero(np.any(np.diff(energy, axis=1) < DEGENERACY, axis=1)):
        groups = np.flatnonzero(np.diff(energy[i]) >= DEGENERACY) + 1
        for group in np.split(np.arange(energy.shape[1]), groups):
            out[i, group] = velocity[i, group][::-1]
    return out
