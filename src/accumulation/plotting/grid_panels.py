"""Parts shared by figures of grids: labels of sums and gaps, and the selection of a response."""

from __future__ import annotations

import xarray as xr

from . import panels

SUMS = {"net": "net", "left_edge": "left edge", "right_edge": "right edge"}
GAPS = {
    "direct_gap": "direct gap, bulk",
    "indirect_gap": "indirect gap, bulk",
    "ribbon_gap": "gap of the ribbon",
}


def selected(
    ds: xr.Dataset,
    gauge: str | None,
    fermi_energy: float | str | None,
    temperature: float | None,
) -> tuple[xr.Dataset, list[str]]:
    """A grid's response at one gauge, Fermi energy and temperature, and its definitions.

    None selects the first value of each.  A grid of the bulk has no definitions and is unchanged.

    Raises
    ------
    UserError
        If the grid does not contain one of the values.
    """
    if "definition" not in ds:
        return ds, []
    picked = panels.pick(ds, gauge=gauge, fermi_energy=fermi_energy, temperature=temperature)
    return picked, ds.definition.values.tolist()
