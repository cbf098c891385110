"""Pages of the API reference: every public function and class of the package with its docstring.

The package is walked, so no module is listed by hand.
"""

from __future__ import annotations

import inspect
import re
from types import ModuleType

from docstring_text import markdown
from equation_index import modules, short

import accumulation

TOP = "top"  # page of the modules that lie in no room of the package
TITLE = "Modules that lie in no room of the package"


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown: one a subpackage, one for the rest, and ``index``."""
    rooms: dict[str, list[ModuleType]] = {TOP: []}
    for module in modules():
        parts = short(module.__name__).split(".")
        room = parts[0] if len(parts) > 1 or hasattr(module, "__path__") else TOP
        rooms.setdefault(room, []).append(module)
    written = {room: _page(room, members) for room, members in rooms.items()}
    return {"index": _index(rooms), **written}


def anchor(name: str) -> str:
    """Label of a module's or a function's heading, ``name`` without that of the package."""
    # A class and a function may differ in a capital letter only, which labels do not see.
    return (
        "api-"
        + re.sub(r"[^a-z0-9]+", "-", re.sub(r"([A-Z])", r".\1", name).lower())
        + ("-class" if name.rpartition(".")[2][:1].isupper() else "")
    )


def names() -> set[str]:
    """Every module, function, class and method that has a heading of its own."""
    found = set()
    for module in modules():
        own = short(module.__name__)
        found |= {own}
        for label, value in public(module):
            found |= {f"{own}.{label}"}
            if inspect.isclass(value):
                found |= {f"{own}.{label}.{name}" for name, _, _ in methods(value)}
    return found


def public(module: ModuleType) -> list[tuple[str, object]]:
    """Public functions and classes that a module defines itself, in the order of its text."""
    members = [
        (name, value)
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name.isidentifier()  # pydantic adds classes such as RootModel[int]
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]
    return sorted(members, key=lambda one: inspect.getsourcelines(inspect.unwrap(one[1]))[1])


def _index(rooms: dict[str, list[ModuleType]]) -> str:
    lines = [
        "# API reference",
        "",
        "Generated from the docstrings of the package. What is public, and what may change without",
        "notice, is listed in [stability](../stability.md).",
        "",
        "| name | what it is |",
        "|---|---|",
    ]
    for name in accumulation.__all__:
        value = getattr(accumulation, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            place = anchor(f"{short(value.__module__)}.{value.__name__}")
            lines.append(f"| [`accumulation.{name}`](#{place}) | {_cell(value)} |")
    lines += ["", "```{toctree}", ":maxdepth: 2", "", *sorted(rooms), "```", ""]
    return "\n".join(lines)


def _cell(value: object) -> str:
    first = (inspect.getdoc(value) or "").split("\n\n")[0].split("\n")[0]
    return " ".join(markdown(first))


def _page(room: str, members: list[ModuleType]) -> str:
    title = TITLE if room == TOP else f"{accumulation.__name__}.{room}"
    lines = [f"# {title}", ""]
    for module in members:
        own = short(module.__name__)
        lines += [f"({anchor(own)})=", f"## `{module.__name__}`", "", *markdown(module.__doc__)]
        for name, value in public(module):
            lines += [f"({anchor(f'{own}.{name}')})=", f"### `{name}`", ""]
            lines += _signature(name, value) + markdown(inspect.getdoc(value))
            if inspect.isclass(value):
                lines += _methods(own, value)
    return "\n".join(lines)


def methods(cls: type) -> list[tuple[str, object, bool]]:
    """Public methods and properties with a docstring: name, function, and whether it is called."""
    found = []
    for name, value in vars(cls).items():
        function = getattr(value, "fget", None) or getattr(value, "func", None) or value
        function = getattr(function, "__func__", function)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            called = function is value or isinstance(value, classmethod | staticmethod)
            found.append((name, function, called))
    return found


def _methods(own: str, cls: type) -> list[str]:
    lines = []
    for name, function, called in methods(cls):
        label = f"{cls.__name__}.{name}"
        lines += [f"({anchor(f'{own}.{label}')})=", f"**`{label}`**", ""]
        lines += _signature(label, function) if called else []
        lines += markdown(inspect.getdoc(function))
    return lines


def _signature(name: str, value: object) -> list[str]:
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return []
    result = _plain(str(found.replace(parameters=[]))).removeprefix("()")
    parameters = [_plain(str(one)) for one in found.parameters.values()]
    text = f"{name}({', '.join(parameters)}){result}"
    if len(text) > 96:
        text = f"{name}(\n    " + ",\n    ".join(parameters) + f",\n){result}"
    return ["```{code-block} text", ":class: signature", "", text, "```", ""]


def _plain(text: str) -> str:
    """A part of a signature: annotations, which are texts, without their quotes."""
    text = re.sub(r"<(\w[\w.]*) object at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)
