"""Check and normalise the systems of a config: defaults, axes, and numbers as floats."""

from __future__ import annotations

import copy

from ..crystal.bulk_properties import MIDGAP
from ..errors import MISSING, UserError, closest, unknown_key
from ..lattice.geometries import GEOMETRIES
from ..lattice.lattice import Lattice
from . import grid, options, sizes, slab_systems, solver_systems
from .config_file import axis_values, number, schema
from .density_systems import by_density
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
)

# The model that may be given by the key of its files instead of its name.
FILES = "wannier90"
THEORY_KEYS = ("theory", "options", "model", "geometry", "filling", "points_per_job")
# Other dimensions of a merged response, which no axis may be named after.
RESERVED = {
    *("definition", "gauge", "process", "fermi_energy", "temperature", "row", "edge", "k", "band"),
    *("point", "kind", "name", "x", "y", "z", "sublattice"),
}


def normalised(config: dict) -> dict[str, dict]:
    """Every system of a config whose structure has been checked.

    Raises
    ------
    UserError
        For the first key with an invalid value.
    """
    systems = {}
    for name, keys in config["systems"].items():
        merged = _merged(
            _with_model_name(config.get("defaults", {})),
            _with_model_name(_only_of_a_theory(name, keys)),
        )
        if slab_systems.is_slab(merged):
            merged = slab_systems.as_theory(name, keys, merged)
        elif solver_systems.has_solver(merged):
            merged = solver_systems.as_theory(name, keys, merged)
        systems[name] = merged
    # Before any list of values is made.
    sizes.check(systems, config.get("axes", {}), config.get("allow_large", False))
    shared = {
        name: axis_values(value, f"axes.{name}") for name, value in config.get("axes", {}).items()
    }
    return {name: _system(name, keys, shared) for name, keys in by_density(systems, shared).items()}


def _only_of_a_theory(name: str, keys: dict) -> dict:
    """The system's own keys; raise UserError for a key that a theory does not use."""
    for key in keys if "theory" in keys else ():
        if key not in THEORY_KEYS:
            raise unknown_key(f"systems.{name}", key, THEORY_KEYS)
    return keys


def _with_model_name(keys: dict) -> dict:
    """The keys of a system, with the name of the model added if only its files are given."""
    model = keys.get("model")
    if not isinstance(model, dict) or "name" in model or FILES not in model:
        return keys
    return keys | {"model": {"name": FILES, **model}}


def is_grid(system: dict) -> bool:
    """Whether a system is a grid of points: it has axes, or is a theory."""
    return bool(system["axes"]) or "theory" in system


def _merged(defaults: dict, own: dict) -> dict:
    """``own`` merged over ``defaults``: mappings key by key, other values replaced."""
    merged = copy.deepcopy(defaults)
    for key, value in own.items():
        are_mappings = isinstance(value, dict) and isinstance(merged.get(key), dict)
        # The parameters of the default model do not apply to another model.
        if are_mappings and value.get("name", merged[key].get("name")) == merged[key].get("name"):
            value = _merged(merged[key], value)
        merged[key] = copy.deepcopy(value)
    return merged


def _system(name: str, config_keys: dict, shared: dict[str, list]) -> dict:
    path = f"systems.{name}"
    if "theory" in config_keys:
        return _theory_system(path, config_keys, shared)
    properties = schema()["$defs"]["system"]["properties"]
    for key in ("model", "geometry"):
        if key not in config_keys:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    if "options" in config_keys:
        raise UserError(f"{path}.options", config_keys["options"], "this key with a theory only")
    config_keys, raw_axes = _without_axes(config_keys, shared, path)
    system = {"model": checked_model(config_keys["model"], f"{path}.model")}
    system["geometry"] = checked_geometry(config_keys["geometry"], f"{path}.geometry")
    axes = [_axis(system, config_keys, *axis, path) for axis in raw_axes]
    lattice = lattice_of(system)
    check_dimension(system, lattice, path)
    is_cut = GEOMETRIES[system["geometry"]["kind"]].is_cut
    if not is_cut and not axes:
        # One point, as a grid over the first parameter of the model.
        first = next(key for key in system["model"] if key != "name")
        axes = [grid.Axis(first, (("model", first),), (system["model"][first],))]
    system["axes"] = axes
    with_defaults = {
        k: node["default"] for k, node in properties.items() if "default" in node
    } | config_keys
    system |= _keys_of_a_grid(config_keys, with_defaults, bool(axes), path)
    if not is_cut:
        return system | checked_filling(config_keys, lattice, True, False, path)
    return system | _keys_of_a_cut(system, config_keys, with_defaults, lattice, path)


def _keys_of_a_grid(config_keys: dict, with_defaults: dict, is_a_grid: bool, path: str) -> dict:
    """Keys of grids only: profile, edge depth and points per job."""
    keys = {}
    for key in ("profile", "edge_depth", "points_per_job"):
        if key in config_keys and not is_a_grid:
            raise UserError(f"{path}.{key}", config_keys[key], "this key for a grid only")
        if is_a_grid:
            keys[key] = (
                with_defaults[key] if key != "edge_depth" else _depth(with_defaults[key], path)
            )
    return keys


def _keys_of_a_cut(
    system: dict, config_keys: dict, with_defaults: dict, lattice: Lattice | None, path: str
) -> dict:
    """Keys of a ribbon, wire or flake other than its model, geometry and axes."""
    kind, axes = system["geometry"]["kind"], system["axes"]
    levels = checked_numbers(with_defaults["fermi_energy"], f"{path}.fermi_energy", (MIDGAP,))
    keys = checked_filling(config_keys, lattice, bool(axes), MIDGAP in levels, path)
    if GEOMETRIES[kind].periodic:
        keys["k"] = int(with_defaults["k"])
        keys["keep_eigenvectors"] = with_defaults["keep_eigenvectors"]
    if axes:
        keys["keep_eigenvectors"] = config_keys.get("keep_eigenvectors", False)
    keys |= checked_density(with_defaults, kind, lattice, path)
    check_operators(lattice, [keys["density"]], keys["definition"], f"{path}.density")
    keys["fermi_energy"] = levels
    keys["temperature"] = checked_numbers(with_defaults["temperature"], f"{path}.temperature")
    if min(keys["temperature"]) < 0:
        allowed = "a finite number of at least 0, or a non-empty list of them"
        raise UserError(f"{path}.temperature", with_defaults["temperature"], allowed)
    return keys


def _theory_system(path: str, config_keys: dict, shared: dict) -> dict:
    """A system of a theory."""
    name = config_keys["theory"]
    checked_plugin("theory", name, f"{path}.theory")
    properties = schema()["$defs"]["system"]["properties"]
    arguments = options.takes(name)
    # Other keys come from the defaults of all systems and are ignored.
    sections = [*(["model"] if arguments else []), *(["geometry"] if "system" in arguments else [])]
    for key in sections:
        if key not in config_keys:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    lists = {
        key for key, parameter in options.parameters(name).items() if options.is_list(parameter)
    }
    used_keys = {key: config_keys[key] for key in sections} | {
        "options": config_keys.get("options", {})
    }
    plain, raw_axes = _without_axes(used_keys, shared, path, lists)
    system = {"theory": name}
    if "model" in sections:
        system["model"] = checked_model(plain["model"], f"{path}.model")
    lattice = lattice_of(system) if "model" in sections else None
    if "lattice" in arguments:
        midgap = bool(plain["options"].get("midgap"))
        system |= checked_filling(config_keys, lattice, False, midgap, path)
    if "geometry" in sections:
        system["geometry"] = checked_geometry(plain["geometry"], f"{path}.geometry")
        check_dimension(system, lattice, path)
    system["options"] = options.checked(plain["options"], name, f"{path}.options")
    densities = system["options"].get("density")
    # Of a list that is a theory's default it leaves out itself what a lattice does not have.
    checked = isinstance(densities, str) or "density" in plain["options"]
    if "model" in sections and densities is not None and checked:
        where = f"{path}.options.density"
        system["options"]["density"] = named = density_texts(densities, lattice, where)
        check_operators(lattice, [named] if isinstance(named, str) else named, None, where)
    system["axes"] = [_axis(system, plain, *axis, path) for axis in raw_axes]
    slab_systems.check_midgap(path, system)
    solver_systems.check_definitions(path, system)
    default = grid.points_per_job(system["axes"])
    system["points_per_job"] = config_keys.get("points_per_job", default)
    return system


def _depth(value: object, path: str) -> float | None:
    return None if value is None else number(value, f"{path}.edge_depth")


def _without_axes(
    config_keys: dict, shared: dict, path: str, lists: set[str] = frozenset()
) -> tuple[dict, list]:
    """The system at the first value of every axis, and its axes: (name, targets, values).

    ``lists`` are the options for which a list is a single value.
    """
    plain = copy.deepcopy(config_keys)
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
            targets, earlier_values = axes.setdefault(name, ([], values))
            if earlier_values is not values and earlier_values != values:
                raise UserError(where, name, "one axis of that name in a system")
            targets.append((section, key))
            content[key] = values[0]
    return plain, [(name, targets, values) for name, (targets, values) in axes.items()]


def _axis_of(key: str, value: object, shared: dict, where: str) -> tuple[str, list | None]:
    """Name and values of the axis of a key; values are None if it is not an axis."""
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
    """Whether a list is an axis; a single direction, or one pair to trim, is a list that is not."""
    if not isinstance(value, list):
        return False
    return key not in ("direction", "trim") or any(isinstance(one, list) for one in value)


def _axis(system: dict, config_keys: dict, name: str, targets: list, values: list, path: str):
    """An axis whose values have been checked one by one."""
    checked = None
    for section, key in targets:
        check = {
            "model": checked_model,
            "geometry": checked_geometry,
            "options": lambda keys, where: options.checked(keys, system["theory"], where),
        }[section]
        normalised_values = [
            check(config_keys[section] | {key: value}, f"{path}.{section}")[key] for value in values
        ]
        if len({repr(value) for value in normalised_values}) < len(normalised_values):
            raise UserError(f"{path}.{section}.{key}", values, "each value only once")
        checked = checked or normalised_values
        system[section] = system[section] | {key: normalised_values[0]}
    return grid.Axis(name, tuple(targets), tuple(checked))
