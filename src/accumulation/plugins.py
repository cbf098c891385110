"""Models, densities, theories and figures by name: the file's name is the config's name.

A file ``models/NAME.py`` (or ``densities/``, ``theory/``, ``figures/``) is found without being
listed anywhere, and so is the user's own ``NAME.py`` beside the config, or else in the folder where
the workflow runs.
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

from . import locations, plugin_checks
from .errors import UserError, Verbatim, closest

# What a file of each kind must define; None: a function of the file's own name.
ENTRY = {"models": None, "densities": "kernel", "theory": "compute", "figures": "draw"}
# What a figure's file may declare of its systems and options (see figure_checks).
DECLARED = (
    *("SYSTEMS", "KINDS", "KINDS_IN_TURN", "THEORY", "THEORY_IN_TURN", "AXES", "AXIS"),
    *("CHOICES", "LENGTHS", "LEAST", "HELD"),
)
REQUIRED = object()  # the default of an option that has none
LISTED = 8  # names that a sentence lists, the most like ones first
SINGULAR = {"models": "model", "densities": "density", "theory": "theory", "figures": "figure"}


def available(kind: str) -> list[str]:
    """Names of the packaged files of a kind, helpers left out."""
    folder = Path(__file__).parent / kind
    return sorted(path.stem for path in folder.glob("*.py") if _defines(path, kind))


def path_of(kind: str, name: str) -> Path:
    """The file that ``name`` stands for, the package's before the user's own.

    Raises
    ------
    UserError
        If there is none, or the user's file does not define what its kind needs.
    """
    if isinstance(name, str) and name.isidentifier():
        packaged = Path(__file__).parent / kind / f"{name}.py"
        if packaged.is_file() and _defines(packaged, kind):
            return packaged
        for own in (folder / f"{name}.py" for folder in locations.own_folders()):
            if not own.is_file():
                continue
            if not _defines(own, kind):
                wanted = f"a file that defines a function {ENTRY[kind] or name}()"
                raise UserError(SINGULAR[kind], f"{name}.py", wanted)
            return own
    names = available(kind)
    shown = get_close_matches(str(name), names, LISTED, cutoff=0.0)
    others = len(names) - len(shown)
    shown.append(f"{others} more in src/accumulation/{kind}/" if others else "")
    allowed = f"{', '.join(filter(None, shown))}, or your own file NAME.py beside the config"
    raise UserError(SINGULAR[kind], name, allowed, closest(str(name), names))


def load(kind: str, name: str) -> ModuleType:
    """The module of a model, density or figure.

    Raises
    ------
    UserError
        If the name is unknown (the sentence lists those there are) or the user's file is broken or
        does not declare what its kind needs.
    """
    path = path_of(kind, name)
    if not is_own(path):
        return importlib.import_module(f"{__package__}.{kind}.{name}")
    qualified = f"{__package__}_own.{path}"
    if qualified not in sys.modules:
        # What it imports from files beside it is found whoever runs this.
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
    """What a study has to know of a figure without drawing it.

    title : first line of its file;  caption, needs : its CAPTION and NEEDS
    parameters : options of its ``draw`` and their defaults, REQUIRED where there is none
    declared : those of DECLARED that it has, by name: what its systems and options must be
    """

    title: str
    caption: str
    needs: tuple[str, ...]
    parameters: dict[str, object]
    declared: dict[str, object]


def figure(name: str) -> FigureOutline:
    """The outline of a figure; the package's are read without running them.

    Planning a run would otherwise import matplotlib, which takes longer than all the rest of it.

    Raises
    ------
    UserError
        As :func:`load`; the user's own file is imported, so that its faults are told early.
    """
    path = path_of("figures", name)
    if is_own(path):
        module = load("figures", name)
        options = list(inspect.signature(module.draw).parameters.values())[1:]
        drawn = {one.name: REQUIRED if one.default is one.empty else one.default for one in options}
        declared = {key: getattr(module, key) for key in DECLARED if hasattr(module, key)}
        caption = getattr(module, "CAPTION", "")
        return FigureOutline(title(module), caption, module.NEEDS, drawn, declared)
    return _outline(path)


@cache
def _outline(path: Path) -> FigureOutline:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            # Colours and the like are computed; nothing that is declared is.
            with suppress(ValueError):
                constants[node.targets[0].id] = _value(node.value, constants)
    draw = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "draw")
    names = [one.arg for one in (*draw.args.args, *draw.args.kwonlyargs)]
    given = [_value(node, constants) for node in draw.args.defaults]
    given += [REQUIRED if d is None else _value(d, constants) for d in draw.args.kw_defaults]
    drawn = dict(zip(names, [REQUIRED] * (len(names) - len(given)) + given, strict=True))
    del drawn[names[0]]
    first = (ast.get_docstring(tree) or path.stem).splitlines()[0].rstrip(".")
    declared = {key: constants[key] for key in DECLARED if key in constants}
    return FigureOutline(first, constants.get("CAPTION", ""), constants["NEEDS"], drawn, declared)


def _value(node: ast.expr, constants: dict[str, object]) -> object:
    """A literal, a constant of the file, or ``tuple()`` of one (ValueError for anything else)."""
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "tuple":
        return tuple(_value(node.args[0], constants))
    if isinstance(node, ast.Dict):
        keys = [_value(key, constants) for key in node.keys]
        return dict(zip(keys, (_value(one, constants) for one in node.values), strict=True))
    return ast.literal_eval(node)


def title(module: ModuleType) -> str:
    """The first line of a plugin's docstring, or its name where it has none."""
    lines = (module.__doc__ or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else module.__name__.rpartition(".")[2]


def is_own(path: Path) -> bool:
    """Whether a plugin's file is the user's own, not the package's."""
    return not path.is_relative_to(Path(__file__).parent)


def _broken(path: Path, error: Exception) -> UserError:
    found = f"{path.name} ({type(error).__name__}: {error})"
    return UserError(path.stem, Verbatim(found), "a Python file that can be imported")


def _defines(path: Path, kind: str) -> bool:
    """Whether the file defines its kind's function, read without running it."""
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
    """Names of the functions at the top of a file, as it was when last changed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
