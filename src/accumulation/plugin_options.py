"""Options of a density: ``spin(component=y)`` is the density ``spin`` with an option of its kernel.

The text is how a density with options is named everywhere: in configs, attributes of datasets and
names of theories' columns.  A mapping ``{name: spin, component: y}`` means the same.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import ModuleType

from .errors import UserError, Verbatim, unknown_key

_TEXT = re.compile(r"(\w+)(?:\((.*)\))?$")
_VALUE = re.compile(r"[\w.+-]+$")
WRITTEN = "a name, NAME(option=value), or {name: NAME, option: value}"


def split(text: str) -> tuple[str, dict]:
    """Name and options of ``NAME(option=value, ...)``; numbers become numbers.

    Raises
    ------
    UserError
        For a text of another form.
    """
    match = _TEXT.match(text.strip())
    if match is None:
        raise UserError("density", text, WRITTEN)
    options: dict[str, object] = {}
    for entry in filter(None, (one.strip() for one in (match[2] or "").split(","))):
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not key.isidentifier() or not _VALUE.match(value) or key in options:
            raise UserError("density", text, WRITTEN)
        options[key] = _number(value)
    return match[1], options


def base_name(text: str) -> str:
    """The name before the options."""
    return text.partition("(")[0].strip()


def joined(name: str, options: Mapping) -> str:
    """The text of a name with options, in the order of their names."""
    if not options:
        return name
    return f"{name}({', '.join(f'{key}={options[key]}' for key in sorted(options))})"


def short_name(text: str) -> str:
    """A density's name for names of files: ``spin_y`` of ``spin(component=y)``."""
    name, options = split(text)
    values = [re.sub(r"\W", "_", str(options[key])) for key in sorted(options)]
    return "_".join(values if name == "operator" else [name, *values])


def as_text(given: object) -> str:
    """A density given as a text or a mapping, as a text.

    Raises
    ------
    UserError
        For anything else.
    """
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise UserError("density", given, WRITTEN)
    return joined(given["name"], {str(k): v for k, v in given.items() if k != "name"})


def parameters(module: ModuleType | WithOptions) -> dict[str, object]:
    """Options of a density's kernel with their defaults."""
    kernel = module.kernel_with_options if isinstance(module, WithOptions) else module.kernel
    signature = list(inspect.signature(kernel).parameters.values())[2:]
    return {option.name: option.default for option in signature}


class WithOptions:
    """A density's module with options: its declarations, and a kernel that has them.

    A module may have ``texts(**options)``, which returns declarations that depend on them.
    """

    def __init__(self, module: ModuleType, name: str, options: dict):
        self._module, self._options = module, checked(module, name, options)
        texts = getattr(module, "texts", None)
        for key, value in (texts(**self._options) if texts else {}).items():
            setattr(self, key, value)

    def __getattr__(self, name: str):
        return getattr(self._module, name)

    @property
    def kernel_with_options(self):
        """The module's kernel, which takes the options."""
        return self._module.kernel

    def kernel(self, states, definition: str):
        """The module's kernel with the options."""
        return self._module.kernel(states, definition, **self._options)

    def needs(self, definition: str) -> tuple[str, ...]:
        """Operators on the orbitals of a site that a definition needs."""
        function = getattr(self._module, "needs", None)
        return function(definition, **self._options) if function else ()

    def in_units(self, definition: str, units: str) -> bool:
        """Whether a definition exists for a model in these units."""
        function = getattr(self._module, "in_units", None)
        return function(definition, units, **self._options) if function else True


def checked(module: ModuleType | WithOptions, name: str, options: dict) -> dict:
    """The options, those left out at their defaults.

    Raises
    ------
    UserError
        For an option that the kernel does not have, or that is of another kind.
    """
    known = parameters(module)
    choices = getattr(module, "CHOICES", {})
    result = {}
    for key in options:
        if key not in known:
            raise unknown_key(f"density {name}", key, list(known))
    for key, default in known.items():
        value = options.get(key, default)
        if value is inspect.Parameter.empty:
            allowed = choices.get(key, "a value, as it has no default")
            raise UserError(f"density {name}.{key}", Verbatim("missing"), allowed)
        if key in choices and value not in choices[key]:
            raise UserError(f"density {name}.{key}", value, choices[key])
        if isinstance(default, float) and not isinstance(value, int | float):
            raise UserError(f"density {name}.{key}", value, "a number")
        result[key] = value
    return result


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
