"""Cuts through the transition: accumulation and gaps against one parameter."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import maps, panels, style
from ..plotting.naming import edge_of_geometry
from ..plotting.units import accumulation_units, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 6, "grids over phi and one more parameter")
KINDS = ("ribbon",)
AXES = 2
AXIS = ("phi",)
CAPTION = (
    "A cut through the phase diagram at fixed flux, across both transitions (dashed). Top: orbital "
    "moment at the right edge at midgap, intraband (for tau = hbar / t0) and interband. Bottom: "
    "direct gap of the bulk and gap of the ribbon, which the edge states close inside the "
    "topological phase."
)


@style.styled
def draw(
    systems: list[dict],
    phi: float = 0.9424777960769379,
    definition: str = "local",
    gauge: str = "atomic",
    fermi_energy: str | float = "midgap",
) -> Figure:
    """A column for each ribbon, at the value of phi nearest to ``phi``.

    Raises
    ------
    UserError
        If a system has no axes phi and one more.
    """
    figure = style.new_figure(style.DOUBLE_COLUMN, 3.6)
    axes = figure.subplots(2, len(systems), sharex=True, squeeze=False, height_ratios=[1.5, 1])
    for top, bottom, system, name in zip(axes[0], axes[1], systems, "abcdef", strict=False):
        ds = maps.chosen(system["response"], definition, gauge, fermi_energy)
        _, up = maps.map_axes(ds)
        cut = ds.sel(phi=phi, method="nearest").sortby(up)
        label, x = maps.scaled(cut, up)
        for process in panels.PROCESSES:
            look = {k: v for k, v in style.ROLES[process].items() if k != "label"}
            values = cut.right_edge.sel(process=process)
            top.plot(x, values, **look, clip_on=False)
        style.zero_line(top)
        edge = edge_of_geometry(ds)
        style.letter(top, name, rf"{edge}, $\varphi={float(cut.phi) / np.pi:.2g}\,\pi$")
        bottom.plot(x, cut.direct_gap, color="black")
        bottom.plot(x, cut.ribbon_gap, color=style.GREEN, marker="s")
        bottom.set_xlabel(label)
        bottom.set_ylim(bottom=0)
        if up == "delta":
            for sign in (-1, 1):
                place = sign * 3 * np.sqrt(3) * abs(np.sin(float(cut.phi)))
                for ax in (top, bottom):
                    ax.axvline(place, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 2)))
    axes[0][0].set_ylabel(f"Accumulation ({accumulation_units(cut.right_edge.attrs['units'])})")
    axes[1][0].set_ylabel(f"Gap ({tex_units('t0')})")
    gaps = [
        Line2D([], [], color="black", label="direct gap, bulk"),
        Line2D([], [], color=style.GREEN, marker="s", label="gap of the ribbon"),
    ]
    style.legend_below(figure, [*panels.process_handles(), *gaps])
    return figure
