"""Parameters of systems as texts by key, and those that differ from the defaults."""

from __future__ import annotations

import inspect
from functools import cache

from .. import plugins
from ..densities import definitions_for
from ..lattice.geometries import GEOMETRIES
from ..study import options
from ..study.config_file import schema
from ..study.stages import of_singles
from . import markup

LONGEST_LIST = 5  # longer lists of numbers are written as "n values from a to b"
# Keys on which the defaults of the others depend.
ALWAYS = ("theory", "model.name", "geometry.kind", "density")


def flat(system: dict, prefix: str = "") -> dict[str, str]:
    """Parameters of a normalised system as texts by dotted key, such as ``model.t2``."""
    texts = {}
    for key, value in system.items():
        if isinstance(value, dict):
            texts |= flat(value, f"{prefix}{key}.")
        else:
            text = text_of(value)
            texts[f"{prefix}{key}"] = f"({text})" if key == "direction" else text
    return texts


def text_of(value: object) -> str:
    """A value of a config as text; long lists of numbers are shortened to their ends."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text_of(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        numbers = _numbers(value)
        if len(numbers) > LONGEST_LIST:
            ends = (markup.number(end) for end in (min(numbers), max(numbers)))
            return f"{len(numbers)} values from {' to '.join(ends)}"
        return ", ".join(text_of(entry) for entry in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return markup.number(value) if isinstance(value, int | float) else str(value)


def _numbers(values: list | tuple) -> list[float]:
    """The values, which may be texts of exact decimals, as numbers; [] if one is not a number."""
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        return []


def default_texts(texts: dict[str, str]) -> dict[str, str]:
    """Defaults of a system's keys as texts; they depend on the keys ALWAYS."""
    return _defaults(*(texts.get(key) for key in ALWAYS))


@cache
def _defaults(
    theory: str | None, model: str | None, kind: str | None, density: str | None
) -> dict[str, str]:
    """Values of the keys that a config leaves out, if they have a default."""
    properties = schema()["$defs"]["system"]["properties"]
    defaults = {key: node["default"] for key, node in properties.items() if "default" in node}
    if theory is not None:
        defaults = {"options": _arguments(options.parameters(theory)), "points_per_job": 1}
    elif density is None:
        defaults = {}
    else:
        defaults["definition"] = definitions_for(plugins.load("densities", density), kind)
    if kind is not None and not GEOMETRIES[kind].periodic:
        defaults = {k: v for k, v in defaults.items() if k not in ("k", "keep_eigenvectors")}
    if model is not None:
        function = getattr(plugins.load("models", model), model)
        defaults["model"] = _arguments(inspect.signature(function).parameters)
    return flat(defaults)


def _arguments(parameters: dict) -> dict:
    """Defaults of a function's arguments."""
    return {
        key: parameter.default
        for key, parameter in parameters.items()
        if parameter.default is not parameter.empty
    }


def same_text(text: str, default: str | None) -> bool:
    """Whether a text equals the default, apart from the order of its names."""
    return default is not None and sorted(text.split(", ")) == sorted(default.split(", "))


def system_row(name: str, texts: dict[str, str]) -> dict:
    """Row of the table of systems: the parameters that are not default, by column, and all keys."""
    defaults = default_texts(texts)
    changed = {k: v for k, v in texts.items() if not same_text(v, defaults.get(k))}
    parts = {"model": {}, "geometry": {}, "other": {}}
    for key, text in changed.items():
        part, _, rest = key.partition(".")
        is_part = bool(rest) and part in parts
        key = key.removeprefix("options.")
        parts[part if is_part else "other"][rest if is_part else key] = text
    row = {"name": name, "chosen": texts}
    for part, pairs in parts.items():
        row[part] = [(key, text) for key, text in pairs.items() if key not in ("name", "kind")]
    everything = sorted((defaults | texts).items(), key=_rank)
    row["all"] = [(key, text, key not in changed) for key, text in everything]
    return row


def _rank(entry: tuple[str, str]) -> tuple[int, bool]:
    """Sort key of a parameter: the order in which the stages use the keys, names first."""
    order = [key for stage in of_singles() for key in stage.uses]
    part, _, rest = entry[0].partition(".")
    return order.index(part) if part in order else len(order), rest not in ("name", "kind")
