"""Extrema of a band between two points of a mesh, on the exact bands."""

from __future__ import annotations

import numpy as np

from .eigenpairs import solve
from .occupations import ON_LEVEL

# A state on the Fermi level with a smaller velocity (in t0 a) is a band edge, not a crossing.
AT_REST = 1e-6


def band_extremum(bloch, k, energy, velocity, band: int, side: float) -> float:
    """Maximum (``side`` 1) or minimum (-1) of one band over the zone, in t0, to about 1e-10.

    It is searched for on the exact bands, in the mesh intervals whose tangents reach furthest.

    Parameters
    ----------
    k : (k,) uniform mesh, in 1/a;  energy, velocity : (k, band), in t0 and t0 a
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
        end_values = ((side * e0[j], side * v0[j]), (side * e1[j], side * v1[j]))
        height = extremum(bloch, k[j], spacing, band, side, end_values, side * best)[1]
        best = max(best, side * height)
    return side * best


def extremum(bloch, start, spacing, band, side, ends, level) -> tuple[float, float]:
    """Fraction and energy (t0) of the extremum (``side`` 1: maximum) of a band in an interval.

    The search alternates the vertex of the two tangents, which is exact for a crossing of two
    straight bands, the secant of the velocity, which suits a smooth band, and bisection, which
    always converges.  It ends when the bracket or the slope is at rounding, or when the extremum
    cannot reach ``level``.
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
        # The energy differs from that of the extremum by v^2 / 2 e''.
        if abs(v) < 1e-7:
            break
        if v > 0:
            low, e_low, v_low = s, e, v
        else:
            high, e_high, v_high = s, e, v
    return best[1], side * best[0]


def tangent_top(e0, v0, e1, v1, h):
    """Energy at which the tangents of two ends meet, the first rising and the second falling.

    It has a margin for bands that curve away from their tangents next to a sharp crossing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        top = (v0 * e1 - v1 * e0 - v0 * v1 * h) / (v0 - v1)
    return top + 0.25 * h * (v0 - v1)
