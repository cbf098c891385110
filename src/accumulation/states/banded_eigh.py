"""Eigenpairs of real symmetric band matrices, by LAPACK's ``dsbevd``.

Reducing a band to tridiagonal form skips most of the work of a full matrix.  The compiled module
calls the routine or, without it, ctypes; both release the interpreter lock.
"""

from __future__ import annotations

import ctypes

import numpy as np

from . import compiled, lapack

# Where a band is faster than `numpy.linalg.eigh`: 0.8 of its time at 40 to 100 orbitals, as much as
# it at 800.
SIZES = range(24, 400)
# Orbitals per superdiagonal, at least; complex bands (zhbevd) gain nothing.
NARROW = 8
ARGUMENTS = lapack.SIGNATURES["dsbevd"][0]


def is_faster(size: int, bandwidth: int) -> bool:
    """Whether :func:`eigh` is there, and faster for real matrices of ``size`` orbitals."""
    return size in SIZES and NARROW * bandwidth <= size and lapack.address("dsbevd") is not None


def eigh(band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (k, band), ascending, and eigenvectors (k, orbital, band), as of NumPy's eigh.

    Parameters
    ----------
    band : (k, orbital, diagonal), contiguous: the elements H[j + i, j] of real symmetric matrices
        at [j, i], which LAPACK's routine overwrites

    Raises
    ------
    numpy.linalg.LinAlgError
        If LAPACK does not converge, as for a matrix that is not finite.
    RuntimeError
        If there is no such routine; ask :func:`is_faster` first.
    """
    address = lapack.address("dsbevd")
    if address is None:
        raise RuntimeError("SciPy exports no dsbevd")
    points, size, diagonals = band.shape
    energy, vectors = np.empty((points, size)), np.empty((points, size, size))
    if compiled.MODULE is not None:
        info = compiled.MODULE.band_eigenpairs(address, size, diagonals - 1, band, energy, vectors)
    else:
        info = _one_by_one(address, diagonals - 1, band, energy, vectors)
        vectors = np.swapaxes(vectors, -1, -2)
    if info or not np.isfinite(energy).all():
        raise np.linalg.LinAlgError("Eigenvalues did not converge")
    return energy, vectors


def _one_by_one(address, bandwidth, band, energy, vectors) -> int:
    """What ``band_eigenpairs`` of the compiled module does, by calls from here; LAPACK's info.

    ``vectors`` become (k, band, orbital).
    """
    size = energy.shape[-1]
    routine = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * ARGUMENTS)(address)
    work, integers = np.empty(1 + 5 * size + 2 * size**2), np.empty(3 + 5 * size, dtype=np.intc)
    numbers = map(ctypes.c_int, (size, bandwidth, bandwidth + 1, len(work), len(integers)))
    n, kd, leading, work_size, integers_size = map(ctypes.byref, numbers)
    job, part = ctypes.byref(ctypes.c_char(b"V")), ctypes.byref(ctypes.c_char(b"L"))
    info = ctypes.c_int(0)
    last = (work.ctypes.data, work_size, integers.ctypes.data, integers_size, ctypes.byref(info))
    for a, w, z in zip(*map(_places, (band, energy, vectors)), strict=True):
        routine(job, part, n, kd, a, leading, w, z, n, *last)
        if info.value:
            break
    return info.value


def _places(array: np.ndarray) -> range:
    """Addresses of the parts of a contiguous array, one for each k."""
    start, step = array.ctypes.data, array.strides[0]
    return range(start, start + len(array) * step, step)
