"""The systems of a config, checked: defaults filled in, axes found, all numbers floats."""

from __future__ import annotations

import copy

from ..crystal.bulk_properties import MIDGAP
from ..errors import MISSING, UserError, closest, unknown_key
from ..lattice.geometries import GEOMETRIES
from ..lattice.lattice import Lattice
from ..plugin_options import short_name
from . import grid, options, sizes
from .config_file import axis_values, number, schema
from .system_parts import (
    check_dimension,
    check_operators,
    checked_density,
    checked_filling,
    checked_geometry,
    checked_model,
    checked_numbers,
    checked_plugin,
    density_texts,
    lattice_of,
    lattice_of_given,
)

# The model whose seed of files may stand for its name.
FILES = "wannier90"
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
        name: _merged(_named(config.get("defaults", {})), _named(_only_of_a_theory(name, own)))
        for name, own in config["systems"].items()
    }
    # Before any list of values is worked out.
    sizes.check(given, config.get("axes", {}), config.get("allow_large", False))
    shared = {
        name: axis_values(value, f"axes.{name}") for name, value in config.get("axes", {}).items()
    }
    return {name: _system(name, own, shared) for name, own in _by_density(given, shared).items()}


def _by_density(given: dict[str, dict], shared: dict[str, list]) -> dict[str, dict]:
    """The systems, one with a list of densities as one system a density, NAME_DENSITY.

    Densities have different units and definitions, so each has datasets of its own; tiles of bands
    that are kept are shared.  Of the definitions each takes those that are its own.
    """
    found = {}
    for name, system in given.items():
        path = f"systems.{name}"
        densities = system.get("density")
        if "theory" in system or densities is None:
            found[name] = system
            continue
        densities = density_texts(densities, lattice_of_given(system, shared), f"{path}.density")
        if isinstance(densities, str):
            found[name] = system | {"density": densities}
            continue
        own = {d: _definitions(d, f"{path}.density") for d in densities}
        chosen = system.get("definition", [])
        chosen = [chosen] if isinstance(chosen, str) else chosen
        for one in chosen:
            if not any(one in names for names in own.values()):
                raise UserError(f"{path}.definition", one, sorted(set().union(*own.values())))
        for density, names in own.items():
            kept = {"definition": [one for one in chosen if one in names]} if chosen else {}
            one = {k: v for k, v in system.items() if k != "definition"} | {"density": density}
            found[f"{name}_{short_name(density)}"] = one | {k: v for k, v in kept.items() if v}
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


def _named(own: dict) -> dict:
    """The keys of a system, its model with a name where the key of its files is one."""
    model = own.get("model")
    if not isinstance(model, dict) or "name" in model or FILES not in model:
        return own
    return own | {"model": {"name": FILES, **model}}


def is_grid(system: dict) -> bool:
    """Whether a system is a grid of points: it has axes, or is a theory."""
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
    if "theory" in given:
        return _theory_system(path, given, shared)
    properties = schema()["$defs"]["system"]["properties"]
    for key in ("model", "geometry"):
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    if "options" in given:
        raise UserError(f"{path}.options", given["options"], "this key with a theory only")
    given, found = _without_axes(given, shared, path)
    system = {"model": checked_model(given["model"], f"{path}.model")}
    system["geometry"] = checked_geometry(given["geometry"], f"{path}.geometry")
    axes = [_axis(system, given, *axis, path) for axis in found]
    lattice = lattice_of(system)
    check_dimension(system, lattice, path)
    is_cut = GEOMETRIES[system["geometry"]["kind"]].is_cut
    if not is_cut and not axes:
        # One point, as a grid of the parameter that every model has: its first.
        first = next(key for key in system["model"] if key != "name")
        axes = [grid.Axis(first, (("model", first),), (system["model"][first],))]
    system["axes"] = axes
    filled = {k: node["default"] for k, node in properties.items() if "default" in node} | given
    system |= _keys_of_a_grid(given, filled, bool(axes), path)
    if not is_cut:
        return system | checked_filling(given, lattice, True, False, path)
    return system | _keys_of_a_cut(system, given, filled, lattice, path)


def _keys_of_a_grid(given: dict, filled: dict, is_a_grid: bool, path: str) -> dict:
    """Profile, edge depth and points a job: of a grid, and of nothing else."""
    keys = {}
    for key in ("profile", "edge_depth", "points_per_job"):
        if key in given and not is_a_grid:
            raise UserError(f"{path}.{key}", given[key], "this key for a grid only")
        if is_a_grid:
            keys[key] = filled[key] if key != "edge_depth" else _depth(filled[key], path)
    return keys


def _keys_of_a_cut(
    system: dict, given: dict, filled: dict, lattice: Lattice | None, path: str
) -> dict:
    """What a ribbon, wire or flake has beside its model, geometry and axes."""
    kind, axes = system["geometry"]["kind"], system["axes"]
    levels = checked_numbers(filled["fermi_energy"], f"{path}.fermi_energy", (MIDGAP,))
    keys = checked_filling(given, lattice, bool(axes), MIDGAP in levels, path)
    if GEOMETRIES[kind].periodic:
        keys["k"] = int(filled["k"])
        keys["keep_eigenvectors"] = filled["keep_eigenvectors"]
    if axes:
        keys["keep_eigenvectors"] = given.get("keep_eigenvectors", False)
    keys |= checked_density(filled, kind, lattice, path)
    check_operators(lattice, [keys["density"]], keys["definition"], f"{path}.density")
    keys["fermi_energy"] = levels
    keys["temperature"] = checked_numbers(filled["temperature"], f"{path}.temperature")
    if min(keys["temperature"]) < 0:
        allowed = "a finite number of at least 0, or a non-empty list of them"
        raise UserError(f"{path}.temperature", filled["temperature"], allowed)
    return keys


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
        system["model"] = checked_model(plain["model"], f"{path}.model")
    lattice = lattice_of(system) if "model" in sections else None
    if "lattice" in taken:
        system |= checked_filling(given, lattice, False, False, path)
    if "geometry" in sections:
        system["geometry"] = checked_geometry(plain["geometry"], f"{path}.geometry")
        check_dimension(system, lattice, path)
    system["options"] = options.checked(plain["options"], name, f"{path}.options")
    if "model" in sections and "density" in system["options"]:
        where = f"{path}.options.density"
        system["options"]["density"] = density_texts(system["options"]["density"], lattice, where)
        named = system["options"]["density"]
        check_operators(lattice, [named] if isinstance(named, str) else named, None, where)
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
    for section in grid.SECTIONS:
        content = plain.get(section) if isinstance(plain.get(section), dict) else {}
        for key, value in content.items():
            if section == "options" and key in lists:
                continue
            where = f"{path}.{section}.{key}"
            name, values = _axis_of(key, value, shared, where)
            if values is None:
                continue
            if name in RESERVED:
                raise UserError(where, name, "another name for the axis: this one is taken")
            targets, known = axes.setdefault(name, ([], values))
            if known is not values and known != values:
                raise UserError(where, name, "one axis of that name in a system")
            targets.append((section, key))
            content[key] = values[0]
    return plain, [(name, targets, values) for name, (targets, values) in axes.items()]


def _axis_of(key: str, value: object, shared: dict, where: str) -> tuple[str, list | None]:
    """Name and values of the axis that a key's value stands for; values None: it is no axis."""
    if isinstance(value, dict) and set(value) == {"axis"}:
        name = value["axis"]
        if not isinstance(name, str) or name not in shared:
            allowed = "an axis of this config: " + (", ".join(shared) or "it has none")
            raise UserError(f"{where}.axis", name, allowed, closest(str(name), shared))
        return name, shared[name]
    if isinstance(value, dict) or _is_list_of_values(key, value):
        return key, axis_values(value, where)
    return key, None


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
            "model": checked_model,
            "geometry": checked_geometry,
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
