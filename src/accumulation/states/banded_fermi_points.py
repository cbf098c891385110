"""Fermi points of wide systems from counts of levels, without diagonalising.

No level within v h / 2 of the Fermi energy in the middle of an interval of length h, with v a bound
of all velocities, means no Fermi point inside.  Other intervals are halved until few states are
left in each, which are found by inverse iteration and followed to the Fermi energy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .band_extrema import AT_REST
from .banded_system import BandedSystem
from .eigenpairs import expectation
from .near_states import states_near, with_velocities

# Intervals are halved until the energies in them vary by less than this fraction of the bound.
FINEST = 2e-8
# More open intervals than so many a row, and these at least, mean a flat band on the level.
MOST_A_ROW, ALLOWED = 20, 256
# Gaps below this fraction of the bound are rounding: the bands cross.
SMALLEST_GAP = 1e-12
# Levels this close to the Fermi energy, as a fraction of the bound, are on it; the search aims at
# the smaller one.
ON = 1e-13
ON_LEVEL = 1e-9
STEPS = 8
# A band that is so many times farther from the level than it can move in an interval misses it.
FAR = 2.0
# States next to one on the level are mixed with it above this element of the velocity.
MIXED = 1e-3
# Fermi points closer than this fraction of an interval are one.
SAME = 1e-3


@dataclass(frozen=True)
class BandedFermiPoints:
    """Fermi points of one level.

    k : (point,), ascending, in 1/a;  velocity : (point,), in t0 a
    state : (point, row), the eigenvectors
    certain : whether their steps add up to the changes of the number of filled bands
    """

    k: np.ndarray
    velocity: np.ndarray
    state: np.ndarray
    certain: bool


def banded_fermi_points(system: BandedSystem, k: np.ndarray, level: float) -> BandedFermiPoints:
    """All Fermi points of a level, in t0, on a uniform mesh of k (k,) and between."""
    cells, certain = _open_cells(system, k, level, 0.0, FINEST * system.scale)
    found: list[tuple[float, float, np.ndarray]] = []
    for low, high, change in cells:
        points, agrees = _inside(system, low, high, change, level)
        certain &= agrees
        found += points
    found.sort(key=lambda point: point[0])
    if not found:
        empty = np.zeros(0)
        return BandedFermiPoints(empty, empty, np.zeros((0, system.rows), complex), certain)
    where, speed, state = zip(*found, strict=True)
    return BandedFermiPoints(np.array(where), np.array(speed), np.array(state), certain)


def centres(points: BandedFermiPoints, y: np.ndarray) -> np.ndarray:
    """Mean position of each state across, (point,), in a, of rows at y (row,).

    Degenerate states are those that diagonalise it, as only these are of one edge.
    """
    mean = (np.abs(points.state) ** 2) @ y
    for k in np.unique(points.k):
        at = np.flatnonzero(points.k == k)
        if len(at) > 1:
            states = points.state[at].T
            mean[at] = np.linalg.eigvalsh(states.conj().T @ (y[:, None] * states))
    return mean


def intervals_near(
    system: BandedSystem, k: np.ndarray, level: float, reach: float, least: int = 1
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Ends low (interval,) and high (interval,) of the intervals of k with levels near an energy.

    Outside them fewer than ``least`` levels are within ``reach`` of ``level`` (in t0); inside, as
    many are within about twice as much.

    Parameters
    ----------
    k : (k,) uniform mesh of the zone, in 1/a; the intervals lie between k[0] and k[0] + zone

    Returns
    -------
    low, high, and whether the search came to its end: a flat band has no such intervals
    """
    cells, complete = _open_cells(system, k, level, reach, 0.25 * reach, least)
    low, high = (np.array([cell[end] for cell in cells]) for end in (0, 1))
    return low, high, complete


def avoid_each_other(system: BandedSystem, low: float, high: float, level: float) -> bool:
    """Whether bands next to a level have a gap in a short interval of k that is not just rounding.

    Parameters
    ----------
    low, high : ends of the interval, in 1/a, with two levels next to ``level`` (in t0)
    """
    middle = 0.5 * (low + high)
    reach = system.fastest * (high - low) + ON_LEVEL * system.scale
    number = int(system.levels_within(np.array([middle]), level, reach)[0])
    if number < 2:
        return False
    hamiltonian, velocity = (system.matrix(n, middle) for n in ("hamiltonian", "slope"))
    energy, vectors = states_near(hamiltonian, level, number, system.scale)
    slope = vectors.conj().T @ velocity.apply(vectors)
    # Two levels in first order in k, H + v dk: their smallest distance.
    mixing = 2 * np.abs(slope)
    speed = np.hypot(np.subtract.outer(slope.diagonal().real, slope.diagonal().real), mixing)
    apart = np.abs(np.subtract.outer(energy, energy))
    closest = apart * mixing / np.where(speed > AT_REST, speed, np.inf)
    return bool(closest.max(initial=0.0) > SMALLEST_GAP * system.scale)


def _open_cells(
    system: BandedSystem, k: np.ndarray, level: float, beside: float, finest: float, least: int = 1
) -> tuple[list, bool]:
    """Short intervals (low, high, change of the number of filled bands) with levels near one.

    Parameters
    ----------
    beside : levels count that are so far from ``level``, in t0
    finest : intervals are halved until no level varies by more than this in half of one, in t0
    least : number of such levels; with one, changes of the number of filled bands count too
    """
    width = k[1] - k[0]
    start = k
    first = system.levels_below(k, np.full((len(k), 1), level))[:, 0]
    ends = np.stack((first, np.roll(first, -1)), axis=1)
    certain, most = True, MOST_A_ROW * system.rows + ALLOWED
    while True:
        reach = 0.5 * system.fastest * width
        middle = start + 0.5 * width
        shifts = np.array([0.0, -reach - beside, reach + beside])
        energies = level + shifts * np.ones((len(start), 1))
        counts = system.levels_below(middle, energies)
        is_open = counts[:, 2] - counts[:, 1] >= least
        if least == 1:
            is_open |= ends[:, 0] != ends[:, 1]
        start, middle, ends, counts = (part[is_open] for part in (start, middle, ends, counts))
        if reach <= finest or not len(start):
            break
        if len(start) > max(most, len(k)):
            return [], False
        halves = np.stack((ends[:, 0], counts[:, 0], counts[:, 0], ends[:, 1]), axis=1)
        start = np.stack((start, middle), axis=1).ravel()
        ends = halves.reshape(-1, 2)
        width = 0.5 * width
    cells: list[tuple[float, float, int]] = []
    for a, (before, after) in zip(start, ends, strict=True):
        if cells and abs(a - cells[-1][1]) < 0.01 * width:
            cells[-1] = (cells[-1][0], a + width, cells[-1][2] + int(after - before))
        else:
            cells.append((a, a + width, int(after - before)))
    return cells, certain


def _inside(system: BandedSystem, low: float, high: float, change: int, level: float):
    """Fermi points (k, velocity, state) of one short interval, and whether they explain it."""
    middle, length = 0.5 * (low + high), high - low
    reach = 1.5 * system.fastest * length + 1e-8 * system.scale
    number = int(system.levels_within(np.array([middle]), level, reach)[0])
    if number == 0:
        return [], change == 0
    hamiltonian, velocity = (system.matrix(n, middle) for n in ("hamiltonian", "slope"))
    energy, vectors = states_near(hamiltonian, level, number, system.scale)
    # States of bands that cross in the interval go on as they are.
    vectors, speed = with_velocities(energy, vectors, velocity, 0.01 * reach)
    energy = expectation(vectors, hamiltonian.apply(vectors))
    roots: list[float] = []
    certain = True
    for n in range(number):
        if abs(speed[n]) <= AT_REST:
            certain &= bool(abs(energy[n] - level) > ON_LEVEL * system.scale)
            continue
        # A band this far away stays away from the level.
        if abs(energy[n] - level) > FAR * abs(speed[n]) * length + ON_LEVEL * system.scale:
            continue
        root = _followed(system, middle, vectors[:, [n]], energy[n], speed[n], level, number)
        if root is None:
            certain = False
            continue
        if not low - SAME * length <= root < high + SAME * length:
            continue
        if not any(abs(root - other) < SAME * length for other in roots):
            roots.append(root)
    points: list = []
    for root in roots:
        found, alone = _on_level(system, root, level, number)
        points += found
        certain &= alone
    certain &= all(abs(speed) > AT_REST for _, speed, _ in points)
    return points, certain and -sum(int(np.sign(speed)) for _, speed, _ in points) == change


def _on_level(system: BandedSystem, k: float, level: float, number: int) -> tuple[list, bool]:
    """(k, velocity, state) of the states on the level at one k, and whether these are all of it.

    They are not if the field mixes them with others of the ``number`` nearest states: bands that
    avoid each other within rounding of the level have other Fermi points next to it.
    """
    hamiltonian, velocity = (system.matrix(n, k) for n in ("hamiltonian", "slope"))
    energy, vectors = states_near(hamiltonian, level, number, system.scale)
    on = np.abs(energy - level) < ON_LEVEL * system.scale
    mixed = vectors[:, on].conj().T @ velocity.apply(vectors[:, ~on])
    alone = bool(np.abs(mixed).max(initial=0.0) < MIXED * system.fastest)
    states, speed = with_velocities(energy[on], vectors[:, on], velocity, np.inf)
    return [(k, float(v), state) for v, state in zip(speed, states.T, strict=True)], alone


def _followed(system, k: float, state, energy: float, speed: float, level: float, number: int):
    """The k at which the band of a state crosses the level, by Newton's method; None if nowhere."""
    for _ in range(STEPS):
        if abs(energy - level) <= ON * system.scale or abs(speed) <= AT_REST:
            break
        k = k - (energy - level) / speed
        hamiltonian, velocity = (system.matrix(n, k) for n in ("hamiltonian", "slope"))
        levels, vectors = states_near(hamiltonian, level, number, system.scale, state)
        vectors, speeds = with_velocities(levels, vectors, velocity, 1e-8 * system.scale)
        levels = expectation(vectors, hamiltonian.apply(vectors))
        best = int(np.argmax(np.abs(vectors.conj().T @ state[:, 0])))
        energy, speed, state = levels[best], speeds[best], vectors[:, [best]]
    if abs(speed) <= AT_REST or abs(energy - level) > ON_LEVEL * system.scale:
        return None
    return k
