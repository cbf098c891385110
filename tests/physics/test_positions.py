"""Positions that are not diagonal in the orbitals: nothing net depends on their mixture."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.crystal.berry_curvature import curvatures
from accumulation.lattice.hop_table import DipoleTable, HopTable

VECTORS = np.array([(1.0, 0.0), (0.2, 1.1)])
CELLS = [(0, 0), (1, 0), (0, 1), (1, -1)]
ORBITALS = 3


def matrices(seed):
    """Hermitian H(R) and position r(R) (cell -> (3, 3) and (xyz, 3, 3)), conjugates included."""
    rng = np.random.default_rng(seed)

    def random(*shape):
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)

    h, r = {}, {}
    for cell in CELLS:
        back = tuple(-c for c in cell)
        one, place = random(ORBITALS, ORBITALS), 0.1 * random(3, ORBITALS, ORBITALS)
        place[2] = 0
        if cell == back:
            h[cell] = 0.5 * (one + one.conj().T)
            r[cell] = 0.5 * (place + place.conj().swapaxes(1, 2))
        else:
            h[cell], h[back] = 0.4 * one, 0.4 * one.conj().T
            r[cell], r[back] = place, place.conj().swapaxes(1, 2)
    return h, r


def mixed(h, r, seed=9):
    """The same operators between random unitary mixtures of the orbitals of a cell."""
    rng = np.random.default_rng(seed)
    u = np.linalg.qr(rng.normal(size=(ORBITALS,) * 2) + 1j * rng.normal(size=(ORBITALS,) * 2))[0]
    turn = {cell: u.conj().T @ matrix @ u for cell, matrix in h.items()}
    return turn, {cell: u.conj().T @ matrix @ u for cell, matrix in r.items()}


def lattice_of(h, r, full=True):
    """A lattice with these matrices; the diagonal of r in the home cell holds the positions."""
    elements = [(i, j, cell) for cell in h for i in range(ORBITALS) for j in range(ORBITALS)]
    row, column, cell = (np.array(part) for part in zip(*elements, strict=True))
    amplitude = np.array([h[c][i, j] for i, j, c in elements])
    dipole = np.array(
        [r[c][:, i, j] * (0 if i == j and c == (0, 0) else 1) for i, j, c in elements]
    )
    home = r[0, 0]
    places = {f"w{i}": tuple(home[:2, i, i].real) for i in range(ORBITALS)}
    hops = HopTable(row, column, cell, amplitude)
    lattice = acc.Lattice.from_hop_table(VECTORS, places, hops)
    lattice.dipoles = DipoleTable(row, column, cell, dipole) if full else None
    return lattice


def nets(lattice):
    """Net accumulation of a ribbon and a flake, and Berry curvature at a few k."""
    ribbon, flake = lattice.ribbon((1, 1), 3), lattice.flake((1, 1), 3, 4)
    bands = acc.bands(ribbon, k=128)
    found = []
    for definition in ("circulation", "local", "band"):
        elements = acc.elements(ribbon, bands, "orbital_moment", definition)
        found.append(acc.response(elements, 0.1, 0.2).net.values.ravel())
    for definition in ("exact", "circulation"):
        net = flake.response(definition=definition, fermi_energy=0.1, temperature=0.1).net
        found.append(net.values.ravel())
    k = np.array([[0.3, 0.7], [2.0, -1.0]])
    found.append(np.ravel(curvatures(lattice, k, ("charge", "orbital_moment"))[1]))
    return np.concatenate(found)


def test_nothing_net_depends_on_how_orbitals_are_mixed():
    h, r = matrices(1)
    one, other = nets(lattice_of(h, r)), nets(lattice_of(*mixed(h, r)))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)


def test_with_positions_alone_it_does():
    h, r = matrices(1)
    one, other = nets(lattice_of(h, r, False)), nets(lattice_of(*mixed(h, r), False))
    assert np.abs(one - other).max() > 1e-2


def test_velocity_is_the_commutator_in_a_long_ring():
    """i [H, x] of a flake as dense matrices, against the velocity that its Bloch matrix gives."""
    lattice = lattice_of(*matrices(2))
    flake = lattice.flake((1, 0), 2, 3)
    h = flake.hamiltonian()
    position = np.zeros((2, *h.shape), dtype=complex)
    table = flake.dipoles
    for axis in (0, 1):
        position[axis, table.row, table.column] = table.dipole[:, axis]
        position[axis] += np.diag(flake.positions[:, axis])
    x, y = (1j * (h @ part - part @ h) for part in position)
    np.testing.assert_allclose(flake.bloch.velocity(np.zeros(1))[0], x, atol=1e-12)
    np.testing.assert_allclose(flake.bloch.velocity_y(np.zeros(1))[0], y, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_bulk_velocity_keeps_the_slopes_of_the_bands(axis):
    """<n|v|n> is the slope of the band whatever the dipoles: i [H, r] has no diagonal."""
    lattice = lattice_of(*matrices(3))
    k, step = np.array([0.4, -0.9]), np.zeros(2)
    step[axis] = 1e-5
    u = np.linalg.eigh(lattice.hamiltonian(k))[1]
    slope = (
        np.linalg.eigvalsh(lattice.hamiltonian(k + step))
        - np.linalg.eigvalsh(lattice.hamiltonian(k - step))
    ) / 2e-5
    v = lattice.velocity(k)[axis]
    np.testing.assert_allclose(np.einsum("in,ij,jn->n", u.conj(), v, u).real, slope, atol=1e-8)


def test_interband_response_of_a_flake_in_a_finite_field():
    """Occupied states of H + e E x with the whole x, differentiated in E."""
    lattice = lattice_of(*matrices(4))
    flake = lattice.flake((1, 1), 2, 3)
    h, table = flake.hamiltonian(), flake.dipoles
    x = np.diag(flake.positions[:, 0]).astype(complex)
    x[table.row, table.column] += table.dipole[:, 0]
    levels = np.linalg.eigvalsh(h)
    filled = len(h) // 2
    middle = 0.5 * (levels[filled - 1] + levels[filled])
    step = 1e-3 * (levels[filled] - levels[filled - 1])
    rows = []
    for field in (step, -step):
        u = np.linalg.eigh(h + field * x)[1][:, :filled]
        rows.append((np.abs(u) ** 2).sum(axis=1))
    expected = (rows[0] - rows[1]) / (2 * step)
    found = flake.response(density="charge", fermi_energy=middle).accumulation
    found = found.sel(process="interband").values.ravel()
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
