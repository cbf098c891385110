"""Accumulation in a slab, layer by layer, at the Fermi surface and below it (Eqs. 55, 58).

The slab is open along the normal y of a lattice plane and periodic along x, the direction of the
field and a lattice vector of the plane, and along z.  At each wave vector along z it is a ribbon,
whose response is exact at T = 0; the integral over z is a sum over a uniform mesh.
"""

from __future__ import annotations

import numpy as np

from .. import plugins
from ..crystal.bulk_properties import with_gap
from ..densities import chosen
from ..errors import UserError
from ..lattice.lattice import Lattice
from ..lattice.samples import System
from ..responses.slab_response import slab_accumulations
from ..responses.solvers import SOLVERS
from ..responses.static import PROCESSES
from ..symmetry.mirror_rows import paired_rows

EQUATION = "55, 58"
UNITS = {"fermi_energy": "t0", "temperature": "t0"}
_PROFILE = ("definition", "process", "fermi_energy", "temperature", "row")
_GRID = _PROFILE[:-1]
_ACCUMULATED = "unit of the density x (e E tau | e E) / a^2"
VARIABLES = {
    "definition": (("definition",), "1", "definition of the density operator", "52, 57"),
    "process": (("process",), "1", "intraband: per e E tau; interband: per e E", "55"),
    "fermi_energy": (("fermi_energy",), "t0", "Fermi energy", "18"),
    "temperature": (("temperature",), "t0 / k_B", "temperature", "18"),
    "x": (("row",), "a", "position of the row along the field", "S49"),
    "y": (("row",), "a", "height of the row over the middle of the slab", "S49"),
    "z": (("row",), "a", "position of the row in the plane, across the field", "S49"),
    "sublattice": (("row",), "1", "orbital of the row", "S41"),
    "density_units": ((), "1", "unit of the density", "5"),
    "density_name": ((), "1", "name of the density", "5"),
    "accumulation": (_PROFILE, _ACCUMULATED, "accumulated density by row, per area", "55, 58"),
    "net": (_GRID, _ACCUMULATED, "net accumulation per area", "55, 58"),
    "even": (_PROFILE, _ACCUMULATED, "part of the accumulation even in y", "Fig. 2(d)"),
    "odd": (_PROFILE, _ACCUMULATED, "part of the accumulation odd in y", "Fig. 2(d)"),
    "error": (_GRID, _ACCUMULATED, "estimated bound of the error of any row", "55, 58"),
    "mesh_error": (_GRID, _ACCUMULATED, "its part due to the mesh along z", "55, 58"),
    "value_status": (
        _GRID,
        "1",
        "0, or bits: 1 no limit at zero temperature, 2 error above 1e-4",
        "55, 58",
    ),
    "area": ((), "a^2", "area of the surface cell", "S41"),
}
CHECKS: dict = {}


def compute(
    lattice: Lattice,
    plane: tuple[int, ...] = (0, 0, 1),
    direction: tuple[int, ...] = (1, 0, 0),
    layers: int = 8,
    trim: tuple[int, ...] = (0, 0),
    density: str = "orbital_moment",
    definition: tuple[str, ...] = ("",),
    fermi_energy: tuple[float, ...] = (0.0,),
    temperature: tuple[float, ...] = (0.0,),
    k: int = 101,
    k_across: int = 32,
    midgap: bool = False,
    solver: str = "dense",
) -> dict[str, np.ndarray]:
    """Rows of the accumulation of a slab.

    Parameters
    ----------
    plane : Miller indices of the surface;  direction : lattice vector along the field, in the plane
    layers : cells along the normal;  trim : atomic layers left out below and above
    density, definition : as of a ribbon; "" is the first definition
    fermi_energy, temperature : in t0
    k, k_across : points of the meshes along x and z
    midgap : the level is the middle of the crystal's gap, whatever ``fermi_energy`` is
    solver : ``dense``, ``selected_inversion`` or ``auto``

    Raises
    ------
    UserError
        For a lattice of two dimensions, a plane or direction that is none, too few layers or k,
        a density that the lattice does not have, or midgap of a crystal without a gap.
    """
    slab = lattice.slab(tuple(plane), tuple(direction), layers, tuple(trim))
    module = plugins.load("densities", density)
    definitions = [chosen(density, name, "ribbon")[1] for name in definition]
    levels = np.array([with_gap(lattice).midgap] if midgap else fermi_energy)
    temperatures = np.array(temperature)
    if solver not in SOLVERS:
        raise UserError("solver", solver, SOLVERS)
    points = (k, k_across)
    result = slab_accumulations(
        slab, module, definitions, levels, temperatures, points, solver=solver
    )
    return profile(slab.ribbon, module, definitions, levels, temperatures, result) | {
        "mesh_error": result.mesh_error,
        "area": slab.area,
    }


def profile(
    system: System, density, definitions: list[str], fermi_energy, temperature, result
) -> dict[str, np.ndarray]:
    """The variables that all systems have whose rows are computed by a theory.

    Parameters
    ----------
    density : module of the density
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    result : values (definition, process, fermi_energy, temperature, row), net, error and status
    """
    pairing = paired_rows(system.positions, system.sublattice, system.spin, system.cell)
    even = odd = np.full(result.values.shape, np.nan)
    if pairing is not None:
        even, odd = pairing.parts(result.values)
    x, y, z = system.positions.T
    return {
        "definition": np.array(definitions),
        "process": np.array(PROCESSES),
        "fermi_energy": fermi_energy,
        "temperature": temperature,
        "x": x,
        "y": y,
        "z": z,
        "sublattice": system.sublattice,
        "density_units": np.array(density.UNITS),
        "density_name": np.array(density.LONG_NAME),
        "accumulation": result.values,
        "net": result.net,
        "even": even,
        "odd": odd,
        "error": result.error,
        "value_status": result.status,
    }
