"""Lifetimes and profiles of disordered rings: where the golden rule holds."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import ring_axes, style
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 3, "rings")
THEORY = "disorder"
LENGTHS = {"titles": "systems"}
CAPTION = (
    "Top: decay rate of the disorder-averaged Green function, -2 Im Sigma, over the square of the "
    "strength, of the states nearest to the Fermi points k > 0 (points with standard errors, one "
    "color each, set side by side), measured on the exact eigenstates. Lines: golden rule on the "
    "Fermi points of the infinite ribbon. Dotted: second order for the ring itself at the finite "
    "resolution of the measurement. All strengths have the same realizations, so their errors are "
    "correlated. Bottom: accumulation by site across the ribbon at a weak and a strong disorder, "
    "exact (points with standard errors), kinetic equation (lines) and relaxation-time formula "
    "(dashed), at the smallest eta."
)


@style.styled
def draw(
    systems: list[dict], titles: tuple[str, ...] = (), strengths: tuple[float, ...] = (0.3, 1.2)
) -> Figure:
    """A column for each system of the theory ``disorder``; profiles at the nearest strengths."""
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.2)
    axes = figure.subplots(2, len(systems), squeeze=False)
    for column, system in enumerate(systems):
        ds = system["response"].sortby("strength")
        top, bottom = axes[:, column]
        _rates(top, ds)
        title = f"{titles[column]}\n{ring_axes.size(ds)}" if titles else ""
        style.letter(top, "abcdef"[column], title)
        style.letter(bottom, "abcdef"[len(systems) + column])
        for strength, color, marker in zip(
            strengths, (style.BLUE, style.VERMILION), "os", strict=False
        ):
            _profile(bottom, ds.sel(strength=strength, method="nearest"), color, marker)
        style.zero_line(bottom)
        style.y_axis(bottom, ds.y.values)
        density = ring_axes.density_label(ds)
        bottom.set_ylabel(density.replace(" at $y>0$", " by site"))
    axes[0, 0].set_ylabel(rf"$1/(\tau W^2)$ ($1/\hbar {symbol('t0')}$)")
    lines = (("-", "golden rule, kinetic equation"), (":", "second order, this ring"))
    lines += (("--", r"relaxation time $\tau$ (28)"),)
    handles = [Line2D([], [], color=style.GREY, linestyle=s, label=text) for s, text in lines]
    handles += [
        Line2D(
            [],
            [],
            color=color,
            marker=marker,
            linestyle="none",
            label=rf"$W={value:g}\,{symbol('t0')}$",
        )
        for value, color, marker in zip(
            strengths, (style.BLUE, style.VERMILION), "os", strict=False
        )
    ]
    style.legend_below(figure, handles)
    return figure


def _rates(ax, ds) -> None:
    colors = (style.BLUE, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.VERMILION)
    # Side by side, or the error bars of the modes would cover each other.
    shifts = 1.04 ** (np.arange(ds.sizes["mode"]) - 0.5 * (ds.sizes["mode"] - 1))
    for mode, color, shift in zip(range(ds.sizes["mode"]), colors, shifts, strict=False):
        of_mode, square = ds.isel(mode=mode), ds.strength**2
        ax.plot(ds.strength, of_mode.golden_rule_rate.isel(seed=0) / square, color=color)
        ax.plot(ds.strength, of_mode.born_rate.mean("seed") / square, color=color, linestyle=":")
        ax.errorbar(
            ds.strength * shift, of_mode.mean_rate / square, yerr=of_mode.error_rate / square,
            color=color, marker="o", linestyle="none", markersize=2.6, elinewidth=0.7, capsize=1.2,
            capthick=0.6,
        )  # fmt: skip
    ring_axes.strengths(ax, ds)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"Disorder $W$ ({tex_units('t0')})")


def _profile(ax, ds, color: str, marker: str) -> None:
    ds = ds.isel(broadening=int(np.argmin(ds.broadening.values)))
    for name, line in (("kinetic", "-"), ("relaxation", "--")):
        values = ds[f"accumulation_{name}"].isel(seed=0)
        ax.plot(ds.y, values, color=color, linestyle=line)
    ax.errorbar(
        ds.y, ds.mean_accumulation, yerr=ds.error_accumulation, color=color, marker=marker,
        linestyle="none", markersize=2.6, elinewidth=0.7, capsize=1.2, capthick=0.6,
    )  # fmt: skip
