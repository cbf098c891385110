"""Files of tiles: compute the points that no file holds yet, copy the others, merge them all."""

from __future__ import annotations

import fcntl
import json
import re
import traceback
from pathlib import Path

import numpy as np
import xarray as xr

from . import dataset, plugins, points
from .errors import Said, UserError
from .grid import INDEX, key, unpacked

# Dimensions of what a point holds, without the point itself.
LEAD = ("definition", "gauge")
RESPONSE = (*LEAD, "process", "fermi_energy", "temperature")
DIMS = {
    "bands": {
        "k": ("k",),
        "weight": ("k",),
        "energy": ("k", "band"),
        "velocity": ("k", "band"),
        "eigenvector_re": ("k", "orbital", "band"),
        "eigenvector_im": ("k", "orbital", "band"),
    },
    "elements": {
        "k": ("k",),
        "weight": ("k",),
        "energy": ("k", "band"),
        "velocity": ("k", "band"),
        "density": (*LEAD, "k", "band", "row"),
        "polarizability": (*LEAD, "k", "band", "row"),
    },
    "response": {
        "accumulation": (*RESPONSE, "row"),
        "even": (*RESPONSE, "row"),
        "odd": (*RESPONSE, "row"),
        "x": ("row",),
        "y": ("row",),
        "sublattice": ("row",),
        "fermi_level": ("fermi_energy",),
        "edge_crossings": ("edge", "fermi_energy"),
        **dict.fromkeys(("net", "left_edge", "right_edge", "edge_even", "edge_odd"), RESPONSE),
    },
    "bulk": {},
}
# Of the index: a point's key, and the tile that holds it.
LINE = re.compile("[0-9a-f]{12} [0-9a-f]{12}")
# The same for every point of a tile: stored once.
SHARED = ("k", "weight")


def run(spec: dict, source_path: str | None, path: str) -> tuple[int, int]:
    """Write the tile of a spec (see :func:`accumulation.grid.tile`).

    Points that another tile of the same stage, settings and code holds are copied from there.

    Returns
    -------
    Number of points, and how many of them were computed.

    Raises
    ------
    UserError
        If the file that it reads is damaged (it is then set aside, so that one more run mends it),
        or its own cannot be written, or a point cannot be computed.
    """
    stage, settings = spec["stage"], spec["settings"]
    wanted = unpacked(spec["points"])
    keys = [key(point) for point in wanted]
    source = _Source(source_path, stage, settings) if source_path else None
    held = _Held(Path(path).parent)
    found, computed = [], 0
    for name, point in zip(keys, wanted, strict=True):
        values = held.get(name)
        if values is None:
            at_point = source.at(name) if source else None
            values = _computed(stage, point, settings, at_point)
            computed += 1
        found.append(values)
    dataset.write(_stacked(stage, found, keys), path)
    _remember(Path(path), keys)
    return len(wanted), computed


def _computed(stage: str, point: dict, settings: dict, source: xr.Dataset | None) -> dict:
    """A point, whose parameters are named if it cannot be computed."""
    try:
        return points.STAGES[stage](point, settings, source)
    except MemoryError:
        raise
    except UserError as error:
        raise error.within(_in_words(point)) from error
    except Exception as error:
        calls = traceback.extract_tb(error.__traceback__)
        # Where in the user's own file, if it has been there.
        own = [call for call in calls if Path(call.filename).parent == Path.cwd()]
        place = (own or calls)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        words = f"{type(error).__name__}: {error} ({where})"
        allowed = "parameters for which the model and the density work"
        raise UserError(_in_words(point), Said(words), allowed) from error


def _in_words(point: dict) -> str:
    model, cut = dict(point["model"]), dict(point["geometry"])
    arguments = ", ".join(f"{name}={value}" for name, value in model.items() if name != "name")
    kind = cut.pop("kind")
    return ", ".join([f"{model['name']}({arguments})", kind, *(f"{k} {v}" for k, v in cut.items())])


def _stacked(stage: str, found: list[dict], keys: list[str]) -> xr.Dataset:
    variables = {"point_key": ("point", np.array(keys))}
    names = dict.fromkeys(name for values in found for name in values)
    for name in names:
        dims = DIMS[stage].get(name, ())
        first = next(values[name] for values in found if name in values)
        if name in SHARED:
            variables[name] = (dims, first)
            continue
        # Absent where it vanishes identically, for some points of a tile but not for others.
        rows = [values.get(name, np.zeros_like(first)) for values in found]
        variables[name] = (("point", *dims), np.stack(rows))
    return xr.Dataset(variables)


def at_position(tile: xr.Dataset, position: int) -> dict[str, np.ndarray]:
    """Arrays of one point of a tile."""
    names = [name for name in tile.variables if name != "point_key"]
    return {
        name: tile[name].values if name in SHARED else tile[name].values[position] for name in names
    }


class _Source:
    """The tile that a tile is computed from, as one small dataset a point."""

    def __init__(self, path: str, stage: str, settings: dict):
        self._path = path
        self._tile = dataset.read(path, set_aside=True)
        if "point_key" not in self._tile:
            raise dataset.damaged(path)
        self._position = {name: i for i, name in enumerate(self._tile.point_key.values)}
        self._settings = settings

    def at(self, name: str) -> xr.Dataset:
        if name not in self._position:  # the file of another tile
            raise dataset.damaged(self._path)
        one = self._tile.isel(point=self._position[name])
        labels = {d: (d, self._settings[d]) for d in LEAD if d in self._settings}
        attrs = {"density": self._settings.get("density", "")}
        return one.assign_coords(labels if "density" in one else {}).assign_attrs(attrs)


class _Held:
    """Points of other tiles of this folder: same stage, settings and code."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._tile_of = {}
        self._open: dict[str, tuple[xr.Dataset, dict] | None] = {}
        try:
            text = (folder / INDEX).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        for line in text.split("\n"):
            if LINE.fullmatch(line):
                name, tile = line.split(" ")
                self._tile_of[name] = tile

    def get(self, name: str) -> dict[str, np.ndarray] | None:
        tile = self._tile_of.get(name)
        if tile is None:
            return None
        if tile not in self._open:
            try:
                ds = dataset.read(self._folder / f"{tile}.nc")
                self._open[tile] = ds, {one: i for i, one in enumerate(ds.point_key.values)}
            except (UserError, AttributeError):  # gone or damaged: compute it
                self._open[tile] = None
        if self._open[tile] is None or name not in self._open[tile][1]:
            return None
        ds, position = self._open[tile]
        return at_position(ds, position[name])


def _remember(path: Path, keys: list[str]) -> None:
    """Note which points a tile holds.  Lost or stale lines cost time, never a wrong value."""
    lines = "".join(f"{name} {path.stem}\n" for name in keys).encode()
    try:
        with open(path.parent / INDEX, "a+b", buffering=0) as index:
            fcntl.flock(index, fcntl.LOCK_EX)
            # After a line that was cut short, on a line of its own.
            end = index.seek(0, 2)
            index.seek(max(end - 1, 0))
            index.write(lines if index.read(1) in (b"", b"\n") else b"\n" + lines)
    except OSError:
        return


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
    seen = np.zeros(len(wanted), dtype=bool)
    for path in paths:
        tile = dataset.read(path, set_aside=True)
        if "point_key" not in tile:
            raise dataset.damaged(path)
        here = [(i, wanted[n]) for i, n in enumerate(tile.point_key.values) if n in wanted]
        if not here:
            continue
        take, put = map(list, zip(*here, strict=True))
        seen[put] = True
        for name in tile.variables:
            if name not in (*SHARED, "point_key"):
                _place(arrays, name, put, tile[name].values[take], len(wanted))
    if not seen.all():
        missing = int((~seen).sum())
        raise UserError(spec["system"], f"{missing} points that no tile holds", "a complete grid")
    return _labelled(spec, {name: a.reshape(shape + a.shape[1:]) for name, a in arrays.items()})


def _place(arrays: dict, name: str, put: list[int], values: np.ndarray, total: int) -> None:
    """Copy values into the array of all points, grown where a ribbon has more rows than before."""
    held = arrays.get(name)
    inner = values.shape[1:] if held is None else tuple(map(max, values.shape[1:], held.shape[1:]))
    if held is None or inner != held.shape[1:]:
        grown = np.full((total, *inner), _missing(values.dtype), dtype=values.dtype)
        if held is not None:
            grown[(slice(None), *map(slice, held.shape[1:]))] = held
        held = arrays[name] = grown
    held[(put, *map(slice, values.shape[1:]))] = values


def _missing(dtype: np.dtype):
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
    for name in {"x", "y", "sublattice"} & set(arrays):
        flat = arrays[name].reshape(-1, arrays[name].shape[-1])
        if np.all(flat == flat[0]):
            values[name], arrays[name] = flat[0], flat[0]
    leading = {
        name: (*(names if array.ndim >= len(names) + 1 or not _by_row(name) else ()), *_extra(name))
        for name, array in arrays.items()
    }
    attrs = {"density": spec["settings"].get("density", "")}
    ds = dataset.label(values, "phase_diagram", attrs, texts, leading)
    if "status" in ds:
        ds.status.attrs |= {
            "flag_masks": np.array(list(points.FLAGS.values()), dtype=np.int8),
            "flag_meanings": " ".join(points.FLAGS),
        }
    for axis in axes:
        text = {
            "long_name": axis["long_name"],
            "units": axis["units"],
            "equation": axis["equation"],
        }
        ds = ds.assign_coords({axis["name"]: (axis["name"], axis["values"], text)})
    ds.attrs |= dataset.identity(spec["study"], spec["system"], spec["parameters"])
    return ds


def _by_row(name: str) -> bool:
    return DIMS["response"].get(name) == ("row",)


def _extra(name: str) -> tuple[str, ...]:
    """Definition and gauge, where a variable has them before its own dimensions."""
    dims = DIMS["response"].get(name, ())
    return tuple(dim for dim in dims if dim in LEAD)


def load_spec(text: str) -> dict:
    """A spec from its text, or from the file that ``@path`` names (one too long for a shell)."""
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(text[1:], error.strerror, "a file of a stage's parameters") from error
    return json.loads(text)
