"""Generalized Hall conductivities of the crystal against Fermi energy and temperature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import crystals, panels, style
from ..plotting.naming import density_name
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 8, "crystals")
THEORY = "hall"
AXES = 0
CAPTION = (
    "Generalized Hall conductivities sigma_yx (current along y, field along x) of the crystal. Top "
    "row: number of electrons, quantized to minus the Chern number in the gap (shaded), and spin, "
    "quantized to the difference of the Chern numbers of both spins in the Kane-Mele model. Below: "
    "valley and orbital moment, whose plateaus in the gap are not quantized, and other operators, "
    "a row for each unit. Quantities that no crystal of the figure has are left out."
)
ROWS = (("charge", "spin"), ("valley",), ("orbital_moment",))
LINES = ("-", (0, (4, 1.5)), (0, (1, 1)))
FURTHER = (style.PURPLE, style.ORANGE, style.SKY, style.GREEN, style.VERMILION)


@style.styled
def draw(systems: list[dict]) -> Figure:
    """A column for each crystal, a row for each quantity; line styles are temperatures."""
    datasets = [system["response"] for system in systems]
    rows = [row for row in ROWS if any(name in ds for name in row for ds in datasets)]
    units = list(dict.fromkeys(unit for ds in datasets for _, unit, _ in _further(ds)))
    count = len(rows) + len(units)
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.9 + 1.3 * count)
    axes = figure.subplots(count, len(datasets), sharex="col", sharey="row", squeeze=False)
    letters = iter(style.LETTERS)
    names = list(dict.fromkeys(name for ds in datasets for name, _, _ in _further(ds)))
    looks = dict(zip(names, FURTHER * len(names), strict=False))
    for number, row in enumerate(axes):
        for ax, ds in zip(row, datasets, strict=True):
            style.letter(ax, next(letters), _title(ds) if number == 0 else "")
            if number < len(rows):
                # Without spin its conductivity is zero, and its line would hide that of the charge.
                drawn = [n for n in rows[number] if n in ds and (n != "spin" or _shown(ds[n]))]
                _panel(ax, ds, {crystals.COLORS[name]: ds[name] for name in drawn})
            else:
                unit = units[number - len(rows)]
                _panel(ax, ds, {looks[name]: one for name, u, one in _further(ds) if u == unit})
        if max(np.abs(ax.get_ylim()).max() for ax in row) < panels.ZERO:
            row[0].set_ylim(-1, 1)  # rounding alone
        row[0].set_ylabel(
            _quantities([name for name in rows[number] if any(name in ds for ds in datasets)])
            if number < len(rows)
            else r"$\sigma_{yx}$: other operators" "\n" + _per_quantum(units[number - len(rows)])
        )
    for ax in axes[-1]:
        ax.set_xlabel(f"$E_F$ ({tex_units('t0')})")
    temperatures = [
        Line2D(
            [], [], color=style.GREY, linestyle=line, label=rf"$k_BT={float(t):g}\,{symbol('t0')}$"
        )
        for t, line in zip(datasets[0].temperature.values, LINES, strict=False)
    ]
    known = [
        name
        for row in rows
        for name in row
        if name != "spin" or any(_shown(ds.get(name)) for ds in datasets)
    ]
    others = [Line2D([], [], color=looks[n], label=density_name(n)) for n in names]
    style.legend_below(figure, [*crystals.handles(known), *others, *temperatures])
    return figure


def _further(ds) -> Iterator[tuple[str, str, object]]:
    """Name, unit and conductivity of the densities that are no variables of their own."""
    for number in range(ds.sizes.get("density", 0)):
        one = ds.isel(density=number)
        yield str(one.density.item()), str(one.density_units.item()), one.conductivity


def _quantities(names: list[str]) -> str:
    """Label of a row of ROWS of which these quantities are there."""
    words = {
        "charge alone": r"$\sigma_{yx}$: charge ($e^2/h$)",
        "spin": r"$\sigma_{yx}$: spin ($(e/h)\,\hbar/2$)",
        "charge": r"$\sigma_{yx}$: charge ($e^2/h$)," "\n" r"spin ($(e/h)\,\hbar/2$)",
        "valley": r"$\sigma_{yx}$: valley ($e/h$)",
        "orbital_moment": r"$\sigma_{yx}$: orbital moment"
        f"\n({crystals.units('orbital_moment')})",
    }
    return words["charge alone" if names == ["charge"] else names[0]]


def _per_quantum(unit: str) -> str:
    inner = tex_units(unit).strip("$")
    return "($e/h$)" if unit == "1" else rf"($(e/h)\,{inner}$)"


def _shown(values) -> bool:
    return values is not None and np.abs(values.values).max() >= panels.ZERO


def _title(ds) -> str:
    number = ds.chern.item()
    return crystals.name(ds, int(number) if np.isfinite(number) else None)


def _panel(ax, ds, curves: dict) -> None:
    """``curves``: (fermi_energy, temperature) by colour."""
    if ds.conduction_bottom > ds.valence_top:
        ax.axvspan(ds.valence_top.item(), ds.conduction_bottom.item(), color="#EBEBEB", zorder=0)
    style.zero_line(ax)
    for color, curve in curves.items():
        for number, line in zip(range(ds.sizes["temperature"]), LINES, strict=False):
            look = {"color": color, "linestyle": line}
            values = curve.isel(temperature=number)
            ax.plot(ds.fermi_energy, values, **look, alpha=1.0 if number == 0 else 0.8)
    if curves and not any(_shown(curve) for curve in curves.values()):
        panels.note(ax, "zero")
    ax.set_xlim(ds.fermi_energy.values.min(), ds.fermi_energy.values.max())
