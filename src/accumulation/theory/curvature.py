"""Generalized Berry curvature of every band over the Brillouin zone.

The curvatures (S24) of charge, spin, valley and orbital moment, and the orbital moment itself, are
computed on a rectangle of k that contains the zone, and compared with the flux through small
plaquettes.
"""

from __future__ import annotations

import numpy as np

from ..crystal.berry_curvature import OPERATORS, bulk_states, curvature, operator, orbital_moment
from ..errors import UserError
from ..identities import Identity
from ..lattice.lattice import Lattice

EQUATION = "S24, S52"
UNITS = {"step": "1 / a"}
_MAP = ("k_y", "k_x", "band")
_NAMES = {
    "charge": "Berry curvature",
    "spin": "spin Berry curvature",
    "valley": "valley Berry curvature",
    "orbital_moment": "orbital Berry curvature",
}
VARIABLES = {
    "k_x": (("k_x",), "1 / a", "wave vector along x", "S42"),
    "k_y": (("k_y",), "1 / a", "wave vector along y", "S42"),
    "corner": (("end", "axis"), "1 / a", "corners of the Brillouin zone, in order", "S42"),
    "energy": (_MAP, "t0", "energy", "S43"),
    "moment": (_MAP, "e t0 a^2 / hbar", "orbital magnetic moment", "S52"),
    **{
        f"{name}_curvature": (
            _MAP,
            "a^2" if unit in ("1", "e") else f"{unit} x a^2",
            f"{_NAMES[name]} Omega_yx",
            "S24",
        )
        for name, unit in OPERATORS.items()
    },
    "flux_residual": (
        (),
        "1",
        "curvature against the flux through a plaquette, relative to its largest",
        "S24",
    ),
    "moment_residual": (
        (),
        "1",
        "moment against that of states differentiated in k, relative to its largest",
        "S52",
    ),
    "sum_residual": ((), "a^2", "largest sum of the charge curvature over all bands", "S24"),
    "periodicity_residual": (
        (),
        "1",
        "all curvatures one reciprocal vector away, relative to their largest",
        "S24",
    ),
}
CHECKS = {
    "flux_residual": Identity(
        "the charge curvature is the curl of the Berry connection",
        "phase of overlaps around a small plaquette (Fukui, Hatsugai and Suzuki)",
        1e-5,
    ),
    "moment_residual": Identity(
        "the interband moment's diagonal is -(e / hbar) Im <d_x u| (H - e) |d_y u>",
        "eigenvectors differentiated in k, no sum over bands",
        1e-5,
    ),
    "sum_residual": Identity("the curvatures of all bands cancel", "sum rule", 1e-9),
    "periodicity_residual": Identity(
        "curvatures have the period of the reciprocal lattice", "symmetry", 1e-9
    ),
}


def compute(lattice: Lattice, points: int = 81, step: float = 2e-3) -> dict[str, np.ndarray]:
    """Maps on ``points`` x ``points`` k; ``step`` is the side of the plaquettes, in 1/a.

    The comparison leaves out k where bands are closer than 20 ``step`` t0 a, because the states of
    a band must be smooth over its plaquette.

    Raises
    ------
    UserError
        For fewer than 3 points, a step that is not positive, or bands that touch everywhere.
    """
    if points < 3:
        raise UserError("points", points, "an integer of at least 3")
    if step <= 0:
        raise UserError("step", step, "a positive number")
    b = lattice.reciprocal
    corners = _zone_corners(b)
    reach = 1.06 * np.abs(corners).max(axis=0)
    k_x, k_y = (np.linspace(-side, side, points) for side in reach)
    k = np.stack(np.meshgrid(k_x, k_y), axis=-1)
    shape = (*k.shape[:-1], len(lattice.orbitals))
    k = k.reshape(-1, 2)
    energy, moment, curvatures = _maps(lattice, k)
    charge, scale = curvatures[0], np.abs(curvatures).max(axis=(1, 2), keepdims=True)

    smooth = np.diff(energy, axis=1).min(axis=1) > 20 * step
    if not smooth.any():
        raise UserError("model", "bands that touch everywhere", "bands that are apart at some k")
    flux, differentiated = _from_overlaps(lattice, k[smooth], step)
    _, _, translated = _maps(lattice, k + b[0] - b[1])
    compared = (
        np.where(smooth[:, None], curvatures, 0.0),
        np.where(smooth[:, None], translated, 0.0),
    )
    results = {
        "k_x": k_x,
        "k_y": k_y,
        "corner": corners,
        "energy": energy.reshape(shape),
        "moment": moment.reshape(shape),
        # Omega_yx = -Omega_z
        "flux_residual": _relative_difference(-flux, charge[smooth]),
        "moment_residual": _relative_difference(differentiated, moment[smooth]),
        "sum_residual": np.abs(charge.sum(axis=1)).max(),
        "periodicity_residual": np.abs(
            (compared[1] - compared[0]) / np.where(scale > 0, scale, 1.0)
        ).max(),
    }
    maps = zip(OPERATORS, curvatures.reshape(len(curvatures), *shape), strict=True)
    return results | {f"{name}_curvature": values for name, values in maps}


def _relative_difference(values: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference over the largest reference value; absolute if all references are zero."""
    return float(np.abs(values - reference).max() / (np.abs(reference).max() or 1.0))


def _maps(lattice: Lattice, k: np.ndarray):
    """Energy and moment (k, band), and curvatures (operator, k, band)."""
    states = bulk_states(lattice, k)
    moment = np.diagonal(orbital_moment(states), axis1=1, axis2=2).real
    curvatures = [curvature(states, operator(name, lattice, states)) for name in OPERATORS]
    return states.energy, moment, np.array(curvatures)


def _from_overlaps(lattice: Lattice, k: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Omega_z and moment (k, band) from eigenvectors at the corners of a plaquette around each k.

    Both have an error of second order in the step; extrapolation from two steps leaves the fourth.
    """
    coarse, fine = _plaquette(lattice, k, step), _plaquette(lattice, k, step / 2)
    return tuple((4 * f - c) / 3 for c, f in zip(coarse, fine, strict=True))


def _plaquette(lattice: Lattice, k: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    around = step / 2 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    vectors = np.linalg.eigh(lattice.hamiltonian(k[:, None] + around))[1]
    phase = np.prod(
        [np.sum(vectors[:, i].conj() * vectors[:, (i + 1) % 4], axis=1) for i in range(4)], axis=0
    )
    flux = -np.angle(phase) / step**2

    h = lattice.hamiltonian(k)
    energy, u = np.linalg.eigh(h)

    def slope(direction):
        """Covariant derivative: difference of neighbours, each over its overlap with the centre."""
        ends = [
            np.linalg.eigh(lattice.hamiltonian(k + side * step * direction))[1] for side in (1, -1)
        ]
        ends = [end / np.sum(u.conj() * end, axis=1, keepdims=True) for end in ends]
        return (ends[0] - ends[1]) / (2 * step)

    x, y = slope(np.array([1.0, 0.0])), slope(np.array([0.0, 1.0]))
    applied = h @ y - y * energy[:, None, :]
    return flux, -np.imag(np.sum(x.conj() * applied, axis=1))


def _zone_corners(b: np.ndarray) -> np.ndarray:
    """Corners (end, 2) of the Wigner-Seitz cell of the reciprocal lattice, by angle."""
    steps = [(i, j) for i in range(-2, 3) for j in range(-2, 3) if (i, j) != (0, 0)]
    g = np.array(steps) @ b
    half = 0.5 * np.sum(g**2, axis=1)
    vertices = []
    for i in range(len(g)):
        for j in range(i):
            pair = g[[i, j]]
            if abs(np.linalg.det(pair)) < 1e-9:
                continue
            corner = np.linalg.solve(pair, half[[i, j]])
            if np.all(g @ corner <= half + 1e-9):
                vertices.append(corner)
    corners = np.unique(np.round(vertices, 9), axis=0)
    return corners[np.argsort(np.arctan2(corners[:, 1], corners[:, 0]))]
