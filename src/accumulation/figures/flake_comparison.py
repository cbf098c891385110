"""The ribbon's interband response against exact flakes, row by row and net."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..errors import UserError
from ..plotting import panels, style
from ..plotting.units import accumulation_units

NEEDS = ("model", "response")
SYSTEMS = (6, 6, "twice a ribbon, a flake and a flake one cell longer")
KINDS_IN_TURN = ("ribbon", "flake", "flake")
LENGTHS = {"titles": 2}
CAPTION = (
    "Interband accumulation of an infinite ribbon (perturbation theory in k) against finite "
    "flakes, open along x too and solved with exact eigenstates: an armchair ribbon (left) and a "
    "zigzag ribbon with one strained bond (right). Top: density `local` by row of the ribbon, and "
    "of the longer flake in its middle cell. Middle: their difference, for both lengths. Bottom: "
    "net response per length, `circulation` of the ribbon against the difference of the two "
    "flakes' `exact` nets, in which the ends cancel."
)
PER_CASE = 3
TITLES = ("armchair", "strained zigzag")
# Positions that agree to this, in units of a, are the same site.
SAME_SITE = 1e-6


@style.styled
def draw(
    systems: list[dict], fermi_energy: float | None = None, titles: tuple[str, str] = TITLES
) -> Figure:
    """Two cases, each a ribbon, a flake of L cells and a flake of L + 1 cells.

    Raises
    ------
    UserError
        If there are not six systems, or flakes whose rows are not those of the ribbon.
    """
    panels.need_systems(systems, SYSTEMS)
    titles = panels.listed("titles", titles, 2)
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.6)
    axes = figure.subplots(3, 2, height_ratios=[1, 0.75, 0.42], sharex=False)
    for column, names in enumerate(("ac", "bd")):
        case = systems[column * PER_CASE : (column + 1) * PER_CASE]
        style.letter(axes[0, column], names[0], titles[column])
        style.letter(axes[1, column], names[1])
        _rows(*axes[:2, column], case, fermi_energy)
        _net(axes[2, column], case, fermi_energy)
    return figure


def _rows(top, bottom, case: list[dict], fermi_energy) -> None:
    ribbon = panels.pick(
        case[0]["response"],
        definition="local", gauge="atomic", fermi_energy=fermi_energy, temperature=None,
    )  # fmt: skip
    expected = ribbon.accumulation.sel(process="interband").values
    panels.scatter(top, ribbon, expected, "ribbon", linestyle="none", markersize=5.5)
    looks = ({"marker": "x", "color": style.GREY}, {"marker": "o", "color": "black"})
    for system, look in zip(case[1:], looks, strict=True):
        values, cells = middle_cell(system["response"], ribbon, case[0], fermi_energy)
        bottom.semilogy(
            ribbon.y.values, np.abs(values - expected), linestyle="none", label=f"{cells} cells",
            **look,
        )  # fmt: skip
    top.plot(ribbon.y.values, values, linestyle="none", color="black", marker="+", markersize=5)
    handles = [style.role_handle("ribbon"), style.role_handle("flake")]
    style.legend_above(top, handles, raise_by=3)
    style.legend_above(bottom, bottom.get_legend_handles_labels()[0], raise_by=3)
    style.zero_line(top)
    panels.label_accumulation(top, ribbon, "Accumulation\n")
    panels.label_accumulation(bottom, ribbon, "|ribbon − flake|\n", log=True)
    for ax in (top, bottom):
        style.y_axis(ax, ribbon.y.values)


def middle_cell(
    flake: xr.Dataset, ribbon: xr.Dataset, system: dict, fermi_energy=None
) -> tuple[np.ndarray, int]:
    """Interband response `local` of a flake's middle cell, (row,) per length, and its cells.

    The rows are in the order of the ribbon.  Sites are matched by y, sublattice and, modulo the
    period, x up to one shift, as the origin of x differs.

    Raises
    ------
    UserError
        If the flake's sites are not those of the ribbon.
    """
    flake = panels.pick(
        flake, definition="local", gauge="atomic", fermi_energy=fermi_energy, temperature=None
    )
    cells = np.unique(flake.cell.values)
    flake = flake.isel(row=np.flatnonzero(flake.cell.values == cells[len(cells) // 2]))
    period = system["model"].attrs["period"]
    order = _same_sites(ribbon, flake, period)
    values = flake.accumulation.sel(process="interband").values[order]
    return values / period, len(cells)


def _same_sites(ribbon: xr.Dataset, flake: xr.Dataset, period: float) -> np.ndarray:
    """Index of the flake's row for every row of the ribbon."""
    same = np.abs(ribbon.y.values[:, None] - flake.y.values) < SAME_SITE
    same &= ribbon.sublattice.values[:, None] == flake.sublattice.values
    apart = flake.x.values - ribbon.x.values[:, None]
    for shift in apart[0, same[0]]:
        turns = (apart - shift) / period
        match = same & (np.abs(turns - np.round(turns)) < SAME_SITE)
        if np.all(match.sum(axis=0) == 1) and np.all(match.sum(axis=1) == 1):
            return match.argmax(axis=1)
    raise UserError("systems", "a flake with other rows", "flakes cut from the ribbon before them")


def _net(ax, case: list[dict], fermi_energy) -> None:
    """Write both nets per length and their difference."""
    nets = []
    for system, definition in zip(case, ("circulation", "exact", "exact"), strict=True):
        ds = panels.pick(
            system["response"],
            definition=definition, gauge="atomic", fermi_energy=fermi_energy, temperature=None,
        )  # fmt: skip
        nets.append(float(ds.net.sel(process="interband")))
    units = accumulation_units(case[0]["response"].accumulation.attrs["units"])
    flake = (nets[2] - nets[1]) / case[0]["model"].attrs["period"]
    lines = (
        ("net, ribbon", f"{nets[0]:.10e}"),
        ("net, flakes", f"{flake:.10e}"),
        ("|difference|", f"{abs(nets[0] - flake):.1e}"),
    )
    ax.set_axis_off()
    for number, (name, value) in enumerate(lines):
        height = 0.9 - 0.36 * number
        ax.text(0.02, height, name, transform=ax.transAxes, va="top")
        digits, _, power = value.partition("e")
        ax.text(
            0.80,
            height,
            rf"${digits}\times10^{{{int(power)}}}$",
            transform=ax.transAxes,
            va="top",
            ha="right",
        )
        ax.text(0.83, height, units, transform=ax.transAxes, va="top")
