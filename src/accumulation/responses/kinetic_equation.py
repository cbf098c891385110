"""Kinetic equation of a ribbon with short-range disorder, by the golden rule on its Fermi points.

Between Fermi points i and j of states u normalised in a cell of length L, with disorder of variance
<V^2> on every site,

    w_ij = <V^2> L sum_site |<u_i|P_site|u_j>|^2 / |v_j|        (hbar = 1)

is the rate from i to j.  The mean free path (of the charge, along x) solves

    (sum_j w_ij + eta) path_i - sum_j w_ij path_j = v_i

with eta a rate of decay without scattering into other states.  The relaxation-time formula (28,
S14) leaves out the second term: path_i = v_i tau_i.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..lattice.bloch import mesh
from ..lattice.samples import Ribbon
from ..states.eigenpairs import solve
from ..states.eigenstates import KernelFunction, States
from ..states.fermi_points import fermi_points
from .matrix_elements import matrix_elements

# Fermi points closer than this in k (1/a) at one energy are degenerate, and the rates depend on the
# arbitrary basis of these states.
SAME = 1e-7
# Mesh points that bracket the Fermi points.
POINTS = 400


@dataclass(frozen=True)
class Contour:
    """Fermi points of a ribbon at several energies.

    level : (point,) index of the energy;  k : (point,);  velocity : (point,)
    density : (point, row) <n(mu)> of each state
    overlap : (point, point) L sum_site |<u_i|P_site|u_j>|^2 in a, zero between different energies
    """

    level: np.ndarray
    k: np.ndarray
    velocity: np.ndarray
    density: np.ndarray
    overlap: np.ndarray


def contour(
    ribbon: Ribbon, kernel: KernelFunction, definition: str, energies: np.ndarray
) -> Contour:
    """All Fermi points at several energies.

    Parameters
    ----------
    energies : (level,), in t0

    Raises
    ------
    UserError
        If two states at one energy have the same k.
    """
    bloch = ribbon.bloch
    k, _ = mesh(POINTS, bloch.period)
    mesh_pairs = solve(bloch, k)
    points = fermi_points(bloch, k, mesh_pairs.energy, mesh_pairs.velocity, energies)
    pairs = solve(bloch, points.k)
    index = (np.arange(len(points.k)), points.band)
    states = States(pairs, bloch)
    density = matrix_elements(states, kernel(states, definition), interband=False)[0][index]
    u = pairs.eigenvector[index[0], :, index[1]]
    same = points.level[:, None] == points.level
    separation = np.abs((points.k[:, None] - points.k) * bloch.period)
    separation = np.minimum(separation, 2 * np.pi - separation)
    if np.any(same & (separation < SAME) & ~np.eye(len(u), dtype=bool)):
        raise UserError("model", "degenerate states at the Fermi energy", "no degeneracy at one k")
    overlap = np.zeros((len(u), len(u)))
    for site in ribbon.sites:
        orbitals = np.flatnonzero(site)
        overlap += np.abs(u[:, orbitals].conj() @ u[:, orbitals].T) ** 2
    overlap *= same * bloch.period
    return Contour(points.level, points.k, pairs.velocity[index], density, overlap)


def rates(points: Contour, variance: float) -> np.ndarray:
    """w_ij, (point, point), in t0 / hbar; the sum over j is the golden-rule 1 / tau_i (S13)."""
    return variance * points.overlap / np.abs(points.velocity)


def paths(points: Contour, variance: float, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean free path (point,) in a, by the relaxation-time formula and by the kinetic equation.

    ``variance`` is <V^2> in t0^2, ``decay`` the rate eta in t0 / hbar.
    """
    scattering = rates(points, variance)
    total_rate = scattering.sum(axis=1) + decay
    relaxed = points.velocity / total_rate
    return relaxed, np.linalg.solve(np.diag(total_rate) - scattering, points.velocity)


def response(points: Contour, path: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Accumulation (row,) per e E and length, and conductivity in e^2 a / hbar.

    With path = v tau this is (28) with the sign of S11: -sum_i N_i <n v> tau.

    Parameters
    ----------
    path : (point,) mean free path, in a;  weight : (level,) of each energy in the thermal average
    """
    measure = weight[points.level] / (2 * np.pi * np.abs(points.velocity)) * path
    return -measure @ points.density, float(measure @ points.velocity)


def thermal_nodes(
    fermi_energy: float, temperature: float, nodes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Energies (node,), in t0, and weights (node,) of int dE (-df/dE).

    The rule is Gauss-Legendre in tanh((E - E_F) / 2T) = 1 - 2f.
    """
    t, weight = np.polynomial.legendre.leggauss(nodes)
    return fermi_energy + 2 * temperature * np.arctanh(t), 0.5 * weight
