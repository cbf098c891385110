"""Rows of a dataset summed to sites: spins and orbitals at one position are one marker."""

from __future__ import annotations

import numpy as np
import xarray as xr

# Coordinates that define a site.
PLACE = ("x", "y", "z")
SUMMED = ("accumulation", "even", "odd")


def to_sites(response: xr.Dataset) -> xr.Dataset:
    """The response with the rows at one position (x, y, z) summed.

    It is unchanged if all rows have different positions.  Sites are in the order of their first
    rows.  The sublattice of a site is the common prefix of the names of its rows (``A`` of ``A_up``
    and ``A_down``), or else all of these names joined by plus signs.
    """
    place = np.round(np.column_stack([response[name].values for name in PLACE]), 6) + 0.0
    _, first, site = np.unique(place, axis=0, return_index=True, return_inverse=True)
    if len(first) == len(place):
        return response
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    site, first = rank[site.reshape(-1)], first[order]
    variables = {}
    for name in SUMMED:
        if name in response:
            values = response[name].transpose(..., "row")
            total = np.zeros((*values.shape[:-1], len(first)))
            np.add.at(total, (..., site), values.values)
            variables[name] = (values.dims, total, values.attrs)
    names = [
        _common_name(response.sublattice.values[site == number].tolist())
        for number in range(len(first))
    ]
    coords = {name: ("row", response[name].values[first]) for name in PLACE}
    others = response.drop_dims("row").drop_vars(SUMMED, errors="ignore")
    return others.assign_coords(coords | {"sublattice": ("row", names)}).assign(variables)


def _common_name(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    if len(distinct) == 1:
        return distinct[0]
    prefix = distinct[0]
    while not all(name.startswith(prefix) for name in distinct):
        prefix = prefix[:-1]
    return prefix.rstrip("_- ") or "+".join(distinct)
