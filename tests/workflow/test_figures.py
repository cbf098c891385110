"""Figures that nobody asked for, what figures need, and rows that are summed to sites."""

import ast
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

import accumulation as acc
from accumulation import figures, plugins
from accumulation.densities import definitions_for
from accumulation.errors import UserError
from accumulation.plotting import sites
from accumulation.study import study

HALDANE = {"name": "haldane", "t2": 0.06, "phi": 0.9}
RIBBON = {"kind": "ribbon", "direction": [1, 0], "width": 4}
WIRE = {"kind": "wire", "direction": [1, 0], "width": 3, "height": 2}
MANY = {"linspace": [0.1, 0.5, 3]}
SYSTEMS = {
    "ribbon": {"geometry": RIBBON, "fermi_energy": [0, 0.5]},
    "armchair": {"geometry": RIBBON | {"direction": [1, 1]}, "definition": "local"},
    "both": {"geometry": RIBBON, "gauge": ["atomic", "cell"]},
    "wire": {"model": {"name": "stacked_haldane"}, "geometry": WIRE},
    "flake": {"geometry": RIBBON | {"kind": "flake", "length": 3}},
    "spin": {"model": {"name": "kane_mele"}, "geometry": RIBBON, "density": "spin"},
    "midgap": {"geometry": RIBBON, "fermi_energy": "midgap"},
    "curve": {"model": HALDANE | {"delta": MANY}, "geometry": RIBBON, "k": 20},
    "one": {"model": HALDANE | {"delta": [0.1]}, "geometry": RIBBON, "k": 20},
    "map": {"model": HALDANE | {"delta": MANY, "phi": MANY}, "geometry": RIBBON, "k": 20},
    "three": {
        "model": HALDANE | {"delta": MANY, "phi": MANY},
        "geometry": RIBBON | {"width": [3, 4]},
        "k": 20,
    },
    "bulk": {"model": HALDANE | {"delta": MANY}, "geometry": {"kind": "bulk"}},
    "point": {"geometry": {"kind": "bulk"}},
    "hall": {"theory": "hall"},
}
DRAWN = {
    **dict.fromkeys(("ribbon", "armchair", "both", "wire", "flake", "spin", "midgap"), "overview"),
    **dict.fromkeys(("curve", "one", "bulk"), "grid_curves"),
    **dict.fromkeys(("map", "three"), "grid_maps"),
}


def loaded(drawn):
    made = {"study": "s", "defaults": {"model": HALDANE, "k": 21}, "systems": SYSTEMS}
    return study.load(made if drawn is None else made | {"figures": drawn})


def draws(drawn):
    return {name: one["draw"] for name, one in loaded(drawn).figures.items()}


@pytest.mark.parametrize("figures", [None, "default", {"default": True}])
def test_every_ribbon_wire_flake_and_grid_has_a_figure_by_default(figures):
    assert draws(figures) == DRAWN
    assert all(one["systems"] == [name] for name, one in loaded(figures).figures.items())


def test_ones_own_figures_stand_alone_beside_the_default_or_in_its_place():
    own = {"fig2": {"systems": ["ribbon"]}}
    assert draws(own) == draws(own | {"default": False}) == {"fig2": "fig2"}
    assert draws(own | {"default": True}) == {"fig2": "fig2"} | DRAWN
    own = {"curve": {"draw": "fig2", "systems": ["ribbon"]}, "default": True}
    assert draws(own) == DRAWN | {"curve": "fig2"}
    assert draws({}) == {}


FAULTS = [
    ("defalt", "figures", "default, or figures"),
    ({"default": 1}, "figures.default", "true or false"),
    ({"fig1": {"systems": ["ribbon"]}}, "figures.fig1.systems", "exactly 3: ribbons of gapped"),
    ({"phase_cuts": {"systems": ["map"] * 7}}, "figures.phase_cuts.systems", "1 to 6: grids"),
    ({"fig2": {"systems": ["flake"]}}, "figures.fig2.systems", "kind ribbon or wire there (a r"),
    ({"fig2": {"systems": ["hall"]}}, "figures.fig2.systems", "systems without an axis"),
    ({"cross_section": {"systems": ["ribbon"]}}, "figures.cross_section.systems", "kind wire"),
    ({"hall": {"systems": ["curve"]}}, "figures.hall.systems", "systems of the theory hall"),
    ({"grid_maps": {"systems": ["hall"]}}, "figures.grid_maps.systems", "hall, of the theory hall"),
    ({"grid_maps": {"systems": ["curve"]}}, "figures.grid_maps.systems", "2 or more parameters"),
    ({"grid_curves": {"systems": ["map"]}}, "figures.grid_curves.systems", "a grid over 1 param"),
    ({"grid_curves": {"systems": ["ribbon"]}}, "figures.grid_curves.systems", "ribbon, no grid"),
    ({"phase_diagram": {"systems": ["curve"]}}, "figures.phase_diagram.systems", "over delta"),
    (
        {"fig2": {"systems": ["armchair"]}},
        "figures.fig2.options.definition",
        "got 'circulation'; allowed: what the system armchair computes (definition: local)",
    ),
    (
        {"edges": {"systems": ["ribbon", "armchair", "ribbon"]}},
        "figures.edges.options.definitions",
        "got 'circulation'; allowed: what the system armchair computes",
    ),
    (
        {"fig3": {"systems": ["both", "ribbon"]}},
        "figures.fig3.options.beside",
        "got 'cell'; allowed: what the system ribbon computes (gauge: atomic)",
    ),
    (
        {"fig2": {"systems": ["ribbon"], "options": {"fermi_energy": "1/4"}}},
        "figures.fig2.options.fermi_energy",
        "got 0.25; allowed: what the system ribbon computes (fermi_energy: 0, 0.5)",
    ),
    (
        {"phase_cuts": {"systems": ["map"]}},
        "figures.phase_cuts.options.fermi_energy",
        "got 'midgap'; allowed: what the system map computes (fermi_energy: 0)",
    ),
    (
        {"fig2": {"systems": ["midgap"], "options": {"fermi_energy": "midgap"}}},
        "figures.fig2.options.fermi_energy",
        "a number",
    ),
    *(
        ({"figure": {"draw": draw, "systems": names, "options": {key: value}}},
         f"figures.figure.options.{where}", allowed)
        for draw, names, key, value, where, allowed in (
            ("fig1", ["ribbon"] * 3, "cells", 0, "cells", "at least 1"),
            ("fig1", ["ribbon"] * 3, "cells", 2.5, "cells", "an integer"),
            ("fig1", ["ribbon"] * 3, "cells", None, "cells", "a value such as 6"),
            ("fig1", ["ribbon"] * 3, "titles", ["a"], "titles", "a list of 3 names"),
            ("fig1", ["ribbon"] * 3, "titles", ["a", "b", 3], "titles.2", "a text"),
            ("fig1", ["ribbon"] * 3, "title", [], "title", "did you mean titles?"),
            ("fig3", ["both"] * 2, "states", "valenz", "states", "did you mean valence?"),
            ("fig3", ["both"] * 2, "beside", "atomic", "beside", "null, cell"),
            ("cross_section", ["wire"], "titles", ["a", "b"], "titles", "a list of 1 name"),
            ("overview", ["ribbon"], "temperature", 0.1, "temperature", "(temperature: 0)"),
            ("overview", ["ribbon"], "gauge", "cell", "gauge", "(gauge: atomic)"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("drawn", "key", "words"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_what_does_not_fit_a_figure_is_told_before_a_run(drawn, key, words):
    with pytest.raises(UserError) as caught:
        loaded(drawn)
    assert caught.value.key == key
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("draw", "names", "options"),
    [
        ("fig2", ["midgap"], {"fermi_energy": 0.1}),  # its midgap may be just that
        ("fig2", ["ribbon"], {"fermi_energy": "1/2"}),
        ("fig3", ["ribbon", "ribbon"], {"beside": None}),
        ("phase_cuts", ["map"], {"fermi_energy": 0, "phi": "pi/3"}),
        ("grid_curves", ["one"], {}),
    ],
)
def test_what_fits_is_taken_with_numbers_worked_out(draw, names, options):
    found = loaded({"own": {"draw": draw, "systems": names, "options": options}})
    exact = {"1/2": 0.5, "pi/3": np.pi / 3}
    assert found.figures["own"]["options"] == {k: exact.get(v, v) for k, v in options.items()}


@pytest.mark.parametrize("name", plugins.available("figures"))
def test_every_figure_declares_what_it_draws_and_is_read_as_it_is_imported(name):
    """The outline is read without importing the file: it must say what an import says."""
    outline = plugins.figure(name)
    module = importlib.import_module(f"{figures.__name__}.{name}")
    least, most, words = outline.declared["SYSTEMS"]
    assert least >= 1
    assert most is None or most >= least
    assert words
    assert {"KINDS", "KINDS_IN_TURN", "THEORY", "THEORY_IN_TURN"} & set(outline.declared)
    for key in plugins.DECLARED:
        assert outline.declared.get(key) == getattr(module, key, None)
    options = list(inspect.signature(module.draw).parameters.values())[1:]
    assert outline.parameters == {one.name: one.default for one in options}
    for key in ("CHOICES", "LENGTHS", "LEAST", "COMPUTED"):
        assert set(outline.declared.get(key, {})) <= set(outline.parameters)


@pytest.mark.parametrize("name", plugins.available("figures"))
def test_a_declared_figure_says_no_second_time_how_many_systems_it_draws(name):
    tree = ast.parse(Path(plugins.path_of("figures", name)).read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    asked = [n for n in calls if getattr(n.func, "attr", "") == "need_systems"]
    assert all(ast.unparse(call.args[1]) == "SYSTEMS" for call in asked)


# Rows and sites ---------------------------------------------------------------------------------


def datasets(lattice, density, direction=(2, 1), width=3, level=0.4):
    ribbon = lattice.ribbon(direction, width)
    names = list(definitions_for(plugins.load("densities", density), "ribbon", ribbon.operators))
    elements = acc.elements(ribbon, acc.bands(ribbon, k=16), density, names, ["atomic"])
    response = acc.response(elements, level)
    for ds in (elements, response):
        ds.attrs |= {"system": "s", "parameters": "{}"}
    return {"elements": elements, "response": response}


def two_orbitals():
    """A chain of cells with two orbitals at one place and a third beside them."""
    return acc.Lattice(
        vectors=np.eye(2),
        orbitals={"s": (0, 0), "p": (0, 0), "d": (0.3, 0.5)},
        hoppings=[
            ("s", "s", (0, 1), -1.0), ("s", "s", (1, 0), -0.7), ("p", "p", (0, 1), 0.5),
            ("p", "p", (1, 0), 0.3j), ("d", "s", (0, 0), -0.4 + 0.2j), ("d", "p", (0, 0), 0.6),
            ("s", "p", (1, 1), 0.2j),
        ],
        filling=1,
    )  # fmt: skip


CASES = {
    "spin of a spinful one": lambda: (acc.kane_mele(rashba=0.1, delta=0.2), "spin"),
    "moment of a spinful one": lambda: (acc.kane_mele(rashba=0.1, delta=0.2), "orbital_moment"),
    "one orbital a site": lambda: (acc.haldane(t2=0.1, phi=0.7, delta=0.3), "orbital_moment"),
    "two orbitals a site": lambda: (two_orbitals(), "orbital_moment"),
}


def by_hand(response):
    """Sum of the accumulation at each place, in a dict."""
    total = {}
    for row in range(response.sizes["row"]):
        one = response.isel(row=row)
        place = tuple(round(float(one[name]), 5) + 0.0 for name in "xyz")
        total[place] = total.get(place, 0) + one.accumulation.values
    return total


@pytest.mark.parametrize("case", CASES)
def test_rows_at_one_place_are_one_site_with_their_sum(case):
    response = datasets(*CASES[case]())["response"]
    found, expected = sites.to_sites(response), by_hand(response)
    assert found.sizes["row"] == len(expected)
    for row in range(found.sizes["row"]):
        one = found.isel(row=row)
        place = tuple(round(float(one[name]), 5) + 0.0 for name in "xyz")
        np.testing.assert_allclose(one.accumulation.values, expected[place], atol=1e-14)
    per_site = {"one": 1, "two": 3 / 2}.get(case.split()[0], 2)
    assert response.sizes["row"] == per_site * found.sizes["row"]
    names = {"two": {"s+p", "d"}}.get(case.split()[0], {"A", "B"})
    assert set(found.sublattice.values.tolist()) == names
    assert found.accumulation.attrs == response.accumulation.attrs


@pytest.mark.parametrize("case", CASES)
def test_the_default_figure_shows_the_sums_of_sites(case):
    made = datasets(*CASES[case]())
    figure = plugins.load("figures", "overview").draw([made])
    expected = by_hand(made["response"])
    names = made["response"].definition.values.tolist()
    panels = [ax for ax in figure.axes if ", intraband" in ax.get_title(loc="left")]
    assert len(panels) == len(names)
    for number, ax in enumerate(panels):
        drawn = [line.get_ydata() for line in ax.lines if line.get_marker() not in ("None", "")]
        values = [one[number, 0, 0, 0, 0] for one in expected.values()]
        np.testing.assert_allclose(np.sort(np.concatenate(drawn)), np.sort(values), atol=1e-14)


@pytest.mark.parametrize(
    ("name", "value"),
    [("SYSTEMS", "3"), ("SYSTEMS", (1, 2)), ("AXES", "2"), ("KINDS", "ribbon"), ("CHOICES", ("a",)),
     ("THEORY", ("hall",))],
)  # fmt: skip
def test_a_figure_of_ones_own_that_declares_nonsense_is_named(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figure = f"nonsense_{name.lower()}_{len(value)}"
    text = f"NEEDS = ('response',)\n{name} = {value!r}\n\n\ndef draw(systems):\n    pass\n"
    Path(f"{figure}.py").write_text(text)
    with pytest.raises(UserError, match=rf"{figure}\.py without a {name} of the right kind"):
        loaded({figure: {"systems": ["ribbon"]}})


def test_a_figure_of_ones_own_may_declare_what_it_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "NEEDS = ('response',)\nSYSTEMS = (2, None, 'flakes')\nKINDS = ('flake',)\n"
    Path("flakes.py").write_text(text + "\n\ndef draw(systems, size=1.0, *, which):\n    pass\n")
    for options, names, words in (
        ({"which": 1}, ["flake"], "got 1 system (flake); allowed: at least 2: flakes"),
        ({"which": 1}, ["flake", "ribbon"], "got ribbon, a ribbon; allowed: a system of kind fl"),
        ({}, ["flake"] * 2, "`figures.flakes.options.which`: got nothing; allowed: a value"),
        ({"which": 1, "size": "big"}, ["flake"] * 2, "`figures.flakes.options.size`: got 'big'"),
    ):
        with pytest.raises(UserError) as caught:
            loaded({"flakes": {"systems": names, "options": options}})
        assert words in str(caught.value)
    assert draws({"flakes": {"systems": ["flake"] * 2, "options": {"which": 1}}})
