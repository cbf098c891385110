"""Accumulation over the cross-section of wires, and its net by layer."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import UserError
from . import panels, style
from .units import accumulation_units

NEEDS = ("response",)
CAPTION = (
    "Wires cut out of three-dimensional crystals, open along y and z, with the field along x. A "
    "row for each: accumulation over the cross-section, a disc for every place (y, z), sites and "
    "spins at one place added up; dissipative intraband part (for tau = hbar / t0), intrinsic "
    "interband part, and the net of each layer. Every map has its own range, symmetric about zero. "
    "Time reversal combined with z -> -z (layers of alternating flux) makes the intraband moments "
    "of a layer and its mirror image equal and the interband ones opposite, without a net. Time "
    "reversal combined with inversion (the antiferromagnet) leaves the intraband part staggered, "
    "without a net, and allows a net interband accumulation: the magnetoelectric effect."
)
DIVERGING = LinearSegmentedColormap.from_list("diverging", [style.BLUE, "white", style.VERMILION])
PROCESSES = ("intraband", "interband")
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
        If a system is no wire, the titles are not one a system, or one lacks what is asked for.
    """
    if titles:
        titles = panels.listed("titles", titles, len(systems))
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.3 + 2.2 * len(systems))
    figure.get_layout_engine().set(w_pad=0.06)
    rows = figure.subfigures(len(systems), 1, squeeze=False)[:, 0]
    letters = iter("abcdefghijklmnopqrstuvwxyz")
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
            _map(part, ax, response, process)
        axes[0].set_ylabel("$z$ ($a$)")
        style.letter(axes[2], next(letters), "net of a layer")
        _by_layer(axes[2], response)
    style.legend_below(figure, panels.process_handles())
    return figure


def _title(response: xr.Dataset) -> str:
    name = json.loads(response.attrs["parameters"])["model"]["name"].replace("_", " ")
    density = response.attrs["density"]
    level = float(response.fermi_energy)
    return f"{name}: {SUBJECTS.get(density, density)}, $E_F={level:g}\\,t_0$"


def _places(response: xr.Dataset, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(place, yz) and the sum of values(row) at each place of the cross-section."""
    where = np.round(np.column_stack((response.y.values, response.z.values)), 6)
    places, which = np.unique(where, axis=0, return_inverse=True)
    return places, np.bincount(which.reshape(-1), weights=values, minlength=len(places))


def _map(figure, ax, response: xr.Dataset, process: str) -> None:
    places, values = _places(response, response.accumulation.sel(process=process).values)
    top = np.max(np.abs(values))
    zero = top < panels.ZERO
    exponent = 0 if zero else int(np.floor(np.log10(top)))
    scale = 10.0**exponent if exponent < -1 else 1.0
    norm = TwoSlopeNorm(0.0, *((-1, 1) if zero else (-top / scale, top / scale)))
    discs = ax.scatter(
        *places.T, c=values / scale, s=_size(places), cmap=DIVERGING, norm=norm,
        edgecolors="black", linewidths=0.3,
    )  # fmt: skip
    if zero:
        panels.note(ax, "identically zero")
    units = accumulation_units(response.accumulation.attrs["units"])
    if process == "intraband":
        units += r"$\,\times\,\tau t_0/\hbar$"
    bar = figure.colorbar(discs, ax=ax, pad=0.02, aspect=24)
    bar.set_label((rf"$10^{{{exponent}}}\,$" if scale != 1 else "") + units)
    bar.locator = MaxNLocator(5, symmetric=True)
    bar.update_ticks()
    bar.outline.set_linewidth(0.5)
    style.y_axis(ax, places[:, 0])
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    layers = np.unique(places[:, 1])
    margin = 0.5 * np.min(np.diff(layers), initial=1.0)
    ax.set_ylim(layers[0] - margin, layers[-1] + margin)


def _size(places: np.ndarray) -> float:
    """Area of a disc, in square points, that leaves room for its neighbours in a layer."""
    y = np.unique(np.round(places[:, 0], 4))
    # Of a panel about 130 points wide.
    nearest = 130.0 * np.min(np.diff(y), initial=np.inf) / (1.12 * np.ptp(y) or 1.0)
    return float(np.clip(nearest, 2.0, 9.0)) ** 2


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
