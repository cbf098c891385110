"""Parameters that a dataset was computed from, read from its attribute ``parameters``.

The one place where figures decode that attribute.
"""

from __future__ import annotations

import json

import xarray as xr


def parameters(ds: xr.Dataset) -> dict:
    """All parameters of a dataset, by section of the config."""
    return json.loads(ds.attrs["parameters"])


def model_of(ds: xr.Dataset) -> dict:
    """Name and parameters of the model; empty for a theory without one."""
    return parameters(ds).get("model", {})


def geometry_of(ds: xr.Dataset) -> dict:
    """Kind, direction and sizes of the geometry; empty for a crystal."""
    return parameters(ds).get("geometry", {})


def options_of(ds: xr.Dataset) -> dict:
    """Options of a theory."""
    return parameters(ds).get("options", {})


def axes_of(ds: xr.Dataset) -> list[str]:
    """Names of the axes of a grid, in the order of the config."""
    return list(parameters(ds)["axes"])
