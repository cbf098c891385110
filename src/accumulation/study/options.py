"""Options of a theory: the signature of its function and the values of a config."""

from __future__ import annotations

import inspect

from .. import plugins
from ..errors import MISSING, UserError, unknown_key
from .config_file import argument, axis_values

# Arguments that are built from the config's model and geometry.
BUILT = ("lattice", "system")


def parameters(theory: str) -> dict[str, inspect.Parameter]:
    """Options of a theory, the arguments of its ``compute`` that are not built from the model."""
    signature = inspect.signature(plugins.load("theory", theory).compute)
    return {name: one for name, one in signature.parameters.items() if name not in BUILT}


def takes(theory: str) -> tuple[str, ...]:
    """Which of ``lattice`` and ``system`` a theory is computed from."""
    arguments = inspect.signature(plugins.load("theory", theory).compute).parameters
    return tuple(name for name in BUILT if name in arguments)


def is_list(parameter: inspect.Parameter) -> bool:
    """Whether a list is one value of the option, not an axis."""
    return isinstance(parameter.default, tuple)


def checked(config_options: dict, theory: str, path: str) -> dict:
    """Every option of a theory; omitted ones have their defaults.

    Raises
    ------
    UserError
        For an unknown option, a missing required option, or a value of the wrong type.
    """
    allowed = parameters(theory)
    for key in config_options:
        if key not in allowed:
            raise unknown_key(path, key, allowed or ["none for this theory"])
    checked_values = {}
    for key, parameter in allowed.items():
        if key in config_options:
            checked_values[key] = _value(config_options[key], parameter, f"{path}.{key}")
        elif parameter.default is parameter.empty:
            raise UserError(f"{path}.{key}", MISSING, "a value, as the theory has no default")
        else:
            checked_values[key] = _plain(parameter.default)
    _own_check(theory, checked_values, path)
    return checked_values


def _own_check(theory: str, options: dict, path: str) -> None:
    """The theory's own check of its options, if it has one."""
    check = getattr(plugins.load("theory", theory), "check", None)
    if check is None:
        return
    try:
        check(**options)
    except UserError as error:
        raise error.within(path) from error


def _plain(default: object) -> object:
    return list(default) if isinstance(default, tuple) else default


def _value(value: object, parameter: inspect.Parameter, path: str) -> object:
    default = parameter.default
    if not isinstance(default, tuple):
        return _single(value, default, path)
    if isinstance(value, dict):
        value = axis_values(value, path)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise UserError(path, value, "at least one value")
    pattern = default[0] if default else 0.0
    return [_single(one, pattern, f"{path}.{i}") for i, one in enumerate(values)]


def _single(value: object, pattern: object, path: str) -> object:
    """A value of the type of ``pattern``."""
    if not isinstance(pattern, int) or isinstance(pattern, bool):
        return argument(value, pattern, path)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise UserError(path, value, "an integer")
    return int(value)
