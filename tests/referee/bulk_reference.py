"""Gaps and Chern number of a crystal: dense mesh with local refinement, two meshes that agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from .ribbon import Crystal

MESH = 72
# Candidates refined for each minimum, and rounds of zooming in by a third each.
CANDIDATES = 40
ROUNDS = 34
CLOSED = 1e-7
CHERN_MESHES = (36, 54, 81, 122, 183, 274, 411)


@dataclass(frozen=True)
class Gaps:
    """Direct and indirect gap of ``filled`` bands; the Chern number, None where undecided."""

    direct: float
    indirect: float
    chern: float | None


class Zone:
    """Levels and states of a crystal over its zone, k in units of the reciprocal vectors."""

    def __init__(self, crystal: Crystal):
        names = list(crystal.orbitals)
        self.size = len(names)
        self.handed = np.sign(np.linalg.det(np.array(crystal.vectors, dtype=float)))
        # Phases of the cells only: energies and Chern numbers do not depend on the positions.
        cells = {}
        for row, column, cell, amplitude in crystal.directed_hops():
            matrix = cells.setdefault(cell, np.zeros((self.size, self.size), dtype=complex))
            matrix[row, column] += amplitude
        self.cells = np.array(list(cells), dtype=float)
        self.table = np.array(list(cells.values())).reshape(len(cells), -1)

    def matrix(self, f):
        phase = np.exp(2j * np.pi * f @ self.cells.T)
        return (phase @ self.table).reshape(*f.shape[:-1], self.size, self.size)

    def levels(self, f):
        return np.linalg.eigvalsh(self.matrix(f))


def gaps(crystal: Crystal, filled: int, mesh: int = MESH) -> Gaps:
    """Gaps and Chern number of the lowest ``filled`` bands."""
    zone = Zone(crystal)
    steps = (np.arange(mesh) + 0.31) / mesh
    f = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)
    e = zone.levels(f)
    below, above = e[..., filled - 1], e[..., filled]
    direct = _minimum(zone, f, above - below, lambda x: x[..., filled] - x[..., filled - 1])
    top = -_minimum(zone, f, -below, lambda x: -x[..., filled - 1])
    bottom = _minimum(zone, f, above, lambda x: x[..., filled])
    number = np.nan if direct < CLOSED else chern_number(zone, filled)
    return Gaps(direct, bottom - top, number)


def _minimum(zone, f, values, of):
    """Smallest value, from every local minimum of the mesh that could hold it."""
    shifts = [s for s in product((-1, 0, 1), repeat=2) if s != (0, 0)]
    around = np.stack([np.roll(values, s, axis=(0, 1)) for s in shifts])
    local = np.nonzero((values <= around.min(axis=0)).reshape(-1))[0]
    # Corners of symmetric zones come in numbers; the lowest first.
    local = local[np.argsort(values.reshape(-1)[local], kind="stable")][:CANDIDATES]
    where = f.reshape(-1, 2)[local]
    offsets = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))
    step = 1.0 / len(f)
    for round_ in range(ROUNDS):
        tried = where[:, None] + step * offsets
        found = of(zone.levels(tried))
        best = np.argmin(found, axis=1)
        where = tried[np.arange(len(where)), best]
        low = found.min(axis=1)
        if round_ in (5, 12):
            # By then the value is known to about the step.
            near = low <= low.min() + 60 * step * np.abs(zone.table).sum()
            where, low = where[near], low[near]
        # A valley that is narrow and oblique needs slow shrinking.
        step *= 0.5
    return float(low.min())


def chern_number(zone: Zone, filled: int) -> int | None:
    """Chern number (1/2 pi) int curl i<u|grad u> of two meshes that agree, fluxes below pi / 3."""
    previous = None
    for mesh in CHERN_MESHES:
        steps = (np.arange(mesh) + 0.17) / mesh
        f = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)
        u = np.linalg.eigh(zone.matrix(f))[1][..., :filled]

        def link(axis, u=u):
            forward = np.roll(u, -1, axis=axis)
            return np.linalg.det(np.swapaxes(u.conj(), -1, -2) @ forward)

        one, two = link(0), link(1)
        loop = one * np.roll(two, -1, axis=0) * np.roll(one, -1, axis=1).conj() * two.conj()
        flux = np.angle(loop)
        number = int(np.rint(-zone.handed * flux.sum() / (2 * np.pi)))
        if number == previous and np.abs(flux).max() < np.pi / 3:
            return number
        previous = number
    return None
