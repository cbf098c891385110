"""Where over the phase diagram the accumulation is dissipative, and where it is not."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..plotting import maps, style
from ..plotting.naming import edge_of_geometry

NEEDS = ("response",)
SYSTEMS = (1, 6, "grids over two parameters")
KINDS = ("ribbon", "wire", "flake")
AXES = 2
CAPTION = (
    "Is the accumulation at the edges dissipative? At each point of the phase diagram (midgap, "
    "T = 0): none, only interband (the filled bands, no dissipation), only intraband (a current of "
    "edge states at the Fermi level, dissipative), or both. Dashed: bulk transition; between it "
    "and the region without edge states the finite width of the ribbon leaves a gap. Hatched: no "
    "bulk gap."
)
COLORS = ["#F2F2F2", style.ORANGE, style.BLUE, style.PURPLE]
LABELS = ["none", "interband only: nondissipative", "intraband only: dissipative", "both"]


@style.styled
def draw(
    systems: list[dict],
    definition: str = "local",
    gauge: str = "atomic",
    fermi_energy: str | float = "midgap",
    threshold: float = 1e-6,
) -> Figure:
    """One map for each ribbon; accumulations below ``threshold`` count as zero.

    Raises
    ------
    UserError
        If a system is not a grid over two parameters or lacks a selected value.
    """
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.9)
    axes = figure.subplots(1, len(systems), sharey=True, squeeze=False)[0]
    for ax, system, name in zip(axes, systems, "abcdef", strict=False):
        ds = maps.chosen(system["response"], definition, gauge, fermi_energy)
        kinds = _kinds(ds, threshold)
        norm = BoundaryNorm([-0.5, 0.5, 1.5, 2.5, 3.5], 4)
        maps.draw_map(ax, ds, kinds, ListedColormap(COLORS), norm)
        style.letter(ax, name, edge_of_geometry(ds))
        ax.label_outer()
    handles = [
        Patch(facecolor=color, edgecolor=style.GREY, linewidth=0.4, label=label)
        for color, label in zip(COLORS, LABELS, strict=True)
    ]
    undefined = Patch(**maps.UNDEFINED, label="undefined")
    style.legend_below(figure, [*handles, undefined])
    return figure


def _kinds(ds: xr.Dataset, threshold: float) -> xr.DataArray:
    """0 none, 1 interband, 2 intraband, 3 both; NaN where undefined."""
    largest = np.maximum(np.abs(ds.left_edge), np.abs(ds.right_edge))
    present = largest > threshold
    kinds = present.sel(process="interband", drop=True) + 2 * present.sel(
        process="intraband", drop=True
    )
    return kinds.where(np.isfinite(ds.fermi_level))
