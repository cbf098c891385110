"""Accumulation, gaps and Chern number over two parameters."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from ..plotting import grid_panels, maps, panels, style
from ..plotting.grid_panels import SUMS
from ..plotting.panels import PROCESSES
from ..plotting.units import accumulation_units, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a grid over two or more parameters")
KINDS = ("bulk", "ribbon", "wire", "flake")
AXES = (2, None)
CAPTION = (
    "A grid over two parameters; further ones have their first value, given above the panels. For "
    "each definition of the density: net accumulation and its parts at the left (y < 0) and the "
    "right edge, intraband (dissipative, for tau = hbar / t0, or hbar / eV of a model in eV) above "
    "interband (intrinsic). Below: "
    "direct gap of the bulk, gap of the ribbon, Chern number of the filled bands. Hatched: "
    "undefined, such as midgap without a gap."
)
GAPS = ("direct_gap", "ribbon_gap")


@style.styled
def draw(
    systems: list[dict],
    gauge: str | None = None,
    fermi_energy: float | str | None = None,
    temperature: float | None = None,
) -> Figure:
    """Maps of the sums of every definition, with gaps and Chern number below.

    The default of gauge, Fermi energy and temperature is the first value of the grid.

    Raises
    ------
    UserError
        If there is not one system, it is not a grid over two parameters, or it lacks a value.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = systems[0]["response"]
    shown = maps.varying_axes(ds, 2)[:2]
    text = maps.text_of_others(ds, shown)
    ds = maps.first_of_others(ds, shown)
    ds, definitions = grid_panels.selected(ds, gauge, fermi_energy, temperature)
    below = [name for name in (*GAPS, "chern") if name in ds]
    rows = 2 * len(definitions) + 1
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.5 + 1.75 * rows)
    if text:
        figure.suptitle(text, fontsize=8)
    axes = figure.subplots(rows, 3, sharex=True, sharey=True, squeeze=False)
    letters = iter(style.LETTERS * 2)
    for number in range(rows - 1):
        definition, process = definitions[number // 2], PROCESSES[number % 2]
        response = ds.sel(definition=definition, process=process)
        for ax, name in zip(axes[number], SUMS, strict=True):
            title = f"{definition}, {SUMS[name]}" if name == "net" else SUMS[name]
            style.letter(ax, next(letters), title)
            _sum(figure, ax, response, name, process)
    for ax, name in zip(axes[-1], below, strict=False):
        style.letter(ax, next(letters), grid_panels.GAPS.get(name, "topology"))
        _below(figure, ax, ds, name)
    for ax in axes[-1, len(below) :]:
        ax.set_axis_off()
    for ax in axes.flat:
        ax.label_outer()
    return figure


def _sum(figure, ax, ds: xr.Dataset, name: str, process: str) -> None:
    values = ds[name]
    zero = np.nanmax(np.abs(values.values), initial=0.0) < panels.ZERO
    norm = maps.diverging(np.zeros(1) if zero else values.values)
    artist = maps.draw_map(ax, ds, values, style.ACROSS, norm)
    if zero:
        panels.note(ax, "zero", height=0.9)
    maps.color_bar(figure, ax, artist, f"{process} ({accumulation_units(values.attrs['units'])})")


def _below(figure, ax, ds: xr.Dataset, name: str) -> None:
    values = ds[name]
    if name != "chern":
        artist = maps.draw_map(ax, ds, values, "cividis")
        figure.colorbar(artist, ax=ax, label=f"Gap ({tex_units('t0')})")
        return
    top = int(np.nanmax(np.abs(values.values), initial=1.0))
    edges = np.arange(-top - 0.5, top + 1)
    norm = BoundaryNorm(edges, maps.CHERN.N if top == 1 else 256)
    artist = maps.draw_map(ax, ds, values, maps.CHERN if top == 1 else style.ACROSS, norm)
    step = max(1, top // 3)
    figure.colorbar(artist, ax=ax, ticks=range(-top, top + 1, step), label="Chern number $C$")
