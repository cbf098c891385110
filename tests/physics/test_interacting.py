"""Interacting clusters: Jordan-Wigner matrices, algebra of operators, two sites by hand."""

from functools import reduce

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.responses import lehmann
from accumulation.responses.many_body import Sector, ensemble, nearest_bonds, sectors
from accumulation.theory import interacting

Z = np.array([0.0, 0.4, 1.7]) + 0.2j


def random_matrix(rng, size, hermitian=True):
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return 0.5 * (matrix + matrix.conj().T) if hermitian else matrix


def jordan_wigner(sites):
    """Annihilation operators on the whole Fock space, as Kronecker products of 2 x 2 matrices."""
    lower, sign, one = np.array([[0, 1], [0, 0]]), np.diag([1, -1]), np.eye(2)
    return [reduce(np.kron, [sign] * i + [lower] + [one] * (sites - i - 1)) for i in range(sites)]


@pytest.mark.parametrize("repulsion", [0.0, 1.7])
def test_response_is_that_of_jordan_wigner_matrices(repulsion):
    """S1 with loops over all pairs of states of the whole Fock space, at a random h, A and B."""
    rng = np.random.default_rng(3)
    sites, temperature, potential = 4, 0.6, 0.3
    h, a, b = (random_matrix(rng, sites) for _ in range(3))
    bonds = np.array([[0, 1], [1, 2], [2, 3], [0, 3]])
    c = jordan_wigner(sites)

    def many(matrix):
        return sum(matrix[i, j] * c[i].T @ c[j] for i in range(sites) for j in range(sites))

    number = [one.T @ one - 0.5 * np.eye(2**sites) for one in c]
    total = many(h) + repulsion * sum(number[i] @ number[j] for i, j in bonds)
    grand = total - potential * many(np.eye(sites))
    # Common eigenstates of H and N: a little of N in an irrational share tells the sectors apart.
    e, u = np.linalg.eigh(total + np.sqrt(1e6 + 7) * many(np.eye(sites)))
    e = np.einsum("in,ij,jn->n", u.conj(), total, u).real
    weight = np.exp(-np.einsum("in,ij,jn->n", u.conj(), grand, u).real / temperature)
    weight /= weight.sum()
    left, right = u.conj().T @ many(a) @ u, u.conj().T @ many(b) @ u
    expected = sum(
        (weight[m] - weight[n]) / (Z - (e[n] - e[m])) * left[m, n] * right[n, m]
        for m in range(len(e))
        for n in range(len(e))
    )

    some = sectors(sites, None)
    states = ensemble(some, h, bonds, repulsion, temperature, potential)
    elements = [states.elements([[s.one_body(one)] for s in some]) for one in (a, b)]
    np.testing.assert_allclose(states.response(*elements, Z)[0], expected, atol=1e-11)


@pytest.mark.parametrize("electrons", [1, 2, 3])
def test_one_body_operators_keep_their_algebra(electrons):
    """[A, B] of many bodies is the many-body operator of [A, B]: signs of all orderings."""
    rng = np.random.default_rng(electrons)
    sector = Sector(5, electrons)
    a, b = (random_matrix(rng, 5, hermitian=False) for _ in range(2))
    one, other = sector.one_body(a), sector.one_body(b)
    expected = sector.one_body(a @ b - b @ a)
    np.testing.assert_allclose((one @ other - other @ one - expected).toarray(), 0, atol=1e-12)


def test_energies_without_interaction_are_sums_of_levels():
    from itertools import combinations

    h = random_matrix(np.random.default_rng(1), 6)
    sector = Sector(6, 3)
    levels = np.linalg.eigvalsh(h)
    expected = sorted(sum(some) for some in combinations(levels, 3))
    np.testing.assert_allclose(np.linalg.eigvalsh(sector.one_body(h).toarray()), expected)


def test_one_electron_does_not_feel_the_repulsion_on_two_sites():
    """V (n_1 - 1/2)(n_2 - 1/2) = -V / 4 for one electron: chi of a two-level system at any V."""
    h, temperature = np.array([[0.2, -1.0], [-1.0, -0.2]], dtype=complex), 0.4
    x = np.diag([0.5, -0.5])
    some = sectors(2, 1)
    states = ensemble(some, h, np.array([[0, 1]]), 3.0, temperature)
    elements = states.elements([[some[0].one_body(x)]])
    e, u = np.linalg.eigh(h)
    p = np.exp(-e / temperature) / np.exp(-e / temperature).sum()
    dipole = lehmann.eigenbasis(u, x)
    expected = lehmann.response(e, p, dipole, dipole, Z)
    np.testing.assert_allclose(states.response(elements, elements, Z)[0], expected, atol=1e-13)


def test_strong_repulsion_on_a_chain_leaves_two_charge_orders():
    """Half filling, V >> t: the lowest two states have energy -V / 4 a bond, to order t^2 / V."""
    chain, repulsion = np.arange(6), 200.0
    h = np.diag(-np.ones(5), 1) + np.diag(-np.ones(5), -1) + 0j
    bonds = np.column_stack((chain[:-1], chain[1:]))
    energy = ensemble(sectors(6, 3), h, bonds, repulsion, 1.0).energy[0]
    np.testing.assert_allclose(energy[:2], -repulsion * 5 / 4, atol=5 * 2 / repulsion)
    assert energy[2] - energy[1] > 0.4 * repulsion


def test_bonds_are_the_nearest_neighbours():
    """A hexagon and the two sites that hang on it."""
    flake = acc.haldane(t2=0.1, phi=0.7).flake((1, 0), 2, 2)
    bonds = nearest_bonds(flake.positions)
    hops = np.abs(acc.haldane().flake((1, 0), 2, 2).hamiltonian()) > 0.5
    assert len(bonds) == np.count_nonzero(hops) / 2 == 8
    assert hops[bonds[:, 0], bonds[:, 1]].all()


@pytest.mark.parametrize("repulsion", [0.0, 1.3])
def test_reciprocity_needs_time_reversal_whatever_the_interaction(repulsion):
    frequency = (0.0, 0.5, 1.5)
    found = {
        phi: interacting.compute(
            acc.haldane(t2=0.1, phi=phi, delta=0.2),
            interaction=repulsion,
            chemical_potential=0.2,
            frequency=frequency,
        )
        for phi in (0.0, 0.9, -0.9)
    }
    assert found[0.0]["asymmetry"] < 1e-11
    assert found[0.9]["asymmetry"] > 0.05
    # The model's own cluster at -phi, not the reversed operators.
    np.testing.assert_allclose(found[0.9]["forward"], found[-0.9]["backward"], atol=1e-11)
    for one in found.values():
        assert one["sum_rule_residual"] < 1e-11
        assert one["motion_difference"] < 1e-10
        difference = one["independent_difference"]
        assert difference < 1e-10 if repulsion == 0 else difference > 0.1


def test_canonical_ensemble_goes_over_into_the_grand_canonical_one_at_low_temperature():
    """Where one number of electrons has all the weight, both are the same."""
    lattice = acc.haldane(t2=0.1, phi=0.9, delta=0.8)
    options = {"interaction": 1.0, "temperature": 0.01, "frequency": (0.0, 1.0)}
    grand = interacting.compute(lattice, **options)
    canonical = interacting.compute(lattice, electrons=4, **options)
    np.testing.assert_allclose(grand["electrons"], 4, atol=1e-9)
    np.testing.assert_allclose(grand["forward"], canonical["forward"], atol=1e-9)


def test_a_grid_concludes_from_the_points_that_it_holds():
    values = {
        "time_reversal_defect": np.array([[0.0, 0.0], [0.1, 0.1]]),
        "asymmetry": np.array([[1e-16, 2e-16], [0.5, 0.4]]),
        "independent_difference": np.array([[1e-15, 1.0], [3e-15, 2.0]]),
        "motion_difference": np.array([[np.nan, 1e-14], [1e-13, np.nan]]),
    }
    axes = {"phi": np.array([0.0, 0.7]), "interaction": np.array([0.0, 2.0])}
    assert interacting.conclude(axes, values) == {
        "reciprocity_residual": 2e-16,
        "reciprocity_violation": 0.4,
        "independent_residual": 3e-15,
        "interaction_effect": 2.0,
        "motion_residual": 1e-13,
    }


@pytest.mark.parametrize(
    ("options", "key"),
    [({"width": 3, "length": 3}, "geometry"), ({"electrons": 8}, "electrons"), ({"eta": 0}, "eta")],
)
def test_impossible_clusters_are_named(options, key):
    with pytest.raises(UserError) as caught:
        interacting.compute(acc.haldane(), **options)
    assert caught.value.key == key
