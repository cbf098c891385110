"""Seals of files, which verify that a file has the bytes, or at least the numbers, written to it.

The seal is a hash of all bytes, appended after the last byte, where readers do not look.  It is
verified before a library reads the file, as a damaged file can make a library loop forever.

A program that edits attributes (ncatted, xarray, netCDF4) rewrites the file without the seal.  The
length stored in the file then shows whether it is complete.  If it is, a second hash, an attribute
over the numbers only, is verified in another process, which can be killed if it does not end.
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
# Attributes that enter computations; they are part of the hash of the numbers.
COMPUTED_WITH = ("kind", "period", "density", "fingerprint", "parameters", "bound", "must_be")
HDF5, CLASSIC = b"\x89HDF\r\n\x1a\n", b"CDF"
# Time limit for reading a file: a minute (PATIENCE) plus a second for every 10 MB (SPEED).
PATIENCE, SPEED = 60.0, 1e7
INTACT, EDITED, OTHER_NUMBERS, DAMAGED = "intact", "edited", "other numbers", "damaged"


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
    """State of a file: INTACT, EDITED (attributes only), OTHER_NUMBERS or DAMAGED."""
    with open(path, "rb") as file:
        size = os.path.getsize(path)
        sealed = size - SEAL_BYTES
        if sealed > 0 and seal_of(file, sealed) == file.read():
            return INTACT
        file.seek(0)
        if not _is_complete(file.read(64), size):
            return DAMAGED
    return _compared_elsewhere(path, size)


def _is_complete(head: bytes, size: int) -> bool:
    """Whether a netCDF library wrote the file to its end, given its first bytes and its length.

    An HDF5 file stores its length; with a seal, valid or not, the file is longer than that.
    """
    if head.startswith(CLASSIC):
        return True
    if not head.startswith(HDF5) or len(head) < 48:
        return False
    # Offsets of the size of an address and of the end of file, by version of the superblock.
    width, end = {0: (13, 40), 1: (13, 44), 2: (9, 28), 3: (9, 28)}.get(head[8], (0, 0))
    return end > 0 and head[width] == 8 and struct.unpack_from("<Q", head, end)[0] == size


def _compared_elsewhere(path: str | os.PathLike, size: int) -> str:
    command = [sys.executable, "-c", f"from {__name__} import _compare; _compare()", str(path)]
    environment = os.environ | import_path()
    patience = PATIENCE + size / SPEED
    try:
        process = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return DAMAGED
    verdict = process.stdout.strip()
    return verdict if process.returncode == 0 and verdict in (EDITED, OTHER_NUMBERS) else DAMAGED


def _compare() -> None:
    """Print EDITED or OTHER_NUMBERS for the file on the command line."""
    import xarray as xr

    with xr.open_dataset(sys.argv[1], engine="netcdf4") as ds:
        same = numbers(ds.load()) == ds.attrs.get(NUMBERS)
    print(EDITED if same else OTHER_NUMBERS)


def numbers(ds: xr.Dataset) -> str:
    """Hash of everything that enters computations: values, names, dimensions, some attributes.

    It depends neither on the types in the file nor on compression or the order of variables.
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
        if np.isnan(flat).any():  # NaN has many bit patterns
            flat = np.where(np.isnan(flat), np.nan, flat)
        digest.update(flat.tobytes() if flat.ndim == 0 else memoryview(flat).cast("B"))
    elif values.dtype.kind in "iub":
        digest.update(np.ascontiguousarray(values, dtype="<i8").tobytes())
    else:
        texts = [str(value) for value in values.reshape(-1)]
        digest.update(json.dumps(texts).encode())
