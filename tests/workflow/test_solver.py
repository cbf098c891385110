"""The key ``solver`` of a system: a theory that keeps no bands, refused before any job starts."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.study.systems import normalised
from accumulation.theory import accumulation_profile

MODEL = {"name": "haldane", "t2": 0.1, "phi": 0.7, "delta": 0.8}
GEOMETRY = {"kind": "ribbon", "direction": [2, 1], "width": 6}


def system(**keys):
    one = {"model": MODEL, "geometry": GEOMETRY, **keys}
    return normalised({"study": "s", "systems": {"a": one}})["a"]


def test_dense_is_the_default_and_keeps_the_stages():
    assert "theory" not in system()
    assert "theory" not in system(solver="dense")


def test_another_solver_is_a_theory_with_the_keys_of_the_system():
    found = system(solver="selected_inversion", fermi_energy=[0.1, 0.2], gauge=["cell"], k=50)
    assert found["theory"] == "accumulation_profile"
    wanted = {"solver": "selected_inversion", "fermi_energy": [0.1, 0.2], "gauge": "cell", "k": 50}
    assert {key: found["options"][key] for key in wanted} == wanted
    grid = system(solver="auto", geometry=GEOMETRY | {"width": [4, 8]})
    assert [axis.values for axis in grid["axes"]] == [(4, 8)]
    slab = {"kind": "slab", "direction": [1, 0, 0], "layers": 3}
    found = system(model={"name": "stacked_haldane"}, geometry=slab, solver="auto")
    assert (found["theory"], found["options"]["solver"]) == ("slab", "auto")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"definition": "band"}, r"systems\.a\.definition.*all bands"),
        ({"definition": "circulatoin"}, r"definition"),
        ({"keep_eigenvectors": True}, r"systems\.a\.keep_eigenvectors.*unknown key"),
        ({"gauge": ["atomic", "cell"]}, r"systems\.a\.gauge"),
        ({"density": "spin"}, r"without spin"),
        (
            {"geometry": {"kind": "flake", "direction": [1, 0], "width": 2, "length": 3}},
            r"systems\.a\.solver.*dense for a flake",
        ),
        (
            {"geometry": GEOMETRY | {"width": [3, 4]}, "fermi_energy": "midgap"},
            r"systems\.a\.fermi_energy.*grid",
        ),
    ],
)
def test_what_the_solver_cannot_do_names_its_key(keys, words):
    with pytest.raises(UserError, match=words):
        system(solver="selected_inversion", **keys)


def test_the_theory_has_the_numbers_of_the_notebook():
    ribbon = acc.haldane(**{key: value for key, value in MODEL.items() if key != "name"}).ribbon(
        (2, 1), width=6
    )
    given = {"definition": ["circulation", "local"], "k": 60}
    expected = acc.accumulate(ribbon, fermi_energy="midgap", solver="dense", **given)
    for solver in ("dense", "selected_inversion"):
        found = accumulation_profile.compute(ribbon, midgap=True, solver=solver, **given)
        np.testing.assert_allclose(
            found["accumulation"], expected.accumulation.values, atol=1e-9, rtol=0
        )
        assert found["solver"] == solver
        np.testing.assert_allclose(found["at_edge"].sum(axis=-1), found["net"], atol=1e-14)
    assert found["fermi_energy"][0] == expected.attrs["midgap"]
