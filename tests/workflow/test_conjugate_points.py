"""Elements of points with complex conjugate amplitudes: one from the other, or computed."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from accumulation.densities import named
from accumulation.jobs import conjugate_points, points
from accumulation.jobs.points import elements_point, response_point
from accumulation.lattice.hop_table import HopTable
from accumulation.study import grid

SETTINGS = {
    "k": 40,
    "density": "orbital_moment",
    "definition": ["circulation", "local"],
    "gauge": ["atomic", "cell"],
    "profile": False,
    "edge_depth": 1.5,
    "fermi_energy": [0.05, 0.8],
    "temperature": [0.0, 0.1],
}
CUTS = {"zigzag": [1, 0], "armchair": [1, 1], "chiral": [2, 1]}


def point(phi, cut="chiral", model="haldane", **parameters):
    flux = {"phi": phi} if model == "haldane" else {}
    geometry = {"kind": "ribbon", "direction": CUTS[cut], "width": 5}
    return {"model": {"name": model, **flux, **parameters}, "geometry": geometry}


def computed(one, settings):
    """The same without the other point."""
    return points._elements(points.stage_runs.build(**one), settings)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("phi", [-0.7, 0.7, np.pi / 2, -np.pi])
def test_elements_are_those_of_the_system_itself(cut, phi):
    one = point(phi, cut, t2=0.1, delta=0.3)
    found, expected = elements_point(one, SETTINGS), computed(one, SETTINGS)
    for name, value in expected.items():
        np.testing.assert_allclose(
            found[name], value, atol=1e-9 * np.abs(value).max(), err_msg=name
        )


@pytest.mark.parametrize(
    ("density", "definition"),
    [
        ("spin", ["site"]),
        ({"name": "spin", "component": "y"}, ["site"]),
        ({"name": "spin", "component": "x"}, ["site"]),
    ],
)
def test_responses_with_spin_are_those_of_the_system_itself(density, definition):
    """Conjugate amplitudes are not the time reversal of spins, and their sign is not that of it."""
    chosen = named(density, {})
    settings = SETTINGS | {"density": chosen, "definition": definition, "temperature": [0.1]}
    for strength in (0.05, -0.05):
        one = point(0, model="kane_mele", spin_orbit=strength, rashba=0.07, delta=0.2)
        found = elements_point(one, settings)
        direct = found | computed(one, settings)
        names = {"k": ("k",), "weight": ("k",), "energy": ("k", "band"), "velocity": ("k", "band")}
        names |= dict.fromkeys(
            ("density", "polarizability"), ("definition", "gauge", "k", "band", "region")
        )
        labels = {"definition": definition, "gauge": settings["gauge"]}
        responses = []
        for values in (found, direct):
            variables = {name: (names.get(name, ()), value) for name, value in values.items()}
            ds = xr.Dataset(variables, labels, {"density": chosen})
            responses.append(response_point(one, settings, ds))
        largest = np.abs(responses[1]["net"]).max() + np.abs(responses[1]["left_edge"]).max()
        for name in ("net", "left_edge", "right_edge"):
            difference = np.abs(responses[0][name] - responses[1][name]).max()
            assert difference <= 1e-8 * largest + 1e-12, name


def test_values_do_not_depend_on_the_other_point_being_near():
    ahead, after = point(0.7, t2=0.1, delta=0.3), point(-0.7, t2=0.1, delta=0.3)
    conjugate_points._kept.cache_clear()
    alone = elements_point(after, SETTINGS)
    conjugate_points._kept.cache_clear()
    elements_point(ahead, SETTINGS)
    beside = elements_point(after, SETTINGS)
    assert conjugate_points._kept.cache_info().hits == 1
    for name, value in alone.items():
        np.testing.assert_array_equal(beside[name], value)


def test_a_density_without_a_sign_is_computed(monkeypatch):
    one = point(-0.7, t2=0.1, delta=0.3)
    monkeypatch.setattr(conjugate_points, "_signs", lambda *_: None)
    found, expected = elements_point(one, SETTINGS), computed(one, SETTINGS)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_systems_that_differ_in_their_operators_alone_are_not_taken_for_one():
    system = points.stage_runs.build(**point(0.7, t2=0.1))
    at = np.arange(len(system.positions))
    one, other = (
        replace(system, operators={"T": HopTable(at, at, 0 * at, value * np.ones(len(at)))})
        for value in (1.0, 2.0)
    )
    problems = {conjugate_points._Problem.of(s, SETTINGS) for s in (system, one, other)}
    assert len(problems) == 3
    assert conjugate_points._Problem.of(replace(one), SETTINGS) in problems


def test_opposite_values_of_an_axis_share_a_tile():
    axes = [
        grid.Axis("phi", (("model", "phi"),), tuple(grid.linspace(-np.pi, np.pi, 21))),
        grid.Axis("delta", (("model", "delta"),), tuple(grid.linspace(0.1, 0.5, 5))),
    ]
    blocks = grid.blocks(axes, 25)
    assert {flux for fluxes, _ in blocks for flux in fluxes} == set(axes[0].values)
    assert len(blocks) > 2
    for fluxes, _ in blocks:
        assert sorted(fluxes) == sorted(-np.array(fluxes))
