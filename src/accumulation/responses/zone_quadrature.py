"""Integrals over the zone of functions that only cost can limit, such as those of wide systems.

The same rules as of :mod:`.line_integral`, without anything that takes the bands of the mesh: sums
over mesh points where the mesh is fine enough, adaptive panels elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import mesh_rules
from .interval_sums import CANCELLED, TOLERANCE, of_width, with_worst
from .quadrature import NODES, cut, integrate

# Error relative to the largest row that is aimed at if it is cheap.
FINE = 1e-8
# Nodes of a refinement, times rows: of a cheap one, and at most; and numbers of nodes.
LITTLE, MOST = 4e4, 4e5
FEW_NODES, MOST_NODES = 1_500, 6_000
# But so many times the points of the mesh in any case: of a cheap one, and of one that is needed.
# Each valley of a small gap takes twice the points of a mesh that just does not resolve it.
CHEAP_SHARE, NEEDED_SHARE = 0.5, 5.0
# The smallest unit of an error.
SMALLEST = 1e-13


@dataclass(frozen=True)
class ZoneIntegral:
    """value (process, row), error (process,), magnitude (process,)."""

    value: np.ndarray
    error: np.ndarray
    magnitude: np.ndarray


def zone_integral(
    function: Callable[[np.ndarray], np.ndarray],
    k: np.ndarray,
    doubtful: np.ndarray,
    cuts: np.ndarray,
    terms: np.ndarray,
    rows: int,
) -> ZoneIntegral:
    """Integral over the zone of a function of k, dk / 2 pi.

    Intervals away from ``doubtful`` ones are integrated from mesh values, the others, and those in
    which the mesh is too coarse, by panels that end at ``cuts``.

    Parameters
    ----------
    function : of k (node,), returns (node, process, row + 1), the last column an error
    k : (k,) uniform mesh, in 1/a
    doubtful : (interval,) bool, intervals of the mesh whose values do not show what is between them
    cuts : (cut,) sorted, in 1/a, where the function changes abruptly, from k[0] to two zones on
    terms : (process,) integrals of the magnitudes of the terms of a row, whose rounding remains
    rows : number of rows
    """
    spacing, processes = float(k[1] - k[0]), len(terms)
    room = mesh_rules.room(~doubtful)
    far = room > mesh_rules.NARROW
    needed = np.zeros(len(k), dtype=bool)
    for shift in range(1 - mesh_rules.WIDE, mesh_rules.WIDE + 1):
        needed |= np.roll(far & (room >= np.maximum(1 - shift, shift)), shift)
    values = np.zeros((len(k), processes, rows + 1))
    if needed.any():
        values[needed] = function(k[needed]) * (spacing / (2 * np.pi))
    own, misfit = np.zeros((2, *values.shape))
    for width in range(mesh_rules.NARROW + 1, mesh_rules.WIDE + 1):
        fitting = room == width
        if fitting.any():
            own[fitting], misfit[fitting] = (part[fitting] for part in of_width(values, width))
    magnitude = np.abs(values[..., :-1]).sum(axis=0).max(axis=-1, initial=0.0)
    magnitude = np.maximum(magnitude, terms)
    refined, error = _to_refine(own, misfit, ~far, magnitude)
    total = own[~refined].sum(axis=0)
    if refined.any():
        low, high = _runs(refined)

        def measured(at, label):
            return function(at) / (2 * np.pi)

        affordable = max(min(MOST / rows, MOST_NODES), NEEDED_SHARE * len(k))
        most = (min(LITTLE / rows, FEW_NODES), affordable)
        panels = cut(k[0] + low * spacing, k[0] + high * spacing, cuts, 1e-14)
        value, more, size = integrate(
            measured, panels, total, magnitude, _tolerance, most, narrowest=1e-13
        )
        total, error, magnitude = total + value, error + more, magnitude + size
    return ZoneIntegral(total[:, :-1], error + np.abs(total[:, -1]), magnitude)


def _to_refine(own, misfit, doubtful, magnitude) -> tuple[np.ndarray, np.ndarray]:
    """Intervals (interval,) to integrate by panels, and the error (process,) of the others."""
    total = own[~doubtful].sum(axis=0)
    rows = own.shape[-1] - 1
    worst = misfit.max(axis=-1, initial=0.0)
    enough, fine = _tolerance(total, magnitude)
    refined = doubtful
    for target, most, share in ((fine, LITTLE, CHEAP_SHARE), (enough, MOST, NEEDED_SHARE)):
        more = with_worst(doubtful, worst, 0.5 * target)
        if (more & ~doubtful).sum() * len(NODES) <= max(most / rows, share * len(doubtful)):
            refined = more
            break
    return refined, misfit[~refined].sum(axis=0).max(axis=-1, initial=0.0)


def _tolerance(value: np.ndarray, magnitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors (process,) that suffice and that are aimed at, of values (process, row + 1)."""
    largest = np.abs(value[:, :-1]).max(axis=-1, initial=0.0)
    unit = np.maximum(np.maximum(largest, CANCELLED * magnitude), SMALLEST)
    return TOLERANCE * unit, FINE * unit


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last end, in intervals from the first mesh point, of runs of marked intervals."""
    if mask.all():
        return np.zeros(1), np.full(1, float(len(mask)))
    # Begin behind an interval that is not marked, so that no run is divided.
    start = int(np.flatnonzero(~mask)[0]) + 1
    turned = np.concatenate(([False], np.roll(mask, -start), [False]))
    change = np.diff(turned.astype(int))
    low, high = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return (low + start).astype(float), (high + start).astype(float)
