"""Files: each is written under another name first, datasets are sealed and checked."""

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

# Where it is used: it takes longer to import than a run takes to plan, which needs no dataset.
if TYPE_CHECKING:
    import xarray as xr


@contextmanager
def atomic_write(path: str | Path, size: int = 0) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name once it has been written.

    Parameters
    ----------
    size : bytes that will be written, where they are many: a full disk is then known for one

    Raises
    ------
    UserError
        If it cannot be written; nothing is left behind.
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
    """Write a netCDF4 file under its final name only once it is complete.

    What a run that was killed left of it under other names is removed.

    Raises
    ------
    UserError
        If the disk is full or the folder cannot be written to; nothing is left behind.
    """
    path = Path(path)
    # Uncompressed: zlib costs more than the diagonalisation that it stores.  With checksums, so
    # that a damaged file is an error and not another number.
    checked = {
        name: {"fletcher32": True}
        for name, variable in ds.variables.items()
        if variable.ndim and variable.size and variable.dtype.kind in "fi"
    }
    with atomic_write(path, ds.nbytes) as temporary:
        ds = ds.assign_attrs({seals.NUMBERS: seals.numbers(ds)})
        try:
            ds.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=checked)
        except RuntimeError as error:  # what HDF5 raises for any fault of the disk
            raise OSError(str(error)) from error
        with open(temporary, "r+b") as written:
            seal = seals.seal_of(written, os.path.getsize(temporary))
            written.write(seal)
            written.flush()
            os.fsync(written.fileno())
    with contextlib.suppress(OSError):
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink(missing_ok=True)


def _is_full(error: Exception, folder: Path, size: int) -> bool:
    """Whether no room is why a file of ``size`` could not be written: HDF5 tells of any errno."""
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
    """Read a whole stage file.

    Parameters
    ----------
    set_aside : rename a damaged file to ``.damaged``, so that the next run computes it anew

    Raises
    ------
    UserError
        If it is missing, or does not hold the numbers that were written; attributes that another
        program edited may differ.
    """
    import xarray as xr

    try:
        state = seals.state(path)
        if state not in (seals.WHOLE, seals.EDITED):
            raise damaged(path, set_aside, edited=state == seals.OTHER_NUMBERS)
        with xr.open_dataset(path, engine="netcdf4") as ds:
            loaded = ds.load()
        loaded.attrs.pop(seals.NUMBERS, None)
        return loaded
    except UserError:  # a ValueError itself
        raise
    except FileNotFoundError as error:
        raise UserError(str(path), "no such file", "a file an earlier stage wrote") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise damaged(path, set_aside) from error


def damaged(path: str | os.PathLike, set_aside: bool = True, edited: bool = False) -> UserError:
    """What to raise for a file that does not hold what it should; ``set_aside`` as in `read`.

    ``edited``: another program wrote it, and not only other attributes.
    """
    remedy = "delete it and run again"
    if set_aside:
        with contextlib.suppress(OSError):
            os.replace(path, f"{path}.damaged")
            remedy = "it has been set aside, run again to compute it anew"
    if edited:
        words = Verbatim("a file that another program wrote, with other numbers in it")
        allowed = (
            f"the numbers that were computed (labels and other attributes may be edited); {remedy}"
        )
        return UserError(str(path), words, allowed)
    return UserError(str(path), "a truncated or damaged file", f"a complete netCDF4 file; {remedy}")
