"""What each definition of the package's modules refers to, by reading their source.

A file takes milliseconds to read so, and a run looks at about eighty: what has been found is kept
beside the compiled code, in ``__pycache__``, and holds as long as the file's bytes stay the same.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import marshal
import symtable
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .. import plugins
from ..datasets.files import atomic_write
from ..errors import UserError

PACKAGE = plugins.__name__.partition(".")[0]
ROOT = Path(plugins.__file__).parent

# A module, and a name in it; None: all of it.
Reference = tuple[str, str | None]

# Fields of a node with the statements that it contains, or with the parts that contain these.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Names:
    """Top-level names of one module of the package.

    Attributes
    ----------
    name : of the module;  package : that its relative imports start from
    imports : name -> what it stands for
    definitions : name -> its source without docstrings and formatting, and what that refers to;
        the name "" has the statements that bind none
    """

    name: str
    package: str
    imports: dict[str, Reference]
    definitions: dict[str, tuple[str, list[Reference]]]

    def visit(self, name: str) -> tuple[str, list[Reference]]:
        """Source of a definition, and the definitions it refers to."""
        if name in self.definitions:
            return self.definitions[name]
        if name in self.imports:
            return "", [self.imports[name]]
        return "", [(self.name, "")] if "" in self.definitions else []


@cache
def names_of(module: str) -> Names:
    """Names of a module of the package, from what has been kept if that is of the same source."""
    path = file_of(module)
    if path is None:
        raise ModuleNotFoundError(f"{module} is not in {ROOT}")
    content = path.read_bytes()
    seal = hashlib.sha256(_circumstances() + content).digest()
    # Its name has the version of Python in it.
    kept = Path(importlib.util.cache_from_source(str(path))).with_suffix(".names")
    with suppress(OSError, EOFError, ValueError, TypeError, LookupError):
        found = marshal.loads(kept.read_bytes())
        if found[0] == seal:
            return Names(*found[1:])
    names = _Reader(module, path, content.decode()).names()
    if not sys.dont_write_bytecode:
        _keep(kept, (seal, names.name, names.package, names.imports, names.definitions))
    return names


def file_of(module: str) -> Path | None:
    """The file of a module of the package, None if there is no such module."""
    path = ROOT.joinpath(*module.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def _circumstances() -> bytes:
    """What the names of a module depend on beside its source."""
    # An import may be of a module or of a name, depending on which modules there are.
    modules = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
    return "\n".join([sys.version, *modules]).encode() + Path(__file__).read_bytes()


def _keep(path: Path, content: tuple) -> None:
    """Write a file; a folder that cannot be written to is left as it is."""
    with suppress(UserError), atomic_write(path) as temporary:
        temporary.write_bytes(marshal.dumps(content))


class _Reader:
    """Top-level definitions of one module of the package and what each of them refers to."""

    def __init__(self, name: str, path: Path, text: str):
        self.name = name
        tree = _without_docstrings(ast.parse(text))
        self.package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        self.imports: dict[str, Reference] = {}
        self.definitions: dict[str, list[ast.stmt]] = {}
        for node in tree.body:
            for bound in self._bindings(node):
                self.definitions.setdefault(bound, []).append(node)
        table = symtable.symtable(text, str(path), "exec")
        self._scopes = {child.get_name(): child for child in table.get_children()}

    def _bindings(self, node: ast.stmt) -> list[str]:
        if isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            for alias in node.names if base else []:
                submodule = f"{base}.{alias.name}"
                target = (submodule, None) if file_of(submodule) else (base, alias.name)
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

    def names(self) -> Names:
        """What has been read."""
        definitions = {name: self._visit(nodes) for name, nodes in self.definitions.items()}
        return Names(self.name, self.package, self.imports, definitions)

    def _visit(self, nodes: list[ast.stmt]) -> tuple[str, list[Reference]]:
        following: list[Reference] = []
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

    def _through(self, node: ast.stmt, used: str) -> list[Reference]:
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
