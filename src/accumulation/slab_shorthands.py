"""The method ``slab.response()`` for notebooks, apart as :mod:`.flake_shorthands` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .datasets import arguments
from .datasets.accumulations import declaration, flagged, mirror_parts
from .datasets.labels import label
from .datasets.model_dataset import provenance_attribute, site_variables, unit_attribute
from .densities import definitions_for, named
from .lattice.slabs import Slab
from .lattice.units import NATURAL, UNITS
from .notebook import at_midgap
from .responses.slab_response import slab_accumulations
from .responses.solvers import SOLVERS
from .responses.static import FLAGS, PROCESSES

if TYPE_CHECKING:
    import xarray as xr

PER_LENGTH, PER_AREA = " / a", " / a^2"
ACCUMULATED = ("accumulation", "net", "error", "even", "odd")


def _response_of_slab(
    slab: Slab,
    density: str | dict = "orbital_moment",
    definition: str | None = None,
    fermi_energy: float | str | list[float | str] = 0.0,
    temperature: float | list[float] = 0.0,
    k: int = 101,
    k_across: int = 32,
    threads: int = 1,
    filling: int | None = None,
    solver: str = "dense",
) -> xr.Dataset:
    """Accumulation of a density in a slab, per area (Eqs. 55, 58).

    Parameters
    ----------
    density, definition : as of :func:`accumulation.elements`
    fermi_energy : number or list of numbers, in t0; ``"midgap"``: the middle of the crystal's gap
    temperature : number or list of numbers, in t0
    k, k_across : points of the meshes along x and along z
    threads : number of threads over chunks of k
    filling : number of filled bands of the crystal for midgap, by default its own or half
    solver : as of :func:`accumulation.accumulate`

    Returns
    -------
    Dataset as from :func:`accumulation.response`, per a^2; ``error`` holds that of the mesh along z

    Raises
    ------
    UserError
        For an unknown density or definition, a number that is not finite, too few points,
        or midgap of a crystal without a gap.
    """
    ribbon = slab.ribbon
    density = named(density, ribbon.operators)
    module, texts = declaration(density)
    definitions = definitions_for(module, "ribbon", ribbon.operators)
    chosen = arguments.names("definition", definition or definitions[0], definitions)[0]
    remark = arguments.remark(module, ribbon, [chosen])
    arguments.names("solver", solver, SOLVERS)
    numeric, gap = at_midgap(fermi_energy, ribbon.crystal, filling)
    levels = arguments.numbers("fermi_energy", numeric)
    temperatures = arguments.numbers("temperature", temperature, least=0)
    result = slab_accumulations(
        slab, module, [chosen], levels, temperatures, (k, k_across), threads, solver
    )
    values = {
        "definition": np.array(chosen),
        "process": list(PROCESSES),
        "fermi_energy": levels,
        "temperature": temperatures,
        **site_variables(ribbon),
        "accumulation": result.values[0],
        "net": result.net[0],
        "error": result.error[0],
        "status": result.status[0],
    }
    values |= mirror_parts(ribbon, result.values[0])
    attrs = {"kind": "slab", "period": ribbon.period, "density": density, "area": slab.area}
    attrs |= unit_attribute(ribbon) | provenance_attribute(ribbon) | remark | gap
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
