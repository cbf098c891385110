"""Reading and writing of files: writes are atomic, and datasets are sealed and verified."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, Verbatim, not_written
from . import seals

# Imported where it is used: that takes longer than planning a run, which needs no dataset.
if TYPE_CHECKING:
    import xarray as xr


@contextmanager
def atomic_write(path: str | Path, size: int = 0) -> Iterator[Path]:
    """Context manager of a temporary file beside ``path`` that is renamed to it on success.

    Parameters
    ----------
    size : number of bytes to be written, by which a full disk is recognised as such

    Raises
    ------
    UserError
        If it cannot be written; the temporary file is removed.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise not_written(path, error, _is_full(error, path.parent, size)) from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def write(ds: xr.Dataset, path: str | os.PathLike) -> None:
    """Write a dataset as a sealed netCDF4 file, atomically.

    Temporary files of a killed run are removed.

    Raises
    ------
    UserError
        If the disk is full or the folder cannot be written to.
    """
    path = Path(path)
    # Uncompressed, as zlib takes longer than the diagonalisation.  With checksums, so that reading
    # a damaged file raises an error.
    checked = {
        name: {"fletcher32": True}
        for name, variable in ds.variables.items()
        if variable.ndim and variable.size and variable.dtype.kind in "fi"
    }
    with atomic_write(path, ds.nbytes) as temporary:
        ds = ds.assign_attrs({seals.NUMBERS: seals.numbers(ds)})
        try:
            ds.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=checked)
        except RuntimeError as error:  # HDF5 raises it for any error of the disk
            raise OSError(str(error)) from error
        with open(temporary, "r+b") as file:
            seal = seals.seal_of(file, os.path.getsize(temporary))
            file.write(seal)
            file.flush()
            os.fsync(file.fileno())
    with contextlib.suppress(OSError):
        for leftover in path.parent.glob(f".{path.name}.*"):
            leftover.unlink(missing_ok=True)


def _is_full(error: Exception, folder: Path, size: int) -> bool:
    """Whether a full disk is why a file of ``size`` bytes was not written: HDF5 gives no errno."""
    if "HDF error" in str(error):
        return True
    try:
        return shutil.disk_usage(folder).free < 2 * size + 100_000
    except OSError:
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read(path: str | os.PathLike, set_aside: bool = False) -> xr.Dataset:
    """Read the dataset of a stage into memory, after verifying its seal.

    Parameters
    ----------
    set_aside : rename a damaged file to ``.damaged``, so that the next run computes it again

    Raises
    ------
    UserError
        If it is missing, or its numbers are not those that were written.  Attributes may have been
        edited by another program.
    """
    import xarray as xr

    try:
        state = seals.state(path)
        if state not in (seals.INTACT, seals.EDITED):
            raise damaged(path, set_aside, edited=state == seals.OTHER_NUMBERS)
        with xr.open_dataset(path, engine="netcdf4") as ds:
            loaded = ds.load()
        loaded.attrs.pop(seals.NUMBERS, None)
        return loaded
    except UserError:  # which is a ValueError
        raise
    except FileNotFoundError as error:
        raise UserError(str(path), "no such file", "a file an earlier stage wrote") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise damaged(path, set_aside) from error


def damaged(path: str | os.PathLike, set_aside: bool = True, edited: bool = False) -> UserError:
    """The error for a file with wrong contents; ``set_aside`` as in :func:`read`.

    ``edited``: another program changed the numbers of the file.
    """
    remedy = "delete it and run again"
    if set_aside:
        with contextlib.suppress(OSError):
            os.replace(path, f"{path}.damaged")
            remedy = "it has been set aside, run again to compute it anew"
    if edited:
        value = Verbatim("a file that another program wrote, with other numbers in it")
        allowed = (
            f"the numbers that were computed (labels and other attributes may be edited); {remedy}"
        )
        return UserError(str(path), value, allowed)
    return UserError(str(path), "a truncated or damaged file", f"a complete netCDF4 file; {remedy}")
