"""Eigenpairs of real symmetric band matrices, by LAPACK's ``dsbevd``.

Reducing a band to tridiagonal form skips most of the work of a full matrix.  SciPy's own wrapper
holds the interpreter lock, so the routine is called through the pointers that SciPy exports for
other compilers (:mod:`scipy.linalg.cython_lapack`); ctypes releases the lock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

# Where a band is faster than `numpy.linalg.eigh`: 0.8 of its time at 40 to 100 orbitals, as much as
# it at 800.
SIZES = range(24, 400)
# Orbitals per superdiagonal, at least; complex bands (zhbevd) gain nothing.
NARROW = 8
ARGUMENTS = 14


def is_faster(size: int, bandwidth: int) -> bool:
    """Whether :func:`eigh` is there, and faster for real matrices of ``size`` orbitals."""
    return size in SIZES and NARROW * bandwidth <= size and _routine() is not None


def eigh(matrix: np.ndarray, bandwidth: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (k, band), ascending, and eigenvectors (k, orbital, band), as of NumPy's eigh.

    Parameters
    ----------
    matrix : (k, orbital, orbital), real and symmetric
    bandwidth : largest distance of an element that is not zero from the diagonal

    Raises
    ------
    numpy.linalg.LinAlgError
        If LAPACK does not converge, as for a matrix that is not finite.
    RuntimeError
        If there is no such routine; ask :func:`is_faster` first.
    """
    routine = _routine()
    if routine is None:
        raise RuntimeError("SciPy exports no dsbevd")
    points, size, _ = matrix.shape
    # LAPACK's lower band: its columns one after the other, each from the diagonal downwards.
    band = np.zeros((points, size, bandwidth + 1))
    for below in range(bandwidth + 1):
        band[:, : size - below, below] = np.diagonal(matrix, -below, axis1=1, axis2=2)
    energy, vectors = np.empty((points, size)), np.empty((points, size, size))
    work, integers = np.empty(1 + 5 * size + 2 * size**2), np.empty(3 + 5 * size, dtype=np.intc)
    numbers = map(ctypes.c_int, (size, bandwidth, bandwidth + 1, len(work), len(integers)))
    n, kd, leading, work_size, integers_size = map(ctypes.byref, numbers)
    job, part = ctypes.byref(ctypes.c_char(b"V")), ctypes.byref(ctypes.c_char(b"L"))
    info = ctypes.c_int(0)
    last = (work.ctypes.data, work_size, integers.ctypes.data, integers_size, ctypes.byref(info))
    for a, w, z in zip(*map(_places, (band, energy, vectors)), strict=True):
        routine(job, part, n, kd, a, leading, w, z, n, *last)
        if info.value:
            raise np.linalg.LinAlgError("Eigenvalues did not converge")
    if not np.isfinite(energy).all():
        raise np.linalg.LinAlgError("Eigenvalues did not converge")
    return energy, np.swapaxes(vectors, -1, -2)


def _places(array: np.ndarray) -> range:
    """Addresses of the parts of a contiguous array, one for each k."""
    start, step = array.ctypes.data, array.strides[0]
    return range(start, start + len(array) * step, step)


@cache
def _routine() -> Callable | None:
    """The function ``dsbevd``, None if SciPy does not export it with 32-bit integers."""
    from scipy.linalg import cython_lapack

    capsule = cython_lapack.__pyx_capi__.get("dsbevd")
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    if capsule is None:
        return None
    signature = name_of(capsule)
    if signature.count(b",") != ARGUMENTS - 1 or signature.count(b"int *") != 8:
        return None
    prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * ARGUMENTS)
    return prototype(pointer_of(capsule, signature))
