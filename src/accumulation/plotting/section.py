"""Maps over the cross-section of a wire: a disc for each position (y, z)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.ticker import MaxNLocator

from . import panels, style
from .units import accumulation_units, symbol

DIVERGING = LinearSegmentedColormap.from_list("diverging", [style.BLUE, "white", style.VERMILION])


def places(response: xr.Dataset, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (place, yz), in a, and the sum of ``values`` (row,) at each position (place,)."""
    where = np.round(np.column_stack((response.y.values, response.z.values)), 6)
    distinct, index = np.unique(where, axis=0, return_inverse=True)
    return distinct, np.bincount(index.reshape(-1), weights=values, minlength=len(distinct))


def draw_section(figure, ax, response: xr.Dataset, process: str) -> None:
    """Draw the accumulation of one process over the cross-section, with a colour bar."""
    where, values = places(response, response.accumulation.sel(process=process).values)
    top = np.max(np.abs(values))
    zero = top < panels.ZERO
    exponent = 0 if zero else int(np.floor(np.log10(top)))
    scale = 10.0**exponent if exponent < -1 else 1.0
    norm = TwoSlopeNorm(0.0, *((-1, 1) if zero else (-top / scale, top / scale)))
    discs = ax.scatter(
        *where.T, c=values / scale, s=_size(where), cmap=DIVERGING, norm=norm,
        edgecolors="black", linewidths=0.3,
    )  # fmt: skip
    if zero:
        backed = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        ax.text(
            0.5,
            0.8,
            "identically zero",
            transform=ax.transAxes,
            ha="center",
            va="center",
            fontsize=7,
            bbox=backed,
        )
    units = accumulation_units(response.accumulation.attrs["units"])
    if process == "intraband":
        units += rf"$\,\times\,\tau {symbol('t0')}/\hbar$"
    bar = figure.colorbar(discs, ax=ax, pad=0.02, aspect=24)
    bar.set_label((rf"$10^{{{exponent}}}\,$" if scale != 1 else "") + units)
    bar.locator = MaxNLocator(5, symmetric=True)
    bar.update_ticks()
    bar.outline.set_linewidth(0.5)
    style.y_axis(ax, where[:, 0])
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    layers = np.unique(where[:, 1])
    margin = 0.5 * np.min(np.diff(layers), initial=1.0)
    ax.set_ylim(layers[0] - margin, layers[-1] + margin)


def _size(where: np.ndarray) -> float:
    """Area of a disc, in square points, that leaves room for its neighbours in a layer."""
    y = np.unique(np.round(where[:, 0], 4))
    # Of a panel about 130 points wide.
    nearest = 130.0 * np.min(np.diff(y), initial=np.inf) / (1.12 * np.ptp(y) or 1.0)
    return float(np.clip(nearest, 2.0, 9.0)) ** 2
