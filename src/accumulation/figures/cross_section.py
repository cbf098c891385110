"""Accumulation over the cross-section of wires, and its net by layer."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import UserError
from ..plotting import panels, style
from ..plotting.panels import PROCESSES
from ..plotting.parameters import model_of
from ..plotting.section import draw_section
from ..plotting.units import accumulation_units, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 8, "wires")
KINDS = ("wire",)
AXES = 0
LENGTHS = {"titles": "systems"}
CAPTION = (
    "Wires cut out of three-dimensional crystals, open along y and z, with the field along x. A "
    "row for each: accumulation over the cross-section, a disc for each position (y, z), summed "
    "over its sites and spins; dissipative intraband part (for tau = hbar / t0), intrinsic "
    "interband part, and the net of each layer. Every map has its own range, symmetric about zero. "
    "Time reversal combined with z -> -z (layers of alternating flux) makes the intraband moments "
    "of a layer and its mirror image equal and the interband ones opposite, without a net. Time "
    "reversal combined with inversion (the antiferromagnet) leaves the intraband part staggered, "
    "without a net, and allows a net interband accumulation: the magnetoelectric effect."
)
SUBJECTS = {"orbital_moment": "orbital moment", "spin": "spin", "charge": "electrons"}


@style.styled
def draw(
    systems: list[dict],
    titles: tuple[str, ...] = (),
    definition: str | None = None,
    gauge: str = "atomic",
    fermi_energy: float | None = None,
    temperature: float | None = None,
) -> Figure:
    """A row for each wire: maps of both processes, and the net by layer.

    ``titles`` are shown above the rows; without them, the names of the models.

    Raises
    ------
    UserError
        If a system is not a wire or lacks a selected value, or the titles are not one a system.
    """
    if titles:
        titles = panels.listed("titles", titles, len(systems))
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.3 + 2.2 * len(systems))
    figure.get_layout_engine().set(w_pad=0.06)
    rows = figure.subfigures(len(systems), 1, squeeze=False)[:, 0]
    letters = iter(style.LETTERS)
    for number, (part, system) in enumerate(zip(rows, systems, strict=True)):
        response = panels.pick(
            system["response"],
            definition=definition, gauge=gauge, fermi_energy=fermi_energy, temperature=temperature,
        )  # fmt: skip
        if response.attrs.get("kind") != "wire":
            raise UserError("systems", response.attrs["system"], "wires")
        part.suptitle(titles[number] if titles else _title(response), fontsize=8, x=0.02, ha="left")
        axes = part.subplots(1, 3, width_ratios=[1.15, 1.15, 0.8], sharey=True)
        for ax, process in zip(axes, PROCESSES, strict=False):
            style.letter(ax, next(letters), process)
            draw_section(part, ax, response, process)
        axes[0].set_ylabel(f"$z$ ({tex_units('a')})")
        style.letter(axes[2], next(letters), "net of a layer")
        _by_layer(axes[2], response)
    style.legend_below(figure, panels.process_handles())
    return figure


def _title(response: xr.Dataset) -> str:
    name = model_of(response)["name"].replace("_", " ")
    density = response.attrs["density"]
    level = float(response.fermi_energy)
    return f"{name}: {SUBJECTS.get(density, density)}, $E_F={level:g}\\,{symbol('t0')}$"


def _by_layer(ax, response: xr.Dataset) -> None:
    z, layer = np.unique(np.round(response.z.values, 6), return_inverse=True)
    peak = 0.0
    for process in PROCESSES:
        values = response.accumulation.sel(process=process).values
        net = np.bincount(layer.reshape(-1), weights=values, minlength=len(z))
        peak = max(peak, np.max(np.abs(net)))
        look = style.ROLES[process]
        ax.plot(net, z, color=look["color"], marker=look["marker"], linewidth=0.8, markersize=4)
    ax.axvline(0, color=style.GREY, linewidth=0.5, zorder=0)
    limit = 1.15 * peak if peak > panels.ZERO else 1.0
    ax.set_xlim(-limit, limit)
    ax.xaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    ax.set_xlabel(f"Net ({accumulation_units(response.accumulation.attrs['units'])})")
