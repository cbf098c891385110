"""Accumulation by row of a ribbon or wire, with a choice of solver (Eqs. 55, 58).

A system of a config with the key ``solver: selected_inversion`` or ``auto`` is computed here.  It
keeps no bands and no matrix elements, so its width may be thousands of rows.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from .. import plugins
from ..crystal.bulk_properties import with_gap
from ..densities import definitions_for
from ..errors import UserError
from ..inputs import at_least
from ..lattice.bloch import GAUGES
from ..lattice.samples import System
from ..responses.banded_response import banded_edge_crossings
from ..responses.edges import EDGES, regions
from ..responses.solvers import SOLVERS, cheaper, solved
from ..responses.static import Accumulation
from . import slab

EQUATION = slab.EQUATION
UNITS = slab.UNITS
_GRID = ("definition", "process", "fermi_energy", "temperature")
_ONLY_OF_SLABS = ("mesh_error", "area")
_PLACES = {
    "y": "position of the row across, from the middle",
    "z": "height of the row",
}
VARIABLES = {
    name: (dims, units.replace("/ a^2", "/ a"), _PLACES.get(name, title), equation)
    for name, (dims, units, title, equation) in slab.VARIABLES.items()
    if name not in _ONLY_OF_SLABS
}
VARIABLES |= {
    name: (dims, units, title.replace("per area", "per length"), equation)
    for name, (dims, units, title, equation) in VARIABLES.items()
}
VARIABLES |= {
    "edge": (("edge",), "1", "half of the system", "S49"),
    "at_edge": (
        (*_GRID, "edge"),
        VARIABLES["net"][1],
        "accumulation of each half per length",
        "55, 58",
    ),
    "edge_crossings": (
        ("edge", "fermi_energy"),
        "1",
        "Fermi points of states at each edge",
        "S46",
    ),
    "solver": ((), "1", "solver that was used", "55, 58"),
}
CHECKS: dict = {}


def compute(
    system: System,
    density: str = "orbital_moment",
    definition: tuple[str, ...] = ("",),
    gauge: str = "atomic",
    fermi_energy: tuple[float, ...] = (0.0,),
    temperature: tuple[float, ...] = (0.0,),
    k: int = 401,
    midgap: bool = False,
    filling: int = 0,
    solver: str = "auto",
) -> dict[str, np.ndarray]:
    """Rows of the accumulation of a ribbon or wire.

    Parameters
    ----------
    density, definition, gauge : as of a ribbon; "" is the first definition
    fermi_energy, temperature : in t0;  k : points of the mesh
    midgap : the level is the middle of the crystal's gap, whatever ``fermi_energy`` is
    filling : number of filled bands of the crystal for midgap, 0: its own or half
    solver : ``dense``, ``selected_inversion``, or ``auto``: what costs less

    Raises
    ------
    UserError
        For a flake, too few k, a density or definition that the system does not have, midgap of a
        crystal without a gap, or a solver that cannot do this.
    """
    if not system.periodic:
        raise UserError("geometry.kind", system.kind, "a ribbon or a wire, which is periodic")
    at_least("k", k, 8)
    for key, value, allowed in (("solver", solver, SOLVERS), ("gauge", gauge, GAUGES)):
        if value not in allowed:
            raise UserError(key, value, allowed)
    module = plugins.load("densities", density)
    names = definitions_for(module, system.kind, system.operators)
    definitions = [names[0] if name == "" else name for name in definition]
    for name in definitions:
        if name not in names:
            raise UserError("definition", name, names)
    levels = np.array(fermi_energy, dtype=float)
    if midgap:
        levels = np.array([with_gap(system.crystal, filling or None).midgap])
    temperatures = np.array(temperature, dtype=float)
    if solver == "auto":
        solver = cheaper(system, module, definitions, levels, temperatures, k)
    parts = solved(system, module, definitions, gauge, levels, temperatures, k, solver)
    names = [field.name for field in fields(Accumulation)]
    result = Accumulation(*(np.array([getattr(p, name) for p in parts]) for name in names))
    y = system.positions[:, 1]
    return slab.profile(system, module, definitions, levels, temperatures, result) | {
        "edge": np.array(EDGES),
        "edge_crossings": banded_edge_crossings(system, levels, k),
        "at_edge": result.values @ regions(y)[: len(EDGES)].T,
        "solver": np.array(solver),
    }
