"""Accumulation in a slab: an integral over ribbons at each wave vector along z (Eqs. 55, 58)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..inputs import at_least
from ..lattice.slabs import Slab
from .solvers import cheaper, solved
from .static import status_bits


@dataclass(frozen=True)
class SlabAccumulation:
    """Accumulation of a slab per area.

    Attributes
    ----------
    values : (2, fermi_energy, temperature, row), intraband per e E tau and interband per e E, per
        a^2; NaN where a ribbon has no limit T -> 0
    net : (2, fermi_energy, temperature), sum over the rows
    error : (2, fermi_energy, temperature), estimated bound of the error of any row
    mesh_error : (2, fermi_energy, temperature), the part of it that is due to the mesh along z:
        half the difference of the sums over its even and its odd points
    status : (2, fermi_energy, temperature) int, bits of :data:`.static.FLAGS`
    """

    values: np.ndarray
    net: np.ndarray
    error: np.ndarray
    mesh_error: np.ndarray
    status: np.ndarray


def slab_accumulations(
    slab: Slab,
    density,
    definitions: Sequence[str],
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    points: tuple[int, int],
    threads: int = 1,
    solver: str = "dense",
) -> SlabAccumulation:
    """Accumulation of a density per area of a slab, in a field along x; (definition, ...) first.

    At T = 0 each ribbon's Fermi points are exact; along z the mesh is uniform.

    Parameters
    ----------
    density : the density's module;  definitions : names of its definitions
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points : of the meshes along x and along z;  solver : one of :data:`.solvers.SOLVERS`

    Raises
    ------
    UserError
        For meshes of too few points, or a solver that cannot do this.
    """
    at_least("k", points[0], 8)
    at_least("k_across", points[1], 2)
    wave_vectors, weight = slab.mesh(points[1])
    levels = (fermi_energy, temperature, points[0])
    if solver == "auto":
        solver = cheaper(slab.at(wave_vectors[0]), density, definitions, *levels)
    of_ribbons = [
        solved(slab.at(q), density, definitions, "atomic", *levels, solver, threads)
        for q in wave_vectors
    ]
    # (wave vector, definition, process, fermi_energy, temperature, row)
    values = np.array([[one.values for one in ribbon] for ribbon in of_ribbons])
    error = weight * np.sum([[one.error for one in ribbon] for ribbon in of_ribbons], axis=0)
    halves = [2 * weight * values[start::2].sum(axis=0) for start in (0, 1)]
    mesh_error = 0.5 * np.abs(halves[0] - halves[1]).max(axis=-1)
    total = weight * values.sum(axis=0)
    net = total.sum(axis=-1)
    status = status_bits(total, net, error + mesh_error, np.zeros(error.shape))
    return SlabAccumulation(total, net, error + mesh_error, mesh_error, status)
