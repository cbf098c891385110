"""Anomalous Hall conductivity of a metal of three dimensions, at a number of electrons a cell.

A sum of the Berry curvature over uniform meshes, in S / cm.  The level is that at which the mesh
has the electrons.  Curvatures are those of the model's own bands: of Wannier functions, without the
part that the bands outside contribute.  Meshes are moved off the mirror planes of the crystal,
where bands cross and a few points would outweigh all others.
"""

from __future__ import annotations

import numpy as np

from ..crystal.berry_curvature import bulk_states, curvature, operator
from ..errors import UserError
from ..identities import Identity
from ..lattice.lattice import Lattice
from ..lattice.units import CHARGE, PLANCK
from ..states.occupations import fermi_dirac

EQUATION = "S23, S24"
UNITS = {"temperature": "eV", "electrons": "1", "published": "S / cm"}
VARIABLES = {
    "points": (("points",), "1", "points of the mesh along each reciprocal vector", "S23"),
    "conductivity": (("points",), "S / cm", "|sigma_yx| of each mesh", "S23"),
    "fermi_energy": (("points",), "eV", "level at which the mesh has the electrons", "18"),
    "published": ((), "S / cm", "published value", "S23"),
    "change": ((), "1", "change from the last mesh but one, relative to the last", "S23"),
    "published_ratio": ((), "1", "the finest mesh over the published value, minus 1", "S23"),
}
CHECKS = {
    "change": Identity(
        "the anomalous Hall conductivity does not depend on the mesh",
        "the coarser mesh",
        0.1,
    ),
    "published_ratio": Identity(
        "it is of the published size",
        "first principles; the Wannier functions of a coarse mesh are not theirs",
        0.5,
    ),
}
# No simple parts of a step.
SHIFT = np.array([0.1273, 0.3541, 0.7191])
# Numbers of a batch of k, and halvings of the interval that holds the level.
CHUNK, HALVINGS = 500_000, 60


def compute(
    lattice: Lattice,
    electrons: float = 8.0,
    temperature: float = 0.026,
    points: tuple[int, ...] = (16, 20),
    published: float = 756.0,
) -> dict[str, np.ndarray]:
    """Conductivities of each mesh, beside the ``published`` one (756: iron, Wang et al. 2006).

    Raises
    ------
    UserError
        For a lattice of two dimensions or in natural units, fewer than two meshes, a temperature
        that is not positive, or electrons that the bands cannot hold.
    """
    if lattice.dimension != 3 or lattice.units != "eV_angstrom":
        raise UserError("model", f"{lattice.dimension} dimensions", "a crystal in eV and angstrom")
    if len(points) < 2 or min(points) < 2:
        raise UserError("points", list(points), "two meshes or more, of at least 2 points")
    if not temperature > 0:
        raise UserError("temperature", temperature, "a positive number")
    if not 0 < electrons < len(lattice.orbitals):
        raise UserError("electrons", electrons, f"between 0 and {len(lattice.orbitals)}")
    found = [_of_mesh(lattice, electrons, temperature, count) for count in points]
    values, levels = np.array(found).T
    return {
        "points": np.array(points),
        "conductivity": values,
        "fermi_energy": levels,
        "published": published,
        "change": abs(values[-1] - values[-2]) / values[-1],
        "published_ratio": values[-1] / published - 1,
    }


def _of_mesh(lattice: Lattice, electrons: float, kt: float, points: int) -> tuple[float, float]:
    """|sigma_yx| in S / cm and the level in eV."""
    fraction = (np.indices((points,) * 3).reshape(3, -1).T + SHIFT) / points
    parts = np.array_split(fraction, 1 + len(fraction) * len(lattice.orbitals) ** 2 // CHUNK)
    pairs = [_energies_and_curvatures(lattice, part @ lattice.reciprocal) for part in parts]
    energy, of_bands = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    low, high = energy.min() - 1, energy.max() + 1
    for _ in range(HALVINGS):
        level = 0.5 * (low + high)
        held = fermi_dirac(energy, level, kt).sum() / len(energy)
        low, high = (level, high) if held < electrons else (low, level)
    total = np.sum(fermi_dirac(energy, level, kt) * of_bands) / len(energy)
    # In e^2 / h per angstrom, and 1e8 angstrom are a cm.
    per_angstrom = 2 * np.pi * abs(total / np.linalg.det(lattice.vectors))
    return 1e8 * per_angstrom * CHARGE**2 / PLANCK, level


def _energies_and_curvatures(lattice: Lattice, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    states = bulk_states(lattice, k)
    return states.energy, curvature(states, operator("charge", lattice, states))
