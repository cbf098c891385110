"""Where the bands of a ribbon turn, meet and cross a level: found by scanning, then bisection.

Bands are numbered by energy at each k, so that every extremum of a band, kinks at exact crossings
included, is a change of sign of its slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ribbon import DEGENERATE, Ribbon

# The scan is refined until a cubic through two nodes predicts the middle this well (in t0) ...
PREDICTED = 3e-5
# ... or the nodes are this close (fraction of the zone).
CLOSEST = 1e-6
# States within this of a level lie on it.
ON_LEVEL = 1e-11
# Nodes on the level this close to each other are one edge or crossing.
CLUSTER = 3e-5
# Roots this close are one.
SAME_K = 3e-9
# A pair of bands that comes closer than this crosses exactly.
EXACT = 1e-11


@dataclass(frozen=True)
class Scan:
    """Nodes over one zone, the last one period after the first.

    k : (node,);  energy : (node, band)
    turning_k, turning_band : (extremum,) extrema of single bands, kinks included
    close_k, close_band, close_gap : (minimum,) minima of the gap between band and band + 1
    """

    k: np.ndarray
    energy: np.ndarray
    turning_k: np.ndarray
    turning_band: np.ndarray
    close_k: np.ndarray
    close_band: np.ndarray
    close_gap: np.ndarray


def scan(ribbon: Ribbon) -> Scan:
    """Scan of the zone, with extrema and smallest gaps among its nodes."""
    zone = 2 * np.pi / ribbon.period
    number = int(max(36, 14 * np.abs(ribbon.reach).max() / ribbon.period))
    k = zone * (np.arange(number + 1) + 0.12345) / number
    e, v = ribbon.levels(k)
    a, b = np.arange(number), np.arange(1, number + 1)
    while len(a):
        h = k[b] - k[a]
        middle = 0.5 * (k[a] + k[b])
        em, vm = ribbon.levels(middle)
        guess = 0.5 * (e[a] + e[b]) + 0.125 * h[:, None] * (v[a] - v[b])
        split = (np.abs(em - guess).max(axis=1) > PREDICTED) & (h > CLOSEST * zone)
        new = len(k) + np.arange(len(middle))
        k, e, v = np.concatenate((k, middle)), np.concatenate((e, em)), np.concatenate((v, vm))
        a, b = (
            np.concatenate((a[split], new[split])),
            np.concatenate((new[split], b[split])),
        )
    order = np.argsort(k)
    k, e, v = k[order], e[order], v[order]

    at, band = np.nonzero((v[:-1] * v[1:] < 0) & (np.maximum(abs(v[:-1]), abs(v[1:])) > 1e-7))

    def slope(x, which):
        return ribbon.levels(x)[1][np.arange(len(x)), band[which]]

    turning = bisect(slope, k[at], k[at + 1], v[at, band], v[at + 1, band])
    turning_band = band

    gap, change = np.diff(e, axis=1), np.diff(v, axis=1)
    small = np.minimum(gap[:-1], gap[1:]) < np.diff(k)[:, None] * 8 + 0.05
    at, band = np.nonzero(small & (change[:-1] < -1e-7) & (change[1:] > 1e-7))

    def closing(x, which):
        # gap d gap / dk is linear in k for two levels that avoid each other
        e, v = ribbon.levels(x)
        row, n = np.arange(len(x)), band[which]
        return (e[row, n + 1] - e[row, n]) * (v[row, n + 1] - v[row, n])

    ends = gap * change
    close = bisect(closing, k[at], k[at + 1], ends[at, band], ends[at + 1, band])
    extra = np.concatenate((turning, close))
    e_extra = ribbon.energies(extra)
    row = len(turning) + np.arange(len(close))
    close_gap = e_extra[row, band + 1] - e_extra[row, band]
    k, e = np.concatenate((k, extra)), np.concatenate((e, e_extra))
    order = np.argsort(k)
    return Scan(k[order], e[order], turning, turning_band, close, band, close_gap)


def bisect(function, low, high, f_low, f_high):
    """Roots of function(x, which) in brackets, by regula falsi (Illinois) mixed with bisection."""
    low, high, f_low, f_high = (np.array(a, dtype=float) for a in (low, high, f_low, f_high))
    w_low, w_high = f_low.copy(), f_high.copy()
    last = np.zeros(len(low), dtype=int)
    active = np.arange(len(low))
    for step in range(90):
        active = active[high[active] - low[active] > 4e-16 * (1 + np.abs(low[active]))]
        if len(active) == 0:
            break
        a, b = low[active], high[active]
        x = 0.5 * (a + b)
        if step % 3 != 2:
            secant = b - w_high[active] * (b - a) / (w_high[active] - w_low[active])
            x = np.where((secant > a) & (secant < b), secant, x)
        f = function(x, active)
        left = np.sign(f) == np.sign(f_low[active])
        for side, sign in ((left, -1), (~left, 1)):
            some = active[side]
            ends, values, kept = (low, w_low, w_high) if sign < 0 else (high, w_high, w_low)
            ends[some], values[some] = x[side], f[side]
            # The end that stays twice counts half, or it would stay for ever.
            kept[some] *= np.where(last[some] == sign, 0.5, 1.0)
            last[some] = sign
        met = active[f == 0]
        low[met] = high[met] = x[f == 0]
    return 0.5 * (low + high)


@dataclass(frozen=True)
class Crossings:
    """What happens at one level.

    root_k, root_band : where single bands, or bands that are one everywhere, cross it
    special_k : k at which states lie on it without (only) crossing it: edges, crossings of bands
    meeting : whether different bands lie on it together at one k, flat ones included
    flat : number of bands that lie on it at every k
    """

    root_k: np.ndarray
    root_band: np.ndarray
    special_k: np.ndarray
    meeting: bool
    flat: int


def crossings(ribbon: Ribbon, found: Scan, level: float) -> Crossings:
    """Roots of every band between neighbouring nodes of the scan, and nodes on the level."""
    s = found.energy - level
    on = np.abs(s) <= ON_LEVEL
    flat = int(on.sum(axis=1).min())
    count = on.sum(axis=1)
    special = [_clusters(found.k[:-1], count[:-1], flat)]
    at, band = np.nonzero((s[:-1] * s[1:] < 0) & ~on[:-1] & ~on[1:])

    def distance(x, which):
        return ribbon.energies(x)[np.arange(len(x)), band[which]] - level

    root = bisect(distance, found.k[at], found.k[at + 1], s[at, band], s[at + 1, band])
    if flat:
        special.append(_through_flat(ribbon, found.k, s, on, count == flat, level))
    # Different bands that cross the level at one k.
    order = np.argsort(root)
    groups = np.split(order, np.nonzero(np.diff(root[order]) > SAME_K)[0] + 1)
    together = [g for g in groups if len(g) > 1 and several(ribbon, root[g[0]], level)]
    special.append(np.array([root[g[0]] for g in together]))
    alone = np.ones(len(root), dtype=bool)
    for group in together:
        alone[group] = False
    special = np.sort(np.concatenate(special))
    meeting = flat > 0 or any(several(ribbon, k, level) for k in special)
    return Crossings(root[alone], band[alone], special, meeting, flat)


def several(ribbon: Ribbon, k: float, level: float) -> bool:
    """Whether states that are not one level nearby lie on the level together."""
    near = ribbon.energies(np.array([k, k - 1e-3, k + 1e-3]))
    on = np.nonzero(np.abs(near[0] - level) < DEGENERATE)[0]
    return len(on) > 1 and bool(np.ptp(near[1:, on], axis=1).max() > DEGENERATE)


def _through_flat(ribbon, k, s, on, usual, level) -> np.ndarray:
    """k at which a band joins flat ones on the level, between nodes that show nothing special.

    Numbered by energy, it becomes one of the flat bands there, and one of those goes on in its
    stead: no slope and no distance changes its sign where there are several.
    """
    at, band = np.nonzero((on[:-1] != on[1:]) & (usual[:-1] & usual[1:])[:, None])
    low, high = k[at].copy(), k[at + 1].copy()
    for _ in range(52):
        middle = 0.5 * (low + high)
        e = ribbon.energies(middle)[np.arange(len(at)), band] - level
        same = (np.abs(e) <= ON_LEVEL) == on[at, band]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    found = np.sort(0.5 * (low + high))
    return found[np.diff(found, prepend=-np.inf) > CLUSTER]


def _clusters(k, count, flat) -> np.ndarray:
    """One k for every run of nodes with more than ``flat`` states on the level.

    Near a band edge all k within sqrt(``ON_LEVEL``) are on it; the node with most states, else the
    middle one, stands for all.
    """
    some = np.nonzero(count > flat)[0]
    if len(some) == 0:
        return np.zeros(0)
    parts = np.split(some, np.nonzero(np.diff(k[some]) > CLUSTER)[0] + 1)
    most = [part[count[part] == count[part].max()] for part in parts]
    return k[[part[len(part) // 2] for part in most]]
