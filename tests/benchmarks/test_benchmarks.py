"""What the benchmarks compute from times, and that their references do the same work as we."""

import sys
from math import nan
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import accumulation as acc
from benchmarks import peer_work, same_work, table
from benchmarks.peers import Peer

LATTICE = acc.haldane(**same_work.GENERIC)


def test_the_exponent_of_a_power_law_is_its_power():
    sizes = [20, 100, 500, 2000]
    assert table.exponent(sizes, [3e-4 * size**1.7 for size in sizes]) == pytest.approx(1.7)


@pytest.mark.parametrize(("power", "expected"), [(2.5, 2.5), (4.0, 3.0)])
def test_a_dense_time_is_extrapolated_by_at_most_the_cube(power, expected):
    sizes = [50, 100, 200]
    found = table.extrapolated(sizes, [size**power for size in sizes], 2000)
    assert found == pytest.approx(200**power * 10**expected)


def test_runs_take_turns_and_ratios_are_those_of_the_same_turn():
    """A machine that slows down between repetitions changes times and no ratio."""
    order = []
    ours, theirs = iter([1.0, 10.0, 4.0]), iter([2.0, 20.0, 8.0])

    def run(name, times):
        order.append(name)
        return next(times)

    runs = {"ours": lambda: run("ours", ours), "theirs": lambda: run("theirs", theirs)}
    assert table.interleaved(runs, 3) == {"ours": (4.0, 1.0), "theirs": (8.0, 2.0)}
    assert order == ["ours", "theirs"] * 3


def test_a_line_has_a_cell_for_every_column_and_leaves_empty_what_was_not_measured():
    text = table.line(table.Row("bands", "20", "kwant", 0.00123, nan, 2e-12, 1530.0))
    assert text == "| bands | 20 | kwant | 1.23 ms |  | 2e-12 | 1.53 GB |"
    assert text.count("|") == table.header().splitlines()[0].count("|")


def test_difference_is_relative_to_our_largest_value():
    assert table.difference([1.0, -4.0], [1.2, -4.0]) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="2 values against 1"):
        table.difference([1.0, 2.0], [1.0])


def test_a_mesh_is_accurate_only_if_the_next_one_is_too():
    """A value may pass the exact one by chance: here on 6 points."""
    errors = {4: 1e-1, 6: 1e-9, 8: 1e-2, 10: 1e-5, 12: 1e-6}
    found = same_work.accurate_mesh(lambda n: same_work.EXACT_HALL * (1 + errors[n]), 1e-4)
    assert found == 10


@pytest.mark.parametrize("direction", [(1, 0), (1, 1), (2, 1)])
def test_the_references_ribbon_is_ours(direction):
    crystal = same_work.crystal(LATTICE)
    bands = acc.bands(LATTICE.ribbon(direction, 5), k=9, eigenvectors=False)
    h, v = peer_work.Ribbon(crystal, direction, 5).hamiltonian(bands.k.values)
    energy, u = np.linalg.eigh(h)
    np.testing.assert_allclose(energy, bands.energy, atol=1e-12)
    velocity = np.einsum("kin,kij,kjn->kn", u.conj(), v, u).real
    np.testing.assert_allclose(velocity, bands.velocity, atol=1e-10)


def test_a_missing_package_says_so_and_others_that_their_work_is_the_same():
    missing = Peer("no_such_package")
    assert "no_such_package" in missing.absent
    missing.close()
    reference = Peer("numpy")
    try:
        rows = list(same_work.accumulation([reference], [3], 1))
        assert [row.by for row in rows] == ["accumulation", "numpy"]
        assert rows[1].difference < same_work.SAME_ROWS
        assert not reference.can("hall")
    finally:
        reference.close()


def test_other_values_are_not_the_same_work():
    class Wrong:
        name = "wrong"

        def can(self, work):
            return True

        def values(self, case):
            return [1.0, 2.1]

    rows = same_work.compared(
        "sum", "2", lambda: None, np.array([1.0, 2.0]), {"work": "sum"}, [Wrong()], 1e-10, 1
    )
    with pytest.raises(RuntimeError, match="sum by wrong: values differ by 5"):
        list(rows)
