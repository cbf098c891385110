"""Reciprocity of interacting electrons on a small cluster, with and without time reversal."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..errors import UserError
from ..plotting import panels, style
from ..plotting.style import DASHED, LOG_ZERO, PALE
from ..plotting.units import accumulation_units, symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a cluster on the axes phi and interaction")
THEORY = "interacting"
AXIS = ("phi", "interaction")
CAPTION = (
    "Exact diagonalization of a cluster with nearest-neighbour repulsion V at a finite temperature "
    "(S1). (a) Asymmetry of chi_AB and lambda_A lambda_B chi_BA, relative to the largest response, "
    "for the orbital moment and the dipole: rounding with time reversal at any V, finite without; "
    "plus signs: against the cluster with the opposite flux. (b, c) Both responses of the net "
    "moment, real parts, without and with repulsion. Dashed: the reciprocal response."
)


@style.styled
def draw(systems: list[dict], interaction: float = 2.0, region: str = "net") -> Figure:
    """Three panels of one cluster on the axes phi (two values, the first 0) and interaction.

    Raises
    ------
    UserError
        If there is not one system, or it does not have these axes.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = panels.pick(systems[0]["response"], region=region)
    if not {"phi", "interaction"} <= set(ds.dims) or ds.sizes["phi"] != 2:
        raise UserError("systems", "other axes", "axes phi (two values) and interaction")
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.6)
    axes = figure.subplots(1, 3)
    _asymmetries(axes[0], ds)
    units = accumulation_units(str(ds.density_units.values.flat[0]))
    for ax, flux, name in zip(axes[1:], ds.phi.values, "bc", strict=True):
        style.letter(ax, name, rf"$\varphi={flux:.2g}$")
        _responses(ax, ds.sel(phi=flux, part="real"), interaction)
        ax.set_xlabel(rf"$\omega$ ({tex_units('t0 / hbar')})")
        ax.set_ylabel(rf"Re $\chi$ ({units})")
    labels = ((style.BLUE, "$V=0$"), (style.VERMILION, rf"$V={interaction:g}\,{symbol('t0')}$"))
    handles = [Line2D([], [], color=color, label=label, **PALE) for color, label in labels]
    handles.append(Line2D([], [], color="black", linestyle=DASHED, label="reciprocal"))
    style.legend_below(figure, handles)
    return figure


def _asymmetries(ax, ds) -> None:
    style.letter(ax, "a")
    looks = (("o", style.BLUE), ("^", style.ORANGE))
    for flux, (marker, color) in zip(ds.phi.values, looks, strict=True):
        of_flux = ds.sel(phi=flux)
        values = np.maximum(of_flux.asymmetry.values, LOG_ZERO)
        label = rf"$\varphi={flux:.2g}$"
        ax.plot(ds.interaction, values, color=color, marker=marker, label=label, clip_on=False)
    values = np.maximum(of_flux.reversed_residual.values, LOG_ZERO)
    label = rf"$\varphi={flux:.2g}$ against ${-flux:.2g}$"
    ax.plot(ds.interaction, values, color="black", marker="+", linestyle=":", label=label)
    ax.set_yscale("log")
    ax.set_ylim(LOG_ZERO, 30)
    ax.set_xlabel(f"$V$ ({tex_units('t0')})")
    ax.set_ylabel("relative asymmetry")
    ax.legend(frameon=False, loc="center right")


def _responses(ax, of_flux, interaction: float) -> None:
    style.zero_line(ax)
    for value, color in ((0.0, style.BLUE), (interaction, style.VERMILION)):
        of_interaction = of_flux.sel(interaction=value, method="nearest")
        ax.plot(of_flux.frequency, of_interaction.forward, color=color, **PALE)
        ax.plot(of_flux.frequency, of_interaction.backward, color=color, linestyle=DASHED)
    ax.set_xlim(of_flux.frequency.values[0], of_flux.frequency.values[-1])
