"""Options of a theory as axes: how their points are gathered into jobs."""

import pytest

from accumulation.study import grid, study

SEED = grid.Axis("seed", (("options", "seed"),), tuple(range(6)))
STRENGTH = grid.Axis("strength", (("options", "strength"),), (0.5, 1.0))
NAMES = grid.Axis("density", (("options", "density"),), ("spin", "charge"))


def sizes(axes, points_per_job):
    found = grid.blocks(axes, points_per_job)
    assert sum(len(a) * len(b) for a, b in found) == len(axes[0].values) * len(axes[1].values)
    return sorted(len(a) * len(b) for a, b in found)


def test_every_point_is_a_job_unless_more_are_asked_for():
    assert sizes([SEED, STRENGTH], 1) == [1] * 12


def test_options_that_are_numbers_share_jobs():
    assert max(sizes([SEED, STRENGTH], 9)) > 1
    assert len(sizes([SEED, STRENGTH], 9)) < 12


def test_texts_do_not():
    assert max(sizes([SEED, NAMES], 3)) == 3
    assert len(sizes([SEED, NAMES], 3)) == 4


@pytest.mark.parametrize(
    ("shape", "a_job"),
    [((1,), 1), ((2000,), 1), ((2001,), 4), ((40, 50), 1), ((50, 50), 4), ((250, 400), 64)],
)
def test_a_theory_has_a_job_for_every_point_until_there_are_thousands(shape, a_job):
    axes = [grid.Axis(f"o{i}", (("options", f"o{i}"),), tuple(map(float, range(n))))
            for i, n in enumerate(shape)]  # fmt: skip
    assert grid.points_per_job(axes) == a_job
    assert len(grid.blocks(axes, a_job)) <= grid.MOST_JOBS


def test_texts_have_a_job_each_however_many_they_are():
    names = tuple(f"n{i}" for i in range(3000))
    axes = [grid.Axis("name", (("options", "name"),), names)]
    assert len(grid.blocks(axes, grid.points_per_job(axes))) == 3000


def test_points_of_a_grid_that_grows_into_larger_jobs_are_those_of_the_smaller_ones():
    """So they are copied: the index of a folder knows the tile of every point."""

    def tiles(disorders):
        options = {"seed": {"arange": [1, 40, 1]}, "strength": {"linspace": [1, 2, disorders]}}
        system = {
            "theory": "disorder",
            "model": {"name": "haldane"},
            "geometry": {"kind": "ribbon", "direction": [1, 0], "width": 4},
            "options": options,
        }
        planned = study.load({"study": "s", "systems": {"rings": system}, "figures": {}})
        return list(planned.tiles.values())

    smaller, larger = tiles(50), tiles(99)
    assert {len(tile.keys) for tile in smaller} == {1}
    assert len(smaller) == 2000
    assert len(larger) < 2000
    assert {tile.path.split("/")[3] for tile in smaller + larger} == {smaller[0].path.split("/")[3]}
    old, new = ({key for tile in tiles for key in tile.keys} for tiles in (smaller, larger))
    assert old < new
    assert len(new) == 40 * 99
