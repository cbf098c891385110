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
