"""Labels: plain arrays become a dataset by the table of variables."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from ..version import __version__
from .variables import COORDINATES, OF_STAGE, TITLES, VARIABLES

# Where it is used: it takes longer to import than a run takes to plan, which needs no dataset.
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

    ``leading`` names the extra leading dims of a variable; ``declaration`` (long_name, units,
    equation of the density) fills the templates.
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
        where = coords if name in COORDINATES or dims == (name,) else variables
        where[name] = xr.Variable((*(leading or {}).get(name, ()), *dims), value, texts)
    title, equation = TITLES[stage]
    attrs = {"title": title, "equation": equation, "software_version": __version__, **attrs}
    return xr.Dataset(variables, coords, attrs)


def identity(study: str, system: str, parameters: dict) -> dict:
    """The global attributes that say what a dataset was computed from."""
    text = json.dumps(parameters, sort_keys=True)
    return {
        "study": study,
        "system": system,
        "parameters": text,
        "parameter_hash": hashlib.sha256(text.encode()).hexdigest()[:12],
    }
