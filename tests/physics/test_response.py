"""Accumulations: exact flakes, Fermi points, temperature, convergence and conservation."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError

GENERIC = {"t2": 0.1, "phi": 0.7, "delta": 0.8}


def calculate(lattice, direction, width, level, temperature=0.0, k=201, **options):
    ribbon = lattice.ribbon(direction, width)
    found = acc.elements(ribbon, acc.bands(ribbon, k=k), **options)
    return acc.response(found, fermi_energy=level, temperature=temperature)


def interband(response):
    return response.accumulation.sel(process="interband").values[..., 0, 0, :]


FLAKES = [((1, 1), 0.0, 6, -0.2), ((2, 1), 0.0, 4, -0.2), ((1, 0), 0.3, 6, -0.2)]


@pytest.mark.parametrize(("direction", "strain", "width", "level"), FLAKES)
def test_net_circulation_is_that_of_the_exact_flake(direction, strain, width, level):
    """Eq. 21 with exact eigenstates and m = (x * v_y - y * v_x) / 2 as it stands: one more cell of
    the flake adds the ribbon's net, to 1e-8.  The paper's Eq. 57 (`band`) does not.
    """
    lattice = acc.haldane(**GENERIC, strain=strain)
    response = calculate(
        lattice, direction, width, level, definition=["circulation", "band"]
    ).net.sel(process="interband")
    short, long = (
        lattice.flake(direction, width, length).response(definition="exact", fermi_energy=level)
        for length in (21, 22)
    )
    exact = float((long.net - short.net).sel(process="interband").squeeze()) / short.period
    assert abs(exact) > 1e-4
    assert float(response.sel(definition="circulation").squeeze()) == pytest.approx(exact, abs=1e-8)
    assert abs(float(response.sel(definition="band").squeeze()) - exact) > 1e-4


@pytest.mark.parametrize(("direction", "strain", "width", "level"), FLAKES)
def test_local_rows_are_those_of_the_flakes_middle_cell(direction, strain, width, level):
    """Row by row to 1e-5 at 21 cells, by brute force: exact eigenstates, x as a matrix, row mu of
    (x * v_y - y * v_x) / 2 less its origin term x_mu v_y / 2.
    """
    lattice = acc.haldane(**GENERIC, strain=strain)
    ribbon = interband(calculate(lattice, direction, width, level, definition="local"))
    flake = lattice.flake(direction, width, 21)
    h, (x, y, _) = flake.hamiltonian(), flake.positions.T
    vx, vy = (1j * h * (r - r[:, None]) for r in (x, y))
    e, c = np.linalg.eigh(h)
    f = (e < level).astype(float)
    gap = e[:, None] - e
    factor = np.where(f[:, None] == f, 0.0, (f[:, None] - f) / np.where(gap == 0, 1, gap))
    change = c @ (factor.T * (c.conj().T @ (x[:, None] * c))) @ c.conj().T
    moment = 0.25 * (vy * (x + x[:, None]) - vx * (y + y[:, None])) - 0.5 * x[:, None] * vy
    rows = np.einsum("ij,ji->i", moment, change).real[flake.cell == 10] / flake.period
    assert np.abs(rows).max() > 1e-4
    np.testing.assert_allclose(rows, ribbon, atol=1e-5)
    ours = flake.response(definition="local", fermi_energy=level)
    np.testing.assert_allclose(interband(ours)[flake.cell == 10] / flake.period, rows, atol=1e-11)


def test_origin_term_is_the_one_physics_names():
    """`exact` and `local` rows of a flake differ by x_mu times the current v_y at that row."""
    lattice = acc.haldane(**GENERIC)
    flake = lattice.flake((1, 1), 4, 9)
    exact, local = (
        interband(flake.response(definition=d, fermi_energy=-0.2)) for d in ("exact", "local")
    )
    h, (x, y, _) = flake.hamiltonian(), flake.positions.T
    e, c = np.linalg.eigh(h)
    f = (e < -0.2).astype(float)
    filled, empty = c[:, f == 1], c[:, f == 0]
    amplitude = (empty.conj().T @ (x[:, None] * filled)) / (e[f == 1] - e[f == 0][:, None])
    change = empty @ amplitude @ filled.conj().T
    change = change + change.conj().T
    current = np.einsum("ij,ji->i", 1j * h * (y - y[:, None]), change).real
    np.testing.assert_allclose(exact - local, 0.5 * x * current, atol=1e-11)


@pytest.mark.parametrize("direction", [(1, 0), (1, 1)])
def test_zero_temperature_needs_no_mesh(direction):
    """Intraband at T = 0 is a sum over Fermi points: 61 and 2001 k agree to rounding."""
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
    levels = [-1.3, 0.6, 1.1, 2.2]
    coarse, fine = (
        calculate(lattice, direction, 6, levels, k=k).accumulation.sel(process="intraband")
        for k in (121, 2001)
    )
    assert np.abs(fine).max() > 0.01
    np.testing.assert_allclose(coarse, fine, atol=1e-11)


def test_zero_temperature_intraband_by_brute_force():
    """tau-part of Eq. 55 with an explicit step on a very dense mesh, first-order accurate."""
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.3).ribbon((1, 1), 4)
    found = acc.elements(ribbon, acc.bands(ribbon, k=4001))
    f = (found.energy.values < 0.9).astype(float)
    step = np.roll(f, -1, axis=0) - f
    middle = 0.5 * (found.density.values + np.roll(found.density.values, -1, axis=0))
    brute = np.einsum("kn,knr->r", step, middle) / (2 * np.pi)
    exact = acc.response(found, 0.9).accumulation.sel(process="intraband").squeeze()
    assert np.abs(exact).max() > 0.01
    np.testing.assert_allclose(exact, brute, atol=2e-3 * np.abs(brute).max())


@pytest.mark.parametrize("level", [0.6, 1.1])
def test_smeared_result_tends_to_the_fermi_point_result(level):
    """Sommerfeld: the difference falls as T^2, for both processes."""
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
    temperatures = [0.0, 4e-4, 2e-4, 1e-4]
    found = calculate(lattice, (1, 1), 6, level, temperatures, k=801).accumulation.squeeze()
    for process in ("intraband", "interband"):
        values = found.sel(process=process)
        errors = [float(np.abs(values[i] - values[0]).max()) for i in (1, 2, 3)]
        orders = np.log2(np.array(errors[:-1]) / errors[1:])
        np.testing.assert_allclose(orders, 2, atol=0.1)


def test_low_temperature_agrees_with_a_dense_mesh():
    """T = 0.002 is far below what 201 k resolve; 6001 k resolve it with a plain sum."""
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
    nodes, dense = (
        calculate(lattice, (1, 1), 6, [0.6, 1.1], 0.002, k=k).accumulation for k in (401, 6001)
    )
    np.testing.assert_allclose(nodes, dense, atol=1e-7)


@pytest.mark.parametrize("level", [0.6, 1.1])
def test_error_of_a_metal_is_bounded_on_any_mesh(level):
    """Against 3201 k: what the dataset says of its own error holds from 31 k on, and is 1e-4."""
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
    truth = interband(calculate(lattice, (1, 1), 6, level, k=3201))
    for k in (31, 60, 101, 201, 400):
        at = calculate(lattice, (1, 1), 6, level, k=k)
        error = float(at.error.sel(process="interband").squeeze())
        assert int(at.status.sum()) == 0
        assert np.abs(interband(at) - truth).max() < max(error, 1e-9)
        assert error < 1e-4 * np.abs(truth).max()


def test_error_of_an_insulator_is_bounded_on_any_mesh():
    """From 8 k on, where the mesh's own sum is off by 30 %."""
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.8)
    truth = interband(calculate(lattice, (1, 1), 6, -0.2, k=801))
    for k in (8, 12, 16, 25, 50, 101):
        at = calculate(lattice, (1, 1), 6, -0.2, k=k)
        error = float(at.error.sel(process="interband").squeeze())
        assert np.abs(interband(at) - truth).max() < max(error, 1e-12)
        assert error < 1e-4 * np.abs(truth).max()


@pytest.mark.parametrize("k", [400, 401])
def test_edge_states_that_cross_on_the_level_carry_a_current(k):
    """Topological ribbon at delta = 0: the edge states cross at k = pi exactly on E_F = 0, where
    each band of sorted energies only touches the level.  The limits E_F -> 0 from either side and
    T -> 0 are the truth; sites at y and -y are opposite by inversion.
    """
    lattice = acc.haldane(t2=0.06, phi=np.pi / 2)
    at = calculate(lattice, (1, 0), 20, [0.0, 1e-5, -1e-5], [0.0, 1e-6], k=k).accumulation
    at = at.sel(process="intraband")
    truth = at.sel(temperature=0.0)
    assert np.abs(truth.sel(fermi_energy=0)).max() > 0.3
    np.testing.assert_allclose(truth.sel(fermi_energy=0), 0.5 * (truth[1] + truth[2]), atol=1e-8)
    np.testing.assert_allclose(at.sel(temperature=1e-6), truth, atol=1e-8)
    np.testing.assert_allclose(truth[0], -truth[0][::-1], atol=1e-10)


def test_levels_on_band_edges_and_flat_bands_are_finite_and_continuous():
    """E_F exactly on an edge gives the limit from outside the band; nothing is NaN (warnings are
    errors): flat edge bands at E_F = delta, graphene at E_F = 0, crossings at k = pi.
    """
    lattice = acc.haldane(delta=0.5)
    ribbon = lattice.ribbon((1, 0), 12)
    energy = np.linalg.eigvalsh(ribbon.hamiltonian(0.0)[0])
    edge = energy[-1]
    at = calculate(lattice, (1, 0), 12, [edge, edge + 1e-12, edge + 1e-3], k=101)
    assert np.abs(at.accumulation).max() < 1e-12
    for delta in (0.0, 0.5):
        at = calculate(acc.haldane(delta=delta), (1, 0), 12, [0, 0.5, -0.5, 1], [0, 1e-3, 0.1])
        assert np.isfinite(at.accumulation).all()
    single = calculate(acc.haldane(), (1, 0), 1, [0.0, 1.0, 2.0, 0.5], [0, 0.01])
    assert np.isfinite(single.accumulation).all()


def test_two_decoupled_copies_accumulate_twice():
    """Every band doubly degenerate (spin without coupling): twice the response of one copy."""
    one = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
    two = acc.Lattice(
        one.vectors,
        {f"{name}{s}": xy for s in "ud" for name, xy in one.orbitals.items()},
        {f"{name}{s}": e for s in "ud" for name, e in one.onsite.items()},
    )
    for spin in "ud":
        for to, origin, cell, t in one.hoppings:
            two.hop(to + spin, origin + spin, cell, t)
    for level, temperature in ((0.0, 0.0), (1.1, 0.0), (1.1, 1e-3), (1.1, 0.05)):
        single, double = (
            calculate(lattice, (1, 1), 5, level, temperature, k=401).accumulation.squeeze()
            for lattice in (one, two)
        )
        pairs = double.values.reshape(2, -1, 4).sum(-1)
        expected = 2 * single.values.reshape(2, -1, 2).sum(-1)
        np.testing.assert_allclose(pairs, expected, atol=1e-8)


@pytest.mark.parametrize("temperature", [0.0, 1e-3, 0.1])
def test_no_charge_is_created(temperature):
    """sum_mu P_mu = 1: the field moves electrons across the ribbon, the total stays."""
    lattice = acc.haldane(**GENERIC, strain=0.3)
    found = calculate(lattice, (2, 1), 4, [-0.2, 1.1], temperature, density="charge")
    assert np.abs(found.accumulation).max() > 1e-3
    assert np.abs(found.net).max() < 1e-10
    flake = lattice.flake((1, 1), 4, 6).response(density="charge", definition="site")
    assert np.abs(flake.accumulation).max() > 1e-3
    assert np.abs(flake.net).max() < 1e-10


def test_charge_of_a_flake_is_its_static_polarization():
    """Finite difference: occupations of H + F x against the linear response to x."""
    flake = acc.haldane(**GENERIC).flake((1, 1), 4, 5)
    h, x = flake.hamiltonian(), flake.positions[:, 0]
    filled = np.count_nonzero(np.linalg.eigvalsh(h) < -0.2)

    def charge(field):
        c = np.linalg.eigh(h + field * np.diag(x))[1][:, :filled]
        return (np.abs(c) ** 2).sum(1)

    step = 1e-4
    found = flake.response(density="charge", definition="site", fermi_energy=-0.2)
    np.testing.assert_allclose(
        interband(found), (charge(step) - charge(-step)) / (2 * step), atol=1e-6
    )


def test_moment_of_a_flake_in_a_field():
    """Finite difference of the exact moment operator in the ground state of H + F x."""
    flake = acc.haldane(**GENERIC).flake((2, 1), 3, 5)
    h, (x, y, _) = flake.hamiltonian(), flake.positions.T
    filled = np.count_nonzero(np.linalg.eigvalsh(h) < -0.2)
    moment = 0.25j * h * ((y - y[:, None]) * (x + x[:, None]) - (x - x[:, None]) * (y + y[:, None]))

    def expectation(field):
        c = np.linalg.eigh(h + field * np.diag(x))[1][:, :filled]
        return np.einsum("in,ij,jn->", c.conj(), moment, c).real

    step = 1e-4
    found = float(flake.response(fermi_energy=-0.2).net.sel(process="interband").squeeze())
    slope = (expectation(step) - expectation(-step)) / (2 * step)
    assert abs(slope) > 1e-4
    assert found == pytest.approx(slope, abs=1e-6)


def test_even_and_odd_parts():
    lattice = acc.haldane(**GENERIC, strain=0.2)
    found = calculate(lattice, (2, 1), 5, [0.0, 1.1], 0.02)
    np.testing.assert_allclose(found.even + found.odd, found.accumulation, atol=1e-14)
    np.testing.assert_allclose(found.even, found.even[..., ::-1], atol=1e-14)
    np.testing.assert_allclose(found.odd, -found.odd[..., ::-1], atol=1e-14)
    np.testing.assert_allclose(found.even.sum("row"), found.net, atol=1e-13)


def test_threads_and_elements_kept_or_not_change_nothing():
    ribbon = acc.haldane(**GENERIC).ribbon((1, 1), 10)
    one, two = (
        acc.response(
            acc.elements(ribbon, acc.bands(ribbon, k=101, threads=n), threads=n),
            [0.0, 1.1], [0.0, 1e-3], threads=n,
        )
        for n in (1, 2)
    )  # fmt: skip
    assert one.identical(two)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"level": np.nan}, "fermi_energy"),
        ({"level": []}, "fermi_energy"),
        ({"level": "midgab"}, "fermi_energy"),
        ({"density": "orbital_momentum"}, "orbital_momentum"),
        ({"definition": "circular"}, "definition"),
        ({"gauge": "length"}, "gauge"),
    ],
)
def test_impossible_requests_are_named(options, key):
    with pytest.raises(UserError, match=key):
        calculate(acc.haldane(), (1, 0), 3, options.pop("level", 0.0), **options)


@pytest.mark.parametrize(
    ("width", "delta", "flux", "temperature", "level", "k"),
    [(36, 0.375, 1.15, 0.0585, -0.11, 29), (49, 0.487, 1.48, 0.0345, -0.151, 40)],
)
def test_a_wide_ribbon_on_a_coarse_mesh_knows_that_its_intraband_part_is_wrong(
    width, delta, flux, temperature, level, k
):
    """Bands cross in more intervals than are refined; the truth is the plain sum over 501 k."""
    ribbon = acc.haldane(t2=0.1, phi=flux, delta=delta).ribbon((1, 1), width)
    fine = acc.elements(ribbon, acc.bands(ribbon, k=501))
    filled = 1 / (np.exp((fine.energy.values - level) / temperature) + 1)
    slope = -filled * (1 - filled) / temperature * fine.velocity.values
    truth = np.einsum("kn,knr->r", slope, fine.density.values) * float(fine.weight[0])
    coarse = acc.accumulate(
        ribbon, fermi_energy=level, temperature=temperature, k=k, solver="dense"
    ).squeeze()
    coarse = coarse.sel(process="intraband")
    wrong = np.abs(coarse.accumulation.values - truth).max()
    assert wrong > 1e-4 * np.abs(truth).max()
    assert float(coarse.error) > wrong
    assert int(coarse.status) == 2
