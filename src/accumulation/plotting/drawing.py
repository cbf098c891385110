"""A ribbon or flake drawn from its hop table: sites, nearest-neighbour bonds, edges."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from matplotlib.collections import LineCollection

from . import style

SITE_COLORS = ("black", "white")
# Bonds drawn are the shortest hops, up to this relative tolerance.
SAME_LENGTH = 1e-6


def bonds(ds: xr.Dataset) -> np.ndarray:
    """Ends (bond, 2, xy) of the shortest hops out of the first cell, each hop in both senses."""
    position = np.column_stack((ds.x.values, ds.y.values))
    start = position[ds.hop_to.values]
    end = position[ds.hop_from.values]
    end = end + np.outer(ds.hop_cell.values * ds.attrs["period"], [1.0, 0.0])
    length = np.hypot(*(end - start).T)
    shortest = np.min(length[length > SAME_LENGTH])
    nearest = np.abs(length - shortest) < SAME_LENGTH * shortest
    return np.stack([start[nearest], end[nearest]], axis=1)


def strip(ax, ds: xr.Dataset, cells: int = 1, upright: bool = True, size: float = 9.0) -> float:
    """Draw ``cells`` cells of a ribbon, all its rows; returns the drawn length along x.

    ``upright`` has x to the right and y up; otherwise y is to the right, so that a profile against
    y can share the axis.  Bonds that leave the drawn piece are cut in half.
    """
    period = ds.attrs["period"]
    order = slice(None) if upright else slice(None, None, -1)
    base = bonds(ds)
    shifts = np.outer(np.arange(cells) * period, [1.0, 0.0])
    lines = np.concatenate([base + shift for shift in shifts])
    sites = np.column_stack((ds.x.values, ds.y.values))
    drawn = np.concatenate([sites + shift for shift in shifts])
    inside = {tuple(site) for site in np.round(drawn, 6)}
    kept = np.array([tuple(end) in inside for end in np.round(lines[:, 1], 6)])
    lines[~kept, 1] = lines[~kept].mean(axis=1)
    ax.add_collection(
        LineCollection(lines[..., order], colors=style.GREY, linewidths=0.7, zorder=1)
    )
    names = np.tile(ds.sublattice.values, cells)
    for name, face in zip(sorted(set(names.tolist())), SITE_COLORS, strict=False):
        across, up = drawn[names == name][:, order].T
        ax.scatter(across, up, s=size, c=face, edgecolors="black", linewidths=0.5, zorder=2)
    return cells * period


def edge_name(period: float) -> str:
    """Common name of a honeycomb edge from the ribbon's period in a."""
    names = {1.0: "zigzag", 3**0.5: "armchair"}
    return next((name for length, name in names.items() if np.isclose(period, length)), "chiral")


def direction_name(attrs: dict) -> str:
    """Common name of a honeycomb edge from a dataset's attributes, with (n, m) if it is chiral."""
    direction = json.loads(attrs["parameters"]).get("geometry", {}).get("direction", [])
    names = {(1, 0): "zigzag", (1, 1): "armchair"}
    chiral = f"chiral ({', '.join(map(str, direction))})" if direction else "ribbon"
    return names.get(tuple(direction), chiral)
