"""No dissipation, no accumulation: a sweep of the Fermi energy through the gap."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from ..plotting import style
from ..plotting.naming import model_name
from ..plotting.panels import PROCESSES
from ..plotting.parameters import options_of
from ..plotting.units import per_time, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 8, "ribbons")
THEORY = "dissipation"
AXES = 0
CAPTION = (
    "The Fermi energy swept from band to gap (shaded) to band, at a temperature of 0.02 t0. Top: "
    "density of states of the ribbon. Middle: accumulation in the half of the ribbon with "
    "y > 0, intraband (for tau = hbar / t0) and interband, on an asinh axis. Bottom: undergap "
    "current of the same moment in the middle of the ribbon and in the infinite crystal, and that "
    "of charge. With time reversal (graphene, Kane-Mele) the interband accumulation vanishes "
    "although the current has a plateau in the gap: it is no source of accumulation. The spin "
    "current of the quantum spin Hall insulator ends in edge states, which dissipate. Without time "
    "reversal (Haldane) there is interband accumulation in the gap; its peak in (c) is where the "
    "states of the two edges hybridize. O is the density's unit: e t0 a^2 / hbar (moment), "
    "hbar / 2 (spin), 1 (charge)."
)
NOUNS = {"orbital_moment": "moment", "spin": "spin"}
HALL = 2 * np.pi  # currents per e E / hbar to per e E / h


@style.styled
def draw(systems: list[dict], linear: float = 0.001) -> Figure:
    """A column for each sweep; the axis of the accumulation is linear up to ``linear``."""
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.6)
    axes = figure.subplots(
        3, len(systems), sharex="col", squeeze=False, height_ratios=[0.8, 1.3, 1.3]
    )
    for row in axes[:2]:
        for ax in row[1:]:
            ax.sharey(row[0])
            ax.tick_params(labelleft=False)
    for column, system, name in zip(axes.T, systems, "abcdefgh", strict=False):
        ds = system["response"]
        energy = ds.fermi_energy.values
        for ax in column:
            ax.axvspan(ds.valence_top, ds.conduction_bottom, color="#F0F0F0", zorder=-1)
            ax.set_xlim(energy.min(), energy.max())
            style.zero_line(ax)
        column[0].fill_between(energy, ds.density_of_states, color=style.GREY, linewidth=0)
        column[0].set_ylim(0)
        for process in PROCESSES:
            look = style.ROLES[process]
            values = ds.edge.sel(process=process)
            column[1].plot(energy, values, color=look["color"], linewidth=1.2)
        column[1].set_yscale("asinh", linear_width=linear)
        column[2].plot(energy, HALL * ds.undergap_current, color=style.VERMILION, linewidth=1.2)
        column[2].plot(energy, HALL * ds.bulk_current, color="black", linestyle=(0, (4, 2)))
        column[2].plot(energy, HALL * ds.charge_current, color=style.GREEN, linewidth=0.8)
        # The current has resonances where bands of the ribbon nearly cross; the axis cuts them.
        shown = [np.abs(ds[current]).max() for current in ("bulk_current", "charge_current")]
        limit = min(3 * max(shown), max(*shown, np.abs(ds.undergap_current).max()))
        column[2].set_ylim(-1.15 * HALL * limit, 1.15 * HALL * limit)
        column[2].yaxis.set_major_locator(MaxNLocator(5))
        column[2].tick_params(axis="y", labelsize=6, pad=1.5)
        column[2].set_xlabel(f"$E_F$ ({tex_units('t0')})")
        noun = NOUNS.get(density(ds), density(ds))
        style.letter(column[0], name, noun)
        column[0].text(
            0.5, 1.32, model_name(ds), transform=column[0].transAxes, ha="center", va="bottom",
            fontsize=6, linespacing=1.3,
        )  # fmt: skip
    ticks = [-1, -0.1, -0.01, 0, 0.01, 0.1, 1]
    axes[1][0].set_yticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes[1][0].yaxis.set_minor_locator(NullLocator())
    axes[1][0].set_ylim(-9, 9)
    axes[0][0].set_ylabel("Density of states\n" + f"({tex_units('1 / t0 a')})")
    axes[1][0].set_ylabel("Accumulation, $y>0$\n" + rf"($O\,eE/{symbol('t0')}$)")
    axes[2][0].set_ylabel("Transverse current\n" + r"($O\,eE/h$)")
    handles = [
        Line2D([], [], color=style.BLUE, label=f"intraband ({per_time()})"),
        Line2D([], [], color=style.ORANGE, label="interband"),
        Line2D([], [], color=style.VERMILION, label="undergap current, middle of the ribbon"),
        Line2D([], [], color="black", linestyle=(0, (4, 2)), label="infinite crystal"),
        Line2D([], [], color=style.GREEN, label="current of charge"),
    ]
    style.legend_below(figure, handles)
    return figure


def density(ds) -> str:
    """Name of the density of a sweep."""
    return options_of(ds)["density"]
