"""Number of levels below an energy from the inertia of E - H, without diagonalising.

Block elimination of a Hermitian, block tridiagonal matrix is a congruence, so by Sylvester's law
the pivots have as many positive eigenvalues as E - H: the number of levels below E.
"""

from __future__ import annotations

import numpy as np

from .selected_inversion import layout_for

# Energies are moved by this fraction of the spectrum's bound: pivots are singular where a part of
# the system has a level, which symmetry often puts exactly on the energies that one asks for.
ASIDE = 3.7e-9
# A pivot smaller than this fraction of the bound spoils the count, which is then repeated.
SINGULAR, TRIES = 1e-13, 4
# Pivots are at least this large, in t0.
TINY = 1e-30
# Energies beyond so many times the bound are taken as this.
BEYOND = 1.5
# The search for the levels next to an energy goes on down to this fraction of the bound.
NEAREST = 1e-9
# First by distances that fall by this factor.
COARSE = 16.0
# And first by so many of them.
USUAL = 3


def levels_below(blocks: tuple[np.ndarray, ...], energy: np.ndarray, scale: float) -> np.ndarray:
    """Number of levels below each energy, (k, energy) int.

    Levels within about 1e-8 ``scale`` of an energy may be counted on either side.

    Parameters
    ----------
    blocks : of H on the diagonal (block, i, j, k) and above it (block - 1, i, j, k), in t0
    energy : (k, energy), in t0;  scale : bound of all levels, in t0
    """
    # No level is beyond the bound, but orbitals that fill up blocks are.
    energy = np.clip(energy, -BEYOND * scale, BEYOND * scale)
    count = np.zeros(energy.shape, dtype=int)
    todo = np.arange(energy.size)
    which_k = np.repeat(np.arange(len(energy)), energy.shape[1])
    for attempt in range(TRIES):
        moved = energy.ravel()[todo] + ASIDE * scale * (1 + 1.7 * attempt)
        number, smallest = _inertia(blocks, which_k[todo], moved)
        count.ravel()[todo] = number
        todo = todo[smallest < SINGULAR * scale]
        if not len(todo):
            break
    return count


def _inertia(blocks, which_k: np.ndarray, energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positive eigenvalues of all pivots of E - H, and the smallest magnitude, (energy,) each."""
    diagonal, above = blocks[0], blocks[1]
    size = diagonal.shape[1]
    layout = layout_for(size)
    identity = np.eye(size)[:, :, None]
    number = np.zeros(len(energy), dtype=int)
    smallest = np.full(len(energy), np.inf)
    inverse = None
    # Where a pivot is singular what follows means nothing, and the count is repeated.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for n in range(len(diagonal)):
            pivot = layout.stored(energy * identity - diagonal[n][..., which_k])
            if inverse is not None:
                up = above[n - 1][..., which_k]
                down = layout.stored(np.swapaxes(up, 0, 1).conj())
                pivot -= layout.product(layout.product(down, inverse), layout.stored(up))
            levels, inverse = _decomposed(_hermitian(layout.plain(pivot)))
            number += (levels > 0).sum(axis=0)
            np.minimum(smallest, np.abs(levels).min(axis=0), out=smallest)
            inverse = layout.stored(inverse)
    return number, np.where(np.isnan(smallest), 0.0, smallest)


def _hermitian(matrix: np.ndarray) -> np.ndarray:
    """Hermitian part of matrices (i, j, batch).

    Pivots are Hermitian but for rounding, which otherwise grows from block to block next to the
    level of an edge state, as the inverse of a distance to it, until the pivots mean nothing.
    """
    return 0.5 * (matrix + np.swapaxes(matrix, 0, 1).conj())


def _decomposed(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (i, batch) and inverses (i, j, batch) of Hermitian matrices (i, j, batch)."""
    if len(matrix) == 1:
        return matrix[0].real, 1 / matrix
    if len(matrix) == 2:
        return _decomposed_pairs(matrix)
    levels, vectors = np.linalg.eigh(np.moveaxis(matrix, -1, 0))
    # LAPACK takes no infinite numbers.
    scaled = vectors / np.where(np.abs(levels) < TINY, TINY, levels)[:, None, :]
    inverse = scaled @ np.swapaxes(vectors, -1, -2).conj()
    return levels.T, np.moveaxis(inverse, 0, -1)


def _decomposed_pairs(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`_decomposed`, of matrices of two rows."""
    (first, beside), (below, second) = matrix
    half, mean = 0.5 * (first.real - second.real), 0.5 * (first.real + second.real)
    root = np.sqrt(half**2 + np.abs(beside) ** 2)
    # The smaller one from the determinant, which does not cancel.
    large = mean + np.where(mean < 0, -root, root)
    determinant = first.real * second.real - np.abs(beside) ** 2
    levels = np.stack((large, determinant / np.where(large == 0, 1.0, large)))
    return levels, np.array([[second, -beside], [-below, first]]) / determinant


def gap_around(
    blocks: tuple[np.ndarray, ...], level: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of levels below an energy, and distances below and above it that hold no level.

    Parameters
    ----------
    blocks : as of :func:`levels_below`;  level : (k,), within 1.5 ``scale``, in t0
    scale : bound of all levels, in t0

    Returns
    -------
    number (k,) int, distance below (k,) and above (k,), in t0, at least half of those to the next
    level, and at most 2 ``scale`` + \\|level\\|
    """
    farthest = 2 * scale * np.ones(len(level))
    steps = np.arange(int(np.ceil(np.log(1 / NEAREST) / np.log(COARSE))) + 1)
    distance = farthest[:, None] / COARSE**steps
    number = np.zeros(len(level), dtype=int)
    empty = np.zeros((2, len(level), len(steps)), dtype=bool)
    todo = np.arange(len(level))
    # Few gaps are so small that the further distances are needed.
    for part in (slice(0, USUAL), slice(USUAL, None)):
        if not len(todo):
            break
        tried = distance[todo, part]
        shifts = np.concatenate((-tried, tried, np.zeros((len(todo), 1))), axis=1)
        some = tuple(block[..., todo] for block in blocks)
        counts = levels_below(some, level[todo, None] + shifts, scale)
        number[todo] = counts[:, -1]
        for side, held in enumerate(np.split(counts[:, :-1], 2, axis=1)):
            empty[side, todo, part] = held == counts[:, -1:]
        todo = np.flatnonzero(~empty.any(axis=2).all(axis=0))
    # Distances fall; the first that holds no level, unless all do.
    below, above = (
        distance[
            np.arange(len(level)), np.where(e.any(axis=1), np.argmax(e, axis=1), len(steps) - 1)
        ]
        for e in empty
    )
    for factor in (4.0, 2.0):  # of the distance found, to within the last
        trial = np.stack((level - factor * below, level + factor * above), axis=1)
        empty = levels_below(blocks, trial, scale) == number[:, None]
        below, above = (
            np.where(e, factor * d, d) for e, d in zip(empty.T, (below, above), strict=True)
        )
    return number, np.minimum(below, farthest), np.minimum(above, farthest)
