"""Gaps, Chern numbers and edges against analytic results and the bulk-boundary correspondence."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.bulk import bulk
from accumulation.edges import edge_crossings, regions, ribbon_gap
from accumulation.fermi import fermi_points

POINTS = [(0.3, 0.1), (0.9, -0.2), (1.5, 0.35), (-1.2, 0.05), (2.9, 0.0), (-2.0, 0.4), (0.0, 0.1)]


@pytest.mark.parametrize(("phi", "delta"), POINTS)
def test_gap_at_the_dirac_points(phi, delta):
    """2 | |Delta| - 3 sqrt(3) t2 |sin phi| | as long as it is smaller than the gap elsewhere."""
    found = bulk(acc.haldane(t2=0.06, phi=phi, delta=delta))
    inverted = 3 * np.sqrt(3) * 0.06 * np.sin(phi)
    gap = 2 * min(abs(delta - inverted), abs(delta + inverted))
    assert found.direct_gap == pytest.approx(gap, abs=1e-12)
    assert found.indirect_gap <= found.direct_gap + 1e-12


@pytest.mark.parametrize(("phi", "delta"), POINTS)
def test_chern_number_from_the_masses(phi, delta):
    """C = (sign m - sign m') / 2 of the two Dirac masses, for the curl of i<u|grad u>."""
    inverted = 3 * np.sqrt(3) * 0.06 * np.sin(phi)
    expected = 0.5 * (np.sign(delta - inverted) - np.sign(delta + inverted))
    assert bulk(acc.haldane(t2=0.06, phi=phi, delta=delta)).chern == expected


def test_chern_number_integrates_the_berry_curvature():
    """Against Omega from the sum over states, by plain quadrature and another derivative."""
    lattice = acc.haldane(t2=0.1, phi=0.8, delta=0.1)
    reciprocal = lattice.reciprocal
    n, h = 120, 1e-4
    steps = np.arange(n) / n
    k = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2) @ reciprocal
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    slopes = [
        (lattice.hamiltonian(k + h * d) - lattice.hamiltonian(k - h * d)) / (2 * h)
        for d in np.eye(2)
    ]
    vx, vy = (np.einsum("ka,kab,kb->k", u[:, :, 0].conj(), s, u[:, :, 1]) for s in slopes)
    # Omega_n = i sum [<n|vx|m><m|vy|n> - c.c.] / (E_n - E_m)^2
    curvature = -2 * (vx * vy.conj()).imag / (energy[:, 0] - energy[:, 1]) ** 2
    area = abs(np.linalg.det(reciprocal)) / n**2
    assert curvature.sum() * area / (2 * np.pi) == pytest.approx(bulk(lattice).chern, abs=1e-6)


def test_closed_gap_and_metal_are_undefined():
    closed = bulk(acc.haldane(t2=0.06, phi=0.0, delta=0.0))
    assert np.isnan(closed.chern)
    metal = bulk(acc.haldane(t2=0.4, phi=0.2, delta=0.05))
    assert metal.indirect_gap < 0
    assert np.isnan(metal.midgap)
    assert metal.chern == -1  # the direct gap is open


@pytest.mark.parametrize("direction", [(1, 0), (2, 1)])
@pytest.mark.parametrize(("phi", "crossings"), [(1.0, 1), (-1.0, 1), (0.0, 0)])
def test_edge_crossings_are_the_chern_number(direction, phi, crossings):
    """|C| states a level at each edge of a wide ribbon, off the energy where the edges meet."""
    lattice = acc.haldane(t2=0.1, phi=phi, delta=0.1 if phi else 0.4)
    assert abs(bulk(lattice).chern) == crossings
    ribbon = lattice.ribbon(direction, 24 if direction == (1, 0) else 62)
    bands = acc.bands(ribbon, k=101)
    arrays = (bands.k.values, bands.energy.values, bands.velocity.values)
    level = np.array([bulk(lattice).midgap + 0.03])
    points = fermi_points(ribbon.bloch, *arrays, level)
    assert edge_crossings(ribbon.bloch, points, 1)[:, 0].tolist() == [crossings, crossings]
    gap = ribbon_gap(ribbon.bloch, *arrays, len(ribbon.positions) // 2)
    assert gap < 1e-3 if crossings else gap > 0.1


def test_ribbon_gap_does_not_depend_on_the_mesh():
    ribbon = acc.haldane(t2=0.06, phi=1.0, delta=0.3).ribbon((2, 1), 9)
    gaps = []
    for k in (31, 54, 400):
        bands = acc.bands(ribbon, k=k)
        arrays = (bands.k.values, bands.energy.values, bands.velocity.values)
        gaps.append(ribbon_gap(ribbon.bloch, *arrays, 9))
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-9)


def test_regions_add_up_and_reach_as_far_as_told():
    y = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    left, right, every = regions(y)
    np.testing.assert_allclose(left + right, every)
    assert left[2] == 0.5
    left, right, _ = regions(y, depth=1.0)
    assert left.tolist() == [1, 1, 0, 0, 0]
    assert right.tolist() == [0, 0, 0, 1, 1]
