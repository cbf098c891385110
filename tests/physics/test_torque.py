"""Torque, bond currents and torque dipole: brute force, real-time propagation, analytic limits."""

from itertools import pairwise

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.lattice.bloch import mesh
from accumulation.responses import continuity
from accumulation.states.occupations import fermi_dirac
from accumulation.theory import external_torque
from accumulation.theory import torque as flake_torque

RNG = np.random.default_rng(11)


def hermitian(size):
    matrix = RNG.normal(size=(size, size)) + 1j * RNG.normal(size=(size, size))
    return matrix + matrix.conj().T


def mixed_state(size):
    matrix = hermitian(size)
    rho = matrix @ matrix.conj().T
    return rho / np.trace(rho)


def propagator(h, time):
    energy, u = np.linalg.eigh(h)
    return (u * np.exp(-1j * energy * time)) @ u.conj().T


def test_continuity_of_any_operator_in_time():
    """Eqs. 6-11 on random matrices: the density of O on each site, propagated in time with the
    field, changes at the rate intrinsic + extrinsic torque - bond currents.
    """
    size, field, step = 7, 0.3, 1e-4
    h, operator, rho = hermitian(size), hermitian(size), mixed_state(size)
    x = RNG.normal(size=size)
    densities = []
    for sign in (1, -1):
        u = propagator(h + field * np.diag(x), sign * step)
        densities.append(continuity.by_row(operator, u @ rho @ u.conj().T))
    rate = (densities[0] - densities[1]) / (2 * step)
    total = continuity.by_row(continuity.rate(h, operator), rho)
    total = total + field * continuity.by_row(continuity.extrinsic_torque(operator, x), rho)
    balance = total - continuity.bond_currents(h, operator, rho).sum(axis=-1)
    np.testing.assert_allclose(rate, balance, atol=1e-6 * np.abs(rate).max())


def test_bond_currents_are_antisymmetric_and_those_of_the_number_for_unity():
    """O = 1: J(mu -> nu) = 2 Im[H_nu,mu rho_mu,nu], the textbook bond current."""
    h, rho = hermitian(6), mixed_state(6)
    current = continuity.bond_currents(h, hermitian(6), rho)
    np.testing.assert_allclose(current, -current.T, atol=1e-15)
    current = continuity.bond_currents(h, np.eye(6), rho)
    textbook = 2 * np.imag(h.T * rho)
    np.testing.assert_allclose(current, textbook, atol=1e-14)


@pytest.mark.parametrize("z", [0.1j, 0.7 + 0.02j, -2 + 1e-5j])
def test_equation_of_motion_gives_the_sum_over_pairs_of_states(z):
    """Eqs. 17-18 as loops over all pairs."""
    size = 6
    h, field, observed = hermitian(size), hermitian(size), hermitian(size)
    energy, u = np.linalg.eigh(h)
    filled = fermi_dirac(energy, 0.2, 0.5)
    a, b = (u.conj().T @ matrix @ u for matrix in (observed, field))
    loops = sum(
        (filled[m] - filled[n]) / (energy[m] - energy[n] + z) * a[m, n] * b[n, m]
        for m in range(size)
        for n in range(size)
    )
    change = continuity.response_by_liouville(h, (u * filled) @ u.conj().T, field, z)
    assert np.trace(observed @ change) == pytest.approx(loops, rel=1e-9)
    bands = continuity.response_matrix(energy, filled, b, z)
    assert np.trace(a @ bands) == pytest.approx(loops, rel=1e-12)


def test_dipole_is_the_operator_of_the_paper():
    """D(q) = y * (T * e^{-iqy}) as products of matrices, against the rows (S38, S39)."""
    size, q = 6, 0.8
    operator, rho, y = hermitian(size), mixed_state(size), RNG.normal(size=size)
    wave = np.diag(np.exp(-1j * q * y))
    matrix = continuity.star(np.diag(y), continuity.star(operator, wave))
    rows = continuity.dipole_by_row(operator, rho, y)
    assert np.exp(-1j * q * y) @ rows == pytest.approx(np.trace(rho @ matrix), rel=1e-12)


def test_torque_of_two_points_against_its_dipole_by_hand():
    """A torque t at y = b and -t at y = -b: T(q) = -2 i t sin qb, D(q) = 2 t b cos qb.  Eq. 46
    leaves -2 i t (sin qb - qb cos qb): relatively (qb)^2 / 3, as <y T y> = 0 here by symmetry; for
    one point, T(q) - T(0) + i q D(q) = t (e^{-iqb} (1 + iqb) - 1), relatively q b / 2.
    """
    b, t, q = 1.7, 0.4, np.array([1e-3, 2e-3])
    y = np.array([-b, b])
    for rows, second, expected in (
        (np.array([-t, t]), 0.0, np.abs(2 * t * (np.sin(q * b) - q * b * np.cos(q * b)))),
        (np.array([0, t]), t * b**2, np.abs(t * (np.exp(-1j * q * b) * (1 + 1j * q * b) - 1))),
    ):
        found = flake_torque._by_wave_vector(q, y, rows, y * rows, np.array([second]))
        np.testing.assert_allclose(found["remainder_q"], expected, rtol=1e-6)
        assert found["mean_dipole_residual"] < 1e-14
        assert found["order"] == pytest.approx(2 if second else 3, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_every_identity_of_a_flake_at_random_parameters(seed):
    rng = np.random.default_rng(seed)
    lattice = acc.haldane(
        t2=rng.uniform(0.05, 0.2), phi=rng.uniform(0.2, 1.4), delta=rng.uniform(0.2, 1)
    )
    flake = lattice.flake([(1, 0), (1, 1), (2, 1)][seed], 5, 5)
    for definition in ("exact", "circulation"):
        found = flake_torque.compute(
            flake, definition=definition, fermi_energy=0.3, temperature=0.1, eta=0.2, omega=0.4
        )
        assert abs(found["net_torque"]) > 1e-8
        for name, identity in flake_torque.CHECKS.items():
            assert identity.holds(identity.residual(found[name])), name


def test_a_conserved_density_has_no_torque():
    flake = acc.haldane(t2=0.1, phi=0.7, delta=0.3).flake((1, 1), 3, 4)
    found = flake_torque.compute(flake, "charge", "site")
    assert np.abs(found["intrinsic"]).max() == 0
    assert found["continuity_residual"] < 1e-12
    flake = acc.kane_mele(spin_orbit=0.1, delta=0.3).flake((1, 1), 3, 3)
    assert np.abs(flake_torque.compute(flake, "spin", "site")["intrinsic"]).max() < 1e-15


def test_slope_in_k_is_the_derivative_of_the_circulation():
    """dO/dk = -{d2H/dk2, y} / 2 with the second derivative from the hop table."""
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.3).ribbon((2, 1), 4)
    bloch, k = ribbon.bloch, np.array([0.3, -1.1])
    found = continuity.slope_in_k(
        continuity.density_operator("orbital_moment", "circulation"), bloch, k
    )
    hops, x = ribbon.hops, ribbon.positions[:, 0]
    reach = hops.cell * ribbon.period + x[hops.column] - x[hops.row]
    for i, one in enumerate(k):
        curvature = np.zeros((bloch.size, bloch.size), dtype=complex)
        values = -(reach**2) * hops.amplitude * np.exp(1j * one * reach)
        np.add.at(curvature, (hops.row, hops.column), values)
        exact = -0.5 * curvature * (bloch.y[:, None] + bloch.y)
        np.testing.assert_allclose(found[i], exact, atol=1e-11)


def test_net_torque_of_a_ribbon_is_that_of_real_time_switching():
    """The field e^{eta t} moves k by its integral; the state is propagated through H(k(t)), and
    the net moment at t = 0, times eta, is the net torque of Eq. 42: no Kubo formula.
    """
    eta, temperature, level, small = 0.25, 0.15, 0.6, 1e-3
    lattice = acc.haldane(t2=0.15, delta=0.5)
    ribbon = lattice.ribbon((1, 0), 2)
    operator = continuity.density_operator("orbital_moment", "circulation")
    k, weight = mesh(64, ribbon.period)
    energy, u = np.linalg.eigh(ribbon.bloch.hamiltonian(k))
    start = np.einsum("kia,ka,kja->kij", u, fermi_dirac(energy, level, temperature), u.conj())
    times = np.linspace(np.log(1e-5) / eta, 0, 1201)
    moments = []
    for field in (small, -small):
        rho = start.astype(complex)
        for t, after in pairwise(times):
            middle = k - field * np.exp(0.5 * eta * (t + after)) / eta
            e, v = np.linalg.eigh(ribbon.bloch.hamiltonian(middle))
            turn = (v * np.exp(-1j * e * (after - t))[:, None]) @ np.swapaxes(v, 1, 2).conj()
            rho = turn @ rho @ np.swapaxes(turn, 1, 2).conj()
        final = operator(ribbon.bloch, k - field / eta)
        moments.append(weight @ np.einsum("kij,kji->k", rho, final).real)
    propagated = eta * (moments[0] - moments[1]) / (2 * small)
    found = external_torque.compute(
        ribbon, fermi_energy=(level,), temperature=temperature, eta=(eta,), k=64
    )
    assert abs(found["fermi_surface"][0]) > 1e-4
    assert propagated == pytest.approx(found["net_torque"][0, 0], rel=2e-3)


@pytest.mark.parametrize("direction", [(1, 0), (2, 1)])
def test_external_torque_both_forms_with_and_without_time_reversal(direction):
    for phi in (0.0, 0.9):
        lattice = acc.haldane(t2=0.1, phi=phi, delta=0.6, strain=0.3)
        found = external_torque.compute(
            lattice.ribbon(direction, 4), fermi_energy=(0.8,), temperature=0.1, k=120
        )
        assert abs(found["fermi_surface"][0]) > 1e-5
        for name, identity in external_torque.CHECKS.items():
            assert identity.holds(identity.residual(found[name])), name


def test_net_torque_of_a_ribbon_tends_to_the_external_torque():
    """With time reversal it differs from it by eta^2 only: the interband part is odd in eta."""
    ribbon = acc.haldane(t2=0.1, delta=0.6).ribbon((1, 0), 3)
    eta = (0.01, 0.02)
    found = external_torque.compute(ribbon, fermi_energy=(0.8,), temperature=0.1, eta=eta)
    left = np.abs(found["net_torque"] - found["fermi_surface"])[:, 0]
    assert np.log2(left[1] / left[0]) == pytest.approx(2, abs=0.05)


def test_impossible_options_are_named():
    lattice = acc.haldane(delta=0.5)
    ribbon, flake = lattice.ribbon((1, 0), 2), lattice.flake((1, 0), 2, 2)
    with pytest.raises(UserError, match="definition"):
        external_torque.compute(ribbon, definition="local")
    with pytest.raises(UserError, match="density"):
        external_torque.compute(ribbon, "spin", "site")
    with pytest.raises(UserError, match="temperature"):
        external_torque.compute(ribbon, temperature=0.001)
    with pytest.raises(UserError, match="kind"):
        external_torque.compute(flake)
    with pytest.raises(UserError, match="kind"):
        flake_torque.compute(ribbon)
    with pytest.raises(UserError, match="eta"):
        flake_torque.compute(flake, eta=0.0)
    with pytest.raises(UserError, match="wave_vector"):
        flake_torque.compute(flake, wave_vector=(0.1,))
