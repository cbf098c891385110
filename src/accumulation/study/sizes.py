"""Estimate of the points, memory and disk space of a config, before its axes are evaluated.

Numbers of values are computed from the limits of an axis; no list of values is made.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from math import floor, prod

from ..errors import UserError, Verbatim
from ..lattice.geometries import GEOMETRIES, SIZES
from . import options
from .config_file import number
from .grid import MOST_JOBS, SECTIONS
from .system_parts import lattice_of

# A plan keeps every point in memory (1 kB) and names it (20 us): a minute and 1 GB for a million.
MOST_POINTS = 10**6
# Memory of the largest nodes and disks of a cluster, in bytes.
MOST_MEMORY, MOST_DISK = 1e12, 1e13
# Matrices in memory at once for each k, and number of k in a chunk of large matrices.
WORKING, CHUNK = 12, 2
SPACED = ("linspace", "arange")
# Exceptions that unchecked parameters may raise, such as names that a model does not have.
UNCHECKED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Size:
    """Estimated size of one system.

    points : of its grid, 1 without one;  memory of one job, disk of all files : in bytes
    key : of the config that dominates the size;  longest : number of values of the longest list
    """

    points: int
    memory: float
    disk: float
    key: str
    longest: int = 1

    @property
    def is_absurd(self) -> bool:
        """Whether it exceeds the resources of any cluster."""
        many = max(self.points, self.longest) > MOST_POINTS
        return many or self.memory > MOST_MEMORY or self.disk > MOST_DISK

    @property
    def in_words(self) -> str:
        """Number of points, memory of a job and disk space, in words."""
        many = "1 point" if self.points == 1 else f"about {_short(self.points)} points"
        return f"{many}, {_bytes(self.memory)} of memory for a job and {_bytes(self.disk)} on disk"


def check(systems: dict[str, dict], axes: dict, allow_large: bool = False) -> None:
    """Raise UserError for systems of an absurd size.

    Parameters
    ----------
    systems : the systems of a config with the defaults, axes not evaluated
    axes : shared axes of the config
    allow_large : the key of the config that allows any size

    Raises
    ------
    UserError
        With the key that dominates the size, and the estimated points, memory and disk space.
    """
    if allow_large:
        return
    allowed = (
        f"at most {_short(MOST_POINTS)} points, {_bytes(MOST_MEMORY)} of memory for a job and "
        f"{_bytes(MOST_DISK)} on disk, or allow_large: true"
    )
    for name, values in axes.items():
        if _count(values, {}) > MOST_POINTS:
            count = _count(values, {})
            size = Size(count, 1e3 * count, 0.0, f"axes.{name}")
            users = [_estimate(s, keys, axes) for s, keys in systems.items() if _uses(keys, name)]
            size = max(users, key=lambda one: one.points, default=size)
            raise UserError(f"axes.{name}", Verbatim(size.in_words), allowed)
    for name, keys in systems.items():
        size = _estimate(name, keys, axes)
        if size.is_absurd:
            raise UserError(size.key, Verbatim(size.in_words), allowed)


def _uses(system: dict, axis: str) -> bool:
    sections = [system.get(section) for section in SECTIONS]
    return any(
        value == {"axis": axis}
        for section in sections
        if isinstance(section, dict)
        for value in section.values()
    )


def _estimate(name: str, system: dict, axes: dict) -> Size:
    """Size of one system; invalid values are skipped, as later checks report them."""
    counts: dict[str, int] = {}  # number of values of each axis, by the first key that uses it
    first_keys: dict[str, str] = {}
    levels = {
        f"systems.{name}.{key}": _count(system.get(key), axes)
        for key in ("fermi_energy", "temperature")
    }
    lists = _options_that_are_lists(system)
    for section in SECTIONS:
        keys = system.get(section)
        for key, value in keys.items() if isinstance(keys, dict) else ():
            if key == "direction" and isinstance(value, list) and not _lists(value):
                continue
            if section == "options" and key in lists:
                levels[f"systems.{name}.options.{key}"] = _count(value, axes)
                continue
            axis = value["axis"] if isinstance(value, dict) and set(value) == {"axis"} else key
            path = first_keys.setdefault(str(axis), f"systems.{name}.{section}.{key}")
            counts[path] = max(counts.get(path, 1), _count(value, axes))
    points = prod(counts.values())
    if "theory" in system:
        sizes, k = system.get("options"), 1
    else:
        sizes, k = system.get("geometry"), system.get("k", 401)
    sizes = sizes if isinstance(sizes, dict) else {}
    geometry = GEOMETRIES.get(sizes.get("kind"))
    has_mesh = geometry is None or geometry.periodic
    k = k if isinstance(k, int) and not isinstance(k, bool) and has_mesh else 1
    cut = {key: _largest(sizes.get(key), axes) for key in SIZES}
    orbitals = _cell(system, axes) * prod(max(1.0, value) for value in cut.values())
    if geometry is not None and not geometry.is_cut:
        orbitals, k, levels = 0.0, 1, {}
    kinds = prod(
        len(system[key]) if isinstance(system.get(key), list) else default
        for key, default in (("definition", 3), ("gauge", 1))
    )
    is_grid = points > 1
    rows = orbitals if not is_grid or system.get("profile") is True else 3
    spread = 2 * kinds * rows * prod(levels.values())
    elements = 8.0 * k * orbitals * (4 + 2 * kinds * rows)
    vectors = (
        16.0 * k * orbitals**2 if not is_grid or system.get("keep_eigenvectors") is True else 0
    )
    disk = points * (8.0 * (20 + 3 * spread) + elements + vectors)
    default_job = 64 if "theory" not in system or points > MOST_JOBS else 1
    job = system.get("points_per_job", default_job)
    job = min(points, job) if isinstance(job, int) else 1
    memory = 16.0 * orbitals**2 * WORKING * min(k, CHUNK)
    memory += 2 * job * (elements + vectors + 8.0 * (20 + 3 * spread))
    counted = counts if points > MOST_POINTS else levels
    largest = max(counted, key=counted.get, default=f"systems.{name}")
    if points <= MOST_POINTS and counted and counted[largest] <= MOST_POINTS:
        key = max(cut, key=cut.get)
        where = "options" if "theory" in system else "geometry"
        largest = f"systems.{name}.{where}.{key}" if cut[key] >= k else f"systems.{name}.k"
    return Size(points, memory, disk, largest, max([*counts.values(), *levels.values()]))


def _options_that_are_lists(system: dict) -> set[str]:
    """Options of a theory of which a list is one value, not an axis."""
    try:
        parameters = options.parameters(system["theory"]).items() if "theory" in system else ()
    except UserError:  # unknown theory
        return set()
    return {key for key, parameter in parameters if options.is_list(parameter)}


def _cell(system: dict, axes: dict) -> int:
    """Orbitals of the model's unit cell at the first value of every parameter."""
    with contextlib.suppress(*UNCHECKED):
        parameters = {}
        for key, value in system["model"].items():
            if isinstance(value, dict) and set(value) == {"axis"}:
                value = axes[value["axis"]]
            if isinstance(value, dict):
                value = next(iter(value.values()))[0]
            value = value[0] if isinstance(value, list) else value
            parameters[key] = value if isinstance(value, bool) else _plain(value)
        lattice = lattice_of({"model": parameters})
        return 2 if lattice is None else len(lattice.orbitals)
    return 2


def _plain(value: object) -> object:
    try:
        return number(value, "")
    except UserError:
        return value


def _lists(value: list) -> bool:
    return any(isinstance(one, list) for one in value)


def _count(value: object, axes: dict) -> int:
    """Number of values of a key of the config, 1 if it is invalid."""
    if isinstance(value, list):
        return max(1, len(value))
    if not isinstance(value, dict) or len(value) != 1:
        return 1
    (kind, limits), *_ = value.items()
    if kind == "axis" and isinstance(limits, str) and limits in axes:
        return _count(axes[limits], {})
    if kind not in SPACED or not isinstance(limits, list) or len(limits) != 3:
        return 1
    try:
        start, stop, third = (Fraction(repr(number(one, ""))) for one in limits)
        many = floor((stop - start) / third) + 1 if kind == "arange" else floor(third)
    except (UserError, ZeroDivisionError):
        return 1
    return max(1, many)


def _largest(value: object, axes: dict) -> float:
    """The largest number of a key, 0 if it has none."""
    if isinstance(value, dict) and len(value) == 1:
        (kind, limits), *_ = value.items()
        if kind == "axis":
            return _largest(axes.get(limits), {}) if isinstance(limits, str) else 0.0
        value = limits[:2] if kind in SPACED and isinstance(limits, list) else None
    values = value if isinstance(value, list) else [value]
    numbers = [_plain(one) for one in values]
    return max((float(one) for one in numbers if isinstance(one, float)), default=0.0)


def _short(many: float) -> str:
    return (
        str(many)
        if many < 10**6
        else f"{float(min(many, 10**300)):.2g}".replace("e+0", "e").replace("e+", "e")
    )


def _bytes(size: float) -> str:
    """A size with a decimal unit."""
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        size /= 1000
        if size < 999.5:
            return f"{size:.3g} {unit}" if size >= 1 else f"{size:.1g} {unit}"
    return f"{size:.2g} PB"
