"""Eigenpairs that several responses of one system ask for at the same k, diagonalised once."""

from __future__ import annotations

import numpy as np

from ..lattice.bloch import BlochMatrix
from .eigenpairs import Eigenpairs, solve

# Largest size of what is kept, in bytes; other eigenpairs are diagonalised at every call.
MOST = 64 * 2**20


class RememberedPairs:
    """Function k (k,), in 1/a -> Eigenpairs of a system, which keeps the first ones.

    The definitions of a density are refined in much the same intervals of k, at the same nodes.
    """

    def __init__(self, bloch: BlochMatrix):
        self._bloch = bloch
        self._kept: dict[float, tuple[np.ndarray, ...]] = {}

    def __call__(self, k: np.ndarray) -> Eigenpairs:
        """Eigenpairs at k (k,), in 1/a."""
        points = k.tolist()
        # Looked up once: other threads add to it.
        known = [self._kept.get(point) for point in points]
        missing = np.array([one is None for one in known], dtype=bool)
        if missing.all():
            pairs = solve(self._bloch, k)
            self._keep(points, pairs)
            return pairs
        if missing.any():
            new = solve(self._bloch, k[missing])
            self._keep(new.k.tolist(), new)
            fresh = _columns(new)
            known = [next(fresh) if one is None else one for one in known]
        return Eigenpairs(k, *map(np.stack, zip(*known, strict=True)))

    def _keep(self, points: list[float], pairs: Eigenpairs) -> None:
        """Keep as many of the pairs as there is room for."""
        each = (pairs.eigenvector.nbytes + pairs.slope.nbytes) // len(points)
        room = MOST // each - len(self._kept)
        for point, one in zip(points[: max(room, 0)], _columns(pairs), strict=False):
            self._kept[point] = one


def _columns(pairs: Eigenpairs):
    """Energies, velocities, eigenvectors and slope at one k after the other."""
    return zip(pairs.energy, pairs.velocity, pairs.eigenvector, pairs.slope, strict=True)
