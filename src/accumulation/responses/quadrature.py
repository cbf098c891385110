"""Adaptive integrals over panels of k, with all panels of one refinement in one batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Gauss-Kronrod 7-15 (Piessens et al., QUADPACK, 1983): positive nodes and both sets of weights.
_NODES = (
    *(0.991455371120812639206854697526329, 0.949107912342758524526189684047851),
    *(0.864864423359769072789712788640926, 0.741531185599394439863864773280788),
    *(0.586087235467691130294144691258452, 0.405845151377397166906606412076961),
    0.207784955007898467600689403773245,
)
_KRONROD = (
    *(0.022935322010529224963732008058970, 0.063092092629978553290700663189204),
    *(0.104790010322250183839876322541518, 0.140653259715525918745189590510238),
    *(0.169004726639267902826583426598550, 0.190350578064785409913256402421014),
    *(0.204432940075298892414161999234649, 0.209482141084727828012999174891714),
)
_GAUSS = (
    *(0.129484966168869693270611432679082, 0.279705391489276667901467771423780),
    *(0.381830050505118944950369775488975, 0.417959183673469387755102040816327),
)
NODES = np.array([*_NODES, 0.0, *(-x for x in reversed(_NODES))])
KRONROD = np.array([*_KRONROD, *reversed(_KRONROD[:-1])])
GAUSS = np.zeros(15)
GAUSS[1::2] = (*_GAUSS, *reversed(_GAUSS[:-1]))

# Ratio of the widths of neighbouring panels.  A pole at a distance from the centre equal to the
# width of the first panel then gives an error of 1e-13 with 15 nodes.
RATIO = 4.0

# Factor on the error of an integral that was stopped before it converged.
DOUBT = 3.0

# values (..., k) -> contributions (k, process, column); the second argument is the panel's label
Integrand = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Panels:
    """Panels with ends low, high : (panel,) and label : (panel,) int, which halves inherit."""

    low: np.ndarray
    high: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.low)

    def part(self, index: np.ndarray) -> Panels:
        """The panels with the indices ``index`` (panel,)."""
        return Panels(self.low[index], self.high[index], self.label[index])

    def halves(self) -> Panels:
        """Panels (2 panel,), the two halves of each panel."""
        middle = 0.5 * (self.low + self.high)
        low = np.column_stack((self.low, middle)).ravel()
        high = np.column_stack((middle, self.high)).ravel()
        return Panels(low, high, np.repeat(self.label, 2))


def integrate(
    integrand: Integrand,
    panels: Panels,
    base: np.ndarray,
    magnitude: np.ndarray,
    tolerance: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    most: tuple[float, float],
    narrowest: float = 1e-14,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integral over all panels, halving those with the largest errors.

    Parameters
    ----------
    integrand : of k (node,) and the label of the panel of each node; returns (node, process,
        column)
    base, magnitude : (process, column) value that the integral is added to, (process,) magnitude
    tolerance : function of base plus integral and of the sum of the magnitudes; returns the error
        (process,) that is sufficient, and a smaller one aimed at if it is cheap; the integral may
        take half of each
    narrowest : panels of at most this width are not halved, as only rounding changes in them
    most : numbers of nodes after which it stops if the error is sufficient, and in any case

    Returns
    -------
    integral (process, column); bound (process,) of its error, the summed difference of the Gauss
    and the Kronrod rule, which overestimates that of the latter by orders of magnitude where the
    integrand is smooth; and the integral (process,) of its magnitude.
    """
    total, spent = np.zeros_like(base), 0
    settled, size = np.zeros(len(base)), np.zeros_like(base)
    while True:
        values, errors, sizes = _rule(integrand, panels)
        spent += len(panels) * len(NODES)
        now, open_error = total + values.sum(axis=0), errors.sum(axis=0)
        reached = magnitude + (size + sizes.sum(axis=0)).max(axis=-1, initial=0.0)
        enough, fine = (0.5 * target for target in tolerance(base + now, reached))
        share = np.maximum(fine - settled, 0.1 * fine) / (2 * len(panels))
        again = np.any(errors > share, axis=1) & (panels.high - panels.low > narrowest)
        error = settled + open_error
        cheap, costly = most
        stops = np.all(error <= fine) or spent > costly or not again.any()
        if stops or (spent > cheap and np.all(error <= enough)):
            # If it was stopped, for instance by noise of nearly degenerate states, the estimate of
            # the error is not reliable.
            return now, np.where(error > enough, DOUBT * error, error), reached - magnitude
        total = total + values[~again].sum(axis=0)
        size = size + sizes[~again].sum(axis=0)
        settled = settled + errors[~again].sum(axis=0)
        panels = panels.part(np.flatnonzero(again)).halves()


def _rule(integrand: Integrand, panels: Panels):
    """Kronrod's integral (panel, process, column), its error (panel, process), its magnitude."""
    half, middle = 0.5 * (panels.high - panels.low), 0.5 * (panels.high + panels.low)
    k = (middle[:, None] + half[:, None] * NODES).ravel()
    values = integrand(k, np.repeat(panels.label, len(NODES)))
    values = values.reshape(len(panels), len(NODES), *values.shape[1:])
    half = half[:, None, None]
    fine = np.tensordot(KRONROD, values, axes=(0, 1)) * half
    coarse = np.tensordot(GAUSS, values, axes=(0, 1)) * half
    size = np.tensordot(KRONROD, np.abs(values), axes=(0, 1)) * half
    return fine, np.abs(fine - coarse).max(axis=-1, initial=0.0), size


def graded(centers: np.ndarray, finest: np.ndarray, largest: float) -> np.ndarray:
    """Sorted cuts (cut,): the ``centers`` (center,) and points at growing distances from them.

    The distances grow from ``finest`` (center,) to ``largest`` by the factor RATIO.
    """
    cuts = [np.asarray(centers, dtype=float)]
    for center, first in zip(centers, finest, strict=True):
        count = max(0, int(np.ceil(np.log(largest / first) / np.log(RATIO))))
        steps = first * RATIO ** np.arange(count)
        cuts += [center - steps, center + steps]
    return np.sort(np.concatenate(cuts))


def cut(low: np.ndarray, high: np.ndarray, cuts: np.ndarray, least: float) -> Panels:
    """Panels of the pieces from low to high, cut at ``cuts`` (cut,), and labelled by piece.

    Cuts closer than ``least`` to a neighbour are left out.

    Parameters
    ----------
    low, high : (piece,);  cuts : (cut,), sorted
    """
    lows, highs, labels = [], [], []
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        inside = cuts[np.searchsorted(cuts, a + least) : np.searchsorted(cuts, b - least)]
        if len(inside):
            inside = inside[np.diff(inside, prepend=-np.inf) > least]
        edges = np.concatenate(([a], inside, [b]))
        lows.append(edges[:-1])
        highs.append(edges[1:])
        labels.append(np.full(len(edges) - 1, i))
    return Panels(*(np.concatenate(a) for a in (lows, highs, labels)))
