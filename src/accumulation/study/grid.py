"""Grids of parameters: axes, tiles and their names.

A tile is several points of a grid that one job computes.  Its file is named by a hash of its
parameters and of the code that computes it, so equal tiles are shared between systems and studies,
and a value that is changed back uses its old file.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from fractions import Fraction
from math import floor, prod
from statistics import median

TILES = "results/tiles"
# Sections of a system whose keys may be axes.
SECTIONS = ("model", "geometry", "options")
# Index of a folder: the tile of each point.
INDEX = "points.txt"
# A theory's points may take minutes, so it has a job for each, up to this number of jobs.
MOST_JOBS = 2000
STEPS = (1, 4, 16, 64, 256, 1000)
# One for all: making one for each of 10^5 points takes as long as using it.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Axis:
    """One dimension of a grid.

    Attributes
    ----------
    name : of the dimension
    targets : keys that take the value, such as ("model", "delta")
    values : in the order of the config
    """

    name: str
    targets: tuple[tuple[str, str], ...]
    values: tuple


@dataclass(frozen=True)
class Tile:
    """The part of a grid that one job computes.

    Attributes
    ----------
    stage, path : stage, and the file that the job writes
    spec : canonical JSON of all its inputs
    keys : of its points
    source : the tile that it reads, if any
    memory, minutes : to request from a cluster, in MB and minutes; about three times the need
    """

    stage: str
    path: str
    spec: str
    keys: tuple[str, ...]
    source: str | None
    memory: int
    minutes: int


def tile_path(stage: str, group: str, tile: str) -> str:
    """The file of a tile: ``group`` stands for settings and code, ``tile`` for the points."""
    return f"{TILES}/{stage}/{group}/{tile}.nc"


def linspace(start: float, stop: float, number: int) -> list[float]:
    """Evenly spaced values, each the float nearest to the exact decimal fraction.

    A value that two grids share, such as every second one of a grid twice as fine, is therefore
    bitwise equal in both.
    """
    first, last = Fraction(repr(start)), Fraction(repr(stop))
    return [float(first + (last - first) * i / max(number - 1, 1)) + 0.0 for i in range(number)]


def arange(start: float, stop: float, step: float) -> list[float]:
    """start, start + step, ... up to stop, which is included if it is reached exactly."""
    first, last, width = (Fraction(repr(value)) for value in (start, stop, step))
    return [float(first + width * i) + 0.0 for i in range(floor((last - first) / width) + 1)]


def key(content) -> str:
    """Hash of JSON-like content, twelve hexadecimal digits."""
    return _hash(canonical(content))


def canonical(content) -> str:
    """JSON that is the same for equal content."""
    return _ENCODER.encode(content)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def points_per_job(axes: list[Axis]) -> int:
    """Points that a job of a theory computes by default, of STEPS the first with few enough jobs.

    Planning and starting a job takes about a second, so 10^5 jobs would take a day for nothing.
    Tiles of another size copy the points that are there, so a grid that grows computes its new
    points only.
    """
    for step in STEPS:
        if prod(map(len, _binned(axes, step))) <= MOST_JOBS:
            return step
    return STEPS[-1]


def blocks(axes: list[Axis], points_per_job: int) -> list[list[list]]:
    """Values of every axis for each tile.

    Numbers are binned by value, not by place in the list, so that inserting or appending one leaves
    the other tiles unchanged.  Axes that change the shape of matrices (geometry) or are not numbers
    have a tile for each value; so have options of a theory if ``points_per_job`` is 1.
    """
    return [list(block) for block in itertools.product(*_binned(axes, points_per_job))]


def _binned(axes: list[Axis], points_per_job: int) -> list[list[list]]:
    """For every axis its values, in lists of those that share a tile."""
    sections = {"model"} if points_per_job == 1 else {"model", "options"}
    numeric = [axis for axis in axes if _is_binned(axis, sections)]
    size = max(1, round(points_per_job ** (1 / max(len(numeric), 1))))
    return [
        _bins(axis.values, size) if axis in numeric else [[v] for v in axis.values] for axis in axes
    ]


def _is_binned(axis: Axis, sections: set[str]) -> bool:
    inside = all(section in sections for section, _ in axis.targets)
    # A model's numbers are all floats; an option may be an integer, such as a seed.
    return inside and all(type(value) in (int, float) for value in axis.values)


def _bins(values: tuple, size: int) -> list[list]:
    exact = sorted(Fraction(repr(value)) for value in values)
    if len(exact) == 1:
        return [list(values)]
    # The median, which one additional value rarely changes.
    width = size * median(b - a for a, b in itertools.pairwise(exact))
    # Opposite values, such as those of a flux, share work: symmetric axes have them in one bin.
    both = exact == [-value for value in reversed(exact)]
    bins: dict[int, list] = {}
    for value in sorted(values):
        place = 2 * abs(Fraction(repr(value))) if both else Fraction(repr(value))
        # A small offset, so that rounding does not decide in which bin a value falls.
        index = floor(place / width + Fraction(1, 10**6))
        bins.setdefault(index, []).append(value)
    return list(bins.values())


def expand(base: dict, axes: list[Axis], block: list[list]) -> list[dict]:
    """The points of a block: ``base`` (model and geometry) with every combination of values."""
    points = []
    for values in itertools.product(*block):
        point = {section: dict(content) for section, content in base.items()}
        for axis, value in zip(axes, values, strict=True):
            for section, name in axis.targets:
                point[section][name] = value
        points.append(point)
    return points


@dataclass(frozen=True)
class Block:
    """The points of a tile; tiles of all stages share them.

    Attributes
    ----------
    points : parameters of each
    keys : of each point;  name : hash of them all
    packed : see :func:`unpacked`
    """

    points: list[dict]
    keys: tuple[str, ...]
    name: str
    packed: dict


def block_of(points: list[dict]) -> Block:
    """The block of these points, with their keys."""
    # Equal to key(point) and key(points), but every point is written only once.
    texts = [canonical(point) for point in points]
    return Block(points, tuple(map(_hash, texts)), _hash(f"[{','.join(texts)}]"), _packed(points))


def tile(stage: str, settings: dict, block: Block, source: str | None, orbitals: int) -> Tile:
    """The tile of a block; ``settings`` has all other inputs, hashes of code included.

    ``orbitals`` is the size of a point's matrices, 0 for the bulk.
    """
    path = tile_path(stage, key([stage, settings]), block.name)
    spec = canonical({"stage": stage, "settings": settings, "points": block.packed})
    needs = _needs(settings, len(block.points), orbitals)
    return Tile(stage, path, spec, block.keys, source, *needs)


def _needs(settings: dict, points: int, orbitals: int) -> tuple[int, int]:
    """Memory in MB and minutes, both about three times the measured values."""
    k = settings.get("k", 1)
    arrays = 2 * len(settings.get("definition", [])) * len(settings.get("gauge", []))
    rows = orbitals if settings.get("profile") else 3
    working_bytes = 8 * k * orbitals**2 * (6 + 2 * arrays)
    result_bytes = 8 * k * orbitals * (4 + arrays * rows) * points
    seconds = points * (0.1 + k * orbitals * (1e-5 + 6e-9 * orbitals**2) * max(arrays, 1))
    return 400 + round((working_bytes + 3 * result_bytes) / 1e6), 10 + round(3 * seconds / 60)


def _packed(points: list[dict]) -> dict:
    """Shared parameters once, varying ones as a table: short enough for a command line."""
    flat = [{(s, k): v for s, keys in point.items() for k, v in keys.items()} for point in points]
    varying = [name for name in flat[0] if any(point[name] != flat[0][name] for point in flat)]
    fixed: dict = {section: {} for section in points[0]}
    for (section, name), value in flat[0].items():
        if (section, name) not in varying:
            fixed[section][name] = value
    table = [[point[name] for name in varying] for point in flat]
    return {"fixed": fixed, "names": [list(name) for name in varying], "values": table}


def unpacked(packed: dict) -> list[dict]:
    """The points of a tile's spec."""
    points = []
    for values in packed["values"]:
        point = {section: dict(content) for section, content in packed["fixed"].items()}
        for (section, name), value in zip(packed["names"], values, strict=True):
            point[section][name] = value
        points.append(point)
    return points
