"""Chern number and gap of the bulk over two parameters of the model."""

from __future__ import annotations

from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from ..plotting import maps, panels, style
from ..plotting.units import tex_units

NEEDS = ("response",)
SYSTEMS = (1, 1, "a grid of the bulk over two parameters")
KINDS = ("bulk", "ribbon")
AXES = 2
CAPTION = (
    "Bulk phase diagram of the Haldane model. (a) Chern number of the filled band, on a lattice of "
    "k points (Fukui, Hatsugai and Suzuki), with the analytic boundary |Delta| = 3 sqrt(3) t2 "
    "|sin phi| (dashed). (b) Smallest direct gap. Hatched: the gap is closed and the Chern number "
    "undefined."
)


@style.styled
def draw(systems: list[dict]) -> Figure:
    """Two maps.

    Raises
    ------
    UserError
        If there is not one system, or it is not a grid over two parameters.
    """
    panels.need_systems(systems, SYSTEMS)
    ds = systems[0]["response"]
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.7)
    left, right = figure.subplots(1, 2, sharey=True)
    norm = BoundaryNorm([-1.5, -0.5, 0.5, 1.5], 3)
    artist = maps.draw_map(left, ds, ds.chern, maps.CHERN, norm)
    figure.colorbar(artist, ax=left, ticks=[-1, 0, 1], label="Chern number $C$")
    style.letter(left, "a")
    artist = maps.draw_map(right, ds, ds.direct_gap, "cividis")
    figure.colorbar(artist, ax=right, label=f"Direct gap ({tex_units('t0')})")
    style.letter(right, "b")
    right.set_ylabel("")
    return figure
