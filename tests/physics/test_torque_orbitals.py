"""Torque on orbital and spin operators of lattices with several orbitals at a site."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.lattice.hop_table import DipoleTable
from accumulation.states.occupations import fermi_dirac
from accumulation.theory import external_torque, torque

DENSITIES = (
    "orbital_angular_momentum",
    "orbital_angular_momentum(component=x)",
    "spin(component=y)",
    "operator(operator=L_dot_S)",
)
OPTIONS = {"fermi_energy": 0.2, "temperature": 0.15, "eta": 0.2, "omega": 0.4}
# Cubic harmonics (px, py, pz): (L_a)_bc = -i epsilon_abc.
EPSILON = np.zeros((3, 3, 3))
for _a, _b, _c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    EPSILON[_a, _b, _c], EPSILON[_a, _c, _b] = 1, -1
L = -1j * EPSILON
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def p_lattice(seed=3):
    """A p shell with both spins, random hops that keep the spin, and L.S: no symmetry but T."""
    rng = np.random.default_rng(seed)
    ends = {"u": 1, "d": -1}
    names = {f"p{axis}{end}": (f"p{axis}", ends[end]) for axis in "xyz" for end in ends}
    lattice = acc.Lattice(
        [(1.0, 0.0), (0.3, 0.9)],
        dict.fromkeys(names, (0.0, 0.0)),
        {name: 0.3 * "xyz".index(name[1]) for name in names},
        spin={name: sign for name, (_, sign) in names.items()},
        shells={name: shell for name, (shell, _) in names.items()},
    )
    for cell in ((1, 0), (0, 1), (1, -1)):
        block = rng.normal(size=(3, 3))
        for end in "ud":
            for i, to in enumerate("xyz"):
                for j, origin in enumerate("xyz"):
                    lattice.hop(f"p{to}{end}", f"p{origin}{end}", cell, 0.5 * block[i, j])
    lattice.add_operator("L_dot_S", 0.4)
    return lattice


def by_hand(flake, density):
    """The operator (orbital, orbital) from the names and places of the orbitals."""
    if density == "operator(operator=L_dot_S)":
        local = sum(np.kron(L[a], 0.5 * PAULI[a]) for a in range(3))
    elif density == "spin(component=y)":
        local = np.kron(np.eye(3), PAULI[1])
    else:
        local = np.kron(L[0 if "x" in density else 2], np.eye(2))
    index = np.array([2 * "xyz".index(str(n)[1]) + (str(n)[2] == "d") for n in flake.sublattice])
    place = flake.positions
    same = np.linalg.norm(place[:, None] - place, axis=-1) < 1e-9
    return np.where(same, local[np.ix_(index, index)], 0)


@pytest.mark.parametrize("density", DENSITIES)
def test_torque_of_an_operator_is_that_of_the_density_matrix(density):
    """Eqs. 9-11 from scratch: drho from all pairs of eigenstates of H, O and i[H, O] by hand."""
    flake = p_lattice().flake((1, 0), 2, 3)
    found = torque.compute(flake, density, "site", **OPTIONS)
    h = flake.bloch.hamiltonian(np.zeros(1))[0]
    o, x = by_hand(flake, density), flake.positions[:, 0]
    energy, u = np.linalg.eigh(h)
    filled = fermi_dirac(energy, OPTIONS["fermi_energy"], OPTIONS["temperature"])
    z = OPTIONS["omega"] + 1j * OPTIONS["eta"]
    field = u.conj().T @ np.diag(x) @ u
    change = (filled[None, :] - filled[:, None]) / (energy[None, :] - energy[:, None] + z) * field
    drho, rho = u @ change @ u.conj().T, (u * filled) @ u.conj().T
    # With the field on, dO/dt = i[H + x, O]: at first order i[H, O] in drho and i[x, O] in rho.
    turning = np.trace(drho @ (1j * (h @ o - o @ h)))
    driven = np.trace(rho @ (1j * (x[:, None] * o - o * x)))
    expected = (turning + driven).real
    assert abs(expected) > 1e-4
    assert found["net_torque"] == pytest.approx(expected, rel=1e-9)
    assert found["net_accumulation"] == pytest.approx(np.trace(drho @ o).real, rel=1e-9)
    for mu in range(0, len(x), 5):
        row = np.zeros((len(x), len(x)))
        row[mu, mu] = 1
        density_of_row = 0.5 * (o @ row + row @ o)
        stored = (-1j * z * np.trace(drho @ density_of_row)).real
        assert found["storage"][mu] == pytest.approx(stored, abs=1e-11)


@pytest.mark.parametrize("density", DENSITIES)
def test_every_identity_holds_for_operators(density):
    for lattice in (p_lattice(), p_lattice(8)):
        found = torque.compute(lattice.flake((1, 1), 2, 3), density, "site", **OPTIONS)
        for name, identity in torque.CHECKS.items():
            assert identity.holds(identity.residual(np.atleast_1d(found[name]))), name
    ribbon = p_lattice().ribbon((1, 1), 2)
    found = external_torque.compute(ribbon, density, "site", fermi_energy=(0.2,), temperature=0.15)
    for name, identity in external_torque.CHECKS.items():
        assert identity.holds(identity.residual(found[name])), name


@pytest.mark.parametrize(
    "lattice",
    [
        acc.tmd_three_band(spin_orbit=0.3),
        # Without t_pi it has flat bands, within which static and slow responses differ.
        acc.px_py_honeycomb(t_pi=0.1, delta=0.3, spin_orbit=0.4),
    ],
)
@pytest.mark.parametrize("density", ["orbital_angular_momentum", "spin(component=y)"])
def test_models_of_materials_hold_the_identities(lattice, density):
    """Their s_z is conserved, so the field turns no s_y, and rounding is no residual."""
    options = OPTIONS | {"fermi_energy": -0.3}
    found = torque.compute(lattice.flake((2, 1), 3, 3), density, "site", **options)
    for name, identity in torque.CHECKS.items():
        assert identity.holds(identity.residual(np.atleast_1d(found[name]))), name
    vanishes = density == "spin(component=y)"
    assert (np.abs(found["storage"]).max() < 1e-12) == vanishes
    ribbon = lattice.ribbon((2, 1), 3)
    found = external_torque.compute(ribbon, density, "site", fermi_energy=(-0.3,), temperature=0.15)
    for name, identity in external_torque.CHECKS.items():
        assert identity.holds(identity.residual(found[name])), name


def test_a_position_that_is_not_diagonal_is_refused():
    lattice = p_lattice()
    row, column, cell = np.array([0, 2]), np.array([2, 0]), np.zeros((2, 2), dtype=int)
    lattice.dipoles = DipoleTable(row, column, cell, np.array([[0.1, 0, 0]] * 2, dtype=complex))
    with pytest.raises(UserError, match="position"):
        torque.compute(lattice.flake((1, 0), 2, 2), "charge", "site")
    with pytest.raises(UserError, match="position"):
        external_torque.compute(lattice.ribbon((1, 0), 2), "charge", "site")
