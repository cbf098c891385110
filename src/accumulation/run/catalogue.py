"""Lists and descriptions of the available models, densities, theories and figures."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from types import ModuleType

from .. import locations, plugins
from ..errors import UserError
from ..study import options

# The commands' words for the kinds of plugins.
KINDS = {"models": "models", "densities": "densities", "theories": "theory", "figures": "figures"}
WIDTH = 100


def listed(word: str) -> list[str]:
    """Two or three lines for each plugin of a kind: name, parameters with units, one line of help.

    Parameters
    ----------
    word : one of ``KINDS``
    """
    kind = KINDS[word]
    lines = []
    for name in [*plugins.available(kind), *_own_names(kind)]:
        path = plugins.path_of(kind, name)
        origin = ", your own file" if plugins.is_own(path) else ""
        if kind == "densities":
            module = plugins.load(kind, name)
            heading = f"{name}  [{module.UNITS}]  definitions: {_definitions(module)}"
            lines += _block(heading, f"{module.LONG_NAME} ({module.EQUATION}){origin}")
            continue
        title = plugins.figure(name).title if kind == "figures" else None
        title = title or _first_line(path, name)
        lines += _block(f"{name}  {_in_words(_parameters(kind, name))}".rstrip(), title + origin)
    lines.append(f"`accumulation {word} NAME` tells all of one.")
    return lines


def described(word: str, name: str) -> list[str]:
    """The complete description of one plugin.

    Raises
    ------
    UserError
        If there is no plugin of that name, or the user's own file is invalid.
    """
    kind = KINDS[word]
    path, module = plugins.path_of(kind, name), plugins.load(kind, name)
    function = getattr(module, plugins.ENTRY[kind] or name)
    lines = [f"{name}, {plugins.SINGULAR[kind]} in {path}", ""]
    lines += [*_text(module), ""] if module.__doc__ else []
    parameters = [] if kind == "densities" else _parameters(kind, name)
    if parameters:
        lines += ["Parameters, with their defaults and units:"]
        lines += [f"  {one}" for one in parameters]
        lines += [""]
    lines += _declared(kind, module)
    if _text(function) and _text(function) != _text(module):
        lines += [f"{function.__name__}():", *(f"  {line}".rstrip() for line in _text(function))]
    return lines


def _declared(kind: str, module: ModuleType) -> list[str]:
    """The declarations of a plugin, in words."""
    lines = []
    if hasattr(module, "EQUATION"):
        lines.append(f"Equations: {module.EQUATION.removeprefix('Eqs. ').removeprefix('Eq. ')}")
    if kind == "densities":
        parity = "even" if module.TIME_REVERSAL == 1 else "odd"
        lines += [f"Long name: {module.LONG_NAME}", f"Units: {module.UNITS}"]
        lines += [f"Definitions: {_definitions(module)}", f"Under time reversal: {parity}"]
        sums = ", ".join(module.NEEDS_ALL_BANDS)
        lines += [f"Definitions that sum over all bands: {sums or 'none'}"]
    if kind == "theory":
        lines += [
            f"Computed from: {', '.join(options.takes(_stem(module))) or 'its options alone'}"
        ]
        lines += ["Variables of its dataset: name (dims) [units] long name, equation"]
        for name, (dims, units, long_name, equation) in module.VARIABLES.items():
            lines.append(f"  {name} ({', '.join(dims)}) [{units}] {long_name}, {equation}")
        lines += ["Identities that it is checked by:"] if module.CHECKS else []
        for name, check in module.CHECKS.items():
            lines.append(f"  {name}: {getattr(check, 'statement', check)}")
    if kind == "figures":
        lines += [f"Reads: {', '.join(module.NEEDS)}"]
        lines += ["Caption:", *textwrap.wrap(getattr(module, "CAPTION", ""), WIDTH)]
    return [*lines, ""] if lines else []


def _stem(module: ModuleType) -> str:
    return Path(module.__file__).stem


def _definitions(module: ModuleType) -> str:
    """Names of a density's definitions by kind of system."""
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in module.DEFINITIONS.items())


def _parameters(kind: str, name: str) -> list[str]:
    """Every parameter of a plugin as ``name=default [unit]``."""
    path = plugins.path_of(kind, name)
    if kind == "figures":
        return _drawing_options(path)
    module = plugins.load(kind, name)
    if kind == "theory":
        parameters = options.parameters(name)
    else:
        parameters = inspect.signature(getattr(module, name)).parameters
    units = getattr(module, "UNITS", {})
    words = []
    for key, one in parameters.items():
        default = "" if one.default is one.empty else f"={_short(one.default)}"
        words.append(f"{key}{default}" + (f" [{units[key]}]" if key in units else ""))
    return words


def _drawing_options(path: Path) -> list[str]:
    """Options of a figure's ``draw``, read from its file without importing matplotlib."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    draw = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "draw")
    plain = [None] * (len(draw.args.args) - len(draw.args.defaults)) + draw.args.defaults
    pairs = [*zip(draw.args.args, plain, strict=True)][1:]
    pairs += zip(draw.args.kwonlyargs, draw.args.kw_defaults, strict=True)
    return [f"{one.arg}={ast.unparse(value)}" if value else one.arg for one, value in pairs]


def _short(value: object) -> str:
    """A default value; long tuples are abbreviated."""
    if isinstance(value, tuple) and len(value) > 4:
        return f"({value[0]!r}, {value[1]!r}, ..., {value[-1]!r})"
    return repr(value)


def _own_names(kind: str) -> list[str]:
    """Names of the user's own files of a kind; unreadable files are left out."""
    names = []
    for folder in locations.own_folders():
        for path in sorted(folder.glob("*.py")):
            try:
                if path == plugins.path_of(kind, path.stem):
                    names.append(path.stem)
            except UserError:
                continue
    return names


def _first_line(path: Path, name: str) -> str:
    """The first line of a file's docstring, or of its function's if the file has none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [tree, *(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)]
    texts = [text for node in nodes if (text := ast.get_docstring(node))]
    return texts[0].splitlines()[0].rstrip(".") if texts else name


def _text(thing: object) -> list[str]:
    return (inspect.getdoc(thing) or "").splitlines()


def _in_words(parameters: list[str]) -> str:
    return ", ".join(parameters)


def _block(heading: str, title: str) -> list[str]:
    return [*textwrap.wrap(heading, WIDTH, subsequent_indent="    "), f"    {title}"]
