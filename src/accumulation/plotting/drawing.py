"""Drawing of a ribbon or flake from its hop table: sites and nearest-neighbour bonds."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.collections import LineCollection

from . import style

SITE_COLORS = ("black", "white")
# The shortest hops, up to this relative tolerance, are drawn as bonds.
SAME_LENGTH = 1e-6


def bonds(ds: xr.Dataset) -> np.ndarray:
    """Ends (bond, 2, xy), in a, of the shortest hops from the first cell, each in both senses."""
    position = np.column_stack((ds.x.values, ds.y.values))
    start = position[ds.hop_to.values]
    end = position[ds.hop_from.values]
    end = end + np.outer(ds.hop_cell.values * ds.attrs["period"], [1.0, 0.0])
    length = np.hypot(*(end - start).T)
    shortest = np.min(length[length > SAME_LENGTH])
    nearest = np.abs(length - shortest) < SAME_LENGTH * shortest
    return np.stack([start[nearest], end[nearest]], axis=1)


def strip(ax, ds: xr.Dataset, cells: int = 1, upright: bool = True, size: float = 9.0) -> float:
    """Draw ``cells`` cells of a ribbon with all rows, and return the drawn length along x.

    With ``upright`` x is to the right and y up; otherwise y is to the right, so that a profile
    against y can share the axis.  Bonds that leave the drawn piece are cut in half.
    """
    period = ds.attrs["period"]
    order = slice(None) if upright else slice(None, None, -1)
    base = bonds(ds)
    shifts = np.outer(np.arange(cells) * period, [1.0, 0.0])
    lines = np.concatenate([base + shift for shift in shifts])
    sites = np.column_stack((ds.x.values, ds.y.values))
    positions = np.concatenate([sites + shift for shift in shifts])
    inside = {tuple(site) for site in np.round(positions, 6)}
    inside_piece = np.array([tuple(end) in inside for end in np.round(lines[:, 1], 6)])
    lines[~inside_piece, 1] = lines[~inside_piece].mean(axis=1)
    ax.add_collection(
        LineCollection(lines[..., order], colors=style.GREY, linewidths=0.7, zorder=1)
    )
    names = np.tile(ds.sublattice.values, cells)
    for name, face in zip(sorted(set(names.tolist())), SITE_COLORS, strict=False):
        across, up = positions[names == name][:, order].T
        ax.scatter(across, up, s=size, c=face, edgecolors="black", linewidths=0.5, zorder=2)
    return cells * period
