"""Adaptive Gauss-Kronrod quadrature of vectors, all panels of a round in one call."""

from __future__ import annotations

import numpy as np

# 15-point Kronrod rule with its 7-point Gauss rule (QUADPACK's qk15).
_X = [
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144691693013,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
]
_WK = [
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
]
_WG = [0.129484966168869693270611432679082, 0.279705391489276667901467771423780]
_WG += [0.381830050505118944950369775488975]
NODES = np.array([-x for x in _X] + [0.0] + _X[::-1])
KRONROD = np.array([*_WK, 0.209482141084727828012999174891714, *_WK[::-1]])
GAUSS = np.zeros(15)
GAUSS[1:14:2] = [*_WG, 0.417959183673469387755102040816327, *_WG[::-1]]

# Relative to the scale of each quantity, a panel whose two rules differ by less is not halved.
TOLERANCE = 3e-8
SMALLEST = 1e-11
LIMIT = 25000


def integrate(function, breaks, floor):
    """Integral of function(k) -> (k, quantity, row + 1) over [breaks[0], breaks[-1]].

    The last of the rows holds what rounding may have done to the others: a panel is not halved for
    the sake of noise.

    Parameters
    ----------
    breaks : ascending; panels end there
    floor : scale of a quantity below which errors do not matter

    Returns
    -------
    integral and integral of the modulus (quantity, row), error (quantity,).  Beyond ``LIMIT`` nodes
    panels are taken as they are, with their error.
    """
    low, high = breaks[:-1], breaks[1:]
    some = high - low > 1e-13
    low, high = low[some], high[some]
    total = modulus = error = 0.0
    nodes = 0
    while len(low):
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        k = (middle[:, None] + half[:, None] * NODES).reshape(-1)
        nodes += len(k)
        value = function(k)
        value = value.reshape(len(low), 15, *value.shape[1:])
        value, noise = value[..., :-1], value[..., -1]
        width = half[:, None, None]
        kronrod = np.tensordot(KRONROD, value, axes=(0, 1)) * width
        gauss = np.tensordot(GAUSS, value, axes=(0, 1)) * width
        absolute = np.tensordot(KRONROD, np.abs(value), axes=(0, 1)) * width
        noise = np.tensordot(KRONROD, noise, axes=(0, 1)) * half[:, None]
        change = np.abs(kronrod - gauss).max(axis=2)
        size = absolute.max(axis=2)
        sum_now = total + kronrod.sum(axis=0)
        modulus_now = modulus + absolute.sum(axis=0)
        scale = np.maximum(np.abs(sum_now).max(axis=1), 1e-2 * modulus_now.max(axis=1))
        scale = np.maximum(scale, floor)
        good = (change < TOLERANCE * scale + 2 * noise).all(axis=1) | (high - low < SMALLEST)
        given_up = ~good & (nodes > LIMIT)
        good |= given_up
        total = total + kronrod[good].sum(axis=0)
        modulus = modulus + absolute[good].sum(axis=0)
        # The rules have orders 14 and 23: the error of the better one is about the 1.6th power.
        with np.errstate(divide="ignore", invalid="ignore"):
            sharp = np.nan_to_num(change * np.minimum(1, 10 * np.sqrt(change / size)))
        sharp[given_up] = change[given_up]
        error = error + (sharp + noise)[good].sum(axis=0)
        low, high, middle = low[~good], high[~good], middle[~good]
        low, high = np.concatenate((low, middle)), np.concatenate((middle, high))
    return total, modulus, error
