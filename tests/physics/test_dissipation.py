"""The sweep of the Fermi energy, and the undergap current against the infinite crystal."""

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.crystal.bulk_properties import bulk
from accumulation.crystal.transverse_current import BulkCurrent, current_kernel
from accumulation.errors import UserError
from accumulation.lattice.bulk_bloch import BulkTable
from accumulation.responses.integrands import ExactElements
from accumulation.responses.static import accumulation, elements_on_mesh
from accumulation.theory import dissipation


def currents(lattice, direction, width, density, definition, level=0.0, k=80):
    """Undergap current by site of a ribbon at one level, and positions."""
    ribbon = lattice.ribbon(direction, width)
    kernel = current_kernel(plugins.load("densities", density).kernel)
    exact = ExactElements(ribbon.bloch, kernel, definition, "atomic", True, ribbon.sites)
    mesh = elements_on_mesh(exact, k)
    found = accumulation(mesh, exact, np.array([level]), np.array([0.05])).values[1, 0, 0]
    return ribbon, found


@pytest.mark.parametrize("model", [{"delta": 0.9}, {"t2": 0.1, "phi": 1.2, "delta": 1.1}])
def test_the_middle_of_a_wide_ribbon_carries_the_crystals_current(model):
    """Two-dimensional sum over filled states against rows of a ribbon: equal but for tails of the
    edges, which shrink at least tenfold when the ribbon becomes twice as wide.
    """
    lattice = acc.haldane(**model)
    crystal = BulkCurrent(lattice, (1, 0), None, 60).response(np.zeros(1), 0.0)[0]
    errors = []
    for width in (6, 12):
        ribbon, found = currents(lattice, (1, 0), width, "orbital_moment", "circulation")
        middle, _ = dissipation._window(ribbon.positions[:, 1], lattice, ribbon.period)
        errors.append(abs(found @ middle - crystal))
    assert abs(crystal) > 0.004
    assert errors[1] < 0.1 * errors[0]
    assert errors[1] < 1e-3 * abs(crystal)


def test_the_crystals_moment_current_is_the_same_along_every_direction():
    """A threefold axis makes the response isotropic."""
    lattice = acc.haldane(t2=0.1, phi=1.2, delta=0.2)
    values = [
        BulkCurrent(lattice, direction, None, 90).response(np.zeros(1), 0.0)[0]
        for direction in ((1, 0), (1, 1), (2, 1), (3, 1))
    ]
    np.testing.assert_allclose(values, values[0], atol=1e-9)


def test_the_crystals_kernel_against_sums_over_neighbours():
    """(i/4)(H_xy H_y + H_y H_xy + 2 H_yy H_x) against row 0 of ½{-½{v_x, y - y_0}, v_y} in a piece
    of the crystal.
    """
    lattice = acc.haldane(t2=0.1, phi=1.2, delta=0.2)
    k = np.array([0.3, -0.7])
    n = 9  # cells of a piece of the crystal around the home cell: the kernel reaches two hops
    row, column, cell, amplitude = lattice.hop_table()
    cells = [(i, j) for i in range(-n // 2, n // 2 + 1) for j in range(-n // 2, n // 2 + 1)]
    index = {c: 2 * m for m, c in enumerate(cells)}
    place = np.array([np.array(c) @ lattice.vectors for c in cells]).repeat(2, axis=0)
    place = place + np.tile(lattice.positions[:, :2], (len(cells), 1))
    h = np.zeros((len(place),) * 2, dtype=complex)
    for r, c, shift, t in zip(row, column, cell, amplitude, strict=True):
        for here in cells:
            there = (here[0] + shift[0], here[1] + shift[1])
            if there in index:
                h[index[here] + r, index[there] + c] += t
    vx, vy = (1j * (h * place[:, a] - place[:, a, None] * h) for a in (0, 1))
    wave = np.exp(1j * place @ k)
    home = index[0, 0]
    expected = np.zeros((2, 2), dtype=complex)
    for orbital in range(2):
        y = place[:, 1] - place[home + orbital, 1]
        moment = -0.5 * (vx * y + y[:, None] * vx)
        one = 0.5 * (moment @ vy + vy @ moment)[home + orbital] * wave / wave[home + orbital]
        expected[orbital] = [one[o::2].sum() for o in range(2)]
    crystal = BulkCurrent.__new__(BulkCurrent)
    step = cell @ lattice.vectors + lattice.positions[column, :2] - lattice.positions[row, :2]
    crystal._k, crystal._table = k[None], BulkTable.of(row, column, amplitude, step, 2)
    d = crystal._derivative
    found = 0.25j * (d(1, 1) @ d(0, 1) + d(0, 1) @ d(1, 1) + 2 * d(0, 2) @ d(1, 0))
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


def test_sweep_of_a_quantum_spin_hall_ribbon():
    """In the gap: no interband spin, a spin current of 2 (e E / h) (hbar / 2) in the crystal, and
    the two edges gain exactly the dipole that it carries.
    """
    lattice = acc.kane_mele(spin_orbit=0.1, delta=0.1)
    found = dissipation.compute(
        lattice, (2, 1), 6, "spin", fermi_energy=(0.0, 0.9), temperature=0.05, k=100, bulk_k=60
    )
    assert 2 * np.pi * found["bulk_current"][0] == pytest.approx(2, abs=0.01)
    assert found["theorem_residual"] < 1e-12
    assert found["moment_residual"] < 1e-10
    assert "charge_residual" not in found  # time reversal: no transverse current of charge
    assert np.abs(found["charge_current"]).max() < 1e-12
    assert np.abs(found["accumulation"][0]).max() > 1e-3


def test_sweep_of_a_chern_insulator():
    lattice = acc.haldane(t2=0.12, phi=1.2, delta=0.1)
    found = dissipation.compute(
        lattice, (1, 1), 8, fermi_energy=(-1.0, 0.0), temperature=0.05, k=150, bulk_k=60
    )
    assert abs(found["hall_residual"]) < 1e-6
    assert found["charge_residual"] < 1e-9
    assert "theorem_residual" not in found
    assert np.abs(found["accumulation"][1]).max() > 1e-4
    assert found["dissipation"].min() > 0.05


def test_intraband_and_density_of_states_against_sums_written_out():
    lattice = acc.haldane(delta=0.5)
    ribbon = lattice.ribbon((2, 1), 3)
    level, kt, points = 0.9, 0.08, 60
    found = dissipation.compute(
        lattice, (2, 1), 3, fermi_energy=(level,), temperature=kt, k=points, bulk_k=12
    )
    k = 2 * np.pi / ribbon.period * (np.arange(points) + 0.5) / points
    states, moment = 0.0, np.zeros(6)
    for one in k:
        h, v = ribbon.hamiltonian(one)
        y = ribbon.positions[:, 1]
        m = -0.5 * (v * y + y[:, None] * v)
        energy, u = np.linalg.eigh(h)
        for n in range(6):
            slope = -1 / (4 * kt * np.cosh((energy[n] - level) / (2 * kt)) ** 2)
            velocity = np.vdot(u[:, n], v @ u[:, n]).real
            states -= slope / (points * ribbon.period)
            local = (u[:, n].conj() * (m @ u[:, n])).real
            moment += slope * velocity * local / (points * ribbon.period)
    assert found["density_of_states"][0] == pytest.approx(states, rel=1e-10)
    np.testing.assert_allclose(found["accumulation"][0, 0], moment, atol=1e-12)


def test_degenerate_bands_at_a_fermi_point_enter_by_their_trace():
    """Spin-degenerate bands whose spins differ at a site: time reversal forbids a charge response.

    Each of the two equal bands has its own Fermi point, where any mixture of them may be picked.
    """
    ribbon = acc.kane_mele(spin_orbit=0.1, delta=0.3).ribbon((1, 1), 7)
    module = plugins.load("densities", "charge")
    exact = ExactElements(ribbon.bloch, module.kernel, "site", "atomic", False, ribbon.sites)
    mesh = elements_on_mesh(exact, 120)
    found = accumulation(mesh, exact, np.array([1.13]), np.zeros(1)).values[0, 0, 0]
    assert np.abs(found).max() < 1e-12


def test_sweep_faults_are_named():
    with pytest.raises(UserError, match="temperature"):
        dissipation.compute(acc.haldane(), temperature=0.0)
    with pytest.raises(UserError, match="k"):
        dissipation.compute(acc.haldane(delta=0.5), width=4, k=8, temperature=0.01)
    with pytest.raises(UserError, match="definition"):
        dissipation.compute(acc.haldane(), definition="exact")


def test_gap_of_the_sweep_is_the_crystals():
    found = dissipation.compute(acc.haldane(delta=0.5), width=2, fermi_energy=(0.0,), bulk_k=6)
    gaps = bulk(acc.haldane(delta=0.5))
    assert found["conduction_bottom"] == gaps.conduction_bottom == pytest.approx(0.5)
