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
import symtable
from functools import cache
from pathlib import Path

from .. import errors, locations, plugins
from .. import plugin_checks as own_code
from ..datasets import arguments

PACKAGE = plugins.__name__.partition(".")[0]
ROOT = Path(plugins.__file__).parent
# They check input and word messages; no value of a dataset depends on them.
WITHOUT_EFFECT = {module.__name__ for module in (arguments, errors, locations, own_code, plugins)}

# Fields of a node with the statements that it contains, or with the parts that contain these.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@cache
def code_hash(*starts: tuple[str, str | None]) -> str:
    """Hash of all the source reached from ``(module, name)`` pairs; name None: the whole module."""
    reached: dict[tuple[str, str], str] = {}
    waiting = list(starts)
    while waiting:
        start = waiting.pop()
        if start[1] is None:
            module = _module(start[0])
            # The imports of a package are its public names.
            offered = module.imports if module.package == module.name else ()
            waiting.extend((start[0], name) for name in (*module.definitions, *offered))
        elif start not in reached and start[0] not in WITHOUT_EFFECT:
            source, following = _module(start[0]).visit(start[1])
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


def own_sources(path: Path) -> tuple[list[Path], list[tuple[str, str | None]]]:
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


def _package_starts(
    tree: ast.Module, module: str, name: str | None, bound: str
) -> set[tuple[str, str | None]]:
    """Starting points in the package for one import of a user's file."""
    if name == "*":
        return {(module, None)} if _file(module) else set()
    if name is not None and not _is_module(module, name):
        return {(module, name)} if _file(module) else set()
    target = module if name is None else f"{module}.{name}"
    if not _file(target):
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


def _resolved(module: str, names: str) -> tuple[str, str | None]:
    """The definition that dotted names after a module refer to."""
    for name in filter(None, names.split(".")):
        if not _is_module(module, name):
            return module, name
        module = f"{module}.{name}"
    return module, None


def _is_module(package: str, name: str) -> bool:
    """Whether a name of a package is a submodule and not a definition or import of that name."""
    if not _file(f"{package}.{name}"):
        return False
    parent = _module(package)
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


class _Module:
    """Top-level definitions of one module of the package and what each of them refers to."""

    def __init__(self, name: str):
        self.name = name
        path = _file(name)
        text = path.read_text(encoding="utf-8")
        tree = _without_docstrings(ast.parse(text))
        self.package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.definitions: dict[str, list[ast.stmt]] = {}
        for node in tree.body:
            for bound in self._bindings(node):
                self.definitions.setdefault(bound, []).append(node)
        table = symtable.symtable(text, str(path), "exec")
        self._visited: dict[str, tuple[str, list]] = {}
        self._scopes = {child.get_name(): child for child in table.get_children()}

    def _bindings(self, node: ast.stmt) -> list[str]:
        if isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            for alias in node.names if base else []:
                submodule = f"{base}.{alias.name}"
                target = (submodule, None) if _file(submodule) else (base, alias.name)
                self.imports[alias.asname or alias.name] = target
            return []
        if isinstance(node, ast.Import):
            return []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return [node.name]
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _stores(n)]
        return stored or [""]  # "": a statement without a binding

    def _absolute(self, node: ast.ImportFrom) -> str | None:
        if not node.level:
            module = node.module or ""
            return module if module.split(".")[0] == PACKAGE else None
        parts = self.package.split(".")[: len(self.package.split(".")) - node.level + 1]
        return ".".join([*parts, node.module] if node.module else parts)

    def visit(self, name: str) -> tuple[str, list[tuple[str, str | None]]]:
        """Source of a definition, and the definitions it refers to."""
        if name not in self._visited:
            self._visited[name] = self._visit(name)
        return self._visited[name]

    def _visit(self, name: str) -> tuple[str, list[tuple[str, str | None]]]:
        if name in self.imports and name not in self.definitions:
            return "", [self.imports[name]]
        nodes = self.definitions.get(name, [])
        following: list[tuple[str, str | None]] = []
        for node in nodes:
            for used in self._names(node):
                if used in self.definitions:
                    following.append((self.name, used))
                elif used in self.imports:
                    following.extend(self._through(node, used))
        if "" in self.definitions:
            following.append((self.name, ""))
        return "\n".join(ast.dump(node) for node in nodes), following

    def _names(self, node: ast.stmt) -> set[str]:
        scope = self._scopes.get(getattr(node, "name", None))
        if scope is None:
            return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        # Decorators, defaults and bases are evaluated outside of the definition's own scope.
        outside = [*node.decorator_list, *getattr(node, "bases", [])]
        if hasattr(node, "args"):
            outside += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return _globals(scope) | {
            n.id for o in outside for n in ast.walk(o) if isinstance(n, ast.Name)
        }

    def _through(self, node: ast.stmt, used: str) -> list[tuple[str, str | None]]:
        """Definitions reached through an imported name; of a module, the attributes used."""
        module, name = self.imports[used]
        if name is not None:
            return [(module, name)]
        attributes = {
            n.attr
            for n in ast.walk(node)
            if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == used
        }
        return [(module, attribute) for attribute in attributes or {None}]


@cache
def _module(name: str) -> _Module:
    return _Module(name)


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _globals(table: symtable.SymbolTable) -> set[str]:
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return names.union(*(_globals(child) for child in table.get_children()))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            head = node.body[0] if node.body else None
            if isinstance(head, ast.Expr) and isinstance(head.value, ast.Constant):
                node.body = node.body[1:]
        # Only statements contain definitions; most nodes are in expressions.
        for parts in (getattr(node, field, ()) for field in BLOCKS):
            waiting.extend(parts)
    return tree
