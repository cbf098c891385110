"""Labelled datasets from plain arrays and the table of variables."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import numpy as np

from ..lattice.units import NATURAL, UNITS
from ..version import __version__
from .variables import COORDINATES, OF_STAGE, TITLES, VARIABLES

# Imported where it is used: that takes longer than planning a run, which needs no dataset.
if TYPE_CHECKING:
    import xarray as xr


def label(
    values: dict[str, np.ndarray],
    stage: str,
    attrs: dict,
    declaration: dict | None = None,
    leading: dict[str, tuple[str, ...]] | None = None,
    table: dict[str, tuple] = VARIABLES,
) -> xr.Dataset:
    """Dataset of plain arrays with dims, units, long_name and equation from ``table``.

    Parameters
    ----------
    values : arrays by name, each with the dims of the table
    stage : key of TITLES, which gives the title
    declaration : long_name, units and equation of the density, which fill the templates
    leading : extra leading dims by the name of the variable
    """
    import xarray as xr

    coords, variables = {}, {}
    for name, value in values.items():
        dims, units, long_name, equation = OF_STAGE.get(stage, {}).get(name) or table[name]
        value = np.asarray(value)
        if value.ndim == 0:
            dims = ()
        if stage in ("model", "bands"):
            dims = tuple("orbital" if dim == "row" else dim for dim in dims)
        texts = {"long_name": long_name, "units": units, "equation": equation}
        if declaration:
            texts = {key: text.format(**declaration) for key, text in texts.items()}
        texts["units"] = in_units(
            texts["units"], attrs.get("unit_system", NATURAL), attrs.get("kind", "")
        )
        where = coords if name in COORDINATES or dims == (name,) else variables
        where[name] = xr.Variable((*(leading or {}).get(name, ()), *dims), value, texts)
    title, equation = TITLES[stage]
    attrs = {"title": title, "equation": equation, "software_version": __version__, **attrs}
    return xr.Dataset(variables, coords, attrs)


def in_units(text: str, system: str, kind: str = "") -> str:
    """A unit spelt with t0 and a, with the names of a choice of units in their place.

    What natural units leave out (hbar = e = a = t0 = E = 1) is spelt out there, so that the text
    can be taken literally.

    Parameters
    ----------
    system : name of the choice of units;  kind : of the system, as flakes have no values per length
    """
    if system == NATURAL:
        return text
    names = UNITS[system]
    whole = " x a" if kind == "flake" else ""
    text = text.replace("(e E tau | e E) / a", f"(e E tau / hbar | e E / t0){whole}")
    text = text.replace(" / (e E)", " x a / t0")
    return re.sub(r"\ba\b", names.length, re.sub(r"\bt0\b", names.energy, text))


def identity(study: str, system: str, parameters: dict) -> dict:
    """Global attributes with the study, system and parameters of a dataset."""
    text = json.dumps(parameters, sort_keys=True)
    return {
        "study": study,
        "system": system,
        "parameters": text,
        "parameter_hash": hashlib.sha256(text.encode()).hexdigest()[:12],
    }
