"""Slabs: the atomic layers that they have, and what accumulates in each."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import UserError
from ..plotting import panels, style
from ..plotting.panels import PROCESSES
from ..plotting.parameters import geometry_of, model_of, options_of
from ..plotting.units import accumulation_units, per_time, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 6, "slabs")
THEORY = "slab"
# Names of orbitals that a legend has room for.
MOST_NAMES = 8
CAPTION = (
    "Slabs, periodic in the plane of the field (along x) and open along the normal y. For each, "
    "from the left: the orbitals of the surface cell, which show the termination; the accumulation "
    "of each atomic layer per area at the Fermi surface (intraband, dissipative) and below it "
    "(interband, intrinsic), with a line from layer to layer. The intraband part is in "
    "proportion to tau and drawn for tau = hbar / t0 (hbar / eV of a model in eV). Every panel has "
    "its own range, symmetric about zero."
)


@style.styled
def draw(
    systems: list[dict],
    definition: str | None = None,
    fermi_energy: float | None = None,
    temperature: float | None = None,
) -> Figure:
    """A row for each slab: its termination, and both processes layer by layer.

    Where a slab is a grid, its first point is drawn.

    Raises
    ------
    UserError
        If a system is no slab, or lacks a selected value.
    """
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.3 + 2.4 * len(systems))
    rows = figure.subfigures(len(systems), 1, squeeze=False)[:, 0]
    letters = iter(style.LETTERS)
    for part, system in zip(rows, systems, strict=True):
        ds = _selected(system["response"], definition, fermi_energy, temperature)
        name = model_of(ds)["name"].replace("_", " ")
        plane = geometry_of(ds).get("plane") or options_of(ds).get("plane")
        surface = f" ({' '.join(map(str, plane))})" if plane else ""
        level = f"$E_F={float(ds.fermi_energy):.3g}\\,{symbol('t0')}$"
        title = f"{name}{surface}: {ds.density_name.item()}, {level}"
        part.suptitle(title, fontsize=8, x=0.02, ha="left")
        axes = part.subplots(1, 3, width_ratios=[0.8, 1.1, 1.1], sharey=True)
        style.letter(axes[0], next(letters), "termination")
        _termination(axes[0], ds)
        for ax, process in zip(axes[1:], PROCESSES, strict=True):
            style.letter(ax, next(letters), process)
            _by_layer(ax, ds.sel(process=process), process)
        axes[0].set_ylabel(f"$y$ ({tex_units('a')})")
    return figure


def _selected(ds: xr.Dataset, definition, fermi_energy, temperature) -> xr.Dataset:
    if "value_status" not in ds:
        raise UserError("systems", ds.attrs.get("system", ""), "slabs")
    own = ("definition", "process", "fermi_energy", "temperature", "row")
    first = {dim: 0 for dim in ds.dims if dim not in own}
    ds = ds.isel(first)
    ds = panels.pick(ds, definition=definition, fermi_energy=fermi_energy, temperature=temperature)
    return ds.set_coords([name for name in ("process",) if name in ds])


def _termination(ax, ds: xr.Dataset) -> None:
    """The orbitals of the surface cell, seen along z."""
    names = ds.sublattice.values
    for number, name in enumerate(dict.fromkeys(names.tolist())):
        here = names == name
        label = name if number < MOST_NAMES else None
        color = f"C{number % 10}"
        ax.plot(ds.x.values[here], ds.y.values[here], "o", ms=3.5, color=color, label=label)
    ax.set_xlabel(f"$x$ ({tex_units('a')})")
    if len(set(names.tolist())) <= MOST_NAMES:
        ax.legend(fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _by_layer(ax, ds: xr.Dataset, process: str) -> None:
    y, layer = np.unique(np.round(ds.y.values, 6), return_inverse=True)
    net = np.bincount(layer.reshape(-1), weights=ds.accumulation.values, minlength=len(y))
    look = style.ROLES[process]
    ax.plot(net, y, color=look["color"], marker=look["marker"], linewidth=0.8, markersize=4)
    ax.axvline(0, color=style.GREY, linewidth=0.5, zorder=0)
    peak = np.nanmax(np.abs(net), initial=0.0)
    remark = panels.remark_on(net)
    if remark:
        ax.text(0.75, 0.8, remark, transform=ax.transAxes, ha="center", fontsize=7)
    panels.doubt(ax, ds)
    limit = 1.15 * peak if peak > panels.ZERO else 1.0
    ax.set_xlim(-limit, limit)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    # Per area: one power of a below the unit of what accumulates per length.
    units = ds.density_units.item()
    units += " a" if "/" in units else " / a"
    factor = f" {per_time()}" if process == "intraband" else ""
    ax.set_xlabel(f"Accumulation ({accumulation_units(units)}{factor})")
