"""Zero temperature as a limit, for levels with crossings or flat bands exactly on them.

Where bands meet on the Fermi level, or lie on it, the sums over Fermi points and filled bands do
not give the limit T -> 0.  The response is then computed at falling temperatures and extrapolated.
If it does not converge (it grows as ln T where the field mixes crossing bands), there is no value
at zero temperature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.band_extrema import AT_REST
from ..states.eigenpairs import solve
from ..states.fermi_points import FermiPoints
from ..states.occupations import ON_LEVEL
from .fermi_surface import steps
from .interval_sums import CANCELLED

# Distance from a Fermi point at which bands are counted, in spacings of the mesh.
SIDE = 1e-3
# Levels this close to the Fermi level at a Fermi point (in t0) meet on it.
CLOSE_TO_LEVEL = 1e-8
# Temperatures, in units of the bound of the spectrum, each a tenth of the one before.
FALLING = np.array([1e-4, 1e-5, 1e-6])
# A level within so many of the lowest temperature is neither on the Fermi level nor away from it.
UNSETTLED = 10
# Two successive changes converge if their ratio is below this: it is 0.32 for sqrt(T), 0.1 for T
# and 1 for ln T.
CONVERGING = 0.75
# If changes are below this, relative to the largest value (or what cancels in it), the limit has
# been reached.
REACHED = 1e-7


@dataclass(frozen=True)
class SpecialLevel:
    """Whether the intraband and the interband part at one level are defined as limits only.

    unresolved : whether a level that is not on the Fermi level is as near to it as the lowest
        temperature from which the limit is extrapolated
    """

    intraband: bool
    interband: bool
    unresolved: bool = False


def special_level(
    bloch: BlochMatrix,
    k: np.ndarray,
    energy: np.ndarray,
    velocity: np.ndarray,
    level: float,
    points: FermiPoints,
    of_level: np.ndarray,
) -> SpecialLevel:
    """Whether bands meet or are at rest on a level.

    If bands cross on the level with different velocities, the intraband part is still a sum over
    Fermi points, as each band has half a step on either side; bands at rest on the level make it a
    limit.

    Parameters
    ----------
    k : (k,), in 1/a;  energy, velocity : (k, band), in t0 and t0 a
    points : Fermi points of several levels;  of_level : (point,) bool, those of this level
    """
    on = np.abs(energy - level) <= ON_LEVEL
    flat = on & (np.roll(on, 1, axis=0) | np.roll(on, -1, axis=0))
    # The search follows a single state only if no other energy is near.
    has_state = ~np.isnan(points.state[:, 0])
    special_k = np.concatenate((points.k[of_level & ~has_state], k[on.any(axis=1)]))
    meeting, resting, unresolved = False, bool(flat.any()), False
    if len(special_k):
        pairs = np.linalg.eigh(bloch.hamiltonian(special_k))
        meeting, at_rest = _meeting(bloch, special_k, *pairs, level)
        resting |= at_rest
        apart = np.abs(pairs[0] - level)
        near = apart < UNSETTLED * FALLING[-1] * bloch.scale
        unresolved = bool(np.any(near & (apart > CLOSE_TO_LEVEL)))
    return SpecialLevel(resting, resting or meeting, unresolved)


def _meeting(bloch, k, energy, vectors, level) -> tuple[bool, bool]:
    """Whether bands of different velocity meet on the level, and whether some are at rest there."""
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
    """Whether the Fermi points of a level agree with the numbers of filled bands around touches.

    Where bands meet on the level, other features of an interval of the mesh ``k`` (k,) can hide one
    of them.  The number of bands below the level is counted on either side of each touch.
    """
    spacing = k[1] - k[0]
    for interval in np.unique(points.interval[points.step == 0]):
        inside = points.part(points.interval == interval)
        crossings = np.unique(np.round(inside.fraction, 9))
        crossings = crossings[crossings < 1]  # the next mesh point is in the next interval
        if not len(crossings):
            continue
        ends = np.concatenate(([-1.0 if crossings[0] == 0 else 0.0], crossings, [1.0]))
        beside = np.minimum(SIDE, 0.1 * np.diff(ends))
        after, before = ends[:-1] + beside, ends[1:] - beside
        sides = k[interval] + np.concatenate((after, before)) * spacing
        filled = (np.linalg.eigvalsh(bloch.hamiltonian(sides)) < level).sum(axis=1)
        after, before = filled[: len(crossings) + 1], filled[len(crossings) + 1 :]
        jumps = [_jump(bloch, inside.part(np.abs(inside.fraction - f) < 1e-8)) for f in crossings]
        first = 1 if crossings[0] == 0 else 0  # k before a mesh point is in another interval
        if np.any(after[first:] != before[first:]) or np.any(after[1:] - before[:-1] != jumps):
            return False
    return True


def _jump(bloch: BlochMatrix, points: FermiPoints) -> float:
    """Change of the number of filled bands by the Fermi points at one k."""
    pairs = solve(bloch, points.k)
    return steps(points, pairs.energy, pairs.velocity).sum()


def limit(
    response_at: Callable[[float], tuple[np.ndarray, np.ndarray, np.ndarray]], scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limit T -> 0 and its error, both (process, row); NaN where it does not converge.

    Parameters
    ----------
    response_at : function of a temperature that returns values (process, row), their errors and
        the magnitudes of the integrals (process,)
    scale : unit of the temperatures, an upper bound of the energies, in t0
    """
    values, errors, magnitudes = zip(
        *(response_at(scale * factor) for factor in FALLING), strict=True
    )
    first, second = values[1] - values[0], values[2] - values[1]
    last, uncertain = values[2], np.max(errors, axis=0)[:, None]
    # Rows that symmetry makes vanish consist of rounding, which does not converge.
    largest = np.maximum(
        np.abs(last).max(axis=-1, initial=0.0), CANCELLED * np.array(magnitudes[-1])
    )
    # A change is uncertain by the errors of both values, and by that of the worst value.
    doubt = np.maximum(errors[1] + errors[2], np.max(errors, axis=0))
    size = np.maximum(REACHED * largest, doubt)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(second / first, nan=0.0)
    settled = np.abs(second) <= size
    falling = np.abs(ratio) < CONVERGING
    rest = second * np.where(falling, ratio, 0.0) / (1 - np.where(falling, ratio, 0.0))
    exists = settled | falling
    error = np.abs(rest) + np.abs(second) * settled + uncertain
    return np.where(exists, last + rest, np.nan), np.where(exists, error, np.nan)
