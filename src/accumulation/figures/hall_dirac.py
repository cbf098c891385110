"""Valley and orbital Hall conductivities of gapped graphene against the massive Dirac cone."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..errors import UserError
from ..plotting import style
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a grid over the gap")
THEORY = "hall_dirac"
AXES = 1
CAPTION = (
    "Left: valley and orbital Hall conductivities over the plateaus of the Dirac cone, against the "
    "Fermi energy over half the gap Delta, for several Delta; lines: the cone, Delta / E_F and its "
    "third power. Right: distance of the plateaus in the gap from the cone's, 1 e / h and "
    "-t0^2 a^2 / (8 Delta), with the powers of Delta that are left (dashed: 1 and 2)."
)


@style.styled
def draw(systems: list[dict]) -> Figure:
    """Decay outside the gap, and convergence of the plateaus.

    Raises
    ------
    UserError
        If the system is not one grid over one parameter.
    """
    ds = systems[0]["response"]
    if ds.half_gap.ndim != 1 or ds.sizes[ds.half_gap.dims[0]] < 2:
        raise UserError("systems", "no grid over one parameter", "a grid over the gap")
    axis = ds.half_gap.dims[0]
    ds = ds.sortby(ds.half_gap)
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.8)
    left, right = figure.subplots(1, 2)
    # The plateau of the cone: its value at the first level, which lies in the gap.
    orbital = ds.orbital_moment / ds.orbital_moment_dirac.isel(level=0)
    level = ds.level.isel({axis: 0}) if axis in ds.level.dims else ds.level
    _decay(left, ds, orbital, level.values, axis)
    _plateaus(right, ds, orbital)
    style.letter(left, "a", "decay outside the gap")
    style.letter(right, "b", "plateaus in the gap")
    return figure


def _decay(ax, ds, orbital, level, axis) -> None:
    fine = np.linspace(0, level.max(), 301)
    inside = 1 / np.maximum(fine, 1)
    shades = style.ENERGY(np.linspace(0.0, 0.85, ds.sizes[axis]))
    for power, marker, values in ((1, "o", ds.valley), (3, "s", orbital)):
        ax.plot(fine, inside**power, color=style.GREY, zorder=0)
        for number, shade in enumerate(shades):
            ratios = values.isel({axis: number}).values
            ax.plot(level, ratios, linestyle="none", marker=marker, color=shade, markersize=3.6)
    ax.set_xlabel(r"$E_F/\Delta$")
    ax.set_ylabel(r"$\sigma_{yx}$ / plateau of the cone")
    ax.set_ylim(0, 1.08)
    handles = [
        Line2D([], [], linestyle="none", marker="o", color="black", label="valley"),
        Line2D([], [], linestyle="none", marker="s", color="black", label="orbital moment"),
        Line2D([], [], color=style.GREY, label="cone"),
        *(
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                color=shade,
                label=rf"$\Delta={gap:.2g}\,{symbol('t0')}$",
            )
            for gap, shade in zip(ds.half_gap.values, shades, strict=True)
        ),
    ]
    style.legend_below(ax.figure, handles)


def _plateaus(ax, ds, orbital) -> None:
    gap = ds.half_gap.values
    for values, power, color, marker, label in (
        (ds.valley, 1, style.GREEN, "o", "valley"),
        (orbital, 2, style.BLUE, "s", "orbital moment"),
    ):
        distance = np.abs(values.isel(level=0).values - 1)
        ax.loglog(gap, distance, linestyle="none", marker=marker, color=color, label=label)
        guide = distance[0] * (gap / gap[0]) ** power
        ax.loglog(gap, guide, color=color, linestyle=(0, (4, 2)), linewidth=0.6)
    ax.set_xlabel(rf"$\Delta$ ({tex_units('t0')})")
    ax.set_ylabel("relative distance from the cone")
    ax.legend(loc="upper left", frameon=False, handletextpad=0.2)
