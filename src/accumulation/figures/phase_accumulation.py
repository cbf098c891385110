"""Accumulation at the right edge over the phase diagram, dissipative and not."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..plotting import maps, panels, style
from ..plotting.naming import edge_of_geometry
from ..plotting.panels import PROCESSES
from ..plotting.units import accumulation_units

NEEDS = ("response",)
SYSTEMS = (1, 8, "grids over two parameters")
KINDS = ("ribbon", "wire", "flake")
AXES = 2
CHOICES = {"quantity": ("net", "left_edge", "right_edge", "edge_even", "edge_odd")}
CAPTION = (
    "Orbital moment accumulated at the right edge (y > 0) at midgap, T = 0, over the phase diagram "
    "of ribbons with two kinds of edges. Left: intraband, dissipative (for tau = hbar / t0): it "
    "needs edge states at the Fermi level, so it is confined to the topological phase. Right: "
    "interband, nondissipative: identically zero for the zigzag edge by T M_x, finite in both "
    "phases for the chiral edge. Dashed: bulk transition; at finite width there is a gap "
    "on its inner side, and at phi = +-pi/2, where the edges' bands cross exactly at midgap. "
    "Hatched: midgap undefined, as the bulk has no gap."
)


@style.styled
def draw(
    systems: list[dict],
    definition: str = "local",
    gauge: str = "atomic",
    fermi_energy: str | float = "midgap",
    quantity: str = "right_edge",
) -> Figure:
    """A row of two maps for each ribbon.

    Raises
    ------
    UserError
        If a system is not a grid over two parameters or lacks a selected value.
    """
    panels.one_of("quantity", quantity, CHOICES["quantity"])
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.3 + 2.3 * len(systems))
    axes = figure.subplots(len(systems), 2, sharex=True, sharey=True, squeeze=False)
    letters = iter("abcdefghijklmnop")
    for row, system in zip(axes, systems, strict=True):
        ds = maps.chosen(system["response"], definition, gauge, fermi_energy)
        units = accumulation_units(ds[quantity].attrs["units"])
        for ax, process in zip(row, PROCESSES, strict=True):
            values = ds[quantity].sel(process=process)
            edge = edge_of_geometry(ds)
            style.letter(ax, next(letters), f"{edge}, {process}")
            zero = np.nanmax(np.abs(values.values), initial=0.0) < panels.ZERO
            norm = maps.diverging(np.zeros(1) if zero else values.values)
            artist = maps.draw_map(ax, ds, values, style.ACROSS, norm)
            if zero:
                panels.note(ax, "identically zero", height=0.94)  # above the boundary
            maps.color_bar(figure, ax, artist, f"Accumulation ({units})")
            ax.label_outer()
    return figure
