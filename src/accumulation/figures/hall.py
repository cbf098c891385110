"""Generalized Hall conductivities of the crystal against Fermi energy and temperature."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import crystals, panels, style
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 8, "crystals")
THEORY = "hall"
AXES = 0
CAPTION = (
    "Generalized Hall conductivities sigma_yx (current along y, field along x) of the crystal. Top "
    "row: number of electrons, quantized to minus the Chern number in the gap (shaded), and spin, "
    "quantized to the difference of the Chern numbers of both spins in the Kane-Mele model. Below: "
    "valley and orbital moment, whose plateaus in the gap are not quantized."
)
ROWS = (("charge", "spin"), ("valley",), ("orbital_moment",))
LINES = ("-", (0, (4, 1.5)), (0, (1, 1)))


@style.styled
def draw(systems: list[dict]) -> Figure:
    """A column for each crystal, a row for each quantity; line styles are temperatures."""
    datasets = [system["response"] for system in systems]
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.8)
    axes = figure.subplots(3, len(datasets), sharex=True, sharey="row", squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwx")
    for number, (row, quantities) in enumerate(zip(axes, ROWS, strict=True)):
        for ax, ds in zip(row, datasets, strict=True):
            style.letter(ax, next(letters), _title(ds) if number == 0 else "")
            _panel(ax, ds, quantities)
    for ax in axes[-1]:
        ax.set_xlabel(f"$E_F$ ({tex_units('t0')})")
    axes[0][0].set_ylabel(r"$\sigma_{yx}$: charge ($e^2/h$)," "\n" r"spin ($(e/h)\,\hbar/2$)")
    axes[1][0].set_ylabel(r"$\sigma_{yx}$: valley ($e/h$)")
    axes[2][0].set_ylabel(
        r"$\sigma_{yx}$: orbital moment" f"\n({crystals.units('orbital_moment')})"
    )
    temperatures = [
        Line2D(
            [], [], color=style.GREY, linestyle=line, label=rf"$k_BT={float(t):g}\,{symbol('t0')}$"
        )
        for t, line in zip(datasets[0].temperature.values, LINES, strict=False)
    ]
    names = [name for quantities in ROWS for name in quantities]
    style.legend_below(figure, [*crystals.handles(names), *temperatures])
    return figure


def _title(ds) -> str:
    number = ds.chern.item()
    return crystals.name(ds, int(number) if np.isfinite(number) else None)


def _panel(ax, ds, quantities) -> None:
    if ds.conduction_bottom > ds.valence_top:
        ax.axvspan(ds.valence_top.item(), ds.conduction_bottom.item(), color="#EBEBEB", zorder=0)
    style.zero_line(ax)
    for name in quantities:
        if name == "spin" and np.abs(ds.spin.values).max() < panels.ZERO:
            continue
        for number, line in zip(range(ds.sizes["temperature"]), LINES, strict=False):
            values = ds[name].isel(temperature=number)
            look = {"color": crystals.COLORS[name], "linestyle": line}
            ax.plot(ds.fermi_energy, values, **look, alpha=1.0 if number == 0 else 0.8)
    ax.set_xlim(ds.fermi_energy.values.min(), ds.fermi_energy.values.max())
