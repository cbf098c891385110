"""Every public function has a docstring, which gives the shapes of its arrays and its errors."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap

import pytest

import accumulation
from accumulation import plugin_api

MODULES = [
    found.name
    for found in pkgutil.walk_packages(accumulation.__path__, "accumulation.")
    if not found.name.rpartition(".")[2].startswith("_")
]
# Rooms in which every array is described, beside those of the public names.
ROOMS = ("crystal", "densities", "lattice", "responses", "states", "symmetry")
_SIZE = r"(\.\.\.|\w+( [-*] \w+)?)"
SHAPE = re.compile(rf"\({_SIZE}(, {_SIZE})*,?\)")


def functions_of(value, label):
    """A function, or the public functions and properties of a class, each with a label."""
    if inspect.isfunction(value):
        yield label, inspect.unwrap(value)
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        member = getattr(member, "fget", None) or getattr(member, "func", None) or member
        member = getattr(member, "__func__", member)
        if not inspect.isfunction(member) or name.startswith("_"):
            continue
        # Without functions that other packages put into a class.
        if member.__module__ == value.__module__ and member.__name__ == name:
            yield f"{label}.{name}", member


def public_values(module):
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__:
            yield f"{module.__name__.removeprefix('accumulation.')}.{name}", value


PUBLIC = {f"acc.{name}": getattr(accumulation, name) for name in accumulation.__all__}
PUBLIC |= {f"plugin_api.{name}": getattr(plugin_api, name) for name in plugin_api.__all__}
VALUES = {
    label: value
    for name in MODULES
    for label, value in public_values(importlib.import_module(name))
}
FUNCTIONS = dict(pair for label, value in VALUES.items() for pair in functions_of(value, label))


def arrays():
    """(label, docstring, array): parameters of functions and fields of classes that are arrays."""
    rooms = {label: value for label, value in VALUES.items() if label.split(".")[0] in ROOMS}
    for label, value in (PUBLIC | rooms).items():
        described = [*functions_of(value, label), *([(label, value)] * inspect.isclass(value))]
        for name, member in described:
            hints = getattr(member, "__annotations__", {})
            docstring = " ".join(inspect.getdoc(member).split())
            for argument, hint in hints.items():
                if argument != "return" and re.match(r"np\.ndarray\b", str(hint)):
                    yield name, docstring, argument


def has_shape(docstring: str, array: str) -> bool:
    """Whether an array is described with a shape: ``x, y : (row,)``, ``matrix`` (k, band, band)."""
    mention = re.compile(
        rf"\b{array}\b`*(, *\w+)*( and `*\w+`*)?( :|:)? *(float |int |bool |complex |str )?"
    )
    return any(SHAPE.match(docstring, match.end()) for match in mention.finditer(docstring))


def raises_user_error(function) -> bool:
    """Whether a function has a ``raise UserError``, functions inside it aside."""
    pending = list(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Raise) and "UserError" in ast.unparse(node):
            return True
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)
    return False


def test_every_public_function_and_class_has_a_docstring():
    without = [name for name, value in (VALUES | FUNCTIONS).items() if callable(value)]
    without = [name for name in without if not inspect.getdoc((VALUES | FUNCTIONS)[name])]
    assert without == []
    assert len(FUNCTIONS) > 500


def test_functions_that_raise_a_user_error_say_so():
    raising = [name for name, function in FUNCTIONS.items() if raises_user_error(function)]
    assert [name for name in raising if "UserError" not in FUNCTIONS[name].__doc__] == []
    assert len(raising) > 60


def test_arrays_are_described_with_their_shapes():
    described = list(arrays())
    assert [(name, array) for name, text, array in described if not has_shape(text, array)] == []
    assert len(described) > 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x, y : (row,), in a", True),
        ("values of ``x`` (..., row)", True),
        ("x : in t0", False),
        ("x : (label,) of each panel", True),
        ("x : (interval, band - 1) bool", True),
        ("positions (row,), x : of the module (k)", False),
        ("box : (row,)", False),
    ],
)
def test_check_tells_shapes_from_words(text, expected):
    assert has_shape(text, "x") is expected
