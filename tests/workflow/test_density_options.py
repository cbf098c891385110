"""Densities of a config: with options, operators of the model, and what a model does not have."""

import pytest

from accumulation.errors import UserError
from accumulation.study.systems import normalised

ORBITALS = """
from accumulation.plugin_api import Lattice


def mine(t=0.5, coupling=0.2) -> Lattice:
    \"\"\"p orbitals with spin on a square lattice.\"\"\"
    names, spins = ("px", "py", "pz"), {"up": 1, "down": -1}
    lattice = Lattice(
        vectors=[(1, 0), (0, 1)],
        orbitals={f"{n}_{s}": (0, 0) for n in names for s in spins},
        spin={f"{n}_{s}": v for n in names for s, v in spins.items()},
        shells={f"{n}_{s}": n for n in names for s in spins},
    )
    for s in spins:
        lattice.hop(f"px_{s}", f"px_{s}", (1, 0), t)
    lattice.add_operator("L_dot_S", coupling)
    return lattice
"""
GEOMETRY = {"kind": "ribbon", "direction": [1, 0], "width": 3}


@pytest.fixture
def own_model(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(ORBITALS)
    monkeypatch.chdir(tmp_path)


def systems(density, model="mine", **keys):
    system = {"model": {"name": model}, "geometry": GEOMETRY, "density": density, **keys}
    return normalised({"study": "s", "systems": {"a": system}})


@pytest.mark.usefixtures("own_model")
def test_operators_and_options_make_systems_of_their_own():
    found = systems(["L_z", {"name": "spin", "component": "y"}, "spin", "orbital_moment"])
    assert {name: one["density"] for name, one in found.items()} == {
        "a_L_z": "operator(operator=L_z)",
        "a_spin_y": "spin(component=y)",
        "a_spin": "spin",
        "a_orbital_moment": "orbital_moment",
    }
    # With L_z the total moment is among the definitions, without it not.
    assert "total" in found["a_orbital_moment"]["definition"]
    assert "total" not in systems("orbital_moment", "haldane")["a"]["definition"]


@pytest.mark.usefixtures("own_model")
def test_the_first_value_of_an_axis_tells_the_operators():
    system = {
        "model": {"name": "mine", "coupling": {"linspace": [0.1, 0.3, 3]}},
        "geometry": GEOMETRY,
        "density": "L_dot_S",
    }
    found = normalised({"study": "s", "systems": {"a": system}})["a"]
    assert found["density"] == "operator(operator=L_dot_S)"


@pytest.mark.usefixtures("own_model")
@pytest.mark.parametrize(
    ("density", "model", "words"),
    [
        ("Q_z", "mine", r"systems\.a\.density.*L_dot_S"),
        ("L_z", "haldane", r"systems\.a\.density"),
        ("orbital_angular_momentum", "haldane", r"systems\.a\.density.*operator L_z"),
        ({"name": "spin", "component": "w"}, "mine", r"systems\.a\.density\.component.*x, y, z"),
        ({"name": "spin", "axis": "y"}, "mine", r"systems\.a\.density.*component"),
        ({"component": "y"}, "mine", r"density"),
        ("spin(component=y)", "haldane", r"without spin"),
    ],
)
def test_what_a_model_does_not_have_is_refused_by_its_key(density, model, words):
    with pytest.raises(UserError, match=words):
        systems(density, model)


def test_a_slab_is_a_theory_with_the_keys_of_its_geometry():
    geometry = {"kind": "slab", "plane": [0, 1, 0], "direction": [1, 0, 0], "layers": [2, 3]}
    system = {
        "model": {"name": "stacked_haldane"}, "geometry": geometry, "density": "charge",
        "fermi_energy": 0.3, "k": 50, "k_across": 8,
    }  # fmt: skip
    found = normalised({"study": "s", "systems": {"a": system}})["a"]
    assert found["theory"] == "slab"
    assert found["options"]["plane"] == [0, 1, 0]
    assert found["options"]["fermi_energy"] == [0.3]
    assert [axis.name for axis in found["axes"]] == ["layers"]
    one = system | {"geometry": geometry | {"layers": 2}, "fermi_energy": "midgap", "filling": 1}
    found = normalised({"study": "s", "systems": {"a": one}})["a"]
    assert found["options"]["midgap"] is True
    assert found["filling"] == 1
    with pytest.raises(UserError, match="points of such a grid"):
        normalised({"study": "s", "systems": {"a": system | {"fermi_energy": "midgap"}}})
    with pytest.raises(UserError, match="width"):
        normalised({"study": "s", "systems": {"a": system | {"geometry": geometry | {"width": 2}}}})
    with pytest.raises(UserError, match="gauge"):
        normalised({"study": "s", "systems": {"a": system | {"gauge": "cell"}}})


def test_a_trimmed_ribbon_keeps_its_pair():
    def checked(trim, kind="ribbon"):
        geometry = GEOMETRY | {"kind": kind, "trim": trim}
        system = {"model": {"name": "haldane"}, "geometry": geometry}
        return normalised({"study": "s", "systems": {"a": system}})["a"]["geometry"]

    assert checked([1, 0])["trim"] == [1, 0]
    assert "trim" not in checked([0, 0])
    with pytest.raises(UserError, match="trim"):
        checked([1])
