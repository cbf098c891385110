"""Theories in the workflow: one file and one line of config, reruns, and the verdict."""

import re

import pytest
import xarray as xr
from workflow_study import Project

from accumulation.datasets import evidence
from accumulation.errors import UserError
from accumulation.study import study

THEORY = '''"""Parabola"""
import numpy as np
from accumulation.identities import Identity
EQUATION = "1"
UNITS = {"mass": "m"}
VARIABLES = {
    "momentum": (("momentum",), "1 / a", "momentum", "1"),
    "energy": (("momentum",), "t0", "energy", "1"),
    "residual": ((), "1", "second difference against 1 / mass", "1"),
    "lightest": (("momentum",), "t0", "largest energy over the masses", "1"),
}
CHECKS = {"residual": Identity("the mass is that of the parabola", "differences", 1e-9)}


def compute(momentum=(0.0, 1.0, 2.0), mass=1.0):
    if mass <= 0:
        raise ValueError("no such mass")
    p = np.array(momentum)
    energy = p**2 / (2 * mass)
    return {"momentum": p, "energy": energy, "residual": energy @ [1, -2, 1] - 1 / mass}


def conclude(axes, values):
    return {"lightest": values["energy"].max(axis=0)} if "mass" in axes else {}
'''
FIGURE = '''"""Lines"""
from matplotlib.figure import Figure
NEEDS = ("response",)
CAPTION = "parabolas"


def draw(systems):
    figure = Figure()
    for system in systems:
        figure.subplots().plot(system["response"].momentum, system["response"].lightest)
    return figure
'''


def config(mass=(1.0, 2.0), **options):
    return {
        "study": "small",
        "systems": {"heavy": {"theory": "parabola", "options": {"mass": [*mass], **options}}},
        "figures": {"lines": {"systems": ["heavy"]}},
        "formats": ["png"],
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("theory"))
    (project.folder / "parabola.py").write_text(THEORY)
    (project.folder / "lines.py").write_text(FIGURE)
    project.write(config())
    project.run()
    return project


def points(text: str) -> int:
    return sum(map(int, re.findall(r"theory tile \w+: \d+ points, (\d+) computed", text)))


def test_a_theory_runs_from_config_to_page(project):
    results = project.folder / "results" / "small"
    with xr.open_dataset(results / "heavy" / "response.nc") as ds:
        assert ds.energy.dims == ("mass", "momentum")
        assert ds.energy.sel(mass=2.0, momentum=2.0) == 1.0
        assert ds.lightest.sel(momentum=2.0) == 2.0
        assert ds.mass.attrs["units"] == "m"
        assert ds.attrs["title"] == "Parabola"
    assert "All 1 identities hold" in (results / "evidence.txt").read_text()
    assert "the mass is that of the parabola" in (results / "report.html").read_text()


def test_an_edit_recomputes_what_it_touches(project):
    assert project.planned() == {}
    project.write(config(mass=(1.0, 1.5, 2.0)))
    text = project.run()
    assert points(text) == 1
    project.write(config())
    text = project.run()
    assert points(text) == 0
    with xr.open_dataset(project.folder / "results/small/heavy/response.nc") as ds:
        assert ds.sizes["mass"] == 2


def test_an_identity_that_does_not_hold_ends_the_run(project):
    """The datasets, the figures and the page are there all the same."""
    (project.folder / "parabola.py").write_text(THEORY.replace("- 1 / mass}", "- 1.1 / mass}"))
    done = project.snakemake("--cores", "2")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    told = [line for line in text.splitlines() if line.startswith("error: ")]
    assert set(told) == {
        "error: `heavy: residual`: got 1.00e-01 (the mass is that of the parabola); allowed: at "
        "most 1e-09; all identities are in results/small/evidence.nc"
    }
    results = project.folder / "results" / "small"
    assert not (results / "evidence.txt").exists()
    assert "0 of 1 identities hold" in (results / "report.html").read_text()
    (project.folder / "parabola.py").write_text(THEORY)
    project.run()
    assert (results / "evidence.txt").is_file()


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"theory": "parabol"}, "theory`: got 'parabol'"),
        ({"options": {"mas": 1}}, r"options.mas`: got unknown key.*did you mean mass"),
        ({"options": {"mass": "x"}}, "options.mass`: got 'x'"),
        ({"options": {"momentum": []}}, "options.momentum`: got \\[\\]"),
        ({"fermi_energy": 1}, "fermi_energy`: got unknown key"),
    ],
)
def test_a_faulty_option_is_named(own, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parabola.py").write_text(THEORY)
    system = {"theory": "parabola"} | own
    with pytest.raises(UserError, match=words):
        study.load({"study": "small", "systems": {"heavy": system}})


def test_options_are_for_theories():
    system = {
        "model": {"name": "haldane"},
        "geometry": {"kind": "ribbon", "direction": [1, 0], "width": 3},
        "options": {},
    }
    with pytest.raises(UserError, match="options"):
        study.load({"study": "small", "systems": {"ribbon": system}})


def table(residual, must_be="at most"):
    attrs = {"statement": "s", "route": "r", "bound": 1e-3, "must_be": must_be, "equation": "1"}
    ds = xr.Dataset({"residual": ("point", residual, attrs)}, attrs={"system": "one"})
    return evidence.collect("small", [ds])


@pytest.mark.parametrize(
    ("residual", "must_be", "holds"),
    [
        ([1e-4, -2e-4], "at most", 1),
        ([1e-4, -2e-3], "at most", 0),
        ([1e-4, float("nan")], "at most", 1),
        ([float("nan")], "at most", 0),
        ([1.0, 2e-3], "at least", 1),
        ([1.0, 2e-4], "at least", 0),
    ],
)
def test_the_worst_point_decides(residual, must_be, holds):
    found = table(residual, must_be)
    assert found.holds.item() == holds
    if holds:
        assert "All 1" in evidence.verdict(found, "evidence.nc")
    else:
        with pytest.raises(UserError, match="one: residual"):
            evidence.verdict(found, "evidence.nc")
