"""Style of all figures: sizes, palette, roles, axes and legends."""

from __future__ import annotations

from functools import wraps

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from .units import NATURAL, drawn_in, shown_units, symbol, tex_units

SINGLE_COLUMN, DOUBLE_COLUMN = 3.4, 7.0  # inches
LATTICE_CONSTANT = 2.46  # Angstrom: sqrt(3) x 1.42, the C-C bond that Fig. 2's caption quotes

# Okabe and Ito's palette, which is readable with all common kinds of colour blindness.
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
VERMILION, PURPLE, SKY, GREY = "#D55E00", "#CC79A7", "#56B4E9", "#777777"

# Dashes of reference lines, and a wide pale line under a dashed one that may coincide with it.
DASHED = (0, (4, 2))
PALE = {"linewidth": 2.4, "alpha": 0.45, "solid_capstyle": "butt"}
# Drawn on a logarithmic axis in place of a value that is exactly zero.
LOG_ZERO = 1e-17
LETTERS = "abcdefghijklmnopqrstuvwxyz"  # of panels

# Look of a quantity, in every figure.
ROLES = {
    "intraband": {"color": BLUE, "marker": "o", "label": "intraband"},
    "interband": {"color": ORANGE, "marker": "^", "label": "interband"},
    "cell gauge": {"color": PURPLE, "marker": "D", "label": "interband, cell gauge"},
    "even": {"color": ORANGE, "marker": "s", "label": "symmetric"},
    "odd": {"color": GREEN, "marker": "v", "label": "antisymmetric"},
    "ribbon": {"color": ORANGE, "marker": "^", "label": "ribbon"},
    "flake": {"color": "black", "marker": "+", "label": "exact flake"},
    "band": {"color": PURPLE, "marker": "D", "label": "band"},
    "circulation": {"color": VERMILION, "marker": "^", "label": "circulation"},
    "local": {"color": SKY, "marker": "o", "label": "local"},
}

# Grey in the middle, so that states at an edge are conspicuous.
ACROSS = LinearSegmentedColormap.from_list("across", [BLUE, "#C8C8C8", VERMILION])
ENERGY = mpl.colormaps["cividis"]

RC = {
    "figure.dpi": 300,
    "savefig.dpi": 300,
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 0.8,
    "lines.markersize": 3.2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "pdf.fonttype": 42,
}


def styled(draw):
    """Decorator: apply the style to a figure's ``draw``, and make its ticks, which are lazy.

    The layout is made here, once: made again for each format it takes as long as the drawing.
    Axis labels show the units of the datasets in the first argument, ``systems``.
    """

    @wraps(draw)
    def wrapper(systems, *args, **options):
        with mpl.rc_context(RC), drawn_in(systems):
            figure = draw(systems, *args, **options)
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        return figure

    return wrapper


class PrintFigure(Figure):
    """Figure that is saved in the style that it was drawn in.

    Matplotlib reads the settings of fonts and lazy ticks when a figure is saved.
    """

    def savefig(self, *args, **options):
        """As in matplotlib."""
        with mpl.rc_context(RC):
            super().savefig(*args, **options)


def new_figure(width: float, height: float) -> Figure:
    """Empty figure of a size in inches, made without pyplot and its global state."""
    figure = PrintFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def letter(ax, text: str, title: str = "") -> None:
    """Write the panel letter above the panel's left corner, with an optional short title."""
    bold = rf"$\mathbf{{({text})}}$"
    ax.set_title(f"{bold} {title}".strip(), loc="left", pad=4)


def legend_above(ax, handles: list, columns: int | None = None, raise_by: float = 1.0) -> None:
    """Add a legend above the panel's right corner, ``raise_by`` points up, clear of the data."""
    shift = ScaledTranslation(0, raise_by / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        bbox_transform=ax.transAxes + shift,
        ncols=columns or len(handles),
        **_TIGHT,
    )


def legend_below(figure, handles: list, columns: int | None = None) -> None:
    """Add one legend for all panels below them."""
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns or len(handles), **_TIGHT
    )


_TIGHT = {
    "frameon": False,
    "borderaxespad": 0.0,
    "borderpad": 0.1,
    "handlelength": 1.0,
    "handletextpad": 0.3,
    "columnspacing": 0.9,
}


def role_handle(role: str, label: str | None = None) -> Line2D:
    """Legend entry of a role."""
    look = ROLES[role]
    return Line2D(
        [], [], linestyle="none", color=look["color"], marker=look["marker"],
        label=label or look["label"],
    )  # fmt: skip


def sublattice_handles(names: list[str]) -> list[Line2D]:
    """Legend entries for the filled and open markers of the sublattices."""
    return [
        Line2D(
            [], [], linestyle="none", color=GREY, marker="o", label=f"{name} sites",
            **marker_fill(GREY, number),
        )
        for number, name in enumerate(names)
    ]  # fmt: skip


def marker_fill(color: str, number: int) -> dict:
    """Marker options: filled for the first sublattice, open for the second, light for others."""
    face = color if number == 0 else "white" if number == 1 else (color, 1 / (number + 1))
    return {"markerfacecolor": face, "markeredgecolor": color, "markeredgewidth": 0.7}


def k_axis(ax, period: float) -> None:
    """Make the horizontal axis the zone of a ribbon of this period, with ticks in pi."""
    step = "a" if shown_units() == NATURAL and np.isclose(period, 1) else "L"
    edge = np.pi / period
    ax.set_xlim(-edge, edge)
    ax.set_xticks([-edge, 0, edge], [rf"$-\pi/{step}$", "0", rf"$\pi/{step}$"])
    # Centred outer labels would touch those of the next panel.
    for label, side in zip(ax.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)
    ax.set_xlabel(r"$k$" if step == "a" else rf"$k$ ($L={period:.3g}\,{symbol('a')}$)")


def y_axis(ax, y: np.ndarray, along: str = "x", angstrom: bool = False) -> None:
    """Make the axis ``along`` that of the positions y (row,), with Angstrom opposite to a."""
    half = 1.06 * np.max(np.abs(y))
    getattr(ax, f"{along}axis").set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
    getattr(ax, f"set_{along}lim")(-half, half)
    getattr(ax, f"set_{along}label")(f"$y$ ({tex_units('a')})")
    if not angstrom or shown_units() != NATURAL:
        return
    scale = (lambda v: v * LATTICE_CONSTANT, lambda v: v / LATTICE_CONSTANT)
    if along == "x":
        ax.secondary_xaxis("top", functions=scale).set_xlabel(r"$y$ ($\mathrm{\AA}$)", labelpad=2)
    else:
        ax.secondary_yaxis("right", functions=scale).set_ylabel(r"$y$ ($\mathrm{\AA}$)")


def zero_line(ax) -> None:
    """Draw a thin line at zero under the data."""
    ax.axhline(0, color=GREY, linewidth=0.5, zorder=0)
