"""Fermi points of a ribbon, by root finding on the exact bands; occupations.

The mesh brackets the roots.  Cubic interpolation of the bands gives each to about spacing^4,
inverse iteration or a Newton step on the full spectrum to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bands import DEGENERACY, adjoint, expectation, over_chunks, solve
from .near_crossings import candidates, located
from .occupations import ON_LEVEL, occupation

# A state on the Fermi level with a smaller velocity (in t0 a) is a band edge, not a crossing.
AT_REST = 1e-6
# Closer than this to a mesh point, in spacings, is on it.
ON_MESH = 1e-8
# How far the height of a crossing may be off, in spacings times velocity.
UNSURE = 0.25
# Two levels this close (in t0) at a Fermi point are told apart by a full diagonalisation.
CLOSE = 1e-6


@dataclass(frozen=True)
class FermiPoints:
    """Where bands cross Fermi levels: one entry a crossing.

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


def fermi_points(bloch, k, energy, velocity, fermi_energy, threads: int = 1) -> FermiPoints:
    """All k with energy(k) = Fermi energy, to rounding, by root finding on the exact bands.

    The mesh brackets the roots; a band edge that pokes through a level between two mesh points is
    found where the tangents of the two ends allow it.  Bands that cross exactly on the level, or
    touch it, are listed with ``step`` 0.

    Parameters
    ----------
    k : (k,) uniform mesh of the whole Brillouin zone;  energy, velocity : (k, band)
    fermi_energy : (level,)
    """
    spacing = k[1] - k[0]
    segments = _segments(bloch, k, energy, velocity, np.asarray(fermi_energy, dtype=float))
    brackets, touches = [], []
    for level, fermi in enumerate(fermi_energy):
        more, touching = _crossed(bloch, k, spacing, segments, fermi)
        brackets += [(level, *bracket) for bracket in more]
        touches += [(level, *touch) for touch in touching]
    mesh = (bloch, k, spacing, energy, velocity, fermi_energy)
    return _locate(*mesh, brackets, touches, threads)


@dataclass(frozen=True)
class _Segments:
    """Parts of mesh intervals without a kink of a band near a level: one entry each.

    interval : (segment,) int;  low, high : (segment,) ends as fractions of the interval
    energy, velocity : (2, segment, band) at both ends, velocities on the segment's own side
    """

    interval: np.ndarray
    low: np.ndarray
    high: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray


def _segments(bloch, k, energy, velocity, levels) -> _Segments:
    """The mesh intervals, those in which bands (nearly) cross close to a level cut there."""
    spacing = k[1] - k[0]
    after, speed_after = np.roll(energy, -1, axis=0), np.roll(velocity, -1, axis=0)
    count = len(k)
    crossing = candidates(energy, velocity, spacing)
    interval, band = np.nonzero(crossing)
    near = _matters(energy, velocity, spacing, levels, interval, band)
    interval, band = interval[near], band[near]
    both = np.stack((energy, after)), np.stack((velocity, _from_left(after, speed_after)))
    ends = _Segments(np.arange(count), np.zeros(count), np.ones(count), *both)
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


def _cut(whole: _Segments, bloch, k, interval, band) -> _Segments:
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
    apart = (np.diff(interval, prepend=-1) != 0) | (np.diff(at, prepend=-np.inf) > ON_MESH * spacing)
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
    return _Segments(*columns, *both)


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


def _crossed(bloch, k, spacing, segments: _Segments, fermi: float) -> tuple[list, list]:
    """Brackets (interval, band, low, high, step) and touches (interval, band, fraction, edge).

    A bracket is known by the occupations of its ends, or by an extremum between them that the
    tangents there would let through the level.
    """
    here, there = (occupation(energy, fermi) for energy in segments.energy)
    inner_low, inner_high = segments.low > 0, segments.high < 1
    touches, brackets = [], []
    # Where bands meet on the level between mesh points, each of them only touches it there.
    met_low = inner_low[:, None] & (here == 0.5)
    met_high = inner_high[:, None] & (there == 0.5)
    for i, n in zip(*np.nonzero(met_low), strict=True):
        touches.append((segments.interval[i], n, segments.low[i], False))
    here, there = np.where(met_low, there, here), np.where(met_high, here, there)
    low, high = segments.low, segments.high
    for i, n in zip(*np.nonzero(here != there), strict=True):
        step = there[i, n] - here[i, n]
        brackets.append((segments.interval[i], n, low[i], high[i], step))
    on_mesh = ~inner_low[:, None] & (here == 0.5) & (np.abs(segments.velocity[0]) > AT_REST)
    at = zip(*np.nonzero(on_mesh), strict=True)
    touches += [(segments.interval[i], n, 0.0, False) for i, n in at]
    # A maximum below (minimum above) the level that the tangents would let through.
    side = np.where(here == 1, 1.0, -1.0)
    length = ((high - low) * spacing)[:, None]
    (e0, e1), (v0, v1) = side * segments.energy, side * segments.velocity
    candidate = (here == there) & (here != 0.5) & (v0 > AT_REST) & (v1 < -AT_REST)
    candidate &= _tangent_top(e0, v0, e1, v1, length) >= side * fermi - ON_LEVEL
    candidate &= ~met_low & ~met_high
    for i, n in zip(*np.nonzero(candidate), strict=True):
        j, width = segments.interval[i], high[i] - low[i]
        ends = [(segments.energy[end, i, n], segments.velocity[end, i, n]) for end in (0, 1)]
        start = k[j] + low[i] * spacing
        s, height = _extremum(bloch, start, width * spacing, n, side[i, n], ends, fermi)
        s, height = low[i] + s * width, side[i, n] * (height - fermi)
        if abs(height) <= ON_LEVEL:
            touches.append((j, n, s, True))
        elif height > 0:
            brackets.append((j, n, low[i], s, -side[i, n]))
            brackets.append((j, n, s, high[i], side[i, n]))
    return brackets, touches


def _tangent_top(e0, v0, e1, v1, h):
    """Height where the tangents of two ends meet, the first rising and the second falling.

    Increased by a margin for bands that curve away from their tangents next to a sharp crossing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        top = (v0 * e1 - v1 * e0 - v0 * v1 * h) / (v0 - v1)
    return top + 0.25 * h * (v0 - v1)


def band_extremum(bloch, k, energy, velocity, band: int, side: float) -> float:
    """Maximum (``side`` 1) or minimum (-1) of one band over the zone, to about 1e-10.

    Searched for on the exact bands, in the mesh interval whose tangents reach furthest.
    """
    spacing = k[1] - k[0]
    ends = (energy[:, band], velocity[:, band])
    e0, v0 = (side * values for values in ends)
    e1, v1 = np.roll(e0, -1), np.roll(v0, -1)
    best = e0.max()
    turning = np.nonzero((v0 > AT_REST) & (v1 < -AT_REST))[0]
    reach = _tangent_top(e0[turning], v0[turning], e1[turning], v1[turning], spacing)
    for i in np.argsort(-reach, kind="stable"):
        if reach[i] <= best:
            break
        j = turning[i]
        known = ((side * e0[j], side * v0[j]), (side * e1[j], side * v1[j]))
        height = _extremum(bloch, k[j], spacing, band, side, known, side * best)[1]
        best = max(best, side * height)
    return side * best


def _extremum(bloch, start, spacing, band, side, ends, level) -> tuple[float, float]:
    """Fraction and energy of the extremum (``side`` 1: maximum) of a band within an interval.

    Alternates the vertex of the two tangents, exact for a crossing of two straight bands, with the
    secant of the velocity, good for a smooth one, and bisection, safe for any.  Ends when the
    bracket or the slope is at rounding, or when the extremum cannot reach ``level``.
    """
    low, high = 0.0, 1.0
    (e_low, v_low), (e_high, v_high) = ((side * e, side * v) for e, v in ends)
    best = max((e_low, low), (e_high, high))
    for step in range(80):
        h = (high - low) * spacing
        if high - low < 1e-14 or v_low <= v_high:
            break
        if _tangent_top(e_low, v_low, e_high, v_high, h) < side * level - ON_LEVEL:
            break
        vertex = (e_high - e_low - v_high * h) / (v_low - v_high) / h
        secant = v_low / (v_low - v_high)
        x = (vertex, secant, secant, 0.5)[step % 4]
        s = low + (high - low) * min(max(x, 0.0), 1.0)
        if s in (low, high):
            s = 0.5 * (low + high)
        pair = solve(bloch, np.array([start + s * spacing]))
        e, v = side * pair.energy[0, band], side * pair.velocity[0, band]
        best = max(best, (e, s))
        # The energy is within v^2 / 2 e'' of the extremum's.
        if abs(v) < 1e-7:
            break
        if v > 0:
            low, e_low, v_low = s, e, v
        else:
            high, e_high, v_high = s, e, v
    return best[1], side * best[0]


def _locate(
    bloch, k, spacing, energy, velocity, fermi_energy, brackets, touches, threads
) -> FermiPoints:
    """Polish every bracketed root, chunk by chunk."""
    level, j, n = (np.array([b[i] for b in brackets], dtype=int) for i in range(3))
    low, high, step = (np.array([b[i] for b in brackets], dtype=float) for i in (3, 4, 5))
    after = (j + 1) % len(k)
    target = np.asarray(fermi_energy, dtype=float)[level]
    first, last = energy[j, n] - target, energy[after, n] - target
    s = _hermite_root(first, last, velocity[j, n] * spacing, velocity[after, n] * spacing)
    s = np.where((s > low) & (s < high), s, 0.5 * (low + high))
    # A half step is where a band comes to lie on the level, or leaves it.
    half = np.abs(step) == 0.5
    s[half] = _ends_of_flat(
        bloch, k[j[half]], spacing, n[half], target[half], np.abs(last[half]) <= ON_LEVEL
    )
    kind = float if bloch.is_real else complex
    state = np.full((len(s) + len(touches), bloch.size), np.nan, dtype=kind)
    search = np.nonzero(~half)[0]

    def work(part):
        some = search[part]
        where = (k[j[some]], spacing, n[some], target[some], step[some])
        s[some], state[some] = _follow(bloch, *where, s[some], low[some], high[some])
        lost = some[np.isnan(state[some, 0])]
        where = (k[j[lost]], spacing, n[lost], target[lost], step[lost])
        s[lost] = _newton(bloch, *where, s[lost], low[lost], high[lost])

    if len(search):
        over_chunks(work, len(search), bloch.size, threads, light=True)
        by_state = ~np.isnan(state[search, 0])
        again = search[_out_of_order(*(a[search] for a in (level, j, n, step, s)), by_state)]
        where = (k[j[again]], spacing, n[again], target[again], step[again])
        s[again] = _newton(bloch, *where, s[again], low[again], high[again])
        state[again] = np.nan
    columns = [(level, j, n, s, step, np.zeros(len(s), dtype=bool))]
    if touches:
        t = np.array(touches)
        whole = t[:, :3].astype(int)
        columns.append((*whole.T, t[:, 3], np.zeros(len(t)), t[:, 4] == 1))
    level, j, n, s, step, edge = (np.concatenate(c) for c in zip(*columns, strict=True))
    return FermiPoints(level, k[j] + s * spacing, n, j, s, step, edge, state)


def _ends_of_flat(bloch, start, spacing, band, target, at_right) -> np.ndarray:
    """Where bands that lie on the level at one end of an interval leave it, as a fraction.

    By bisection; 0 or 1 for bands that only cross it there.
    """
    out = at_right.astype(float)
    low, high = np.zeros(len(out)), np.ones(len(out))
    for _ in range(40 if len(out) else 0):
        middle = 0.5 * (low + high)
        energy = np.linalg.eigvalsh(bloch.hamiltonian(start + middle * spacing))
        on = np.abs(energy[np.arange(len(band)), band] - target) <= ON_LEVEL
        left = on == at_right
        low, high = np.where(left, low, middle), np.where(left, middle, high)
    return np.where(np.abs(low - out) < 1e-6, out, low)


def _follow(bloch, start, spacing, band, target, step, s, low, high):
    """Root and state by inverse iteration on a block of states next to the level.

    At the interpolated root the wanted state is within about spacing^4 of the level, so H - E_F
    amplifies it by that over the level spacing: four LU solves instead of three diagonalisations.
    A state is NaN where this is not certain (another level within ``CLOSE``, a long Newton step, a
    residual, a velocity of the wrong sign, a small matrix) and :func:`_newton` must decide.
    """
    size = bloch.size
    failed = np.full((len(s), size), np.nan)
    if size < 16 or len(s) == 0:
        return s, failed
    block = np.random.default_rng(0).standard_normal((size, 3))
    identity = np.eye(size)
    sure = np.ones(len(s), dtype=bool)
    kept = s
    for rounds in (2, 1, 0):
        points = start + s * spacing
        h, slope = bloch.hamiltonian(points), bloch.velocity(points)
        # The offset keeps an exactly singular matrix, a state on the level, solvable.
        shifted = h - (target + 3e-13)[:, None, None] * identity
        try:
            for _ in range(max(rounds, 1)):
                block, _ = np.linalg.qr(bloch.solve(shifted, block))
        except np.linalg.LinAlgError:
            return s, failed
        ritz, mix = np.linalg.eigh(adjoint(block) @ (h @ block))
        block = block @ mix
        nearest = np.argmin(np.abs(ritz - target[:, None]), axis=1)
        every = np.arange(len(s))
        state = block[every, :, nearest]
        energy = ritz[every, nearest]
        speed = expectation(state[:, :, None], slope @ state[:, :, None])[:, 0]
        if rounds:
            with np.errstate(divide="ignore", invalid="ignore"):
                shift = np.nan_to_num((target - energy) / (speed * spacing), nan=np.inf)
            sure &= (np.abs(shift) < 0.05) & (s + shift > low) & (s + shift < high)
            s = np.where(sure, s + shift, s)
    ritz[every, nearest] = np.inf
    sure &= np.abs(ritz - target[:, None]).min(axis=1) > CLOSE
    residual = (h @ state[:, :, None])[:, :, 0] - energy[:, None] * state
    sure &= (np.abs(residual).max(axis=1) < 1e-10) & (np.abs(energy - target) < ON_LEVEL)
    sure &= speed * step < 0
    return np.where(sure, s, kept), np.where(sure[:, None], state, np.nan)


def _out_of_order(level, interval, band, step, s, by_state) -> np.ndarray:
    """Indices of crossings that share level, interval and direction, and whose order is wrong.

    Of bands that rise through a level in one interval the highest does so first, of bands that fall
    the lowest.  Inverse iteration takes the nearest state, whatever its number: where bands nearly
    cross between two mesh points it may find one root twice and miss the other.  ``by_state`` are
    the crossings that it found; all others are right.
    """
    order = np.lexsort((band, step, interval, level))
    key = np.stack((level, interval, np.sign(step)))[:, order]
    new = np.any(key[:, 1:] != key[:, :-1], axis=0)
    group = np.concatenate(([0], np.cumsum(new)))
    wrong = ~new & (step[order][1:] * np.diff(s[order]) < 1e-9)
    wrong &= by_state[order][1:] | by_state[order][:-1]
    return order[np.isin(group, group[1:][wrong])]


def _newton(bloch, start, spacing, band, target, step, s, low, high):
    """Roots by safeguarded Newton steps on the full spectrum, so that bands keep their order."""
    s, low, high = s.copy(), low.copy(), high.copy()
    # Which side of the level each bracket's low end lies on (+1 below it).
    below = np.where(step < 0, 1.0, -1.0)
    active = np.arange(len(s))
    for _ in range(60):
        if len(active) == 0:
            break
        pair = solve(bloch, start[active] + s[active] * spacing)
        picked = (np.arange(len(active)), band[active])
        f, v = pair.energy[picked] - target[active], pair.velocity[picked] * spacing
        is_low = f * below[active] < 0
        low[active] = np.where(is_low, s[active], low[active])
        high[active] = np.where(is_low, high[active], s[active])
        with np.errstate(divide="ignore", invalid="ignore"):
            new = s[active] - f / v
        inside = (new >= low[active]) & (new <= high[active])
        new = np.where(inside, new, 0.5 * (low[active] + high[active]))
        moved = np.abs(new - s[active])
        s[active] = new
        # Newton: the error after a step is its square times spacing * curvature / slope.
        active = active[(moved > 1e-5) & (high[active] - low[active] > 1e-14)]
    return s


def _hermite_root(e0, e1, v0, v1) -> np.ndarray:
    """Root in [0, 1] of the cubic with these end values and slopes, by a few Newton steps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.nan_to_num(e0 / (e0 - e1), nan=0.5, posinf=0.5, neginf=0.5)
        for _ in range(6):
            a, b = 1 - s, s
            value = e0 * (1 + 2 * s) * a**2 + e1 * (3 - 2 * s) * b**2
            value = value + v0 * s * a**2 - v1 * a * b**2
            slope = 6 * s * a * (e1 - e0) + v0 * a * (1 - 3 * s) + v1 * s * (3 * s - 2)
            s = np.clip(np.nan_to_num(s - value / slope, nan=0.5), 0.0, 1.0)
    return s
