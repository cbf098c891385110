"""Density response of ribbons at finite frequency, and its Kramers-Kronig reconstruction."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import panels, style
from ..plotting.parameters import model_of, options_of
from ..plotting.units import accumulation_units, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 6, "ribbons")
THEORY = "spectrum"
AXES = 0
LEAST = {"every": 1}
CAPTION = (
    "Response of the density at the right edge of ribbons to a field at frequency omega (S46 with "
    "broadening eta): intraband (dissipative, a Drude peak) and interband. Crosses: the real part "
    "of the sum, from the imaginary part alone by the Kramers-Kronig relation on a separate grid. "
    "With time reversal the insulator's response vanishes at omega = 0, but not at finite "
    "frequency: dotted, its reactive response to dE/dt at eta = 0, which needs no state at the "
    "Fermi level."
)
LOOK = {"intraband": (style.BLUE, "-"), "interband": (style.ORANGE, "-")}
# Dotted lines end here, in t0 / hbar.
LOW = 0.7


@style.styled
def draw(systems: list[dict], region: str = "right", every: int = 4) -> Figure:
    """A column for each ribbon: real part above imaginary part.

    Raises
    ------
    UserError
        If a system holds no such region.
    """
    figure = style.new_figure(style.DOUBLE_COLUMN, 3.6)
    axes = figure.subplots(2, len(systems), sharex=True, squeeze=False)
    letters = iter("abcdefghijkl")
    for row, part in enumerate(("real", "imaginary")):
        for ax, system in zip(axes[row], systems, strict=True):
            ds = panels.pick(system["response"], region=region)
            _column(ax, ds, part, every)
            style.letter(ax, next(letters), _title(ds) if row == 0 else "")
    for ax in axes[1]:
        ax.set_xlabel(rf"$\omega$ ({tex_units('t0 / hbar')})")
    units = accumulation_units(systems[0]["response"].density_units.item())
    axes[0, 0].set_ylabel(rf"Re $\chi$ ({units})")
    axes[1, 0].set_ylabel(rf"Im $\chi$ ({units})")
    handles = [Line2D([], [], color=color, label=name) for name, (color, _) in LOOK.items()]
    handles += [
        Line2D([], [], color="black", linewidth=0.5, label="sum"),
        Line2D([], [], color="black", linestyle="none", marker="x", label="Kramers-Kronig"),
        Line2D([], [], color="black", linestyle=":", label=r"response to $dE/dt$"),
    ]
    style.legend_below(figure, handles)
    return figure


def _column(ax, ds, part: str, every: int) -> None:
    frequency = ds.frequency.values
    style.zero_line(ax)
    for name, (color, line) in LOOK.items():
        ax.plot(frequency, ds[name].sel(part=part), color=color, linestyle=line)
    if not _insulating(ds):
        total = ds.intraband + ds.interband
        ax.plot(frequency, total.sel(part=part), color="black", linewidth=0.5)
    if part == "real":
        crosses = slice(None, None, every)
        ax.plot(
            frequency[crosses],
            ds.reconstructed.values[crosses],
            color="black",
            linestyle="none",
            marker="x",
            markersize=2.6,
            markeredgewidth=0.6,
        )
    elif _insulating(ds):
        # chi = chi_0 - i omega rate
        low = np.array([0, LOW])
        ax.plot(low, -ds.rate.item() * low, color="black", linestyle=":")
    ax.set_xlim(frequency[0], frequency[-1])


def _insulating(ds) -> bool:
    return np.abs(ds.intraband.values).max() < panels.ZERO


def _title(ds) -> str:
    """Kind of system, flux and Fermi energy."""
    level = options_of(ds)["fermi_energy"]
    kind = "insulator" if _insulating(ds) else "metal"
    flux = model_of(ds).get("phi")
    phase = "" if flux is None else rf", $\varphi={flux:.2g}$"
    return rf"{kind}{phase}, $E_F={level:g}\,{symbol('t0')}$"
