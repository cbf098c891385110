"""Finite frequency: pairs of states one by one, the field switched on in time, exact flakes."""

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.errors import UserError
from accumulation.responses import kramers_kronig, lehmann
from accumulation.responses.finite_frequency import spectrum
from accumulation.responses.flake_operators import density_matrix, flake_operators
from accumulation.responses.integrands import ExactElements
from accumulation.states.occupations import fermi_dirac
from accumulation.theory import flake_spectrum
from accumulation.theory import spectrum as theory

Z = np.array([0.0, 0.4, 1.7, -2.2]) + 0.3j


def exact_elements(ribbon, density, definition):
    module = plugins.load("densities", density)
    slow = definition in module.NEEDS_ALL_BANDS
    return ExactElements(ribbon.bloch, module.kernel, definition, "atomic", slow)


def brute_force(ribbon, kernel, points, level, temperature, z):
    """Second term of S46 with loops over k and pairs, dH/dk by finite differences of H(k)."""
    total = 0
    step = 1e-5
    for j in range(points):
        k = 2 * np.pi / ribbon.period * (j - (points - 1) / 2) / points
        h = ribbon.hamiltonian(k)[0]
        slope = (ribbon.hamiltonian(k + step)[0] - ribbon.hamiltonian(k - step)[0]) / (2 * step)
        e, u = np.linalg.eigh(h)
        f = 1 / (1 + np.exp((e - level) / temperature))
        one = kernel(ribbon, slope)
        for n in range(len(e)):
            for m in range(len(e)):
                if abs(e[n] - e[m]) < 1e-9:  # equally filled: such pairs do not respond
                    continue
                connection = 1j * u[:, m].conj() @ slope @ u[:, n] / (e[n] - e[m])
                left, right = u[:, n].conj() * (one @ u[:, m]), (one @ u[:, n]).conj() * u[:, m]
                row = 0.5 * (left + right)
                factor = (f[n] - f[m]) / (e[n] - e[m] + z)
                total = total + np.outer(row, factor) * connection
    return total / (points * ribbon.period)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("definition", ["circulation", "local"])
def test_interband_term_is_the_sum_over_pairs(seed, definition):
    rng = np.random.default_rng(seed)
    t2, phi, delta, level = rng.uniform((0.05, -3, 0, -1), (0.2, 3, 0.8, 1))
    ribbon = acc.haldane(t2=t2, phi=phi, delta=delta, strain=0.2).ribbon((1, 1), 2)

    def kernel(system, slope):
        y = system.positions[:, 1]
        if definition == "local":
            return -0.5 * y[:, None] * slope
        return -0.5 * (y[:, None] + y) * slope

    found, _ = spectrum(exact_elements(ribbon, "orbital_moment", definition), 9, level, 0.3)
    expected = brute_force(ribbon, kernel, 9, level, 0.3, Z)
    np.testing.assert_allclose(found.interband(Z), expected, atol=1e-8)


def test_interband_term_of_spin_is_the_sum_over_pairs():
    ribbon = acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.3).ribbon((2, 1), 1)
    found, _ = spectrum(exact_elements(ribbon, "spin", "site"), 8, 0.7, 0.2)
    expected = brute_force(ribbon, lambda s, _: np.diag(s.spin.astype(float)), 8, 0.7, 0.2, Z)
    np.testing.assert_allclose(found.interband(Z), expected, atol=1e-8)


def test_at_zero_frequency_the_intraband_term_is_the_static_one_times_tau():
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.3).ribbon((1, 0), 4)
    found, _ = spectrum(exact_elements(ribbon, "orbital_moment", "local"), 100, 0.9, 0.1)
    static = acc.response(
        acc.elements(ribbon, acc.bands(ribbon, k=100), "orbital_moment", "local"), 0.9, 0.1
    )
    tau = 12.5
    expected = tau * static.accumulation.sel(process="intraband").values.ravel()
    np.testing.assert_allclose(found.intraband(np.array([1j / tau]))[:, 0], expected, atol=1e-13)


@pytest.mark.parametrize("seed", range(2))
def test_both_terms_of_a_metal_are_the_inside_of_a_flake(seed):
    """The flake has no intraband term: i / (omega + i eta) must come out of its eigenstates."""
    rng = np.random.default_rng(seed)
    phi, delta, strain = rng.uniform((0.3, 0.2, 0.1), (1.2, 0.8, 0.3))
    lattice = acc.haldane(t2=0.1, phi=phi, delta=delta, strain=strain)
    found = flake_spectrum.compute(
        lattice, width=2, length=34, fermi_energy=1.1, eta=0.5, frequency=(0.0, 0.5, 2.0), points=80
    )
    intraband, _ = spectrum(
        exact_elements(lattice.ribbon((1, 0), 2), "orbital_moment", "circulation"), 80, 1.1, 0.2
    )
    share = np.abs(intraband.drude.sum() / 0.5) / np.abs(found["ribbon"]).max()
    assert share > 0.05  # a wrong intraband term would show
    assert found["ribbon_residual"] < 2e-6


def test_response_is_what_a_slowly_growing_field_makes_in_time():
    """i d rho / dt = [H + F x e^{eta t} cos(omega t), rho], Runge-Kutta from the far past."""
    flake = acc.haldane(t2=0.1, phi=0.7, delta=0.4).flake((1, 0), 2, 2)
    operators = flake_operators(flake, "orbital_moment", "exact")
    h, x = operators.hamiltonian, operators.x
    omega, eta, field, step = 1.3, 0.6, 1e-5, 0.02
    rho = start = density_matrix(h, 0.1, 0.2)

    def slope(t, rho):
        now = h + field * np.exp(eta * t) * np.cos(omega * t) * x
        return -1j * (now @ rho - rho @ now)

    steps = 2000
    for i in range(-steps, 0):
        t = i * step
        a = slope(t, rho)
        b = slope(t + step / 2, rho + step / 2 * a)
        c = slope(t + step / 2, rho + step / 2 * b)
        d = slope(t + step, rho + step * c)
        rho = rho + step / 6 * (a + 2 * b + 2 * c + d)
    moved = np.einsum("ij,rji->r", rho - start, operators.density).real / field

    e, u = np.linalg.eigh(h)
    chi = lehmann.response(
        e,
        fermi_dirac(e, 0.1, 0.2),
        lehmann.eigenbasis(u, operators.density),
        lehmann.eigenbasis(u, x),
        np.array([omega + 1j * eta]),
    )
    np.testing.assert_allclose(moved, chi[:, 0].real, atol=1e-5 * np.abs(chi).max())


def test_two_levels_in_closed_form():
    """A = B = sigma_x between levels at -+g/2, the lower one filled: chi = 2 g / (z^2 - g^2)."""
    g, sigma_x = 0.8, np.array([[0, 1], [1, 0]])
    found = lehmann.response(np.array([-g / 2, g / 2]), np.array([1.0, 0]), sigma_x, sigma_x, Z)
    np.testing.assert_allclose(found, 2 * g / (Z**2 - g**2), rtol=1e-13)


@pytest.mark.parametrize("pole", [0.0, 1.3, -5.0])
def test_kramers_kronig_of_one_pole(pole):
    """1 / (omega - x + i eta) from -eta / ((omega - x)^2 + eta^2), whose integral is -pi."""
    eta, widest = 0.1, 5.0
    scale = kramers_kronig.scale_of(widest)
    nodes = kramers_kronig.nodes(scale, widest, eta)
    exact = 1 / (nodes - pole + 1j * eta)
    frequency = np.linspace(-7, 7, 41)
    found = kramers_kronig.from_imaginary(exact.imag, scale, frequency)
    np.testing.assert_allclose(found, 1 / (frequency - pole + 1j * eta), atol=1e-11)
    np.testing.assert_allclose(kramers_kronig.moment(exact.imag, scale), -np.pi, rtol=1e-11)


@pytest.mark.parametrize(
    ("model", "direction"),
    [({"t2": 0.1, "phi": 0, "delta": 0.5}, (2, 1)), ({"t2": 0.1, "phi": 1, "delta": 0.8}, (1, 0))],
    ids=["time reversal", "time reversal times mirror"],
)
def test_what_a_symmetry_forbids_at_rest_it_allows_in_a_changing_field(model, direction):
    """Eq. 25 at eta = 0: below the gap chi is imaginary and odd in omega.

    So the undergap response of an insulator vanishes at omega = 0 only, and nothing is absorbed.
    """
    ribbon = acc.haldane(**model).ribbon(direction, 3)
    found, static = spectrum(
        exact_elements(ribbon, "orbital_moment", "circulation"), 60, -0.05, 0.0
    )
    low = found.total(np.array([0.05, 0.1]) + 1e-9j)
    assert np.abs(found.drude).max() < 1e-12
    assert np.abs(static).max() < 1e-12
    assert np.abs(low.real).max() < 1e-7
    assert np.abs(low.imag).max() > 1e-4
    np.testing.assert_allclose(low[:, 1], 2 * low[:, 0], atol=0.02 * np.abs(low).max())


def test_density_matrix_is_the_fermi_function_also_far_from_the_level():
    h = acc.haldane(t2=0.1, phi=0.7, delta=0.4).flake((1, 0), 2, 3).hamiltonian()
    e, u = np.linalg.eigh(h)
    for temperature in (0.5, 0.01):
        expected = (u * fermi_dirac(e, 0.2, temperature)) @ u.conj().T
        np.testing.assert_allclose(density_matrix(h, 0.2, temperature), expected, atol=1e-12)


def test_theories_keep_what_they_promise():
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.8)
    ribbon = lattice.ribbon((1, 1), 3)
    cases = [
        (theory, theory.compute(ribbon, fermi_energy=1.1, temperature=0.1, eta=0.2, points=160)),
        (theory, theory.compute(ribbon, density="charge", definition="site", fermi_energy=-0.2,
                                temperature=0, eta=0.2, points=160)),
        (flake_spectrum, flake_spectrum.compute(lattice, width=2, length=30, eta=0.5)),
    ]  # fmt: skip
    for module, found in cases:
        assert set(found) == set(module.VARIABLES)
        for name, identity in module.CHECKS.items():
            assert identity.holds(identity.residual(np.asarray(found[name]))), name


@pytest.mark.parametrize(
    ("compute", "options", "key"),
    [
        (theory.compute, {"eta": 0.0}, "eta"),
        (theory.compute, {"definition": "exact"}, "definition"),
        (theory.compute, {"density": "mass"}, "density"),
    ],
)
def test_options_without_sense_are_named(compute, options, key):
    with pytest.raises(UserError) as caught:
        compute(acc.haldane().ribbon((1, 0), 2), **options)
    assert caught.value.key == key


def test_systems_of_another_kind_are_named():
    lattice = acc.haldane(t2=0.1)
    with pytest.raises(UserError, match=r"geometry\.kind"):
        theory.compute(lattice.flake((1, 0), 2, 2))
    with pytest.raises(UserError, match="temperature"):
        flake_spectrum.compute(lattice, temperature=0.0)
