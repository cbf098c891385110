"""Accumulation, gaps and Chern number against one parameter."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..plotting import maps, panels, style
from ..plotting.units import accumulation_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a grid over one parameter")
KINDS = ("bulk", "ribbon", "wire", "flake")
AXES = 1
CAPTION = (
    "A grid over one parameter. Top: net accumulation and its parts at the left (y < 0) and the "
    "right edge, a row for each definition of the density; intraband: dissipative, for tau = hbar "
    "/ t0; interband: intrinsic. Bottom: gaps of the bulk and of the ribbon, and the Chern number "
    "of the filled bands. A point that is undefined, such as midgap without a gap, is left out."
)
SUMS = {
    "net": ("black", "s", "net"),
    "left_edge": (style.BLUE, "o", "left edge"),
    "right_edge": (style.VERMILION, "^", "right edge"),
}
GAPS = {
    "direct_gap": ("black", "-", "direct gap, bulk"),
    "indirect_gap": (style.GREY, (0, (4, 2)), "indirect gap, bulk"),
    "ribbon_gap": (style.GREEN, "-", "gap of the ribbon"),
}
PROCESSES = ("intraband", "interband")


@style.styled
def draw(
    systems: list[dict],
    gauge: str | None = None,
    fermi_energy: float | str | None = None,
    temperature: float | None = None,
) -> Figure:
    """Curves of the sums of every definition, gaps and Chern number beneath.

    Of gauge, Fermi energy and temperature the first is shown unless one is named.

    Raises
    ------
    UserError
        If there is not one system, or it is no grid over one parameter, or lacks what is named.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = systems[0]["response"]
    (name,) = maps.varying_axes(ds, 1) or maps.names_of_axes(ds)[:1]
    ds = maps.first_of_others(ds, [name])
    ds = ds.squeeze([other for other in maps.names_of_axes(ds) if other != name])
    if ds[name].dtype.kind in "iuf":
        ds = ds.sortby(name)
    definitions = ds.definition.values.tolist() if "definition" in ds else []
    if definitions:
        ds = panels.pick(ds, gauge=gauge, fermi_energy=fermi_energy, temperature=temperature)
    rows = len(definitions) + 1
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.7 + 1.7 * rows)
    axes = figure.subplots(rows, 2, sharex=True, squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
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
    sums = [_handle(*look) for look in SUMS.values()] if definitions else []
    style.legend_below(figure, [*sums, *handles])
    return figure


def _handle(color: str, marker: str, label: str) -> Line2D:
    return Line2D([], [], color=color, marker=marker, label=label)


def _sums(ax, x: np.ndarray, ds: xr.Dataset) -> None:
    style.zero_line(ax)
    values = np.array([ds[name].values for name in SUMS])
    for one, (color, marker, _) in zip(values, SUMS.values(), strict=True):
        ax.plot(x, one, color=color, marker=marker)
    ax.set_ylabel(f"Accumulation ({accumulation_units(ds.net.attrs['units'])})")
    finite = np.abs(values[np.isfinite(values)])
    if not len(finite):
        panels.note(ax, "undefined at every point")
    elif finite.max() < panels.ZERO:
        ax.set_ylim(-1, 1)
        panels.note(ax, "zero")


def _gaps(ax, x: np.ndarray, ds: xr.Dataset) -> list[Line2D]:
    handles = []
    style.zero_line(ax)
    for name, (color, line, label) in GAPS.items():
        if name in ds and np.isfinite(ds[name].values).any():
            ax.plot(x, ds[name], color=color, linestyle=line, marker=".")
            handles.append(Line2D([], [], color=color, linestyle=line, label=label))
    if not handles:
        panels.note(ax, "no gaps: see the variable status")
    ax.set_ylabel("Gap ($t_0$)")
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
