"""The systems of a config, checked: defaults filled in, axes found, all numbers floats."""

from __future__ import annotations

import contextlib
import copy
import inspect
from math import gcd

from . import grid, options, plugins, sizes
from .bloch import GAUGES
from .bulk import MIDGAP, filled_bands
from .configuration import argument, axis_values, number, schema
from .densities import definitions_for
from .errors import MISSING, UserError, closest, unknown_key

# Parts of a system whose keys may be axes.
SECTIONS = ("model", "geometry", "options")
THEORY_KEYS = ("theory", "options", "model", "geometry", "filling", "points_per_job")
# Dimensions that a merged response has anyway.
RESERVED = {
    *("definition", "gauge", "process", "fermi_energy", "temperature", "row", "edge", "k", "band"),
    *("point", "kind", "name", "x", "y", "z", "sublattice"),
}


def normalised(config: dict) -> dict[str, dict]:
    """Every system of a config whose structure has been checked.

    Raises
    ------
    UserError
        For the first key that holds what it cannot.
    """
    given = {
        name: _merged(config.get("defaults", {}), _only_of_a_theory(name, own))
        for name, own in config["systems"].items()
    }
    # Before any list of values is worked out.
    sizes.check(given, config.get("axes", {}), config.get("allow_large", False))
    shared = {
        name: axis_values(value, f"axes.{name}") for name, value in config.get("axes", {}).items()
    }
    return {name: _system(name, own, shared) for name, own in _by_density(given).items()}


def _by_density(given: dict[str, dict]) -> dict[str, dict]:
    """The systems, one with a list of densities as one system a density, NAME_DENSITY.

    Densities have different units and definitions, so each has datasets of its own; tiles of bands
    that are kept are shared.  Of the definitions each takes those that are its own.
    """
    found = {}
    for name, system in given.items():
        densities = system.get("density")
        if "theory" in system or not isinstance(densities, list):
            found[name] = system
            continue
        path = f"systems.{name}"
        own = {d: _definitions(d, f"{path}.density") for d in densities}
        chosen = system.get("definition", [])
        chosen = [chosen] if isinstance(chosen, str) else chosen
        for one in chosen:
            if not any(one in names for names in own.values()):
                raise UserError(f"{path}.definition", one, sorted(set().union(*own.values())))
        for density, names in own.items():
            kept = {"definition": [one for one in chosen if one in names]} if chosen else {}
            one = {k: v for k, v in system.items() if k != "definition"} | {"density": density}
            found[f"{name}_{density}"] = one | {k: v for k, v in kept.items() if v}
    if len(found) < len(given):
        raise UserError("systems", list(found), "names that stay different with _DENSITY added")
    return found


def _definitions(density: str, path: str) -> set[str]:
    return set().union(*checked_plugin("densities", density, path).DEFINITIONS.values())


def _only_of_a_theory(name: str, own: dict) -> dict:
    """The system's own keys; one of a theory must not hold keys that nothing would read."""
    for key in own if "theory" in own else ():
        if key not in THEORY_KEYS:
            raise unknown_key(f"systems.{name}", key, THEORY_KEYS)
    return own


def is_grid(system: dict) -> bool:
    return bool(system["axes"]) or "theory" in system


def _merged(defaults: dict, own: dict) -> dict:
    """``own`` laid over ``defaults``, mappings key by key, anything else as a whole."""
    merged = copy.deepcopy(defaults)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        # Another model has other parameters: then nothing of the default model is meant.
        if both and value.get("name", merged[key].get("name")) == merged[key].get("name"):
            value = _merged(merged[key], value)
        merged[key] = copy.deepcopy(value)
    return merged


def _system(name: str, given: dict, shared: dict[str, list]) -> dict:
    path = f"systems.{name}"
    properties = schema()["$defs"]["system"]["properties"]
    if "theory" in given:
        return _theory_system(path, given, shared)
    for key in ("model", "geometry"):
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    if "options" in given:
        raise UserError(f"{path}.options", given["options"], "this key with a theory only")
    given, found = _without_axes(given, shared, path)
    system = {"model": _model(given["model"], f"{path}.model")}
    system["geometry"] = _geometry(given["geometry"], f"{path}.geometry")
    axes = [_axis(system, given, *axis, path) for axis in found]
    lattice = _lattice(system)
    _fits(system, lattice, path)
    kind = system["geometry"]["kind"]
    if kind == "bulk" and not axes:
        # One point, as a grid of the parameter that every model has: its first.
        first = next(key for key in system["model"] if key != "name")
        axes = [grid.Axis(first, (("model", first),), (system["model"][first],))]
    system["axes"] = axes
    filled = {k: node["default"] for k, node in properties.items() if "default" in node} | given
    for key in ("profile", "edge_depth", "points_per_job"):
        if key in given and not axes:
            raise UserError(f"{path}.{key}", given[key], "this key for a grid only")
        if axes:
            system[key] = filled[key] if key != "edge_depth" else _depth(filled[key], path)
    if kind == "bulk":
        return system | _filling(given, lattice, True, False, path)
    levels = _numbers(filled["fermi_energy"], f"{path}.fermi_energy", (MIDGAP,))
    system |= _filling(given, lattice, bool(axes), MIDGAP in levels, path)
    if kind != "flake":
        system["k"] = int(filled["k"])
        system["keep_eigenvectors"] = filled["keep_eigenvectors"]
    if axes:
        system["keep_eigenvectors"] = given.get("keep_eigenvectors", False)
    system |= _density(filled, kind, path)
    _resolves_spin(system, [system["density"]], f"{path}.density")
    system["fermi_energy"] = levels
    system["temperature"] = _numbers(filled["temperature"], f"{path}.temperature")
    if min(system["temperature"]) < 0:
        allowed = "a finite number of at least 0, or a non-empty list of them"
        raise UserError(f"{path}.temperature", filled["temperature"], allowed)
    return system


def _theory_system(path: str, given: dict, shared: dict) -> dict:
    """A system that one piece of the theory is computed for."""
    name = given["theory"]
    checked_plugin("theory", name, f"{path}.theory")
    properties = schema()["$defs"]["system"]["properties"]
    taken = options.takes(name)
    # Keys that the config gives to all systems are no fault of this one.
    sections = [*(["model"] if taken else []), *(["geometry"] if "system" in taken else [])]
    for key in sections:
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    lists = {key for key, one in options.parameters(name).items() if options.is_list(one)}
    chosen = {key: given[key] for key in sections} | {"options": given.get("options", {})}
    plain, found = _without_axes(chosen, shared, path, lists)
    system = {"theory": name}
    if "model" in sections:
        system["model"] = _model(plain["model"], f"{path}.model")
    if "lattice" in taken:
        system |= _filling(given, _lattice(system), False, False, path)
    if "geometry" in sections:
        system["geometry"] = _geometry(plain["geometry"], f"{path}.geometry")
        _fits(system, _lattice(system), path)
    system["options"] = options.checked(plain["options"], name, f"{path}.options")
    if "model" in sections and "density" in system["options"]:
        named = system["options"]["density"]
        named = [named] if isinstance(named, str) else named
        _resolves_spin(system, named, f"{path}.options.density")
    system["axes"] = [_axis(system, plain, *axis, path) for axis in found]
    system["points_per_job"] = given.get("points_per_job", 1)
    return system


def _depth(value: object, path: str) -> float | None:
    return None if value is None else number(value, f"{path}.edge_depth")


def _without_axes(
    given: dict, shared: dict, path: str, lists: set[str] = frozenset()
) -> tuple[dict, list]:
    """The system at the first value of every axis, and its axes: (name, targets, values).

    ``lists`` are options of which a list is one value.
    """
    plain = copy.deepcopy(given)
    axes: dict[str, tuple[list, list]] = {}
    for section in SECTIONS:
        if not isinstance(plain.get(section), dict):
            continue
        for key, value in plain[section].items():
            if section == "options" and key in lists:
                continue
            where = f"{path}.{section}.{key}"
            name, values = key, None
            if isinstance(value, dict) and set(value) == {"axis"}:
                name = value["axis"]
                if not isinstance(name, str) or name not in shared:
                    allowed = "an axis of this config: " + (", ".join(shared) or "it has none")
                    raise UserError(f"{where}.axis", name, allowed, closest(str(name), shared))
                values = shared[name]
            elif isinstance(value, dict) or _is_list_of_values(key, value):
                values = axis_values(value, where)
            if values is None:
                continue
            if name in RESERVED:
                raise UserError(where, name, "another name for the axis: this one is taken")
            targets, held = axes.setdefault(name, ([], values))
            if held is not values and held != values:
                raise UserError(where, name, "one axis of that name in a system")
            targets.append((section, key))
            plain[section][key] = values[0]
    return plain, [(name, targets, values) for name, (targets, values) in axes.items()]


def _is_list_of_values(key: str, value: object) -> bool:
    """Whether a list is an axis; one direction is a list by itself."""
    if not isinstance(value, list):
        return False
    return key != "direction" or any(isinstance(one, list) for one in value)


def _axis(system: dict, given: dict, name: str, targets: list, values: list, path: str):
    """An axis with every one of its values checked as if it stood alone."""
    checked = None
    for section, key in targets:
        check = {
            "model": _model,
            "geometry": _geometry,
            "options": lambda some, where: options.checked(some, system["theory"], where),
        }[section]
        normal = [
            check(given[section] | {key: value}, f"{path}.{section}")[key] for value in values
        ]
        if len({repr(value) for value in normal}) < len(normal):
            raise UserError(f"{path}.{section}.{key}", values, "each value only once")
        checked = checked or normal
        system[section] = system[section] | {key: normal[0]}
    return grid.Axis(name, tuple(targets), tuple(checked))


def _model(given: dict, path: str) -> dict:
    """The model's name and every parameter of its function, those left out at their defaults."""
    if "name" not in given:
        raise UserError(f"{path}.name", MISSING, plugins.available("models"))
    name = given["name"]
    module = checked_plugin("models", name, f"{path}.name")
    parameters = inspect.signature(getattr(module, name)).parameters
    result = {"name": name}
    for key in given:
        if key != "name" and key not in parameters:
            raise unknown_key(path, key, ["name", *parameters])
    for key, parameter in parameters.items():
        if key not in given and parameter.default is parameter.empty:
            raise UserError(f"{path}.{key}", MISSING, "a value, as the model has no default for it")
        result[key] = argument(
            given.get(key, parameter.default), parameter.default, f"{path}.{key}"
        )
    return result


def _geometry(given: dict, path: str) -> dict:
    properties = schema()["$defs"]["system"]["properties"]["geometry"]["properties"]
    if "kind" not in given:
        raise UserError(f"{path}.kind", MISSING, properties["kind"]["description"])
    wanted = [
        "direction",
        "width",
        *{"flake": ["length"], "wire": ["height"]}.get(given["kind"], []),
    ]
    # A flake of a three-dimensional lattice has a height too.
    wanted += ["height"] if given["kind"] == "flake" and "height" in given else []
    if given["kind"] == "bulk":
        for key in given:
            if key != "kind":
                raise UserError(f"{path}.{key}", given[key], "no such key for the bulk")
        return {"kind": "bulk"}
    for key in wanted:
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    for key in given:
        if key not in ("kind", *wanted):
            words = {"length": "a flake", "height": "a wire or flake"}.get(key, "another kind")
            raise UserError(f"{path}.{key}", given[key], f"this key for {words} only")
    for key in wanted[1:]:
        least = properties[key]["minimum"]
        value = given[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise UserError(f"{path}.{key}", value, properties[key]["description"])
        if value < least:
            raise UserError(f"{path}.{key}", value, properties[key]["description"])
    pair = given["direction"]
    if not isinstance(pair, list) or len(pair) != 2 or not all(type(n) is int for n in pair):
        raise UserError(f"{path}.direction", pair, properties["direction"]["description"])
    if gcd(*map(int, given["direction"])) != 1:
        allowed = properties["direction"]["description"]
        raise UserError(f"{path}.direction", given["direction"], allowed)
    whole = {key: int(given[key]) for key in wanted if key != "direction"}
    return {"kind": given["kind"], "direction": [int(n) for n in given["direction"]], **whole}


def _lattice(system: dict):
    """The lattice of a system's model; None of one that fails: the job that runs it tells."""
    with contextlib.suppress(Exception):
        parameters = dict(system["model"])
        name = parameters.pop("name")
        lattice = getattr(plugins.load("models", name), name)(**parameters)
        return lattice if lattice.orbitals and lattice.dimension else None
    return None


def _filling(given: dict, lattice, grid: bool, midgap: bool, path: str) -> dict:
    """The key ``filling`` where the config says it.

    Raises UserError for one that the model's bands do not allow, and where there is none although
    an odd number of bands needs it: for the gaps of a ``grid``, or its middle.
    """
    chosen = {"filling": int(given["filling"])} if "filling" in given else {}
    if lattice is None:
        return chosen
    filled = chosen.get("filling", lattice.filling)
    # A grid of a model with one band has no gaps and needs no filling.
    if filled is not None or midgap or (grid and len(lattice.orbitals) > 1):
        try:
            filled_bands(lattice, filled)
        except UserError as error:
            raise UserError(f"{path}.filling", error.value, error.allowed) from error
    return chosen


def _fits(system: dict, lattice, path: str) -> None:
    """Raise UserError unless the geometry is one of a lattice of the model's dimension."""
    cut = system["geometry"]
    if cut["kind"] == "bulk" or lattice is None:
        return
    dimension = lattice.dimension
    if dimension == 3 and "height" not in cut:
        allowed = "wire, or a flake with a height, as the model has three dimensions"
        raise UserError(f"{path}.geometry.kind", cut["kind"], allowed)
    if dimension == 2 and "height" in cut:
        allowed = "no such key, as the model has two dimensions (a ribbon)"
        raise UserError(f"{path}.geometry.height", cut["height"], allowed)


def _resolves_spin(system: dict, densities: list[str], path: str) -> None:
    """Raise UserError for a density of spin if the model's orbitals have none."""
    for name in densities:
        module = checked_plugin("densities", name, path)
        if getattr(module, "NEEDS_SPIN", False):
            crystal = _lattice(system)
            if crystal is not None and not crystal.spins.any():
                error = module.without_spin()
                raise UserError(path, error.value, error.allowed)


def _density(filled: dict, kind: str, path: str) -> dict:
    module = checked_plugin("densities", filled["density"], f"{path}.density")
    definitions = definitions_for(module, kind)
    chosen = {
        "density": filled["density"],
        "definition": _names(
            filled.get("definition", definitions), definitions, "definition", path
        ),
    }
    # The phase convention is one of Bloch states: an open flake has the atomic positions only.
    gauges = GAUGES if kind != "flake" else GAUGES[:1]
    chosen["gauge"] = _names(filled["gauge"], gauges, "gauge", path)
    return chosen


def _names(value: object, allowed: tuple[str, ...], key: str, path: str) -> list[str]:
    names = [value] if isinstance(value, str) else list(value)
    for name in names:
        if name not in allowed:
            raise UserError(f"{path}.{key}", name, allowed)
    return names


def _numbers(value: object, path: str, words: tuple[str, ...] = ()) -> list:
    """Numbers, or one of the words that may stand for one."""
    if isinstance(value, dict):
        value = axis_values(value, path)
    if not isinstance(value, list):
        return [value if value in words else number(value, path)]
    numbers = [one if one in words else number(one, f"{path}.{i}") for i, one in enumerate(value)]
    if len(set(numbers)) < len(numbers):
        raise UserError(path, value, "each number only once")
    return numbers


def checked_plugin(kind: str, name: str, path: str):
    """A plugin, or the outline of a figure; ``path`` is the key that names it."""
    try:
        return plugins.figure(name) if kind == "figures" else plugins.load(kind, name)
    except UserError as error:
        raise UserError(path, error.value, error.allowed, error.hint) from error
