"""Tables of the references: keys of a config, from its model; variables, from their declarations.

A page holds ``<!-- table: NAME -->`` and ``<!-- end -->``; what stands between them is written
here, so that keys, meanings, allowed values, defaults, units and equations are declared once.
"""

from __future__ import annotations

import json
import re

from accumulation.datasets import variables as dataset
from accumulation.study import config_schema

_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """The page with every table written anew."""
    schema = config_schema.generated()
    parts = {"study": schema, **{name: schema["$defs"][name] for name in ("system", "figure")}}
    head = ("key", "meaning", "allowed", "default")
    tables = {name: table(head, rows(schema, part)) for name, part in parts.items()}
    tables["variables"] = table(
        ("variable", "dimensions", "unit", "what it is", "equation"), variables()
    )
    return _BLOCK.sub(lambda m: f"{m[1]}{tables[m[2]]}\n{m[3]}", page)


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Markdown table."""
    every = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in every)


def variables() -> list[tuple[str, ...]]:
    """Name, dimensions, unit, meaning and equation of every variable of the stages' datasets."""
    return [
        (f"`{name}`", ", ".join(dims), units, long_name, equation)
        for name, (dims, units, long_name, equation) in dataset.VARIABLES.items()
    ]


def rows(schema: dict, part: dict, prefix: str = "") -> list[tuple[str, str, str, str]]:
    """Key, meaning, allowed and default of every key."""
    found = []
    for key, own in part.get("properties", {}).items():
        value = resolved(schema, own)
        required = key in part.get("required", ())
        inner = value.get("properties", {}) if "$ref" not in own else {}
        default = "required" if required else _default(value)
        found.append((f"`{prefix}{key}`", own["title"], value["description"], default))
        if inner:
            found += rows(schema, value, f"{prefix}{key}.")
    return found


def resolved(schema: dict, part: dict) -> dict:
    """A part with what it refers to beneath it, its own words over those of the reference."""
    if "$ref" not in part:
        return part
    target = schema
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**target, **part}


def _default(value: dict) -> str:
    return f"`{json.dumps(value['default'])}`" if "default" in value else ""


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
