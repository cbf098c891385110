"""Integrals over the intervals of a uniform, periodic mesh, from the values on it.

An interval is integrated with the polynomial through the 2h mesh points nearest to it.  Over the
full zone the intervals of one order add up to the trapezoidal sum, which converges exponentially.
Next to a Fermi point an interval uses the values of its occupation only.  The difference of two
orders estimates the error of the lower one.
"""

from __future__ import annotations

from functools import cache

import numpy as np

# Half-widths of the stencils next to Fermi points, and far from them.
NARROW, WIDE = 4, 6
# The ratio of successive changes is taken to be at most this.
SLOWEST = 0.9
_GAUSS = np.polynomial.legendre.leggauss(WIDE)


def stencil(half_width: int) -> np.ndarray:
    """Mesh points of an interval's polynomial, counted from its left end: 1 - h ... h."""
    return np.arange(1 - half_width, half_width + 1)


def lagrange(half_width: int, t: np.ndarray) -> np.ndarray:
    """Lagrange polynomials of the points of :func:`stencil` at ``t`` (...), as (..., point).

    ``t`` should be from 0 to 1, where the powers are accurate.
    """
    powers = np.vander(t.ravel(), 2 * half_width, increasing=True)
    return (powers @ _coefficients(half_width)).reshape(*t.shape, 2 * half_width)


@cache
def _coefficients(half_width: int) -> np.ndarray:
    """Coefficients (power, point) of the Lagrange polynomials."""
    points = stencil(half_width).astype(float)
    others = [np.delete(points, i) for i in range(len(points))]
    polynomials = [
        np.poly(other) / np.prod(p - other) for p, other in zip(points, others, strict=True)
    ]
    return np.array(polynomials)[:, ::-1].T


def rational_weights(
    half_width: int, low: np.ndarray, high: np.ndarray, square: np.ndarray
) -> np.ndarray:
    """Weights (piece, point) of the integral from low to high.

    They are exact for P(k) / G(k) with polynomials of degree 2 h - 1.  G is the square of a gap,
    which is smooth where two bands nearly meet, unlike the response of the pair, of order 1 / G.

    Parameters
    ----------
    low, high : (piece,), in spacings from the left end of the interval
    square : (piece, point), values of G on the stencil
    """
    x, w = _GAUSS
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    basis = lagrange(half_width, middle[:, None] + half[:, None] * x)  # (piece, node, point)
    between = (basis @ square[:, :, None])[..., 0]
    lowest = np.minimum(square.min(axis=1), 0.05 * square.max(axis=1))
    # If the polynomial deviates from its values, it does not represent the square of a gap.
    smooth = np.all(between > 0.1 * lowest[:, None], axis=1) & (lowest > 0)
    square = np.where(smooth[:, None], square, 1.0)
    between = np.where(smooth[:, None], between, 1.0)
    return half[:, None] * ((w / between)[:, None, :] @ basis)[:, 0] * square


@cache
def interval_weights(half_width: int) -> np.ndarray:
    """Weights (point,) of a full interval, exact for polynomials of degree 2 h - 1."""
    ones = np.ones((1, 2 * half_width))
    return rational_weights(half_width, np.zeros(1), np.ones(1), ones)[0]


def three_orders(values: np.ndarray, half_width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integrals over each interval, (k, ...) in spacings, of ``values`` (k, ...) in three orders.

    The stencils have half-widths h - 2, h - 1 and h.
    """
    # The weights are symmetric, so points i and 1 - i of a stencil are added first.
    count = len(values)
    around = np.concatenate((values[-half_width:], values, values[:half_width]))
    ahead = (around[half_width + 1 + i : half_width + 1 + i + count] for i in range(half_width))
    behind = (around[half_width - i : half_width - i + count] for i in range(half_width))
    pairs = np.stack([right + left for right, left in zip(ahead, behind, strict=True)])
    weights = _orders(half_width) @ pairs.reshape(half_width, -1)
    return tuple(weights.reshape(3, *values.shape))


@cache
def _orders(half_width: int) -> np.ndarray:
    """Weights (3, pair) of the pairs of mesh points nearest to an interval, of three orders."""
    weights = np.zeros((3, half_width))
    for row, h in zip(weights, range(half_width - 2, half_width + 1), strict=True):
        row[:h] = interval_weights(h)[h:]
    return weights


def remaining(lowest: np.ndarray, middle: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Error (..., row) of the last of three estimates of rising order.

    The changes are extrapolated as a geometric series with a margin: the error is at least a tenth
    of the last change, else twice the rest of the series, and exceeds the change if the changes
    hardly decrease.

    Parameters
    ----------
    lowest, middle, highest : (..., row)
    """
    before, change = np.abs(middle - lowest), np.abs(highest - middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = change.max(axis=-1, initial=0.0) / before.max(axis=-1, initial=0.0)
    ratio = np.minimum(np.nan_to_num(ratio, nan=0.0, posinf=SLOWEST), SLOWEST)[..., None]
    return change * (np.minimum(0.1 + 2 * ratio, 1.0) / (1 - ratio))


def room(same: np.ndarray) -> np.ndarray:
    """Largest half-width (interval,) up to WIDE whose stencil covers intervals of ``same`` only.

    ``same`` (interval,) bool marks intervals within which no occupation changes.
    """
    widest = np.where(same, 1, 0)
    for distance in range(1, WIDE):
        grows = widest == distance
        grows &= np.roll(same, distance) & np.roll(same, -distance)
        widest = widest + grows
    return widest
