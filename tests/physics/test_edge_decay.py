"""Edges of wide ribbons: the decay of a Dirac cone, and no dependence on the solver."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.theory import edge_decay

T2 = 0.06
BOUNDARY = 3 * np.sqrt(3) * T2


def computed(delta, **options):
    lattice = acc.haldane(t2=T2, phi=np.pi / 2, delta=delta)
    return edge_decay.compute(lattice, **{"k": 60, "level": 0.3, **options})


def test_gap_and_velocity_are_those_of_the_cone():
    """2 |delta - 3 sqrt(3) t2| and sqrt(3) / 2, to the order of the mass."""
    found = computed(0.28, widths=(4, 6))
    assert found["gap"] == pytest.approx(2 * (BOUNDARY - 0.28), abs=1e-12)
    assert found["velocity"] == pytest.approx(np.sqrt(3) / 2, rel=0.01)
    assert found["chern"] == -1
    assert np.isnan(found["decay_length"])  # far too narrow


def test_an_edge_decays_over_the_length_of_the_cone_and_both_solvers_agree():
    dense, selected = (
        computed(0.06, widths=(20, 120), solver=solver)
        for solver in ("dense", "selected_inversion")
    )
    np.testing.assert_allclose(dense["edge"], selected["edge"], rtol=1e-5)  # the error of dense
    assert selected["decay_difference"] == pytest.approx(0.0, abs=0.03)
    assert selected["finite_width"][-1] == 0
    assert 0.05 < selected["finite_width"][0] < 1


def test_the_lever_of_a_moment_is_no_part_of_the_decay():
    """Half the ribbon is 11 lengths: the moment of what decays has a 10 % shorter one."""
    found = computed(0.45, widths=(4, 220))
    assert found["decay_difference"] == pytest.approx(0.0, abs=0.02)
    x = found["distance"] / found["dirac_length"]
    fitted = (x > 3) & (x < 5)
    line = np.polyfit(x[fitted], np.log(np.abs(found["beyond"][fitted])), 1)[0]
    assert -1 / line < 0.91


def test_a_power_of_the_distance_is_no_part_of_the_decay():
    """A straight line through the logarithm is 10 % off between three and five lengths."""
    x = np.linspace(2.0, 6.0, 81)
    tail = -0.02 * np.exp(-x - 1.6 / x)
    fitted = (x >= 3) & (x <= 5)
    line = np.polyfit(x[fitted], np.log(-tail[fitted]), 1)[0]
    assert -1 / line > 1.1
    found = edge_decay._fitted_length(7.0 * x, tail, 7.0, 100.0)
    assert found == pytest.approx(7.0, rel=1e-10)


def test_a_density_that_is_no_moment_decays_as_its_rows():
    """Spin beside a gap of each spin: rows have no factor of the distance."""
    lattice = acc.kane_mele(spin_orbit=T2, delta=0.7)
    options = {"density": "spin", "definition": "", "k": 60, "widths": (4, 20)}
    found = edge_decay.compute(lattice, **options)
    np.testing.assert_array_equal(found["edge_tail"], found["beyond"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"widths": (20, 10)}, "widths.*rise"),
        ({"level": 1.5}, "level"),
        ({"definition": "locl"}, "definition.*local"),
        ({"solver": "sparse"}, "solver.*one of"),
    ],
)
def test_wrong_options_are_named(options, words):
    with pytest.raises(UserError, match=words):
        computed(0.1, **options)


def test_a_crystal_at_the_boundary_has_no_gap():
    with pytest.raises(UserError, match="gap"):
        computed(BOUNDARY)
