"""Bands of a system, and its accumulation at each site."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..plotting import panels, style
from ..plotting.panels import PROCESSES
from ..plotting.section import draw_section
from ..plotting.sites import to_sites
from ..plotting.units import tex_units

NEEDS = ("elements", "response")
SYSTEMS = (1, 1, "a ribbon, wire or flake")
KINDS = ("ribbon", "wire", "flake")
AXES = 0
CAPTION = (
    "Left: bands, or the levels of a flake, coloured by the mean position of the state across the "
    "system: grey in the middle, blue and red at the edges; dashed: Fermi level. Right: "
    "accumulation in a field along x at each site, summed over its spins and orbitals (of a wire: "
    "over its cross-section), a row for each definition of the density. Intraband: dissipative, "
    "for tau = hbar / t0 (hbar / eV of a model in eV); interband: intrinsic. Lines join sites of a "
    "sublattice at one x; a zigzag ribbon has two. Each panel has its own range."
)
# Largest number of sublattices with distinguishable markers.
MOST_NAMES = 4


@style.styled
def draw(
    systems: list[dict],
    gauge: str | None = None,
    fermi_energy: float | None = None,
    temperature: float | None = None,
) -> Figure:
    """Bands of a ribbon, wire or flake, and its accumulation in every definition.

    The default of gauge, Fermi energy and temperature is the first value of the dataset.

    Raises
    ------
    UserError
        If there is not one system, or it lacks the gauge, Fermi energy or temperature.
    """
    panels.need_systems(systems, SYSTEMS)
    elements = panels.pick(systems[0]["elements"], gauge=gauge)
    response = panels.pick(
        systems[0]["response"], gauge=gauge, fermi_energy=fermi_energy, temperature=temperature
    )
    if "definition" not in response.dims:  # computed for a single definition
        elements, response = elements.expand_dims("definition"), response.expand_dims("definition")
    definitions = response.definition.values.tolist()
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.7 + 1.8 * max(len(definitions), 1.4))
    grid = figure.add_gridspec(len(definitions), 3, width_ratios=[1.15, 1, 1])
    levels = figure.add_subplot(grid[:, 0])
    _levels(figure, levels, elements.isel(definition=0), response)
    letters = iter(style.LETTERS)
    style.letter(levels, next(letters))
    for row, definition in enumerate(definitions):
        by_site = to_sites(response.sel(definition=definition))
        for column, process in enumerate(PROCESSES):
            ax = figure.add_subplot(grid[row, column + 1])
            style.letter(ax, next(letters), f"{definition}, {process}")
            _accumulated(figure, ax, by_site, process)
            if row < len(definitions) - 1:
                ax.set_xlabel("")
    lines = [panels.line_handle()] if _joined(by_site) else []
    if by_site.attrs["kind"] != "wire" and 1 < len(panels.sublattices(by_site)) <= MOST_NAMES:
        panels.site_legend(figure, by_site, lines)
    elif lines:
        style.legend_below(figure, lines)
    return figure


def _levels(figure, ax, elements, response) -> None:
    """Energies against k, or of a flake against the states' mean positions."""
    energy, center = elements.energy.values, elements.center_y.values
    half = np.max(np.abs(elements.y.values)) or 1.0
    norm = Normalize(-half, half)
    if elements.attrs["kind"] == "flake":
        colors = ax.scatter(
            center[0], energy[0], c=center[0], cmap=style.ACROSS, norm=norm, s=5, linewidths=0
        )
        style.y_axis(ax, elements.y.values)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.set_xlabel(f"Centre of the state $y$ ({tex_units('a')})")
    else:
        colors = panels.state_lines(ax, elements, energy, center, style.ACROSS, norm)
        bar = figure.colorbar(colors, ax=ax, location="bottom", pad=0.02, aspect=28)
        bar.set_label(f"Centre of the state $y$ ({tex_units('a')})")
        bar.outline.set_linewidth(0.5)
    level = float(response.fermi_energy)
    ax.axhline(level, color="black", linestyle="--", linewidth=0.7)
    low, high = ax.get_ylim()
    margin = 0.05 * (high - low)
    ax.set_ylim(min(low, level - margin), max(high, level + margin))
    ax.annotate(
        "$E_F$", (1, level), xycoords=("axes fraction", "data"), xytext=(2, 0),
        textcoords="offset points", va="center", fontsize=7,
    )  # fmt: skip
    ax.set_ylabel(f"Energy ({tex_units('t0')})")


def _joined(by_site) -> bool:
    """Whether lines join the sites of a sublattice at one x."""
    return by_site.attrs["kind"] == "ribbon" and len(panels.sublattices(by_site)) <= MOST_NAMES


def _accumulated(figure, ax, response, process: str) -> None:
    """One process of one definition: a profile, or a map of a wire's cross-section."""
    if response.attrs["kind"] == "wire":
        draw_section(figure, ax, response, process)
        ax.set_ylabel(f"$z$ ({tex_units('a')})")
        return
    # No lines for a flake: its sites at the same x differ in y and cell.  None for many kinds of
    # sites, such as Wannier functions, few of which are at exactly the same x.
    look = {} if _joined(response) else {"linestyle": "none"}
    if len(panels.sublattices(response)) > MOST_NAMES:
        response = response.assign_coords(sublattice=("row", [""] * response.sizes["row"]))
    panels.profile(ax, response, [process], **look)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    remark = panels.remark_on(response.accumulation.sel(process=process).values)
    if remark:
        ax.set_ylim(-1, 1)
        panels.label_accumulation(ax, response)
        panels.note(ax, remark)
