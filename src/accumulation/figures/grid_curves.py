"""Accumulation, gaps and Chern number against one parameter."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..plotting import grid_panels, maps, panels, style
from ..plotting.panels import PROCESSES
from ..plotting.parameters import axes_of
from ..plotting.units import accumulation_units, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a grid over one parameter")
KINDS = ("bulk", "ribbon", "wire", "flake")
AXES = 1
CAPTION = (
    "A grid over one parameter. Top: net accumulation and its parts at the left (y < 0) and the "
    "right edge, a row for each definition of the density; intraband: dissipative, for tau = hbar "
    "/ t0 (hbar / eV of a model in eV); interband: intrinsic. Bottom: gaps of the bulk and of the "
    "ribbon, and the Chern number "
    "of the filled bands. A point that is undefined, such as midgap without a gap, is left out."
)
# Look of the sums and gaps of grid_panels.
SUMS = {
    "net": {"color": "black", "marker": "s"},
    "left_edge": {"color": style.BLUE, "marker": "o"},
    "right_edge": {"color": style.VERMILION, "marker": "^"},
}
GAPS = {
    "direct_gap": {"color": "black", "linestyle": "-"},
    "indirect_gap": {"color": style.GREY, "linestyle": style.DASHED},
    "ribbon_gap": {"color": style.GREEN, "linestyle": "-"},
}


@style.styled
def draw(
    systems: list[dict],
    gauge: str | None = None,
    fermi_energy: float | str | None = None,
    temperature: float | None = None,
) -> Figure:
    """Curves of the sums of every definition, with gaps and Chern number below.

    The default of gauge, Fermi energy and temperature is the first value of the grid.

    Raises
    ------
    UserError
        If there is not one system, it is not a grid over one parameter, or it lacks a value.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = systems[0]["response"]
    (name,) = maps.varying_axes(ds, 1) or axes_of(ds)[:1]
    ds = maps.first_of_others(ds, [name])
    ds = ds.squeeze([other for other in axes_of(ds) if other != name])
    if ds[name].dtype.kind in "iuf":
        ds = ds.sortby(name)
    ds, definitions = grid_panels.selected(ds, gauge, fermi_energy, temperature)
    rows = len(definitions) + 1
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.7 + 1.7 * rows)
    axes = figure.subplots(rows, 2, sharex=True, squeeze=False)
    letters = iter(style.LETTERS)
    label, x = maps.scaled(ds, name)
    for row, definition in zip(axes, definitions, strict=False):
        for ax, process in zip(row, PROCESSES, strict=True):
            _sums(ax, x, ds.sel(definition=definition, process=process))
            style.letter(ax, next(letters), f"{definition}, {process}")
    handles = _gaps(axes[-1, 0], x, ds)
    style.letter(axes[-1, 0], next(letters), "gaps")
    _chern(axes[-1, 1], x, ds)
    style.letter(axes[-1, 1], next(letters), "topology")
    for ax in axes[-1]:
        maps.label_values(ax.xaxis, ds, name)
        ax.set_xlabel(label)
    sums = [Line2D([], [], label=grid_panels.SUMS[name], **look) for name, look in SUMS.items()]
    style.legend_below(figure, [*(sums if definitions else []), *handles])
    return figure


def _sums(ax, x: np.ndarray, ds: xr.Dataset) -> None:
    style.zero_line(ax)
    values = np.array([ds[name].values for name in SUMS])
    for curve, look in zip(values, SUMS.values(), strict=True):
        ax.plot(x, curve, **look)
    ax.set_ylabel(f"Accumulation ({accumulation_units(ds.net.attrs['units'])})")
    remark = panels.remark_on(values)
    if remark:
        ax.set_ylim(-1, 1)
        panels.note(ax, remark)


def _gaps(ax, x: np.ndarray, ds: xr.Dataset) -> list[Line2D]:
    handles = []
    style.zero_line(ax)
    for name, look in GAPS.items():
        if name in ds and np.isfinite(ds[name].values).any():
            ax.plot(x, ds[name], marker=".", **look)
            handles.append(Line2D([], [], label=grid_panels.GAPS[name], **look))
    if not handles:
        panels.note(ax, "no gaps: see the variable status")
    ax.set_ylabel(f"Gap ({tex_units('t0')})")
    return handles


def _chern(ax, x: np.ndarray, ds: xr.Dataset) -> None:
    values = ds.chern.values if "chern" in ds else np.full(len(x), np.nan)
    style.zero_line(ax)
    ax.plot(x, values, color="black", marker="o", linestyle="none")
    if not np.isfinite(values).any():
        panels.note(ax, "Chern number undefined: see the variable status", 0.7)
    top = np.nanmax(np.abs(values), initial=1.0) + 0.5
    ax.set_ylim(-top, top)
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set_ylabel("Chern number $C$")
