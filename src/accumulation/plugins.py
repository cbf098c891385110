"""Models, densities, theories and figures, found by name: the name of a file is its config name.

A file ``models/NAME.py`` (or ``densities/``, ``theory/``, ``figures/``) needs no registration.  The
user's file ``NAME.py`` is found beside the config, or else in the folder where the workflow runs.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from . import locations, plugin_checks, plugin_options
from .errors import UserError, Verbatim, closest

# The function that a file of each kind must define; None: the function has the name of the file.
ENTRY = {"models": None, "densities": "kernel", "theory": "compute", "figures": "draw"}
# Optional declarations of a figure about its systems and options (see figure_checks).
DECLARED = (
    *("SYSTEMS", "KINDS", "KINDS_IN_TURN", "THEORY", "THEORY_IN_TURN", "AXES", "AXIS"),
    *("CHOICES", "LENGTHS", "LEAST", "COMPUTED"),
)
REQUIRED = object()  # stands for the default of an option without one
LISTED = 8  # names that an error lists, the most similar first
SINGULAR = {"models": "model", "densities": "density", "theory": "theory", "figures": "figure"}


def available(kind: str) -> list[str]:
    """Names of the packaged plugins of a kind."""
    folder = Path(__file__).parent / kind
    return sorted(path.stem for path in folder.glob("*.py") if _defines(path, kind))


def path_of(kind: str, name: str) -> Path:
    """Path of the plugin ``name``, of the package or the user.

    Raises
    ------
    UserError
        If there is no such file, the user's file lacks the function of its kind, or both the
        package and the user have one.
    """
    if kind == "densities" and isinstance(name, str):
        name = plugin_options.base_name(name)
    if isinstance(name, str) and name.isidentifier():
        packaged = Path(__file__).parent / kind / f"{name}.py"
        if packaged.is_file() and _defines(packaged, kind):
            _refuse_namesake(kind, name, packaged)
            return packaged
        for own_path in (folder / f"{name}.py" for folder in locations.own_folders()):
            if not own_path.is_file():
                continue
            if not _defines(own_path, kind):
                expected_function = f"a file that defines a function {ENTRY[kind] or name}()"
                raise UserError(SINGULAR[kind], f"{name}.py", expected_function)
            return own_path
    names = available(kind)
    shown = get_close_matches(str(name), names, LISTED, cutoff=0.0)
    others = len(names) - len(shown)
    shown.append(f"{others} more in src/accumulation/{kind}/" if others else "")
    allowed = f"{', '.join(filter(None, shown))}, or your own file NAME.py beside the config"
    raise UserError(SINGULAR[kind], name, allowed, closest(str(name), names))


def _refuse_namesake(kind: str, name: str, packaged: Path) -> None:
    """Refuse a user's file that has the name of a packaged one: either could be meant."""
    for folder in locations.own_folders():
        own_path = folder / f"{name}.py"
        if own_path.is_file() and own_path != packaged and _defines(own_path, kind):
            both = Verbatim(f"{name}, which is your file {own_path} and also in the package")
            raise UserError(SINGULAR[kind], both, "one of them only: give your file another name")


def load(kind: str, name: str) -> Any:
    """The module of a model, density, theory or figure; of a density with options, with them.

    Raises
    ------
    UserError
        If the name is unknown (the error lists the known names), the user's file cannot be
        imported, or it lacks a declaration of its kind.
    """
    path = path_of(kind, name)
    if kind == "densities":
        name, options = plugin_options.split(name)
        if options or hasattr(_module(kind, name, path), "needs"):
            return plugin_options.WithOptions(_module(kind, name, path), name, options)
    return _module(kind, name, path)


def _module(kind: str, name: str, path: Path) -> ModuleType:
    if not is_own(path):
        return importlib.import_module(f"{__package__}.{kind}.{name}")
    qualified = f"{__package__}_own.{path}"
    if qualified not in sys.modules:
        # The file may import from files beside it.
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        spec = importlib.util.spec_from_file_location(qualified, path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise _broken(path, error) from error
        sys.modules[qualified] = plugin_checks.checked(kind, module, path)
    return sys.modules[qualified]


@dataclass(frozen=True)
class FigureOutline:
    """Declarations of a figure, known without drawing it.

    title : first line of its docstring;  caption, needs : its CAPTION and NEEDS
    parameters : options of its ``draw`` with their defaults, REQUIRED for an option without one
    declared : the values of DECLARED that it defines, by name
    """

    title: str
    caption: str
    needs: tuple[str, ...]
    parameters: dict[str, object]
    declared: dict[str, object]


def figure(name: str) -> FigureOutline:
    """The outline of a figure; files of the package are parsed, not imported.

    Importing them would import matplotlib, which takes longer than planning a run.

    Raises
    ------
    UserError
        As :func:`load`; the user's file is imported, so its errors are reported early.
    """
    path = path_of("figures", name)
    if is_own(path):
        module = load("figures", name)
        options = list(inspect.signature(module.draw).parameters.values())[1:]
        parameters = {
            option.name: REQUIRED if option.default is option.empty else option.default
            for option in options
        }
        declared = {key: getattr(module, key) for key in DECLARED if hasattr(module, key)}
        caption = getattr(module, "CAPTION", "")
        return FigureOutline(title(module), caption, module.NEEDS, parameters, declared)
    return _outline(path)


@cache
def _outline(path: Path) -> FigureOutline:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            # Constants such as colours may be computed; declarations are literals.
            with suppress(ValueError):
                constants[node.targets[0].id] = _value(node.value, constants)
    draw = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "draw")
    names = [argument.arg for argument in (*draw.args.args, *draw.args.kwonlyargs)]
    defaults = [_value(node, constants) for node in draw.args.defaults]
    defaults += [REQUIRED if d is None else _value(d, constants) for d in draw.args.kw_defaults]
    parameters = dict(zip(names, [REQUIRED] * (len(names) - len(defaults)) + defaults, strict=True))
    del parameters[names[0]]
    first = (ast.get_docstring(tree) or path.stem).splitlines()[0].rstrip(".")
    declared = {key: constants[key] for key in DECLARED if key in constants}
    return FigureOutline(
        first, constants.get("CAPTION", ""), constants["NEEDS"], parameters, declared
    )


def _value(node: ast.expr, constants: dict[str, object]) -> object:
    """Value of a literal, a constant of the file, or ``tuple()`` of one; else ValueError."""
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "tuple":
        return tuple(_value(node.args[0], constants))
    if isinstance(node, ast.Dict):
        keys = [_value(key, constants) for key in node.keys]
        return dict(zip(keys, (_value(entry, constants) for entry in node.values), strict=True))
    return ast.literal_eval(node)


def title(module: ModuleType) -> str:
    """First line of a plugin's docstring, or its name if it has no docstring."""
    lines = (module.__doc__ or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else module.__name__.rpartition(".")[2]


def is_own(path: Path) -> bool:
    """Whether the file of a plugin is the user's, not the package's."""
    return not path.is_relative_to(Path(__file__).parent)


def _broken(path: Path, error: Exception) -> UserError:
    value = f"{path.name} ({type(error).__name__}: {error})"
    return UserError(path.stem, Verbatim(value), "a Python file that can be imported")


def _defines(path: Path, kind: str) -> bool:
    """Whether the file defines the function of its kind; the file is parsed, not imported."""
    try:
        status = path.stat()
        functions = _functions(path, status.st_mtime_ns, status.st_size)
    except (SyntaxError, ValueError) as error:
        if is_own(path):
            raise _broken(path, error) from error
        raise
    return (ENTRY[kind] or path.stem) in functions


@cache
def _functions(path: Path, changed: int, size: int) -> frozenset[str]:
    """Names of the top-level functions of a file; ``changed`` and ``size`` key the cache."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
