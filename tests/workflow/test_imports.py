"""Figures open no file; which room may import which is told by the contracts in pyproject.toml."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "accumulation"
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


def test_no_module_has_the_name_of_a_public_function():
    """``import accumulation.elements as e`` must fail, not yield the function of that name."""
    import accumulation

    modules = {path.stem for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert modules & set(accumulation.__all__) == set()


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
