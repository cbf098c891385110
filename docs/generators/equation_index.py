"""Where every numbered equation of the paper is: function, dataset variable, check, test, figure.

All of it is read from declarations: docstrings of functions, ``EQUATION``, ``VARIABLES`` and
``CHECKS`` of modules, docstrings of tests, and the figures of the studies in ``config/``.  Written
by hand are only ``equations.yaml``: a few words on each equation, and a reason where no function
computes it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import yaml
from equation_numbers import ALL, cited, declared

import accumulation
from accumulation import plugins
from accumulation.study import config_file, study

ROOT = Path(__file__).parents[2]
KINDS = ("function", "variable", "check", "test", "figure")
# The study of models from files that are not in the repository.
NEEDS_FILES = "wannier"
# In which room of the package an equation is a formula, not a drawing of it.
_NO_PHYSICS = ("figures", "plotting")


def notes() -> dict[str, dict]:
    """What each equation says, in a few words, and why no function computes it, where none does."""
    text = (Path(__file__).parent / "equations.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def modules() -> Iterator[ModuleType]:
    """Every module of the package but its command line and the compiled one."""
    for found in pkgutil.walk_packages(accumulation.__path__, f"{accumulation.__name__}."):
        if not found.name.rpartition(".")[2].startswith("_"):
            yield importlib.import_module(found.name)


@cache
def index() -> dict[str, dict[str, list[str]]]:
    """Number of every equation -> kind -> names, each sorted and without repetition."""
    places = {number: {kind: set() for kind in KINDS} for number in ALL}
    for kind, name, numbers in _places():
        for number in numbers:
            places[number][kind].add(name)
    return {
        number: {kind: sorted(names) for kind, names in kinds.items()}
        for number, kinds in places.items()
    }


def _places() -> Iterator[tuple[str, str, set[str]]]:
    for module in modules():
        if not short(module.__name__).startswith(_NO_PHYSICS):
            yield from _functions(module)
        yield from _declarations(module)
    yield from _tests()
    yield from _figures()


def short(name: str) -> str:
    """A module's name without that of the package."""
    return name.removeprefix(f"{accumulation.__name__}.")


def _functions(module: ModuleType) -> Iterator[tuple[str, str, set[str]]]:
    """Functions and methods that cite equations; what the module's text alone cites is its own."""
    own = short(module.__name__)
    inside = set()
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        members = {name: value}
        if inspect.isclass(value):
            members |= {f"{name}.{k}": v for k, v in vars(value).items() if inspect.isfunction(v)}
        for label, member in members.items():
            if not (inspect.isfunction(member) or inspect.isclass(member)):
                continue
            numbers = cited(vars(member).get("__doc__") or member.__doc__ or "")
            inside |= numbers
            if numbers:
                yield "function", f"{own}.{label}", numbers
    of_module = cited(module.__doc__ or "")
    for entry in plugins.ENTRY.values():
        # A plugin's one function computes what its file declares.
        if entry and entry in vars(module) and hasattr(module, "EQUATION"):
            of_module |= declared(module.EQUATION)
            own = f"{own}.{entry}"
    if of_module - inside:
        yield "function", own, of_module - inside


def _declarations(module: ModuleType) -> Iterator[tuple[str, str, set[str]]]:
    """Variables of datasets and the identities that are checked in every run of a theory."""
    table = vars(module).get("VARIABLES")
    if not isinstance(table, dict):
        return
    checks = vars(module).get("CHECKS", {})
    prefix = f"{short(module.__name__).rpartition('.')[2]}: " if checks else ""
    for name, (_, _, _, equation, *_) in table.items():
        kind = "check" if name in checks else "variable"
        yield kind, f"{prefix}{name}", declared(equation)


def _tests() -> Iterator[tuple[str, str, set[str]]]:
    """Tests whose docstrings, or those of the references written out beside them, cite one."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [(path.stem, ast.get_docstring(tree))]
        texts += [
            (f"{path.stem}::{node.name}", ast.get_docstring(node))
            for node in tree.body
            if isinstance(node, ast.FunctionDef)
        ]
        for name, text in texts:
            yield "test", name, cited(text or "")


def _figures() -> Iterator[tuple[str, str, set[str]]]:
    """Figures of the studies in config/, by their captions and by what they are drawn from."""
    from accumulation.datasets.variables import TITLES

    for path in sorted((ROOT / "config").rglob("*.yaml")):
        if path.stem == NEEDS_FILES:
            continue
        one = study.load(config_file.read(str(path)), str(path))
        for name, figure in one.figures.items():
            outline = plugins.figure(figure["draw"])
            numbers = cited(outline.caption)
            systems = [one.systems[system] for system in figure["systems"]]
            for system in systems:
                if "theory" in system:
                    numbers |= declared(plugins.load("theory", system["theory"]).EQUATION)
                else:
                    stages = [TITLES[stage][1] for stage in figure["needs"]]
                    numbers |= set().union(*map(declared, stages))
            yield "figure", name, numbers


def faults(places: dict | None = None, said: dict | None = None) -> list[str]:
    """What is missing of the index: an equation with neither a function nor a reason, or both."""
    places, said = places or index(), said or notes()
    sentences = []
    for number in ALL:
        note = said.get(number, {})
        if not note.get("what") or note.keys() - {"what", "reason"}:
            sentences.append(f"{number}: equations.yaml does not say what it is")
        if not places[number]["function"] and not note.get("reason"):
            sentences.append(
                f"{number}: no docstring of a function cites it and no reason is given"
            )
        if places[number]["function"] and note.get("reason"):
            sentences.append(f"{number}: computed by a function, so its reason is out of date")
    return sentences
