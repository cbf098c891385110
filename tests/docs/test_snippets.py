"""Every snippet of the README and of docs/ does what it says: Python is run, configs are checked.

A page's blocks share one namespace and one folder, as they do for a reader.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from accumulation.study import study

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "workflow"))

from snakemake_server import SERVER  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "tutorials").glob("*.md"))
# Tutorials named as the packages that they need.
OTHER_PROGRAMS = ("kwant", "pythtb", "tbmodels")
# A small version of what the README opens; its own model is one of the systems'.
SMALL = """
study: paper
figures: {}
defaults: {k: 40, definition: [circulation, local]}
systems:
  gapped_graphene:
    model: {name: gapped, delta: 0.5}
    geometry: {kind: ribbon, direction: [1, 0], width: 4}
    fermi_energy: 1.5
  phase_chiral:
    model: {name: haldane, t2: 0.06, phi: 1.5, delta: [0.1, 0.4]}
    geometry: {kind: ribbon, direction: [2, 1], width: 4}
    fermi_energy: midgap
"""


def blocks(page: Path, *languages: str) -> list[str]:
    """Contents of the code blocks in one of some languages, options of notebook cells left out."""
    named = "|".join(map(re.escape, languages))
    found = re.findall(rf"^```(?:{named})\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(r"\A(:\w+:.*\n)+", "", text) for text in found]


def python(page: Path) -> list[str]:
    return blocks(page, "python", "{code-cell} ipython3")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run(code: str, folder: Path) -> None:
    """In a process that has the libraries, but not this package, as the run of a notebook has."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "docs")])
    environment = {**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "agg"}
    done = SERVER.run([code], folder, environment, timeout=300, module="-c")
    assert done.returncode == 0, done.stdout + done.stderr


def write_models(page: Path, folder: Path) -> None:
    """A block that defines a function at the left margin, as a file of that name."""
    for block in python(page):
        for function in re.findall(r"^def (\w+)\(", block, re.MULTILINE):
            (folder / f"{function}.py").write_text(block)


def test_some_pages_have_snippets():
    assert {name(page) for page in PAGES if python(page)} >= {
        "README.md",
        "docs/quickstart.md",
        "docs/stability.md",
        *(f"docs/tutorials/{page}.md" for page in ("own_model", "phase_diagram", "datasets")),
        *(f"docs/tutorials/{page}.md" for page in ("own_density", "own_figure")),
        *(f"docs/tutorials/{page}.md" for page in ("wannier90", *OTHER_PROGRAMS)),
        "docs/tutorials/orbitals_and_slabs.md",
        "docs/tutorials/wide_ribbons.md",
        "docs/conventions.md",
    }


@pytest.mark.parametrize("page", [page for page in PAGES if python(page)], ids=name)
def test_python_runs(page, tmp_path):
    if page.stem in OTHER_PROGRAMS:
        pytest.importorskip(page.stem)
    code = "\n".join(python(page))
    if page.name == "README.md":
        write_models(page, tmp_path)
        (tmp_path / "config.yaml").write_text(SMALL)
        code = f"from notebook_shell import shell\nshell('accumulation run --cores 1')\n{code}"
    run(code, tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml")], ids=name)
def test_configs_are_valid(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_models(page, tmp_path)
    for text in blocks(page, "yaml"):
        content = {"study": "snippet", **yaml.safe_load(text)}
        assert study.load(content, name(page)).systems


def test_the_quick_start_of_the_command_line(tmp_path):
    (block,) = [text for text in blocks(ROOT / "docs" / "quickstart.md", "sh") if "new " in text]
    stub = tmp_path / "bin" / "accumulation"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -m accumulation "$@"\n')
    stub.chmod(0o755)
    # A run is what tests of the workflow do; what it would do is planned in the last line.
    done = subprocess.run(
        ["bash", "-euc", re.sub(r"^accumulation run", ": run", block, flags=re.M)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "config.yaml is valid" in done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=name)
def test_targets_of_make_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    targets = [
        target for text in blocks(page, "sh") for target in re.findall(r"^make (\S+)", text, re.M)
    ]
    assert [one for one in targets if not re.search(rf"^{one}:", makefile, re.MULTILINE)] == []
