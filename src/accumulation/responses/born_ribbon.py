"""A ribbon with short-range disorder in the self-consistent Born approximation.

With <V^2> the variance of the energies of the sites,

    Sigma = <V^2> sum_site P_site [int dk L / 2 pi  G(k)] P_site,
    G(k) = (E + i eta - H(k) - Sigma)^-1

and the response of the Fermi surface is that of a clean ribbon with these G, without vertex
corrections (which vanish for one orbital a site where H(k) can be made real):

    delta n(mu) = -pi int dk / 2 pi  Tr n(mu) A v A,   A = i (G - G+) / 2 pi

The modes of the ribbon are resolved where hbar / tau is below their spacing, pi v / width: in
ribbons narrower than the mean free path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..lattice.samples import Ribbon
from ..states.eigenpairs import adjoint
from ..states.eigenstates import KernelFunction, own_kernel

# k handled together.
BATCH = 32
TOLERANCE = 1e-7
ITERATIONS = 100


@dataclass(frozen=True)
class BornRibbon:
    """Self-energy of a ribbon at one energy.

    ribbon : the clean ribbon;  energy : E + i eta, in t0;  k : (k,) mesh of the zone, in 1/a
    self_energy : (orbital, orbital), in t0, non-zero within sites
    """

    ribbon: Ribbon
    energy: complex
    k: np.ndarray
    self_energy: np.ndarray

    def green(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Batches of k and G(k), (k, orbital, orbital), in 1 / t0."""
        shifted = self.energy * np.eye(self.ribbon.bloch.size) - self.self_energy
        for start in range(0, len(self.k), BATCH):
            k = self.k[start : start + BATCH]
            yield k, np.linalg.inv(shifted - self.ribbon.bloch.hamiltonian(k))


def solve(ribbon: Ribbon, energy: complex, variance: float, points: int) -> BornRibbon:
    """The self-consistent self-energy, by iteration.

    Parameters
    ----------
    energy : E + i eta, in t0;  variance : <V^2>, in t0^2;  points : number of k

    Raises
    ------
    UserError
        If the iteration does not converge.
    """
    k = 2 * np.pi * (np.arange(points) + 0.5) / (points * ribbon.period)
    same = ribbon.sites.T @ ribbon.sites
    found = BornRibbon(ribbon, energy, k, np.zeros_like(same, dtype=complex))
    for _ in range(ITERATIONS if variance else 0):
        total = np.zeros_like(found.self_energy)
        for _, green in found.green():
            total += green.sum(axis=0)
        self_energy = variance * same * total / points
        change = np.abs(self_energy - found.self_energy).max()
        found = BornRibbon(ribbon, energy, k, self_energy)
        if change < TOLERANCE * np.abs(self_energy).max():
            return found
    if variance:
        raise UserError("strength", float(np.sqrt(12 * variance)), "disorder weaker than the bands")
    return found


def fermi_response(
    born: BornRibbon, kernel: KernelFunction, definition: str
) -> tuple[np.ndarray, np.ndarray]:
    """Accumulation and current of electrons, each (orbital,) per e E and length.

    Raises
    ------
    UserError
        If the kernel of the density is a sum over bands.
    """
    bloch, period = born.ribbon.bloch, born.ribbon.period
    density, current = np.zeros(bloch.size), np.zeros(bloch.size)
    weight = -np.pi / (len(born.k) * period)
    for k, green in born.green():
        velocity = bloch.velocity(k)
        spectral = 0.5j / np.pi * (green - adjoint(green))
        change = spectral @ velocity @ spectral
        found = own_kernel(kernel, definition, bloch, k)
        # n = (P K + K+ P) / 2 and a Hermitian change
        for total, operator in ((density, found.matrix), (current, velocity)):
            total += weight * np.einsum("kij,kji->i", operator, change).real
    return density, current
