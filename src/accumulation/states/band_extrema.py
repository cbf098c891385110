"""Extrema of a band between two points of a mesh, on the exact bands."""

from __future__ import annotations

import numpy as np

from .eigenpairs import solve
from .occupations import ON_LEVEL

# A state on the Fermi level with a smaller velocity (in t0 a) is a band edge, not a crossing.
AT_REST = 1e-6


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
    reach = tangent_top(e0[turning], v0[turning], e1[turning], v1[turning], spacing)
    for i in np.argsort(-reach, kind="stable"):
        if reach[i] <= best:
            break
        j = turning[i]
        known = ((side * e0[j], side * v0[j]), (side * e1[j], side * v1[j]))
        height = extremum(bloch, k[j], spacing, band, side, known, side * best)[1]
        best = max(best, side * height)
    return side * best


def extremum(bloch, start, spacing, band, side, ends, level) -> tuple[float, float]:
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
        if tangent_top(e_low, v_low, e_high, v_high, h) < side * level - ON_LEVEL:
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


def tangent_top(e0, v0, e1, v1, h):
    """Height where the tangents of two ends meet, the first rising and the second falling.

    Increased by a margin for bands that curve away from their tangents next to a sharp crossing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        top = (v0 * e1 - v1 * e0 - v0 * v1 * h) / (v0 - v1)
    return top + 0.25 * h * (v0 - v1)
