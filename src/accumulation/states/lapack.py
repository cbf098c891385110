"""Addresses of LAPACK's and BLAS's routines, which SciPy exports for other compilers.

SciPy's own wrappers hold the interpreter lock; calls from ctypes or a compiled module need not.
"""

from __future__ import annotations

import ctypes
from functools import cache

# Numbers of arguments, and of integers among them, which have 32 bits.
SIGNATURES = {"dsbevd": (14, 8), "zgemm": (13, 6)}


@cache
def address(name: str) -> int | None:
    """Address of a routine of ``SIGNATURES``, None if SciPy does not export it with that signature.

    See :mod:`scipy.linalg.cython_lapack` and :mod:`scipy.linalg.cython_blas`.
    """
    from scipy.linalg import cython_blas, cython_lapack

    exported = {**cython_blas.__pyx_capi__, **cython_lapack.__pyx_capi__}
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    if name not in exported:
        return None
    signature = name_of(exported[name])
    if (signature.count(b",") + 1, signature.count(b"int *")) != SIGNATURES[name]:
        return None
    return pointer_of(exported[name], signature)
