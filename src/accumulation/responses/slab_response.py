"""Accumulation in a slab: an integral over ribbons at each wave vector along z (Eqs. 55, 58)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..inputs import at_least
from ..lattice.slabs import Slab
from ..states.eigenstates import KernelFunction
from .integrands import ExactElements
from .static import accumulation, elements_on_mesh, status_bits


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
) -> SlabAccumulation:
    """:func:`slab_accumulation` of several definitions of a density, with (definition, ...) first.

    Parameters
    ----------
    density : the density's module;  definitions : names of its definitions
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points, threads : as of :func:`slab_accumulation`

    Raises
    ------
    UserError
        For meshes of too few points.
    """
    at_least("k", points[0], 8)
    at_least("k_across", points[1], 2)
    parts = [
        slab_accumulation(
            slab,
            density.kernel,
            name,
            name in density.NEEDS_ALL_BANDS,
            fermi_energy,
            temperature,
            points,
            threads,
        )
        for name in definitions
    ]
    names = [one.name for one in fields(SlabAccumulation)]
    return SlabAccumulation(*(np.array([getattr(part, name) for part in parts]) for name in names))


def slab_accumulation(
    slab: Slab,
    kernel: KernelFunction,
    definition: str,
    needs_all_bands: bool,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    points: tuple[int, int],
    threads: int = 1,
) -> SlabAccumulation:
    """Accumulation of a density per area of a slab, in a field along x.

    At T = 0 each ribbon's Fermi points are exact; along z the mesh is uniform.

    Parameters
    ----------
    kernel : function (states, definition) of a density
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points : of the meshes along x and along z
    """
    wave_vectors, weight = slab.mesh(points[1])
    of_ribbons = []
    for q in wave_vectors:
        exact = ExactElements(slab.at(q).bloch, kernel, definition, "atomic", needs_all_bands)
        mesh = elements_on_mesh(exact, points[0], threads)
        of_ribbons.append(accumulation(mesh, exact, fermi_energy, temperature, threads))
    values = np.array([one.values for one in of_ribbons])
    error = weight * np.sum([one.error for one in of_ribbons], axis=0)
    halves = [2 * weight * values[start::2].sum(axis=0) for start in (0, 1)]
    mesh_error = np.zeros(error.shape)
    if points[1] > 1:
        mesh_error = 0.5 * np.abs(halves[0] - halves[1]).max(axis=-1)
    total = weight * values.sum(axis=0)
    net = total.sum(axis=-1)
    status = status_bits(total, net, error + mesh_error, np.zeros(error.shape))
    return SlabAccumulation(total, net, error + mesh_error, mesh_error, status)
