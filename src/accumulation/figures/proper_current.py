"""Conventional and proper current against the accumulation, over Fermi energy and width."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from ..plotting import panels, style
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (5, 5, "charge, spin over edge_potential, spin, orbital moment, orbital moment")
THEORY = "proper_current"
CAPTION = (
    "First moment of the accumulation (the proper current), per width and tau, "
    "against the conventional current of the same ribbons and of the crystal. (a) Charge of a "
    "Chern insulator, conserved. (b) Spin of an insulator with Rashba coupling and (c) of a "
    "quantum spin Hall insulator. Open symbols: for eta to zero before the width grows. Readings "
    "A and B of S36 in the crystal: the dipole of its states on the Fermi surface, "
    "without and with the drift of their spin. (d) Orbital moment: conventional currents, with a "
    "plateau in the gap. (e) Accumulated spin over that predicted by the crystal's conventional "
    "current (dashed), in the gap (eta to zero) and in the metal (finite eta); open symbols: with "
    "a potential on the outermost sites of one edge. (f) Orbital moment: the accumulated moment "
    "(circles) grows as the cube of the width, as it is the moment of the Drude current (lines); "
    "the conventional current (crosses) does not predict it."
)
_MOMENT, _CONVENTIONAL, _CRYSTAL = style.VERMILION, style.BLUE, "black"


@style.styled
def draw(
    systems: list[dict], metal: tuple[float, ...] = (1.0, 1.6), moment_level: float = 1.0
) -> Figure:
    """Six panels from five systems: charge, spin (over edge potentials), spin Hall, two moments.

    Raises
    ------
    UserError
        If there are not five systems.
    """
    panels.need_systems(systems, SYSTEMS)
    charge, spin, hall, moment, broken = (system["response"] for system in systems)
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.6)
    axes = figure.subplots(2, 3).ravel()
    _levels(axes[0], charge, r"Charge ($e^2E/\hbar$)")
    _levels(axes[1], spin.isel(edge_potential=0), r"Spin ($eE/2$)")
    _levels(axes[2], hall, r"Spin ($eE/2$)")
    _plateau(axes[3], moment, broken)
    _share(axes[4], spin, metal)
    _cube(axes[5], moment, broken, moment_level)
    titles = ("Chern insulator", "spin, trivial gap", "spin, spin Hall", "orbital moment", "spin",
              "orbital moment")  # fmt: skip
    for ax, name, title in zip(axes, "abcdef", titles, strict=True):
        style.letter(ax, name, title)
    handles = [
        Line2D([], [], color=_MOMENT, label="accumulated, finite $\\eta$"),
        Line2D([], [], color=_MOMENT, marker="o", markerfacecolor="white", linewidth=0.4,
               label=r"accumulated, $\eta\to0$"),
        Line2D([], [], color=_CONVENTIONAL, marker="x", linestyle="none",
               label="conventional, ribbon"),
        Line2D([], [], color=_CRYSTAL, label="conventional, crystal"),
        Line2D([], [], color=style.GREEN, linestyle=(0, (4, 2)), label="reading A of Eq. S36"),
        Line2D([], [], color=style.PURPLE, linestyle=(0, (1, 1)), label="reading B of Eq. S36"),
    ]  # fmt: skip
    style.legend_below(figure, handles, 3)
    return figure


def _levels(ax, ds, label: str) -> None:
    level = ds.fermi_energy.values
    ax.plot(level, ds.reading_a, color=style.GREEN, linestyle=(0, (4, 2)), linewidth=0.7)
    ax.plot(level, ds.reading_b, color=style.PURPLE, linestyle=(0, (1, 1)), linewidth=0.9)
    ax.plot(level, ds.bulk_conventional_eta, color=_CRYSTAL, linewidth=1.0)
    ax.plot(level, ds.conventional_slope_eta, color=_CONVENTIONAL, marker="x", linestyle="none")
    ax.plot(level, ds.moment_slope_eta, color=_MOMENT, linewidth=1.0)
    ax.plot(level, ds.moment_slope, color=_MOMENT, marker="o", markerfacecolor="white",
            linewidth=0.4, markersize=2.4)  # fmt: skip
    style.zero_line(ax)
    ax.set_xlabel(f"Fermi energy ({tex_units('t0')})")
    ax.set_ylabel(f"{label} per width")


def _plateau(ax, *datasets) -> None:
    for ds, line in zip(datasets, ("-", (0, (3, 1))), strict=True):
        level = ds.fermi_energy.values
        ax.plot(level, ds.bulk_conventional, color=_CRYSTAL, linestyle=line, linewidth=1.0)
        ax.plot(level, ds.conventional_slope_eta, color=_CONVENTIONAL, marker="x", linestyle=line,
                linewidth=0.4)  # fmt: skip
    style.zero_line(ax)
    names = ("$T$ invariant", "$T$ broken")
    ax.legend(
        handles=[
            Line2D([], [], color=_CRYSTAL, linestyle=line, label=name)
            for line, name in zip(("-", (0, (3, 1))), names, strict=True)
        ],
        frameon=False,
        loc="lower center",
        ncols=2,
    )
    ax.set_ylim(bottom=1.3 * ax.get_ylim()[0])
    ax.set_xlabel(f"Fermi energy ({tex_units('t0')})")
    ax.set_ylabel(f"Current ({tex_units('e^2 E t0 a^2 / hbar^2')})")


def _share(ax, spin, levels: tuple[float, ...]) -> None:
    width = spin.width.values
    potentials = spin.edge_potential.values
    gap = spin.share.isel(edge_potential=0).sel(fermi_energy=0, method="nearest")
    ax.plot(width, gap, color=style.GREEN, marker="o", label="in the gap")
    for level, color, marker in zip(levels, (style.VERMILION, style.PURPLE), "sD", strict=False):
        for i, line in zip(range(len(potentials)), ("-", (0, (3, 1))), strict=False):
            share = spin.share_eta.isel(edge_potential=i).sel(fermi_energy=level, method="nearest")
            label = rf"$E_F={float(share.fermi_energy):.2g}\,{symbol('t0')}$"
            ax.plot(width, share, color=color, marker=marker, linestyle=line,
                    markerfacecolor=color if i == 0 else "white",
                    label=label if i == 0 else None)  # fmt: skip
    ax.axhline(1, color=_CRYSTAL, linestyle=(0, (4, 2)), linewidth=0.7)
    style.zero_line(ax)
    ax.set_ylim(-0.55, 1.95)
    ax.set_xlabel(f"Width ({tex_units('a')})")
    ax.set_ylabel("Accumulated / predicted")
    other = Line2D([], [], color=style.GREY, marker="s", markerfacecolor="white",
                   linestyle=(0, (3, 1)),
                   label=f"edge at {potentials[-1]:g} {tex_units('t0')}")  # fmt: skip
    ax.legend(
        handles=[*ax.get_legend_handles_labels()[0], other],
        frameon=False, loc="upper center", ncols=2, columnspacing=0.8,
    )  # fmt: skip


def _cube(ax, *rest) -> None:
    *datasets, level = rest
    looks = zip(datasets, (style.VERMILION, style.PURPLE), ("invariant", "broken"), strict=True)
    for ds, color, name in looks:
        at_level = ds.sel(fermi_energy=level, method="nearest")
        width = at_level.width.values
        ax.loglog(width, np.abs(at_level.drift_moment), color=color, linewidth=0.7)
        ax.loglog(width, np.abs(at_level.moment), color=color, marker="o", markerfacecolor="white",
                  linestyle="none", label=f"accumulated, $T$ {name}")  # fmt: skip
        ax.loglog(width, np.abs(at_level.conventional_eta), color=color, marker="x",
                  linestyle="none", label=f"conventional, $T$ {name}")  # fmt: skip
    ax.set_xlabel(f"Width ({tex_units('a')})")
    ax.set_ylabel(rf"$|\mathrm{{Moment}}|$ ({tex_units('e^2 E t0 a^3 / hbar^2')})")
    low, high = ax.get_ylim()
    ax.set_ylim(0.5 * low, 300 * high)
    ax.set_xticks(width, [f"{value:.0f}" for value in width])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend(frameon=False, loc="upper left", fontsize=6)
