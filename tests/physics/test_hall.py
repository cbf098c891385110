"""Generalized Hall response of the crystal: operators, curvatures, quadrature, other routes."""

from functools import partial

import numpy as np
import pytest
from pythtb import tb_model, wf_array

import accumulation as acc
from accumulation.crystal import zone_integrals
from accumulation.crystal.berry_curvature import (
    OPERATORS,
    as_hops,
    bulk_states,
    curvature,
    curvatures,
    operator,
    orbital_moment,
)
from accumulation.crystal.bulk_properties import bulk
from accumulation.errors import UserError
from accumulation.theory import curvature as curvature_theory
from accumulation.theory import hall, hall_convergence, hall_dirac

RNG = np.random.default_rng(7)
K = np.array([4 * np.pi / 3, 0.0])
MODELS = {
    "haldane": acc.haldane(t2=0.1, phi=0.7, delta=0.8, strain=0.2),
    "paper": acc.haldane(t2=0.06, phi=np.pi / 2, delta=0.5),
    "spinful": acc.kane_mele(spin_orbit=0.1, rashba=0.25, delta=0.6),
}


def bare(lattice, k):
    """Energy and states, H(k) summed hop by hop, and velocities from differences of H(k)."""
    h = 1e-5
    step = np.eye(2) * h
    v = [(lattice.hamiltonian(k + s) - lattice.hamiltonian(k - s)) / (2 * h) for s in step]
    e, u = np.linalg.eigh(lattice.hamiltonian(k))
    return e, u, [u.conj().T @ one @ u for one in v]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", OPERATORS)
def test_curvature_is_the_literal_sum_over_pairs(model, name):
    """S24 and S52 as they are written, with loops; V(k) as the sum over l1, l2, l3."""
    lattice = MODELS[model]
    for k in RNG.uniform(-4, 4, (3, 2)):
        e, u, (vx, vy) = bare(lattice, k)
        size = len(e)
        bands = range(size)
        if name == "charge":
            o = np.eye(size)
        elif name == "spin":
            o = u.conj().T @ np.diag(lattice.spins) @ u
        elif name == "valley":
            vectors = [(1, 0), (-0.5, 3**0.5 / 2), (-0.5, -(3**0.5) / 2)]
            o = -2 / (3 * 3**0.5) * sum(np.sin(k @ np.array(one)) for one in vectors) * np.eye(size)
        else:
            o = np.zeros((size, size), dtype=complex)
            ax, ay = (
                np.array(
                    [[1j * v[n, m] / (e[m] - e[n]) if n != m else 0 for m in bands] for n in bands]
                )
                for v in (vx, vy)
            )
            for n in bands:
                for m in bands:
                    for p in bands:
                        pair = ax[n, p] * ay[p, m] - ay[n, p] * ax[p, m]
                        o[n, m] += (e[n] + e[m] - 2 * e[p]) / 4j * pair
        states = bulk_states(lattice, k[None])
        found = curvature(states, operator(name, lattice, states))[0]
        current = 0.5 * (o @ vy + vy @ o)
        for n in bands:
            others = [m for m in bands if m != n]
            value = sum(-2 * (current[n, m] * vx[m, n]).imag / (e[n] - e[m]) ** 2 for m in others)
            assert found[n] == pytest.approx(value, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", ["charge", "valley", "orbital_moment", "spin"])
def test_curvature_is_the_current_of_a_state_driven_in_time(name):
    """Schroedinger's equation with the field switched on slowly: <O * v_y> = e E Omega_yx.

    H' = e E x drives k at the rate -e E, which fixes the sign.  What is left of the switching is
    about (gap x time)^-3.
    """
    lattice = acc.kane_mele(spin_orbit=0.1, delta=0.5) if name == "spin" else MODELS["haldane"]
    end, field, time, steps = np.array([3.1, 0.6]), 1e-4, 100.0, 2000
    x = (np.arange(steps) + 0.5) / steps
    ramp = x**3 * (10 - 15 * x + 6 * x * x)
    k_x = end[0] + field * time / steps * (np.cumsum(ramp[::-1])[::-1] - ramp / 2)
    k = np.column_stack((k_x, np.full(steps, end[1])))
    e, u = np.linalg.eigh(lattice.hamiltonian(k))
    moves = u * np.exp(-1j * e * time / steps)[:, None] @ np.swapaxes(u.conj(), -1, -2)
    begin = k[0] + [field * time / steps * ramp[0] / 2, 0]
    state = np.linalg.eigh(lattice.hamiltonian(begin))[1][:, 0]
    for move in moves:
        state = move @ state
    states = bulk_states(lattice, end[None])
    o = operator(name, lattice, states)
    current = 0.5 * (o @ states.velocity_y + states.velocity_y @ o)[0]
    c = states.eigenvector[0].conj().T @ state
    driven = (c.conj() @ current @ c).real - current[0, 0].real
    expected = curvature(states, o)[0, 0]
    assert abs(expected) > 0.01
    assert driven / field == pytest.approx(expected, rel=2e-3)


def in_pythtb(t2, phi, delta):
    """Haldane's model in another package's conventions, from the paper's S41."""
    model = tb_model(2, 2, [[1, 0], [0.5, 3**0.5 / 2]], [[0, 0], [1 / 3, 1 / 3]])
    model.set_onsite([delta, -delta])
    for cell in ([0, 0], [-1, 0], [0, -1]):
        model.set_hop(-1.0, 0, 1, cell)
    for cell in ([1, 0], [-1, 1], [0, -1]):
        model.set_hop(t2 * np.exp(1j * phi), 0, 0, cell)
        model.set_hop(t2 * np.exp(-1j * phi), 1, 1, cell)
    return model


@pytest.mark.parametrize("trial", range(3))
def test_curvature_and_chern_number_agree_with_pythtb(trial):
    t2, phi, delta = np.random.default_rng([3, trial]).uniform([0.1, 0.5, 0.0], [0.2, 1.5, 0.4])
    lattice, model = acc.haldane(t2=t2, phi=phi, delta=delta), in_pythtb(t2, phi, delta)
    mesh = wf_array(model, [31, 31])
    mesh.solve_on_grid([0, 0])
    number = np.rint(mesh.berry_flux([0]) / (2 * np.pi))
    rule = zone_integrals.sharp_rule(
        partial(curvatures, lattice), lattice, np.array([bulk(lattice).midgap])
    )
    found = zone_integrals.adaptive(rule, zone_integrals.squares(12), 1e-6)[0][0, 0]
    # their flux is that of i<u|grad u>, and sigma_yx = -C
    assert abs(number) == 1
    assert found == pytest.approx(-number, abs=1e-6)
    step = 1e-3
    reciprocal = lattice.reciprocal
    for fraction in RNG.uniform(0, 1, (3, 2)):
        patch = wf_array(model, [2, 2])
        for i in (0, 1):
            for j in (0, 1):
                at = fraction + step * (np.array([i, j]) - 0.5)
                patch[i, j] = model.solve_one(at, eig_vectors=True)[1]
        flux = patch.berry_flux([0]) / (step**2 * abs(np.linalg.det(reciprocal)))
        found = curvatures(lattice, (fraction @ reciprocal)[None], ("charge",))[1][0, 0, 0]
        assert -found == pytest.approx(flux, rel=1e-4, abs=1e-5)


def test_hall_conductivity_of_a_metal_is_the_berry_phase_of_its_fermi_line():
    """Haldane, Phys. Rev. Lett. 93, 206602 (2004): beyond the filled band, phase / 2 pi."""
    lattice, level = MODELS["paper"], 0.55
    theta = 2 * np.pi * np.arange(4001) / 4000
    ray = np.column_stack((np.cos(theta), np.sin(theta)))
    low, high = np.zeros(len(theta)), np.full(len(theta), 2.0)
    for _ in range(50):
        middle = 0.5 * (low + high)
        below = np.linalg.eigvalsh(lattice.hamiltonian(-K + middle[:, None] * ray))[:, 1] < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    u = np.linalg.eigh(lattice.hamiltonian(-K + low[:, None] * ray))[1][:, :, 1]
    u[-1] = u[0]
    phase = -np.angle(np.prod(np.sum(u[:-1].conj() * u[1:], axis=1)))
    rule = zone_integrals.sharp_rule(partial(curvatures, lattice), lattice, np.array([level]))
    found = zone_integrals.adaptive(rule, zone_integrals.squares(12), 1e-6)[0][0, 0]
    # The band at K starts above the level: one pocket.  sigma_yx = -sigma_xy.
    assert np.linalg.eigvalsh(lattice.hamiltonian(K))[1] > level
    assert found == pytest.approx(-phase / (2 * np.pi), abs=3e-5)


def test_two_bands_have_one_moment_each_the_same():
    states = bulk_states(MODELS["paper"], RNG.uniform(-4, 4, (5, 2)))
    moment = orbital_moment(states)
    curl = -curvature(states, operator("charge", MODELS["paper"], states))
    gap = np.diff(states.energy, axis=1)
    np.testing.assert_allclose(moment[:, 0, 1], 0, atol=1e-14)
    np.testing.assert_allclose(moment[:, 0, 0], moment[:, 1, 1], rtol=1e-12)
    np.testing.assert_allclose(moment[:, 1, 1].real, -0.5 * gap[:, 0] * curl[:, 1], rtol=1e-9)


@pytest.mark.parametrize("model", ["paper", "spinful"])
@pytest.mark.parametrize("name", OPERATORS)
def test_hops_of_an_operator_give_it_back(model, name):
    """Fourier to hops and back, at k off the mesh."""
    lattice = acc.haldane(delta=1.2) if model == "paper" else acc.kane_mele(delta=1.4)
    states = bulk_states(lattice, RNG.uniform(-4, 4, (4, 2)))
    u = states.eigenvector
    expected = u @ operator(name, lattice, states) @ np.swapaxes(u.conj(), -1, -2)
    found = as_hops(lattice, name, points=48).hamiltonian(states.k)
    np.testing.assert_allclose(found, expected, atol=1e-6)


# Quadrature


def test_linear_shares_are_the_area_below_a_level():
    """Against a fine subdivision of the triangle, for its area and first moments."""
    n = 400
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    a, b = (i[i + j < n] + 1 / 3) / n, (j[i + j < n] + 1 / 3) / n
    bary = np.stack((1 - a - b, a, b))
    for energy in RNG.uniform(-1, 1, (6, 3)):
        level = RNG.uniform(energy.min(), energy.max())
        below = energy @ bary < level
        expected = (bary * below).sum(axis=1) / len(a)
        found = zone_integrals.linear_shares(energy, np.array(level))
        np.testing.assert_allclose(found, expected, atol=6e-3)


@pytest.mark.parametrize("energy", [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 0, 2]])
def test_linear_shares_of_degenerate_corners(energy):
    energy = np.array(energy, dtype=float)
    for level, whole in ((-0.5, 0), (2.5, 1)):
        np.testing.assert_allclose(zone_integrals.linear_shares(energy, np.array(level)), whole / 3)
    half = zone_integrals.linear_shares(energy, np.array(0.5))
    mirrored = zone_integrals.linear_shares(-energy, np.array(-0.5))
    np.testing.assert_allclose(half + mirrored, 1 / 3, atol=1e-15)


def test_quarters_make_the_square():
    lattice = acc.haldane()

    def integrand(k):
        value = 1 + np.cos(k @ lattice.vectors[0]) / (1.01 - np.cos(k @ lattice.vectors[1]))
        return np.zeros((len(k), 1)), value[None, :, None]

    rule = zone_integrals.sharp_rule(integrand, lattice, np.array([1.0]))
    found, change, _ = zone_integrals.adaptive(rule, zone_integrals.squares(4), 1e-9)
    assert found[0, 0] == pytest.approx(zone_integrals.area(lattice), abs=1e-7)
    assert change.max() < 1e-6


# The identities that the theories promise, at random parameters


def holds(module, out):
    for name, identity in module.CHECKS.items():
        if name in out:
            residual = identity.residual(np.atleast_1d(out[name]))
            assert identity.holds(residual), (name, residual)
    return {name for name in module.CHECKS if name in out}


def test_hall_identities_hold_at_random_parameters():
    rng = np.random.default_rng(12)
    options = {"fermi_energy": (0.0, 0.9), "tolerance": 1e-4, "cells": 8}
    for sign in (1, -1):
        t2, phi = rng.uniform([0.1, 0.8], [0.15, 1.4])
        options["temperature"] = (0.0, 0.1) if sign == 1 else (0.0,)
        out = hall.compute(acc.haldane(t2=t2, phi=sign * phi, delta=0.2), **options)
        assert out["charge_in_gap"] == pytest.approx(sign, abs=1e-6)
        missing = {"thermal_residual"} if sign == -1 else set()
        assert holds(hall, out) == set(hall.CHECKS) - missing
    out = hall.compute(acc.kane_mele(spin_orbit=0.1, delta=0.2), **options)
    assert out["spin_in_gap"] == pytest.approx(2, abs=1e-6)
    assert np.abs(out["charge"]).max() < 1e-4
    holds(hall, out)


def test_without_spin_conservation_or_a_gap_there_is_nothing_to_promise():
    options = {"fermi_energy": (0.3,), "temperature": (0.2,), "cells": 6, "tolerance": 1e-2}
    out = hall.compute(acc.haldane(), **options)
    assert "chern_residual" not in out
    rashba = acc.kane_mele(spin_orbit=0.2, rashba=0.2, delta=0.1)
    values, out = hall._in_gap(rashba, ("spin",), zone_integrals.squares(8), bulk(rashba))
    assert "spin_residual" not in out
    assert abs(values[0] - 2) > 1e-2


def test_time_reversal_leaves_valley_and_orbital_currents_only():
    out = hall.compute(acc.haldane(delta=0.5), fermi_energy=(0.0, 0.8), temperature=(0.0,))
    assert np.abs(out["charge"]).max() < 1e-10
    assert out["valley"][0, 0] > 0.5
    assert out["orbital_moment"][0, 0] < -0.2


def test_the_dirac_limit_is_reached_at_the_orders_of_the_corrections():
    gaps = (0.08, 0.04)
    found = [hall_dirac.compute(acc.haldane(delta=gap), level=(0.0, 2.0)) for gap in gaps]
    values = {name: np.array([one[name] for one in found]) for name in found[0]}
    out = values | hall_dirac.conclude({}, values)
    assert holds(hall_dirac, out) == set(hall_dirac.CHECKS)


def test_quadratures_converge_as_they_promise():
    lattice = acc.haldane(t2=0.06, phi=np.pi / 2, delta=0.45)
    options = {"points": (24, 48, 96), "tolerance": (1e-8,)}
    out = hall_convergence.compute(lattice, **options)
    holds(hall_convergence, out)


def test_curvature_maps_hold_their_identities():
    for lattice in (MODELS["haldane"], acc.kane_mele(spin_orbit=0.1, rashba=0.3, delta=0.6)):
        out = curvature_theory.compute(lattice, points=15)
        assert holds(curvature_theory, out) == set(curvature_theory.CHECKS)
        assert np.hypot(*out["corner"].T) == pytest.approx(4 * np.pi / 3)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: hall.compute(acc.haldane(delta=1.0), cells=0), "cells"),
        (lambda: hall.compute(acc.haldane(delta=1.0), tolerance=0.0), "tolerance"),
        (lambda: hall.compute(acc.haldane(delta=1.0), temperature=(-0.1,)), "temperature"),
        (lambda: hall_dirac.compute(acc.haldane(delta=0.5), level=(0.0, 3.0)), "level"),
        (lambda: hall_dirac.compute(acc.haldane(delta=0.5), level=(1.5,)), "level"),
        (lambda: hall_convergence.compute(acc.haldane(delta=0.5), points=(10, 20, 40)), "points"),
        (lambda: hall_convergence.compute(acc.haldane()), "model"),
        (lambda: curvature_theory.compute(acc.haldane(delta=0.5), step=0.0), "step"),
    ],
)
def test_values_that_make_no_sense_are_named(call, key):
    with pytest.raises(UserError) as error:
        call()
    assert error.value.key == key
