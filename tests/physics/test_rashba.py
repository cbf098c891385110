"""The Rashba gas against closed forms, the paper's text and a two-dimensional mesh of k."""

import numpy as np
import pytest

from accumulation.errors import UserError
from accumulation.responses import rashba_gas
from accumulation.theory import rashba

RNG = np.random.default_rng(1518)
RANDOM = np.column_stack((RNG.uniform(0.3, 2, 4), RNG.uniform(-0.9, 4, 4))).tolist()


def level_of(alpha, energy):
    """Energies below the crossing in units of the depth of the band's bottom."""
    return 0.5 * alpha**2 * energy if energy < 0 else energy


def test_every_check_holds_and_every_variable_is_declared():
    found = rashba.compute(rashba=0.7, fermi_energy=(-0.15, 0.1, 2.0))
    assert set(found) == set(rashba.VARIABLES)
    for name, identity in rashba.CHECKS.items():
        assert identity.holds(identity.residual(np.asarray(found[name])))


@pytest.mark.parametrize(("alpha", "energy"), [*RANDOM, (1.0, -0.5), (0.5, -0.1)])
def test_spin_with_and_without_vertex_corrections(alpha, energy):
    """S18 and its half above the crossing; below it v_F takes the place of alpha (Boltzmann's
    equation of two contours of one branch, solved by hand).
    """
    level = level_of(alpha, energy)
    found = rashba_gas.kinetic(level, alpha)
    speed = np.sqrt(2 * level + alpha**2)
    s18 = (alpha if level > 0 else speed) / np.pi
    assert found["spin_with_vertex"] == pytest.approx(s18, rel=1e-10)
    assert found["spin"] == pytest.approx(s18 / 2, rel=1e-10)


@pytest.mark.parametrize(("alpha", "energy"), RANDOM)
def test_density_is_that_below_s15(alpha, energy):
    level = level_of(alpha, energy)
    speed = np.sqrt(2 * level + alpha**2)
    expected = (speed**2 + alpha**2) / (2 * np.pi) if level > 0 else alpha * speed / np.pi
    found = rashba_gas.kinetic(level, alpha)
    assert found["electron_density"] == pytest.approx(expected, rel=1e-10)


def test_spin_is_continuous_at_the_crossing_of_the_branches():
    below, above = (rashba_gas.kinetic(level, 1.0)["spin_with_vertex"] for level in (-1e-9, 1e-9))
    assert below == pytest.approx(above, rel=1e-7)


def test_relaxation_time_formula_is_a_sum_over_a_mesh_of_k():
    """S16 before its last step: -sum_k (-f') <sigma_y> <v_x> on a dense mesh at a temperature; the
    velocity is the difference quotient of the energies.  The printed sign of S16 gives -S18 / 2.
    """
    alpha, level, kt = 0.8, 1.5, 0.05
    k = np.linspace(-3.5, 3.5, 401)
    kx, ky = np.meshgrid(k, k, indexing="ij")
    energy, vectors = np.linalg.eigh(rashba_gas.hamiltonian(kx, ky, alpha))
    velocity = np.gradient(energy, k, axis=0)
    spin = np.einsum("xyin,ij,xyjn->xyn", vectors.conj(), rashba_gas.SIGMA_Y, vectors).real
    window = 0.25 / kt / np.cosh(np.clip((energy - level) / (2 * kt), -200, 200)) ** 2
    total = (window * spin * velocity).sum() * (k[1] - k[0]) ** 2 / (2 * np.pi) ** 2
    assert total == pytest.approx(-alpha / (2 * np.pi), rel=1e-3)


def test_velocity_is_the_derivative_of_s15_and_not_the_printed_one():
    """On the outer contour dE/dk = v_F; with the text's k_x - alpha sigma_y it would be
    v_F + 2 alpha.
    """
    alpha, level = 0.6, 1.1
    found = rashba_gas.contours(level, alpha)
    angle = 2 * np.pi * (np.arange(rashba_gas.ANGLES) + 0.5) / rashba_gas.ANGLES
    speed = np.sqrt(2 * level + alpha**2)
    np.testing.assert_allclose(found["velocity"][0], speed * np.cos(angle), atol=1e-12)
    printed = found["velocity"][0] - 2 * alpha * found["spin"][0]
    np.testing.assert_allclose(printed, (speed + 2 * alpha) * np.cos(angle), atol=1e-12)


@pytest.mark.parametrize(("alpha", "level"), [(1.0, -0.25), (0.8, 0.9)])
def test_ladder_by_a_plain_mesh_of_k(alpha, level):
    """The radial quadrature and the 4 x 4 solution against a sum over a square of k and Neumann's
    series of the ladder.
    """
    strength = 0.15
    rate = rashba_gas.kinetic(level, alpha)["rate"]
    k = np.linspace(-10, 10, 601)
    kx, ky = np.meshgrid(k, k, indexing="ij")
    kx, ky = kx.ravel(), ky.ravel()
    cell = (k[1] - k[0]) ** 2 / (2 * np.pi) ** 2
    resolvent = (level + 0.5j * strength * rate) * np.eye(2) - rashba_gas.hamiltonian(kx, ky, alpha)
    retarded = np.linalg.inv(resolvent)
    advanced = np.swapaxes(retarded.conj(), 1, 2)
    step = (retarded @ rashba_gas.velocity_x(kx, alpha) @ advanced).sum(axis=0) * cell
    chain = np.einsum("kij,kml->iljm", retarded, advanced, optimize=True) * cell
    total = np.zeros((2, 2), dtype=complex)
    for _ in range(200):
        total += step
        step = strength * np.einsum("iljm,jm->il", chain, step)
    spin = -np.trace(rashba_gas.SIGMA_Y @ total).real / (2 * np.pi) * strength * rate
    assert rashba_gas.ladder(level, alpha, strength, rate) == pytest.approx(spin, rel=5e-3)


@pytest.mark.parametrize(
    "options", [{"rashba": 0.0}, {"scattering": -1.0}, {"fermi_energy": (0.0,)},
                {"fermi_energy": (-0.6,)}]
)  # fmt: skip
def test_values_that_make_no_sense_are_named(options):
    with pytest.raises(UserError, match=next(iter(options))):
        rashba.compute(**options)
