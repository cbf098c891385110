"""Merging the tiles of a grid into one labelled dataset."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import plugins
from ..datasets import files, labels, variables
from ..errors import UserError, Verbatim
from ..lattice.units import NATURAL
from . import points
from .tile_files import SHARED

# The variable of a point, and the attribute of a grid, with units that are not natural.
UNIT_SYSTEM = "unit_system"


def merge(spec: dict, paths: list[str]) -> xr.Dataset:
    """The labelled dataset of a grid from its tiles, which are read one at a time.

    Raises
    ------
    UserError
        If a tile is damaged (it is then set aside) or a point is missing.
    """
    axes = spec["axes"]
    shape = tuple(len(axis["values"]) for axis in axes)
    index_of_key = {name: i for i, name in enumerate(spec["points"])}
    arrays: dict[str, np.ndarray] = {}
    shared: dict[str, np.ndarray] = {}
    is_present = np.zeros(len(index_of_key), dtype=bool)
    for path in paths:
        tile = files.read(path, set_aside=True)
        if "point_key" not in tile:
            raise files.damaged(path)
        matches = [
            (i, index_of_key[key])
            for i, key in enumerate(tile.point_key.values)
            if key in index_of_key
        ]
        if not matches:
            continue
        positions, indices = map(list, zip(*matches, strict=True))
        is_present[indices] = True
        for name in tile.variables:
            if name == "point_key" or name in SHARED:
                continue
            if "point" in tile[name].dims:
                _place(arrays, name, indices, tile[name].values[positions], len(index_of_key))
            elif not np.array_equal(shared.setdefault(name, tile[name].values), tile[name].values):
                raise UserError(name, Verbatim("other values at another point"), "a coordinate")
    if not is_present.all():
        missing = int((~is_present).sum())
        raise UserError(spec["system"], f"{missing} points that no tile holds", "a complete grid")
    units = _units(spec, arrays.pop(UNIT_SYSTEM, None))
    arrays = {name: a.reshape(shape + a.shape[1:]) for name, a in arrays.items()}
    theory = "theory" in spec["settings"]
    label = _labelled_theory if theory else _labelled
    ds = label(spec, arrays, shared, units)
    return _with_axes(spec, ds, units)


def _units(spec: dict, found: np.ndarray | None) -> dict:
    """Attributes unit_system and kind of a grid in other units than natural ones; else nothing.

    Raises
    ------
    UserError
        If the points have different units, which one array cannot have.
    """
    names = {str(text) for text in found} if found is not None else set()
    if not names:
        return {}
    if len(names) > 1:
        value = Verbatim("points in different units")
        raise UserError(spec["system"], value, "a model with the same units at every point")
    kind = spec["parameters"].get("geometry", {}).get("kind")
    return {UNIT_SYSTEM: names.pop(), **({"kind": kind} if kind else {})}


def _labelled_theory(spec: dict, arrays: dict, shared: dict, units: dict) -> xr.Dataset:
    """The results of a theory at every point, and those of its conclude()."""
    module = plugins.load("theory", spec["settings"]["theory"])
    names = tuple(axis["name"] for axis in spec["axes"])
    concluded = {}
    if hasattr(module, "conclude"):
        axes = {axis["name"]: np.array(axis["values"]) for axis in spec["axes"]}
        concluded = module.conclude(axes, arrays | shared)
    leading = dict.fromkeys(arrays, names)
    attrs = {"title": plugins.title(module), "equation": module.EQUATION, **units}
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


def _place(arrays: dict, name: str, indices: list[int], values: np.ndarray, total: int) -> None:
    """Copy values into the array of all points, enlarging it for a ribbon with more rows."""
    array = arrays.get(name)
    inner = (
        values.shape[1:] if array is None else tuple(map(max, values.shape[1:], array.shape[1:]))
    )
    if array is None or inner != array.shape[1:]:
        grown = np.full((total, *inner), _missing(name, values.dtype), dtype=values.dtype)
        if array is not None:
            grown[(slice(None), *map(slice, array.shape[1:]))] = array
        array = arrays[name] = grown
    if values.dtype.kind == "U" and values.dtype.itemsize > array.dtype.itemsize:
        array = arrays[name] = array.astype(
            values.dtype
        )  # otherwise longer texts would be truncated
    array[(indices, *map(slice, values.shape[1:]))] = values


def _missing(name: str, dtype: np.dtype):
    """The fill value for rows that a narrower ribbon of a grid does not have."""
    if name == "mirror_row":
        return -1
    return np.nan if dtype.kind == "f" else "" if dtype.kind in "UO" else 0


def _labelled(spec: dict, arrays: dict, shared: dict, units: dict) -> xr.Dataset:
    """The values of a grid's stage; k, which is ``shared``, belongs to none of them."""
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
    # All points have the same rows unless the geometry is an axis.
    for name in {"x", "y", "z", "sublattice", "mirror_row"} & set(arrays):
        flat = arrays[name].reshape(-1, arrays[name].shape[-1])
        if np.all(flat == flat[0]):
            values[name], arrays[name] = flat[0], flat[0]
    leading = {
        name: (*(names if array.ndim >= len(names) + 1 or not _by_row(name) else ()), *_extra(name))
        for name, array in arrays.items()
    }
    attrs = {"density": spec["settings"].get("density", ""), **units}
    ds = labels.label(values, "phase_diagram", attrs, texts, leading)
    if "status" in ds:
        ds.status.attrs |= {
            "flag_masks": np.array(list(points.FLAGS.values()), dtype=np.int16),
            "flag_meanings": " ".join(points.FLAGS),
        }
    return ds


def _with_axes(spec: dict, ds: xr.Dataset, units: dict) -> xr.Dataset:
    """The dataset with the axes as coordinates and the parameters as attributes."""
    for axis in spec["axes"]:
        text = {
            "long_name": axis["long_name"],
            "units": labels.in_units(axis["units"], units.get(UNIT_SYSTEM, NATURAL)),
            "equation": axis["equation"],
        }
        ds = ds.assign_coords({axis["name"]: (axis["name"], axis["values"], text)})
    ds.attrs |= labels.identity(spec["study"], spec["system"], spec["parameters"])
    return ds


def _by_row(name: str) -> bool:
    return variables.at_point(name) == ("row",)


def _extra(name: str) -> tuple[str, ...]:
    """Definition and gauge, if a variable has these dimensions before its own."""
    return variables.LEAD if name in variables.BY_DEFINITION else ()
