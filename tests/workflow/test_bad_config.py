"""A wrong config ends in one sentence with the key and what is allowed, before any job starts."""

import math
import os
import re

import pytest
import yaml
from pydantic import ValidationError
from workflow_study import FIGURE, ROOT, config

import accumulation as acc
from accumulation.__main__ import main
from accumulation.errors import UserError
from accumulation.study import config_file as configuration
from accumulation.study import config_model, sizes, study
from accumulation.study.stages import of_singles
from accumulation.study.system_parts import lattice_of

G = "systems__trivial__geometry"
M = "systems__trivial__model"
S = "systems__trivial"

STACK = {"name": "stacked_haldane"}
WIRE = {"kind": "wire", "direction": [1, 0], "width": 3, "height": 2}

FAULTS = [
    ({"sistems": {}}, "sistems", "did you mean systems?"),
    ({"study": None}, "study", "letters"),
    ({"study": "../up"}, "study", "letters"),
    ({"study": 3}, "study", "letters"),
    ({"systems": {}}, "systems", "at least one"),
    ({"systems": []}, "systems", "at least one"),
    ({"systems__figures": {}}, "systems", "not figures"),
    ({"formats": []}, "formats", "png, pdf, svg"),
    ({"formats": ["jpeg"]}, "formats.0", "png, pdf or svg"),
    ({"formats": "png"}, "formats", "list"),
    ({f"{S}__fermi_enrgy": 0}, "systems.trivial.fermi_enrgy", "did you mean fermi_energy?"),
    ({f"{M}": None}, "systems.trivial.model.name", None),
    ({f"{M}__name": "haldene"}, "systems.trivial.model.name", "did you mean haldane?"),
    ({f"{M}__name": 3}, "systems.trivial.model.name", "name of a model"),
    ({f"{M}__delt": 1}, "systems.trivial.model.delt", "did you mean delta?"),
    ({f"{M}__delta": "abc"}, "systems.trivial.model.delta", "finite number"),
    ({f"{M}__delta": True}, "systems.trivial.model.delta", "finite number"),
    ({f"{M}__delta": math.nan}, "systems.trivial.model.delta", "finite number"),
    ({f"{M}__delta": math.inf}, "systems.trivial.model.delta", "finite number"),
    ({f"{M}__delta": [1, "x"]}, "systems.trivial.model.delta", "finite number"),
    ({f"{M}__delta": [1, 1]}, "systems.trivial.model.delta", "each value once"),
    ({f"{M}__delta": [1, "2/2"]}, "systems.trivial.model.delta", "each value only once"),
    ({f"{M}__delta": []}, "systems.trivial.model.delta", "non-empty"),
    ({f"{M}__delta": {"linspce": [0, 1, 3]}}, "systems.trivial.model.delta", "linspace"),
    ({f"{M}__delta": {"linspace": [0, 1]}}, "systems.trivial.model.delta.linspace", "how many"),
    ({f"{M}__delta": {"linspace": [0, 1, 1]}}, "systems.trivial.model.delta.linspace", "how many"),
    ({f"{M}__delta": {"arange": [0, 1, 0]}}, "systems.trivial.model.delta.arange", "step"),
    ({f"{M}__delta": {"arange": [0, 1, -1]}}, "systems.trivial.model.delta.arange", "step"),
    ({f"{M}__delta": {"axis": "flux"}}, "systems.trivial.model.delta.axis", "axis of this config"),
    (
        {"axes": {"row": [1, 2]}, f"{M}__delta": {"axis": "row"}},
        "systems.trivial.model.delta",
        "another name",
    ),
    ({f"{G}__width": [4, 0]}, "systems.trivial.geometry.width", "at least 1"),
    ({f"{G}__direction": [[1, 0], [2, 2]]}, "systems.trivial.geometry.direction", "common divisor"),
    ({f"{S}__profile": True}, "systems.trivial.profile", "grid only"),
    ({f"{S}__points_per_job": 0}, "systems.trivial.points_per_job", "1 to 1000"),
    ({f"{G}__kind": "bulk"}, "systems.trivial.geometry.direction", "bulk"),
    ({f"{M}__delta": "__import__('os')"}, "systems.trivial.model.delta", "finite number"),
    ({f"{M}__phi": "pi/0"}, "systems.trivial.model.phi", "pi/2"),
    ({f"{G}": None}, "systems.trivial.geometry", "kind"),
    ({f"{G}__kind": "tube"}, "systems.trivial.geometry.kind", "ribbon, wire or flake"),
    ({f"{G}__kind": None}, "systems.trivial.geometry.kind", "ribbon, wire or flake"),
    ({f"{G}__kind": "wire"}, "systems.trivial.geometry.height", "at least 1"),
    ({f"{G}__height": 2}, "systems.trivial.geometry.height", "wire or flake only"),
    ({"systems__flake__geometry__height": 2}, "systems.flake.geometry.height", "two dimensions"),
    ({G: WIRE}, "systems.trivial.geometry.height", "two dimensions"),
    ({M: STACK}, "systems.trivial.geometry.kind", "wire, or a flake with a height"),
    ({M: STACK, G: {**WIRE, "height": -1}}, "systems.trivial.geometry.height", "at least 1"),
    ({M: STACK, G: {**WIRE, "height": 1.5}}, "systems.trivial.geometry.height", "an integer"),
    ({M: STACK, G: {**WIRE, "height": [1, 0]}}, "systems.trivial.geometry.height", "at least 1"),
    ({M: STACK, G: {**WIRE, "length": 3}}, "systems.trivial.geometry.length", "a flake only"),
    ({f"{G}__widht": 4}, "systems.trivial.geometry.widht", "did you mean width?"),
    ({f"{G}__width": None}, "systems.trivial.geometry.width", "at least 1"),
    ({f"{G}__width": -3}, "systems.trivial.geometry.width", "at least 1"),
    ({f"{G}__width": 0}, "systems.trivial.geometry.width", "at least 1"),
    ({f"{G}__width": 2.5}, "systems.trivial.geometry.width", "an integer"),
    ({f"{G}__width": "20"}, "systems.trivial.geometry.width", "an integer"),
    ({f"{G}__width": True}, "systems.trivial.geometry.width", "an integer"),
    ({f"{G}__length": 5}, "systems.trivial.geometry.length", "flake only"),
    ({f"{G}__direction": "zigzag"}, "systems.trivial.geometry.direction", "two integers"),
    ({f"{G}__direction": [0, 0]}, "systems.trivial.geometry.direction", "common divisor"),
    ({f"{G}__direction": [2, 2]}, "systems.trivial.geometry.direction", "common divisor"),
    ({f"{G}__direction": [1]}, "systems.trivial.geometry.direction", "two integers"),
    ({f"{G}__direction": [1, 0.5]}, "systems.trivial.geometry.direction.1", "an integer"),
    ({"systems__flake__geometry__length": None}, "systems.flake.geometry.length", "at least 2"),
    ({"systems__flake__gauge": "cell"}, "systems.flake.gauge", "atomic"),
    ({"systems__flake__definition": "band"}, "systems.flake.definition", "exact"),
    ({f"{S}__k": 1}, "systems.trivial.k", "at least 8"),
    ({f"{S}__k": "many"}, "systems.trivial.k", "an integer"),
    ({f"{S}__k": 2.5}, "systems.trivial.k", "an integer"),
    ({f"{S}__density": "orbital"}, "systems.trivial.density", "orbital_moment"),
    ({f"{S}__density": "spin"}, "systems.trivial.density", "resolves spin"),
    ({f"{S}__density": ["charge", "spin"]}, "systems.trivial_spin.density", "resolves spin"),
    (
        {S: {"theory": "proper_current"}},
        "systems.trivial.options.density",
        "resolves spin",
    ),
    ({f"{S}__density": ["charge", "charg"]}, "systems.trivial.density", "did you mean charge?"),
    (
        {f"{S}__definition": "circulating"},
        "systems.trivial.definition",
        "did you mean circulation?",
    ),
    ({f"{S}__definition": []}, "systems.trivial.definition", "non-empty"),
    ({f"{S}__definition": ["local", "local"]}, "systems.trivial.definition", "each once"),
    ({f"{S}__gauge": ["atom"]}, "systems.trivial.gauge", "did you mean atomic?"),
    ({f"{S}__gauge": []}, "systems.trivial.gauge", "non-empty"),
    ({f"{S}__fermi_energy": []}, "systems.trivial.fermi_energy", "non-empty"),
    ({f"{S}__fermi_energy": [0, "x"]}, "systems.trivial.fermi_energy.1", "finite number"),
    ({f"{S}__fermi_energy": [1, 1.0]}, "systems.trivial.fermi_energy", "only once"),
    ({f"{S}__fermi_energy": {}}, "systems.trivial.fermi_energy", "finite number"),
    ({f"{S}__filling": 0}, "systems.trivial.filling", "at least 1"),
    ({f"{S}__filling": 2}, "systems.trivial.filling", "filled bands of 2"),
    ({f"{S}__filling": 1.5}, "systems.trivial.filling", "an integer"),
    ({f"{S}__filling": True}, "systems.trivial.filling", "an integer"),
    ({f"{S}__filling": "half"}, "systems.trivial.filling", "an integer"),
    ({f"{S}__temperature": -0.1}, "systems.trivial.temperature", "at least 0"),
    ({f"{S}__temperature": [0, -1]}, "systems.trivial.temperature", "at least 0"),
    ({f"{S}__keep_eigenvectors": "yes please"}, "systems.trivial.keep_eigenvectors", "true or"),
    ({"defaults__kk": 3}, "defaults.kk", "did you mean k?"),
    ({"defaults__k": -3}, "defaults.k", "at least 8"),
    ({"figures__profile__draw": "profil"}, "figures.profile.draw", "NAME.py"),
    ({"figures__profile__systems": []}, "figures.profile.systems", "non-empty"),
    ({"figures__profile__systems": None}, "figures.profile.systems", "non-empty"),
    ({"figures__profile__systems": ["trivia"]}, "figures.profile.systems", "did you mean trivial?"),
    ({"figures__profile__options__titel": 1}, "figures.profile.options.titel", "mean title?"),
    ({"figures__profile__sytems": []}, "figures.profile.sytems", "did you mean systems?"),
]


@pytest.fixture
def beside_figure(tmp_path, monkeypatch):
    (tmp_path / "profile.py").write_text(FIGURE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(content) -> str:
    with pytest.raises(UserError) as caught:
        study.load(content, "config/config.yaml")
    return str(caught.value)


@pytest.mark.parametrize(("change", "key", "allowed"), FAULTS, ids=lambda v: str(v)[:40])
def test_one_sentence_names_key_and_what_is_allowed(beside_figure, change, key, allowed):
    content = config(**change)
    if change == {M: None}:  # the default model's name then is missing too
        content["defaults"].pop("model")
        key, allowed = "systems.trivial.model", "name"
    sentence = told(content)
    assert sentence.startswith("config/config.yaml: ")
    assert f"`{key}`: got " in sentence
    assert allowed in sentence.split("allowed: ")[1]
    assert "\n" not in sentence
    assert "function" not in sentence
    assert len(sentence) < 350


def test_the_small_study_itself_is_valid(beside_figure):
    assert set(study.load(config()).systems) == {"trivial", "graphene", "flake"}


def test_wires_and_flakes_of_three_dimensions_are_valid(beside_figure):
    flake = {**WIRE, "kind": "flake", "length": 4}
    for geometry in (WIRE, flake, {**WIRE, "height": [1, 2]}, {"kind": "bulk"}):
        own = config(**{S: {"model": STACK, "geometry": geometry}}, figures={})
        assert study.load(own).systems["trivial"]["geometry"]["kind"] == geometry["kind"]


BILLION = {"linspace": [0, 1, 10**9]}
LARGE = [
    ({f"{M}__delta": BILLION}, "model.delta", "1e9 points"),
    ({f"{M}__delta": {"linspace": [0, 1, 1e9]}}, "model.delta", "1e9 points"),
    ({f"{M}__delta": {"arange": [0, 1, 1e-300]}}, "model.delta", "1e300 points"),
    (
        {f"{M}__{key}": {"linspace": [0, 1, 1000]} for key in ("delta", "phi", "t2")},
        "model.t2",
        "1e9 points",
    ),
    ({f"{G}__width": 10**7}, "geometry.width", "1 point"),
    ({f"{G}__width": {"arange": [1, 10**7, 1]}}, "geometry.width", "1e7 points"),
    ({f"{S}__k": 10**10}, "k", "1 point"),
    ({f"{S}__fermi_energy": BILLION}, "fermi_energy", "1 point"),
    ({f"{S}__temperature": {"arange": [0, 1, 1e-9]}}, "temperature", "1 point"),
    ({"systems__flake__geometry__length": 10**7}, "geometry.length", "1 point"),
    ({"axes__d": BILLION}, "axes.d", "1e9 points"),
    ({"axes__d": BILLION, f"{M}__delta": {"axis": "d"}}, "axes.d", "1e9 points"),
    (
        {"axes__d": {"linspace": [0, 1, 2000]}, f"{M}__delta": {"axis": "d"},
         f"{M}__phi": {"linspace": [0, 1, 2000]}},
        "model.phi",
        "4e6 points",
    ),
    (
        {S: {"theory": "hall", "options": {"fermi_energy": BILLION}}, "figures": {}},
        "options.fermi_energy",
        "1 point",
    ),
    (
        {S: {"theory": "rings", "options": {"seed": {"arange": [1, 1e9, 1]}}}, "figures": {}},
        "options.seed",
        "1e9 points",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "key", "points"), LARGE, ids=lambda v: str(v)[:40])
def test_absurd_size_is_refused_with_an_estimate(beside_figure, monkeypatch, change, key, points):
    """Before a value of it is worked out: a list of a billion would take minutes and 30 GB."""

    def never(*limits):
        raise AssertionError(limits)

    monkeypatch.setattr(configuration, "linspace", never)
    monkeypatch.setattr(configuration, "arange", never)
    sentence = told(config(**change))
    where = sentence.split("`: got ")[0]
    assert where.endswith(key)
    unit = r"\S+ [kMGTP]B"
    assert re.search(rf"{points}, {unit} of memory for a job and {unit} on disk; ", sentence)
    assert len(sentence) < 350


def test_the_limit_is_lifted_by_the_user_s_own_word(beside_figure):
    wide = config(**{f"{G}__width": 10**5}, figures={})
    assert "memory" in told(wide)
    found = study.load(wide | {"allow_large": True}).systems["trivial"]
    assert found["geometry"]["width"] == 10**5
    assert "true or false" in told(config(allow_large="yes"))


@pytest.mark.parametrize("cut", ["ribbon", "wire", "flake"])
def test_estimate_is_the_size_of_the_datasets(cut):
    """Within a factor of two, with every definition and no symmetry that makes H(k) real."""
    name, numbers = ("layered_antiferromagnet", {"width": 3, "height": 2})
    if cut != "wire":
        name, numbers = "haldane", {"width": 9} | ({"length": 9} if cut == "flake" else {})
    model = {"name": name, **({} if cut == "wire" else {"t2": 0.1, "phi": 0.7, "delta": 0.3})}
    geometry = {"kind": cut, "direction": [1, 1], **numbers}
    lattice = getattr(acc, name)(**{k: v for k, v in model.items() if k != "name"})
    system = getattr(lattice, cut)((1, 1), **numbers)
    bands = acc.bands(system, k=101)
    density = acc.elements(system, bands, definition=list(system_definitions(cut)))
    written = bands.nbytes + density.nbytes + acc.response(density).nbytes
    size = sizes._estimate("one", {"model": model, "geometry": geometry, "k": 101}, {})
    assert written / 2 < size.disk < 2 * written


def system_definitions(kind):
    from accumulation.densities import definitions_for, orbital_moment

    return definitions_for(orbital_moment, kind)


def test_large_studies_of_a_cluster_are_not_refused():
    """201 x 201 points of three systems, and a thousand by a thousand of a bulk."""
    found = study.load(configuration.read(ROOT / "config" / "studies" / "fine.yaml"))
    assert sum(len(found.merged_tiles(system)) for system in found.grids) > 290
    axis = {"linspace": [0, 1, 1000]}
    bulk = {"model": {"name": "haldane", "delta": axis, "phi": axis}, "geometry": {"kind": "bulk"}}
    sizes.check({"bulk": bulk}, {})
    with pytest.raises(UserError, match="2e6 points"):
        sizes.check({"bulk": bulk | {"model": bulk["model"] | {"delta": axis, "t2": [1, 2]}}}, {})


# All but the study whose models are in files that are not in the repository.
CONFIGS = [p for p in sorted((ROOT / "config").rglob("*.yaml")) if p.stem != "wannier"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_configs_of_the_repository_are_valid(path, capsys):
    assert main(["check", str(path)]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("text", ["study: [", "- a list", "", "study: a\nstudy: b\nsystems: {}"])
def test_broken_yaml_is_one_sentence(tmp_path, capsys, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert main(["check", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "config.yaml" in error


def test_own_model_beside_the_config(beside_figure):
    text = "def mine(delta, t=1.0, kagome=False):\n    return None\n"
    (beside_figure / "mine.py").write_text(text)
    own = config(**{M: {"name": "mine", "delta": 0.5}})
    assert study.load(own).systems["trivial"]["model"] == {
        "name": "mine",
        "delta": 0.5,
        "t": 1.0,
        "kagome": False,
    }
    assert "a value" in told(config(**{M: {"name": "mine"}}))
    assert "true or false" in told(config(**{M: {"name": "mine", "delta": 1, "kagome": 1}}))


@pytest.mark.parametrize(
    "text", ["def mine(:", "x = 1", "raise ValueError('a\\nb')\ndef mine(): 0"]
)
def test_broken_own_model_is_one_sentence(beside_figure, text):
    (beside_figure / "mine.py").write_text(text)
    sentence = told(config(**{M: {"name": "mine"}}))
    assert "mine" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "content",
    [
        config(**{f"{G}__width": -3}),
        config(**{f"{M}__name": "haldene"}),
        "study: small\nstudy: again\n" + yaml.safe_dump({"systems": {}}),
    ],
    ids=["negative", "unknown", "twice"],
)
def test_snakemake_stops_with_the_sentence_before_any_job(project, content):
    project.write(content)
    done = project.snakemake("--cores", "2")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Using workflow")]
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: config/config.yaml: `")
    assert not os.path.exists(project.folder / "results")


def test_a_list_of_densities_makes_a_system_of_each():
    found = study.load(
        config(
            systems__trivial__density=["charge", "orbital_moment"],
            systems__trivial__definition=["local"],
            figures=None,
        )
    ).systems
    assert {"trivial_charge", "trivial_orbital_moment"} < set(found)
    assert "trivial" not in found
    assert found["trivial_charge"]["definition"] == ["site"]
    assert found["trivial_orbital_moment"]["definition"] == ["local"]
    with pytest.raises(UserError, match=r"trivial\.definition`: got 'lokal'.*mean local"):
        study.load(
            config(
                systems__trivial__density=["charge", "orbital_moment"],
                systems__trivial__definition=["lokal"],
            )
        )


@pytest.mark.parametrize("change", [None, *(change for change, *_ in FAULTS)])
def test_the_model_and_the_schema_refuse_the_same(beside_figure, change):
    """The schema is written from the model: what one takes for wrong the other does too."""
    content = config(**change or {})
    try:
        configuration.check_structure(content, "config.yaml")
        by_schema = False
    except UserError:
        by_schema = True
    try:
        config_model.Config.model_validate(content)
        by_model = False
    except ValidationError:
        by_model = True
    assert by_schema == by_model


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda p: p.stem)
def test_the_model_accepts_the_configs_of_the_repository(path):
    config_model.Config.model_validate(configuration.read(str(path)))


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        ({f"{G}__width": []}, "systems.trivial.geometry.width", "a list, {linspace"),
        ({f"{G}__width": {"linspce": [1, 2, 2]}}, "systems.trivial.geometry.width", "linspace?"),
        ({f"{G}__direction": []}, "systems.trivial.geometry.direction", "two integers"),
        ({f"{G}__direction": [[1, 0], [2, 2]]}, "systems.trivial.geometry.direction", "common"),
        ({"figures": "defalt"}, "figures", "default, or figures"),
        ({"figures": 3}, "figures", "default, or figures"),
        ({"figures": {"a b": {"systems": ["trivial"]}}}, "figures", "letters, digits"),
        ({"figures": {"default": "yes"}}, "figures.default", "true or false"),
        ({"figures": {"profile": True}}, "figures.profile", "systems, draw and options"),
        ({f"{S}__edge_depth": -1}, "systems.trivial.edge_depth", "a number above 0, or null"),
        ({"axes__x y": [1]}, "axes", "letters, digits and '_'"),
        ({"axes__x": 3}, "axes.x", "a list, {linspace"),
    ],
)
def test_of_several_forms_the_one_that_is_meant_is_told(beside_figure, change, key, allowed):
    sentence = told(config(**change))
    assert sentence.startswith(f"config/config.yaml: `{key}`: got ")
    assert allowed in sentence.split("; allowed: ")[1]


def test_a_stage_that_a_figure_needs_is_one_of_the_table(beside_figure):
    text = FIGURE.replace('("response",)', '("respnse",)')
    (beside_figure / "profile.py").write_text(text)
    sentence = told(config())
    assert "`NEEDS of profile`: got 'respnse'" in sentence
    assert "one of: model, bands, elements, response (did you mean response?)" in sentence


def test_every_key_of_the_schema_is_documented():
    text = (ROOT / "docs" / "config.md").read_text()
    kinds = configuration.schema()["$defs"]
    keys = [*configuration.schema()["properties"], *kinds["figure"]["properties"]]
    keys += [key for key in kinds["system"]["properties"] if key not in ("model", "geometry")]
    keys += [f"geometry.{key}" for key in kinds["system"]["properties"]["geometry"]["properties"]]
    assert [key for key in keys if f"| `{key}` |" not in text] == []


@pytest.mark.parametrize("error", [UserError("t2", 3, "less"), RuntimeError("a slip")], ids=repr)
def test_a_model_that_refuses_is_left_to_its_job_and_a_fault_is_not_hidden(monkeypatch, error):
    def haldane(**parameters):
        raise error

    monkeypatch.setattr("accumulation.models.haldane.haldane", haldane)
    system = {"model": {"name": "haldane", "t2": 3.0}}
    if isinstance(error, UserError):
        assert lattice_of(system) is None
    else:
        with pytest.raises(RuntimeError, match="a slip"):
            lattice_of(system)


ODD = """
from accumulation import Lattice


def three_sites(t=1.0):
    lattice = Lattice([(1, 0), (0, 1)], {"a": (0, 0), "b": (0.5, 0), "c": (0, 0.5)})
    for pair in ("ab", "ac", "bc"):
        lattice.hop(*pair, (0, 0), t)
    return lattice
"""


def test_an_odd_number_of_bands_needs_its_filling_where_a_gap_is_asked_for(beside_figure):
    (beside_figure / "three_sites.py").write_text(ODD)
    plain = {M: {"name": "three_sites"}}
    needs = [
        {**plain, f"{S}__fermi_energy": "midgap"},
        {M: {"name": "three_sites", "t": [0.5, 1.0]}, "figures": None},
        {**plain, G: {"kind": "bulk"}, "figures": None},
    ]
    for change in needs:
        sentence = told(config(**change))
        assert "`systems.trivial.filling`: got nothing; allowed: an integer from 1 to 2" in sentence
        study.load(config(**change, **{f"{S}__filling": 2}))
    assert "filling" not in study.load(config(**plain)).systems["trivial"]
    theory = {"theory": "hall", "model": {"name": "three_sites"}, "filling": 3}
    sentence = told(config(systems__trivial=theory, figures=None))
    assert "`systems.trivial.filling`: got 3" in sentence


def test_a_filling_reruns_what_depends_on_it(beside_figure):
    own = {M: {"name": "kane_mele"}, f"{S}__density": "charge", "figures": None}
    half, less = (study.load(config(**own, **change)) for change in ({}, {f"{S}__filling": 1}))
    singles = [stage.name for stage in of_singles()]
    same = [half.spec("trivial", s) == less.spec("trivial", s) for s in singles]
    assert dict(zip(singles, same, strict=True)) == {
        "model": True,
        "bands": True,
        "elements": True,
        "response": False,
    }
    own |= {f"{M}": {"name": "kane_mele", "delta": [0.1, 0.2]}, f"{S}__keep_eigenvectors": True}
    half, less = (study.load(config(**own, **change)) for change in ({}, {f"{S}__filling": 1}))
    paths = [{one.stage: one.path for one in some.tiles.values()} for some in (half, less)]
    assert [stage for stage in paths[0] if paths[0][stage] == paths[1][stage]] == ["bands"]
