"""The package against the referee, and the referee against closed forms and brute force."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from referee.bulk_reference import Zone, chern_number, gaps
from referee.crystals import SQUARE, honeycomb
from referee.draws import TEMPERATURES, draw
from referee.judge import AGREED, FLAGGED, UNDECIDED, Entry, judge
from referee.judge import _verdict as verdict
from referee.kubo import QUANTITIES
from referee.reference import Value, responses
from referee.ribbon import Crystal, Ribbon

from accumulation.responses import line_integral

SEED = 2024
# Small ribbons of every kind of level: exact crossings, band edges, flat bands, beside these.
SMALL = [(SEED, index) for index in (1, 2, 9, 11, 12, 17, 18, 27, 30, 32, 33, 43, 49, 53, 54)]
# Five bands that meet in one point between two mesh points, on the level.
SMALL += [(11, 3)]
# A window that holds a band edge below the level; an edge at an avoided crossing; a band that bends
# back through a level on which it crosses another; four bands on a level, two hidden by others.
SMALL += [(11, 65), (11, 125), (0, 36), (21, 23)]
# Bands that touch quadratically below and on the level.
SMALL += [(0, 194)]
# Two crossings and a root of a third band in one interval of a coarse mesh.
SMALL += [(0, 486)]
# Three bands that meet on the level, one of them at rest, over a pair that only rounding parts.
SMALL += [(0, 9)]
# Copies of a chain nearly degenerate over a range of k; a level between two such copies; a mesh
# whose estimates of its error pass zero; a crossing that the referee knew too coarsely.
SMALL += [(0, 1904), (0, 803), (0, 879), (0, 937), (0, 1941)]
# An edge on a point of the mesh that the band leaves slowly.
SMALL += [(0, 806)]


# Draws that take longest; others of their kinds stay, and `make referee` has all.
LONG = {(0, 803), (21, 23), (0, 9), (11, 3), (0, 1941), (0, 36), (0, 1904)}


@pytest.mark.parametrize(
    ("seed", "index"),
    [pytest.param(*one, marks=pytest.mark.exhaustive if one in LONG else ()) for one in SMALL],
)
def test_nothing_is_silently_wrong(seed, index):
    """A small part of ``make referee``: every entry agrees, carries a flag, or is undecided."""
    problem = draw(seed, index)
    wrong = [e for e in judge(problem) if e.verdict not in (AGREED, FLAGGED, UNDECIDED)]
    assert not wrong, f"{problem}\n" + "\n".join(str(entry) for entry in wrong)


# Crossings and thermal windows in more intervals than may be refined.
@pytest.mark.parametrize(
    ("seed", "index"),
    [(4321, 67)] + [pytest.param(4321, i, marks=pytest.mark.exhaustive) for i in (26, 42, 59)],
)
def test_what_would_take_too_long_to_refine_is_flagged(seed, index, monkeypatch):
    """A wide ribbon on a coarse mesh, whose refinement is limited, made of a narrow one."""
    for name in ("MOST_WORK", "MOST_NODES", "LITTLE_WORK", "LITTLE_NODES"):
        monkeypatch.setattr(line_integral, name, 0.005 * getattr(line_integral, name))
    monkeypatch.setattr(line_integral, "LEAST_SHARE", 0.05 * line_integral.LEAST_SHARE)
    problem = draw(seed, index)
    entries = judge(problem)
    wrong = [e for e in entries if e.verdict not in (AGREED, FLAGGED, UNDECIDED)]
    assert not wrong, f"{problem}\n" + "\n".join(str(entry) for entry in wrong)
    assert any(entry.verdict == FLAGGED for entry in entries)


# No band moves; levels of several kinds.
BY_INVERSION = [(700, 5), (700, 9)]


@pytest.mark.parametrize(("seed", "index"), BY_INVERSION)
def test_nothing_is_silently_wrong_by_selected_inversion(seed, index):
    problem = draw(seed, index)
    entries = judge(problem, "selected_inversion")
    wrong = [e for e in entries if e.verdict not in (AGREED, FLAGGED, UNDECIDED)]
    assert entries
    assert not wrong, f"{problem}\n" + "\n".join(str(entry) for entry in wrong)


def test_draws_are_reproducible_one_by_one():
    one, again, other = draw(SEED, 5), draw(SEED, 5), draw(SEED, 6)
    assert str(one) == str(again) != str(other)
    assert one.crystal.hops == again.crystal.hops


def test_moment_of_two_chains_is_their_current_times_y():
    """e = -2 cos k on rows y = -1/2, 1/2: circulation y (1/2 pi) sum |v|, |v| = 2 sin k_F."""
    chain = Crystal(SQUARE, {"a": (0, 0)}, {}, [("a", "a", (1, 0), -1.0)])
    values = responses(Ribbon(chain, (1, 0), 2), 0.3, (0.0, 1e-5, 1e-3))
    speed = 2 * np.sqrt(1 - 0.15**2)
    for t, bar in ((0.0, 1e-12), (1e-5, 1e-10), (1e-3, 1e-6)):
        moment = values["intraband", t].rows[QUANTITIES.index("circulation")]
        np.testing.assert_allclose(moment, [-speed / (2 * np.pi), speed / (2 * np.pi)], rtol=bar)


def kubo_sum(ribbon, level, kt, points):
    """Charge (process, row) of Eqs. 17 and 55, state by state on a uniform mesh."""
    out = np.zeros((2, ribbon.size))
    for k in 2 * np.pi / ribbon.period * (np.arange(points) + 0.237) / points:
        h, v = (a[0] for a in ribbon.matrices(np.array([k])))
        e, u = np.linalg.eigh(h)
        f = 0.5 * (1 - np.tanh((e - level) / (2 * kt)))
        element = u.conj().T @ v @ u
        for n in range(len(e)):
            out[0] += -f[n] * (1 - f[n]) / kt * element[n, n].real * np.abs(u[:, n]) ** 2
            for m in range(len(e)):
                if m != n:
                    # A_mn = i v_mn / (e_n - e_m)
                    connection = 1j * element[m, n] / (e[n] - e[m])
                    density = u[:, n].conj() * u[:, m]
                    factor = (f[n] - f[m]) / (e[n] - e[m])
                    out[1] += factor * (density * connection).real
    return out / (points * ribbon.period)


@pytest.mark.parametrize("index", [1, 9, 30])
def test_the_reference_is_the_brute_force_sum(index):
    """T = 0.1 t0, 400 k, double sums over states: to the accuracy of that mesh."""
    problem = draw(SEED, index)
    ribbon, level = Ribbon(problem.crystal, problem.direction, 2), 0.21
    fine, coarse = (kubo_sum(ribbon, level, 0.1, points) for points in (400, 200))
    values = responses(ribbon, level, (0.1,))
    for p, process in enumerate(("intraband", "interband")):
        one = values[process, 0.1]
        bar = 2 * np.abs(fine[p] - coarse[p]).max() + 1e-9
        assert np.abs(one.rows[0] - fine[p]).max() < bar
        assert one.error[0] < 1e-5 * one.scale[0]


@pytest.mark.parametrize("index", [1, 9, 12, 22, 26, 33])
def test_low_temperatures_tend_to_the_limit(index):
    """T = 0 from Fermi points against quadrature at T = 1e-6: two routes, one number."""
    problem = draw(SEED, index)
    values = responses(problem.ribbon, 0.137, (0.0, 1e-6), problem.scan)
    for process in ("intraband", "interband"):
        limit, warm = values[process, 0.0], values[process, 1e-6]
        assert limit.limit == ["finite"] * len(QUANTITIES)
        assert np.all(np.abs(limit.rows - warm.rows).max(axis=1) < 1e-4 * limit.scale)


def test_metallic_armchair_graphene_diverges_at_its_crossing():
    """The interband charge grows with ln T (bands cross, their element does not vanish); the
    moments do not.
    """
    graphene = honeycomb_at(0.0)
    values = responses(Ribbon(graphene, (1, 1), 5), 0.0, (0.0,))
    assert values["interband", 0.0].limit[0] == "diverges"
    assert values["interband", 0.0].limit[2:] == ["finite"] * 3


def honeycomb_at(delta):
    """Plain or gapped graphene, as the random one draws it."""

    class Always:
        def random(self):
            return 1.0

        def uniform(self, *_):
            return 0.0

        def choice(self, values):
            return values[0]

    plain = honeycomb(Always())
    onsite = {"A": delta, "B": -delta}
    return Crystal(plain.vectors, plain.orbitals, onsite, plain.hops)


def test_gaps_and_chern_number_of_known_crystals():
    """Gapped graphene: 2 delta, C = 0. Haldane at phi = pi/2: |C| = 1, 2 (3 sqrt(3) t2 - delta)."""
    found = gaps(honeycomb_at(0.3), 1)
    assert found.direct == pytest.approx(0.6, abs=1e-9)
    assert found.indirect == pytest.approx(0.6, abs=1e-9)
    assert found.chern == 0
    plain = honeycomb_at(0.3)
    turns = [("A", "A", c, 0.1j) for c in ((1, 0), (-1, 1), (0, -1))]
    turns += [("B", "B", c, -0.1j) for c in ((1, 0), (-1, 1), (0, -1))]
    haldane = Crystal(plain.vectors, plain.orbitals, plain.onsite, plain.hops + turns)
    assert gaps(haldane, 1).direct == pytest.approx(2 * (0.3 * np.sqrt(3) - 0.3), abs=1e-8)
    assert abs(chern_number(Zone(haldane), 1)) == 1


def judged(error, status=0, bound=np.nan, limit="finite"):
    """Verdict on two rows of which one is off by ``error`` where the scale is 1."""
    truth = np.array([1.0, -0.5])
    value = Value(truth[None], np.array([1e-9]), np.ones(1), [limit])
    rows = truth + np.array([error, 0])
    return verdict(value, 0, truth, rows, rows.sum(), status, bound)[0]


def test_verdicts():
    """What counts as silently wrong: off without a flag, or by more than the flag's bound."""
    assert judged(1e-6) == "agreed"
    assert judged(1e-3) == "wrong"
    assert judged(1e-3, status=4) == "flagged"
    assert judged(1e-3, status=4, bound=2e-3) == "flagged"
    assert judged(1e-3, status=4, bound=5e-4) == "wrong"
    assert judged(np.nan, status=4) == "flagged"
    assert judged(0.0, limit="diverges") == "wrong"
    assert judged(0.0, limit="diverges", status=4) == "flagged"
    assert judged(1e-3, limit="undecided") == "undecided"
    assert Entry(0, "edge", "charge", "intraband", TEMPERATURES[0], "agreed").note == ""
