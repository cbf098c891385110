"""Microscopic and macroscopic reciprocity of an exact flake, with and without time reversal."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..errors import UserError
from ..plotting import panels, style
from ..plotting.style import DASHED, LOG_ZERO, PALE
from ..plotting.units import accumulation_units, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a flake on an axis phi")
THEORY = "reciprocity"
AXIS = ("phi",)
CAPTION = (
    "(a, b) Density at the right edge of a flake in a field on the dipole x (wide lines), against "
    "parity times the dipole in a field on that density (dashed): they coincide with time reversal "
    "only; circles: the reciprocal response of the flake with the opposite flux. (c) The same for "
    "currents at phi = 0: the proper current d(O * y)/dt is reciprocal, the conventional current "
    "O * v_y is not. (d) Asymmetries relative to the largest response against the flux: time "
    "reversal holds at 0 and pi only."
)
PARTS = {"real": style.BLUE, "imaginary": style.VERMILION}
RESPONSES = {
    "asymmetry": (style.ORANGE, "^", r"density, $\chi_{AB}$"),
    "proper_asymmetry": (style.GREEN, "o", "proper current"),
    "conventional_asymmetry": (style.PURPLE, "D", "conventional current"),
    "reversed_residual": ("black", "+", "density, opposite flux"),
}
CIRCLES = {"linestyle": "none", "marker": "o", "markerfacecolor": "none", "markeredgewidth": 0.6}


@style.styled
def draw(systems: list[dict], phi: float = 0.7853981633974483) -> Figure:
    """Four panels of one flake on an axis phi; ``phi`` is the flux of panel b.

    Raises
    ------
    UserError
        If there is not one system, or it has no axis phi.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = systems[0]["response"]
    if "phi" not in ds.dims:
        raise UserError("systems", "no axis phi", "a system whose model's phi is a list")
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.6)
    axes = figure.subplots(2, 2)
    units = accumulation_units(str(ds.density_units.values.flat[0]))
    for ax, flux, name in zip(axes[0], (0.0, phi), "ab", strict=True):
        of_flux = ds.sel(phi=flux, method="nearest")
        shown = rf"{float(of_flux.phi) / np.pi:.2g}\,\pi" if flux else "0"
        style.letter(ax, name, rf"$\varphi={shown}$")
        _density(ax, of_flux)
        ax.set_ylabel(rf"$\chi$ ({units})")
    axes[0, 1].sharey(axes[0, 0])
    axes[0, 0].autoscale(axis="y")
    of_flux = ds.sel(phi=0, method="nearest")
    style.letter(axes[1, 0], "c", r"currents, real part, $\varphi=0$")
    _currents(axes[1, 0], of_flux)
    style.letter(axes[1, 1], "d")
    _asymmetries(axes[1, 1], ds)
    for ax in axes.flat[:3]:
        ax.set_xlabel(rf"$\omega$ ({tex_units('t0 / hbar')})")
        ax.set_xlim(ds.frequency.values[0], ds.frequency.values[-1])
    _legends(axes)
    return figure


def _density(ax, of_flux) -> None:
    style.zero_line(ax)
    for part, color in PARTS.items():
        chi = of_flux.sel(part=part)
        ax.plot(of_flux.frequency, chi.forward, color=color, **PALE)
        ax.plot(of_flux.frequency, chi.backward, color=color, linestyle=DASHED)
        ax.plot(of_flux.frequency[::4], chi.backward_reversed[::4], color=color, **CIRCLES)


def _currents(ax, of_flux) -> None:
    style.zero_line(ax)
    real = of_flux.sel(part="real")
    ax.plot(of_flux.frequency, real.proper, color=style.GREEN, **PALE)
    ax.plot(of_flux.frequency, real.conventional, color=style.PURPLE)
    ax.plot(of_flux.frequency, real.electric, color="black", linestyle=DASHED)
    # dO y / dt per field e E: the unit of the density, times a / hbar.
    over, _, under = str(of_flux.density_units.values).partition("/")
    ax.set_ylabel(rf"$\chi$ ({tex_units(f'{over} e E a / {under} hbar')})")


def _asymmetries(ax, ds) -> None:
    for name, (color, marker, _) in RESPONSES.items():
        values = np.maximum(ds[name].values, LOG_ZERO)
        ax.plot(ds.phi / np.pi, values, color=color, marker=marker, clip_on=False)
    ax.set_yscale("log")
    ax.set_ylim(LOG_ZERO, 30)
    ax.set_xlim(0, ds.phi.values.max() / np.pi)
    ax.set_xlabel(r"$\varphi$ ($\pi$)")
    ax.set_ylabel("relative asymmetry")


def _legends(axes) -> None:
    dashed = {"color": "black", "linestyle": DASHED}
    parts = [Line2D([], [], color=c, label=p, **PALE) for p, c in PARTS.items()]
    style.legend_above(axes[0, 0], [*parts, Line2D([], [], label="reciprocal", **dashed)])
    circle = Line2D([], [], color=style.GREY, label="reciprocal, opposite flux", **CIRCLES)
    style.legend_above(axes[0, 1], [circle])
    axes[1, 0].legend(
        handles=[
            Line2D([], [], color=style.GREEN, label="proper", **PALE),
            Line2D([], [], color=style.PURPLE, label="conventional"),
            Line2D([], [], label=r"electric, field on $O\star y$", **dashed),
        ],
        frameon=False,
    )
    handles = [
        Line2D([], [], color=color, marker=marker, label=label)
        for color, marker, label in RESPONSES.values()
    ]
    axes[1, 1].legend(handles=handles, frameon=False, loc="center", bbox_to_anchor=(0.5, 0.5))
