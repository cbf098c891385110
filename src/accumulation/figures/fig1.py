"""Figure 1: the ribbon, and the bands of the three systems."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..inputs import at_least
from ..plotting import drawing, panels, style
from ..plotting.naming import edge_of_period
from ..plotting.units import tex_units

NEEDS = ("model", "elements", "response")
SYSTEMS = (3, 3, "ribbons of gapped graphene, trivial and topological phase")
KINDS = ("ribbon", "wire")
LENGTHS = {"titles": 3}
LEAST = {"cells": 1}
CAPTION = (
    "(a) The ribbon, drawn from its hop table: A sites black, B sites white, nearest-neighbour "
    "bonds, one translational cell shaded; the field E is along the ribbon. (b-d) Bands of the "
    "ribbon of gapped graphene, of the trivial and of the topological phase of the Haldane model; "
    "the colour is the mean position of the state across the ribbon, so the states of the lower "
    "edge are blue, those of the upper edge red. Dashed: Fermi level."
)
TITLES = ("gapped graphene", "trivial", "topological")


@style.styled
def draw(
    systems: list[dict],
    cells: int = 6,
    fermi_energy: float | None = None,
    titles: tuple[str, ...] = TITLES,
) -> Figure:
    """The first system's ribbon and the bands of all three.

    Raises
    ------
    UserError
        If there are not three systems, or ``cells`` is not a positive integer, or a system lacks
        the Fermi energy.
    """
    panels.need_systems(systems, SYSTEMS)
    titles = panels.listed("titles", titles, 3)
    at_least("cells", cells)
    figure = style.new_figure(style.DOUBLE_COLUMN, 3.5)
    first, *axes = figure.subplots(1, 4, width_ratios=[1.2, 1, 1, 1])
    _ribbon(first, systems[0]["model"], cells)
    style.letter(first, "a")
    half = max(np.max(np.abs(system["elements"].y.values)) for system in systems)
    for ax, system, title, name in zip(axes, systems, titles, "bcd", strict=True):
        elements = system["elements"]
        norm = Normalize(-half, half)
        lines = panels.state_lines(
            ax, elements, elements.energy.values, elements.center_y.values, style.ACROSS, norm
        )
        level = panels.pick(system["response"], fermi_energy=fermi_energy).fermi_energy
        ax.axhline(float(level), color="black", linestyle="--", linewidth=0.7)
        ax.sharey(axes[0])
        ax.tick_params(labelleft=ax is axes[0])
        style.letter(ax, name, title)
    axes[0].set_ylabel(f"Energy ({tex_units('t0')})")
    bar = figure.colorbar(lines, ax=axes, pad=0.02, aspect=28)
    bar.set_label(rf"Centre of the state $y_{{nn}}$ ({tex_units('a')})")
    bar.outline.set_linewidth(0.5)
    return figure


def _ribbon(ax, model, cells: int) -> None:
    """Ribbon with its edges named, the axes, the field and one cell marked."""
    length = drawing.strip(ax, model, cells, size=7)
    x, y, sublattice = model.x.values, model.y.values, model.sublattice.values
    start, end, low, high = x.min(), x.min() + length, y.min(), y.max()
    period = model.attrs["period"]
    corner = (start + (cells // 2 - 0.25) * period, low - 0.3)
    cell = Rectangle(corner, period, high - low + 0.6, color=style.SKY, alpha=0.35, linewidth=0)
    ax.add_patch(cell)
    edge = edge_of_period(period)
    centre = 0.5 * (start + end)
    for row, height, place in ((y.argmax(), high + 0.7, "bottom"), (y.argmin(), low - 0.7, "top")):
        text = f"{edge} edge ({sublattice[row]})"
        ax.text(centre, height, text, ha="center", va=place, fontsize=7)
    reach = 0.14 * (high - low)
    origin = (start - 0.27 * (high - low), low)
    for tip, name, align in (
        ((reach, 0), "$x$", {"ha": "center", "va": "top"}),
        ((0, reach), "$y$", {"ha": "right", "va": "center"}),
    ):
        _arrow(ax, origin, tip, "black")
        ax.text(origin[0] + tip[0], origin[1] + tip[1] - 0.3 * (tip[0] > 0), name + " ", **align)
    field = (origin[0] - 0.1 * reach, 0.5 * (low + high))
    _arrow(ax, field, (1.2 * reach, 0), style.VERMILION, 1.6)
    ax.text(
        field[0] + 0.6 * reach, field[1] + 0.5, r"$\mathbf{E}$", color=style.VERMILION,
        ha="center", va="bottom",
    )  # fmt: skip
    # The panel keeps its size, so the letters of all panels are aligned.
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlim(origin[0] - 0.08 * (high - low), end + 0.5, auto=True)
    ax.set_ylim(low - 1.9, high + 1.9, auto=True)
    ax.set_axis_off()


def _arrow(ax, start, step, color: str, width: float = 0.8) -> None:
    end = (start[0] + step[0], start[1] + step[1])
    look = {"arrowstyle": "-|>", "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=end, xytext=start, arrowprops=look)
