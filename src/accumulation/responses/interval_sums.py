"""Integrals over mesh intervals with their errors, and the choice of intervals to refine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import fillings, mesh_rules

# Errors relative to the largest row of a result: the error above which a result is refined, the
# error aimed at by the refinement ...
COARSE, TOLERANCE = 9e-5, 5e-6
# ... and that for small systems, where a refinement costs little.
FINE = 1e-10
# If rows cancel over the zone, errors are relative to this fraction of the integrated magnitude.
CANCELLED = 1e-3


@dataclass(frozen=True)
class Sums:
    """Integrals over all mesh intervals.

    own, misfit : (interval, process, row) integrals, and their estimated errors
    magnitude : (process, row) sum of the magnitudes of the integrand
    """

    own: np.ndarray
    misfit: np.ndarray
    magnitude: np.ndarray


def of_width(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Integrals over all intervals (interval, ...) and their errors, from ``values`` (k, ...)."""
    lowest, middle, highest = mesh_rules.three_orders(values, width)
    return highest, mesh_rules.remaining(lowest, middle, highest)


def contract(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum over bands, (k, row), of ``weights`` (k, band) times ``values`` (k, band, row)."""
    return (weights[:, None, :] @ values)[:, 0]


def tolerance(value: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    """Error (process,) aimed at for a ``value`` (process, row) of a ``magnitude`` (process,)."""
    return TOLERANCE * np.maximum(np.abs(value).max(axis=-1, initial=0.0), CANCELLED * magnitude)


def whole_intervals(interval: np.ndarray, filled: int | np.ndarray) -> fillings.Pieces:
    """Full intervals ``interval`` (piece,) as pieces with ``filled`` bands."""
    count = len(interval)
    number = np.broadcast_to(np.asarray(filled, dtype=int), count)
    return fillings.Pieces(interval, np.zeros(count), np.ones(count), number)


def stencils_of(point: np.ndarray, half_width: int) -> np.ndarray:
    """Intervals (interval,) bool whose stencil contains a mesh point of ``point`` (k,) bool."""
    return np.any([np.roll(point, -shift) for shift in mesh_rules.stencil(half_width)], axis=0)


def with_worst(refined: np.ndarray, misfit: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Add the intervals of largest misfit to the refined ones, until the others' sum is allowed.

    Intervals of equal misfit, such as those at k and -k, are added together.

    Parameters
    ----------
    refined : (interval,) bool;  misfit : (interval, process);  allowed : (process,)
    """
    refined = refined.copy()
    for process in range(misfit.shape[1]):
        remaining = np.where(refined, 0.0, misfit[:, process])
        ordered = np.sort(remaining)
        beyond = ordered[np.cumsum(ordered) > allowed[process]]
        if len(beyond):
            refined |= remaining > (1 - 1e-6) * beyond[0]
    return refined
