"""Options of a theory as axes: how their points are gathered into jobs."""

from accumulation.study import grid

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
