"""What the mesh says of each of its intervals, and which of them need to be integrated anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import fillings, mesh_rules

# Bounds of the error, relative to the largest row of a result, from which on it is refined, and
# that is then aimed at ...
COARSE, TOLERANCE = 9e-5, 5e-6
# ... and that of small systems, for which it costs little.
FINE = 1e-10
# ... or to this share of the integral of its magnitude, where rows cancel over the zone.
CANCELLED = 1e-3


@dataclass(frozen=True)
class Sums:
    """What the mesh says of each interval.

    own, misfit : (interval, process, row) integrals, and their estimated errors
    magnitude : (process, row) sum of the magnitudes of the integrand
    """

    own: np.ndarray
    misfit: np.ndarray
    magnitude: np.ndarray


def of_width(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Integrals of all intervals (interval, ...) from values (k, ...), and their errors."""
    lowest, middle, highest = mesh_rules.three_orders(values, width)
    return highest, mesh_rules.remaining(lowest, middle, highest)


def contract(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """sum over bands at each k: (k, band) with (k, band, row) -> (k, row)."""
    return (weights[:, None, :] @ values)[:, 0]


def tolerance(value: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    """Error (process,) that is aimed at for a value (process, row) of that magnitude (process,)."""
    return TOLERANCE * np.maximum(np.abs(value).max(axis=-1, initial=0.0), CANCELLED * magnitude)


def whole_intervals(interval: np.ndarray, filled: int | np.ndarray) -> fillings.Pieces:
    """Whole intervals as pieces."""
    count = len(interval)
    number = np.broadcast_to(np.asarray(filled, dtype=int), count)
    return fillings.Pieces(interval, np.zeros(count), np.ones(count), number)


def stencils_of(point: np.ndarray, half_width: int) -> np.ndarray:
    """Intervals (interval,) bool whose stencil holds one of these mesh points (k,) bool."""
    return np.any([np.roll(point, -shift) for shift in mesh_rules.stencil(half_width)], axis=0)


def with_worst(refined: np.ndarray, misfit: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The refined intervals and those of the largest misfit, until the others' sum is allowed.

    Intervals of equal misfit, such as those at k and -k, go together.
    """
    refined = refined.copy()
    for process in range(misfit.shape[1]):
        left = np.where(refined, 0.0, misfit[:, process])
        ordered = np.sort(left)
        beyond = ordered[np.cumsum(ordered) > allowed[process]]
        if len(beyond):
            refined |= left > (1 - 1e-6) * beyond[0]
    return refined
