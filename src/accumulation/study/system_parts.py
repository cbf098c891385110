"""Checks of the parts of a system in a config: model, geometry, filling, density."""

from __future__ import annotations

import inspect
from math import gcd
from types import ModuleType

from .. import plugins
from ..crystal.bulk_properties import filled_bands
from ..densities import definitions_for, missing_operators, named
from ..errors import MISSING, UserError, Verbatim, unknown_key
from ..lattice.bloch import GAUGES
from ..lattice.geometries import GEOMETRIES, NUMERALS, SIZES, kinds_in, kinds_with, sizes_in
from ..lattice.lattice import Lattice
from .config_file import argument, axis_values, number, schema


def checked_plugin(kind: str, name: str, path: str) -> ModuleType | plugins.FigureOutline:
    """A plugin, or the outline of a figure; ``path`` is the key that names it.

    Raises
    ------
    UserError
        If there is no such plugin, or the user's file is invalid; the key is ``path``.
    """
    try:
        return plugins.figure(name) if kind == "figures" else plugins.load(kind, name)
    except UserError as error:
        raise UserError(path, error.value, error.allowed, error.hint) from error


def checked_model(config_keys: dict, path: str) -> dict:
    """The model's name and all parameters of its function; omitted ones have their defaults.

    Raises
    ------
    UserError
        If the model or one of its parameters is unknown, missing or of another type.
    """
    if "name" not in config_keys:
        raise UserError(f"{path}.name", MISSING, plugins.available("models"))
    name = config_keys["name"]
    module = checked_plugin("models", name, f"{path}.name")
    parameters = inspect.signature(getattr(module, name)).parameters
    result = {"name": name}
    for key in config_keys:
        if key != "name" and key not in parameters:
            raise unknown_key(path, key, ["name", *parameters])
    for key, parameter in parameters.items():
        if key not in config_keys and parameter.default is parameter.empty:
            raise UserError(f"{path}.{key}", MISSING, "a value, as the model has no default for it")
        result[key] = argument(
            config_keys.get(key, parameter.default), parameter.default, f"{path}.{key}"
        )
    if hasattr(module, "contents"):  # a model of files, whose contents are part of the parameters
        try:
            result["contents"] = module.contents(result)
        except UserError as error:
            raise error.within(path) if error.key in parameters else error from error
    return result


def checked_geometry(config_keys: dict, path: str) -> dict:
    """The keys of a geometry, checked, with numbers as integers.

    Raises
    ------
    UserError
        For a missing key, a key of another kind of geometry, or an invalid value.
    """
    properties = schema()["$defs"]["system"]["properties"]["geometry"]["properties"]
    if "kind" not in config_keys:
        raise UserError(f"{path}.kind", MISSING, properties["kind"]["description"])
    geometry = GEOMETRIES[config_keys["kind"]]
    if not geometry.is_cut:
        for key in config_keys:
            if key != "kind":
                raise UserError(
                    f"{path}.{key}", config_keys[key], f"no such key for the {geometry.kind}"
                )
        return {"kind": geometry.kind}
    sizes = geometry.sizes_of(config_keys)
    _check_keys(config_keys, sizes, properties["direction"]["description"], path)
    for key in sizes:
        if not _is_size(config_keys[key], SIZES[key].least):
            raise UserError(f"{path}.{key}", config_keys[key], SIZES[key].allowed)
    pair = config_keys["direction"]
    if not _is_direction(pair):
        raise UserError(f"{path}.direction", pair, properties["direction"]["description"])
    cut = {"kind": config_keys["kind"], "direction": [int(n) for n in pair]}
    cut |= {key: int(config_keys[key]) for key in sizes}
    trim = config_keys.get("trim", [0, 0])
    if (
        not isinstance(trim, list)
        or len(trim) != 2
        or any(type(n) is not int or n < 0 for n in trim)
    ):
        raise UserError(f"{path}.trim", trim, properties["trim"]["description"])
    if any(trim) and "height" in sizes:
        raise UserError(f"{path}.trim", trim, "this key for ribbons, flat flakes and slabs only")
    return cut | ({"trim": trim} if any(trim) else {})


def _check_keys(config_keys: dict, sizes: tuple[str, ...], direction: str, path: str) -> None:
    """Raise UserError unless a geometry has a direction and these sizes, and no others."""
    for key, allowed in {"direction": direction, **{k: SIZES[k].allowed for k in sizes}}.items():
        if key not in config_keys:
            raise UserError(f"{path}.{key}", MISSING, allowed)
    for key in config_keys:
        if key not in ("kind", "direction", "trim", *sizes):
            words = " or ".join(kinds_with(key)) or "another kind"
            raise UserError(f"{path}.{key}", config_keys[key], f"this key for a {words} only")


def _is_size(value: object, least: int) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value == int(value) and value >= least


def _is_direction(pair: object) -> bool:
    """Whether it is two coprime integers."""
    is_pair = isinstance(pair, list) and len(pair) == 2 and all(type(n) is int for n in pair)
    return is_pair and gcd(*pair) == 1


def lattice_of(system: dict) -> Lattice | None:
    """The lattice of a system's model; None if the model raises UserError, which its job reports.

    Any exception of a user's model is converted to a UserError; other exceptions of packaged models
    are faults of the package and are not caught.
    """
    parameters = dict(system["model"])
    name = parameters.pop("name")
    try:
        lattice = getattr(plugins.load("models", name), name)(**parameters)
    except UserError:
        return None
    return lattice if lattice.orbitals and lattice.dimension else None


def checked_filling(
    config_keys: dict, lattice: Lattice | None, grid: bool, midgap: bool, path: str
) -> dict:
    """The key ``filling`` if the config has it, else no key.

    Raises UserError if the model's bands do not allow it, or if it is missing and an odd number of
    bands requires it, which the gaps of a ``grid`` and the Fermi energy ``midgap`` do.
    """
    keys = {"filling": int(config_keys["filling"])} if "filling" in config_keys else {}
    if lattice is None:
        return keys
    filling = keys.get("filling", lattice.filling)
    # A grid of a model with one band has no gaps and requires no filling.
    if filling is not None or midgap or (grid and len(lattice.orbitals) > 1):
        try:
            filled_bands(lattice, filling)
        except UserError as error:
            raise UserError(f"{path}.filling", error.value, error.allowed) from error
    return keys


def check_dimension(system: dict, lattice: Lattice | None, path: str) -> None:
    """Raise UserError unless the geometry is possible in the model's dimension."""
    cut = system["geometry"]
    geometry = GEOMETRIES[cut["kind"]]
    if lattice is None or not geometry.is_cut or geometry.is_of(lattice.dimension, cut):
        return
    why = f"as the model has {NUMERALS[lattice.dimension]} dimensions"
    kinds = kinds_in(lattice.dimension)
    for key in cut.keys() & set(SIZES) - sizes_in(lattice.dimension):
        raise UserError(f"{path}.geometry.{key}", cut[key], f"no such key, {why} ({kinds})")
    raise UserError(f"{path}.geometry.kind", cut["kind"], f"{kinds}, {why}")


def check_operators(
    lattice: Lattice | None, densities: list[str], definitions: list[str] | None, path: str
) -> None:
    """Raise UserError for a density that the orbitals of a model cannot have.

    Parameters
    ----------
    definitions : of the density; None: the first that the model can have
    """
    if lattice is None:
        return
    for name in densities:
        module = checked_plugin("densities", name, path)
        if getattr(module, "NEEDS_SPIN", False) and not lattice.spins.any():
            error = module.without_spin()
            raise UserError(path, error.value, error.allowed)
        first = definitions_for(module, "ribbon", lattice.operators)[:1]
        for definition in first if definitions is None else definitions:
            for operator in missing_operators(module, definition, lattice.operators):
                known = ", ".join(lattice.operators) or "none"
                allowed = f"a density whose operators the model has: {known}"
                words = Verbatim(f"{name}, which needs the operator {operator}")
                raise UserError(path, words, allowed)


def density_texts(given: object, lattice: Lattice | None, path: str) -> str | list[str]:
    """Densities as texts with their options, one or a list as given.

    Raises
    ------
    UserError
        If there is no such density, or it has no such option; it names ``path``.
    """
    if isinstance(given, list):
        return [str(density_texts(one, lattice, path)) for one in given]
    try:
        return named(given, () if lattice is None else lattice.operators)
    except UserError as error:
        option = error.key.partition(".")[2]
        where = f"{path}.{option}" if option else path
        raise UserError(where, error.value, error.allowed, error.hint) from error


def lattice_of_given(system: dict, shared: dict[str, list]) -> Lattice | None:
    """The lattice of a system of a config before it is checked, None if that fails.

    ``shared`` holds the values of the config's axes, of which the first is taken.
    """
    model = system.get("model")
    if not isinstance(model, dict):
        return None
    try:
        plain = {key: _first(value, shared) for key, value in model.items()}
        return lattice_of({"model": checked_model(plain, "model")})
    except UserError:
        return None


def _first(value: object, shared: dict[str, list]) -> object:
    """The first value of what may be an axis."""
    if isinstance(value, list) and value:
        return value[0]
    if isinstance(value, dict) and set(value) == {"axis"}:
        return shared.get(value["axis"], [None])[0]
    if isinstance(value, dict) and set(value) <= {"linspace", "arange"}:
        return axis_values(value, "model")[0]
    return value


def checked_density(config_keys: dict, kind: str, lattice: Lattice | None, path: str) -> dict:
    """The keys density, definition and gauge for a kind of system, the latter two as lists."""
    module = checked_plugin("densities", config_keys["density"], f"{path}.density")
    operators = () if lattice is None else lattice.operators
    definitions = definitions_for(module, kind, operators)
    keys = {
        "density": config_keys["density"],
        "definition": _names(
            config_keys.get("definition", definitions), definitions, "definition", path
        ),
    }
    # The phase convention applies to Bloch states; a flake has the atomic positions only.
    gauges = GAUGES if GEOMETRIES[kind].periodic else GAUGES[:1]
    keys["gauge"] = _names(config_keys["gauge"], gauges, "gauge", path)
    return keys


def _names(value: object, allowed: tuple[str, ...], key: str, path: str) -> list[str]:
    names = [value] if isinstance(value, str) else list(value)
    for name in names:
        if name not in allowed:
            raise UserError(f"{path}.{key}", name, allowed)
    return names


def checked_numbers(value: object, path: str, words: tuple[str, ...] = ()) -> list:
    """A list of numbers, or of ``words`` that may replace numbers.

    Raises
    ------
    UserError
        If a value is neither, or occurs twice.
    """
    if isinstance(value, dict):
        value = axis_values(value, path)
    if not isinstance(value, list):
        return [value if value in words else number(value, path)]
    numbers = [one if one in words else number(one, f"{path}.{i}") for i, one in enumerate(value)]
    if len(set(numbers)) < len(numbers):
        raise UserError(path, value, "each number only once")
    return numbers
