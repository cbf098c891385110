"""Published numbers, and those of this package beside them."""

import numpy as np
import pytest

from accumulation.theory import published_numbers

OURS = published_numbers.compute(points=36, finest=320, stack_points=12)


@pytest.mark.parametrize("name", published_numbers.CHECKS)
def test_published_numbers_hold(name):
    identity = published_numbers.CHECKS[name]
    residual = identity.residual(np.asarray(OURS[name]))
    assert identity.holds(residual), residual


def test_the_table_has_both_numbers_side_by_side():
    relative = OURS["ours"] / OURS["published"] - 1
    by_name = dict(zip(OURS["number"].tolist(), relative, strict=True))
    differ = [name for name, value in by_name.items() if abs(value) > 1e-4]
    assert differ == ["MoS2, L_z, both spins"]
    # Dxy and dx2-y2 alone against bands that are partly p of sulphur.
    assert by_name["MoS2, L_z, both spins"] == pytest.approx(0.262, abs=0.002)
