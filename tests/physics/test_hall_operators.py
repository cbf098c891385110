"""Hall conductivities of operators on the orbitals of a site, against sums written out here."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.theory import hall

STEP = 1e-4


def double_sum(lattice, local, level, kt, points):
    """sigma_yx in e / h [O]: all pairs of bands on a mesh, velocities from differences of H(k).

    -2 sum f_n Im{<n|(O v_y + v_y O) / 2|m> <m|v_x|n>} / (e_n - e_m)^2 of S23 and S24, as
    differences of occupations over the gap.
    """
    # Off every line on which spins are degenerate: there the terms are rounding over rounding.
    corner = np.indices((points, points)).reshape(2, -1).T
    fraction = (corner + np.array([0.25, 0.4])) / points
    k = fraction @ np.linalg.inv(lattice.vectors).T * 2 * np.pi
    step = STEP * np.eye(2)
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    x, y = ((lattice.hamiltonian(k + s) - lattice.hamiltonian(k - s)) / (2 * STEP) for s in step)
    current = 0.5 * (local @ y + y @ local)
    current, x = (np.swapaxes(u.conj(), 1, 2) @ one @ u for one in (current, x))
    filled = 1 / (1 + np.exp((energy - level) / kt))
    total = 0.0
    bands = range(energy.shape[1])
    for n in bands:
        for m in bands:
            if n != m:
                pair = (current[:, n, m] * x[:, m, n]).imag
                weight = filled[:, n] - filled[:, m]
                gap = energy[:, n] - energy[:, m]
                total -= np.mean(weight * pair / gap**2)
    return 2 * np.pi * total / abs(np.linalg.det(lattice.vectors))


def oblique(seed=4):
    """Two orbitals on one site and one on another, complex hops, and an operator of its own."""
    rng = np.random.default_rng(seed)
    places = {"a": (0.0, 0.0), "b": (0.0, 0.0), "c": (0.4, 0.3)}
    q = np.array([[0.7, 0.2 - 0.5j], [0.2 + 0.5j, -0.4]])
    lattice = acc.Lattice(
        [(1.0, 0.0), (0.3, 0.9)],
        places,
        {"a": -2.0, "b": 0.4, "c": 2.3},
        filling=1,
        local_operators={"Q": {"a": 0.7, "b": -0.4, ("a", "b"): q[0, 1], "c": 0.9}},
    )
    for cell in ((0, 0), (1, 0), (0, 1)):
        for to in places:
            for origin in places:
                if cell != (0, 0) or to > origin:
                    lattice.hop(to, origin, cell, 0.2 * complex(*rng.normal(size=2)))
    local = np.zeros((3, 3), dtype=complex)
    local[:2, :2], local[2, 2] = q, 0.9
    return lattice, local


def test_a_metal_of_a_general_operator_is_the_double_sum():
    lattice, local = oblique()
    level, kt = -1.2, 0.2
    found = hall.compute(
        lattice, density=("Q", "charge"), fermi_energy=(level,), temperature=(kt,), tolerance=1e-6
    )
    expected = [double_sum(lattice, one, level, kt, 60) for one in (local, np.eye(3))]
    assert min(map(abs, expected)) > 1e-3
    assert found["conductivity"][0, 0, 0] == pytest.approx(expected[0], abs=2e-6)
    assert found["charge"][0, 0] == pytest.approx(expected[1], abs=2e-6)
    assert found["density"].tolist() == ["operator(operator=Q)"]
    assert found["density_units"].tolist() == ["1"]


def test_the_orbital_hall_plateau_of_mos2_is_the_double_sum():
    """3.28221 e / 2 pi with both spins, the value beside the literature's 2.6."""
    lattice = acc.tmd_three_band()
    options = {"fermi_energy": (0.77,), "temperature": (0.0,), "tolerance": 1e-3}
    found = hall.compute(lattice, density=("L_z", "orbital_angular_momentum"), **options)
    # L_z = +-2 i between dxy and dx2-y2; the sign is that of the package's shells.
    l_z = np.zeros((3, 3), dtype=complex)
    l_z[1, 2], l_z[2, 1] = 2j, -2j
    expected = double_sum(lattice, l_z, 0.77, 5e-3, 48)
    np.testing.assert_allclose(found["conductivity_in_gap"], expected, atol=1e-6)
    assert 2 * abs(expected) == pytest.approx(3.28221, abs=1e-5)
    for name in ("mesh_residual", "filled_residual"):
        assert hall.CHECKS[name].holds(found[name])
    assert "charge" not in found


def test_a_metal_with_spin_orbit_coupling_has_a_spin_hall_effect_along_z_only(monkeypatch):
    """In the gap it is C_down - C_up = 0; S_z is half of the density ``spin``."""
    # An identity of its own at 64 levels, which `test_hall` checks; most of the time here.
    monkeypatch.setattr(hall, "_smeared_apart", lambda *_: np.nan)
    lattice, level, kt = acc.tmd_three_band(spin_orbit=0.25), -0.2, 0.3
    options = {"fermi_energy": (level,), "temperature": (kt,), "tolerance": 1e-3}
    found = hall.compute(
        lattice, density=("spin", "spin(component=y)", "S_z", "L_dot_S"), **options
    )
    s_z = np.diag(lattice.spins.astype(float))
    expected = double_sum(lattice, s_z, level, kt, 72)
    assert abs(expected) > 1e-2
    assert found["spin"][0, 0] == pytest.approx(expected, abs=1e-4)
    in_plane, half, _ = found["conductivity"][:, 0, 0]
    assert in_plane == pytest.approx(0, abs=1e-12)
    assert half == pytest.approx(0.5 * expected, abs=1e-4)
    assert found["spin_in_gap"] == pytest.approx(0, abs=1e-9)
    assert found["density_units"].tolist() == ["hbar / 2", "hbar", "hbar^2"]


def test_the_default_densities_are_those_of_the_lattice():
    options = {"fermi_energy": (0.0,), "temperature": (0.0,), "tolerance": 1.0, "cells": 2}
    assert "valley" in hall.compute(acc.haldane(delta=1.0), **options)
    qwz = hall.compute(acc.qwz(mass=1.0), **options)
    assert "valley" not in qwz
    assert {"charge", "spin", "orbital_moment"} <= set(qwz)


@pytest.mark.parametrize(
    ("lattice", "density", "key"),
    [
        (acc.qwz(mass=1.0), ("valley",), "density"),
        (acc.qwz(mass=1.0), ("L_z",), "density"),
        (acc.haldane(delta=1.0), ("spin(component=y)",), "density"),
        (acc.tmd_three_band(), ("spin(component=w)",), "density spin.component"),
        (acc.stacked_haldane(delta=1.0), ("charge",), "model"),
    ],
)
def test_what_a_lattice_does_not_have_is_named(lattice, density, key):
    with pytest.raises(UserError) as error:
        hall.compute(lattice, density=density, fermi_energy=(0.0,), temperature=(0.0,))
    assert error.value.key == key
