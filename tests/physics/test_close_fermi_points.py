"""Bands that cross a level close to each other, next to a crossing: each has a root of its own."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.responses.zero_temperature import all_counted, limit
from accumulation.states.fermi_points import fermi_points


def roots(ribbon, level):
    """(band, k) of all roots, from sign changes on a dense mesh, then bisection."""
    k = np.linspace(-np.pi, np.pi, 20001) / ribbon.period
    below = np.linalg.eigvalsh(ribbon.bloch.hamiltonian(k)) < level
    found = []
    for i, band in zip(*np.nonzero(below[1:] != below[:-1]), strict=True):
        low, high = k[i], k[i + 1]
        for _ in range(40):
            middle = 0.5 * (low + high)
            energy = np.linalg.eigvalsh(ribbon.bloch.hamiltonian(np.array([middle])))[0]
            same = (energy[band] < level) == below[i, band]
            low, high = (middle, high) if same else (low, middle)
        found.append((band, low))
    return sorted(found)


# Edge bands that cross the level 0.0019 apart, their crossing between the same two mesh points.
@pytest.mark.parametrize("k", [60, 69, 84, 85, 100, 161])
def test_bands_that_cross_a_level_in_one_interval_are_told_apart(k):
    ribbon = acc.kane_mele(spin_orbit=0.06, rashba=0.15, delta=0).ribbon((1, 0), 5)
    bands = acc.bands(ribbon, k=k)
    mesh = (bands.k.values, bands.energy.values, bands.velocity.values)
    points = fermi_points(ribbon.bloch, *mesh, np.array([0.0]))
    zone = 2 * np.pi / ribbon.period
    folded = (points.k + zone / 2) % zone - zone / 2
    found = sorted(zip(points.band.tolist(), folded, strict=True))
    known = roots(ribbon, 0.0)
    assert [band for band, _ in found] == [band for band, _ in known]
    np.testing.assert_allclose([k for _, k in found], [k for _, k in known], atol=1e-9)


def test_a_fermi_point_that_is_missing_where_bands_meet_is_noticed():
    """The edge states of a quantum spin Hall ribbon cross at k = pi, two of each edge."""
    ribbon = acc.kane_mele(spin_orbit=0.1, delta=0.1).ribbon((1, 0), 6)
    bands = acc.bands(ribbon, k=101)
    k, energy, velocity = (bands[name].values for name in ("k", "energy", "velocity"))
    level = float(np.linalg.eigvalsh(ribbon.hamiltonian(np.array([np.pi]))[0])[0, 12])
    points = fermi_points(ribbon.bloch, k, energy, velocity, np.array([level]))
    touching = np.flatnonzero(points.step == 0)
    assert len(touching) > 1
    assert all_counted(ribbon.bloch, k, level, points)
    others = np.delete(np.arange(len(points.k)), touching[0])
    assert not all_counted(ribbon.bloch, k, level, points.part(others))


@pytest.mark.parametrize(("point", "band"), [(10, 3), (20, 8), (33, 9)])
def test_a_level_exactly_at_the_energy_of_a_mesh_point_is_no_doubt(point, band):
    """Its response is continuous there, and carries no flag."""
    ribbon = acc.haldane(t2=0.06, phi=np.pi / 2, delta=0.5).ribbon((1, 0), 6)
    bands = acc.bands(ribbon, k=101)
    level = float(bands.energy[point, band])
    response = acc.response(
        acc.elements(ribbon, bands, density="charge"), [level, level + 1e-7], 0.0
    )
    assert not response.status.values.any()
    assert np.isfinite(response.error.values).all()
    at_level, beside = response.accumulation.sel(process="intraband").values.reshape(2, -1)
    np.testing.assert_allclose(at_level, beside, atol=1e-5)


def test_values_that_differ_by_no_more_than_their_errors_have_a_limit():
    """Rows that symmetry makes vanish are rounding, which grows as the temperature falls."""
    noise = {1e-4: 1e-13, 1e-5: -2e-12, 1e-6: 3e-11}

    def response_at(kt):
        value = np.full((2, 1), noise[kt])
        return value, np.full(2, abs(noise[kt])), np.ones(2)

    value, error = limit(response_at, 1.0)
    np.testing.assert_allclose(value, 0, atol=1e-10)
    assert (error >= np.abs(value)).all()


def test_values_that_grow_as_a_logarithm_have_none():
    value, _ = limit(lambda kt: (np.full((2, 1), np.log(kt)), np.zeros(2), np.ones(2)), 1.0)
    assert np.isnan(value).all()


@pytest.mark.parametrize("k", [60, 400])
@pytest.mark.parametrize(("direction", "delta"), [((1, 0), 0.0), ((1, 1), 0.05)])
@pytest.mark.parametrize("flux", [0.0, 0.7, np.pi / 2])
def test_states_of_fermi_points_are_eigenstates_at_their_own_k(direction, delta, flux, k):
    """Also where they are taken from those at -k, and across the end of the zone, at k = pi."""
    ribbon = acc.haldane(t2=0.06, phi=flux, delta=delta).ribbon(direction, 9)
    bands = acc.bands(ribbon, k=k)
    mesh = (bands.k.values, bands.energy.values, bands.velocity.values)
    crossing = np.linalg.eigvalsh(ribbon.hamiltonian(np.pi / ribbon.period)[0])[9]
    levels = np.concatenate(([-1.5, 0.3, 1.5], crossing + np.array([-1e-3, -1e-5, 1e-5, 1e-3])))
    points = fermi_points(ribbon.bloch, *mesh, levels)
    known = ~np.isnan(points.state[:, 0])
    assert known.sum() > 10
    h = ribbon.hamiltonian(points.k[known])[0]
    state, level = points.state[known], levels[points.level[known]]
    residual = (h @ state[:, :, None])[:, :, 0] - level[:, None] * state
    np.testing.assert_allclose(residual, 0, atol=1e-9)
    for level in range(len(levels)):
        here = np.sort(points.k[points.level == level])
        turned = np.sort((-here + np.pi / ribbon.period) % (2 * np.pi / ribbon.period))
        folded = np.sort((here + np.pi / ribbon.period) % (2 * np.pi / ribbon.period))
        np.testing.assert_allclose(folded, turned, atol=1e-9)
