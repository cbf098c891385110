"""Grids that keep every row: heights of a wire, pairs of rows, points whose rows do not pair."""

import numpy as np
import pytest
import xarray as xr
from workflow_study import Project

import accumulation as acc

# C lies between A and B, in the middle at place = 0.25 only: then rows pair up at y and -y.
MODEL = '''"""A user's own model: three lines of sites."""
from accumulation import Lattice


def lines(place=0.25):
    lattice = Lattice([(1.0, 0.0), (0.0, 1.5)], {"A": (0, 0), "B": (0.2, 0.5), "C": (0.5, place)})
    for to, origin, amplitude in (("A", "B", 1.0), ("B", "C", 0.7 + 0.2j), ("C", "A", 0.4)):
        lattice.hop(to, origin, (0, 0), amplitude)
        lattice.hop(to, origin, (1, 0), 0.6j)
        lattice.hop(to, origin, (0, 1), -0.5)
    return lattice
'''
STACK = {"name": "stacked_haldane", "t2": 0.1, "phi": 0.7, "tz": 0.15}
SHARED = {"k": 16, "density": "charge", "fermi_energy": 0.3, "profile": True}
GRID = {
    "study": "rows",
    "systems": {
        "wire": {
            "model": {**STACK, "delta": [0.7, 0.8]},
            "geometry": {"kind": "wire", "direction": [1, 1], "width": [2, 3], "height": 2},
            **SHARED,
        },
        "lines": {
            "model": {"name": "lines", "place": [0.25, 0.4]},
            "filling": 1,
            "geometry": {"kind": "ribbon", "direction": [1, 0], "width": 2},
            **SHARED,
        },
    },
}


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("rows"))
    (project.folder / "lines.py").write_text(MODEL)
    project.write(GRID)
    project.run()
    return {
        name: xr.load_dataset(project.folder / "results" / "rows" / name / "response.nc")
        for name in GRID["systems"]
    }


def test_rows_of_a_grid_of_wires_are_those_of_single_wires(merged):
    grid = merged["wire"].squeeze()
    for delta in (0.7, 0.8):
        for width in (2, 3):
            wire = acc.stacked_haldane(**{k: v for k, v in STACK.items() if k != "name"},
                                       delta=delta).wire((1, 1), width, 2)  # fmt: skip
            elements = acc.elements(wire, acc.bands(wire, k=16), density="charge")
            one = acc.response(elements, 0.3).squeeze()
            here, rows = grid.sel(delta=delta, width=width), one.sizes["row"]
            for name in ("accumulation", "even", "odd", "z", "mirror_row"):
                np.testing.assert_allclose(here[name][..., :rows], one[name], atol=1e-14)
            assert np.all(here.mirror_row[rows:] == -1)
            assert np.all(np.isnan(here.even[..., rows:]))


def test_parts_are_undefined_where_rows_do_not_pair(merged):
    grid = merged["lines"].squeeze()
    pairs, alone = (grid.sel(place=place) for place in (0.25, 0.4))
    np.testing.assert_allclose(pairs.even + pairs.odd, pairs.accumulation, atol=1e-14)
    np.testing.assert_array_equal(pairs.mirror_row, [5, 4, 3, 2, 1, 0])
    assert np.all(np.isfinite(alone.accumulation))
    assert np.all(np.isnan(alone.even))
    assert np.all(np.isnan(alone.odd))
    assert np.all(alone.mirror_row == -1)
