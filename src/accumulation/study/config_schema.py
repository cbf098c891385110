"""The schema of a config as a file that people read too, from the typed model of it."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from .config_model import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"
HEAD = """\
# What a config may hold, for editors and for the check of every config.  `title` is what a key
# means, `description` what is allowed.  Written by `python docs/generators` from
# src/accumulation/study/config_model.py: edit that file, not this one.
"""
# Parts that stand once and are read where they stand.
INLINE = ("Model", "Geometry", "Figures")
FIRST = ("$schema", "title", "description", "type", "required", "properties")


class _Plain(GenerateJsonSchema):
    """No defaults that are none, and every name of a key checked."""

    def default_schema(self, schema) -> JsonSchemaValue:
        json_schema = super().default_schema(schema)
        if json_schema.get("default", "") is None and schema["schema"]["type"] != "nullable":
            del json_schema["default"]
        return json_schema

    def dict_schema(self, schema) -> JsonSchemaValue:
        json_schema = super().dict_schema(schema)
        # By itself it would let a name of another pattern hold anything.
        for pattern, values in json_schema.pop("patternProperties", {}).items():
            json_schema["additionalProperties"] = values
            json_schema.setdefault("propertyNames", {})["pattern"] = pattern
        return json_schema


def generated() -> dict[str, Any]:
    """The JSON schema of a config.

    Parts of their own, in ``$defs``, are ``system``, ``figure``, ``axis`` and ``number``.
    """
    whole = Config.model_json_schema(schema_generator=_Plain)
    parts = whole.pop("$defs")
    kept = {name.lower(): _plain(part, parts) for name, part in parts.items() if name not in INLINE}
    for part in kept.values():
        part.pop("title", None)  # the name of a class
    whole = {"$schema": DIALECT, **whole, "title": "configuration of a study"}
    return _plain(whole, parts) | {"$defs": kept}


def text() -> str:
    """The same as the file workflow/schemas/config.schema.yaml."""
    return HEAD + yaml.dump(generated(), Dumper=_Dumper, sort_keys=False, width=100)


def _plain(node: Any, parts: dict[str, dict]) -> Any:
    """A schema of few steps: parts that stand once in their place, alternatives merged."""
    if isinstance(node, list):
        return [_plain(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    name = node.get("$ref", "").rpartition("/")[2]
    if name in INLINE:
        own = {key: value for key, value in parts[name].items() if key != "title"}
        node = own | {key: value for key, value in node.items() if key != "$ref"}
    elif name:
        node = node | {"$ref": f"#/$defs/{name.lower()}"}
    node = {
        key: {k: _plain(v, parts) for k, v in value.items()}
        if key == "properties"
        else _plain(value, parts)
        for key, value in node.items()
    }
    node = _merged(node)
    if node.get("additionalProperties") is True:  # as without
        del node["additionalProperties"]
    first = {key: node[key] for key in FIRST if key in node}
    return first | node


def _merged(node: dict) -> dict:
    """Alternatives as a list of types, where each has its type and no words of its own."""
    branches = node.get("anyOf", [])
    known: dict[str, Any] = {"type": []}
    for branch in branches:
        limits = {key: value for key, value in branch.items() if key != "type"}
        if "type" not in branch or set(limits) & ({"description", "const", "enum"} | set(known)):
            return node
        known |= limits | {"type": [*known["type"], branch["type"]]}
    return {k: v for k, v in node.items() if k != "anyOf"} | known if branches else node


class _Dumper(yaml.SafeDumper):
    """Names and short lists in one line, and nothing by reference."""

    def ignore_aliases(self, data) -> bool:
        return True


def _sequence(dumper: yaml.SafeDumper, values: list) -> yaml.Node:
    short = all(value is None or isinstance(value, str | int | float) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=short)


_Dumper.add_representer(list, _sequence)
