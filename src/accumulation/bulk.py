"""The infinite crystal: gaps and the Chern number of the filled bands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from .lattice import Lattice

# Divisible by 6: the mesh holds K, M and Gamma, where the gaps of honeycomb models open and close.
POINTS = 24
# Gaps smaller than this (in t0) count as closed.
CLOSED = 1e-9
# Rounds of the search that refines band edges; each shrinks the step to SHRINK of the one before.
ROUNDS, SHRINK = 36, 0.55
STARTS = 3


@dataclass(frozen=True)
class Bulk:
    """Gaps and Chern number at one filling.

    Attributes
    ----------
    direct_gap : smallest energy difference at one k, in t0
    valence_top, conduction_bottom : band edges, in t0
    chern : Chern number of the filled bands, NaN where the direct gap is closed; in three
        dimensions that of every plane of constant k along a3
    """

    direct_gap: float
    valence_top: float
    conduction_bottom: float
    chern: float

    @property
    def indirect_gap(self) -> float:
        """Conduction bottom minus valence top, in t0; negative where bands overlap."""
        return self.conduction_bottom - self.valence_top

    @property
    def midgap(self) -> float:
        """Middle of the indirect gap, in t0; NaN where there is none."""
        middle = 0.5 * (self.conduction_bottom + self.valence_top)
        return middle if self.indirect_gap > CLOSED else np.nan


def bulk(lattice: Lattice, filled: int | None = None, points: int = POINTS) -> Bulk:
    """Gaps and Chern number of the ``filled`` lowest bands, by default half of all.

    The band edges are found on a mesh of ``points`` k along each direction and refined from its
    best points by a shrinking pattern search, to about 1e-9 where bands touch linearly, better
    elsewhere.
    """
    filled = len(lattice.orbitals) // 2 if filled is None else filled
    reciprocal = lattice.reciprocal
    steps = np.arange(points) / points
    dimension = lattice.dimension
    fraction = np.stack(np.meshgrid(*[steps] * dimension, indexing="ij"), axis=-1)
    energy, vectors = np.linalg.eigh(lattice.hamiltonian(fraction @ reciprocal))
    below, above = energy[..., filled - 1], energy[..., filled]

    targets = (above - below, -below, above)
    best = [np.argsort(t, axis=None, kind="stable")[:STARTS] for t in targets]
    starts = np.stack([fraction.reshape(-1, dimension)[some] for some in best])
    direct, top, bottom = _refined(lattice, reciprocal, filled, starts, 1 / points)
    closed = direct <= CLOSED
    # Where the gap is open it cannot change from one plane to the next: the first serves.
    plane = (slice(None), slice(None), *(0,) * (dimension - 2))
    number = (
        np.nan if closed else chern_number(lattice, vectors[plane][..., :filled], fraction[plane])
    )
    return Bulk(float(direct), float(-top), float(bottom), float(number))


def _refined(lattice, reciprocal, filled, where, step) -> np.ndarray:
    """Minima of gap, -valence and conduction band from the points where (3, start, dimension)."""
    offsets = np.array(list(product((-1, 0, 1), repeat=lattice.dimension)), dtype=float)
    for _ in range(ROUNDS):
        tried = where[:, :, None] + step * offsets
        energy = np.linalg.eigvalsh(lattice.hamiltonian(tried @ reciprocal))
        below, above = energy[..., filled - 1], energy[..., filled]
        values = np.stack(((above - below)[0], -below[1], above[2]))
        best = np.argmin(values, axis=-1)[..., None]
        where = np.take_along_axis(tried, best[..., None], axis=2)[:, :, 0]
        step *= SHRINK
    return np.take_along_axis(values, best, axis=2).min(axis=(1, 2))


def chern_number(lattice: Lattice, vectors: np.ndarray, fraction: np.ndarray) -> int:
    """Chern number of a set of bands, (1/2 pi) int Omega with Omega = curl i<u|grad u>.

    An integer on any mesh (Fukui, Hatsugai and Suzuki, J. Phys. Soc. Jpn. 74, 1674 (2005)).

    Parameters
    ----------
    vectors : (n, n, orbital, band) eigenvectors, atomic gauge
    fraction : (n, n, dimension) their k in units of the reciprocal vectors, a uniform mesh of the
        zone of a1 and a2
    """
    # Cell gauge: periodic in k, so that the mesh closes on itself.
    cell = lattice.positions[:, : lattice.dimension] @ np.linalg.inv(lattice.vectors)
    periodic = vectors * np.exp(2j * np.pi * fraction @ cell.T)[..., None]

    def link(axis):
        forward = np.roll(periodic, -1, axis=axis)
        phase = np.linalg.det(np.swapaxes(periodic, -1, -2).conj() @ forward)
        return phase / np.abs(phase)

    one, two = link(0), link(1)
    plaquette = one * np.roll(two, -1, axis=0) * np.roll(one, -1, axis=1).conj() * two.conj()
    orientation = np.sign(np.linalg.det(lattice.vectors))
    return int(np.rint(-orientation * np.angle(plaquette).sum() / (2 * np.pi)))
