"""Disordered rings and the kinetic equation: brute force, exact limits, symmetries."""

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.errors import UserError
from accumulation.lattice.lattice import Lattice
from accumulation.responses import disordered_rings, kinetic_equation
from accumulation.theory import disorder as theory
from accumulation.theory import rings

GRAPHENE = acc.haldane(delta=0.5)
GENERIC = acc.haldane(t2=0.2, phi=0.7, delta=0.5)
SPINS = acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.1)
MOMENT = (plugins.load("densities", "orbital_moment").kernel, "circulation")
SPIN = (plugins.load("densities", "spin").kernel, "site")
RNG = np.random.default_rng(2728)


def chain_lattice() -> Lattice:
    """One orbital a cell, hops of -1 along x: H(k) = -2 cos k."""
    lattice = Lattice(vectors=[(1.0, 0.0), (0.0, 1.0)], orbitals={"A": (0.0, 0.0)})
    lattice.hop("A", "A", (1, 0), -1.0)
    return lattice


@pytest.mark.parametrize("lattice", [GRAPHENE, GENERIC, SPINS])
@pytest.mark.parametrize("direction", [(1, 0), (2, 1)])
def test_a_clean_ring_has_the_energies_of_the_ribbon(lattice, direction):
    ribbon, length = lattice.ribbon(direction, 2), 7
    ring = disordered_rings.ring(ribbon, length)
    twist = disordered_rings.random_twist(ring, 3)
    found = disordered_rings.eigenstates(ring.bloch, np.zeros(ring.bloch.size), twist)
    k = disordered_rings.ring_wavevectors(ribbon, length, twist)
    expected = np.linalg.eigvalsh(ribbon.hamiltonian(k)[0])
    np.testing.assert_allclose(found.energy, np.sort(expected.ravel()), atol=1e-12)


@pytest.mark.parametrize("lattice", [GRAPHENE, SPINS])
def test_disorder_comes_from_its_seed_and_is_not_magnetic(lattice):
    ribbon = lattice.ribbon((1, 0), 3)
    drawn = disordered_rings.anderson(ribbon, 400, 5)
    np.testing.assert_array_equal(drawn, disordered_rings.anderson(ribbon, 400, 5))
    assert not np.array_equal(drawn, disordered_rings.anderson(ribbon, 400, 6))
    assert np.abs(drawn).max() <= 0.5
    # 2400 uniform numbers: four standard errors of their variance, sqrt(4 / 5 / 2400) / 12
    assert np.var(drawn) == pytest.approx(1 / 12, rel=4 * np.sqrt(0.8 / 2400))
    if lattice is SPINS:
        for up in np.flatnonzero(ribbon.spin == 1):
            assert np.array_equal(drawn[up :: len(ribbon.spin)], drawn[up + 1 :: len(ribbon.spin)])


@pytest.mark.parametrize(("lattice", "how"), [(GENERIC, MOMENT), (SPINS, SPIN)])
def test_s11_is_27_with_the_position_by_loops_over_pairs(lattice, how):
    """On a flake the position is a matrix.  27 with (f_a - f_b) -> (e_a - e_b) f'(e_a), element by
    element: pi sum Im{n_ab x_ba} (e_a - e_b) f'(e_a) delta(e_a - e_b), no velocity in it.
    """
    flake = lattice.ribbon((2, 1), 2).chain(2)
    onsite = RNG.uniform(-1, 1, flake.bloch.size)
    states = disordered_rings.eigenstates(flake.bloch, onsite)
    level, kt, width = 0.3, 0.2, 0.1
    found, current = disordered_rings.dissipative_response(
        flake.bloch, *how, states, level, kt, np.array([width])
    )
    energy, u = states.energy, states.vectors
    h = flake.hamiltonian() + np.diag(onsite)
    x, y = np.diag(flake.positions[:, 0]), np.diag(flake.positions[:, 1])
    v = 1j * (h @ x - x @ h)
    k = np.diag(flake.spin.astype(complex)) if how is SPIN else -0.5 * (v @ y + y @ v)
    expected, total = np.zeros(len(h)), 0.0
    for row in range(len(h)):
        p = np.zeros_like(h)
        p[row, row] = 1
        n = u.conj().T @ (0.5 * (p @ k + k.conj().T @ p)) @ u
        position = u.conj().T @ x @ u
        for a, ea in enumerate(energy):
            slope = -0.25 / kt / np.cosh((ea - level) / (2 * kt)) ** 2
            for b, eb in enumerate(energy):
                delta = width / np.pi / ((ea - eb) ** 2 + width**2)
                factor = np.pi * slope * (ea - eb) * delta
                expected[row] += factor * (n[a, b] * position[b, a]).imag
                if row == 0:
                    total -= factor * (ea - eb) * abs(position[a, b]) ** 2
    np.testing.assert_allclose(found[0], expected, atol=1e-6 * np.abs(expected).max())
    assert current[0] == pytest.approx(total, rel=1e-6)


def test_a_ring_has_no_beginning():
    """Disorder moved on by one cell gives the same response."""
    ribbon, length = GENERIC.ribbon((1, 0), 2), 12
    ring, size = disordered_rings.ring(ribbon, length), len(ribbon.positions)
    onsite = disordered_rings.anderson(ribbon, length, 1)
    answers = []
    for shift in (0, 5 * size):
        states = disordered_rings.eigenstates(ring.bloch, np.roll(onsite, shift), 0.1)
        found = disordered_rings.dissipative_response(
            ring.bloch, *MOMENT, states, 0.4, 0.1, np.ones(1)
        )
        answers.append((found[0].reshape(length, size).sum(axis=0), found[1]))
    np.testing.assert_allclose(answers[0][0], answers[1][0], atol=1e-12)
    np.testing.assert_allclose(answers[0][1], answers[1][1], rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"density": "spin", "strength": 2.0, "seed": 4}])
def test_clean_ring_and_sum_rule(options):
    lattice = SPINS if options else GRAPHENE
    found = rings.compute(lattice.ribbon((1, 0), 1 if options else 2), length=60, **options)
    for name, identity in rings.CHECKS.items():
        assert identity.holds(found[name])


def kinetic_pair(lattice, width, level, strength, decay, how=MOMENT):
    points = kinetic_equation.contour(lattice.ribbon((1, 0), width), *how, np.array([level]))
    paths = kinetic_equation.paths(points, strength**2 / 12, decay)
    return points, [kinetic_equation.response(points, path, np.ones(1)) for path in paths]


def test_golden_rule_and_localization_length_of_a_chain():
    """Thouless: the inverse localization length of a chain is W^2 / (24 (4 - E^2)); it is half of
    the rate of backscattering over the velocity.
    """
    for level, strength in RNG.uniform((-1.8, 0.1), (1.8, 1.0), (4, 2)):
        points, _ = kinetic_pair(chain_lattice(), 1, level, strength, 0.1)
        w = kinetic_equation.rates(points, strength**2 / 12)
        speed = np.sqrt(4 - level**2)
        np.testing.assert_allclose(np.abs(points.velocity), speed, rtol=1e-9)
        thouless = strength**2 / (24 * (4 - level**2))
        np.testing.assert_allclose(w, 2 * thouless * speed, rtol=1e-9)


@pytest.mark.parametrize("lattice", [GENERIC, SPINS])
def test_golden_rule_rates_are_a_broadened_sum_over_all_states(lattice):
    """2 pi <V^2> sum_k',n' |<u|P|u'>|^2 delta(E - e') with a narrow Lorentzian on a fine mesh."""
    ribbon, level, width = lattice.ribbon((1, 0), 2), 1.0, 2e-3
    how = SPIN if lattice is SPINS else MOMENT
    points = kinetic_equation.contour(ribbon, *how, np.array([level]))
    k = 2 * np.pi * np.arange(6000) / 6000
    energy, u = np.linalg.eigh(ribbon.hamiltonian(k)[0])
    e0, u0 = np.linalg.eigh(ribbon.hamiltonian(points.k)[0])
    delta = width / np.pi / ((energy - level) ** 2 + width**2) / len(k)
    for i, rate in enumerate(kinetic_equation.rates(points, 1.0).sum(axis=1)):
        state = u0[i][:, np.argmin(np.abs(e0[i] - level))]
        squares = 0
        for site in ribbon.sites.astype(bool):
            squares = squares + np.abs(np.einsum("o,kob->kb", state[site].conj(), u[:, site])) ** 2
        assert rate == pytest.approx(2 * np.pi * (squares * delta).sum(), rel=1e-2)


def test_rates_are_in_detailed_balance():
    points, _ = kinetic_pair(SPINS, 3, 1.0, 1.0, 0.1, SPIN)
    density = 1 / np.abs(points.velocity)
    flow = density[:, None] * kinetic_equation.rates(points, 1.0)
    np.testing.assert_allclose(flow, flow.T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("t2", [0.0, 0.06])
def test_scattering_in_cancels_with_time_reversal_and_one_orbital_a_site(t2):
    """k and -k have the same density on every site, so that as many arrive from each."""
    for level, strength in RNG.uniform((0.9, 0.2), (1.4, 3.0), (3, 2)):
        lattice = acc.haldane(delta=0.5, t2=t2)
        _, (relaxed, full) = kinetic_pair(lattice, 3, level, strength, 0.02)
        np.testing.assert_allclose(full[0], relaxed[0], atol=1e-11)
        assert full[1] == pytest.approx(relaxed[1], rel=1e-11)


def test_vertex_corrections_without_time_reversal():
    _, (relaxed, full) = kinetic_pair(GENERIC, 4, 0.0, 1.0, 0.02)
    assert full[1] > 1.2 * relaxed[1]


def test_a_chiral_edge_is_ballistic_and_the_golden_rule_does_not_know():
    """With edges far apart nothing scatters back: the response is that of the clean ribbon."""
    lattice = acc.haldane(t2=0.2, phi=np.pi / 2, delta=0.1)
    _, (relaxed, full) = kinetic_pair(lattice, 12, 0.1, 1.0, 0.02)
    _, (_, clean) = kinetic_pair(lattice, 12, 0.1, 0.0, 0.02)
    assert full[1] == pytest.approx(clean[1], rel=1e-6)
    np.testing.assert_allclose(full[0], clean[0], atol=1e-6 * np.abs(clean[0]).max())
    # Two channels, each of path v / eta: two times e^2 / h
    points, _ = kinetic_pair(lattice, 12, 0.1, 1.0, 0.02)
    assert 2 * np.pi * clean[1] == pytest.approx(np.abs(points.velocity).sum() / 0.02)
    assert relaxed[1] < 0.5 * full[1]


def test_clean_kinetic_equation_is_the_intraband_response():
    """Against the package's response at a temperature, tau = 1 / eta."""
    ribbon = GENERIC.ribbon((1, 0), 3)
    kt, eta = 0.01, 0.05
    energies, weight = kinetic_equation.thermal_nodes(0.1, kt, 24)
    points = kinetic_equation.contour(ribbon, *MOMENT, energies)
    density, _ = kinetic_equation.response(
        points, kinetic_equation.paths(points, 0.0, eta)[1], weight
    )
    elements = acc.elements(ribbon, acc.bands(ribbon, k=2000), definition="circulation")
    expected = acc.response(elements, 0.1, kt).accumulation.sel(process="intraband").squeeze()
    np.testing.assert_allclose(density * eta, expected, atol=1e-6)


def test_degenerate_fermi_points_are_refused():
    lattice = acc.kane_mele(spin_orbit=0.0, delta=0.5)
    with pytest.raises(UserError, match="degenerate"):
        kinetic_equation.contour(lattice.ribbon((1, 0), 2), *SPIN, np.array([1.0]))


def grid(ribbon, strengths, seeds, order=("strength", "seed"), **options):
    """What the workflow hands to ``conclude``, and what that returns."""
    axes = {"strength": np.array(strengths), "seed": np.array(seeds)}
    values = {}
    for strength in strengths:
        row = [theory.compute(ribbon, strength=strength, seed=s, **options) for s in seeds]
        for name in row[0]:
            values.setdefault(name, []).append([one[name] for one in row])
    values = {name: np.array(array) for name, array in values.items()}
    if order[0] == "seed":
        values = {name: np.swapaxes(array, 0, 1) for name, array in values.items()}
    values |= {name: row[0][name] for name in ("y", "broadening", "mode")}
    return values, theory.conclude({name: axes[name] for name in order}, values)


def test_weak_disorder_is_the_kinetic_equation_and_strong_disorder_is_not():
    """Spin-orbit metal: scattering-in counts, and the exact average knows it."""
    options = {
        "density": "spin", "fermi_energy": 1.0, "temperature": 0.05, "length": 20,
        "twist": True, "broadening": (0.05,),
    }  # fmt: skip
    values, found = grid(SPINS.ribbon((1, 0), 2), [0.2, 6.0], range(8), **options)
    assert set(values) | set(found) == set(theory.VARIABLES)
    for name, identity in theory.CHECKS.items():
        assert identity.holds(found[name])
    strong = found["mean_conductivity"][1, 0] / values["conductivity_kinetic"][1, 0, 0]
    assert abs(strong - 1) > 0.2


def test_the_order_of_axes_does_not_matter():
    options = {"fermi_energy": 1.0, "length": 8, "broadening": (0.1, 0.2)}
    ribbon = GRAPHENE.ribbon((1, 0), 2)
    _, one = grid(ribbon, [0.5, 1.0], range(3), **options)
    _, two = grid(ribbon, [0.5, 1.0], range(3), order=("seed", "strength"), **options)
    for name, expected in one.items():
        np.testing.assert_array_equal(two[name], expected)


@pytest.mark.parametrize(
    "options",
    [{"strength": -1.0}, {"seed": -1}, {"temperature": 0.0}, {"broadening": (0.0,)},
     {"definition": "band"}, {"length": 1}, {"resolution": 0.0}],
)  # fmt: skip
def test_values_that_make_no_sense_are_named(options):
    with pytest.raises(UserError, match=next(iter(options))):
        theory.compute(GRAPHENE.ribbon((1, 0), 1), **options)
