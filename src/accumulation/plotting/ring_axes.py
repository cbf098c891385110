"""What the figures of disordered rings share: units, sizes, the axis of the strength."""

from __future__ import annotations

import json

import xarray as xr
from matplotlib.ticker import NullFormatter

UNITS = {
    "orbital_moment": r"OMM at $y>0$ ($e^2Ea/\hbar$)",
    "spin": r"Spin at $y>0$ ($\frac{\hbar}{2}\,eE/t_0$)",
}


def options(ds: xr.Dataset) -> dict:
    """What a dataset was computed from."""
    return json.loads(ds.attrs["parameters"])


def density_label(ds: xr.Dataset) -> str:
    """Label of an axis with the accumulation at y > 0."""
    return UNITS[options(ds)["options"]["density"]]


def size(ds: xr.Dataset) -> str:
    """Cells times pairs across and realizations, as text."""
    chosen = options(ds)
    cells = rf"{chosen['options']['length']} $\times$ {chosen['geometry']['width']} cells"
    return f"{cells}, {ds.sizes['seed']} rings"


def strengths(ax, ds: xr.Dataset) -> None:
    """Logarithmic axis of the strength of disorder."""
    ax.set_xscale("log")
    ax.set_xlim(0.85 * ds.strength.min(), 1.18 * ds.strength.max())
    ticks = [tick for tick in (0.1, 0.3, 1, 3) if ax.get_xlim()[0] < tick < ax.get_xlim()[1]]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
