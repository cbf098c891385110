"""The Kane-Mele model against Haldane's and under time reversal."""

import numpy as np
import pytest

import accumulation as acc


@pytest.mark.parametrize("direction", [(1, 0), (2, 1)])
def test_without_rashba_each_spin_is_haldane_at_opposite_flux(direction):
    both = acc.kane_mele(spin_orbit=0.1, delta=0.4, strain=0.2).ribbon(direction, 4)
    for spin in (1, -1):
        one = acc.haldane(t2=0.1, phi=spin * np.pi / 2, delta=0.4, strain=0.2).ribbon(direction, 4)
        chosen = np.flatnonzero(both.spin == spin)
        for k in (0.3, 1.7):
            h = both.hamiltonian(k)[0][np.ix_(chosen, chosen)]
            np.testing.assert_allclose(h, one.hamiltonian(k)[0], atol=1e-14)


def test_time_reversal_with_rashba():
    """H(-k) = s_y H(k)* s_y."""
    ribbon = acc.kane_mele(spin_orbit=0.1, rashba=0.3, delta=0.4).ribbon((2, 1), 3)
    turn = np.zeros((len(ribbon.spin),) * 2, dtype=complex)
    up = np.flatnonzero(ribbon.spin == 1)
    turn[up, up + 1], turn[up + 1, up] = -1j, 1j
    assert np.array_equal(ribbon.positions[up], ribbon.positions[up + 1])
    h, minus = ribbon.hamiltonian(0.7)[0], ribbon.hamiltonian(-0.7)[0]
    np.testing.assert_allclose(minus, turn @ h.conj() @ turn, atol=1e-14)


def test_rashba_splits_the_bulk_as_kane_and_mele_find():
    """At delta = 0 the gap is 6 sqrt(3) spin_orbit and closes at rashba = 2 sqrt(3) spin_orbit
    (their second paper).
    """
    from accumulation.crystal.bulk_properties import bulk

    gap = bulk(acc.kane_mele(spin_orbit=0.05)).direct_gap
    assert gap == pytest.approx(6 * np.sqrt(3) * 0.05, abs=1e-9)
    closing = bulk(acc.kane_mele(spin_orbit=0.05, rashba=2 * np.sqrt(3) * 0.05)).direct_gap
    assert closing == pytest.approx(0, abs=1e-6)
