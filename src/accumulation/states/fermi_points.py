"""Fermi points of a ribbon, by root finding on the exact bands.

The mesh brackets the roots, including those of band edges that pass a level between two points.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ..lattice.bloch import BlochMatrix
from .band_extrema import AT_REST, extremum, tangent_top
from .band_segments import ON_MESH, Segments, segments_of
from .band_tracking import ends_of_flat, follow, hermite_root, newton, out_of_order
from .chunks import chunks, over_chunks
from .eigenpairs import DEGENERACY, solve
from .occupations import ON_LEVEL, occupation


@dataclass(frozen=True)
class FermiPoints:
    """Crossings of bands with Fermi levels, one entry for each.

    Attributes
    ----------
    level : (point,) int, index of the Fermi energy
    k : (point,), wave vector in 1/a
    band : (point,) int
    interval : (point,) int, the crossing lies between mesh points interval and interval + 1
    fraction : (point,), where in that interval, 0 to 1
    step : (point,), change of the occupation with increasing k: -1, 1; +-1/2 at the end of a flat
        stretch on the level; 0 where two bands cross exactly on it (only the velocity tells)
    edge : (point,) bool, the extremum of a band on the level, found between two mesh points; its
        velocity is rounding, unless it is the kink of two bands that cross there
    state : (point, orbital), the eigenvector where the search produced it, NaN elsewhere
    """

    level: np.ndarray
    k: np.ndarray
    band: np.ndarray
    interval: np.ndarray
    fraction: np.ndarray
    step: np.ndarray
    edge: np.ndarray
    state: np.ndarray

    def part(self, selected: np.ndarray) -> FermiPoints:
        """The points with the indices ``selected`` (point,), which may be a mask."""
        return FermiPoints(*(getattr(self, field.name)[selected] for field in fields(self)))


@dataclass(frozen=True)
class _Bands:
    """Bands of a system on a uniform mesh: k (k,), energy and velocity (k, band)."""

    bloch: BlochMatrix
    k: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray

    @property
    def spacing(self) -> float:
        return self.k[1] - self.k[0]


def fermi_points(bloch, k, energy, velocity, fermi_energy, threads: int = 1) -> FermiPoints:
    """All k with energy(k) = Fermi energy, to rounding, by root finding on the exact bands.

    The mesh brackets the roots; a band edge that passes a level between two mesh points is found
    where the tangents of the two ends allow it.  Bands that cross exactly on the level, or touch
    it, are listed with ``step`` 0.

    Parameters
    ----------
    k : (k,) uniform mesh of the whole Brillouin zone, in 1/a
    energy, velocity : (k, band), in t0 and t0 a;  fermi_energy : (level,), in t0
    """
    bands = _Bands(bloch, k, energy, velocity)
    segments = segments_of(bloch, k, energy, velocity, np.asarray(fermi_energy, dtype=float))
    brackets, touches = [], []
    for level, fermi in enumerate(fermi_energy):
        level_brackets, level_touches = _crossed(bands, segments, fermi)
        brackets += [(level, *bracket) for bracket in level_brackets]
        touches += [(level, *touch) for touch in level_touches]
    points = _located(bands, fermi_energy, brackets, touches, threads)
    return _completed(bands, fermi_energy, points)


def _crossed(bands: _Bands, segments: Segments, fermi: float) -> tuple[list, list]:
    """Brackets (interval, band, low, high, step) and touches (interval, band, fraction, edge).

    A bracket is found by different occupations of its ends, or by an extremum between them that
    the tangents at the ends allow to pass the level.
    """
    at_low, at_high = (occupation(energy, fermi) for energy in segments.energy)
    touches, brackets = [], []
    # Where bands meet on the level between mesh points, each band only touches it there.
    low, high = segments.low, segments.high
    met_low = (low > 0)[:, None] & (at_low == 0.5)
    met_high = (high < 1)[:, None] & (at_high == 0.5)
    for i, n in zip(*np.nonzero(met_low), strict=True):
        touches.append((segments.interval[i], n, low[i], False))
    before, after = np.where(met_low, at_high, at_low), np.where(met_high, at_low, at_high)
    for i, n in zip(*np.nonzero(before != after), strict=True):
        step = after[i, n] - before[i, n]
        brackets.append((segments.interval[i], n, low[i], high[i], step))
    on_mesh = (low == 0)[:, None] & (at_low == 0.5) & (np.abs(segments.velocity[0]) > AT_REST)
    starting = zip(*np.nonzero(on_mesh), strict=True)
    touches += [(segments.interval[i], n, 0.0, False) for i, n in starting]
    # A maximum below (minimum above) the level that the tangents allow to pass it; a band that
    # starts or ends on the level has one too if it leaves the level to the other side first.
    occupied = np.where(at_low == 0.5, at_high, at_low)
    same_side = (occupied != 0.5) & ((at_high == 0.5) | (at_high == occupied))
    side = np.where(occupied == 1, 1.0, -1.0)
    length = ((high - low) * bands.spacing)[:, None]
    (e0, e1), (v0, v1) = side * segments.energy, side * segments.velocity
    candidate = same_side & (v0 > AT_REST) & (v1 < -AT_REST)
    candidate &= tangent_top(e0, v0, e1, v1, length) >= side * fermi - ON_LEVEL
    for i, n in zip(*np.nonzero(candidate), strict=True):
        j, width = segments.interval[i], high[i] - low[i]
        ends = [(segments.energy[end, i, n], segments.velocity[end, i, n]) for end in (0, 1)]
        start = bands.k[j] + low[i] * bands.spacing
        s, height = extremum(bands.bloch, start, width * bands.spacing, n, side[i, n], ends, fermi)
        s, height = low[i] + s * width, side[i, n] * (height - fermi)
        clear = at_low[i, n] != 0.5, at_high[i, n] != 0.5
        if abs(height) <= ON_LEVEL and all(clear):
            touches.append((j, n, s, True))
        elif height > ON_LEVEL:
            parts = (low[i], s, -side[i, n]), (s, high[i], side[i, n])
            brackets += [
                (j, n, *part) for part, is_root in zip(parts, clear, strict=True) if is_root
            ]
    return brackets, touches


def _completed(bands: _Bands, fermi_energy, points: FermiPoints) -> FermiPoints:
    """The points, with every band that moves through a level where another touches it.

    Where several bands meet on a level each is found by its extremum, and other features of an
    interval may hide one of them.
    """
    together = _points_together(bands, points)
    # One touch stands for all that are together on a level.
    touches = np.array([n for n, same in together.items() if n == same[points.step[same] == 0][0]])
    parts = [points]
    for part in chunks(len(touches), bands.bloch.size):
        pair = solve(bands.bloch, points.k[touches[part]])
        levels = np.asarray(fermi_energy, dtype=float)[points.level[touches[part]]]
        on_level = np.abs(pair.energy - levels[:, None]) < DEGENERACY
        moving = on_level & (np.abs(pair.velocity) > AT_REST)
        for touch, some in zip(touches[part], moving, strict=True):
            band = np.setdiff1d(np.flatnonzero(some), points.band[together[touch]])
            copies = points.part(np.full(len(band), touch))
            parts.append(replace(copies, band=band, edge=np.ones(len(band), dtype=bool)))
    columns = ([getattr(part, field.name) for part in parts] for field in fields(FermiPoints))
    return FermiPoints(*(np.concatenate(column) for column in columns))


def _points_together(bands: _Bands, points: FermiPoints) -> dict[int, np.ndarray]:
    """Points (point,) on the same level at the same k as each touch, ascending, by the touch.

    A flat band touches its level at every point of the mesh, so that they are looked up in their
    order, once around the zone.
    """
    zone, reach = 2 * np.pi / bands.bloch.period, ON_MESH * bands.spacing
    found = {}
    for level in np.unique(points.level[points.step == 0]):
        here = np.flatnonzero(points.level == level)
        k = np.mod(points.k[here], zone)
        order = np.argsort(k, kind="stable")
        around = np.concatenate((k[order] - zone, k[order], k[order] + zone))
        here_around = np.tile(here[order], 3)
        touches = points.step[here] == 0
        first = np.searchsorted(around, k[touches] - reach, side="right")
        end = np.searchsorted(around, k[touches] + reach, side="left")
        for touch, i, j in zip(here[touches], first, end, strict=True):
            found[int(touch)] = np.sort(here_around[i:j])
    return dict(sorted(found.items()))


def _located(bands: _Bands, fermi_energy, brackets, touches, threads) -> FermiPoints:
    """The bracketed roots found to rounding, chunk by chunk, and the touches."""
    bloch, k, spacing = bands.bloch, bands.k, bands.spacing
    energy, velocity = bands.energy, bands.velocity
    level, j, n = (np.array([b[i] for b in brackets], dtype=int) for i in range(3))
    low, high, step = (np.array([b[i] for b in brackets], dtype=float) for i in (3, 4, 5))
    after = (j + 1) % len(k)
    target = np.asarray(fermi_energy, dtype=float)[level]
    first, last = energy[j, n] - target, energy[after, n] - target
    s = hermite_root(first, last, velocity[j, n] * spacing, velocity[after, n] * spacing)
    s = np.where((s > low) & (s < high), s, 0.5 * (low + high))
    # A half step: a band reaches a flat stretch on the level, or leaves it.  At a single point of
    # the mesh it only touches or crosses it there, however slowly it leaves.
    half = np.abs(step) == 0.5
    at_right = np.abs(last) <= ON_LEVEL
    place = np.where(at_right, after, j)
    beside = np.stack([energy[(place + one) % len(k), n] for one in (-1, 1)])
    alone = half & np.all(np.abs(beside - target) > ON_LEVEL, axis=0)
    s[alone] = at_right[alone]
    flat = half & ~alone
    s[flat] = ends_of_flat(bloch, k[j[flat]], spacing, n[flat], target[flat], at_right[flat])
    kind = float if bloch.is_real else complex
    state = np.full((len(s) + len(touches), bloch.size), np.nan, dtype=kind)
    first_of = _first_of_mirrored(bloch, k, level, j, n, low, high, step)
    is_image = first_of < np.arange(len(s))
    search, followed = np.flatnonzero(~half), np.flatnonzero(~half & ~is_image)

    def polish(part):
        crossings = followed[part]
        where = (k[j[crossings]], spacing, n[crossings], target[crossings], step[crossings])
        s[crossings], state[crossings] = follow(
            bloch, *where, s[crossings], low[crossings], high[crossings]
        )
        lost = crossings[np.isnan(state[crossings, 0])]
        where = (k[j[lost]], spacing, n[lost], target[lost], step[lost])
        s[lost] = newton(bloch, *where, s[lost], low[lost], high[lost])

    if len(search):
        over_chunks(polish, len(followed), bloch.size, threads, light=True, matrices=3)
        _copy_to_images(bloch, s, state, np.flatnonzero(~half & is_image), first_of)
        by_state = ~np.isnan(state[search, 0])
        level_j_n = (level[search], j[search], n[search])
        again = search[out_of_order(*level_j_n, step[search], s[search], by_state)]
        where = (k[j[again]], spacing, n[again], target[again], step[again])
        s[again] = newton(bloch, *where, s[again], low[again], high[again])
        state[again] = np.nan
    columns = [(level, j, n, s, step, np.zeros(len(s), dtype=bool))]
    if touches:
        table = np.array(touches)
        integers = table[:, :3].astype(int)
        columns.append((*integers.T, table[:, 3], np.zeros(len(table)), table[:, 4] == 1))
    level, j, n, s, step, edge = (np.concatenate(c) for c in zip(*columns, strict=True))
    return FermiPoints(level, k[j] + s * spacing, n, j, s, step, edge, state)


def _first_of_mirrored(bloch: BlochMatrix, k: np.ndarray, *brackets: np.ndarray) -> np.ndarray:
    """(bracket,) int, for each bracket itself, or an earlier one that is its mirror image at -k.

    Parameters
    ----------
    k : (k,), the mesh;  brackets : level, interval, band, low, high, step, each (bracket,)
    """
    first_of = np.arange(len(brackets[0]))
    symmetric = np.abs(k + k[::-1]).max() < ON_MESH * (k[1] - k[0])
    if bloch.reversal is None or not symmetric:
        return first_of
    found: dict[tuple, int] = {}
    columns = (column.tolist() for column in brackets)
    for i, (level, j, n, low, high, step) in enumerate(zip(*columns, strict=True)):
        # None in the last interval: its image is itself shifted by a reciprocal vector, by which
        # states change their phases.
        image = found.get((level, len(k) - 2 - j, n, 1 - high, 1 - low, -step))
        if image is None:
            found[level, j, n, low, high, step] = i
        else:
            first_of[i] = image
    return first_of


def _copy_to_images(bloch: BlochMatrix, s, state, images: np.ndarray, first_of: np.ndarray) -> None:
    """Set the fractions s (bracket,) and states (bracket, orbital) of mirror images at -k."""
    if bloch.reversal is None or not len(images):
        return
    of = first_of[images]
    order, conjugate = bloch.reversal
    s[images], mirrored = 1 - s[of], state[of][:, order]
    state[images] = mirrored.conj() if conjugate else mirrored
