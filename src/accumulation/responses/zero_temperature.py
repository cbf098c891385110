"""Levels at which zero temperature is only a limit: crossings and flat bands exactly on them.

Where bands meet on the Fermi level, or lie on it, the sum over Fermi points and the filled bands do
not say what T -> 0 gives.  There the response is computed at falling temperatures and extrapolated;
where it does not settle (it grows as ln T where crossing bands are mixed by the field) there is no
value at zero temperature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.band_extrema import AT_REST
from ..states.eigenpairs import DEGENERACY, solve
from ..states.fermi_points import FermiPoints
from ..states.occupations import ON_LEVEL

# Where the bands beside a Fermi point are counted, in spacings of the mesh.
SIDE = 1e-3
# Levels this close to the Fermi level at a Fermi point (in t0) meet on it.
CLOSE_TO_LEVEL = 1e-8
# Temperatures, in units of the bound of the spectrum, each a tenth of the one before.
FALLING = np.array([1e-4, 1e-5, 1e-6])
# The ratio of two successive changes up to which they are taken to converge: 0.32 for sqrt(T),
# 0.1 for T, 1 for ln T.
CONVERGING = 0.75
# Changes below this, relative to the largest value, are those of a limit that has been reached.
REACHED = 1e-7


@dataclass(frozen=True)
class SpecialLevel:
    """What of one level is only a limit: the intraband part, the interband part."""

    intraband: bool
    interband: bool


def special_level(
    bloch: BlochMatrix,
    k: np.ndarray,
    energy: np.ndarray,
    velocity: np.ndarray,
    level: float,
    points: FermiPoints,
    here: np.ndarray,
) -> SpecialLevel:
    """Whether bands meet or rest on a level, from the mesh k (k,), energy, velocity (k, band).

    ``here`` (point,) are the Fermi points of this level.  Bands that cross on the level with
    velocities of their own leave the intraband part a sum over Fermi points, each band with its own
    half step on either side; bands at rest there do not.
    """
    on = np.abs(energy - level) <= ON_LEVEL
    flat = on & (np.roll(on, 1, axis=0) | np.roll(on, -1, axis=0))
    # A state that the search followed by itself has no other level near.
    alone = ~np.isnan(points.state[:, 0])
    at = np.concatenate((points.k[here & ~alone], k[on.any(axis=1)]))
    meeting, resting = False, bool(flat.any())
    if len(at):
        pairs = np.linalg.eigh(bloch.hamiltonian(at))
        meeting, at_rest = _meeting(bloch, at, *pairs, level)
        resting |= at_rest
    return SpecialLevel(resting, resting or meeting)


def _meeting(bloch, k, energy, vectors, level) -> tuple[bool, bool]:
    """Whether bands of different velocity share the level at one k, and whether several rest."""
    slope = bloch.velocity(k)
    meeting = resting = False
    for i in np.flatnonzero((np.abs(energy - level) <= CLOSE_TO_LEVEL).sum(axis=1) > 1):
        states = vectors[i][:, np.abs(energy[i] - level) <= CLOSE_TO_LEVEL]
        block = states.conj().T @ slope[i] @ states
        speed = np.linalg.eigvalsh(0.5 * (block + block.conj().T))
        meeting |= bool(np.ptp(speed) > AT_REST)
        resting |= bool(np.any(np.abs(speed) <= AT_REST))
    return meeting, resting


def all_counted(bloch: BlochMatrix, k: np.ndarray, level: float, points: FermiPoints) -> bool:
    """Whether the Fermi points of a level explain the numbers of filled bands around touches.

    Where bands meet on the level, an interval of the mesh k (k,) can hide one of them behind other
    features.  The number of bands below the level is counted on either side of each point there.
    """
    spacing = k[1] - k[0]
    for interval in np.unique(points.interval[points.step == 0]):
        inside = points.part(points.interval == interval)
        at = np.unique(np.round(inside.fraction, 9))
        ends = np.concatenate(([-1.0 if at[0] == 0 else 0.0], at, [1.0]))
        beside = np.minimum(SIDE, 0.1 * np.diff(ends))
        after, before = ends[:-1] + beside, ends[1:] - beside
        sides = k[interval] + np.concatenate((after, before)) * spacing
        filled = (np.linalg.eigvalsh(bloch.hamiltonian(sides)) < level).sum(axis=1)
        after, before = filled[: len(at) + 1], filled[len(at) + 1 :]
        jumps = [_jump(bloch, inside.part(np.abs(inside.fraction - f) < 1e-8)) for f in at]
        first = 1 if at[0] == 0 else 0  # what lies before a mesh point is another interval's
        if np.any(after[first:] != before[first:]) or np.any(after[1:] - before[:-1] != jumps):
            return False
    return True


def _jump(bloch: BlochMatrix, points: FermiPoints) -> float:
    """Change of the number of filled bands that Fermi points at one k stand for."""
    total = points.step.sum()
    touching = points.part(points.step == 0)
    if len(touching.k):
        pair = solve(bloch, touching.k[:1])
        speed = pair.velocity[0, touching.band]
        own = pair.energy[0, touching.band]
        alone = (np.abs(pair.energy[0] - own[:, None]) < DEGENERACY).sum(axis=1) == 1
        moving = (np.abs(speed) > AT_REST) & ~(touching.edge & alone)
        total -= np.sign(speed[moving]).sum()
    return total


def limit(
    at: Callable[[float], tuple[np.ndarray, np.ndarray]], scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limit T -> 0 and its error, both (process, row); NaN where it does not settle.

    Parameters
    ----------
    at : of a temperature, the values (process, row) and the bound of their error (process,)
    scale : unit of temperature, a bound of the energies in t0
    """
    values, errors = zip(*(at(scale * factor) for factor in FALLING), strict=True)
    first, second = values[1] - values[0], values[2] - values[1]
    three, uncertain = values[2], np.max(errors, axis=0)[:, None]
    size = REACHED * np.abs(three).max(axis=-1, initial=0.0)[:, None]
    size = np.maximum(size, uncertain)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(second / first, nan=0.0)
    settled = np.abs(second) <= size
    falling = np.abs(ratio) < CONVERGING
    rest = second * np.where(falling, ratio, 0.0) / (1 - np.where(falling, ratio, 0.0))
    exists = settled | falling
    error = np.abs(rest) + np.abs(second) * settled + uncertain
    return np.where(exists, three + rest, np.nan), np.where(exists, error, np.nan)
