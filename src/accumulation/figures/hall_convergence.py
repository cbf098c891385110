"""Convergence of the quadratures of the Hall conductivity with the mesh."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import style
from ..plotting.parameters import options_of
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a crystal")
THEORY = "hall_convergence"
CAPTION = (
    "Error of the charge Hall conductivity against the number of k points, for crystals with "
    "smaller and smaller gaps. Left: in the gap, against the integer; uniform meshes converge as "
    "the curvature's Fourier components (lines: sum of exp(-N |R| m / v) / 2 over lattice vectors "
    "R, no fit), adaptive squares need hardly more points for a smaller gap. Right: at a level in "
    "the band: uniform meshes at a temperature against "
    "adaptive quadrature, linear triangles at zero temperature (root mean square over levels "
    "within 5 %) against pockets in polar coordinates."
)
FLOOR = 3e-15


@style.styled
def draw(systems: list[dict]) -> Figure:
    """Errors in the gap (left) and in the band (right)."""
    ds = systems[0]["response"]
    axes = ds.half_gap.dims
    points = [ds] if not axes else [ds.isel({axes[0]: i}) for i in range(ds.sizes[axes[0]])]
    points = sorted(points, key=lambda point: -point.half_gap.item())
    colors = (style.BLUE, style.ORANGE, style.VERMILION, style.GREEN, style.PURPLE)
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.8)
    left, right = figure.subplots(1, 2, sharex=True)
    for crystal, color in zip(points, colors, strict=False):
        count = crystal.points.values**2
        look = {"color": color, "linestyle": "none"}
        left.loglog(count, np.maximum(crystal.gap_error, FLOOR), marker="o", **look)
        left.loglog(count, crystal.gap_error_predicted, color=color, linewidth=0.6)
        left.loglog(
            crystal.adaptive_points, np.maximum(crystal.adaptive_error, FLOOR), marker="D",
            markerfacecolor="white", color=color, linestyle=(0, (1, 1)),
        )  # fmt: skip
        right.loglog(count, np.maximum(crystal.warm_error, FLOOR), marker="o", color=color)
        right.loglog(
            count, crystal.sharp_error, marker="^", color=color, markerfacecolor="white",
            linestyle=(0, (4, 2)),
        )  # fmt: skip
    guide = np.array([2e3, 3e4])
    right.loglog(guide, 3 / guide, color=style.GREY, linewidth=0.6)
    right.annotate("$N^{-2}$", (guide[1], 3 / guide[1]), xytext=(3, 0), textcoords="offset points")
    for ax, letter, title in (
        (left, "a", "in the gap"),
        (right, "b", f"in the band, {_level(ds)}"),
    ):
        ax.set_xlabel("number of $k$ points")
        ax.set_ylim(1e-15, 3e2)
        style.letter(ax, letter, title)
    left.set_ylabel(r"error of $\sigma_{yx}$ ($e^2/h$)")
    gaps = [2 * crystal.half_gap.item() for crystal in points]
    grey = {"color": style.GREY}
    handles = [
        *(
            Line2D(
                [], [], color=color, marker="o", linestyle="none",
                label=f"gap {gap:.2g} {tex_units('t0')}",
            )
            for gap, color in zip(gaps, colors, strict=False)
        ),
        Line2D([], [], marker="o", linestyle="none", label="uniform mesh", **grey),
        Line2D([], [], linewidth=0.6, label="predicted", **grey),
        Line2D([], [], marker="D", markerfacecolor="white", linestyle=(0, (1, 1)),
               label="adaptive", **grey),
        Line2D([], [], marker="^", markerfacecolor="white", linestyle=(0, (4, 2)),
               label="triangles, $T=0$", **grey),
    ]  # fmt: skip
    style.legend_below(figure, handles)
    return figure


def _level(ds) -> str:
    options = options_of(ds)
    level, temperature = options["fermi_energy"], options["temperature"]
    return rf"$E_F={level:g}\,{symbol('t0')}$; circles: $k_BT={temperature:g}\,{symbol('t0')}$"
