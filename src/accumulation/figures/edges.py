"""Interband accumulation of ribbons with zigzag, armchair and chiral edges."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..plotting import drawing, panels, style
from ..plotting.naming import edge_of_period
from ..plotting.units import NATURAL, shown_units, tex_units

NEEDS = ("model", "response")
SYSTEMS = (3, 3, "zigzag, armchair and chiral ribbons")
KINDS = ("ribbon",)
CAPTION = (
    "Interband (nondissipative) accumulation by row of ribbons with different edges, and a piece "
    "of each ribbon on the same axis. The zigzag ribbon has the symmetry T M_x (time reversal "
    "times the mirror x -> -x), which makes the interband part identically zero for every flux "
    "and potential in the atomic gauge; armchair and chiral edges break it. Filled markers: A "
    "sites (black above), open: B sites (white above). All panels of profiles share one range."
)


@style.styled
def draw(
    systems: list[dict],
    definitions: tuple[str, ...] = ("circulation", "local"),
    gauge: str = "atomic",
    fermi_energy: float | None = None,
) -> Figure:
    """A column for each ribbon: a piece of it above its interband profile.

    Raises
    ------
    UserError
        If there are not three systems, or one lacks a definition, the gauge or Fermi energy.
    """
    panels.need_systems(systems, SYSTEMS)
    definitions = panels.listed("definitions", definitions)
    figure = style.new_figure(style.DOUBLE_COLUMN, 3.6)
    axes = figure.subplots(2, 3, height_ratios=[1, 2.6], sharex="col")
    shown = []
    for (top, bottom), system, name in zip(axes.T, systems, "abc", strict=True):
        _excerpt(top, system["model"])
        period = system["model"].attrs["period"]
        one = shown_units() == NATURAL and np.isclose(period, 1)
        length = "$a$" if one else f"{period:.3g} {tex_units('a')}"
        style.letter(bottom, name, f"{edge_of_period(period)}, period {length}")
        for definition in definitions:
            response = panels.pick(
                system["response"],
                definition=definition, gauge=gauge, fermi_energy=fermi_energy, temperature=None,
            )  # fmt: skip
            panels.profile(bottom, response, ["interband"], role=definition)
            shown.append((bottom, response))
        if panels.peak(response, "interband") < panels.ZERO:
            panels.note(bottom, "identically zero")
    panels.share_limits(*zip(*shown, strict=True), processes=["interband"])
    for ax in axes[1]:
        ax.label_outer()
    panels.site_legend(figure, response, [style.role_handle(name) for name in definitions])
    return figure


def _excerpt(ax, model) -> None:
    """Draw a piece of the ribbon, with y to the right as in the profile below it."""
    period, width = model.attrs["period"], np.ptp(model.y.values)
    length = drawing.strip(ax, model, int(width / period) + 2, upright=False, size=4)
    middle = model.x.values.min() + 0.5 * length
    # The aspect fixes the height of the range, so only its middle matters.
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_ylim(middle - 0.1 * width, middle + 0.1 * width, auto=True)
    ax.set_axis_off()
