"""Seals of files: that a file holds the bytes that were written, or at least the same numbers.

The seal proper is a hash of all bytes, behind the last of them, where readers do not look.  It is
compared before a library reads the file, which a damaged one can send into an endless loop.

A program that edits attributes (ncatted, xarray, netCDF4) writes the file anew and drops the seal.
Such a file is told by what it ends with: its own length says that it is complete.  Another process,
which may be killed, then compares a second hash, an attribute that stands for the numbers.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..locations import import_path

if TYPE_CHECKING:
    import xarray as xr

SEAL = b"\naccumulation blake2b "
SEAL_BYTES = len(SEAL) + 32
# Attribute of a file with the hash of its numbers.
NUMBERS = "numbers_blake2b"
# Attributes that are computed with: edited, they are other numbers.
COMPUTED_WITH = ("kind", "period", "density", "fingerprint", "parameters", "bound", "must_be")
HDF5, CLASSIC = b"\x89HDF\r\n\x1a\n", b"CDF"
# Time to read a file in: a minute, and a second for every 10 MB.
PATIENCE, SPEED = 60.0, 1e7
WHOLE, EDITED, OTHER_NUMBERS, DAMAGED = "whole", "edited", "other numbers", "damaged"


def seal_of(file: BinaryIO, size: int) -> bytes:
    """The seal of the next ``size`` bytes of a file."""
    digest = hashlib.blake2b(digest_size=16)
    while size > 0:
        block = file.read(min(size, 1 << 20))
        if not block:
            break
        digest.update(block)
        size -= len(block)
    return SEAL + digest.hexdigest().encode()


def state(path: str | os.PathLike) -> str:
    """``whole``, ``edited`` (the numbers are those that were written), ``other numbers`` or
    ``damaged``.
    """
    with open(path, "rb") as file:
        size = os.path.getsize(path)
        sealed = size - SEAL_BYTES
        if sealed > 0 and seal_of(file, sealed) == file.read():
            return WHOLE
        file.seek(0)
        if not _is_complete(file.read(64), size):
            return DAMAGED
    return _compared_elsewhere(path, size)


def _is_complete(head: bytes, size: int) -> bool:
    """Whether a file of these first bytes was written to its end by a netCDF library.

    HDF5 says itself how long it is; with a seal behind it, right or wrong, a file is longer.
    """
    if head.startswith(CLASSIC):
        return True
    if not head.startswith(HDF5) or len(head) < 48:
        return False
    # Version 0 and 1 of the superblock, or 2 and 3: where the size of an address and the end stand.
    width, end = {0: (13, 40), 1: (13, 44), 2: (9, 28), 3: (9, 28)}.get(head[8], (0, 0))
    return end > 0 and head[width] == 8 and struct.unpack_from("<Q", head, end)[0] == size


def _compared_elsewhere(path: str | os.PathLike, size: int) -> str:
    command = [sys.executable, "-c", f"from {__name__} import _compare; _compare()", str(path)]
    environment = os.environ | import_path()
    patience = PATIENCE + size / SPEED
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return DAMAGED
    words = done.stdout.strip()
    return words if done.returncode == 0 and words in (EDITED, OTHER_NUMBERS) else DAMAGED


def _compare() -> None:
    """Print whether the numbers of the file on the command line are those it was written with."""
    import xarray as xr

    with xr.open_dataset(sys.argv[1], engine="netcdf4") as ds:
        same = numbers(ds.load()) == ds.attrs.get(NUMBERS)
    print(EDITED if same else OTHER_NUMBERS)


def numbers(ds: xr.Dataset) -> str:
    """Hash of all that is computed with: values, names and dimensions, and a few attributes.

    The same for equal values whatever their type in the file, compressed or not, in any order.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(map(str, ds.variables)):
        variable = ds.variables[name]
        digest.update(repr((name, variable.dims, variable.shape)).encode())
        digest.update(_attributes(variable.attrs))
        _add(digest, np.asarray(variable.values))
    digest.update(_attributes(ds.attrs))
    return digest.hexdigest()


def _attributes(attrs: dict) -> bytes:
    plain = {}
    for name in COMPUTED_WITH:
        if name in attrs:
            value = attrs[name]
            plain[name] = value if isinstance(value, str) else repr(np.asarray(value).tolist())
    return json.dumps(plain, sort_keys=True).encode()


def _add(digest, values: np.ndarray) -> None:
    if values.dtype.kind == "f":
        flat = np.ascontiguousarray(values, dtype="<f8")
        if np.isnan(flat).any():  # of which there are many
            flat = np.where(np.isnan(flat), np.nan, flat)
        digest.update(flat.tobytes() if flat.ndim == 0 else memoryview(flat).cast("B"))
    elif values.dtype.kind in "iub":
        digest.update(np.ascontiguousarray(values, dtype="<i8").tobytes())
    else:
        texts = [str(value) for value in values.reshape(-1)]
        digest.update(json.dumps(texts).encode())
