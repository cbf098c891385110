"""The two edges of a ribbon: weights of their rows, gap, and edge states that cross a level."""

from __future__ import annotations

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states.band_extrema import band_extremum
from ..states.eigenpairs import DEGENERACY, solve
from ..states.fermi_points import FermiPoints

EDGES = ("left", "right")
# Regions over which a grid point sums every density: the two edges and all rows.
REGIONS = (*EDGES, "all")


def regions(y: np.ndarray, depth: float | None = None) -> np.ndarray:
    """Weights (region, row) of the left edge, the right edge and all rows.

    Parameters
    ----------
    y : (row,) positions across, in a, zero in the middle
    depth : depth of an edge from the outermost row, in a.  With None each edge extends to the
        middle, and rows in the middle count half for each edge, so the edges add up to all rows.
    """
    if depth is None:
        right = np.where(np.abs(y) < 1e-9, 0.5, (y > 0).astype(float))
        left = 1.0 - right
    else:
        left = (y <= y.min() + depth + 1e-9).astype(float)
        right = (y >= y.max() - depth - 1e-9).astype(float)
    return np.stack((left, right, np.ones(len(y))))


def ribbon_gap(bloch: BlochMatrix, k, energy, velocity, filled: int) -> float:
    """Indirect gap of a ribbon above its ``filled`` lowest bands, in t0; 0 without a gap.

    The extrema between the points of the mesh are found on the exact bands.

    Parameters
    ----------
    k : (k,) uniform mesh, in 1/a;  energy, velocity : (k, band), in t0 and t0 a
    """
    top = band_extremum(bloch, k, energy, velocity, filled - 1, 1.0)
    bottom = band_extremum(bloch, k, energy, velocity, filled, -1.0)
    gap = bottom - top
    return float(gap) if gap > 1e-9 else 0.0


def edge_crossings(bloch: BlochMatrix, points: FermiPoints, levels: int) -> np.ndarray:
    """Number of Fermi points at each edge and level, (edge, level) int.

    A state belongs to an edge if its mean position is in the outer quarter of the ribbon on that
    side.  Degenerate states are rotated to diagonalise y, because inversion times time reversal
    pairs the two edges and a diagonalisation returns an arbitrary mixture.
    """
    mean = np.abs(points.state) ** 2 @ bloch.y
    missing = np.nonzero(np.isnan(points.state[:, 0]))[0]
    if len(missing):
        pairs = solve(bloch, points.k[missing])
        for i, energy, vectors in zip(missing, pairs.energy, pairs.eigenvector, strict=True):
            band = points.band[i]
            group = np.flatnonzero(np.abs(energy - energy[band]) < DEGENERACY)
            states = vectors[:, group]
            across = np.linalg.eigvalsh(states.conj().T @ (bloch.y[:, None] * states))
            mean[i] = across[np.searchsorted(group, band)]
    return counted_at_edges(mean, points.level, bloch.y, levels)


def counted_at_edges(mean: np.ndarray, level: np.ndarray, y: np.ndarray, levels: int) -> np.ndarray:
    """Number of states at each edge and level, (edge, level) int.

    Parameters
    ----------
    mean : (state,) mean position of each across, in a;  level : (state,) int, its level
    y : (row,) positions across, in a, zero in the middle;  levels : number of levels
    """
    counts = np.zeros((2, levels), dtype=int)
    limit = 0.5 * np.abs(y).max(initial=0.0)
    for edge, inside in enumerate((mean < -limit, mean > limit)):
        np.add.at(counts[edge], level[inside], 1)
    return counts
