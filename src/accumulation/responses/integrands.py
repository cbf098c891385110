"""What the response integrates over k, with occupations, at any k by diagonalising there.

intraband   sum_n f'(e_n) v_n <n|n(mu)|n>
interband   sum_{n, n'} D_nn' Re[<n|n(mu)|n'> A_n'n],   D_nn' = (f_n - f_n') / (e_n - e_n')

A pair of states counts by the divided difference of its occupations: it is finite where levels
meet, and exactly zero where both are filled or both are empty.  The same sum written with the
polarizability of each band, sum_n f_n b_n, loses all digits there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.chunks import gathered
from ..states.eigenpairs import DEGENERACY, solve
from ..states.eigenstates import KernelFunction, States
from ..states.occupations import divided_difference, fermi_slope
from .matrix_elements import matrix_elements, pair_sum

# In place of a number of filled bands: occupations are those of the Fermi function.
THERMAL = -1


@dataclass(frozen=True)
class MeshElements:
    """Matrix elements of one density on the uniform mesh: input of the response.

    energy, velocity : (k, band);  density, polarizability : (k, band, row), the latter None where
    it is identically zero;  weight : (k,) = dk/2pi
    """

    k: np.ndarray
    weight: np.ndarray
    energy: np.ndarray
    velocity: np.ndarray
    density: np.ndarray
    polarizability: np.ndarray | None


@dataclass(frozen=True)
class ExactElements:
    """The same matrix elements at any k, by diagonalising again.

    ``regions`` (region, row), if given, are weights that sum the rows to what takes their place.
    """

    bloch: BlochMatrix
    kernel: KernelFunction
    definition: str
    gauge: str
    needs_all_bands: bool
    regions: np.ndarray | None = None

    def states(self, k: np.ndarray) -> States:
        """States on k (point,) and what kernels need of them."""
        return States(solve(self.bloch, k), self.bloch, self.gauge)

    def at(self, k: np.ndarray, interband: bool) -> MeshElements:
        """Elements on k (point,); with ``interband`` also the polarizability."""
        states = self.states(k)
        kernel = self.kernel(states, self.definition)
        density, polarizability = matrix_elements(states, kernel, interband)
        if polarizability is not None:
            polarizability = by_region(polarizability, self.regions)
        density = by_region(density, self.regions)
        no_weight = np.full(len(k), np.nan)  # the points are those of no mesh
        return MeshElements(k, no_weight, states.energy, states.velocity, density, polarizability)


def by_region(values: np.ndarray, regions: np.ndarray | None) -> np.ndarray:
    """Values (..., row) summed to (..., region); as they are without regions."""
    return values if regions is None else values @ regions.T


def integrand(
    exact: ExactElements,
    level: float,
    temperature: float,
    filled: np.ndarray | None = None,
    threads: int = 1,
    interband: bool = True,
):
    """Function k (node,), label (node,) -> (node, 2, row), intraband and interband.

    Parameters
    ----------
    level, temperature : of the Fermi function, in t0
    filled : (label,) number of filled bands at nodes of each label, THERMAL for the Fermi function;
        None: that everywhere.  With a number of filled bands the intraband part is zero, as at zero
        temperature it is no function of k.
    interband : compute that part, otherwise zero
    """

    def values(k, label):
        states = exact.states(k)
        count = np.full(len(k), THERMAL) if filled is None else filled[label]
        thermal = count == THERMAL
        energy, slope, difference = states.energy, None, None
        if thermal.any() and temperature > 0:
            slope = np.zeros(energy.shape)
            speed = states.velocity[thermal]
            slope[thermal] = fermi_slope(energy[thermal], level, temperature) * speed
        if interband:
            difference = np.zeros((*energy.shape, energy.shape[1]))
            difference[thermal] = divided_difference(energy[thermal], level, temperature)
            difference[~thermal] = _of_filled(energy[~thermal], count[~thermal])
        return _processes(exact, states, slope, difference)

    def over_nodes(k, label):
        def work(part):
            return values(k[part], label[part])

        return np.concatenate(gathered(work, len(k), exact.bloch.size, threads))

    return over_nodes


def _of_filled(energy: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(k, n, n') divided differences with the ``count`` (k,) lowest bands filled."""
    occupied = (np.arange(energy.shape[1]) < count[:, None]).astype(float)
    change = occupied[:, :, None] - occupied[:, None, :]
    gap = energy[:, :, None] - energy[:, None, :]
    far = (np.abs(gap) >= DEGENERACY) & (change != 0)
    return np.divide(change, gap, out=np.zeros_like(gap), where=far)


def _processes(exact, states, slope, difference) -> np.ndarray:
    """Both processes (k, 2, row) of states with these Fermi factors."""
    kernel = exact.kernel(states, exact.definition)
    rows = exact.bloch.size if exact.regions is None else len(exact.regions)
    out = np.zeros((len(states.k), 2, rows))
    if slope is not None:
        density = by_region(matrix_elements(states, kernel, interband=False)[0], exact.regions)
        out[:, 0] = (slope[:, None, :] @ density)[:, 0]
    interband = None if difference is None else pair_sum(states, kernel, difference)
    if interband is not None:
        out[:, 1] = by_region(interband, exact.regions)
    return out
