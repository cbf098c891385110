"""How far an edge reaches near the phase boundary, and what a narrow ribbon gets wrong."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import style
from ..plotting.units import tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a grid of crystals towards the phase boundary")
THEORY = "edge_decay"
CAPTION = (
    "Interband accumulation of an edge near the boundary between the trivial phase (filled "
    "markers) and the topological one (open). (a) What the widest ribbon accumulates beyond a "
    "distance from its edge (of moments: the current of which it is the moment), over that beyond "
    "one length hbar v / gap, against the "
    "distance in units of that length; dotted: exponential decay. (b) Length of the decay, fitted, "
    "against hbar v / gap of the Dirac cone, if the ribbon is wide enough; dotted: equal. "
    "(c) Relative difference of the edge "
    "accumulation of narrower ribbons from the widest against the gap of the crystal; the "
    "narrowest has the width of the phase diagram of the default study. At 1 both are unrelated."
)
# Beyond so many lengths the other edge is near.
SHOWN = 8.0
# Entries of a row of the legend.
COLUMNS = 9
FLOOR = 1e-16


@style.styled
def draw(systems: list[dict]) -> Figure:
    """Decay (left), its length (middle) and the error of narrow ribbons (right)."""
    points = sorted(_points(systems[0]["response"]), key=lambda point: -point.gap.item())
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.9)
    decay, length, narrow = figure.subplots(1, 3)
    colors = style.ENERGY(np.linspace(0.0, 0.9, len(points)))
    for point, color in zip(points, colors, strict=True):
        x = point.distance.values / point.dirac_length.item()
        tail = point.edge_tail.values
        unit = np.abs(np.interp(1.0, x, tail))
        shown = (x <= min(SHOWN, 0.6 * x[-1])) & (tail != 0)
        style_of = "-" if point.chern.item() == 0 else "--"
        decay.semilogy(x[shown], np.abs(tail[shown]) / unit, style_of, color=color,
                       linewidth=1.0)  # fmt: skip
        face = color if point.chern.item() == 0 else "white"
        length.plot(point.dirac_length, point.decay_length, "o", color=color, markersize=5,
                      markerfacecolor=face)  # fmt: skip
    guide = np.array([1.0, SHOWN])
    decay.semilogy(guide, np.exp(1 - guide), ":", color="black", linewidth=1.0, zorder=0)
    decay.set_ylim(1e-4, 30)
    ends = np.array([point.dirac_length.item() for point in points])
    guide = np.array([0.0, 1.1 * ends.max()])
    length.plot(guide, guide, ":", color="black", linewidth=1.0, zorder=0)
    markers = ("o", "s", "D", "^", "v", "P")
    widths = points[0].widths.values[:-1]
    for number, marker in zip(range(len(widths)), markers, strict=False):
        for point, color in zip(points, colors, strict=True):
            face = color if point.chern.item() == 0 else "white"
            value = max(point.finite_width.values[number], FLOOR)
            narrow.semilogy(point.gap, value, marker, color=color, markersize=4.5,
                          markerfacecolor=face)  # fmt: skip
    _labels(decay, length, narrow)
    handles = [
        Line2D([], [], color=color, label=f"gap {point.gap.item():.2g} {tex_units('t0')}")
        for point, color in zip(points, colors, strict=True)
    ]
    handles += [
        Line2D([], [], marker=marker, color=style.GREY, linestyle="none", label=f"width {width}")
        for width, marker in zip(widths, markers, strict=False)
    ]
    style.legend_below(figure, handles, min(len(handles), COLUMNS))
    return figure


def _points(ds: xr.Dataset) -> list[xr.Dataset]:
    """The points of a grid, each a dataset without axes."""
    axes = ds.gap.dims
    if not axes:
        return [ds]
    stacked = ds.stack(point=axes)
    return [stacked.isel(point=i) for i in range(stacked.sizes["point"])]


def _labels(decay, length, narrow) -> None:
    decay.set_xlabel(r"distance from the edge ($\hbar v/$gap)")
    decay.set_ylabel("tail beyond it, relative")
    length.set_xlabel(rf"$\hbar v/$gap ({tex_units('a')})")
    length.set_ylabel(f"length of the decay ({tex_units('a')})")
    narrow.set_xlabel(f"gap of the crystal ({tex_units('t0')})")
    narrow.set_ylabel("relative error of the width")
    for ax, letter in ((decay, "a"), (length, "b"), (narrow, "c")):
        style.letter(ax, letter, "")
