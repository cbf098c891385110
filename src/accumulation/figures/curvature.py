"""Generalized Berry curvature of one band over the Brillouin zone."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..plotting import crystals, panels, style
from ..plotting.units import NATURAL, shown_units, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 6, "crystals")
THEORY = "curvature"
AXES = 0
CAPTION = (
    "Generalized Berry curvature Omega_yx of the highest filled band over the Brillouin zone "
    "(hexagon), and the band's orbital moment. With time reversal the charge curvature and the "
    "moment are odd in k, the valley and orbital curvatures even; in the topological phase at "
    "Delta = 0 the charge curvature and the moment are even and the valley curvature is odd. Each "
    "panel has its own symmetric range; colors are linear up to a twentieth of it, which shows the "
    "values between the peaks. Where bands of both spins cross, the quantity of a band jumps."
)
TITLES = {
    "moment": ("moment $m$", "e t0 a^2 / hbar"),
    "charge_curvature": (r"$\Omega$, charge", "a^2"),
    "spin_curvature": (r"$\Omega$, spin", "a^2 hbar / 2"),
    "valley_curvature": (r"$\Omega$, valley", "a^2"),
    "orbital_moment_curvature": (r"$\Omega$, orbital", "e t0 a^4 / hbar"),
}
CHOICES = {"quantities": tuple(TITLES)}


@style.styled
def draw(
    systems: list[dict],
    quantities: tuple[str, ...] = (
        "charge_curvature", "valley_curvature", "orbital_moment_curvature", "moment",
    ),
    with_spin: bool = True,
) -> Figure:  # fmt: skip
    """A row for each crystal, a column for each quantity.

    ``with_spin`` puts the spin curvature in the place of the charge curvature where a model
    resolves spin.
    """
    quantities = panels.listed("quantities", quantities)
    for name in quantities:
        panels.one_of("quantities", name, tuple(TITLES))
    figure = style.new_figure(style.DOUBLE_COLUMN, 1.5 * len(systems) + 0.25)
    axes = figure.subplots(len(systems), len(quantities), sharex=True, sharey=True, squeeze=False)
    letters = iter(style.LETTERS)
    for row, system in zip(axes, systems, strict=True):
        ds = system["response"]
        spinful = with_spin and np.abs(ds.spin_curvature.values).max() > panels.ZERO
        for ax, name in zip(row, quantities, strict=True):
            swapped = spinful and name == "charge_curvature"
            _map(figure, ax, ds, "spin_curvature" if swapped else name, next(letters))
        row[0].set_ylabel(f"{_label(ds)}\n$k_y$ ({tex_units('1 / a')})")
    for ax in axes[-1]:
        ax.set_xlabel(f"$k_x$ ({tex_units('1 / a')})")
    return figure


def _label(ds) -> str:
    """Name of the crystal; Haldane's model with its gap, as the dataset has no Chern number."""
    name = crystals.name(ds)
    top = ds.energy.isel(band=ds.sizes["band"] // 2 - 1).max().item()
    return f"{name}, gap {-2 * top:.2g} {tex_units('t0')}" if name == "Haldane" else name


def _map(figure, ax, ds, name: str, letter: str) -> None:
    title, units = TITLES[name]
    band = ds.sizes["band"] // 2 - 1
    values = ds[name].isel(band=band).transpose("k_y", "k_x").values
    style.letter(ax, letter, title)
    if np.abs(values).max() < panels.ZERO:
        values = 0 * values
    artist = ax.pcolormesh(
        ds.k_x, ds.k_y, values, cmap="RdBu_r", norm=crystals.around_zero(values),
        shading="nearest", rasterized=True,
    )  # fmt: skip
    corner = ds.corner.transpose("end", "axis").values
    ax.plot(*np.vstack((corner, corner[:1])).T, color="black", linewidth=0.7)
    ax.set_aspect("equal")
    if shown_units() == NATURAL:
        ax.set_xticks([-4, 0, 4])
        ax.set_yticks([-3, 0, 3])
    bar = figure.colorbar(artist, ax=ax, pad=0.02, aspect=16, shrink=0.8)
    bar.ax.set_title(tex_units(units), fontsize=6, pad=4, loc="left")
    bar.outline.set_linewidth(0.5)
    top = artist.norm.vmax
    bar.set_ticks([-top, 0, top], labels=[f"−{top:.2g}", "0", f"{top:.2g}"])
    bar.minorticks_off()
