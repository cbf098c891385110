"""What accumulates across ribbons and wires of any width, at their edges and in between."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..plotting import panels, style
from ..plotting.panels import PROCESSES
from ..plotting.parameters import model_of
from ..plotting.units import accumulation_units, per_time, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 6, "ribbons or wires with a solver")
THEORY = "accumulation_profile"
# Names of orbitals that a legend has room for.
MOST_NAMES = 6
# Width, in a, beyond which the two edges are drawn apart, and how much of each.
WIDE, EDGE = 80.0, 20.0
CAPTION = (
    "Accumulation by row across ribbons or wires. For each, left: the Fermi surface (intraband, "
    "dissipative, in proportion to tau and drawn for tau = hbar / t0, hbar / eV of a model in eV); "
    "right: the filled bands (interband, intrinsic). Orbitals of one sublattice are joined by a "
    "line. Of a wide ribbon the outermost rows at both edges are drawn, the axis being the "
    "distance from each."
)


@style.styled
def draw(
    systems: list[dict],
    definition: str | None = None,
    fermi_energy: float | None = None,
    temperature: float | None = None,
) -> Figure:
    """A row for each system, with both processes.  Where it is a grid, its first point is drawn.

    Raises
    ------
    UserError
        If a system lacks a selected value.
    """
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.3 + 2.5 * len(systems))
    rows = figure.subfigures(len(systems), 1, squeeze=False)[:, 0]
    letters = iter(style.LETTERS)
    for part, system in zip(rows, systems, strict=True):
        ds = _selected(system["response"], definition, fermi_energy, temperature)
        name, level = model_of(ds)["name"].replace("_", " "), round(float(ds.fermi_energy), 9)
        title = f"{name}: {ds.density_name.item()}, $E_F={level + 0.0:.3g}\\,{symbol('t0')}$"
        part.suptitle(f"{title}, {ds.sizes['row']} rows", fontsize=8, x=0.02, ha="left")
        for ax, process in zip(part.subplots(1, 2), PROCESSES, strict=True):
            style.letter(ax, next(letters), process)
            _profile(ax, ds.sel(process=process), process)
    return figure


def _selected(ds: xr.Dataset, definition, fermi_energy, temperature) -> xr.Dataset:
    own = ("definition", "process", "fermi_energy", "temperature", "row", "edge")
    ds = ds.isel({dim: 0 for dim in ds.dims if dim not in own})
    ds = panels.pick(ds, definition=definition, fermi_energy=fermi_energy, temperature=temperature)
    return ds.set_coords("process")


def _profile(ax, ds: xr.Dataset, process: str) -> None:
    y, value, names = ds.y.values, ds.accumulation.values, ds.sublattice.values
    look, wide = style.ROLES[process], np.ptp(y) > WIDE
    for number, name in enumerate(dict.fromkeys(names.tolist())):
        at_lower = (names == name) & ((y < y.min() + EDGE) | (not wide))
        at_upper = (names == name) & (y > y.max() - EDGE) & wide
        for here, origin in ((at_lower, y.min() + EDGE + 1), (at_upper, y.max() - EDGE - 1)):
            place = y[here] - (origin if wide else 0.0)
            filled = look["color"] if number == 0 else "white"
            ax.plot(
                place, value[here], marker=look["marker"], color=look["color"], linewidth=0.6,
                markersize=3, markerfacecolor=filled, label=name if here is at_lower else None,
            )  # fmt: skip
    if wide:
        ticks = np.array([-EDGE - 1, -EDGE / 2 - 1, -1, 1, EDGE / 2 + 1, EDGE + 1])
        labels = ["0", f"{EDGE / 2:g}", "", "", f"{EDGE / 2:g}", "0"]
        ax.set_xticks(ticks, labels)
        ax.axvspan(-1, 1, color=style.GREY, alpha=0.3, linewidth=0)
        ax.set_xlabel(f"Distance from the lower, and from the upper edge ({tex_units('a')})")
    else:
        ax.set_xlabel(f"$y$ ({tex_units('a')})")
    ax.axhline(0, color=style.GREY, linewidth=0.5, zorder=0)
    peak = np.nanmax(np.abs(value), initial=0.0)
    remark = panels.remark_on(value)
    if remark:
        panels.note(ax, remark)
    panels.doubt(ax, ds)
    limit = 1.15 * peak if peak > panels.ZERO else 1.0
    ax.set_ylim(-limit, limit)
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    factor = f" {per_time()}" if process == "intraband" else ""
    ax.set_ylabel(f"Accumulation ({accumulation_units(ds.density_units.item())}{factor})")
    if 1 < len(set(names.tolist())) <= MOST_NAMES:
        ax.legend(
            fontsize=6,
            frameon=False,
            loc="lower right",
            bbox_to_anchor=(1.0, 0.98),
            ncols=MOST_NAMES,
        )
