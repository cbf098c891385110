"""The valley operator of ribbons and flakes, and Hall currents row by row."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.crystal.berry_curvature import OPERATORS, as_hops
from accumulation.errors import UserError
from accumulation.lattice.honeycomb import valley_of_bulk, valley_of_ribbon
from accumulation.theory import ribbon_hall

K = np.array([4 * np.pi / 3, 0.0])


@pytest.mark.parametrize("lattice", [acc.haldane(delta=0.3), acc.kane_mele(rashba=0.1)])
def test_valley_is_one_at_K_and_odd(lattice):
    size = len(lattice.orbitals)
    k = np.random.default_rng(5).uniform(-4, 4, (4, 2))
    found = valley_of_bulk(lattice, np.array([K, -K, 0 * K]))
    for value, expected in zip(found, (1, -1, 0), strict=True):
        np.testing.assert_allclose(value, expected * np.eye(size), atol=1e-12)
    np.testing.assert_allclose(valley_of_bulk(lattice, k), -valley_of_bulk(lattice, -k), atol=1e-14)


@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (1, 1), (2, 1), (-1, 3)])
@pytest.mark.parametrize("lattice", [acc.haldane(delta=0.3), acc.kane_mele(rashba=0.1)])
def test_valley_of_a_ribbon_is_that_of_the_crystal_cut_like_the_hamiltonian(lattice, direction):
    """Whatever the direction: the senses of l1, l2, l3 turn with the axes."""
    crystal = as_hops(lattice, "valley", points=12)
    assert len(crystal.hoppings) == 3 * len(lattice.orbitals)
    k = np.array([0.3, 1.4])
    for width in (2, 5):
        found = valley_of_ribbon(lattice.ribbon(direction, width).bloch).hamiltonian(k)
        expected = crystal.ribbon(direction, width).bloch.hamiltonian(k)
        np.testing.assert_allclose(found, expected, atol=1e-12)
    flake = lattice.flake(direction, 4, 3)
    expected = crystal.flake(direction, 4, 3).hamiltonian()
    found = valley_of_ribbon(flake.bloch).hamiltonian(np.zeros(1))[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_valley_wants_a_honeycomb():
    square = acc.Lattice([(1, 0), (0, 1)], {"s": (0, 0), "p": (0.5, 0.5)}, {"p": 1.0})
    square.hop("s", "p", (0, 0), 0.3)
    for lattice in (square, acc.Lattice([(1, 0), (0, 1)], {"s": (0, 0)})):
        with pytest.raises(UserError, match="honeycomb"):
            valley_of_ribbon(lattice.ribbon((1, 0), 3).bloch)


def test_valley_of_one_row_of_a_zigzag_ribbon_is_the_sine_of_its_k():
    """Only l1 stays on a row: V = -(2 / 3 sqrt(3)) sin k."""
    ribbon = acc.haldane().ribbon((1, 0), 30)
    k = np.array([2.9, 3.6])
    valley = valley_of_ribbon(ribbon.bloch).hamiltonian(k)
    np.testing.assert_allclose(valley[:, 0, 0], -2 / (3 * np.sqrt(3)) * np.sin(k), atol=1e-14)


@pytest.mark.parametrize("trial", range(2))
def test_rows_add_up_to_the_crystal_at_random_parameters(trial):
    t2, phi, delta = np.random.default_rng([4, trial]).uniform([0.02, 0.3, 0.8], [0.08, 1.2, 1.1])
    lattice = acc.haldane(t2=t2, phi=phi, delta=delta)
    direction = ((1, 0), (2, 1))[trial]
    sizes = {"width": 14 + 12 * trial, "narrower": 10 + 9 * trial, "k": 80}
    out = ribbon_hall.compute(lattice, direction, **sizes, fermi_energy=0.0)
    for name, identity in ribbon_hall.CHECKS.items():
        assert identity.holds(identity.residual(np.atleast_1d(out[name]))), name
    assert abs(out["valley_bulk"]) > 0.1
    # Deep inside, one cell carries the conductivity of the crystal.
    middle = slice(len(out["y"]) // 2 - 4, len(out["y"]) // 2 + 4)
    for name in OPERATORS:
        assert out[name][middle].mean() == pytest.approx(out[f"{name}_bulk"], abs=0.02)


def test_a_chern_insulator_carries_its_quantum_in_every_row():
    lattice = acc.haldane(t2=0.15, phi=np.pi / 2)
    out = ribbon_hall.compute(lattice, width=10, narrower=8, k=160, fermi_energy=0.1)
    assert out["charge_by_width"] == pytest.approx(1, abs=1e-6)
    assert out["flow_residual"] < 1e-8
    pairs = out["charge"].reshape(-1, 2).mean(axis=1)
    np.testing.assert_allclose(pairs[3:-3], 1, atol=0.01)


def test_current_of_the_own_moment_depends_on_the_edge_and_is_not_the_crystals():
    lattice = acc.haldane(delta=0.8)
    found = {}
    for direction in ((1, 0), (1, 1)):
        out = ribbon_hall.compute(lattice, direction, width=16, narrower=10, k=60)
        found[direction] = out["own_moment_by_width"] / out["orbital_moment_bulk"]
        assert out["orbital_moment_by_width"] == pytest.approx(out["orbital_moment_bulk"], rel=0.01)
    assert found[1, 1] < 0.75 * found[1, 0]


def test_current_of_the_own_moment_has_no_local_value():
    """Zigzag: pairs of rows (A_i, B_i) and (B_i, A_i+1) fill the ribbon equally well; the mean of
    the first is finite, that of the others zero, because v_x * v_y of a row responds to the field
    (with opposite signs on A and B) and the moment multiplies it by y.
    """
    out = ribbon_hall.compute(acc.haldane(delta=0.8), width=16, narrower=12, k=60)
    for name, same in (("orbital_moment", True), ("valley", True), ("own_moment", False)):
        values = out[name]
        pairs = values.reshape(-1, 2).mean(axis=1)[7]
        shifted = values[1:-1].reshape(-1, 2).mean(axis=1)[7]
        assert (abs(shifted - pairs) < 1e-3) == same
    assert pairs < -0.07
    assert abs(shifted) < 1e-4


@pytest.mark.parametrize(
    ("options", "key"),
    [({"fermi_energy": 0.6}, "fermi_energy"), ({"narrower": 20}, "narrower")],
)
def test_values_that_make_no_sense_are_named(options, key):
    with pytest.raises(UserError) as error:
        ribbon_hall.compute(acc.haldane(delta=0.5), **options)
    assert error.value.key == key
