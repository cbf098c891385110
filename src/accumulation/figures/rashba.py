"""Current-induced spin of the Rashba gas, with and without vertex corrections."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..plotting import panels, style

NEEDS = ("response",)
SYSTEMS = (1, 1, "the Rashba gas")
THEORY = "rashba"
CAPTION = (
    "Spin accumulated in the Rashba gas against electron density n; at n0 = m^2 alpha^2 / (pi "
    "hbar^2), dotted, the Fermi energy is at the crossing of the branches. (a) In units of the "
    "printed S18. Circles: S16 integrated along the Fermi contours with one relaxation time. "
    "Squares: kinetic equation with scattering-in, that is, with vertex corrections. Crosses: "
    "ladder of Green functions at the finite scattering rate of the dataset. Lines: closed forms. "
    "(b) Momentum relaxation times of the two contours; with these in place of a single tau S16 "
    "gives S18. (c) The same spin at a fixed number and strength of impurities, whose tau falls "
    "towards the bottom of the band; tau_0 is tau above the crossing."
)


@style.styled
def draw(systems: list[dict]) -> Figure:
    """Three panels of one system of the theory ``rashba``.

    Raises
    ------
    UserError
        If there is not exactly one system.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = systems[0]["response"]
    # The printed closed form is alpha / pi, the Rashba constant in these units.
    unit = ds.formula
    density = ds.electron_density / (np.pi * unit**2)
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.5)
    spin, times, fixed = figure.subplots(1, 3)
    routes = {
        "spin": (style.BLUE, "o", "one $\\tau$ (S16)"),
        "spin_with_vertex": (style.VERMILION, "s", "with vertex corrections"),
        "spin_ladder": ("black", "x", "ladder, finite rate"),
    }
    for ax, factor in ((spin, 1 / unit), (fixed, 1 / (unit * ds.rate))):
        ax.plot(density, ds.without_vertex * factor, color=style.BLUE)
        ax.plot(density, ds.with_vertex * factor, color=style.VERMILION)
        for name, (color, marker, label) in routes.items():
            look = {"linestyle": "none", "marker": marker, "color": color, "label": label}
            ax.plot(density, ds[name] * factor, **look)
        ax.set_ylim(0, 1.1)
    spin.set_ylabel(r"$S_y$ ($\frac{\hbar}{2}\frac{m}{\pi\hbar^2}\,\alpha\tau eE$)")
    style.letter(spin, "a", "per relaxation time")
    for sheet, color, marker in (("outer", style.GREEN, "o"), ("inner", style.PURPLE, "v")):
        look = {"color": color, "marker": marker, "linewidth": 0.6, "label": f"{sheet} contour"}
        times.plot(density, ds.transport_time.sel(sheet=sheet), **look)
    times.axhline(1, color=style.GREY, linewidth=0.5, zorder=0)
    times.set_ylabel(r"Momentum relaxation time ($\tau$)")
    times.set_ylim(0, 2.1)
    style.letter(times, "b", "of each contour")
    fixed.set_ylabel(r"$S_y$ ($\frac{\hbar}{2}\frac{m}{\pi\hbar^2}\,\alpha\tau_0 eE$)")
    style.letter(fixed, "c", "at fixed impurities")
    for ax in (spin, times, fixed):
        ax.axvline(1, color=style.GREY, linewidth=0.6, linestyle=":", zorder=0)
        ax.set_xlabel("$n/n_0$")
        ax.set_xlim(left=0)
    handles = [*spin.get_legend_handles_labels()[0], *times.get_legend_handles_labels()[0]]
    style.legend_below(figure, handles)
    return figure
