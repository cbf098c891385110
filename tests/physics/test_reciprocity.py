"""Reciprocity: random matrices with time reversal, exact flakes, currents, interacting clusters."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.responses import lehmann
from accumulation.responses.lehmann import relative
from accumulation.symmetry import time_reversal
from accumulation.theory import reciprocity

Z = np.array([0.0, 0.4, 1.7]) + 0.2j


def random_hermitian(rng, size):
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return 0.5 * (matrix + matrix.conj().T)


@pytest.mark.parametrize("spin", [0, 1], ids=["without spin", "with spin"])
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_random_operators_of_definite_parity_are_reciprocal(spin, signs):
    """Eqs. 22-25 for any H, A, B: no model, and Kramers pairs where there is spin.

    Without spin the basis is rotated, so that time reversal is not just complex conjugation.
    """
    rng = np.random.default_rng(5)
    size = 6
    if spin:
        positions = np.repeat(rng.normal(size=(size // 2, 3)), 2, axis=0)
        theta = time_reversal.partners(positions, np.tile([1, -1], size // 2))
        frame = np.eye(size)
    else:
        theta = time_reversal.partners(np.zeros((size, 3)), np.zeros(size, dtype=int))
        frame = np.linalg.qr(random_hermitian(rng, size))[0]

    def of_parity(sign):
        matrix = random_hermitian(rng, size)
        matrix = matrix + sign * time_reversal.reversed_operator(matrix, *theta)
        return frame @ matrix @ frame.conj().T

    h, a, b = of_parity(1), of_parity(signs[0]), of_parity(signs[1])
    parity = signs[0] * signs[1]
    e, u = np.linalg.eigh(h)
    f = 1 / (1 + np.exp(e / 0.7))
    a, b = lehmann.eigenbasis(u, a), lehmann.eigenbasis(u, b)
    one, other = lehmann.response(e, f, a, b, Z), lehmann.response(e, f, b, a, Z)
    np.testing.assert_allclose(one, parity * other, atol=1e-12)
    if not spin:  # Re and Im of A_ab B_ba need the phases that time reversal gives: here any do
        np.testing.assert_allclose(lehmann.by_parity(e, f, a, b, Z, parity), one, atol=1e-12)
    assert relative(one + parity * other, one) > 0.1


def test_kramers_pairs_satisfy_the_form_of_definite_parity():
    """Eq. 24, summed over a pair, does not depend on the basis within it."""
    flake = acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.3).flake((1, 0), 2, 2)
    found = reciprocity.compute(flake, density="spin", definition="site", frequency=(0.3, 1.2))
    assert found["parity_difference"] < 1e-11


def test_time_reversal_turns_the_flux_around():
    """Theta H(phi) Theta^-1 = H(-phi): against the model's own function at -phi."""
    parameters = {"t2": 0.13, "delta": 0.4, "strain": 0.2}
    one, other = (acc.haldane(phi=phi, **parameters).flake((2, 1), 2, 2) for phi in (0.7, -0.7))
    theta = time_reversal.partners(one.positions, one.spin)
    np.testing.assert_allclose(
        time_reversal.reversed_operator(one.hamiltonian(), *theta), other.hamiltonian(), atol=1e-15
    )
    assert time_reversal.defect(one.hamiltonian(), *theta) > 0.1


def test_time_reversal_squares_to_minus_one_with_spin():
    flake = acc.kane_mele(spin_orbit=0.1, rashba=0.2).flake((1, 0), 2, 2)
    order, sign = time_reversal.partners(flake.positions, flake.spin)
    matrix = sign[:, None] * np.eye(len(sign))[order]
    np.testing.assert_array_equal(matrix @ matrix, -np.eye(len(sign)))
    assert time_reversal.defect(flake.hamiltonian(), order, sign) < 1e-15


@pytest.mark.parametrize("seed", range(3))
def test_flux_breaks_reciprocity_and_opposite_flux_restores_it(seed):
    rng = np.random.default_rng(seed)
    phi, delta, level = rng.uniform((0.3, 0.1, -1), (2.8, 0.8, 1))
    flakes = [acc.haldane(t2=0.1, phi=p, delta=delta).flake((1, 0), 2, 3) for p in (phi, -phi, 0)]
    one, other, invariant = (reciprocity.compute(f, fermi_energy=level) for f in flakes)
    assert one["asymmetry"] > 0.01
    assert one["reversed_residual"] < 1e-11
    # The model's own flake at -phi, not the reversed operators.
    np.testing.assert_allclose(one["forward"], other["backward"], atol=1e-11)
    np.testing.assert_allclose(one["proper"], other["electric"], atol=1e-11)
    assert invariant["asymmetry"] < 1e-11
    assert invariant["proper_asymmetry"] < 1e-11
    assert invariant["conventional_asymmetry"] > 0.01


def test_conventional_current_of_a_conserved_charge_is_the_proper_one():
    """O = 1: both are the electric current across, and reciprocity is sigma_yx = sigma_xy."""
    flake = acc.haldane(t2=0.1, phi=0.0, delta=0.5).flake((1, 0), 2, 3)
    found = reciprocity.compute(flake, density="charge", definition="site")
    np.testing.assert_allclose(found["proper"], found["conventional"], atol=1e-13)
    assert found["nonconservation"] < 1e-14
    # Nor is conserved spin transported in another way.
    flake = acc.kane_mele(spin_orbit=0.1, rashba=0.0, delta=0.3).flake((1, 0), 2, 2)
    found = reciprocity.compute(flake, density="spin", definition="site")
    np.testing.assert_allclose(found["proper"], found["conventional"], atol=1e-13)
    assert "conventional_violation" not in reciprocity.conclude(
        {}, {name: np.asarray(value) for name, value in found.items()}
    )


def test_the_whole_proper_current_vanishes_at_rest():
    """Sec. II B, Eq. 50: -i z chi_(P_O x) -> 0, as eta^2 with time reversal and as eta without.

    Its intrinsic part alone does not.
    """
    for phi, power in ((0.0, 2), (0.7, 1)):
        flake = acc.haldane(t2=0.1, phi=phi, delta=0.5).flake((1, 0), 2, 3)
        whole = []
        for eta in (1e-3, 1e-4):
            found = reciprocity.compute(flake, frequency=(0.0,), eta=eta)
            whole.append(found["proper"][0, 0] + found["extrinsic"])
        assert abs(found["extrinsic"]) > 0.1
        np.testing.assert_allclose(np.log10(whole[0] / whole[1]), power, atol=0.1)


def test_time_reversal_times_a_mirror_keeps_the_macroscopic_reciprocity():
    """m y and x have parities + and - under T M_x, - and + under T: the same product."""
    flake = acc.haldane(t2=0.1, phi=0.7, delta=0.5).flake((1, 1), 3, 3)
    found = reciprocity.compute(flake)
    assert found["asymmetry"] > 0.1
    assert found["proper_asymmetry"] < 1e-11


def test_a_grid_promises_only_what_it_holds():
    values = {
        "time_reversal_defect": np.array([0.0, 0.1]),
        "nonconservation": np.array([1.0, 1.0]),
        **{
            f"{name}": np.array([1e-15, 0.5])
            for name in ("asymmetry", "parity_difference", "proper_asymmetry")
        },
        "conventional_asymmetry": np.array([0.3, 0.2]),
    }
    found = reciprocity.conclude({}, values)
    assert found["reciprocity_residual"] == 1e-15
    assert found["reciprocity_violation"] == 0.5
    assert found["conventional_violation"] == 0.3
    broken = {name: value[1:] for name, value in values.items()}
    assert "reciprocity_residual" not in reciprocity.conclude({}, broken)
    assert set(found) <= set(reciprocity.VARIABLES)


def test_a_ribbon_is_named():
    with pytest.raises(UserError, match=r"system.*ribbon"):
        reciprocity.compute(acc.haldane().ribbon((1, 0), 2))
