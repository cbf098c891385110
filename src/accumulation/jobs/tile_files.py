"""Files of tiles: compute the points that no file has yet and copy the others."""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path

import numpy as np
import xarray as xr

from .. import plugin_checks
from ..datasets import files
from ..datasets.variables import LEAD
from ..errors import UserError
from ..study.grid import INDEX, key, unpacked
from ..study.stages import STAGES, function

# A line of the index: the key of a point and the name of its tile.
LINE = re.compile("[0-9a-f]{12} [0-9a-f]{12}")
# Variables that are equal at all points of a tile and stored once.
SHARED = ("k", "weight")


def run(spec: dict, source_path: str | None, path: str) -> tuple[int, int]:
    """Write the tile of a spec (see :func:`accumulation.study.grid.tile`).

    Points of other tiles with the same stage, settings and code are copied.

    Returns
    -------
    Number of points, and number of points that were computed.

    Raises
    ------
    UserError
        If the source file is damaged (it is then set aside and recomputed by the next run), the
        tile cannot be written, or a point cannot be computed.
    """
    stage, settings = spec["stage"], spec["settings"]
    points = unpacked(spec["points"])
    keys = [key(point) for point in points]
    source = _Source(source_path, stage, settings) if source_path else None
    known_points = _KnownPoints(Path(path).parent, keys)
    values_of_points, computed = [], 0
    for name, point in zip(keys, points, strict=True):
        values = known_points.get(name)
        if values is None:
            at_point = source.at(name) if source else None
            values = _computed(stage, point, settings, at_point)
            computed += 1
        values_of_points.append(values)
    files.write(_stacked(STAGES[stage].dims(settings), values_of_points, keys), path)
    _remember(Path(path), keys)
    return len(points), computed


def _computed(stage: str, point: dict, settings: dict, source: xr.Dataset | None) -> dict:
    """The arrays of a point; errors are raised as UserError with its parameters."""
    try:
        return function(STAGES[stage].point)(point, settings, source)
    except MemoryError:
        raise
    except UserError as error:
        raise error.within(_in_words(point)) from error
    except Exception as error:
        allowed = "parameters for which the model and the density work"
        raise UserError(_in_words(point), plugin_checks.fault(error), allowed) from error


def _in_words(point: dict) -> str:
    words = []
    if "model" in point:
        model = dict(point["model"])
        words.append(f"{model.pop('name')}({', '.join(f'{k}={v}' for k, v in model.items())})")
    cut = dict(point.get("geometry", {}))
    words += [cut.pop("kind")] if cut else []
    parameters = cut | point.get("options", {})
    return ", ".join([*words, *(f"{k} {v}" for k, v in parameters.items())])


def _stacked(declared: dict, values_of_points: list[dict], keys: list[str]) -> xr.Dataset:
    variables = {"point_key": ("point", np.array(keys))}
    names = dict.fromkeys(name for values in values_of_points for name in values)
    for name in names:
        dims = declared.get(name, ())
        first = next(values[name] for values in values_of_points if name in values)
        if name in SHARED or dims == (name,):
            variables[name] = (dims, first)
            continue
        # Some points of a tile may lack a variable that vanishes identically (polarizability) or is
        # undefined (even and odd of rows that do not pair up).
        absent = 0.0 if name == "polarizability" else np.nan
        rows = [values.get(name) for values in values_of_points]
        rows = [np.full_like(first, absent) if row is None else row for row in rows]
        variables[name] = (("point", *dims), np.stack(rows))
    return xr.Dataset(variables)


def at_position(tile: xr.Dataset, position: int) -> dict[str, np.ndarray]:
    """Arrays of one point of a tile."""
    names = [name for name in tile.variables if name != "point_key"]
    return {
        name: tile[name].values[position] if "point" in tile[name].dims else tile[name].values
        for name in names
    }


class _Source:
    """The tile of the preceding stage, as one dataset for each point."""

    def __init__(self, path: str, stage: str, settings: dict):
        self._path = path
        self._tile = files.read(path, set_aside=True)
        if "point_key" not in self._tile:
            raise files.damaged(path)
        self._position = {name: i for i, name in enumerate(self._tile.point_key.values)}
        self._settings = settings

    def at(self, name: str) -> xr.Dataset:
        if name not in self._position:  # not the tile that was expected
            raise files.damaged(self._path)
        one = self._tile.isel(point=self._position[name])
        labels = {d: (d, self._settings[d]) for d in LEAD if d in self._settings}
        attrs = {"density": self._settings.get("density", "")}
        return one.assign_coords(labels if "density" in one else {}).assign_attrs(attrs)


class _KnownPoints:
    """Points of other tiles in a folder, which have the same stage, settings and code."""

    def __init__(self, folder: Path, keys: list[str]):
        self._folder = folder
        # Every tile of a grid reads the whole index, so only lines of its own points are parsed.
        needed = set(keys)
        self._tile_of = {}
        self._open: dict[str, tuple[xr.Dataset, dict] | None] = {}
        try:
            text = (folder / INDEX).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        for line in text.split("\n"):
            if line[:12] in needed and LINE.fullmatch(line):
                name, tile = line.split(" ")
                self._tile_of[name] = tile

    def get(self, name: str) -> dict[str, np.ndarray] | None:
        tile = self._tile_of.get(name)
        if tile is None:
            return None
        if tile not in self._open:
            try:
                ds = files.read(self._folder / f"{tile}.nc")
                self._open[tile] = ds, {one: i for i, one in enumerate(ds.point_key.values)}
            except (UserError, AttributeError):  # missing or damaged: the point is computed
                self._open[tile] = None
        if self._open[tile] is None or name not in self._open[tile][1]:
            return None
        ds, position = self._open[tile]
        return at_position(ds, position[name])


def _remember(path: Path, keys: list[str]) -> None:
    """Append the points of a tile to the index; missing or stale lines only cost time."""
    lines = "".join(f"{name} {path.stem}\n" for name in keys).encode()
    try:
        with open(path.parent / INDEX, "a+b", buffering=0) as index:
            fcntl.flock(index, fcntl.LOCK_EX)
            # Start a new line after one that was truncated.
            end = index.seek(0, 2)
            index.seek(max(end - 1, 0))
            index.write(lines if index.read(1) in (b"", b"\n") else b"\n" + lines)
    except OSError:
        return


def load_spec(text: str) -> dict:
    """A spec from its text, or from a file given as ``@path`` (specs too long for a shell).

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(text[1:], error.strerror, "a file of a stage's parameters") from error
    return json.loads(text)
