"""Sums over pairs of a filled and an empty state, and eigenpairs that are kept."""

import numpy as np
import pytest

from accumulation.densities import orbital_moment
from accumulation.models.haldane import haldane
from accumulation.responses.filled_pairs import filled_response
from accumulation.states import remembered
from accumulation.states.eigenpairs import solve
from accumulation.states.eigenstates import States
from accumulation.states.remembered import RememberedPairs

K = np.array([-0.7, 0.1, 0.4, 0.9])


@pytest.fixture
def bloch():
    return haldane(t2=0.1, phi=0.7, delta=0.8).ribbon((2, 1), 5).bloch


@pytest.mark.parametrize("definition", ["circulation", "band"])
def test_the_pairs_of_filled_and_empty_states_are_those_of_a_plain_sum(bloch, definition):
    states = States(solve(bloch, K), bloch)
    kernel = orbital_moment.kernel(states, definition)
    filled = np.array([5, 4, 5, 0])
    found = filled_response(states, kernel, filled)
    expected = np.zeros_like(found)
    for i, number in enumerate(filled):
        u, energy = states.eigenvector[i], states.energy[i]
        operator = kernel.matrix[i]
        if kernel.basis == "bands":
            operator = u @ operator @ u.conj().T
        for n in range(number):
            for m in range(number, bloch.size):
                gap = energy[n] - energy[m]
                connection = 1j * (u[:, m].conj() @ states.slope[i] @ u[:, n]) / gap
                row = u[:, n].conj() * (operator @ u[:, m])
                row = 0.5 * (row + (operator @ u[:, n]).conj() * u[:, m])
                expected[i] += 2 * (row * connection).real / gap
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("room", [remembered.MOST, 25_000, 0])
def test_eigenpairs_that_are_kept_are_those_of_a_new_diagonalisation(bloch, monkeypatch, room):
    monkeypatch.setattr(remembered, "MOST", room)
    pairs_at, new = RememberedPairs(bloch), solve(bloch, K)
    for part in ([0, 1], [1, 0], [3, 1, 2], [0, 1, 2, 3]):
        pairs = pairs_at(K[part])
        np.testing.assert_array_equal(pairs.k, K[part])
        np.testing.assert_allclose(pairs.energy, new.energy[part], atol=1e-13)
        np.testing.assert_allclose(pairs.velocity, new.velocity[part], atol=1e-12)
        weights = np.abs(pairs.eigenvector) ** 2
        np.testing.assert_allclose(weights, np.abs(new.eigenvector[part]) ** 2, atol=1e-12)
        np.testing.assert_allclose(pairs.slope, new.slope[part], atol=1e-13)
