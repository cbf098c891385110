"""A model of files in a config: what is in the files is a part of the key."""

import json
import warnings

import numpy as np
import pytest

import accumulation as acc
from accumulation import cli, locations, plugins
from accumulation.errors import UserError
from accumulation.jobs import merging, points, stage_runs
from accumulation.study import study

CUT = {"kind": "ribbon", "direction": [1, 0], "width": 3}


@pytest.fixture
def folder(tmp_path):
    """Files of Haldane's model in data/, and a folder beside it where nothing is."""
    (tmp_path / "data").mkdir()
    acc.haldane(t2=0.1, phi=0.7, delta=0.3).to_wannier90(tmp_path / "data" / "mine")
    with locations.beside(tmp_path / "config.yaml"):
        yield tmp_path


def loaded(model, geometry=CUT, defaults=None, **more):
    system = {"model": model, "geometry": geometry, **more}
    config = {"study": "files", "systems": {"one": system}, "figures": {}}
    return study.load(config | ({"defaults": defaults} if defaults else {}))


def specs(**model):
    made = loaded({"wannier90": "data/mine", **model})
    return {stage: made.spec("one", stage) for stage in ("model", "bands")}


def test_the_key_is_that_of_the_contents(folder):
    """Of the files that are read; not of others, nor of when they were written."""
    before = specs()
    assert json.loads(before["model"])["model"]["contents"]
    (folder / "data" / "other_hr.dat").write_text("of another seed")
    (folder / "data" / "mine_hr.dat").write_text("not read where there is a _tb.dat")
    win = folder / "data" / "mine.win"
    win.write_bytes(win.read_bytes())
    assert specs() == before
    win.write_text(win.read_text() + "! a comment\n")
    after = specs()
    assert after["model"] != before["model"]
    acc.haldane(t2=0.1, phi=0.7, delta=0.4).to_wannier90(folder / "data" / "mine")
    assert specs()["model"] not in (before["model"], after["model"])


def test_a_job_builds_the_model_of_the_files(folder):
    spec = json.loads(specs()["model"])
    ds = stage_runs.run_model(spec)
    bands = stage_runs.run_bands({"k": 21}, ds)
    own = acc.bands(acc.haldane(t2=0.1, phi=0.7, delta=0.3).ribbon((1, 0), 3), k=21)
    np.testing.assert_allclose(bands.energy, own.energy, atol=1e-10)
    assert json.loads(ds.attrs["provenance"])["seed"] == "mine"
    assert json.loads(bands.attrs["provenance"])["hermiticity_violation"] == 0
    assert str(folder) not in "".join(map(str, ds.attrs.values()))


def test_a_job_does_not_take_other_files_than_planned(folder):
    spec = json.loads(specs()["model"])
    acc.haldane(t2=0.1, phi=0.7, delta=0.4).to_wannier90(folder / "data" / "mine")
    with pytest.raises(UserError, match="planned with"):
        stage_runs.run_model(spec)


def test_a_default_model_gives_nothing_to_a_model_of_files(folder):
    made = loaded({"wannier90": "data/mine"}, defaults={"model": {"name": "haldane", "t2": 0.1}})
    assert made.systems["one"]["model"]["name"] == "wannier90"
    assert "t2" not in made.systems["one"]["model"]


@pytest.mark.parametrize("kind", ["ribbon", "bulk"])
def test_a_limit_may_be_an_axis(folder, kind):
    """Convergence in what is dropped, point by point; a model without an axis is one point."""
    geometry = CUT if kind == "ribbon" else {"kind": "bulk"}
    made = loaded({"wannier90": "data/mine", "smallest": [0.0, 0.15]}, geometry)
    (axis,) = made.systems["one"]["axes"]
    assert (axis.name, list(axis.values)) == ("smallest", [0.0, 0.15])
    model = made.systems["one"]["model"]
    full, cut = (stage_runs.lattice(model | {"smallest": value}) for value in axis.values)
    assert len(cut.hoppings) < len(full.hoppings)
    note = cut.provenance["truncation"]
    # Only hops between next-nearest neighbours are below 0.15; they move the bands by up to 6 t2.
    assert 0.1 < note["largest_band_error"] < 0.7
    single = loaded({"wannier90": "data/mine"}, {"kind": "bulk"})
    assert [one.name for one in single.systems["one"]["axes"]] == ["smallest"]


BAD = [
    (
        {"wannier90": "data/absent"},
        "systems.one.model.wannier90",
        "relative to the config's folder",
    ),
    ({"wannier90": ""}, "systems.one.model.wannier90", "nothing"),
    ({"wannier90": "data/mine", "t2": 0.1}, "systems.one.model.t2", "unknown key"),
    ({"wannier90": "data/mine", "longest": "far"}, "systems.one.model.longest", "number"),
    ({"wannier90": "data/mine", "spin": "both"}, "systems.one.model.spin", "interleaved"),
    ({"wannier90": "data/mine", "longest": -1.0}, "systems.one.model.longest", "positive"),
    ({"wannier90": 3}, "systems.one.model.wannier90", "path and seed"),
]


@pytest.mark.parametrize(("model", "key", "words"), BAD)
def test_a_fault_is_told_before_any_job(folder, model, key, words):
    with pytest.raises(UserError) as caught:
        loaded(model)
    sentence = str(caught.value)
    assert f"`{key}`" in sentence
    assert words in sentence


def test_a_malformed_file_is_told_before_any_job(folder):
    path = folder / "data" / "mine_tb.dat"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:30], "1 1 ***** 0.0", *lines[31:]]))
    with pytest.raises(UserError, match=r"mine_tb\.dat, line 31"):
        loaded({"wannier90": "data/mine"})


def test_points_of_a_grid_say_where_their_model_comes_from(folder):
    """In a variable of theirs, as each has its own truncation; texts are kept at full length."""
    model = loaded({"wannier90": "data/mine"}).systems["one"]["model"]
    arrays = {}
    for place, limit in enumerate((0.0, 0.15)):
        values = points.bulk_point({"model": model | {"smallest": limit}}, {})
        note = json.loads(values["provenance"].item())
        assert ("truncation" in note) is bool(limit)
        text = np.array([values["provenance"].item()])
        merging._place(arrays, "provenance", [place], text, 2)
    notes = [json.loads(text) for text in arrays["provenance"]]
    assert notes[1]["truncation"]["smallest"] == 0.15
    assert notes[0]["files"] == notes[1]["files"]
    own = points.bulk_point({"model": {"name": "haldane", "delta": 0.4}}, {})
    assert "provenance" not in own


def test_a_warning_of_a_command_is_one_sentence(capsys):
    def command():
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("mine: orbitals are not known", stacklevel=1)

    assert cli.exit_code_of(command) == 0
    assert capsys.readouterr().err == "warning: mine: orbitals are not known\n"


@pytest.mark.parametrize(
    ("kind", "text"),
    [("models", "def haldane():\n    pass\n"), ("figures", "def draw(systems):\n    pass\n")],
)
def test_a_file_of_ones_own_with_the_name_of_a_packaged_one_is_refused(folder, kind, text):
    """Either could be meant.  A file that defines something else is no namesake."""
    name = {"models": "haldane", "figures": "overview"}[kind]
    own = folder / f"{name}.py"
    own.write_text("NUMBER = 1\n")
    assert plugins.load(kind, name).__name__ == f"accumulation.{kind}.{name}"
    own.write_text(text)
    with pytest.raises(UserError, match=rf"your file .*{name}\.py and also in the package"):
        plugins.load(kind, name)
