"""Products and solutions with banded matrices: rows of a ribbon are ordered across it."""

from __future__ import annotations

import numpy as np

# Matrices with fewer orbitals than this are multiplied at once, larger ones in blocks of ROWS rows.
BANDED = 32
ROWS = 14
# From this size on the band solver is faster than batched LU.
BANDED_SOLVE = 64

Blocks = list[tuple[slice, slice]]


def row_blocks(size: int, rows: np.ndarray, columns: np.ndarray) -> Blocks:
    """Blocks of rows of a matrix, each with the range of columns in which it is not zero.

    Parameters
    ----------
    size : of the matrix;  rows, columns : (element,) where elements may be other than zero
    """
    if size < BANDED:
        return [(slice(0, size), slice(0, size))]
    blocks = []
    for start in range(0, size, ROWS):
        inside = columns[(rows >= start) & (rows < start + ROWS)]
        block = slice(start, min(start + ROWS, size))
        if len(inside) == 0:
            blocks.append((block, slice(start, start + 1)))
        else:
            blocks.append((block, slice(int(inside.min()), int(inside.max()) + 1)))
    return blocks


def product(blocks: Blocks, matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """``matrix @ vectors``, (k, size, n): each block of rows with the columns near it only.

    Parameters
    ----------
    blocks : of :func:`row_blocks`;  matrix : (k, size, size);  vectors : (k, size, n)
    """
    if len(blocks) == 1:
        return matrix @ vectors
    result = np.empty(vectors.shape, dtype=np.result_type(matrix, vectors))
    for rows, columns in blocks:
        np.matmul(matrix[:, rows, columns], vectors[:, columns], out=result[:, rows])
    return result


def solve(width: int, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``matrix^-1 right``, (k, size, n), of matrices with ``width`` diagonals on either side.

    Parameters
    ----------
    matrix : (k, size, size);  right : (k, size, n) or (size, n)

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular.
    """
    size = matrix.shape[-1]
    if size < BANDED_SOLVE or 3 * width > size:
        return np.linalg.solve(matrix, right)
    # LAPACK's band solver: linear instead of cubic in the width; scipy is slow to import.
    from scipy.linalg import solve_banded

    places = np.arange(size)[:, None] + np.arange(-width, width + 1)
    rows = np.broadcast_to(np.arange(size)[:, None], places.shape)
    inside = (places >= 0) & (places < size)
    rows, columns = rows[inside], places[inside]
    band = np.zeros((len(matrix), 2 * width + 1, size), dtype=matrix.dtype)
    band[:, width + rows - columns, columns] = matrix[:, rows, columns]
    right = np.broadcast_to(right, (len(matrix), *right.shape[-2:]))
    pairs = zip(band, right, strict=True)
    return np.array([solve_banded((width, width), b, r, check_finite=False) for b, r in pairs])
