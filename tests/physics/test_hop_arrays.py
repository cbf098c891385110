"""Lattices of whole hop tables: the same as bond by bond, and the Bloch matrices of long ranges."""

from dataclasses import replace

import numpy as np
import pytest

import accumulation as acc
from accumulation import Lattice
from accumulation.crystal.bulk_properties import bulk
from accumulation.errors import UserError
from accumulation.lattice import bloch, bulk_bloch, hop_arrays
from accumulation.lattice.hop_table import HopTable

VECTORS = [(1.0, 0.0), (0.3, 1.1)]
PLACES = {"a": (0.0, 0.0, 0.0), "b": (0.4, 0.3, 0.2), "c": (0.4, 0.3, 0.2)}


def random_lattice(seed, count=12):
    """Bonds given one by one, two orbitals at one place among them."""
    rng = np.random.default_rng(seed)
    lattice = Lattice(VECTORS, PLACES, {"a": 0.3, "c": -0.2})
    names = list(PLACES)
    while len(lattice.hoppings) < count:
        to, origin = rng.integers(0, 3, 2)
        cell = tuple(int(n) for n in rng.integers(-2, 3, 2))
        if to == origin and not any(cell):
            continue
        try:
            lattice.hop(names[to], names[origin], cell, complex(*rng.standard_normal(2)), add=True)
        except UserError:
            continue
    lattice.hop("b", "c", (0, 0), 0.4j, add=True)
    return lattice


def dense(hops, size):
    """Every element of a table by its place, added up."""
    elements = {}
    parts = (hops.row, hops.column, map(tuple, hops.cell.tolist()), hops.amplitude)
    for row, column, cell, amplitude in zip(*parts, strict=True):
        key = (int(row), int(column), cell)
        elements[key] = elements.get(key, 0) + amplitude
    return {key: value for key, value in elements.items() if value != 0}


@pytest.mark.parametrize("seed", range(4))
def test_a_table_makes_the_lattice_that_its_bonds_make(seed):
    """In any order, and with elements in parts."""
    one = random_lattice(seed)
    hops = HopTable(*one.hop_table())
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.tile(np.arange(len(hops.row)), 2))
    halves = HopTable(hops.row[order], hops.column[order], hops.cell[order],
                      0.5 * hops.amplitude[order])  # fmt: skip
    other = Lattice.from_hop_table(VECTORS, PLACES, halves, {"a": 1}, 2)
    assert dense(HopTable(*other.hop_table()), 3) == pytest.approx(dense(hops, 3))
    assert other.onsite == pytest.approx(one.onsite)
    assert (other.filling, other.spins.tolist()) == (2, [1, 0, 0])
    k = rng.standard_normal((3, 2))
    np.testing.assert_allclose(other.hamiltonian(k), one.hamiltonian(k), atol=1e-14)
    # Checked bond by bond, its own bonds make the same arrays, in the same order.
    again = Lattice(other.vectors, other.orbitals, other.onsite, other.hoppings, other.spin)
    for mine, theirs in zip(other.hop_table(), again.hop_table(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_lattice_of_a_table_may_be_changed():
    """A hop given afterwards is added to the others, one that is there refused."""
    one = random_lattice(5)
    lattice = Lattice.from_hop_table(VECTORS, PLACES, HopTable(*one.hop_table()))
    to, origin, cell, _ = next(hop for hop in lattice.hoppings if hop[0] != hop[1])
    with pytest.raises(UserError, match="twice"):
        lattice.hop(to, origin, cell, 1.0)
    lattice.hop("a", "b", (5, 0), 0.7)
    one.hop("a", "b", (5, 0), 0.7)
    k = np.array([0.3, -0.8])
    np.testing.assert_allclose(lattice.hamiltonian(k), one.hamiltonian(k), atol=1e-14)


def test_a_table_that_is_wrong_is_refused():
    hops = HopTable(*random_lattice(6).hop_table())

    def changed(**parts):
        table = replace(hops, **parts)
        return lambda: Lattice.from_hop_table(VECTORS, PLACES, table)

    infinite, open_ended = hops.amplitude.copy(), hops.amplitude.copy()
    infinite[0], open_ended[-1] = np.inf, open_ended[-1] + 1e-3
    for call, words in (
        (changed(row=hops.row + 1), "0 to 2"),
        (changed(column=hops.column - 1), "0 to 2"),
        (changed(cell=hops.cell * 10**7), "1000000"),
        (changed(cell=hops.cell + 0.5), "integers"),
        (changed(cell=hops.cell[:, 0]), "arrays of shapes"),
        (changed(amplitude=infinite), "finite"),
        (changed(amplitude=open_ended), "0.001"),
        (changed(**{n: getattr(hops, n)[:-1] for n in ("row", "column", "cell", "amplitude")}),
         "Hermitian"),
    ):  # fmt: skip
        with pytest.raises(UserError, match="hops") as caught:
            call()
        assert words in str(caught.value)


@pytest.mark.parametrize("reach", [3, 900_000])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_hermitian_parts_and_partners(dimension, reach):
    """Against loops over elements; cells so far apart that no integer numbers them, too."""
    rng = np.random.default_rng(dimension)
    few = rng.integers(-reach, reach + 1, (3, dimension))
    cell = np.concatenate((few, -few, 0 * few))[rng.integers(0, 9, 60)]
    row, column = rng.integers(0, 50 if reach > 3 else 3, (2, 60))
    hops = HopTable(row, column, cell, rng.standard_normal(60) + 1j * rng.standard_normal(60))
    table, violation = hop_arrays.symmetrised(hops, 50)
    before = dense(hops, 50)
    conjugate = {(j, i, tuple(-n for n in r)): v.conjugate() for (i, j, r), v in before.items()}
    every = {key: (before.get(key, 0), conjugate.get(key, 0)) for key in before | conjugate}
    assert dense(table, 50) == pytest.approx({k: (a + b) / 2 for k, (a, b) in every.items()})
    assert violation == pytest.approx(max(abs(a - b) for a, b in every.values()))
    partner = hop_arrays.partners(table, 50)
    np.testing.assert_array_equal(table.row[partner], table.column)
    np.testing.assert_array_equal(table.cell[partner], -table.cell)
    np.testing.assert_allclose(table.amplitude[partner], table.amplitude.conj())


@pytest.mark.parametrize("seed", range(3))
def test_bulk_matrices_do_not_depend_on_the_table(seed, monkeypatch):
    """Phases of cells and of positions apart give H, velocity and second derivatives alike."""
    lattice = random_lattice(seed)
    k = np.random.default_rng(seed).standard_normal((2, 4, 2))
    whole = lattice.hamiltonian(k), lattice.velocity(k)
    monkeypatch.setattr(bulk_bloch, "LARGEST_TABLE", 0)
    assert isinstance(lattice._bulk_table, bulk_bloch.CellTable)
    np.testing.assert_allclose(lattice.hamiltonian(k), whole[0], atol=1e-13)
    np.testing.assert_allclose(lattice.velocity(k), whole[1], atol=1e-13)


@pytest.mark.parametrize(
    "system",
    [
        random_lattice(1).ribbon((1, 0), 3),
        random_lattice(2).ribbon((2, 1), 4),
        acc.haldane(t2=0.1, phi=0.7, delta=0.2).ribbon((1, 0), 5),
        acc.haldane(t2=0.0, phi=0.0, delta=0.2).ribbon((2, 1), 3),
        acc.haldane(t2=0.1, phi=0.7, delta=0.2).flake((1, 1), 3, 4),
    ],
)
def test_bloch_matrices_do_not_depend_on_the_table(system, monkeypatch):
    """H(k), both velocities, that across, and where k and -k are related, with phases split off."""
    k = np.random.default_rng(0).standard_normal(5) if system.periodic else np.zeros(1)
    whole = system.bloch
    monkeypatch.setattr(bloch, "LARGEST_TABLE", 0)
    split = type(system)(**{name: getattr(system, name) for name in (
        "hops", "positions", "period", "sublattice", "cell", "spin")}).bloch  # fmt: skip
    assert split.split
    assert not whole.split
    np.testing.assert_allclose(split.hamiltonian(k), whole.hamiltonian(k), atol=1e-13)
    for gauge in ("atomic", "cell"):
        np.testing.assert_allclose(split.velocity(k, gauge), whole.velocity(k, gauge), atol=1e-13)
    np.testing.assert_allclose(split.velocity_y(k), whole.velocity_y(k), atol=1e-13)
    assert split.scale == pytest.approx(whole.scale)
    if split.reversal is not None:
        order, conjugate = split.reversal
        turned = split.hamiltonian(k)[:, order][:, :, order]
        np.testing.assert_allclose(
            split.hamiltonian(-k), turned.conj() if conjugate else turned, atol=1e-13
        )


def test_time_reversal_is_found_where_phases_are_split_off(monkeypatch):
    monkeypatch.setattr(bloch, "LARGEST_TABLE", 0)
    real = acc.haldane(t2=0.1, phi=0.0, delta=0.2).ribbon((2, 1), 3).bloch
    magnet = acc.haldane(t2=0.1, phi=0.7, delta=0.2).ribbon((2, 1), 3).bloch
    assert real.reversal is not None
    assert real.reversal[1] is True
    assert magnet.reversal is None


def test_the_response_does_not_depend_on_the_table(monkeypatch):
    """Accumulations of a ribbon whose matrices are real in one form and complex in the other."""

    def accumulation():
        ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.2).ribbon((1, 0), 4)
        bands = acc.bands(ribbon, k=41)
        elements = acc.elements(ribbon, bands, density="orbital_moment", definition="circulation")
        return acc.response(elements, fermi_energy=[0.3, 1.2])

    whole = accumulation()
    monkeypatch.setattr(bloch, "LARGEST_TABLE", 0)
    split = accumulation()
    bound = float(whole.error.max() + split.error.max()) + 1e-10
    np.testing.assert_allclose(split.accumulation, whole.accumulation, atol=bound)


def test_gaps_do_not_depend_on_the_table(monkeypatch):
    """Slopes and curvatures included, which are what proves a minimum to be the least."""
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.2)
    whole = bulk(lattice.crystal)
    monkeypatch.setattr(bulk_bloch, "LARGEST_TABLE", 0)
    split = bulk(acc.haldane(t2=0.1, phi=0.7, delta=0.2).crystal)
    for name in ("direct_gap", "valence_top", "conduction_bottom", "chern"):
        assert getattr(split, name) == pytest.approx(getattr(whole, name), abs=1e-9)
    assert abs(split.chern) == 1
