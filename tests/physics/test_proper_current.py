"""Conventional and proper currents: brute force, Chern numbers, terminations."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.crystal import currents
from accumulation.crystal.bulk_properties import bulk
from accumulation.errors import UserError
from accumulation.responses.integrands import ExactElements
from accumulation.responses.matrix_elements import band_response
from accumulation.responses.static import accumulation, elements_on_mesh
from accumulation.states.eigenstates import Kernel
from accumulation.theory import proper_current

SMALL = {"widths": (3, 5), "k": 120, "bulk_k": 30, "temperature": 0.1}


def test_generalized_currents_of_the_crystal_by_loops_over_bands():
    """Eq. S23 with the sum over pairs of bands and centred differences of H(k) written out."""
    lattice = acc.kane_mele(spin_orbit=0.1, rashba=0.3, delta=0.4)
    states = currents.crystal_states(lattice, (1, 0), 3)
    operator = currents.crystal_operator(states, lattice, "spin")
    found = band_response(states.energy, states.connection[0], currents.current(states, operator))
    reciprocal = lattice.reciprocal
    k = np.array([(1 / 6, 1 / 2)]) @ reciprocal  # the second point of the mesh
    h = lattice.hamiltonian(k)[0]
    vx, vy = (
        (lattice.hamiltonian(k + step)[0] - lattice.hamiltonian(k - step)[0]) / 2e-5
        for step in 1e-5 * np.eye(2)
    )
    spin = np.diag(lattice.spins)
    energy, u = np.linalg.eigh(h)
    current = u.conj().T @ (0.5 * (spin @ vy + vy @ spin)) @ u
    slope = u.conj().T @ vx @ u
    for n in range(4):
        pairs = [
            -2 * np.imag(current[n, m] * slope[m, n]) / (energy[n] - energy[m]) ** 2
            for m in range(4)
            if m != n
        ]
        assert found[1, n] == pytest.approx(sum(pairs), rel=1e-6)


@pytest.mark.parametrize("direction", [(1, 0), (1, 1), (2, 1)])
def test_charge_current_of_the_crystal_is_its_chern_number(direction):
    lattice = acc.haldane(t2=0.2, phi=1.1, delta=0.3)
    states = currents.crystal_states(lattice, direction, 40)
    operator = currents.crystal_operator(states, lattice, "charge")
    current = currents.current(states, operator)
    total = band_response(states.energy, states.connection[0], current)[:, 0].sum() * states.weight
    assert abs(bulk(lattice).chern) == 1
    assert 2 * np.pi * total == pytest.approx(-bulk(lattice).chern, abs=1e-6)


def test_orbital_moment_of_the_crystal_at_the_valleys_of_gapped_graphene():
    """3 t0^2 a^2 / (8 delta) with opposite signs at K and K' (effective mass of a gapped cone)."""
    delta = 0.5
    lattice = acc.haldane(delta=delta)
    states = currents.crystal_states(lattice, (1, 0), 151)  # a mesh that comes close to K
    moment = currents.crystal_operator(states, lattice, "orbital_moment")
    diagonal = np.einsum("knn->kn", moment).real
    expected = 3 / (8 * delta)
    assert diagonal.max() == pytest.approx(expected, rel=1e-3)
    assert diagonal.min() == pytest.approx(-expected, rel=1e-3)
    assert np.abs(moment[:, 0, 1]).max() < 1e-12  # so that it commutes with H


@pytest.mark.parametrize("seed", range(3))
def test_moment_is_conventional_current_plus_dipoles_at_random_parameters(seed):
    """Eqs. 47-51 in ribbons, with and without time reversal, at any termination."""
    rng = np.random.default_rng(seed)
    direction = [(1, 0), (1, 1), (2, 1)][seed]
    spinful = acc.kane_mele(
        spin_orbit=rng.uniform(0.02, 0.1), rashba=rng.uniform(0.05, 0.3), delta=rng.uniform(0.1, 1)
    )
    spinless = acc.haldane(
        t2=rng.uniform(0.05, 0.2), phi=rng.uniform(0.2, 1.4), delta=rng.uniform(0.2, 1)
    )
    for lattice, *density in (
        (spinful, "spin", "site"),
        (spinless, "charge", "site"),
        (spinless, "orbital_moment", "circulation"),
    ):
        found = proper_current.compute(
            lattice, *density, direction, edge_potential=rng.normal(), fermi_energy=(0.7,), **SMALL
        )
        assert np.abs(found["moment"]).max() > 1e-4
        assert np.abs(found["sum_residual"]).max() < 1e-6
        assert np.abs(found["sum_residual_eta"]).max() < 1e-10


def test_a_conserved_density_accumulates_what_its_conventional_current_carries():
    """O = 1: no torque, whatever the edge; also spin without Rashba coupling."""
    for lattice, density in (
        (acc.haldane(t2=0.1, phi=0.9, delta=0.2), "charge"),
        (acc.kane_mele(spin_orbit=0.1, delta=0.2), "spin"),
    ):
        found = proper_current.compute(
            lattice, density, edge_potential=0.4, fermi_energy=(0.0, 0.7), **SMALL
        )
        np.testing.assert_allclose(found["dipole"], 0, atol=1e-12)
        np.testing.assert_allclose(found["moment_eta"], found["conventional_eta"], atol=1e-10)


def test_spin_hall_edges_accumulate_the_spin_chern_number():
    """Without Rashba coupling the spin current in the gap is 2 x 1 / 2 pi, up against down."""
    found = proper_current.compute(
        acc.kane_mele(spin_orbit=0.2, delta=0.1),
        widths=(12, 18), fermi_energy=(0.0,), temperature=0.06, bulk_k=40,
    )  # fmt: skip
    assert abs(2 * np.pi * found["moment_slope"][0]) == pytest.approx(2, abs=1e-4)
    np.testing.assert_allclose(found["bulk_conventional"], found["moment_slope"], atol=1e-4)


def test_torque_at_the_edges_undoes_the_current_in_a_gap():
    """Rashba insulator: the conventional current has a plateau, nothing accumulates."""
    found = proper_current.compute(
        acc.kane_mele(spin_orbit=0.06, rashba=0.15, delta=0.8), fermi_energy=(-0.1, 0.0, 0.1),
        widths=(4, 8), bulk_k=60,
    )  # fmt: skip
    assert np.all(found["conventional"] > 5e-3)
    assert np.ptp(found["bulk_conventional"]) < 0.02 * found["bulk_conventional"].mean()
    assert np.abs(found["moment"]).max() < 0.02 * found["conventional"].min()
    assert np.abs(found["gap_residual"]).max() < 1


def test_accumulation_feels_the_edge_where_the_conventional_current_does_not():
    options = {"widths": (8, 14), "fermi_energy": (0.0, 1.6), "temperature": 0.1, "eta": 0.5}
    lattice = acc.kane_mele(spin_orbit=0.06, rashba=0.15, delta=0.5)
    both = [
        proper_current.compute(lattice, edge_potential=v, k=100, bulk_k=30, **options)
        for v in (0.0, 1.0)
    ]
    change = {name: np.abs(both[1][name] - both[0][name]).max()
              for name in ("moment_slope_eta", "conventional_slope_eta")}  # fmt: skip
    assert change["moment_slope_eta"] > 10 * change["conventional_slope_eta"]
    axes = {"edge_potential": np.array([0.0, 1.0])}
    values = {name: np.array([one[name] for one in both]) for name in change}
    assert proper_current.conclude(axes, values)["edge_change"] > 10
    assert proper_current.conclude({}, both[0]) == {}


def test_net_accumulation_per_width_is_the_external_torque_of_the_crystal():
    """Where strain breaks the threefold axis, which forbids it; at any termination."""
    options = {"widths": (10, 14), "fermi_energy": (0.9,), "temperature": 0.1, "eta": 1.5}
    for strain, potential in ((0.3, 0.0), (0.3, 0.7), (0.0, 0.0)):
        lattice = acc.kane_mele(spin_orbit=0.06, rashba=0.3, delta=0.5, strain=strain)
        found = proper_current.compute(
            lattice, edge_potential=potential, k=120, bulk_k=40, **options
        )
        assert (abs(found["bulk_external"][0]) > 1e-3) == (strain > 0)
        assert found["net_slope_eta"] == pytest.approx(found["bulk_external_eta"], abs=1e-5)


@pytest.mark.parametrize(("definition", "share", "error"), [
    ("local", 0.5, 1e-12), ("circulation", 1.0, 0.02), ("band", 1.0, 0.25),
])  # fmt: skip
def test_odd_accumulation_of_fig_2d_is_the_moment_of_the_drude_current(definition, share, error):
    """-y j_x row by row (half of it for `local`, which holds to rounding), with j_x the current
    density from the velocity projected on rows: not a sign of the orbital Hall effect.
    """
    ribbon = acc.haldane(delta=0.5).ribbon((1, 0), 20)
    elements = acc.elements(ribbon, acc.bands(ribbon, k=201), definition=definition)
    found = acc.response(elements, fermi_energy=1.5).odd.sel(process="intraband").squeeze().values
    exact = ExactElements(
        ribbon.bloch, lambda states, _: Kernel(states.slope, "hops"), "", "atomic", False
    )
    levels = (np.array([1.5]), np.array([0.0]))
    drude = (
        -share
        * ribbon.bloch.y
        * accumulation(elements_on_mesh(exact, 201), exact, *levels).values[0, 0, 0]
    )
    drude = 0.5 * (drude - drude[::-1])
    assert found @ drude == pytest.approx(drude @ drude, rel=0.02)
    assert np.abs(found - drude).max() < error * np.abs(found).max()


def test_impossible_options_are_named():
    lattice = acc.haldane(delta=0.5)
    with pytest.raises(UserError, match="widths"):
        proper_current.compute(lattice, "charge", widths=(4,))
    with pytest.raises(UserError, match="widths"):
        proper_current.compute(lattice, "charge", widths=(8, 4))
    with pytest.raises(UserError, match="temperature"):
        proper_current.compute(lattice, "charge", widths=(2, 3), k=40)
    states = currents.crystal_states(lattice, (1, 0), 2)
    with pytest.raises(UserError, match="density"):
        currents.crystal_operator(states, lattice, "heat")


def test_the_moment_of_the_current_is_compared_with_the_drude_current_and_with_no_chern_number():
    values = proper_current.compute(
        acc.haldane(delta=0.5),
        density="orbital_moment",
        definition="circulation",
        widths=(4, 8),
        fermi_energy=(0.0, 1.0),
    )
    assert np.isnan(values["drift_residual"][:, 0]).all()  # in the gap nothing flows
    assert np.abs(values["drift_residual"][:, 1]).max() < 1
    assert "chern_residual" not in values
