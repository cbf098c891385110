"""The notebook function ``accumulate``: from a system to its response in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .datasets import arguments
from .datasets.accumulations import declaration
from .datasets.model_dataset import unit_attribute
from .datasets.response_dataset import response_dataset
from .densities import definitions_for, named
from .errors import UserError
from .inputs import at_least
from .lattice.bloch import GAUGES
from .lattice.samples import System
from .lattice.slabs import Slab
from .notebook import at_midgap, bands, elements, response
from .responses.solvers import SOLVERS, cheaper, solved
from .responses.static import Accumulation

if TYPE_CHECKING:
    import xarray as xr


def accumulate(
    system: System | Slab,
    density: str | dict = "orbital_moment",
    definition: str | list[str] | None = None,
    gauge: str | list[str] = "atomic",
    fermi_energy: float | str | list[float | str] = 0.0,
    temperature: float | list[float] = 0.0,
    k: int = 401,
    solver: str = "auto",
    threads: int = 1,
    filling: int | None = None,
    k_across: int = 32,
) -> xr.Dataset:
    """Accumulation of a density of a system in a field along x (Eqs. 55, 58).

    The same dataset as of ``response(elements(system, bands(system)))``, without the stages.

    Parameters
    ----------
    system : a ribbon, wire, flake or slab
    density, definition, gauge : as of :func:`accumulation.elements`; a slab has the atomic gauge
    fermi_energy, temperature, filling : as of :func:`accumulation.response`
    k : number of mesh points along x;  k_across : the same along z, of a slab
    solver : ``"dense"`` diagonalises every H(k); ``"selected_inversion"`` takes the time of the
        width instead of its cube (ribbons, wires, slabs; densities that join near rows);
        ``"auto"`` is the one that costs less by a table of measured costs
    threads : number of threads over chunks of k

    Returns
    -------
    Dataset as of :func:`accumulation.response`, with the attribute ``solver``

    Raises
    ------
    UserError
        For wrong names and numbers, as those functions, or a solver that cannot do this.
    """
    if isinstance(system, Slab):
        if gauge != "atomic":
            raise UserError("gauge", gauge, "atomic for a slab")
        return system.response(  # type: ignore[attr-defined]
            density, definition, fermi_energy, temperature, k, k_across, threads, filling, solver
        )
    arguments.system("system", system, "accumulate(system, density='orbital_moment')")
    arguments.names("solver", solver, SOLVERS)
    density = named(density, system.operators)
    module, _ = declaration(density)
    definitions = definitions_for(module, system.kind, system.operators)
    chosen = arguments.names("definition", definition or definitions[0], definitions)
    gauges = arguments.names("gauge", gauge, GAUGES if system.periodic else GAUGES[:1])
    numeric, attrs = at_midgap(fermi_energy, system.crystal, filling)
    levels = arguments.numbers("fermi_energy", numeric)
    temperatures = arguments.numbers("temperature", temperature, least=0)
    threads = at_least("threads", threads)
    if not system.periodic:
        if solver == "selected_inversion":
            raise UserError("solver", solver, "dense or auto for a flake")
        return _staged(system, density, definition, gauge, levels, temperatures, 1, threads, attrs)
    at_least("k", k, 8)
    if solver == "auto":
        solver = cheaper(system, module, chosen, levels, temperatures, k)
    if solver == "dense":
        return _staged(system, density, definition, gauge, levels, temperatures, k, threads, attrs)
    attrs |= {"solver": solver, "kind": system.kind, "period": system.period}
    attrs |= unit_attribute(system) | arguments.remark(module, system, chosen)
    parts = [
        solved(system, module, chosen, one, levels, temperatures, k, solver, threads)
        for one in gauges
    ]
    single = tuple(i for i, value in enumerate((definition, gauge)) if not isinstance(value, list))
    stacked = (
        np.array(
            [[getattr(part, field) for part in of] for of in zip(*parts, strict=True)]
        ).squeeze(single)
        for field in ("values", "net", "error", "status")
    )
    result = Accumulation(*stacked)
    names = chosen if isinstance(definition, list) else chosen[0]
    phases = gauges if isinstance(gauge, list) else gauges[0]
    return response_dataset(system, density, names, phases, levels, temperatures, result, attrs)


def _staged(system, density, definition, gauge, levels, temperatures, k, threads, attrs):
    """The response by way of bands and elements, which are not kept."""
    solutions = bands(system, k, threads=threads)
    matrix = elements(system, solutions, density, definition, gauge, threads)
    ds = response(matrix, levels, temperatures, threads)
    ds.attrs |= {**attrs, "solver": "dense"}
    return ds
