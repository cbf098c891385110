"""Generalized Hall currents of ribbons, row by row, against the crystal."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import crystals, panels, style
from ..plotting.units import tex_units

NEEDS = ("response",)
SYSTEMS = (1, 8, "ribbons")
THEORY = "ribbon_hall"
AXES = 0
CAPTION = (
    "Undergap current across a ribbon at each row, over the row's width, in response to a field "
    "along the ribbon; horizontal lines: conductivity of the crystal. Symbols: sites (A filled, B "
    "open); lines: mean of the rows of one unit cell across. The current of the moment of the "
    "ribbon, -{dH/dk, y} / 2 (light blue), is not that of the crystal's interband moment: it "
    "depends on the edge. Its single rows, which grow with y with opposite signs on A and B, are "
    "not shown; the mean of neighbours depends on how they are paired."
)
SITES = ("charge", "spin", "valley", "orbital_moment")
ROWS = (("charge", "spin"), ("valley",), ("orbital_moment", "own_moment"))


@style.styled
def draw(systems: list[dict]) -> Figure:
    """A column for each ribbon, a row for each kind of current."""
    datasets = [system["response"] for system in systems]
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.6)
    axes = figure.subplots(3, len(datasets), sharex="col", sharey="row", squeeze=False)
    letters = iter(style.LETTERS)
    for number, (row, quantities) in enumerate(zip(axes, ROWS, strict=True)):
        for ax, ds in zip(row, datasets, strict=True):
            title = f"{_title(ds)},\n{crystals.edge(ds)}" if number == 0 else ""
            style.letter(ax, next(letters), title)
            style.zero_line(ax)
            for name in quantities:
                _rows(ax, ds, name)
            half = 1.06 * np.abs(ds.y.values).max()
            ax.set_xlim(-half, half)
    for ax in axes[-1]:
        ax.set_xlabel(f"$y$ ({tex_units('a')})")
    axes[0][0].set_ylabel(r"charge ($e^2/h$)," "\n" r"spin ($(e/h)\,\hbar/2$)")
    axes[1][0].set_ylabel("valley ($e/h$)")
    axes[2][0].set_ylabel(f"orbital moment\n({crystals.units('orbital_moment')})")
    names = [name for quantities in ROWS for name in quantities]
    crystal = Line2D([], [], color="black", linewidth=0.6, linestyle=(0, (4, 2)), label="crystal")
    sites = style.sublattice_handles(["A", "B"])
    style.legend_below(figure, [*crystals.handles(names), crystal, *sites])
    return figure


def _rows(ax, ds, name: str) -> None:
    values, y, color = ds[name].values, ds.y.values, crystals.COLORS[name]
    if name == "spin" and np.abs(values).max() < panels.ZERO:
        return
    for number, letter in enumerate("AB" if name in SITES else ""):
        places, sites = _sites(ds, name, letter)
        ax.plot(
            places, sites, linestyle="none", marker="o", markersize=1.8, color=color,
            **style.marker_fill(color, number) | {"markeredgewidth": 0.4},
        )  # fmt: skip
    places, means = _cells(y, values, len(set(ds.sublattice.values.tolist())))
    ax.plot(places, means, color=color)
    if f"{name}_bulk" in ds:
        look = {"color": color, "linewidth": 0.6, "linestyle": (0, (4, 2)), "zorder": 1}
        ax.axhline(ds[f"{name}_bulk"].item(), **look)


def _title(ds) -> str:
    return crystals.name(ds, int(np.rint(-ds.charge_bulk.item())))


def _sites(ds, name: str, letter: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the rows of one sublattice at each y, both spins together."""
    on = np.array([str(name).startswith(letter) for name in ds.sublattice.values])
    y, where = np.unique(np.round(ds.y.values[on], 6), return_inverse=True)
    return y, np.bincount(where, ds[name].values[on]) / np.bincount(where)


def _cells(y: np.ndarray, values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Means over as many consecutive rows as a unit cell has orbitals."""
    count = len(y) // size
    return y[: count * size].reshape(count, size).mean(axis=1), values[: count * size].reshape(
        count, size
    ).mean(axis=1)
