"""One labelled dataset of a whole grid, out of its tiles."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import plugins
from ..datasets import files, labels, variables
from ..errors import UserError, Verbatim
from . import points
from .tile_files import SHARED


def merge(spec: dict, paths: list[str]) -> xr.Dataset:
    """One labelled dataset of a whole grid from its tiles, read one after the other.

    Raises
    ------
    UserError
        If a tile is damaged (it is then set aside) or a point is in none of them.
    """
    axes = spec["axes"]
    shape = tuple(len(axis["values"]) for axis in axes)
    wanted = {name: i for i, name in enumerate(spec["points"])}
    arrays: dict[str, np.ndarray] = {}
    shared: dict[str, np.ndarray] = {}
    seen = np.zeros(len(wanted), dtype=bool)
    for path in paths:
        tile = files.read(path, set_aside=True)
        if "point_key" not in tile:
            raise files.damaged(path)
        here = [(i, wanted[n]) for i, n in enumerate(tile.point_key.values) if n in wanted]
        if not here:
            continue
        take, put = map(list, zip(*here, strict=True))
        seen[put] = True
        for name in tile.variables:
            if name == "point_key" or name in SHARED:
                continue
            if "point" in tile[name].dims:
                _place(arrays, name, put, tile[name].values[take], len(wanted))
            elif not np.array_equal(shared.setdefault(name, tile[name].values), tile[name].values):
                raise UserError(name, Verbatim("other values at another point"), "a coordinate")
    if not seen.all():
        missing = int((~seen).sum())
        raise UserError(spec["system"], f"{missing} points that no tile holds", "a complete grid")
    arrays = {name: a.reshape(shape + a.shape[1:]) for name, a in arrays.items()}
    theory = "theory" in spec["settings"]
    ds = _labelled_theory(spec, arrays, shared) if theory else _labelled(spec, arrays)
    return _with_axes(spec, ds)


def _labelled_theory(spec: dict, arrays: dict, shared: dict) -> xr.Dataset:
    """What a theory returned at every point, and what it concludes from all of them."""
    module = plugins.load("theory", spec["settings"]["theory"])
    names = tuple(axis["name"] for axis in spec["axes"])
    concluded = {}
    if hasattr(module, "conclude"):
        axes = {axis["name"]: np.array(axis["values"]) for axis in spec["axes"]}
        concluded = module.conclude(axes, arrays | shared)
    leading = dict.fromkeys(arrays, names)
    attrs = {"title": plugins.title(module), "equation": module.EQUATION}
    values = arrays | shared | concluded
    ds = labels.label(values, "theory", attrs, None, leading, module.VARIABLES)
    for name, identity in module.CHECKS.items():
        if name in ds:
            ds[name].attrs |= {
                "statement": identity.statement,
                "route": identity.route,
                "bound": identity.bound,
                "must_be": "at least" if identity.at_least else "at most",
            }
    return ds


def _place(arrays: dict, name: str, put: list[int], values: np.ndarray, total: int) -> None:
    """Copy values into the array of all points, grown where a ribbon has more rows than before."""
    held = arrays.get(name)
    inner = values.shape[1:] if held is None else tuple(map(max, values.shape[1:], held.shape[1:]))
    if held is None or inner != held.shape[1:]:
        grown = np.full((total, *inner), _missing(name, values.dtype), dtype=values.dtype)
        if held is not None:
            grown[(slice(None), *map(slice, held.shape[1:]))] = held
        held = arrays[name] = grown
    if values.dtype.kind == "U" and values.dtype.itemsize > held.dtype.itemsize:
        held = arrays[name] = held.astype(values.dtype)  # or longer texts would be cut
    held[(put, *map(slice, values.shape[1:]))] = values


def _missing(name: str, dtype: np.dtype):
    """What stands for the rows that a narrower ribbon of a grid does not have."""
    if name == "mirror_row":
        return -1
    return np.nan if dtype.kind == "f" else "" if dtype.kind in "UO" else 0


def _labelled(spec: dict, arrays: dict[str, np.ndarray]) -> xr.Dataset:
    axes = spec["axes"]
    names = tuple(axis["name"] for axis in axes)
    values = dict(arrays)
    texts = {"long_name": "", "units": "1", "equation": ""}
    if "density" in spec["settings"]:
        module = plugins.load("densities", spec["settings"]["density"])
        texts = {"long_name": module.LONG_NAME, "units": module.UNITS, "equation": module.EQUATION}
        levels = spec["settings"]["fermi_energy"]
        mixed = any(isinstance(level, str) for level in levels)
        values |= {
            "definition": spec["settings"]["definition"],
            "gauge": spec["settings"]["gauge"],
            "process": ["intraband", "interband"],
            "fermi_energy": [str(level) for level in levels] if mixed else levels,
            "temperature": spec["settings"]["temperature"],
            "edge": ["left", "right"],
        }
    # Rows of every point are the same unless the geometry is an axis.
    for name in {"x", "y", "z", "sublattice", "mirror_row"} & set(arrays):
        flat = arrays[name].reshape(-1, arrays[name].shape[-1])
        if np.all(flat == flat[0]):
            values[name], arrays[name] = flat[0], flat[0]
    leading = {
        name: (*(names if array.ndim >= len(names) + 1 or not _by_row(name) else ()), *_extra(name))
        for name, array in arrays.items()
    }
    attrs = {"density": spec["settings"].get("density", "")}
    ds = labels.label(values, "phase_diagram", attrs, texts, leading)
    if "status" in ds:
        ds.status.attrs |= {
            "flag_masks": np.array(list(points.FLAGS.values()), dtype=np.int16),
            "flag_meanings": " ".join(points.FLAGS),
        }
    return ds


def _with_axes(spec: dict, ds: xr.Dataset) -> xr.Dataset:
    """The axes as coordinates, and the attributes that say what was computed."""
    for axis in spec["axes"]:
        text = {
            "long_name": axis["long_name"],
            "units": axis["units"],
            "equation": axis["equation"],
        }
        ds = ds.assign_coords({axis["name"]: (axis["name"], axis["values"], text)})
    ds.attrs |= labels.identity(spec["study"], spec["system"], spec["parameters"])
    return ds


def _by_row(name: str) -> bool:
    return variables.at_point(name) == ("row",)


def _extra(name: str) -> tuple[str, ...]:
    """Definition and gauge, where a variable has them before its own dimensions."""
    return variables.LEAD if name in variables.BY_DEFINITION else ()
