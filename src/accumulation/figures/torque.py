"""Torque: its densities, its Fourier transform against the torque dipole, its net value."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..plotting import panels, style
from ..plotting.parameters import options_of
from ..plotting.units import symbol, tex_units

NEEDS = ("response",)
SYSTEMS = (
    5,
    5,
    "flakes of several widths, a flake, a flake and a ribbon over eta, proper currents",
)
THEORY_IN_TURN = ("torque", "torque", "torque", "external_torque", "proper_current")
CAPTION = (
    "(a) Continuity equation of a flake without any symmetry, static field along x, orbital "
    "moment: extrinsic and intrinsic torque and inflow through bonds against the rate of change "
    "(eta times the accumulation), summed over x. (b) The residual of Eq. 46, its "
    "predicted leading term q^2 <y T y> / 2 (dashed), and the distributed torque, in the "
    "widest flake. (c) Ratio of residual and torque in flakes of different width, which falls as q "
    "times the extent of the torque (dashed), not as q^2. (d) Net torque per length against the "
    "switching rate: it vanishes with the rate in a flake, and tends to the external torque "
    "(dashed) in a ribbon. (e) External torque of the ribbon as a Fermi-surface sum (markers) and "
    "as a sum over filled states (line), extrinsic plus intrinsic, and the net torque at a finite "
    "rate. (f) "
    "Strained crystal: net torque (eta times the net accumulation) per width of ribbons with two "
    "terminations against that of the crystal, at finite eta and for eta to zero."
)
_PARTS = {
    "extrinsic": (style.GREEN, "v", "extrinsic torque"),
    "intrinsic": (style.ORANGE, "^", "intrinsic torque"),
    "inflow": (style.BLUE, "o", "inflow"),
    "storage": ("black", "+", r"$\eta\,\times$ accumulation"),
}
_COLORS = (style.SKY, style.VERMILION, style.PURPLE, style.GREEN)


@style.styled
def draw(systems: list[dict], ribbon_eta: float = 0.1) -> Figure:
    """Six panels from five systems.

    Raises
    ------
    UserError
        If there are not five systems.
    """
    panels.need_systems(systems, SYSTEMS)
    widths, flake, switching, ribbon, strained = (system["response"] for system in systems)
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.6)
    axes = figure.subplots(2, 3).ravel()
    _continuity(axes[0], flake)
    _fourier(axes[1], widths)
    _ratio(axes[2], widths)
    _switching(axes[3], switching, ribbon)
    _external(axes[4], ribbon, ribbon_eta)
    _net(axes[5], strained)
    for ax, name in zip(axes, "abcdef", strict=True):
        titles = {"b": "spin", "c": "spin", "f": "spin, strained"}
        style.letter(ax, name, titles.get(name, "orbital moment"))
    handles = [
        Line2D([], [], color=color, marker=marker, linewidth=0.7, label=label)
        for color, marker, label in _PARTS.values()
    ]
    handles += [
        Line2D([], [], color="black", label="sum over filled states"),
        Line2D([], [], color="black", marker="o", markerfacecolor="white", linestyle="none",
               label="Fermi-surface sum"),
        Line2D([], [], color=style.VERMILION, linestyle=(0, (4, 2)),
               label=rf"net torque at $\eta={ribbon_eta:g}\,{symbol('t0')}/\hbar$"),
    ]  # fmt: skip
    style.legend_below(figure, handles, 4)
    return figure


def _continuity(ax, ds) -> None:
    first = ds.isel({name: 0 for name in ds.storage.dims if name != "row"})
    y, line = np.unique(np.round(first.y.values, 6), return_inverse=True)
    for name, (color, marker, _) in _PARTS.items():
        ax.plot(y, np.bincount(line, first[name].values), color=color, marker=marker, linewidth=0.4)
    style.zero_line(ax)
    style.y_axis(ax, y)
    ax.set_ylabel(f"Rate ({tex_units('e^2 E t0 a^3 / hbar^2')})")


def _fourier(ax, ds) -> None:
    widest = ds.isel(width=-1)
    q = widest.wave_vector.values
    shown = q > 1e-3
    ax.loglog(q[shown], widest.distributed_q.values[shown], color=style.BLUE, marker="o",
              label=r"$|T(q)-T(0)|$")  # fmt: skip
    ax.loglog(q[shown], widest.remainder_q.values[shown], color=style.VERMILION, marker="s",
              label=r"$|T(q)-T(0)+iqD(q)|$")  # fmt: skip
    ax.loglog(q[shown], widest.predicted_q.values[shown], color="black", linestyle=(0, (4, 2)),
              label=r"$q^2|\langle yTy\rangle|/2$")  # fmt: skip
    ax.set_xlabel(f"$q$ ({tex_units('1 / a')})")
    ax.set_ylabel(f"Spin torque ({tex_units('e E a / 2')})")
    ax.legend(frameon=False, loc="lower right")


def _ratio(ax, ds) -> None:
    for color, width in zip(_COLORS, ds.width.values, strict=False):
        flake = ds.sel(width=width)
        q = flake.wave_vector.values
        shown = q > 1e-3
        ratio = (flake.remainder_q / flake.distributed_q).values
        label = f"{np.ptp(flake.y.values[np.isfinite(flake.y.values)]):.1f} {tex_units('a')}"
        ax.loglog(q[shown], ratio[shown], color=color, marker="o", label=label)
        ax.loglog(q[shown], q[shown] * float(flake.extent), color=color, linestyle=(0, (4, 2)))
    ax.set_xlabel(f"$q$ ({tex_units('1 / a')})")
    ax.set_ylabel("Left over / distributed")
    ax.legend(frameon=False, loc="upper left", title="flake from edge to edge", title_fontsize=7)


def _switching(ax, flake, ribbon) -> None:
    length = np.ptp(flake.x.values[np.isfinite(flake.x.values)]) + 0.5
    ax.loglog(
        flake.eta, np.abs(flake.net_torque) / length, color=style.BLUE, marker="o", label="flake"
    )
    level = options_of(flake)["fermi_energy"]
    at_level = ribbon.sel(fermi_energy=level, method="nearest")
    ax.loglog(
        at_level.eta, np.abs(at_level.net_torque), color=style.VERMILION, marker="s", label="ribbon"
    )
    ax.axhline(
        abs(float(at_level.fermi_surface)), color="black", linestyle=(0, (4, 2)), linewidth=0.7
    )
    ax.set_xlabel(rf"Switching rate $\eta$ ({tex_units('t0 / hbar')})")
    ax.set_ylabel(f"$|$Net torque$|$ ({tex_units('e^2 E t0 a^2 / hbar^2')})")
    ax.legend(frameon=False)


def _external(ax, ds, eta: float) -> None:
    level = ds.fermi_energy.values
    ax.plot(level, ds.extrinsic, color=_PARTS["extrinsic"][0], linewidth=0.7)
    ax.plot(level, ds.intrinsic, color=_PARTS["intrinsic"][0], linewidth=0.7)
    ax.plot(level, ds.net_torque.sel(eta=eta, method="nearest"), color=style.VERMILION,
            linestyle=(0, (4, 2)))  # fmt: skip
    ax.plot(level, ds.filled_states, color="black")
    ax.plot(level, ds.fermi_surface, color="black", marker="o", markerfacecolor="white",
            linestyle="none", markersize=2.4)  # fmt: skip
    style.zero_line(ax)
    ax.set_xlabel(f"Fermi energy ({tex_units('t0')})")
    ax.set_ylabel(f"Torque ({tex_units('e^2 E t0 a^2 / hbar^2')})")


def _net(ax, ds) -> None:
    level = ds.fermi_energy.values
    crystal = ds.isel(edge_potential=0)
    ax.plot(level, crystal.bulk_external, color=style.GREY, linewidth=0.7, label="crystal, (43)")
    ax.plot(level, crystal.bulk_external_eta, color="black", label=r"crystal, $\eta$")
    for i, (color, marker) in enumerate(((style.BLUE, "x"), (style.VERMILION, "+"))):
        if i < ds.sizes["edge_potential"]:
            edged = ds.isel(edge_potential=i)
            label = f"ribbon, edge {float(edged.edge_potential):g} {tex_units('t0')}"
            ax.plot(level, edged.net_slope_eta, color=color, marker=marker, linestyle="none",
                    label=label)  # fmt: skip
    style.zero_line(ax)
    ax.set_xlabel(f"Fermi energy ({tex_units('t0')})")
    ax.set_ylabel("Net torque per width ($eE/2a$)")
    ax.legend(frameon=False, fontsize=6)
