"""Density response of a ribbon at a finite frequency (S46).

intraband   i / (omega + i eta)  sum_n int dk/2pi (df/dk) <n|n(mu)|n>
interband   sum_{n n'} int dk/2pi (f_n - f_n') / (e_n - e_n' + omega + i eta) <n|n(mu)|n'> A_{n'n}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import mesh
from ..states.chunks import gathered
from ..states.eigenpairs import adjoint, solve
from ..states.eigenstates import States
from ..states.occupations import fermi_dirac
from .integrands import ExactElements
from .lehmann import pair_sum
from .static import accumulation, elements_on_mesh

# Pairs whose occupations differ by less do not change a sum.
NEGLIGIBLE = 1e-17


@dataclass(frozen=True)
class Spectrum:
    """Response of a ribbon at one filling and all frequencies: a Drude weight and a list of pairs.

    Attributes
    ----------
    drude : (row,) sum_n int dk/2pi (df/dk) <n|n(mu)|n>
    gap : (pair,) e_n - e_n', in t0
    strength : (row, pair) weights (f_n - f_n') <n|n(mu)|n'> A_{n'n} dk/2pi
    """

    drude: np.ndarray
    gap: np.ndarray
    strength: np.ndarray

    def intraband(self, z: np.ndarray) -> np.ndarray:
        """First term of S46 per e E, (row, z), at complex z (z,) = omega + i eta, in t0.

        At omega = 0 the factor i / z is tau = 1 / eta.
        """
        return 1j * self.drude[:, None] / z

    def interband(self, z: np.ndarray) -> np.ndarray:
        """Second term of S46 per e E, (row, z), at complex z (z,), in t0."""
        return pair_sum(self.gap, self.strength, z)

    def total(self, z: np.ndarray) -> np.ndarray:
        """Both terms of S46 per e E, (row, z), at complex z (z,), in t0."""
        return self.intraband(z) + self.interband(z)


def spectrum(
    exact: ExactElements, points: int, fermi_energy: float, temperature: float
) -> tuple[Spectrum, np.ndarray]:
    """Response of a ribbon on a mesh of ``points`` k (S46); rows are those of ``exact.regions``.

    The intraband factor is that of the static response, with exact Fermi points.  The interband
    sum needs an insulator, or a mesh that resolves temperature and eta / velocity.

    Returns
    -------
    Spectrum, and the static response (2, row) per e E tau and e E, by the algorithm of Eqs. 55, 58.
    """
    on_mesh = elements_on_mesh(exact, points)
    levels = np.array([fermi_energy]), np.array([temperature])
    static = accumulation(on_mesh, exact, *levels).values[:, 0, 0]
    gap, strength = interband_pairs(exact, points, fermi_energy, temperature)
    return Spectrum(static[0], gap, strength), static


def interband_pairs(
    exact: ExactElements, points: int, fermi_energy: float, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gaps (pair,), in t0, and strengths (row, pair) of all pairs of states at the same k."""
    k, weight = mesh(points, exact.bloch.period)

    def pairs_of_chunk(part):
        states = States(solve(exact.bloch, k[part]), exact.bloch, exact.gauge)
        applied = states.apply(exact.kernel(states, exact.definition))
        bra = adjoint(states.eigenvector)
        regions = np.eye(exact.bloch.size) if exact.regions is None else exact.regions
        half = [0.5 * bra @ (row[:, None] * applied) for row in regions]
        density = np.stack([row_half + adjoint(row_half) for row_half in half])
        filled = fermi_dirac(states.energy, fermi_energy, temperature) * weight[part, None]
        difference = filled[:, :, None] - filled[:, None, :]
        connection = 1j * np.swapaxes(states.connection_over_i, -1, -2)
        contributing = np.abs(difference) > NEGLIGIBLE
        gap = states.energy[:, :, None] - states.energy[:, None, :]
        return gap[contributing], (density * (connection * difference))[:, contributing]

    gaps, strengths = zip(*gathered(pairs_of_chunk, len(k), exact.bloch.size), strict=True)
    return np.concatenate(gaps), np.concatenate(strengths, axis=1)
