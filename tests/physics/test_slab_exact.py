"""Slabs against exact eigenstates of real-space pieces of them, all built here hop by hop."""

from itertools import product

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.theory.slab import compute

VECTORS = np.array([(1.0, 0.0, 0.0), (0.0, 0.9, 0.0), (0.2, 0.1, 0.8)])
PLACES = {"A": (0.0, 0.0, 0.0), "B": (0.3, 0.2, 0.3)}
LAYERS = 2
WEIGHTS = np.array([1.0, -0.5])  # of the local operator W


def crystal(seed, gap, size):
    """Two orbitals, complex hops of a size to neighbours in all directions, no symmetry."""
    rng = np.random.default_rng(seed)
    operators = {"W": dict(zip(PLACES, WEIGHTS, strict=True))}
    onsite = {"A": gap, "B": -gap}
    lattice = acc.Lattice(VECTORS, PLACES, onsite, local_operators=operators)
    lattice.hop("A", "B", (0, 0, 0), 0.8)
    # The layers split, so that the sum over wave vectors converges fast.
    for name in PLACES:
        lattice.hop(name, name, (0, 0, 1), 0.6)
    for cell in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, 1), (1, 0, -1)):
        for to, origin in product("AB", "AB"):
            amplitude = size * complex(*rng.normal(size=2))
            lattice.hop(to, origin, cell, amplitude, add=True)
    return lattice


def piece(lattice, sizes, periodic):
    """H and v_x = i [H, x] of a piece of sizes (n1, n2) cells and LAYERS layers, and its places.

    A periodic piece is a torus with a twist: crossing its border turns a hop by -1 where the number
    of cells is even, so that its wave vectors are symmetric about zero.  In an open one the hops
    end at the border.
    """
    n1, n2 = sizes
    cells = list(product(range(n1), range(n2), range(LAYERS), range(2)))
    number = {key: i for i, key in enumerate(cells)}
    h = np.zeros((len(cells), len(cells)), dtype=complex)
    v = np.zeros_like(h)
    place = np.array(list(PLACES.values()))
    for (a, b, c, row), start in number.items():
        for r, column, cell, amplitude in zip(*lattice.hop_table(), strict=True):
            i, j, level = a + cell[0], b + cell[1], c + cell[2]
            inside = 0 <= i < n1 and 0 <= j < n2
            if r != row or not 0 <= level < LAYERS or not (periodic or inside):
                continue
            turns = (i // n1) * (n1 % 2 == 0) + (j // n2) * (n2 % 2 == 0)
            end = number[i % n1, j % n2, level, column]
            hop = amplitude * (-1) ** (turns % 2)
            h[start, end] += hop
            v[start, end] += 1j * hop * ((cell @ VECTORS + place[column] - place[row])[0])
    where = np.array([np.array(key[:3]) @ VECTORS + place[key[3]] for key in cells])
    return h, v, where, np.array(cells)


def layers_of_torus(lattice, sizes, kernel, level, kt):
    """Intraband and interband accumulation of each layer's orbitals per area, (2, layer, orbital).

    sum_ab F_ab <a|n|b> A_ba over all exact states with a gap, F the difference quotient of the
    occupations and A_ba = i <b|v|a> / (e_a - e_b); and f' <a|n|b> <b|v|a> over those without.
    """
    h, v, where, cells = piece(lattice, sizes, periodic=True)
    y = where[:, 2] - 0.5 * (where[:, 2].max() + where[:, 2].min())
    operator = kernel(v, y, cells)
    energy, u = np.linalg.eigh(h)
    gap = energy[:, None] - energy
    near = np.abs(gap) < 1e-9
    with np.errstate(over="ignore"):
        filled = 1 / (1 + np.exp((energy - level) / kt))
    slope = -filled * (1 - filled) / kt
    safe = np.where(near, 1.0, gap)
    quotient = (filled[:, None] - filled) / safe
    velocity = u.conj().T @ v @ u
    mixing = np.where(near, 0, quotient * 1j * velocity.T / safe)  # F_ab A_ba
    surface = np.where(near, slope[:, None] * velocity.T, 0)
    result = np.zeros((2, LAYERS, 2))
    for layer, orbital in product(range(LAYERS), range(2)):
        row = (cells[:, 2] == layer) & (cells[:, 3] == orbital)
        of_row = 0.5 * (operator * row[:, None] + operator * row)
        in_states = u.conj().T @ of_row @ u
        result[0, layer, orbital] = np.sum(surface * in_states).real
        result[1, layer, orbital] = np.sum(mixing * in_states).real
    area = abs(np.linalg.det(VECTORS[:2, :2]))
    return result / (sizes[0] * sizes[1] * area)


def number_operator(v, y, cells):
    return np.eye(len(v))


def local_operator(v, y, cells):
    return np.diag(WEIGHTS[cells[:, 3]])


def moment(v, y, cells):
    """-{v_x, y} / 2, with y along the normal."""
    return -0.5 * (v * y + y[:, None] * v)


DENSITIES = {
    "charge": number_operator,
    "W": local_operator,
    "orbital_moment": moment,
}


def by_layer(slab, values):
    """(process, layer, orbital) of rows, whose order is the slab's own."""
    result = np.zeros((2, LAYERS, 2))
    rows = slab.ribbon
    for orbital, name in enumerate(PLACES):
        here = np.flatnonzero(rows.sublattice == name)
        order = here[np.argsort(rows.positions[here, 1])]
        result[:, :, orbital] = values[:, order]
    return result


@pytest.mark.parametrize("density", DENSITIES)
@pytest.mark.parametrize(
    ("level", "kt"),
    [(1.9, 0.4), (0.1, 0.4), (0.1, 1e-2)],
    ids=["metal", "warm insulator", "cold insulator"],
)
def test_layers_are_those_of_a_torus_of_the_same_wave_vectors(density, level, kt):
    """The slab has the wave vectors of the torus along z, and its integral over x is converged on
    those of the torus.  A cold insulator is compared with T = 0, from which exp(-100) is left.
    """
    lattice, sizes = crystal(3, gap=2.0, size=0.1), (30, 3)
    slab = lattice.slab((0, 0, 1), (1, 0, 0), LAYERS)
    options = {"fermi_energy": level, "temperature": kt if kt > 0.1 else 0.0}
    response = slab.response(density=density, k=81, k_across=sizes[1], **options)
    found = by_layer(slab, response.accumulation.values.reshape(2, -1))
    expected = layers_of_torus(lattice, sizes, DENSITIES[density], level, kt)
    smallest = 0 if kt < 0.1 else 1e-4  # the cold insulator has no states at the level
    assert np.abs(expected[0]).max() >= smallest
    assert np.abs(expected[1]).max() > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


def test_layers_of_an_insulator_are_those_in_the_middle_of_an_open_piece():
    """Open along x too, where the field is the matrix x and no velocity is needed:
    sum over filled a and empty b of 2 Re <a|n|b> <b|x|a> / (e_a - e_b), per cell in the middle.
    """
    lattice, level = crystal(3, gap=2.0, size=0.1), 0.1
    slab = lattice.slab((0, 0, 1), (1, 0, 0), LAYERS)
    area = abs(np.linalg.det(VECTORS[:2, :2]))
    response = slab.response(density="W", fermi_energy=level, k=60, k_across=24)
    found = by_layer(slab, response.accumulation.values.reshape(2, -1))[1] * area
    distance = []
    for size in (5, 9):
        h, _, where, cells = piece(lattice, (size, size), periodic=False)
        energy, u = np.linalg.eigh(h)
        filled = energy < level
        assert filled.sum() == len(h) // 2
        a, b = u[:, filled], u[:, ~filled]
        x = where[:, 0] - where[:, 0].mean()
        mixing = (b.conj().T * x) @ a / (energy[filled] - energy[~filled][:, None])
        by_orbital = 2 * np.einsum("ia,ib,ba->i", a.conj(), b, mixing).real * WEIGHTS[cells[:, 3]]
        middle = (cells[:, 0] == size // 2) & (cells[:, 1] == size // 2)
        own = by_orbital[middle].reshape(LAYERS, 2)  # layer, orbital: the order of cells
        distance.append(np.abs(own - found).max() / np.abs(found).max())
    assert distance[1] < 1e-3
    assert distance[1] < 0.1 * distance[0]


def test_midgap_is_a_level_between_the_bands_of_the_crystal():
    """Between the highest filled and the lowest empty level of a dense mesh of the crystal."""
    lattice = crystal(3, gap=3.0, size=0.05)
    fraction = np.indices((24,) * 3).reshape(3, -1).T / 24
    energy = np.linalg.eigvalsh(lattice.hamiltonian(fraction @ lattice.reciprocal))
    middle = 0.5 * (energy[:, 0].max() + energy[:, 1].min())
    slab = lattice.slab((0, 0, 1), (1, 0, 0), LAYERS)
    options = {"density": "charge", "k": 20, "k_across": 3}
    found = slab.response(fermi_energy=["midgap", 2.2], **options)
    assert found.fermi_energy.values[0] == pytest.approx(middle, abs=1e-2)
    assert found.attrs["filling"] == 1
    assert energy[:, 0].max() < found.fermi_energy.values[0] < energy[:, 1].min()
    at_number = slab.response(fermi_energy=float(found.fermi_energy[0]), **options)
    np.testing.assert_array_equal(
        found.accumulation.isel(fermi_energy=[0]).values, at_number.accumulation.values
    )
    in_theory = compute(lattice, layers=LAYERS, midgap=True, **options)
    np.testing.assert_array_equal(in_theory["fermi_energy"], found.fermi_energy.values[:1])
    np.testing.assert_array_equal(in_theory["accumulation"][0], at_number.accumulation.values)
    with pytest.raises(UserError, match="no gap"):
        crystal(3, gap=2.0, size=0.1).slab().response(fermi_energy="midgap", **options)
