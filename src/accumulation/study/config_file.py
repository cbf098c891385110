"""Reading a config and checking it against the schema; a fault raises one :class:`UserError`."""

from __future__ import annotations

import ast
import math
import operator
from functools import cache
from pathlib import Path

import yaml

from ..errors import MISSING, UserError, closest, unknown_key
from ..locations import SCHEMA
from .grid import arange, linspace

NUMBER = "a finite number such as 0.5, or one written as 'pi/2'"


@cache
def schema() -> dict:
    """The schema of a config, as a mapping."""
    with open(SCHEMA, encoding="utf-8") as file:
        return yaml.safe_load(file)


class _Strict(yaml.SafeLoader):
    """YAML loader that refuses duplicate keys; the plain loader keeps the last one."""

    def construct_mapping(self, node, deep=False):
        earlier_keys = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in earlier_keys:
                where = f"line {key_node.start_mark.line + 1}"
                raise UserError(key, f"it twice ({where})", "a key only once", source=self.name)
            earlier_keys.add(str(key))
        return super().construct_mapping(node, deep)


def read(path: str | Path) -> dict:
    """A config file as a mapping.

    Raises
    ------
    UserError
        If the file does not exist, is not YAML, or has a duplicate key.
    """
    try:
        with open(path, encoding="utf-8") as file:
            config = yaml.load(file, Loader=_Strict)
    except OSError as error:
        raise UserError(str(path), error.strerror, "a config file that can be read") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(str(path), reason, "a valid YAML file") from error
    if not isinstance(config, dict):
        raise UserError(str(path), config, schema()["description"])
    return config


def check_structure(config: dict, source: str) -> None:
    """Compare a config with the schema.

    Raises
    ------
    UserError
        For the first fault: an unknown or missing key, or a value of the wrong type or range.
    """
    from jsonschema import Draft202012Validator

    faults = sorted(
        Draft202012Validator(schema()).iter_errors(config), key=lambda f: list(map(str, f.path))
    )
    if faults:
        raise _user_error(faults[0], source)


def _specific_fault(fault):
    """The fault of the closest alternative, for a value that matches none of several alternatives.

    The closest one has the type of the value; among several, the fewest faults.
    """
    while fault.validator == "anyOf":
        branches: dict[int, list] = {}
        for inner in fault.context:
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        kinds = ("type", "const")
        same_type = [
            faults
            for faults in branches.values()
            if not any(inner.validator in kinds and not inner.relative_path for inner in faults)
        ]
        if not same_type:
            break
        fault = min(same_type, key=len)[0]
    return fault


def _user_error(fault, source: str) -> UserError:
    """One sentence for a fault reported by jsonschema."""
    fault = _specific_fault(fault)
    path = ".".join(str(step) for step in fault.absolute_path)
    if fault.validator == "additionalProperties":
        names = fault.schema["properties"]
        name = next(str(key) for key in fault.instance if key not in names)
        error = unknown_key(path, name, names)
    elif fault.validator == "required":
        name = next(key for key in fault.validator_value if key not in fault.instance)
        allowed = fault.schema["properties"][name]["description"]
        error = UserError(f"{path}.{name}" if path else name, MISSING, allowed)
    elif fault.parent is not None and fault.parent.validator == "propertyNames":
        error = UserError(
            path or "config", fault.instance, fault.parent.validator_value["description"]
        )
    else:
        allowed = fault.schema.get("description") or _outer_description(fault)
        hint = closest(str(fault.instance), map(str, fault.schema.get("enum", [])))
        error = UserError(path or "config", fault.instance, allowed, hint)
    error.source = source
    return error


def _outer_description(fault) -> str:
    while fault.parent is not None:
        fault = fault.parent
        if "description" in fault.schema:
            return fault.schema["description"]
    return schema()["description"]


def number(value: object, key: str) -> float:
    """A number of the config as a float; arithmetic such as ``"-2*pi/3"`` is evaluated.

    Raises
    ------
    UserError
        If it is not a number or arithmetic, or is not finite; true and false are not numbers.
    """
    result = None
    if isinstance(value, str):
        try:
            result = _evaluate(ast.parse(value.strip(), mode="eval").body)
        except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError):
            result = None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = None
    if result is None or not math.isfinite(result):
        raise UserError(key, value, NUMBER)
    return result + 0.0  # no negative zero, which would be a different parameter from zero


def argument(value: object, default: object, key: str) -> object:
    """An argument of a plugin's function: a number unless its default is a text or a boolean.

    Raises
    ------
    UserError
        If it is not of the default's type.
    """
    for kind, words in ((bool, "true or false"), (str, "a text")):
        if isinstance(default, kind):
            if not isinstance(value, kind):
                raise UserError(key, value, words)
            return value
    return number(value, key)


_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def _evaluate(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Name(id="pi"):
            return math.pi
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]):
            return math.sqrt(_evaluate(argument))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_evaluate(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_evaluate(left), _evaluate(right))
    raise ValueError("not arithmetic of numbers and pi")


AXIS = "a list, {linspace: [start, stop, number]}, {arange: [start, stop, step]} or {axis: NAME}"


def axis_values(value: object, key: str) -> list:
    """Values of a grid's axis: a list unchanged, linspace and arange evaluated.

    Raises
    ------
    UserError
        If it is none of these, is empty, or repeats a value.
    """
    if isinstance(value, list):
        values = value
    elif isinstance(value, dict) and set(value) in ({"linspace"}, {"arange"}):
        (kind, limits), *_ = value.items()
        values = _spaced(kind, limits, f"{key}.{kind}")
    else:
        raise UserError(key, value, AXIS)
    texts = [repr(one) for one in values]
    if not values or len(set(texts)) < len(texts):
        raise UserError(key, value, "a non-empty list, each value once")
    return values


def _spaced(kind: str, limits: object, key: str) -> list[float]:
    words = (
        "three numbers: start, stop and "
        + {
            "linspace": "how many (an integer of at least 2)",
            "arange": "step (not 0, and towards stop)",
        }[kind]
    )
    if not isinstance(limits, list) or len(limits) != 3:
        raise UserError(key, limits, words)
    start, stop, third = (number(one, f"{key}.{i}") for i, one in enumerate(limits))
    if kind == "linspace":
        if third < 2 or third != int(third):
            raise UserError(key, limits, words)
        return linspace(start, stop, int(third))
    if third == 0 or (stop - start) / third < 0:
        raise UserError(key, limits, words)
    return arange(start, stop, third)
