"""Table of selection rules, and computed responses."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import UserError
from ..plotting import style
from ..plotting.naming import density_name, edge_name, model_name
from ..plotting.units import symbol

NEEDS = ("response",)
SYSTEMS = (1, None, "crystals")
THEORY = "selection_rules"
AXES = 0
CAPTION = (
    "Parts of a response that symmetry allows. Rows: models and edges; columns: densities, intra- "
    "and interband, each even and odd in y and net; a site is compared with the same site at -y, "
    "or with that of the other sublattice (zigzag, chiral). Colored: allowed by the symmetries "
    "found in the Hamiltonian; the color is the largest computed value over the sum of the "
    "magnitudes of its terms. Grey: forbidden, and zero to rounding; white: no such density. "
    "Each table has a Fermi energy, in a band or at zero, where operations that exchange filled "
    "and empty states (S) are symmetries too, and an insulator has no intraband response. Right: "
    "operations (T antiunitary, Mx: x -> -x, My: y -> -y, C2: both, F exchanges spins). Below: all "
    "computed values, for all definitions of the densities; those that vanish identically are in "
    "the leftmost bin."
)
# Of these densities one definition is shown, unless the option says otherwise.
COLUMNS = {"charge site": "charge", "spin site": "spin", "orbital_moment circulation": "moment"}
FORBIDDEN, BROKEN = "#E4E4E4", "#D00000"
# Lower end of the histogram, and the value below which the table counts zero.
LOWEST, ROUNDING = 1e-18, 1e-9
# A histogram whose bars are all below this has a linear axis.
DECADE = 10
COLORS = LogNorm(1e-4, 1)


@style.styled
def draw(systems: list[dict], columns: tuple[str, ...] = ()) -> Figure:
    """A row for every edge of every system.

    ``columns`` are the densities shown, each with its definition as in the dataset, such as
    ``orbital_moment local`` or ``orbital_angular_momentum site``; without it, all densities that
    any system has, with one definition each.

    Raises
    ------
    UserError
        For a column that no system has.
    """
    tables = [system["response"] for system in systems]
    first = tables[0]
    levels, edges = first.fermi_energy.values, first.sizes["direction"]
    densities = _columns(tables, columns)
    rows = edges * len(tables)
    height = 0.135 * rows + 2.6
    figure = style.new_figure(style.DOUBLE_COLUMN, height)
    grid = figure.add_gridspec(2, len(levels), height_ratios=[0.135 * rows + 1.0, 1.3])
    axes = []
    for e, level in enumerate(levels):
        ax = figure.add_subplot(grid[0, e])
        axes.append(ax)
        image = _table(ax, tables, densities, e)
        place = "in a band" if level else "at zero"
        letter = rf"$\mathbf{{({'abcdefgh'[e]})}}$"
        ax.set_title(rf"{letter} $E_F={level:g}\,{symbol('t0')}$, {place}", loc="left", pad=28)
        ax.set_yticks(np.arange(rows) + 0.5)
        ax.tick_params(length=0, pad=2)
        ax.set_yticklabels([])
    directions = [text.split() for table in tables for text in table.direction.values]
    names = [edge_name([int(number) for number in numbers]) for numbers in directions]
    axes[0].set_yticklabels(names, fontsize=5.5)
    for i, table in enumerate(tables):
        axes[0].annotate(
            model_name(table), (0, edges * (i + 0.5)), xycoords=_beside(axes[0]), xytext=(-46, 0),
            textcoords="offset points", ha="right", va="center", fontsize=6, linespacing=1.3,
        )  # fmt: skip
        for d, text in enumerate(table.operations.values):
            axes[-1].text(
                1.02, edges * i + d + 0.5, _operations(text), transform=_beside(axes[-1]),
                ha="left", va="center", fontsize=4.8,
            )  # fmt: skip
    bar = figure.colorbar(
        image, ax=axes, location="bottom", shrink=0.5, aspect=40, pad=max(0.015, 0.4 / rows)
    )
    bar.set_label("allowed: computed value / sum of magnitudes of its terms")
    bar.outline.set_linewidth(0.5)
    below = figure.add_subplot(grid[1, :])
    _histogram(below, tables)
    style.letter(below, "abcdefgh"[len(levels)])
    return figure


def _columns(tables, chosen: tuple[str, ...]) -> list[str]:
    """Densities with their definitions: the chosen ones, or one definition of each density."""
    computed = list(dict.fromkeys(str(name) for table in tables for name in table.density.values))
    for name in chosen:
        if name not in computed:
            raise UserError("columns", name, computed)
    if chosen:
        return list(chosen)
    shown = [name for name in COLUMNS if name in computed]
    known = {name.rpartition(" ")[0] for name in shown}
    for name in computed:
        density = name.rpartition(" ")[0]
        if density not in known:
            known.add(density)
            shown.append(name)
    return shown


def _title(column: str) -> str:
    """Short name of a density, with its definition where the density has several."""
    if column in COLUMNS:
        return COLUMNS[column]
    density, _, definition = column.rpartition(" ")
    name = density_name(density)
    return name if definition == "site" else f"{name}, {definition}"


def _beside(ax):
    return ax.get_yaxis_transform()


def _table(ax, tables, densities, level):
    """Cells of one Fermi energy: model x edge against density x process x part."""
    blocks = []
    for table in tables:
        available = list(table.density.values)
        shape = (table.sizes["direction"], table.sizes["process"], table.sizes["part"])
        block = np.full((2, shape[0], len(densities), *shape[1:]), np.nan)
        for j, name in enumerate(densities):
            if name in available:
                index = {"fermi_energy": level, "density": available.index(name)}
                block[0, :, j] = table.allowed.isel(index).values
                block[1, :, j] = table.computed.isel(index).values
        blocks.append(block.reshape(2, shape[0], -1))
    allowed, computed = np.concatenate(blocks, axis=1)
    rows, count = allowed.shape
    ax.set_xlim(0, count)
    ax.set_ylim(rows, 0)
    style_of = {"edgecolors": "white", "linewidth": 0.4}
    flat = np.where(allowed == 0, 1.0, np.nan)
    ax.pcolormesh(flat, cmap=ListedColormap([FORBIDDEN]), vmin=0, vmax=1, **style_of)
    image = ax.pcolormesh(
        np.where(allowed == 1, computed, np.nan), cmap="viridis_r", norm=COLORS, **style_of
    )
    broken = (allowed == 0) & (computed > ROUNDING) | (allowed == 1) & (computed < ROUNDING)
    for i, j in np.argwhere(broken):
        ax.text(j + 0.5, i + 0.5, "!", color=BROKEN, ha="center", va="center", fontsize=7)
    for i in range(tables[0].sizes["direction"], rows, tables[0].sizes["direction"]):
        ax.axhline(i, color="black", linewidth=0.5)
    for j in range(3, count, 3):
        ax.axvline(j, color="black", linewidth=0.7 if j % 6 == 0 else 0.25)
    ax.set_xticks(np.arange(count) + 0.5, ["even", "odd", "net"] * (count // 3), rotation=90)
    ax.tick_params(axis="x", labelsize=5)
    for j in range(count // 3):
        _above(ax, 3 * j + 1.5, 2, ("intra", "inter")[j % 2], 5.5)
    for j, name in enumerate(densities):
        _above(ax, 6 * j + 3, 11, _title(name), 6.5)
    return image


def _above(ax, x: float, height: float, text: str, size: float) -> None:
    """Write a text ``height`` points above the table, whatever the height of its rows."""
    ax.annotate(
        text, (x, 1), xycoords=("data", "axes fraction"), xytext=(0, height),
        textcoords="offset points", ha="center", va="bottom", fontsize=size,
    )  # fmt: skip


def _operations(text: str) -> str:
    names = text.split(", ")
    shown = [name.replace(" ", r"\,") for name in names if name != "1"]
    return ", ".join(f"${_upright(name)}$" for name in shown) if len(names) < 9 else (
        f"{len(names)} operations"
    )  # fmt: skip


def _upright(name: str) -> str:
    return rf"\mathrm{{{name}}}".replace("Mx", "M_x").replace("My", "M_y").replace("C2", "C_2")


def _histogram(ax, tables) -> None:
    """All computed values, allowed and forbidden, on a logarithmic axis."""
    bins = np.logspace(np.log10(LOWEST), 0.5, 75)
    values = {0: [], 1: []}
    for table in tables:
        for kind, arrays in values.items():
            arrays.append(table.computed.values[table.allowed.values == kind])
    for kind, color, label in ((0, style.GREY, "forbidden"), (1, style.BLUE, "allowed")):
        shown = np.maximum(np.concatenate(values[kind]), LOWEST * 1.01)
        ax.hist(shown, bins=bins, color=color, label=f"{label} ({len(shown)})")
    ax.set_xscale("log")
    if ax.get_ylim()[1] < DECADE:
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        ax.set_yscale("log")
    ax.set_xlabel("computed value / sum of magnitudes of its terms")
    ax.set_ylabel("Number of parts")
    ax.legend(loc="upper center", frameon=False)
