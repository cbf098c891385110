"""Parts shared by figures of disordered rings: units, sizes, the axis of the strength."""

from __future__ import annotations

import xarray as xr
from matplotlib.ticker import NullFormatter

from .parameters import geometry_of, options_of
from .units import symbol, tex_units


def density_label(ds: xr.Dataset) -> str:
    """Label of an axis with the accumulation at y > 0."""
    labels = {
        "orbital_moment": f"OMM at $y>0$ ({tex_units('e^2 E a / hbar')})",
        "spin": rf"Spin at $y>0$ ($\frac{{\hbar}}{{2}}\,eE/{symbol('t0')}$)",
    }
    return labels[options_of(ds)["density"]]


def size(ds: xr.Dataset) -> str:
    """Text with the numbers of cells along and across, and of realizations."""
    cells = rf"{options_of(ds)['length']} $\times$ {geometry_of(ds)['width']} cells"
    return f"{cells}, {ds.sizes['seed']} rings"


def strengths(ax, ds: xr.Dataset) -> None:
    """Make the horizontal axis a logarithmic one of the strength of disorder."""
    ax.set_xscale("log")
    ax.set_xlim(0.85 * ds.strength.min(), 1.18 * ds.strength.max())
    ticks = [tick for tick in (0.1, 0.3, 1, 3) if ax.get_xlim()[0] < tick < ax.get_xlim()[1]]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
