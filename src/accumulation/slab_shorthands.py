"""The method ``slab.response()`` for notebooks, apart as :mod:`.flake_shorthands` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .datasets import arguments
from .datasets.accumulations import declaration, flagged, mirror_parts
from .datasets.labels import label
from .datasets.model_dataset import provenance_attribute, site_variables, unit_attribute
from .densities import definitions_for, named
from .inputs import at_least
from .lattice.slabs import Slab
from .lattice.units import NATURAL, UNITS
from .responses.slab_response import slab_accumulation
from .responses.static import FLAGS, PROCESSES

if TYPE_CHECKING:
    import xarray as xr

PER_LENGTH, PER_AREA = " / a", " / a^2"
ACCUMULATED = ("accumulation", "net", "error", "even", "odd")


def _response_of_slab(
    slab: Slab,
    density: str | dict = "orbital_moment",
    definition: str | None = None,
    fermi_energy: float | list[float] = 0.0,
    temperature: float | list[float] = 0.0,
    k: int = 101,
    k_across: int = 32,
    threads: int = 1,
) -> xr.Dataset:
    """Accumulation of a density in a slab, per area (Eqs. 55, 58).

    Parameters
    ----------
    density, definition : as of :func:`accumulation.elements`
    fermi_energy : number or list of numbers;  temperature : number or list of numbers, in t0
    k, k_across : points of the meshes along x and along z
    threads : number of threads over chunks of k

    Returns
    -------
    Dataset as from :func:`accumulation.response`, per a^2; ``error`` holds that of the mesh along z

    Raises
    ------
    UserError
        For an unknown density or definition, a number that is not finite, or too few points.
    """
    ribbon = slab.ribbon
    density = named(density, ribbon.operators)
    module, texts = declaration(density)
    definitions = definitions_for(module, "ribbon", ribbon.operators)
    chosen = arguments.names("definition", definition or definitions[0], definitions)[0]
    remark = arguments.remark(module, ribbon, [chosen])
    at_least("k", k, 8)
    at_least("k_across", k_across, 2)
    levels = arguments.numbers("fermi_energy", fermi_energy)
    temperatures = arguments.numbers("temperature", temperature, least=0)
    result = slab_accumulation(
        slab,
        module.kernel,
        chosen,
        chosen in module.NEEDS_ALL_BANDS,
        levels,
        temperatures,
        (k, k_across),
        threads,
    )
    values = {
        "definition": np.array(chosen),
        "process": list(PROCESSES),
        "fermi_energy": levels,
        "temperature": temperatures,
        **site_variables(ribbon),
        "accumulation": result.values,
        "net": result.net,
        "error": result.error,
        "status": result.status,
    }
    values |= mirror_parts(ribbon, result.values)
    attrs = {"kind": "slab", "period": ribbon.period, "density": density, "area": slab.area}
    attrs |= unit_attribute(ribbon) | provenance_attribute(ribbon) | remark
    ds = label(values, "response", attrs, texts)
    for name in ACCUMULATED:
        if name in ds:
            words = ds[name].attrs
            words["units"] = _per_area(words["units"], ribbon.units)
            words["long_name"] = words["long_name"].replace("per length", "per area")
    return flagged(ds, FLAGS)


def _per_area(units: str, system: str) -> str:
    """Units of an accumulation per length with one more power of the length below."""
    if system == NATURAL:
        return units.removesuffix(PER_LENGTH) + PER_AREA
    return f"{units} / {UNITS[system].length}"


Slab.response = _response_of_slab  # type: ignore[attr-defined]
