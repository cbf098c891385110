"""The tables of stages and of kinds of geometry: one declaration, seen by all who read it."""

import json
import os
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
import xarray as xr
from workflow_study import config

from accumulation import locations
from accumulation.datasets import variables
from accumulation.datasets.model_dataset import restore
from accumulation.errors import UserError
from accumulation.jobs import points, stage_runs
from accumulation.lattice import geometries
from accumulation.lattice.lattice import Lattice
from accumulation.lattice.samples import Ribbon
from accumulation.models.stacked_haldane import stacked_haldane
from accumulation.notebook import model
from accumulation.study import (
    config_file,
    default_figures,
    grid,
    sizes,
    stages,
    study,
    system_parts,
    systems,
    tile_plan,
)

SMALL = {"study": "small", "figures": {}}
HALDANE = {"name": "haldane", "delta": 0.5}
RIBBON = {"kind": "ribbon", "direction": [1, 0], "width": 3}


def test_every_stage_names_functions_variables_and_keys_that_there_are():
    properties = study.schema()["$defs"]["system"]["properties"]
    for stage in stages.STAGES.values():
        for place in filter(None, (stage.run, stage.point)):
            assert callable(stages.function(place))
        assert set(stage.variables) <= set(variables.VARIABLES)
        assert {*stage.uses, *stage.point_uses} <= set(properties)
        if stage.run or stage.declared_by:
            assert stage.name in variables.TITLES


def test_points_hold_the_variables_of_the_table():
    """Whatever a point returns has its dimensions from the table of variables, by its stage."""
    settings = {
        "k": 9, "density": "charge", "definition": ["site"], "gauge": ["atomic"], "profile": True,
        "edge_depth": None, "fermi_energy": [0.0], "temperature": [0.0],
    }  # fmt: skip
    point = {"model": HALDANE, "geometry": RIBBON}
    source = None
    for stage in (one for one in stages.of_grids() if not one.declared_by):
        found = stages.function(stage.point)(point, settings, source)
        assert set(found) <= set(stage.variables)
        dims = stage.dims(settings)
        source = xr.Dataset({name: (dims[name], value) for name, value in found.items()})
        source = source.assign_coords({d: (d, settings[d]) for d in variables.LEAD})
        source.attrs["density"] = "charge"
        assert stage.name == "bulk" or source.sizes


EXTRA = '''"""A stage that somebody adds."""
import xarray as xr


def run(spec, response_ds):
    return xr.Dataset({"net": 2 * response_ds.net}).assign_attrs(factor=spec["k"])
'''
DECLARED = """
STAGES["doubled"] = Stage(
    "doubled",
    run="doubled:run",
    inputs=("response",),
    uses=("k",),
    point="jobs.points:bulk_point",
    point_uses=("temperature",),
    is_part_of=_is_cut,
    variables=_GAPS,
    memory=700,
    minutes=20,
    threads=False,
)
"""


@pytest.fixture
def with_a_stage(project):
    """A project whose table of stages has one entry more, and the module that it names."""
    package = project.folder / "src" / "accumulation"
    (package / "doubled.py").write_text(EXTRA)
    table = package / "study" / "stages.py"
    before, middle, after = table.read_text().partition("\n\ndef of_singles")
    table.write_text(before + DECLARED + middle + after)
    titles = package / "datasets" / "variables.py"
    titles.write_text(
        titles.read_text().replace("TITLES = {", 'TITLES = {"doubled": ("Two", "1"),')
    )
    return project


def test_a_stage_of_the_table_has_a_rule_jobs_files_tiles_and_a_place_on_the_page(with_a_stage):
    """One entry and its function: nothing else is told of the stage."""
    project = with_a_stage
    axis = {"model": {"name": "haldane", "delta": [0.1, 0.2]}, "k": 11}
    graphene = config()["systems"]["graphene"]
    changed = config(figures__other=None, figures__profile__systems=["graphene"])
    changed["systems"] = {"graphene": graphene, "map": graphene | axis}
    project.write(changed)
    stagewise = dict.fromkeys(("model", "bands", "elements", "response", "doubled"), 1)
    assert project.planned() == {**stagewise, "tile": 3, "merge": 1, "figure": 1}
    project.run()
    results = project.folder / "results"
    with xr.open_dataset(results / "small" / "graphene" / "doubled.nc") as ds:
        with xr.open_dataset(results / "small" / "graphene" / "response.nc") as response:
            np.testing.assert_array_equal(ds.net, 2 * response.net)
        assert ds.attrs["factor"] == 21
    assert len([*(results / "tiles" / "doubled").rglob("*.nc")]) == 1
    with xr.open_dataset(results / "small" / "map" / "response.nc") as merged:
        assert "direct_gap" in merged
        assert merged.sizes["delta"] == 2
    page = (results / "small" / "report.html").read_text()
    assert page.count(">doubled<") >= 2
    assert "response to doubled" in page
    # Its key holds its code and what it uses, and nothing else.
    text = (project.folder / "src" / "accumulation" / "doubled.py").read_text()
    (project.folder / "src" / "accumulation" / "doubled.py").write_text(text.replace("2 *", "3 *"))
    assert project.planned() == {"doubled": 1}


@pytest.fixture
def tube(monkeypatch):
    """A kind of geometry that is declared for a test: a ribbon of any size, ``turns`` long."""

    class Tube(Ribbon):
        kind = "tube"

    def cut(self, direction, width, turns):
        ribbon = self.ribbon(direction=tuple(direction), width=width).repeated(turns)
        return Tube(**{field.name: getattr(ribbon, field.name) for field in fields(ribbon)})

    declared = geometries.Geometry("tube", Tube, {2: ("width", "turns")}, "rolled up")
    monkeypatch.setitem(geometries.GEOMETRIES, "tube", declared)
    monkeypatch.setattr(Lattice, "tube", cut, raising=False)
    return {"kind": "tube", "direction": [1, 0], "width": 3, "turns": 3}


def test_a_kind_of_the_table_is_checked_planned_computed_and_read_again(tube, monkeypatch):
    """One entry, its class and the method that cuts it: nothing else is told of the kind."""
    monkeypatch.setitem(geometries.SIZES, "turns", geometries.Size("turns of it"))
    at = "systems.a.geometry"
    system = {"model": {"name": "haldane", "delta": 0.5}, "geometry": tube, "axes": []}
    assert system_parts.checked_geometry(tube, at) == tube
    for change, words in (
        ({"turns": 0}, "an integer of at least 1"),
        ({"length": 2}, "this key for a flake only"),
    ):
        with pytest.raises(UserError, match=words):
            system_parts.checked_geometry(tube | change, at)
    with pytest.raises(UserError, match="this key for a tube only"):
        system_parts.checked_geometry({**RIBBON, "turns": 2}, at)
    with pytest.raises(UserError, match="wire, or a flake with a height"):
        system_parts.check_dimension(system, stacked_haldane(), "systems.a")
    assert "gauge" in system_parts.checked_density(
        {"density": "orbital_moment", "gauge": "cell"}, "tube", None, "systems.a"
    )
    assert default_figures.requested(None, {"a": system})["a"]["draw"] == "overview"
    # Three times as long as the ribbon, so three times the orbitals.
    axis = grid.Axis("delta", (("model", "delta"),), (0.1, 0.2))
    keys = {
        "axes": [axis], "points_per_job": 1, "keep_eigenvectors": True, "k": 11,
        "density": "charge", "definition": ["site"], "gauge": ["atomic"], "profile": False,
        "edge_depth": None, "fermi_energy": [0.0], "temperature": [0.0],
    }  # fmt: skip
    wide = [{**cut, "width": 60} for cut in (tube, RIBBON)]
    planned = [tile_plan.planned_tiles(system | keys | {"geometry": cut}) for cut in wide]
    assert list(planned[0]) == ["bands", "elements", "response"]
    assert planned[0]["elements"][0].memory > planned[1]["elements"][0].memory
    estimated = [sizes._estimate("a", system | {"geometry": cut}, {}).disk for cut in wide]
    assert estimated[0] > 3 * estimated[1]
    point = {section: system[section] for section in ("model", "geometry")}
    assert points.bands_point(point, {"k": 8})["energy"].shape == (8, 3 * 2 * 3)
    again = restore(model(stage_runs.build(**point)))
    assert type(again) is geometries.GEOMETRIES["tube"].sample


WRITTEN = """
import json
from accumulation.lattice import geometries

geometries.SIZES["turns"] = geometries.Size("turns of it", least=3)
declared = geometries.Geometry("tube", geometries.Ribbon, {2: ("width", "turns")}, "rolled up")
geometries.GEOMETRIES["tube"] = declared
from accumulation.study import config_schema

print(json.dumps(config_schema.generated()))
"""


def test_a_kind_of_the_table_is_a_value_of_the_config(tube, monkeypatch):
    monkeypatch.setitem(geometries.SIZES, "turns", geometries.Size("turns of it", least=3))
    # In a process of its own, as the model of a config is made when it is imported.
    done = subprocess.run(
        [sys.executable, "-c", WRITTEN],
        env=os.environ | locations.import_path(),
        capture_output=True,
        text=True,
        check=True,
    )
    schema = json.loads(done.stdout)
    for module in (config_file, systems, system_parts):
        monkeypatch.setattr(module, "schema", lambda: schema)
    loaded = study.load({**SMALL, "systems": {"a": {"model": HALDANE, "geometry": tube}}})
    assert loaded.systems["a"]["geometry"] == tube
    assert loaded.systems["a"]["k"] == 401
    for change, words in (
        ({"turns": 2}, "an integer of at least 3"),
        ({"kind": "tub"}, "ribbon, wire, flake or tube, or bulk"),
    ):
        with pytest.raises(UserError, match=words):
            study.load({**SMALL, "systems": {"a": {"model": HALDANE, "geometry": tube | change}}})
