"""Accumulation and conductivity of disordered rings against two approximations."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from ..plotting import panels, ring_axes, style
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 4, "rings")
THEORY = "disorder"
LENGTHS = {"titles": "systems"}
CAPTION = (
    "Conductivity and accumulation at y > 0 of Anderson-disordered rings against the strength of "
    "disorder, and the ratio of the exact conductivity to the kinetic equation, for several widths "
    "eta of the delta function of S11 (smallest above). Points: S11 on exact eigenstates, mean and "
    "standard error over realizations with the same seeds at every strength; width, length and "
    "number of realizations stand above each column. Dashed: relaxation-time formula (28) with "
    "golden-rule times, no vertex corrections. Lines: kinetic equation, with vertex corrections. "
    "In gapped graphene both agree by time reversal, and localization makes both fail at small "
    "eta. With spin-orbit coupling the formula is wrong even at weak disorder, most of all at the "
    "edges of the quantum spin Hall insulator, where the golden rule counts forward scattering."
)
WIDTHS = {0: (style.BLUE, "o"), 1: (style.GREEN, "s"), 2: (style.ORANGE, "^")}


@style.styled
def draw(systems: list[dict], titles: tuple[str, ...] = ()) -> Figure:
    """A column for each system of the theory ``disorder``; ``titles`` above them.

    Raises
    ------
    UserError
        If there are not as many titles as systems.
    """
    if titles:
        panels.listed("titles", titles, len(systems))
    figure = style.new_figure(style.DOUBLE_COLUMN, 5.2)
    axes = figure.subplots(3, len(systems), sharex="col", sharey="row", squeeze=False)
    letters = iter("abcdefghijkl")
    for row in range(3):
        for column, system in enumerate(systems):
            ax, ds = axes[row, column], system["response"].sortby("strength")
            size = ring_axes.size(ds)
            title = f"{titles[column]}\n{size}" if titles and row == 0 else ""
            style.letter(ax, next(letters), title)
            (_conductivity, _upper, _ratio)[row](ax, ds)
            ring_axes.strengths(ax, ds)
    for ax, system in zip(axes[1], systems, strict=True):
        ax.set_ylabel(ring_axes.density_label(system["response"]))
    axes[0, 0].set_ylabel(f"Conductivity ({tex_units('e^2 a / h')})")
    axes[2, 0].set_ylabel("Exact / kinetic equation")
    for ax in axes[2]:
        ax.set_xlabel(f"Disorder $W$ ({tex_units('t0')})")
    handles = [
        Line2D(
            [],
            [],
            color=color,
            marker=marker,
            linestyle="none",
            label=rf"$\eta={width:g}\,{symbol('t0')}$",
        )
        for (color, marker), width in zip(WIDTHS.values(), ds.broadening.values, strict=False)
    ]
    lines = (("-", "kinetic equation"), ("--", r"relaxation time $\tau$ (28)"))
    handles += [Line2D([], [], color=style.GREY, linestyle=s, label=text) for s, text in lines]
    style.legend_below(figure, handles)
    return figure


def _conductivity(ax, ds) -> None:
    exact = (ds.mean_conductivity, ds.error_conductivity)
    _curves(ax, ds, *exact, ds.conductivity_relaxation, ds.conductivity_kinetic)


def _upper(ax, ds) -> None:
    above = ds.y > 1e-9
    relaxed, full = (
        ds[f"accumulation_{name}"].where(above, 0).sum("y") for name in ("relaxation", "kinetic")
    )
    _curves(ax, ds, ds.mean_upper, ds.error_upper, relaxed, full)


def _curves(ax, ds, mean, error, relaxed, full) -> None:
    for i, (color, marker) in zip(range(ds.sizes["broadening"]), WIDTHS.values(), strict=False):
        index = {"broadening": i}
        for values, line in ((full, "-"), (relaxed, "--")):
            ax.plot(ds.strength, values.isel(seed=0, **index), color=color, linestyle=line)
        _points(ax, ds.strength, mean.isel(index), error.isel(index), color, marker)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _ratio(ax, ds) -> None:
    for i, (color, marker) in zip(range(ds.sizes["broadening"]), WIDTHS.values(), strict=False):
        index = {"broadening": i}
        full = ds.conductivity_kinetic.isel(seed=0, **index)
        relaxed = ds.conductivity_relaxation.isel(seed=0, **index)
        ax.plot(ds.strength, relaxed / full, color=color, linestyle="--")
        mean, error = (ds[f"{name}_conductivity"].isel(index) / full for name in ("mean", "error"))
        _points(ax, ds.strength, mean, error, color, marker)
    ax.axhline(1, color=style.GREY, linewidth=0.6, zorder=0)
    ax.set_ylim(0, 1.6)


def _points(ax, x, mean, error, color, marker) -> None:
    ax.errorbar(
        x, mean, yerr=error, color=color, marker=marker, linestyle="none",
        markersize=2.8, elinewidth=0.7, capsize=1.2, capthick=0.6,
    )  # fmt: skip
