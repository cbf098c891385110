"""Figures open no file; which room may import which is told by the contracts in pyproject.toml."""

import ast
import inspect
import pkgutil
from pathlib import Path

import pytest

import accumulation.plugin_api

PACKAGE = Path(__file__).parents[2] / "src" / "accumulation"
MODULES = [
    found.name
    for found in pkgutil.walk_packages(accumulation.__path__, "accumulation.")
    if not found.name.endswith("__main__")
]
OPENING = {"open", "open_dataset", "load_dataset", "read_text", "loadtxt"}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("figures/*.py")), ids=lambda path: path.stem)
def test_figures_open_no_file(path):
    tree = ast.parse(path.read_text())
    calls = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert calls & OPENING == set()


def test_one_module_decodes_the_parameters_of_datasets_for_figures():
    """Figures read parameters by name, not from the text of an attribute."""
    paths = [*PACKAGE.glob("figures/*.py"), *PACKAGE.glob("plotting/*.py")]
    decoding = [path.stem for path in paths if "import json" in path.read_text().splitlines()]
    assert decoding == ["parameters"]


@pytest.mark.parametrize("name", MODULES)
def test_module_is_imported_under_its_name(name):
    """``import accumulation.X as m`` yields the module, not a function of the same name."""
    names = {}
    exec(f"import {name} as module", names)
    assert inspect.ismodule(names["module"])
    assert names["module"].__name__ == name


def test_no_module_has_the_name_of_a_public_function():
    """A name means one thing; only a model's function has the name of its file, by contract."""
    names = {name.rpartition(".")[2] for name in MODULES if ".models." not in name}
    public = {*accumulation.__all__, *accumulation.plugin_api.__all__}
    assert names & public == set()
    assert len(MODULES) > 150


def test_files_are_written_by_one_function():
    """Whole or not at all: only `atomic_write` makes a file, and others write where it says."""
    own = {"os.replace(", "mkstemp(", "NamedTemporaryFile(", ".rename("}
    writing = {".write_text(", ".write_bytes(", ".to_netcdf("}
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if path != PACKAGE / "datasets" / "files.py":
            assert not [call for call in own if call in text], path
        for line in text.splitlines():
            if any(call in line for call in writing):
                assert "temporary" in line, f"{path}: {line}"
