"""Labels and files: the table of every variable, one function that attaches it, atomic netCDF.

Natural units: hbar = e = a = t0 = E = 1, spelled out in every variable's ``units``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import sealing
from .errors import Said, UserError, not_written
from .version import __version__

# Where it is used: it takes longer to import than a run takes to plan, which needs no dataset.
if TYPE_CHECKING:
    import xarray as xr

_GRID = ("process", "fermi_energy", "temperature")
_ACCUMULATED = "{units} x (e E tau | e E) / a"
# name: (dims, units, long_name, equation).  "{...}" is filled in from the density's declaration.
VARIABLES = {
    "hop_to": (("hop",), "1", "orbital hopped to, in cell 0 (row of H)", "S41"),
    "hop_from": (("hop",), "1", "orbital hopped from (column of H)", "S41"),
    "hop_cell": (("hop",), "1", "translational cell of the orbital hopped from", "S41"),
    "hop_amplitude_re": (("hop",), "t0", "hopping amplitude, real part", "S41"),
    "hop_amplitude_im": (("hop",), "t0", "hopping amplitude, imaginary part", "S41"),
    "crystal_vectors": (("vector", "component"), "a", "lattice vectors of the crystal", "S41"),
    "crystal_to": (("crystal_hop",), "1", "orbital of the crystal hopped to (row of H)", "S41"),
    "crystal_from": (("crystal_hop",), "1", "orbital of the crystal hopped from", "S41"),
    "crystal_cell": (("crystal_hop", "vector"), "1", "lattice cell of orbital hopped from", "S41"),
    "crystal_amplitude_re": (("crystal_hop",), "t0", "hopping amplitude, real part", "S41"),
    "crystal_amplitude_im": (("crystal_hop",), "t0", "hopping amplitude, imaginary part", "S41"),
    "k": (("k",), "1 / a", "wave vector along the ribbon", "S48"),
    "weight": (("k",), "1 / a", "quadrature weight dk / 2 pi", "55"),
    "energy": (("k", "band"), "t0", "band energy", "54, S43"),
    "velocity": (("k", "band"), "t0 a / hbar", "band velocity", "4"),
    "eigenvector_re": (("k", "orbital", "band"), "1", "eigenvector, real part", "S48"),
    "eigenvector_im": (("k", "orbital", "band"), "1", "eigenvector, imaginary part", "S48"),
    "center_y": (("k", "band"), "a", "mean position of the state across the ribbon", "57"),
    "moment": (("k", "band"), "{units}", "{long_name} of the state", "{equation}"),
    "density": (("k", "band", "row"), "{units}", "density of {long_name} by row", "56, S51"),
    "polarizability": (
        ("k", "band", "row"),
        "{units} / (e E)",
        "interband polarizability of the density of {long_name}",
        "58",
    ),
    "accumulation": (
        ("process", "fermi_energy", "temperature", "row"),
        "{units} x (e E tau | e E) / a",
        "accumulated density of {long_name} per length",
        "55, 58",
    ),
    "net": (
        ("process", "fermi_energy", "temperature"),
        "{units} x (e E tau | e E) / a",
        "net accumulation of {long_name} per length",
        "55, 58",
    ),
    "error": (_GRID, _ACCUMULATED, "bound of the error of any row", "55, 58"),
    "even": (
        ("process", "fermi_energy", "temperature", "row"),
        "{units} x (e E tau | e E) / a",
        "part of the accumulation even in y, by rows that mirror_row pairs; where it is -1, of the "
        "sums over rows at one y, shared equally by these",
        "Fig. 2(d)",
    ),
    "odd": (
        ("process", "fermi_energy", "temperature", "row"),
        "{units} x (e E tau | e E) / a",
        "part of the accumulation odd in y, by rows that mirror_row pairs; where it is -1, of the "
        "sums over rows at one y, shared equally by these",
        "Fig. 2(d)",
    ),
    "mirror_row": (
        ("row",),
        "1",
        "row at -y that even and odd pair this row with: of the same orbital and cell, else the "
        "only one there; -1: sums over all rows at y and -y without such a partner",
        "Fig. 2(d)",
    ),
    "fermi_energy": (("fermi_energy",), "t0", "Fermi energy", "18"),
    "temperature": (("temperature",), "t0 / k_B", "temperature", "18"),
    "left_edge": (
        _GRID,
        _ACCUMULATED,
        "accumulated {long_name} at the left edge, per length",
        "55, 58",
    ),
    "right_edge": (
        _GRID,
        _ACCUMULATED,
        "accumulated {long_name} at the right edge, per length",
        "55, 58",
    ),
    "edge_even": (_GRID, _ACCUMULATED, "half the sum of both edges", "Fig. 2(d)"),
    "edge_odd": (_GRID, _ACCUMULATED, "half of right minus left edge", "Fig. 2(d)"),
    "fermi_level": (("fermi_energy",), "t0", "Fermi energy of the point", "18"),
    "edge_crossings": (
        ("edge", "fermi_energy"),
        "1",
        "Fermi points of states at the edge; -1 where the Fermi energy is undefined",
        "55",
    ),
    "direct_gap": ((), "t0", "smallest direct gap of the bulk", "54"),
    "indirect_gap": ((), "t0", "indirect gap of the bulk, negative where bands overlap", "54"),
    "direct_gap_error": ((), "t0", "upper bound of how far the direct gap may be smaller", "54"),
    "indirect_gap_error": (
        (),
        "t0",
        "upper bound of how far the indirect gap may be smaller",
        "54",
    ),
    "filling": ((), "1", "number of filled bands of the bulk, 0 where there is one band", "54"),
    "midgap": ((), "t0", "middle of the bulk's indirect gap", "54"),
    "chern": ((), "1", "Chern number of the filled bands", "Fukui, Hatsugai, Suzuki (2005)"),
    "ribbon_gap": ((), "t0", "indirect gap of the ribbon at the filling of the bulk", "54"),
    "status": ((), "1", "what is undefined at this point", "54"),
    "process": (
        ("process",),
        "1",
        "intraband: per e E tau, dissipative; interband: per e E, intrinsic",
        "55",
    ),
    "x": (("row",), "a", "position of the row's site along the ribbon", "S49"),
    "y": (("row",), "a", "position of the row across the ribbon, from its centre", "S49"),
    "z": (("row",), "a", "height of the row's site", "S49"),
    "sublattice": (("row",), "1", "sublattice of the row", "S41"),
    "cell": (("row",), "1", "translational cell along x", "S48"),
    "spin": (("row",), "hbar / 2", "sign of s_z, 0 where spin is not resolved", "2"),
    "edge": (("edge",), "1", "edge of the ribbon: left is y < 0", "S49"),
    "definition": (("definition",), "1", "definition of the density operator", "52, 57"),
    "gauge": (("gauge",), "1", "phase convention of the position along x", "S48"),
}

# Variables that mean something else in one stage.
OF_STAGE = {
    "response": {"status": (_GRID, "1", "what a value is not: see flag_meanings", "55, 58")},
}

COORDINATES = {
    *("k", "fermi_energy", "temperature", "process", "definition", "gauge", "edge"),
    *("x", "y", "z", "sublattice", "cell", "spin"),
}

STAGES = {
    "model": ("Sites and hoppings", "S41"),
    "bands": ("Energy bands", "S42, S43"),
    "elements": ("Matrix elements of the density", "56, 57, S47, S51"),
    "response": ("Density accumulation in an electric field", "55, 58"),
    "theory": ("One piece of the theory", ""),
    "phase_diagram": ("Density accumulation over a grid of parameters", "54, 55, 58"),
}


def label(
    values: dict[str, np.ndarray],
    stage: str,
    attrs: dict,
    declaration: dict | None = None,
    leading: dict[str, tuple[str, ...]] | None = None,
    table: dict[str, tuple] = VARIABLES,
) -> xr.Dataset:
    """Dataset of plain arrays with dims, units, long_name and equation from ``table``.

    ``leading`` names the extra leading dims of a variable; ``declaration`` (long_name, units,
    equation of the density) fills the templates.
    """
    import xarray as xr

    coords, variables = {}, {}
    for name, value in values.items():
        dims, units, long_name, equation = OF_STAGE.get(stage, {}).get(name) or table[name]
        value = np.asarray(value)
        if value.ndim == 0:
            dims = ()
        if stage in ("model", "bands"):
            dims = tuple("orbital" if dim == "row" else dim for dim in dims)
        texts = {"long_name": long_name, "units": units, "equation": equation}
        if declaration:
            texts = {key: text.format(**declaration) for key, text in texts.items()}
        where = coords if name in COORDINATES or dims == (name,) else variables
        where[name] = xr.Variable((*(leading or {}).get(name, ()), *dims), value, texts)
    title, equation = STAGES[stage]
    attrs = {"title": title, "equation": equation, "software_version": __version__, **attrs}
    return xr.Dataset(variables, coords, attrs)


def identity(study: str, system: str, parameters: dict) -> dict:
    """The global attributes that say what a dataset was computed from."""
    text = json.dumps(parameters, sort_keys=True)
    return {
        "study": study,
        "system": system,
        "parameters": text,
        "parameter_hash": hashlib.sha256(text.encode()).hexdigest()[:12],
    }


def write(ds: xr.Dataset, path: str | os.PathLike) -> None:
    """Write a netCDF4 file under its final name only once it is whole.

    What a run that was killed left of it under other names is removed.

    Raises
    ------
    UserError
        If the disk is full or the folder cannot be written to; nothing is left behind.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        # Uncompressed: zlib costs more than the diagonalisation that it stores.  With checksums, so
        # that a damaged file is an error and not another number.
        checked = {
            name: {"fletcher32": True}
            for name, variable in ds.variables.items()
            if variable.ndim and variable.size and variable.dtype.kind in "fi"
        }
        ds = ds.assign_attrs({sealing.NUMBERS: sealing.numbers(ds)})
        ds.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=checked)
        with open(temporary, "r+b") as written:
            seal = sealing.seal_of(written, os.path.getsize(temporary))
            written.write(seal)
            written.flush()
            os.fsync(written.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        raise not_written(path, error, _is_full(error, path.parent, ds.nbytes)) from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


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
        state = sealing.state(path)
        if state not in (sealing.WHOLE, sealing.EDITED):
            raise damaged(path, set_aside, edited=state == sealing.OTHER_NUMBERS)
        with xr.open_dataset(path, engine="netcdf4") as ds:
            loaded = ds.load()
        loaded.attrs.pop(sealing.NUMBERS, None)
        return loaded
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
        words = Said("a file that another program wrote, with other numbers in it")
        allowed = (
            f"the numbers that were computed (labels and other attributes may be edited); {remedy}"
        )
        return UserError(str(path), words, allowed)
    return UserError(str(path), "a truncated or damaged file", f"a complete netCDF4 file; {remedy}")
