"""Large samples in real space: dense inverses, eigenstates, clean ribbons, symmetries, Born."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import accumulation as acc
from accumulation import plugins
from accumulation.errors import UserError
from accumulation.responses import (
    born_ribbon,
    disordered_rings,
    field_response,
    kinetic_equation,
    resolvents,
    samples_in_space,
)
from accumulation.states import block_chain
from accumulation.study import options
from accumulation.theory import born_profile, large_samples

GRAPHENE = acc.haldane(delta=0.5)
GENERIC = acc.haldane(t2=0.2, phi=0.7, delta=0.5)
REVERSED = acc.haldane(t2=0.2, phi=-0.7, delta=0.5)
SPINS = acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.1)
MOMENT = (plugins.load("densities", "orbital_moment").kernel, "circulation")
CHARGE = (plugins.load("densities", "charge").kernel, "site")
SPIN = (plugins.load("densities", "spin").kernel, "site")
SYSTEMS = [(GENERIC, (2, 1), MOMENT), (SPINS, (1, 0), SPIN), (GRAPHENE, (1, 1), MOMENT)]


def disordered(lattice, direction, length=7, shape="ring", twist=0.0, vacancies=0.0, width=3):
    """A sample, its ribbon and the energies of its disorder."""
    ribbon = lattice.ribbon(direction, width)
    onsite = 1.3 * disordered_rings.anderson(ribbon, length, 5)
    vacant = samples_in_space.vacancies(ribbon, length, vacancies, 5)
    return samples_in_space.sample(ribbon, length, shape, onsite, vacant, twist), ribbon, onsite


def kernel_of(sample, ribbon, how, twist=0.0):
    blocks = samples_in_space.kernel_blocks(ribbon, *how)
    return samples_in_space.kernel_on(sample, blocks, ribbon, twist)


def largest(matrix) -> float:
    return float(abs(matrix).max())


# Inverses on the band


@pytest.mark.parametrize("memory", [block_chain.MEMORY, 0])
@pytest.mark.parametrize(("length", "shape"), [(2, "ring"), (3, "ring"), (8, "ring"), (5, "flake")])
def test_recursion_is_the_dense_inverse(monkeypatch, memory, length, shape):
    monkeypatch.setattr(block_chain, "MEMORY", memory)
    sample, *_ = disordered(GENERIC, (2, 1), length, shape, 0.1 if shape == "ring" else 0.0)
    h, v, one = sample.hamiltonian.toarray(), sample.velocity.toarray(), np.eye(len(sample.cell))
    z, w = 0.3 + 0.05j, -0.2 - 0.1j
    left, right = np.linalg.inv(z * one - h), np.linalg.inv(w * one - h)
    there = sample.pattern.toarray()
    args = (sample.level, sample.pattern)
    pair = {"left": z * one - h, "right": w * one - h, "mixed": -v, "same": -v}
    pair = {name: csr_array(matrix) for name, matrix in pair.items()}
    found = block_chain.on_band(block_chain.PAIR, pair, *args, ("right", "mixed", "same"))
    for name, expected in (
        ("right", right),
        ("mixed", left @ v @ right),
        ("same", left @ v @ left),
    ):
        np.testing.assert_allclose(found[name].toarray(), expected * there, atol=1e-11)
    turned = {"green": z * one - h, "square": -one, "mixed": -v}
    turned = {name: csr_array(matrix) for name, matrix in turned.items()}
    found = block_chain.on_band(block_chain.TURNED, turned, *args, ("turned",))["turned"]
    expected = left @ left @ v @ left - left @ v @ left @ left
    np.testing.assert_allclose(found.toarray(), expected * there, atol=1e-10)


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("lattice", [GRAPHENE, GENERIC])
def test_resolvents_are_dense_inverses(lattice, squares):
    sample, *_ = disordered(lattice, (1, 0))
    h = sample.hamiltonian.toarray()
    b = np.random.default_rng(1).normal(size=(len(h), 3)).astype(complex)
    b += 0 if lattice is GRAPHENE else 1j * b[::-1]
    energies = np.array([0.4 + 0.05j, -1.0 + 0.7j])
    for solve in (resolvents.factorized, resolvents.expanded):
        for z, found in zip(energies, solve(sample.hamiltonian, energies, b, squares), strict=True):
            g = np.linalg.inv(z * np.eye(len(h)) - h)
            scale = np.abs(g @ g @ b).max()
            np.testing.assert_allclose(found.once, g @ b, atol=3e-6 * scale)
            np.testing.assert_allclose(found.once_conjugate, g.conj().T @ b, atol=3e-6 * scale)
            if squares:
                np.testing.assert_allclose(found.twice, g @ g @ b, atol=3e-6 * scale)
                back = g.conj().T @ g.conj().T @ b
                np.testing.assert_allclose(found.twice_conjugate, back, atol=3e-6 * scale)


# The same matrices and numbers as the theory of exact eigenstates


@pytest.mark.parametrize(("lattice", "direction", "how"), SYSTEMS)
def test_the_response_is_that_of_the_eigenstates_of_disordered_rings(lattice, direction, how):
    """Kubo's sum over the eigenstates that the theory ``disorder`` uses, pair by pair."""
    ribbon, length, level, eta = lattice.ribbon(direction, 3), 6, 0.6, 0.03
    ring = disordered_rings.ring(ribbon, length)
    twist = disordered_rings.random_twist(ring, 2)
    onsite = 0.8 * disordered_rings.anderson(ribbon, length, 2)
    states = disordered_rings.eigenstates(ring.bloch, onsite, twist)
    velocity = states.vectors.conj().T @ ring.bloch.velocity(np.array([twist]))[0] @ states.vectors
    delta = eta / np.pi / ((level - states.energy) ** 2 + eta**2)
    change = -np.pi * delta[:, None] * velocity * delta
    rho = states.vectors @ change @ states.vectors.conj().T
    sample = samples_in_space.sample(ribbon, length, "ring", onsite, None, twist)
    response = field_response.exact(sample, level, eta)
    scale = np.abs(rho).max()
    np.testing.assert_allclose(
        response.fermi.toarray(), rho * sample.pattern.toarray(), atol=1e-8 * scale
    )
    k = kernel_of(sample, ribbon, how, twist)
    density = samples_in_space.density_of(k, response.fermi)
    whole = k.toarray()
    expected = [
        np.trace((np.diag(p) @ whole + whole.conj().T @ np.diag(p)) @ rho).real / 2
        for p in np.eye(len(rho))
    ]
    np.testing.assert_allclose(density, expected, atol=1e-8 * scale)


def test_a_thermal_average_is_s11_at_twice_the_broadening():
    """Lorentzians of half-width eta in energy make one of 2 eta in the difference of levels."""
    ribbon, length, level, kt, eta = GENERIC.ribbon((1, 0), 2), 20, 0.4, 0.3, 0.01
    ring = disordered_rings.ring(ribbon, length)
    onsite = disordered_rings.anderson(ribbon, length, 1)
    states = disordered_rings.eigenstates(ring.bloch, onsite)
    expected, current = disordered_rings.dissipative_response(
        ring.bloch, *MOMENT, states, level, kt, np.array([2 * eta])
    )
    sample = samples_in_space.sample(ribbon, length, "ring", onsite)
    kernel = kernel_of(sample, ribbon, MOMENT)
    # At 3/4 of the broadening a step the sum is off by 2 exp(-2 pi / 0.75), or 5e-4; the weight of
    # what is further away is 2 exp(-10).
    energy, step = np.linspace(level - 3, level + 3, 801, retstep=True)
    weight = step / (4 * kt * np.cosh((energy - level) / (2 * kt)) ** 2)
    total, flow = 0.0, 0.0
    for e, w in zip(energy, weight, strict=True):
        change = field_response.from_eigenstates(sample, e, eta).fermi
        total = total + w * samples_in_space.density_of(kernel, change)
        flow -= w * samples_in_space.density_of(sample.velocity, change).sum()
    # -df/dE changes by (eta / T)^2 and rounding of the tails over the width of a level.
    assert flow == pytest.approx(current[0], rel=3e-3)
    np.testing.assert_allclose(total, expected[0], atol=5e-3 * np.abs(expected).max())


@pytest.mark.parametrize("shape", ["ring", "flake"])
@pytest.mark.parametrize(("lattice", "direction", "how"), SYSTEMS)
def test_the_vertical_path_is_the_closed_form_in_the_energies(lattice, direction, how, shape):
    sample, *_ = disordered(lattice, direction, shape=shape, vacancies=0.05)
    expected = field_response.from_eigenstates(sample, 0.5, 0.05)
    found = field_response.exact(sample, 0.5, 0.05, 40)
    scale = largest(expected.interband)
    assert largest(found.fermi - expected.fermi) < 1e-8 * largest(expected.fermi)
    assert largest(found.interband - expected.interband) < 1e-8 * scale
    # Half the points: the estimate is larger than the error
    error = largest(found.coarse - found.interband)
    assert largest(found.interband - expected.interband) < error < 1e-3 * scale


def test_the_closed_form_is_an_integral_over_filled_energies():
    """Bastin's formula i int f [G+^2 v A - A v G-^2] below E_F, by a sum over energies."""
    sample, *_ = disordered(GENERIC, (2, 1), length=3)
    eta, level = 0.4, 0.2
    h, v, one = sample.hamiltonian.toarray(), sample.velocity.toarray(), np.eye(len(sample.cell))
    x, weights = np.polynomial.legendre.leggauss(400)
    total = 0
    # E = E_F - s / (1 - s), so that the tail is included
    for s, w in zip(0.5 * (1 + x), 0.5 * weights, strict=True):
        plus = np.linalg.inv((level - s / (1 - s) + 1j * eta) * one - h)
        minus, spectral = plus.conj().T, 0.5j / np.pi * (plus - plus.conj().T)
        term = plus @ plus @ v @ spectral - spectral @ v @ minus @ minus
        total = total + 1j * term * w / (1 - s) ** 2
    found = field_response.from_eigenstates(sample, level, eta)
    both = (found.fermi + found.interband).toarray()
    there = sample.pattern.toarray()
    np.testing.assert_allclose(both, total * there, atol=1e-7 * np.abs(total).max())


# Clean samples are ribbons


def test_a_clean_ring_is_a_mesh_of_k_of_the_ribbon():
    ribbon, length, eta = GENERIC.ribbon((2, 1), 3), 9, 0.05
    twist = np.pi / (length * ribbon.period)
    sample = samples_in_space.sample(ribbon, length, twist=twist)
    fermi = field_response.exact(sample, 0.6, eta).fermi
    density = samples_in_space.density_of(kernel_of(sample, ribbon, MOMENT, twist), fermi)
    born = born_ribbon.solve(ribbon, 0.6 + 1j * eta, 0.0, length)
    expected, _ = born_ribbon.fermi_response(born, *MOMENT)
    found = density.reshape(length, -1).sum(axis=0) / sample.period
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())


def test_the_clean_fermi_surface_is_the_intraband_response_with_tau_1_over_2_eta():
    ribbon, eta = GENERIC.ribbon((1, 0), 3), 1e-3
    born = born_ribbon.solve(ribbon, 0.1 + 1j * eta, 0.0, 12000)
    found, _ = born_ribbon.fermi_response(born, *MOMENT)
    elements = acc.elements(ribbon, acc.bands(ribbon, k=801), definition="circulation")
    expected = acc.response(elements, 0.1, 0.0).accumulation.sel(process="intraband").squeeze()
    scale = float(np.abs(expected).max())
    # Terms of order eta are those of states half filled by the width of the level.
    np.testing.assert_allclose(2 * eta * found, expected, atol=5e-3 * scale)


def test_the_clean_interband_part_in_a_gap_is_that_of_the_ribbon():
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.9, strain=0.2)
    ribbon, length = lattice.ribbon((2, 1), 3), 15
    sample = samples_in_space.sample(ribbon, length)
    found = field_response.exact(sample, 0.0, 1e-3, 48)
    kernel = kernel_of(sample, ribbon, MOMENT)
    density = samples_in_space.density_of(kernel, found.interband)
    density = density.reshape(length, -1).sum(axis=0) / sample.period
    # A mesh of as many k; the response is analytic in k, so that both are converged.
    elements = acc.elements(ribbon, acc.bands(ribbon, k=201), definition="circulation")
    expected = acc.response(elements, 0.0, 0.0).accumulation.sel(process="interband").squeeze()
    scale = float(np.abs(expected).max())
    assert scale > 5e-5
    np.testing.assert_allclose(density, expected, atol=1e-6 * scale)


# Sum rules and symmetries


@pytest.mark.parametrize("lattice", [GENERIC, SPINS])
def test_the_interband_part_moves_no_net_charge_and_no_net_current(lattice):
    sample, *_ = disordered(lattice, (1, 0), vacancies=0.05)
    change = field_response.exact(sample, 0.5, 0.1, 40).interband
    assert abs(change.diagonal().sum()) < 1e-10 * np.abs(change.diagonal()).sum()
    current = samples_in_space.density_of(sample.velocity, change)
    assert abs(current.sum()) < 1e-8 * largest(change)


def test_the_conductivity_is_positive():
    sample, *_ = disordered(GENERIC, (2, 1), vacancies=0.1)
    for level in (-2.0, -0.3, 0.4, 1.5):
        fermi = field_response.exact(sample, level, 0.05).fermi
        assert -samples_in_space.density_of(sample.velocity, fermi).sum() > 0


def test_time_reversal_keeps_the_fermi_surface_and_turns_the_interband_part():
    """A moment and the velocity are both odd; the flux is reversed, the disorder is not."""
    answers = []
    for lattice in (GENERIC, REVERSED):
        sample, ribbon, _ = disordered(lattice, (2, 1), vacancies=0.03)
        found = field_response.exact(sample, 0.5, 0.1, 32)
        kernel = kernel_of(sample, ribbon, MOMENT)
        answers.append(
            [samples_in_space.density_of(kernel, r) for r in (found.fermi, found.interband)]
        )
    (fermi, interband), (same, turned) = answers
    np.testing.assert_allclose(fermi, same, atol=1e-12)
    np.testing.assert_allclose(interband, -turned, atol=1e-10)
    assert np.abs(interband).max() > 1e-3


def test_vacant_sites_are_as_if_they_were_not_there():
    ribbon, length = GENERIC.ribbon((1, 0), 4), 8
    vacant = samples_in_space.vacancies(ribbon, length, 0.1, 3)
    assert 0 < vacant.sum() < 20
    onsite = disordered_rings.anderson(ribbon, length, 3)
    sample = samples_in_space.sample(ribbon, length, "ring", onsite, vacant)
    found = field_response.exact(sample, 0.4, 0.05, 32)
    ring = disordered_rings.ring(ribbon, length)
    there = np.flatnonzero(~vacant)
    some = np.ix_(there, there)
    h = ring.bloch.hamiltonian(np.zeros(1))[0] + np.diag(onsite)
    v = ring.bloch.velocity(np.zeros(1))[0]
    energy, u = np.linalg.eigh(h[some])
    delta = 0.05 / np.pi / ((0.4 - energy) ** 2 + 0.05**2)
    change = u @ (-np.pi * delta[:, None] * (u.conj().T @ v[some] @ u) * delta) @ u.conj().T
    fermi = found.fermi.toarray()
    np.testing.assert_allclose(
        fermi[some], change * sample.pattern.toarray()[some], atol=1e-9 * np.abs(change).max()
    )
    for response in (found.fermi, found.interband):
        density = samples_in_space.density_of(kernel_of(sample, ribbon, CHARGE), response)
        assert np.abs(density[vacant]).max() < 1e-12
    more = samples_in_space.vacancies(ribbon, length, 0.3, 3)
    assert np.all(more[vacant])
    assert more.sum() > vacant.sum()


def test_both_spins_of_a_vacant_site_are_missing():
    ribbon = SPINS.ribbon((1, 0), 3)
    vacant = samples_in_space.vacancies(ribbon, 50, 0.2, 1).reshape(50, -1)
    np.testing.assert_array_equal(vacant[:, ribbon.spin == 1], vacant[:, ribbon.spin == -1])


# Random vectors


@pytest.mark.parametrize("lattice", [GRAPHENE, GENERIC])
def test_random_vectors_scatter_about_the_exact_response(lattice):
    sample, ribbon, _ = disordered(lattice, (2, 1), length=12)
    kernel = kernel_of(sample, ribbon, MOMENT if lattice is GENERIC else CHARGE)
    exact = field_response.exact(sample, 0.5, 0.1, 16)
    found = {}
    batch = field_response.BATCH
    for solver, vectors in (("lu", 150), ("chebyshev", batch)):
        responses = field_response.estimates(sample, 0.5, 0.1, solver, vectors, 1, 16)
        found[solver] = np.array(
            [
                [
                    samples_in_space.density_of(operator, change).reshape(12, -1).sum(axis=0)
                    for operator, change in ((sample.velocity, r.fermi), (kernel, r.interband))
                ]
                for r in responses
            ]
        )
    # The same vectors by both solvers, each vector for itself
    bar = 1e-4 * np.abs(found["lu"]).max()
    np.testing.assert_allclose(found["lu"][:batch], found["chebyshev"], atol=bar)
    mean, error = large_samples.mean(found["lu"])
    for i, (operator, change) in enumerate(
        ((sample.velocity, exact.fermi), (kernel, exact.interband))
    ):
        expected = samples_in_space.density_of(operator, change).reshape(12, -1).sum(axis=0)
        assert np.abs(mean[i] - expected).max() < 5 * error[i].max()


# The theory


@pytest.mark.parametrize(
    ("lattice", "given"),
    [
        (GRAPHENE, {"vacancies": 0.03}),
        (GENERIC, {"twist": True, "windows": 4, "length": 8}),
        (SPINS, {"density": "spin", "shape": "flake", "length": 8}),
        (GENERIC, {"solver": "lu", "length": 8, "points": 0, "vectors": 64}),
        (GRAPHENE, {"solver": "chebyshev", "density": "charge", "length": 8, "points": 8}),
    ],
)
def test_identities_of_large_samples(lattice, given):
    ribbon = lattice.ribbon((2, 1), 3)
    found = large_samples.compute(ribbon, **({"length": 20, "broadening": 0.1} | given))
    for name, identity in large_samples.CHECKS.items():
        assert identity.holds(found[name]), (name, found[name])
    assert set(found) == set(large_samples.VARIABLES)
    rows = len(ribbon.sites)
    assert found["accumulation"].shape == (given.get("windows", 1), rows)
    if given.get("points") == 0:
        assert np.all(np.isnan(found["interband"]))
    if lattice is GRAPHENE and "density" not in given:
        np.testing.assert_array_equal(found["interband"], 0)
    # Of a charge the Fermi surface has none where time reversal is a symmetry, without any error.
    scatters = "solver" in given and given.get("density") != "charge"
    assert np.any(found["accumulation_error"]) == scatters


def test_windows_average_to_the_whole_and_reach_every_site():
    ribbon = GENERIC.ribbon((1, 0), 3)
    given = {"length": 12, "broadening": 0.1, "points": 0}
    whole = large_samples.compute(ribbon, **given)
    sites = large_samples.compute(ribbon, windows=12, **given)
    np.testing.assert_allclose(
        sites["accumulation"].mean(axis=0), whole["accumulation"][0], atol=1e-12
    )
    assert sites["conductivity"] == pytest.approx(whole["conductivity"], rel=1e-12)
    assert sites["current"].mean(axis=0).sum() == pytest.approx(whole["conductivity"], rel=1e-12)
    assert np.ptp(sites["accumulation"][:, 0]) > 1e-3


def test_the_circulation_of_zigzag_rows_is_minus_y_times_the_current():
    """Only bonds within a pair of rows carry a current along x where t2 = 0."""
    found = large_samples.compute(GRAPHENE.ribbon((1, 0), 4), length=40, broadening=0.05)
    middle = found["y"].reshape(-1, 2).mean(axis=1).repeat(2)
    np.testing.assert_allclose(
        found["accumulation"][0], middle * found["current"][0] / (2 * np.pi), atol=1e-12
    )


def test_auto_takes_slices_for_narrow_samples_and_factors_for_wide_ones():
    narrow = samples_in_space.sample(GRAPHENE.ribbon((1, 0), 20), 2500)
    wide = samples_in_space.sample(GRAPHENE.ribbon((1, 0), 200), 250)
    assert (large_samples.solver_of(narrow), large_samples.solver_of(wide)) == ("slices", "lu")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("solver", "slice", "did you mean slices"),
        ("shape", "disk", "ring, flake"),
        ("broadening", 0, "a positive number"),
        ("vacancies", 1.0, "below 1"),
        ("vectors", 1, "at least 2"),
        ("points", 3, "at least 8"),
        ("windows", 7, "divides the length, 60 cells"),
        ("definition", "band", "circulation, local"),
        ("length", 1, "at least 2"),
        ("strength", -1, "at least 0"),
    ],
)
def test_options_are_checked_with_the_config(key, value, words):
    """The error names the option's place in the config and what is allowed; no job has started."""
    with pytest.raises(UserError) as error:
        options.checked({key: value}, "large_samples", "systems.ring.options")
    assert f"systems.ring.options.{key}" in str(error.value)
    assert words in str(error.value)


def test_what_a_sample_cannot_be():
    with pytest.raises(UserError, match=r"geometry\.kind"):
        large_samples.compute(GRAPHENE.flake((1, 0), 3, 4))
    with pytest.raises(UserError, match="false for a flake"):
        options.checked({"twist": True, "shape": "flake"}, "large_samples", "options")
    with pytest.raises(UserError, match="on hops only"):
        samples_in_space.kernel_blocks(GRAPHENE.ribbon((1, 0), 3), MOMENT[0], "band")


# The Born approximation


def test_weak_disorder_has_golden_rule_rates():
    ribbon = GRAPHENE.ribbon((1, 0), 2)
    found = born_profile.compute(ribbon, fermi_energy=1.2, broadening=1e-3, strength=0.1)
    points = kinetic_equation.contour(ribbon, *MOMENT, np.array([1.2]))
    states = 1 / np.abs(points.velocity)
    rate = kinetic_equation.rates(points, 0.01 / 12).sum(axis=1)
    assert found["golden_rule_rate"] == pytest.approx(states @ rate / states.sum())
    scale = np.abs(found["accumulation_modes"]).max()
    np.testing.assert_allclose(
        found["accumulation_born"], found["accumulation_modes"], atol=2e-3 * scale
    )
    assert found["conductivity_born"] == pytest.approx(found["conductivity_modes"], rel=1e-3)
    assert found["born_rate"] == pytest.approx(found["golden_rule_rate"], rel=1e-3)


def test_the_born_approximation_is_that_of_samples_as_wide_as_the_mean_free_path():
    ribbon = GRAPHENE.ribbon((1, 0), 8)
    given = {"fermi_energy": 1.0, "broadening": 0.03, "strength": 1.0}
    born = born_profile.compute(ribbon, **given)
    rings = [
        large_samples.compute(ribbon, length=400, seed=seed, points=0, **given) for seed in range(4)
    ]
    sampled = np.array([ring["conductivity"] for ring in rings])
    error = sampled.std(ddof=1) / 2
    # Localization beyond the Born approximation is below 5 % at this broadening.
    allowed = 5 * error + 0.05 * born["conductivity_born"]
    assert abs(sampled.mean() - born["conductivity_born"]) < allowed
    assert born["conductivity_clean"] > 1.5 * born["conductivity_born"]


@pytest.mark.parametrize("key", ["strength", "broadening"])
def test_born_options_are_checked(key):
    with pytest.raises(UserError, match=f"{key}.*a positive number"):
        options.checked({key: 0}, "born_profile", "options")


@pytest.mark.parametrize("lattice", [GENERIC, SPINS])
def test_a_narrowed_ribbon_has_the_matrix_of_its_first_rows(lattice):
    ribbon = lattice.ribbon((2, 1), 5)
    few = samples_in_space.narrowed(ribbon, 7)
    size = len(few.positions)
    assert size in (7, 8)  # whole sites
    k = np.array([0.3, -1.1])
    np.testing.assert_allclose(
        few.hamiltonian(k)[0], ribbon.hamiltonian(k)[0][:, :size, :size], atol=1e-14
    )
