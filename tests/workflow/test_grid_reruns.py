"""Grids: what an edit computes again, counted in jobs and in points."""

import copy
import re
import shutil

import numpy as np
import pytest
import xarray as xr
import yaml
from workflow_study import ROOT, SERVER, Project

import accumulation as acc

# What other cases of the same test show too.
EXHAUSTIVE = pytest.mark.exhaustive
MODEL = {"name": "haldane", "t2": 0.06, "delta": [-0.1, 0.0, 0.2], "phi": [0.3, 1.1]}
GRID = {
    "study": "grid",
    "systems": {
        "zigzag": {
            "model": MODEL,
            "geometry": {"kind": "ribbon", "direction": [1, 0], "width": 3},
            "k": 11,
            "definition": ["circulation", "local"],
            "fermi_energy": ["midgap", 0.1],
            "points_per_job": 4,
        },
        "bulk": {"model": MODEL, "geometry": {"kind": "bulk"}, "points_per_job": 4},
    },
    "figures": {
        "map": {"draw": "map", "systems": ["zigzag"], "options": {"title": "a"}},
    },
    "formats": ["png"],
}
FIGURE = '''"""A user's own figure of a grid."""
NEEDS = ("response",)
CAPTION = "a map"


def draw(systems, title=""):
    from matplotlib.figure import Figure  # once it is drawn, not whenever it is looked at

    figure = Figure()
    axes = figure.subplots()
    axes.pcolormesh(systems[0]["response"].chern.values)
    axes.set_title(title)
    return figure
'''
POINTS = 6  # of each system


def grid(**changes) -> dict:
    changed = copy.deepcopy(GRID)
    for path, value in changes.items():
        *steps, last = path.split("__")
        node = changed
        for step in steps:
            node = node[step]
        node[last] = value
    return changed


def both(key, value) -> dict:
    """The same change of a model parameter in both systems."""
    return {f"systems__{system}__model__{key}": value for system in ("zigzag", "bulk")}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("grid"))
    (project.folder / "map.py").write_text(FIGURE)
    project.write(GRID)
    project.run()
    return project


@pytest.fixture
def project(done, tmp_path):
    return Project.copied(done, tmp_path)


def run(project) -> tuple[dict[str, int], dict[str, int]]:
    """Jobs by rule, and points computed by stage, of a run."""
    text = project.run()
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    computed: dict[str, int] = {}
    for stage in re.findall(r"(\w+) tile \w+: \d+ points", text):
        computed.setdefault(stage, 0)
    for line in set(re.findall(r"\w+ tile \w+: \d+ points, \d+ computed", text)):
        stage, number = re.match(r"(\w+) tile \w+: \d+ points, (\d+) computed", line).groups()
        computed[stage] += int(number)
    ignored = ("total", "all", "report_page")
    return {rule: int(n) for rule, n in jobs.items() if rule not in ignored}, computed


def foreseen(project) -> tuple[dict[str, int], set[str]]:
    """Points to compute by stage, and the other rules, of the plan of a run."""
    told = accumulation(project, "plan", "config/config.yaml")
    points = re.findall(r"^(\w+) of grids: \d+ tiles?, (\d+) points to", told, re.MULTILINE)
    rules = set(re.findall(r"^([a-z ]+) of (?!grids)", told, re.MULTILINE)) - {"report page"}
    return {stage: int(number) for stage, number in points}, rules


def accumulation(project, *arguments) -> str:
    environment = {**project.environment(), "PYTHONPATH": str(project.folder / "src")}
    done = SERVER.run(list(arguments), project.folder, environment, 120, module="accumulation")
    assert done.returncode == 0, done.stderr
    return done.stdout


def response(project, system="zigzag") -> xr.Dataset:
    with xr.open_dataset(project.folder / "results" / "grid" / system / "response.nc") as ds:
        return ds.load()


def edit(project, name, old, new):
    path = project.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


NEW = {"bulk": 2, "elements": 2, "response": 2}


def test_merged_grid_equals_single_ribbons(done):
    """To rounding, at each point, the same numbers as the notebook's functions give."""
    ds = response(done)
    assert ds.net.dims[:2] == ("delta", "phi")
    for delta in ds.delta.values:
        for phi in ds.phi.values:
            point = ds.sel(delta=delta, phi=phi)
            ribbon = acc.haldane(t2=0.06, phi=phi, delta=delta).ribbon((1, 0), 3)
            elements = acc.elements(ribbon, acc.bands(ribbon, k=11), definition="local")
            level = float(point.fermi_level[0])
            alone = acc.response(elements, fermi_energy=[level, 0.1])
            merged = point.sel(definition="local").isel(gauge=0)
            np.testing.assert_allclose(merged.net, alone.net, atol=1e-13)
            right = alone.accumulation.isel(row=alone.y.values > 0).sum("row")
            np.testing.assert_allclose(merged.right_edge, right, atol=1e-13)
            np.testing.assert_allclose(merged.left_edge + merged.right_edge, merged.net, atol=1e-13)


def test_points_do_not_depend_on_their_tile(done, tmp_path):
    """Bit for bit the same in tiles of one point."""
    alone = Project(tmp_path)
    (alone.folder / "map.py").write_text(FIGURE)
    alone.write(grid(systems__zigzag__points_per_job=1, systems__bulk__points_per_job=1))
    alone.run()
    for system in ("zigzag", "bulk"):
        xr.testing.assert_identical(response(done, system), response(alone, system))


def test_second_run_does_nothing(done):
    assert "Nothing to be done" in done.run()


def test_figure_option_redraws_that_figure(project):
    project.write(grid(figures__map__options__title="b"))
    assert project.planned() == {"figure": 1}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fermi_energy", [0.05]),
        pytest.param("temperature", [0, 0.02], marks=EXHAUSTIVE),
    ],
)
def test_fermi_energy_or_temperature_diagonalises_nothing(project, key, value):
    project.write(grid(**{f"systems__zigzag__{key}": value}))
    assert foreseen(project) == ({"response": POINTS}, {"merge", "figure"})


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([-0.1, 0.0, 0.2, 0.3], marks=EXHAUSTIVE),
        [-0.3, -0.1, 0.0, 0.2],
    ],
)
def test_value_appended_or_prepended_computes_its_own_points(project, values):
    project.write(grid(**both("delta", values)))
    assert foreseen(project) == (NEW, {"merge", "figure"})


@EXHAUSTIVE
def test_value_of_the_other_axis_computes_its_own_points(project):
    project.write(grid(**both("phi", [0.3, 0.7, 1.1])))
    assert foreseen(project)[0] == dict.fromkeys(NEW, 3)


def test_value_inserted_computes_its_own_points(project):
    """As many as the plan said, and the others keep their values to the last bit."""
    before = response(project)
    project.write(grid(**both("delta", [-0.1, 0.0, 0.1, 0.2])))
    assert foreseen(project)[0] == NEW
    assert run(project)[1] == NEW
    after = response(project)
    assert after.sizes["delta"] == 4
    xr.testing.assert_equal(after.sel(delta=before.delta), before)


def test_value_removed_computes_nothing(project):
    before = response(project)
    project.write(grid(**both("delta", [-0.1, 0.2])))
    jobs, computed = run(project)
    assert sum(computed.values()) == 0
    assert jobs["merge"] == 2
    xr.testing.assert_equal(response(project), before.sel(delta=[-0.1, 0.2]))


def test_axis_reordered_only_merges(project):
    before = response(project)
    project.write(grid(**both("delta", [0.2, -0.1, 0.0])))
    assert run(project) == ({"merge": 2, "figure": 1}, {})
    xr.testing.assert_equal(response(project), before.sel(delta=[0.2, -0.1, 0.0]))


def test_two_parameters_swapped(project):
    """Equal values under other names are other points."""
    swapped = {**MODEL, "delta": MODEL["phi"], "phi": MODEL["delta"]}
    project.write(grid(systems__zigzag__model=swapped))
    assert foreseen(project)[0] == {"elements": POINTS, "response": POINTS}


def test_value_changed_and_changed_back_only_merges(project):
    before = response(project)
    project.write(grid(**both("delta", [-0.1, 0.0, 0.25])))
    assert run(project)[1] == NEW
    project.write(GRID)
    assert run(project) == ({"merge": 2, "figure": 1}, {})
    xr.testing.assert_identical(response(project), before)


def test_without_snakemakes_records_nothing_is_needless_and_nothing_stale(project):
    shutil.rmtree(project.folder / ".snakemake")
    assert "Nothing to be done" in project.run()
    shutil.rmtree(project.folder / ".snakemake")
    project.write(grid(**both("delta", [-0.1, 0.0]), figures__map__options__title="b"))
    jobs, computed = run(project)
    assert sum(computed.values()) == 0
    assert jobs["merge"] == 2
    assert jobs["figure"] == 1
    assert response(project).sizes["delta"] == 2


def test_renamed_study_keeps_its_tiles(project):
    project.write(grid(study="other"))
    assert project.planned() == {"merge": 2, "figure": 1}


def test_touched_files_rerun_nothing(project):
    for path in [*project.folder.rglob("*.py"), project.folder / "config" / "config.yaml"]:
        path.touch()
    for path in (project.folder / "results" / "tiles").rglob("*.nc"):
        path.touch()
    assert project.planned() == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        pytest.param(
            "responses/static.py",
            "ACCURATE = 1e-4",
            "ACCURATE = 1.1e-4",
            {"response": POINTS},
            marks=EXHAUSTIVE,
        ),
        (
            "states/eigenstates.py",
            "CLOSE_PAIR = 1e-5",
            "CLOSE_PAIR = 1.1e-5",
            {"elements": POINTS, "response": POINTS},
        ),
        (
            "crystal/gaps.py",
            "LEVELS = 40",
            "LEVELS = 41",
            {"bulk": POINTS, "elements": POINTS, "response": POINTS},
        ),
        ("jobs/merging.py", "shape = tuple(", "shape = list(", {}),
    ],
)
def test_module_edited_reruns_its_stage_and_what_follows(project, file, old, new, expected):
    edit(project, f"src/accumulation/{file}", old, new)
    if file == "jobs/merging.py":
        edit(project, f"src/accumulation/{file}", "reshape(shape +", "reshape(tuple(shape) +")
    assert foreseen(project) == (expected, {"merge", "figure"})


OWN = '''"""A user's own model."""
from accumulation.models.haldane import haldane

from helper import flux


def own(delta=0.0, phi=0.0, t2=0.0):
    from pieces.shift import shifted

    return haldane(t2=t2, phi=flux(phi), delta=shifted(delta))
'''
THEORY = '''"""A user's own theory."""
import numpy as np

import helper

EQUATION = "1"
VARIABLES = {"value": ((), "1", "a value", "1")}
CHECKS = {}


def compute(seed=1.0):
    return {"value": np.array(helper.flux(seed))}
'''
HELPERS = {
    "helper.py": "def flux(phi):\n    return 1.0 * phi\n",
    "pieces/__init__.py": "",
    "pieces/shift.py": "from . import by\n\n\ndef shifted(delta):\n    return delta + by.STEP\n",
    "pieces/by.py": "STEP = 0.1\n",
    "unrelated.py": "X = 1\n",
}


@pytest.fixture(scope="module")
def done_own(tmp_path_factory):
    """Grids of a model and of a theory of the user's, both with files beside them."""
    project = Project(tmp_path_factory.mktemp("own"))
    for name, text in {"own.py": OWN, "curve.py": THEORY, **HELPERS}.items():
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text(text)
    model = {"name": "own", "t2": 0.06, "delta": [0.0, 0.2], "phi": 0.3}
    project.write(
        {
            "study": "grid",
            "systems": {
                "zigzag": GRID["systems"]["zigzag"] | {"model": model},
                "bulk": {"model": model, "geometry": {"kind": "bulk"}},
                "curve": {"theory": "curve", "options": {"seed": [1.0, 2.0, 3.0]}},
            },
        }
    )
    project.run()
    return project


MODEL_POINTS = {"bulk": 2, "elements": 2, "response": 2}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("own.py", "t2=t2", "t2=1 * t2", MODEL_POINTS),
        ("helper.py", "1.0 *", "1.01 *", {**MODEL_POINTS, "theory": 3}),
        pytest.param("pieces/shift.py", "+ by", "- by", MODEL_POINTS, marks=EXHAUSTIVE),
        pytest.param("pieces/by.py", "0.1", "0.2", MODEL_POINTS, marks=EXHAUSTIVE),
        pytest.param("pieces/__init__.py", "", "import os\n", MODEL_POINTS, marks=EXHAUSTIVE),
        pytest.param("unrelated.py", "1", "2", {}, marks=EXHAUSTIVE),
        (
            "src/accumulation/lattice/bloch.py",
            "phase = k[:, None]",
            "phase = 1 * k[:, None]",
            MODEL_POINTS,
        ),
        pytest.param(
            "src/accumulation/models/haldane.py",
            "-t0)",
            "-1.01 * t0)",
            MODEL_POINTS,
            marks=EXHAUSTIVE,
        ),
        ("src/accumulation/models/kane_mele.py", "-hopping", "-1.01 * hopping", {}),
    ],
)
def test_own_files_count_with_all_that_they_import(done_own, tmp_path, file, old, new, expected):
    """Files beside them, through packages and relative imports, and this package."""
    project = Project.copied(done_own, tmp_path)
    assert foreseen(project) == ({}, set())
    edit(project, file, old, new)
    points, _ = foreseen(project)
    assert points == expected


def test_own_model_is_computed_anew_after_an_edit_of_what_it_imports(done_own, tmp_path):
    """The values are those of the edited helper, which a helper of the same effect undoes."""
    project = Project.copied(done_own, tmp_path)
    before = response(project, "bulk")
    edit(project, "pieces/by.py", "0.1", "0.3")
    assert run(project)[1] == MODEL_POINTS
    after = response(project, "bulk")
    shifted = acc.haldane(t2=0.06, phi=0.3, delta=0.5)
    k = np.array([4 * np.pi / 3, 0.0])
    gap = min(np.ptp(np.linalg.eigvalsh(shifted.hamiltonian(sign * k))) for sign in (1, -1))
    assert float(after.direct_gap[1]) == pytest.approx(gap, abs=1e-6)
    assert float(before.direct_gap[1]) != pytest.approx(gap, abs=1e-3)


def test_plan_counts_and_names_tiles_of_theories_and_of_the_bulk(done_own, tmp_path):
    project = Project.copied(done_own, tmp_path)
    edit(project, "helper.py", "1.0 *", "2.0 *")
    told = accumulation(project, "plan", "config/config.yaml")
    assert re.search(r"^theory of grids: 3 tiles, 3 points to compute, for curve$", told, re.M)
    assert re.search(r"^bulk of grids: 1 tile, 2 points to compute, for bulk$", told, re.M)
    assert re.search(r"^elements of grids: 1 tile, 2 points .*, for zigzag$", told, re.M)


def test_what_a_config_elsewhere_needs_is_not_unused(project, tmp_path_factory):
    """Also of a study of the same name, and of one that a command line changed."""
    needless = "needs these"
    folder = tmp_path_factory.mktemp("elsewhere")
    names = []
    for number, (study, values) in enumerate((("mine", [0.31, 0.32]), ("grid", [0.41, 0.42]))):
        content = grid(study=study, **both("delta", values))
        content["systems"] = {f"other_{number}": content["systems"]["bulk"]}
        path = folder / f"{number}.yaml"
        path.write_text(yaml.safe_dump(content | {"figures": {}}))
        done = project.snakemake("--cores", "2", "--configfile", str(path))
        assert done.returncode == 0, done.stderr
        names.append(f"{number}.yaml")
    told = accumulation(project, "unused", "all")
    assert needless not in told
    assert all(name in told for name in names)
    before = set(project.datasets())
    accumulation(project, "unused", "all", "--remove")
    assert set(project.datasets()) == before
    # A look leaves no record, and another run of the same file replaces its own.
    records = project.folder / "results" / ".studies"
    count = len(list(records.iterdir()))
    content = yaml.safe_load((folder / "0.yaml").read_text())
    content["systems"]["other_0"]["model"]["delta"] = [0.31, 0.33]
    (folder / "0.yaml").write_text(yaml.safe_dump(content))
    assert project.snakemake("-n", "--configfile", str(folder / "0.yaml")).returncode == 0
    assert needless not in accumulation(project, "unused", "all")
    done = project.snakemake("--cores", "2", "--configfile", str(folder / "0.yaml"))
    assert done.returncode == 0, done.stderr
    assert len(list(records.iterdir())) == count
    assert needless in accumulation(project, "unused", "all")
    assert all(str(project.folder) not in path.read_text() for path in records.iterdir())
    # Deleted by the user, a record keeps nothing any more.
    for path in records.iterdir():
        path.unlink()
    assert "results/mine/" in accumulation(project, "unused", "all")


def test_run_changed_by_the_command_line_is_remembered(project):
    assert "needs these" not in accumulation(project, "unused", "all")
    change = "systems={zigzag: {model: {delta: [0.05, 0.06]}}}"
    file = ("--configfile", "config/config.yaml")
    done = project.snakemake("--cores", "2", *file, "--config", change)
    assert done.returncode == 0, done.stdout + done.stderr
    assert response(project).delta.values.tolist() == [0.05, 0.06]
    assert "needs these" not in accumulation(project, "unused", "all")


def test_figure_module_edited_redraws_it(project):
    edit(project, "map.py", "Figure()", "Figure(figsize=(3, 3))")
    assert project.planned() == {"figure": 1}


def test_comments_and_docstrings_do_not_count(project):
    for path in (project.folder / "src" / "accumulation").rglob("*.py"):
        path.write_text(path.read_text().replace('"""', '"""Edited. ', 1) + "# a comment\n")
    assert project.planned() == {}


def test_plan_tells_in_plain_words(project):
    assert "Nothing to be done" in accumulation(project, "plan", "config/config.yaml")
    project.write(grid(**both("delta", [-0.1, 0.0, 0.1, 0.2])))
    told = accumulation(project, "plan", "config/config.yaml")
    assert re.search(r"elements of grids: \d tiles?, 2 points to compute", told)
    assert "merge of bulk, zigzag" in told or "merge of zigzag, bulk" in told
    project.write(grid(figures__map__options__title="b"))
    told = accumulation(project, "plan", "config/config.yaml")
    assert told.startswith("figure of map: ")
    assert "grids" not in told


def test_what_no_study_needs_is_listed_and_removed_by_command_only(project):
    tiles = set((project.folder / "results" / "tiles").rglob("*.nc"))
    assert "Every file" in accumulation(project, "unused", "all")
    project.write(grid(**both("delta", [-0.1, 0.0])))
    project.run()
    assert tiles <= set((project.folder / "results" / "tiles").rglob("*.nc"))
    told = accumulation(project, "unused", "all")
    assert "needs these" in told
    assert tiles <= set((project.folder / "results" / "tiles").rglob("*.nc"))
    accumulation(project, "unused", "all", "--remove")
    left = set((project.folder / "results" / "tiles").rglob("*.nc"))
    assert not tiles <= left
    assert "Every file" in accumulation(project, "unused", "all")
    assert project.planned() == {}


def test_default_study_is_large_enough():
    """The phase diagram that the README shows, as the config has it."""
    from accumulation.study import config_file, study

    found = study.load(config_file.read(ROOT / "config" / "config.yaml"))
    sizes = {n: [len(a.values) for a in found.systems[n]["axes"]] for n in found.grids}
    assert sizes == {"phase_bulk": [41, 41], "phase_zigzag": [21, 21], "phase_chiral": [21, 21]}
