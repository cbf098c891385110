"""Response at finite frequency of the inside of exact flakes and of their ribbon."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import style
from ..plotting.parameters import options_of
from ..plotting.units import accumulation_units, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 6, "flakes")
THEORY = "flake_spectrum"
AXES = 0
CAPTION = (
    "Net response per length at finite frequency. Lines: intraband plus interband term of a ribbon "
    "(S46). Crosses: difference of two exact flakes, one cell longer than the other, in which x is "
    "an ordinary matrix and no intraband term exists. Dotted: the full orbital moment of the flake "
    "(x v_y - y v_x) / 2, which is the circulation -y v_x in a stationary state only: at finite "
    "frequency and broadening they differ by half the rate of the quadrupole x y."
)
LOOK = {"real": style.BLUE, "imaginary": style.VERMILION}


@style.styled
def draw(systems: list[dict]) -> Figure:
    """A panel for each pair of flakes."""
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.5)
    axes = figure.subplots(1, len(systems), squeeze=False)[0]
    for ax, system, name in zip(axes, systems, "abcdef", strict=False):
        ds = system["response"]
        style.zero_line(ax)
        for part, color in LOOK.items():
            chi = ds.sel(part=part)
            ax.plot(ds.frequency, chi.ribbon, color=color)
            ax.plot(ds.frequency, chi.flake_operator, color=color, linestyle=":")
            ax.plot(ds.frequency, chi.flake, color=color, linestyle="none", marker="x")
        ax.set_xlim(ds.frequency[0], ds.frequency[-1])
        ax.set_xlabel(rf"$\omega$ ({tex_units('t0 / hbar')})")
        level = options_of(ds)["fermi_energy"]
        style.letter(ax, name, rf"$E_F={level:g}\,{symbol('t0')}$")
        units = accumulation_units(ds.density_units.item())
        ax.set_ylabel(rf"$\chi$ ({units})")
    handles = [Line2D([], [], color=color, label=part) for part, color in LOOK.items()]
    looks = (("-", "", "ribbon"), ("none", "x", "flake"), (":", "", "flake, full moment"))
    handles += [
        Line2D([], [], color="black", linestyle=line, marker=marker, label=label)
        for line, marker, label in looks
    ]
    style.legend_below(figure, handles)
    return figure
