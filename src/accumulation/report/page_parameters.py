"""Parameters of systems as a page shows them: texts by key, and which are not the default."""

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

LONGEST_LIST = 5  # numbers that are written out; more are "n values from a to b"
# What the other defaults depend on.
ALWAYS = ("theory", "model.name", "geometry.kind", "density")
# Ends and number of points of an axis that a config gives as a mapping.
AXIS = (("from", "start", "min"), ("to", "stop", "max"), ("values", "points", "count", "num", "n"))


def flat(system: dict, prefix: str = "") -> dict[str, str]:
    """Keys of a normalised system as the config's readers know them, ``model.t2``, and values."""
    texts = {}
    for key, value in system.items():
        if isinstance(value, dict) and _axis(value) is None:
            texts |= flat(value, f"{prefix}{key}.")
        else:
            text = text_of(value)
            texts[f"{prefix}{key}"] = f"({text})" if key == "direction" else text
    return texts


def _axis(value: dict) -> str | None:
    """Words for a mapping that describes an axis, None if it is another mapping."""
    ends = [next((value[k] for k in names if k in value), None) for names in AXIS]
    if None in ends:
        return None
    return f"{ends[2]} values from {text_of(ends[0])} to {text_of(ends[1])}"


def text_of(value: object) -> str:
    """A value of a config as it is read; long lists of numbers by their ends."""
    if isinstance(value, dict):
        return _axis(value) or ", ".join(f"{key}: {text_of(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        numbers = _numbers(value)
        if len(numbers) > LONGEST_LIST:
            ends = (markup.number(end) for end in (min(numbers), max(numbers)))
            return f"{len(numbers)} values from {' to '.join(ends)}"
        return ", ".join(text_of(one) for one in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return markup.number(value) if isinstance(value, int | float) else str(value)


def _numbers(values: list | tuple) -> list[float]:
    """The values as numbers, which exact decimals may be written as texts; [] if one is not."""
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        return []


def usual_of(own: dict[str, str]) -> dict[str, str]:
    """The defaults of a system's keys, as texts; they depend on the keys ALWAYS."""
    return _defaults(*(own.get(key) for key in ALWAYS))


@cache
def _defaults(
    theory: str | None, model: str | None, kind: str | None, density: str | None
) -> dict[str, str]:
    """What a system has for the keys that its config leaves out, as far as there is a default."""
    properties = schema()["$defs"]["system"]["properties"]
    usual = {key: node["default"] for key, node in properties.items() if "default" in node}
    if theory is not None:
        usual = {"options": _arguments(options.parameters(theory)), "points_per_job": 1}
    elif density is None:
        usual = {}
    else:
        usual["definition"] = definitions_for(plugins.load("densities", density), kind)
    if kind is not None and not GEOMETRIES[kind].periodic:
        usual = {k: v for k, v in usual.items() if k not in ("k", "keep_eigenvectors")}
    if model is not None:
        function = getattr(plugins.load("models", model), model)
        usual["model"] = _arguments(inspect.signature(function).parameters)
    return flat(usual)


def _arguments(parameters: dict) -> dict:
    """Defaults of a function's arguments."""
    return {key: one.default for key, one in parameters.items() if one.default is not one.empty}


def same_text(text: str, default: str | None) -> bool:
    """Whether a text is the default's, in whatever order their names stand."""
    return default is not None and sorted(text.split(", ")) == sorted(default.split(", "))


def system_row(name: str, own: dict[str, str]) -> dict:
    """A row of the table of systems: what was chosen by column, and all the keys."""
    usual = usual_of(own)
    chosen = {k: v for k, v in own.items() if not same_text(v, usual.get(k))}
    parts = {"model": {}, "geometry": {}, "other": {}}
    for key, text in chosen.items():
        part, _, rest = key.partition(".")
        known = bool(rest) and part in parts
        key = key.removeprefix("options.")
        parts[part if known else "other"][rest if known else key] = text
    row = {"name": name, "chosen": own}
    for part, pairs in parts.items():
        row[part] = [(key, text) for key, text in pairs.items() if key not in ("name", "kind")]
    everything = sorted((usual | own).items(), key=_rank)
    row["all"] = [(key, text, key not in chosen) for key, text in everything]
    return row


def _rank(entry: tuple[str, str]) -> tuple[int, bool]:
    """Place of a key among all: in the order in which the stages use them, names first."""
    order = [key for stage in of_singles() for key in stage.uses]
    part, _, rest = entry[0].partition(".")
    return order.index(part) if part in order else len(order), rest not in ("name", "kind")
