"""Published numbers, and those of this package beside them."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import accumulation as acc
from accumulation.__main__ import main
from accumulation.errors import UserError
from accumulation.figures import intra_and_intersite
from accumulation.lattice.units import HBAR2_OVER_2M
from accumulation.theory import anomalous_hall, published_numbers

sys.path.insert(0, str(Path(__file__).parent))

from wannier_files import real_seed

STUDIES = Path(__file__).parents[2] / "config" / "studies"

OURS = published_numbers.compute(points=48, finest=320, stack_points=12)


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


@pytest.mark.filterwarnings("ignore:.*projections name them")
def test_the_study_of_wannier_files_is_valid_where_they_are(tmp_path, capsys):
    """In a project of its own, its folder data/ a link to the files."""
    folder = {Path(real_seed(name)).parent for name in ("mos2", "graphene", "Fe")}.pop()
    shutil.copy(STUDIES / "wannier.yaml", tmp_path / "config.yaml")
    (tmp_path / "data").symlink_to(folder)
    assert main(["check", str(tmp_path / "config.yaml")]) == 0, capsys.readouterr().err


def test_the_study_of_wannier_files_says_what_is_missing(tmp_path, capsys):
    shutil.copy(STUDIES / "wannier.yaml", tmp_path / "config.yaml")
    assert main(["check", str(tmp_path / "config.yaml")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "data/mos2" in error


def test_iron_has_an_anomalous_hall_effect_of_the_published_size():
    """8 electrons among 18 Wannier functions, on coarse meshes."""
    values = anomalous_hall.compute(acc.from_wannier90(real_seed("Fe")), points=(12, 16))
    for name, identity in anomalous_hall.CHECKS.items():
        assert identity.holds(identity.residual(np.asarray(values[name]))), name
    assert np.ptp(values["fermi_energy"]) < 0.05


def test_anomalous_hall_refuses_what_it_cannot_do():
    with pytest.raises(UserError, match="model"):
        anomalous_hall.compute(acc.haldane())


def test_the_figure_of_both_moments_has_the_magneton_of_the_density():
    assert intra_and_intersite.MAGNETON == {"eV_angstrom": HBAR2_OVER_2M}
