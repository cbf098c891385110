"""A hash of exactly the source that a stage runs, determined by walking the code.

The walk starts from a function of the package and follows every name it refers to: to other
definitions of its module, through its imports to other modules of the package, and no further.
Comments, docstrings and formatting do not count, so tidying a file reruns nothing.

A hash of whole modules would be simpler but causes more reruns.  Over 60 changes of the source in
this package's history, the keys of the points of a grid change this many times:

    hash of                                   bulk  bands  elements  response
    definitions that are reached (this one)      6     10        13        31
    whole modules that are reached               7     15        22        33
    these and all that they import              32     31        38        36

Elements, which take most of the time, would be recomputed for changes of the response only.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

from .. import errors, locations, plugins
from .. import plugin_checks as own_code
from ..datasets import arguments
from .source_names import PACKAGE, Reference, file_of, names_of

# They check input and word messages; no value of a dataset depends on them.
WITHOUT_EFFECT = {module.__name__ for module in (arguments, errors, locations, own_code, plugins)}


@cache
def code_hash(*starts: Reference) -> str:
    """Hash of all the source reached from ``(module, name)`` pairs; name None: the whole module."""
    reached: dict[tuple[str, str], str] = {}
    waiting = list(starts)
    while waiting:
        start = waiting.pop()
        if start[1] is None:
            module = names_of(start[0])
            # The imports of a package are its public names.
            offered = module.imports if module.package == module.name else ()
            waiting.extend((start[0], name) for name in (*module.definitions, *offered))
        elif start not in reached and start[0] not in WITHOUT_EFFECT:
            source, following = names_of(start[0]).visit(start[1])
            reached[start] = source
            waiting.extend(following)
    text = "\n".join(f"{key} {reached[key]}" for key in sorted(reached))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def plugin_hash(kind: str, name: str) -> str:
    """Hash of a model, density, theory or figure file and of everything that it uses.

    From the package these are the definitions reached; from the user's own folder the complete
    bytes of the files imported.
    """
    path = plugins.path_of(kind, name)
    if plugins.is_own(path):
        files, starts = own_sources(path)
        parts = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        return hashlib.sha256(" ".join([*parts, code_hash(*starts)]).encode()).hexdigest()[:12]
    return code_hash((f"{PACKAGE}.{kind}.{path.stem}", None))


def own_sources(path: Path) -> tuple[list[Path], list[Reference]]:
    """Direct and indirect imports of a user's file.

    Returns
    -------
    Files in its folder that are hashed completely, itself first; and the pairs ``(module, name)``
    of this package to start :func:`code_hash` from.  Imports inside functions are included.
    """
    files, starts, waiting = [], set(), [path]
    while waiting:
        file = waiting.pop()
        if file in files:
            continue
        files.append(file)
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError):  # reported when it is imported
            continue
        for module, name, bound in _imported(tree, file.relative_to(path.parent)):
            if module.split(".")[0] == PACKAGE:
                starts |= _package_starts(tree, module, name, bound)
            else:
                waiting += _beside(path.parent, module) + _beside(path.parent, f"{module}.{name}")
    return [path, *sorted(set(files) - {path})], sorted(starts, key=str)


def _imported(tree: ast.Module, file: Path) -> list[tuple[str, str | None, str]]:
    """Module, name (None: the module itself) and the name it is bound to, of every import."""
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            # Without "as" the bound name is that of the top-level package.
            for one in node.names:
                module = one.name if one.asname else one.name.split(".")[0]
                imports.append((module, None, one.asname or module))
                imports.append((one.name, None, ""))
        elif isinstance(node, ast.ImportFrom):
            # A relative import starts from the folder of the file.
            above = file.parts[: len(file.parts) - node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            imports += [(module, one.name, one.asname or one.name) for one in node.names]
    return imports


def _package_starts(tree: ast.Module, module: str, name: str | None, bound: str) -> set[Reference]:
    """Starting points in the package for one import of a user's file."""
    if name == "*":
        return {(module, None)} if file_of(module) else set()
    if name is not None and not _is_module(module, name):
        return {(module, name)} if file_of(module) else set()
    target = module if name is None else f"{module}.{name}"
    if not file_of(target):
        return set()
    # A module: the attributes used, such as acc.models.haldane.haldane; all of the module if its
    # name is used without an attribute.
    starts, uses_without_attribute = set(), 0
    for node in ast.walk(tree):
        uses_without_attribute += isinstance(node, ast.Name) and node.id == bound
        chain = _dotted(node) if isinstance(node, ast.Attribute) else None
        if chain and chain.startswith(f"{bound}."):
            uses_without_attribute -= chain.count(".") == 1
            starts.add(_resolved(target, chain.partition(".")[2]))
    return starts | ({(target, None)} if uses_without_attribute else set())


def _resolved(module: str, names: str) -> Reference:
    """The definition that dotted names after a module refer to."""
    for name in filter(None, names.split(".")):
        if not _is_module(module, name):
            return module, name
        module = f"{module}.{name}"
    return module, None


def _is_module(package: str, name: str) -> bool:
    """Whether a name of a package is a submodule and not a definition or import of that name."""
    if not file_of(f"{package}.{name}"):
        return False
    parent = names_of(package)
    return name not in parent.definitions and name not in parent.imports


def _dotted(node: ast.AST) -> str | None:
    """``a.b.c`` of a dotted expression, else None."""
    if isinstance(node, ast.Name):
        return node.id
    inner = _dotted(node.value) if isinstance(node, ast.Attribute) else None
    return f"{inner}.{node.attr}" if inner else None


def _beside(folder: Path, module: str) -> list[Path]:
    """Files of a module in the user's folder, including those of its parent packages."""
    parts = [part for part in module.split(".") if part not in ("", "None", "*")]
    sources = []
    for end in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:end])
        files = (place.with_suffix(".py"), place / "__init__.py")
        sources += [file for file in files if file.is_file()]
    return sources
