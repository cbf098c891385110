"""Work on batches of small matrices by a compiled module, where there is one.

NumPy takes several passes over complex arrays, each with a temporary, and holds the interpreter
lock between them.  The module ``_compiled`` is built where there is a C compiler when the package
is installed; without it everything works, more slowly (docs/performance.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import lapack

# Hash of `_compiled.c`.  As a part of the source it makes studies rerun when that file changes, and
# it tells a module that was compiled from another one.
SOURCE = "f50c48d21c21"

MODULE: Any
try:
    from . import _compiled as MODULE

    if MODULE.SOURCE != SOURCE:
        MODULE = None
except ImportError:  # no compiler when the package was installed
    MODULE = None


def expectations(reach: np.ndarray, kernel: np.ndarray, vectors: np.ndarray) -> np.ndarray | None:
    """Re <n|K|n>, (k, band), None where the compiled module is not there or does not take these.

    Parameters
    ----------
    reach : (orbital, 2), the first column and that after the last in which a row is not zero
    kernel : (k, orbital, orbital);  vectors : (k, orbital, band)
    """
    parts = _parts(kernel, vectors)
    if not parts:
        return None
    result = np.empty((len(vectors), vectors.shape[-1]))
    MODULE.expectations(parts, vectors.shape[-1], reach, kernel, vectors, result)
    return result


def row_elements(
    reach: np.ndarray, kernel: np.ndarray, vectors: np.ndarray, mixed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Re[u* K u] and, with ``mixed``, -Im[(K u)* m] - Im[u* K m], each (k, orbital, band).

    Parameters
    ----------
    reach : (orbital, 2), as in :func:`expectations`
    kernel : (k, orbital, orbital);  vectors : (k, orbital, band)
    mixed : (k, orbital, band), m above, or None

    Returns
    -------
    Both, the second None without ``mixed``; None where the compiled module is not there or does not
    take these
    """
    parts = _parts(kernel, vectors, *(() if mixed is None else (mixed,)))
    if not parts or (mixed is not None and parts != 2):
        return None
    density = np.empty(vectors.shape)
    other = np.empty(vectors.shape if mixed is not None else 0)
    MODULE.row_elements(
        parts,
        vectors.shape[-1],
        reach,
        kernel,
        vectors,
        other if mixed is None else mixed,
        density,
        other,
    )
    return density, None if mixed is None else other


def mixed_states(
    reach: np.ndarray, slope: np.ndarray, energy: np.ndarray, vectors: np.ndarray, closest: float
) -> np.ndarray | None:
    """sum_n' |n'> <n'|V|n> / (e_n - e_n')^2 without pairs closer than ``closest``.

    Parameters
    ----------
    reach : (orbital, 2), as in :func:`expectations`;  vectors : (k, orbital, band)
    slope : (k, orbital, orbital), V above, in t0 a
    energy : (k, band), in t0;  closest : more than 0, in t0

    Returns
    -------
    (k, orbital, band), in a / t0; None where the compiled module is not there or does not take
    these
    """
    if _parts(slope, vectors) != 2 or not energy.flags.c_contiguous:
        return None
    zgemm = lapack.address("zgemm")
    if zgemm is None:
        return None
    result = np.empty_like(vectors)
    MODULE.mixed_states(zgemm, energy.shape[-1], reach, slope, energy, vectors, closest, result)
    return result


def products(x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Matrix products x y (..., i, j, batch), None where the compiled module does not take these.

    Parameters
    ----------
    x, y : (..., i, j, batch), complex and square; one of them may be a single matrix
    """
    fit = MODULE is not None and x.shape[-1] % 2 == 0 and x.shape[-3] == x.shape[-2]
    shapes = {a.shape for a in (x, y) if a.ndim > 3} or {x.shape}
    same = x.shape[-3:] == y.shape[-3:] and x.dtype == y.dtype == complex and len(shapes) == 1
    if not fit or not same:
        return None
    result = np.empty(shapes.pop(), dtype=complex)
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    MODULE.products(x.shape[-2], x.shape[-1], x, y, result)
    return result


def reflect(array: np.ndarray, order: np.ndarray, sign: int, part: slice) -> None:
    """Set array[-1 - k, i] = sign array[k, order[i]] for the k of a part of the first half.

    Parameters
    ----------
    array : (k, n, n);  order : (n,), from 0 to n - 1
    part : a slice of k; its mirror image must lie outside
    """
    if _parts(array) == 1:
        order = order.astype(np.intc)
        MODULE.reflect(len(order), order, sign, array, part.start, part.stop)
    else:
        np.multiply(np.take(array[part], order, axis=1), sign, out=array[::-1][part])


def _parts(*arrays: np.ndarray) -> int:
    """Parts of a number, 1 or 2, of arrays that the compiled module takes; 0 of others.

    It takes square matrices (k, n, n) of one shape and type, float or complex, contiguous.
    """
    one = arrays[0]
    same = all(
        a.shape == one.shape and a.dtype == one.dtype and a.flags.c_contiguous for a in arrays
    )
    square = one.ndim == 3 and one.shape[1] == one.shape[2]
    if MODULE is None or not same or not square:
        return 0
    return {np.dtype(float): 1, np.dtype(complex): 2}.get(one.dtype, 0)
