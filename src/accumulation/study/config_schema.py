"""The JSON schema of a config as a readable file, generated from its typed model."""

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
# Parts that are used once and written in place.
INLINE = ("Model", "Geometry", "Figures")
FIRST = ("$schema", "title", "description", "type", "required", "properties")


class _Plain(GenerateJsonSchema):
    """JSON schema without defaults of None, in which every name of a key is checked."""

    def default_schema(self, schema) -> JsonSchemaValue:
        json_schema = super().default_schema(schema)
        if json_schema.get("default", "") is None and schema["schema"]["type"] != "nullable":
            del json_schema["default"]
        return json_schema

    def dict_schema(self, schema) -> JsonSchemaValue:
        json_schema = super().dict_schema(schema)
        # Without this a name of another pattern could have any value.
        for pattern, values in json_schema.pop("patternProperties", {}).items():
            json_schema["additionalProperties"] = values
            json_schema.setdefault("propertyNames", {})["pattern"] = pattern
        return json_schema


def generated() -> dict[str, Any]:
    """The JSON schema of a config.

    Separate parts, in ``$defs``, are ``system``, ``figure``, ``axis`` and ``number``.
    """
    schema = Config.model_json_schema(schema_generator=_Plain)
    parts = schema.pop("$defs")
    definitions = {
        name.lower(): _plain(part, parts) for name, part in parts.items() if name not in INLINE
    }
    for part in definitions.values():
        part.pop("title", None)  # the name of a class
    schema = {"$schema": DIALECT, **schema, "title": "configuration of a study"}
    return _plain(schema, parts) | {"$defs": definitions}


def text() -> str:
    """The text of the file workflow/schemas/config.schema.yaml."""
    return HEAD + yaml.dump(generated(), Dumper=_Dumper, sort_keys=False, width=100)


def _plain(node: Any, parts: dict[str, dict]) -> Any:
    """A schema with parts that are used once written in place and alternatives merged."""
    if isinstance(node, list):
        return [_plain(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    name = node.get("$ref", "").rpartition("/")[2]
    if name in INLINE:
        part = {key: value for key, value in parts[name].items() if key != "title"}
        node = part | {key: value for key, value in node.items() if key != "$ref"}
    elif name:
        node = node | {"$ref": f"#/$defs/{name.lower()}"}
    node = {
        key: {k: _plain(v, parts) for k, v in value.items()}
        if key == "properties"
        else _plain(value, parts)
        for key, value in node.items()
    }
    node = _merged(node)
    if node.get("additionalProperties") is True:  # the default
        del node["additionalProperties"]
    first = {key: node[key] for key in FIRST if key in node}
    return first | node


def _merged(node: dict) -> dict:
    """Alternatives merged into a list of types, if each has a type and no description."""
    branches = node.get("anyOf", [])
    combined: dict[str, Any] = {"type": []}
    for branch in branches:
        limits = {key: value for key, value in branch.items() if key != "type"}
        if "type" not in branch or set(limits) & ({"description", "const", "enum"} | set(combined)):
            return node
        combined |= limits | {"type": [*combined["type"], branch["type"]]}
    return {k: v for k, v in node.items() if k != "anyOf"} | combined if branches else node


class _Dumper(yaml.SafeDumper):
    """YAML with short lists on one line and without aliases."""

    def ignore_aliases(self, data) -> bool:
        return True


def _sequence(dumper: yaml.SafeDumper, values: list) -> yaml.Node:
    short = all(value is None or isinstance(value, str | int | float) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=short)


_Dumper.add_representer(list, _sequence)
