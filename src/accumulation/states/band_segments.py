"""Mesh intervals cut at the crossings of bands, so that bands are smooth between two ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .eigenpairs import DEGENERACY, solve
from .near_crossings import candidates_between, located_between

# A crossing closer than this to a mesh point (in spacings) is on it.
ON_MESH = 1e-8
# Changes of a band's velocity within a segment, and differences of its energy from what the mean
# velocity of the ends says, from which on it is halved: in units of the largest velocity, and of
# that times the segment.  And how often.
MOST_TURN, MOST_BEND, MOST_HALVINGS = 0.25, 0.03, 6
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

    def part(self, selected: np.ndarray) -> Segments:
        """The segments that ``selected`` (segment,) bool selects."""
        return Segments(
            self.interval[selected],
            self.low[selected],
            self.high[selected],
            self.energy[:, selected],
            self.velocity[:, selected],
        )


def segments_of(bloch, k, energy, velocity, levels) -> Segments:
    """Segments of all mesh intervals, cut where bands (nearly) cross close to one of the levels.

    Intervals that are too long for what bands do in them near a level are halved first.

    Parameters
    ----------
    k : (k,) uniform mesh, in 1/a;  energy, velocity : (k, band);  levels : (level,), in t0
    """
    spacing, count = k[1] - k[0], len(k)
    after, speed_after = np.roll(energy, -1, axis=0), np.roll(velocity, -1, axis=0)
    both = np.stack((energy, after)), np.stack((velocity, _from_left(after, speed_after)))
    segments = Segments(np.arange(count), np.zeros(count), np.ones(count), *both)
    fastest, levels = np.abs(velocity).max(initial=0.0), np.asarray(levels, dtype=float)
    for halving in range(MOST_HALVINGS + 1):
        length = (segments.high - segments.low) * spacing
        crossing = candidates_between(segments.energy, segments.velocity, length)
        unclear = _unclear(segments, length, fastest, levels, crossing)
        if halving == MOST_HALVINGS or not unclear.any():
            break
        segments = _halved(segments, bloch, k, unclear)
    index, band = np.nonzero(crossing)
    near = _matters(segments, length, levels, index, band)
    index, band = index[near], band[near]
    return _cut(segments, bloch, k, index, band) if len(index) else segments


def _unclear(segments: Segments, length, fastest: float, levels, crossing) -> np.ndarray:
    """Segments (segment,) bool in which a band close to a level turns or bends too much.

    Of a band whose velocity changes that much the ends do not show what it does in between, unless
    it crosses a neighbour there: ``crossing`` (segment, band - 1).
    """
    (e0, e1), (v0, v1) = segments.energy, segments.velocity
    length = length[:, None]
    turn = np.abs(v1 - v0) > MOST_TURN * fastest
    bend = np.abs(e1 - e0 - 0.5 * length * (v0 + v1)) > MOST_BEND * length * fastest
    candidate = turn | bend
    candidate[:, :-1] &= ~crossing
    candidate[:, 1:] &= ~crossing
    index, band = np.nonzero(candidate)
    # Inside, the band may have the velocity of a neighbour.
    around = np.clip(band + np.array([[-1], [0], [1]]), 0, e0.shape[1] - 1)
    reach = 0.5 * length[index, 0] * np.abs(segments.velocity[:, index, around]).max(axis=(0, 1))
    lowest = np.minimum(e0, e1)[index, band] - reach
    highest = np.maximum(e0, e1)[index, band] + reach
    near = np.any((lowest < levels[:, None]) & (levels[:, None] < highest), axis=0)
    unclear = np.zeros(len(e0), dtype=bool)
    unclear[index[near]] = True
    return unclear


def _halved(segments: Segments, bloch, k, selected: np.ndarray) -> Segments:
    """The segments, those ``selected`` (segment,) bool as two halves."""
    divided = segments.part(selected)
    middle = 0.5 * (divided.low + divided.high)
    pairs = solve(bloch, k[divided.interval] + middle * (k[1] - k[0]))
    (first, last), (speed_first, speed_last) = divided.energy, divided.velocity
    left = Segments(
        divided.interval,
        divided.low,
        middle,
        np.stack((first, pairs.energy)),
        np.stack((speed_first, _from_left(pairs.energy, pairs.velocity))),
    )
    right = Segments(
        divided.interval,
        middle,
        divided.high,
        np.stack((pairs.energy, last)),
        np.stack((pairs.velocity, speed_last)),
    )
    return _joined([segments.part(~selected), left, right])


def _joined(parts: list[Segments]) -> Segments:
    """All segments of several parts."""
    columns = ("interval", "low", "high")
    ends = ("energy", "velocity")
    return Segments(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in columns),
        *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ends),
    )


def _matters(segments: Segments, length, levels, index, band) -> np.ndarray:
    """Whether a level may be at the kinks that two bands have where they cross, (crossing,) bool.

    Such a level is near the energy of the crossing, or between that and both ends of one band.
    """
    lower, upper = (segments.energy[:, index, n] for n in (band, band + 1))
    slower, other = (segments.velocity[:, index, n] for n in (band, band + 1))
    gap, length = upper - lower, length[index]
    mean, slope = 0.5 * (lower + upper), 0.5 * (slower + other)
    # The fraction at which the gap closes if both bands are straight.
    fraction = gap[0] / np.maximum(gap.sum(axis=0), 1e-300)
    height = (
        mean[0] + slope[0] * fraction * length,
        mean[1] - slope[1] * (1 - fraction) * length,
    )
    fastest = np.maximum(np.abs(slower), np.abs(other))
    margin = UNSURE * length * fastest.max(axis=0)
    lowest = np.minimum(lower.max(axis=0), np.minimum(*height) - margin)
    highest = np.maximum(upper.min(axis=0), np.maximum(*height) + margin)
    return np.any((lowest < levels[:, None]) & (levels[:, None] < highest), axis=0)


def _cut(segments: Segments, bloch, k, index, band) -> Segments:
    """The segments ``index`` cut where ``band`` and the next band meet, both (crossing,)."""
    spacing = k[1] - k[0]
    start = k[segments.interval] + segments.low * spacing
    length = (segments.high - segments.low) * spacing
    meeting, _ = located_between(bloch, start[index], length[index], band)
    # Bands that meet at an end need no cut there.
    fraction = (meeting - start[index]) / length[index]
    inside = np.abs(fraction - 0.5) < 0.5 - ON_MESH * spacing / length[index]
    if not inside.any():
        return segments
    index, meeting = index[inside], meeting[inside]
    order = np.lexsort((meeting, index))
    index, meeting = index[order], meeting[order]
    # A point at which several bands meet is listed once for each pair of them.
    apart = np.diff(meeting, prepend=-np.inf) > ON_MESH * spacing
    apart |= np.diff(index, prepend=-1) != 0
    index, meeting = index[apart], meeting[apart]
    pairs = solve(bloch, meeting)
    left, right = _from_left(pairs.energy, pairs.velocity), pairs.velocity
    uncut = np.ones(len(segments.interval), dtype=bool)
    uncut[index] = False
    parts = [segments.part(uncut)]
    for j in np.unique(index):
        crossings = np.flatnonzero(index == j)
        interval = segments.interval[j]
        inner = (meeting[crossings] - k[interval]) / spacing
        between = pairs.energy[crossings]
        first, last = segments.energy[:, j]
        speed_first, speed_last = segments.velocity[:, j]
        parts.append(
            Segments(
                np.full(len(crossings) + 1, interval),
                np.concatenate(([segments.low[j]], inner)),
                np.concatenate((inner, [segments.high[j]])),
                np.stack((np.vstack((first, between)), np.vstack((between, last)))),
                np.stack(
                    (
                        np.vstack((speed_first, right[crossings])),
                        np.vstack((left[crossings], speed_last)),
                    )
                ),
            )
        )
    return _joined(parts)


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
