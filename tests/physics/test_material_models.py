"""Models of materials against formulas of their publications, written anew, and known limits.

Every test builds H(k), energies or numbers from the formula in its docstring, without the package.
"""

import numpy as np
import pytest

import accumulation as acc
from accumulation.bulk import bulk
from accumulation.errors import UserError

RNG = np.random.default_rng(11)
K2 = RNG.uniform(-4, 4, (40, 2))
IDENTITY, S_X, S_Y, S_Z = (
    np.eye(2),
    np.array([[0, 1], [1, 0]]),
    np.array([[0, -1j], [1j, 0]]),
    np.diag([1, -1]),
)
CORNER = np.array([4 * np.pi / 3, 0.0])  # K of a triangular lattice of constant 1
# Second-neighbour vectors of the honeycomb, and bonds from A to B.
TRIANGULAR = np.array([[1, 0], [-0.5, np.sqrt(0.75)], [-0.5, -np.sqrt(0.75)]])
BONDS = np.array([[0.5, np.sqrt(1 / 12)], [-0.5, np.sqrt(1 / 12)], [0, -np.sqrt(1 / 3)]])


def levels(lattice, k):
    return np.linalg.eigvalsh(lattice.hamiltonian(k))


def graphene_sum(k):
    """f(k) = sum_i e^{i k . d_i} over the three bonds."""
    return np.exp(1j * np.asarray(k) @ BONDS.T).sum(axis=-1)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, atol=1e-12)


# --- Qi, Wu, Zhang ---


def test_qwz_is_its_formula():
    """d . s with d = (sin kx, sin ky, m + cos kx + cos ky)."""
    x, y = K2.T[:, :, None, None]
    expected = 0.7 * (np.sin(x) * S_X + np.sin(y) * S_Y)
    expected = expected + (0.4 + 0.7 * (np.cos(x) + np.cos(y))) * S_Z
    close(acc.qwz(t0=0.7, mass=0.4).hamiltonian(K2), expected)


@pytest.mark.parametrize("mass", [-2.6, -1.3, -0.2, 0.5, 1.9, 2.4])
def test_chern_number_of_qwz_is_the_degree_of_d(mass):
    """The degree of k -> d / |d| counts the points with d along +z by the sign of the Jacobian of
    (sin kx, sin ky), cos kx cos ky; the lower band's flux is 2 pi times it.
    """
    corners = [(x, y) for x in (1, -1) for y in (1, -1)]  # cosines where both sines vanish
    degree = sum(x * y for x, y in corners if mass + x + y > 0)
    found = bulk(acc.qwz(mass=mass))
    assert found.chern == degree
    assert abs(degree) == (abs(mass) < 2)
    assert found.direct_gap == pytest.approx(2 * min(abs(mass + s) for s in (-2, 0, 2)), abs=1e-9)


# --- kagome ---


@pytest.mark.parametrize("phi", [0.0, 0.9, -2.2])
def test_kagome_levels_by_the_cubic_equation(phi):
    """E = -2 t x with x^3 - x (c1^2 + c2^2 + c3^2) - 2 c1 c2 c3 cos phi = 0, c_i = cos(k . a_i / 2)
    (Ohgushi, Murakami and Nagaosa 2000), by Cardano's trigonometric roots.
    """
    c = np.cos(K2 @ TRIANGULAR.T / 2)
    p, q = (c**2).sum(axis=1), 2 * c.prod(axis=1) * np.cos(phi)
    angle = np.arccos(np.clip(1.5 * q / p * np.sqrt(3 / p), -1, 1)) / 3
    roots = [2 * np.sqrt(p / 3) * np.cos(angle - 2 * np.pi * n / 3) for n in range(3)]
    expected = np.sort(-2 * 0.8 * np.array(roots).T, axis=1)
    actual = levels(acc.kagome(t0=0.8, phi=phi), K2)
    np.testing.assert_allclose(actual, expected, atol=1e-7)  # the roots of a double one: 1e-8


@pytest.mark.parametrize("breathing", [0.0, 0.3, -0.6])
def test_kagome_of_two_triangles_has_a_flat_band(breathing):
    """H = t_u + t_d - t_u |u><u| - t_d |d><d| with the sums over triangles u and d, <u|u> = 3,
    |<u|d>|^2 = 3 + 2 sum cos k . a_i: a flat band at t_u + t_d = 2 t0, and a Dirac gap at K of
    3 |t_u - t_d|.
    """
    up, down = 1 + breathing, 1 - breathing
    overlap = 3 + 2 * np.cos(K2 @ TRIANGULAR.T).sum(axis=1)
    root = np.sqrt(9 * (up - down) ** 2 + 4 * up * down * overlap)
    expected = np.array([-1 - 0.5 * root, -1 + 0.5 * root, np.full_like(root, 2.0)]).T
    lattice = acc.kagome(breathing=breathing)
    close(levels(lattice, K2), np.sort(expected, axis=1))
    lower, upper, _ = levels(lattice, CORNER)
    assert upper - lower == pytest.approx(6 * abs(breathing), abs=1e-12)


def test_flux_of_kagome_goes_through_triangles_of_both_kinds():
    """Phase of the product of hops round A -> B -> C -> A, up and down, and Chern numbers +-1."""
    lattice = acc.kagome(phi=0.6)
    hops = {(to, origin, cell): value for to, origin, cell, value in lattice.hoppings}
    up = [v for (_, _, cell), v in hops.items() if cell == (0, 0)]
    down = [v for (_, _, cell), v in hops.items() if cell != (0, 0)]
    for triangle in (up, down):
        assert np.angle(-np.prod(triangle)) == pytest.approx(0.6)
    numbers = [bulk(acc.kagome(phi=phi)).chern for phi in (0.6, -0.6)]
    assert sorted(numbers) == [-1, 1]


def test_places_of_kagome():
    """Every bond is half a lattice constant long, and three places are the corners of one up."""
    lattice = acc.kagome()
    names = list(lattice.orbitals)
    for to, origin, cell, _ in lattice.hoppings:
        ends = [lattice.positions[names.index(name), :2] for name in (to, origin)]
        assert np.linalg.norm(ends[1] + cell @ lattice.vectors - ends[0]) == pytest.approx(0.5)
    (x1, y1), (x2, y2) = lattice.positions[1:, :2]
    assert x1 * y2 - y1 * x2 > 0


# --- Lieb ---


def test_lieb_lattice_has_a_flat_band_between_two():
    """E = -delta and +-sqrt(delta^2 + 4 t^2 (cos^2 kx/2 + cos^2 ky/2))."""
    dispersion = 4 * 0.9**2 * (np.cos(K2 / 2) ** 2).sum(axis=1)
    for delta in (0.0, 0.3):
        root = np.sqrt(delta**2 + dispersion)
        expected = np.sort([-root, np.full_like(root, -delta), root], axis=0).T
        close(levels(acc.lieb(t0=0.9, delta=delta), K2), expected)


def test_chiral_hops_on_the_lieb_lattice():
    """<b|H|c> = +-4 t2 sin(kx/2) sin(ky/2) i (Weeks and Franz 2010): E = 0 and
    +-2 sqrt(t^2 (cos^2 + cos^2) + 4 t2^2 sin^2 sin^2), a gap of 4 t2 at M, and a Chern insulator.
    """
    t2 = 0.15
    squares = 4 * (np.cos(K2 / 2) ** 2).sum(axis=1) + 16 * t2**2 * (np.sin(K2 / 2) ** 2).prod(1)
    root = np.sqrt(squares)
    close(levels(acc.lieb(t2=t2), K2), np.array([-root, 0 * root, root]).T)
    one, other = bulk(acc.lieb(t2=t2)), bulk(acc.lieb(t2=-t2))
    assert one.direct_gap == pytest.approx(4 * t2, abs=1e-9)
    assert abs(one.chern) == 1
    assert one.chern == -other.chern


# --- s and p on a square ---

SP = {"energy_s": 1.7, "energy_p": -0.3, "t_s": 0.4, "t_sigma": 0.6, "t_pi": 0.15, "t_sp": 0.35}
# L_x, L_y, L_z among px, py, pz: (L_a)_bc = -i epsilon_abc, and none of s.
EPSILON = np.array([[np.cross(b, c) for c in np.eye(3)] for b in np.eye(3)]).transpose(2, 0, 1)
L = np.pad(-1j * EPSILON, ((0, 0), (1, 0), (1, 0)))


def sp_matrix(k, surface):
    """(s, px, py, pz) by the integrals of Slater and Koster (1954)."""
    (sx, sy), (cx, cy) = np.sin(k), np.cos(k)
    h = np.zeros((4, 4), dtype=complex)
    h[0, 0] = 1.7 - 0.8 * (cx + cy)
    h[1, 1] = -0.3 + 1.2 * cx - 0.3 * cy
    h[2, 2] = -0.3 + 1.2 * cy - 0.3 * cx
    h[3, 3] = -0.3 - 0.3 * (cx + cy)
    for row, column, value in ((0, 1, 0.7 * sx), (0, 2, 0.7 * sy), (3, 1, 2 * surface * sx),
                               (3, 2, 2 * surface * sy)):  # fmt: skip
        h[row, column], h[column, row] = 1j * value, -1j * value
    return h


def test_square_sp_by_slater_and_koster_with_spin_orbit_coupling():
    """H x 1 + lambda sum_a L_a s_a / 2."""
    lattice = acc.square_sp(**SP, surface=0.2, spin_orbit=0.5)
    coupling = sum(np.kron(part, s) for part, s in zip(L, (S_X, S_Y, S_Z), strict=True)) / 2
    plain = acc.square_sp(**SP, surface=0.2)
    for k in K2[:6]:
        close(plain.hamiltonian(k), sp_matrix(k, 0.2))
        close(lattice.hamiltonian(k), np.kron(sp_matrix(k, 0.2), IDENTITY) + 0.5 * coupling)


def test_texture_of_square_sp_is_radial_and_tangential():
    """Along k the p orbital at right angles to k does not mix with s, on both symmetry lines, and
    H(C4 k) = C4 H(k) C4^-1; inversion with time reversal leaves no band an angular momentum.
    """
    lattice = acc.square_sp(**SP)
    tangential_x, tangential_xy = np.array([0, 0, 1, 0]), np.array([0, 1, -1, 0]) * np.sqrt(0.5)
    on_x, on_xy = lattice.hamiltonian([[0.7, 0], [0.7, 0.7]])
    close(on_x @ tangential_x, (-0.3 + 1.2 - 0.3 * np.cos(0.7)) * tangential_x)
    close(on_xy @ tangential_xy, (-0.3 + 0.9 * np.cos(0.7)) * tangential_xy)
    quarter = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    turned = lattice.hamiltonian(np.column_stack((-K2[:, 1], K2[:, 0])))
    close(turned, quarter @ lattice.hamiltonian(K2) @ quarter.T)
    states = np.linalg.eigh(lattice.hamiltonian(K2))[1]
    close(np.einsum("kin,aij,kjn->akn", states.conj(), L, states), 0)


def test_surface_of_square_sp_is_an_orbital_rashba_coupling():
    """px in pz to first order, -2i surface sin k / (E_z - E_x) at k along x, gives <L> along z x k,
    odd in k and in the term.
    """
    lattice = acc.square_sp(**SP | {"t_sp": 0.0}, surface=0.01)
    for k in (0.3, -0.3):
        _, states = np.linalg.eigh(lattice.hamiltonian([k, 0.0]))
        band = np.argmax(np.abs(states[3]))
        state = states[:, band]
        momentum = np.einsum("i,aij,j->a", state.conj(), L, state).real
        difference = -0.3 - 0.3 * (np.cos(k) + 1) - (-0.3 + 1.2 * np.cos(k) - 0.3)
        mixing = -2j * 0.01 * np.sin(k) / difference  # of px into pz, <px|H|pz> / (E_z - E_x)
        # <L_y> = 2 Re(<z|L_y|x> c_x) with <z|L_y|x> = -i
        expected = 2 * (-1j * mixing).real
        np.testing.assert_allclose(momentum, [0, expected, 0], atol=1e-5)
        assert abs(expected) > 1e-3


def test_square_sp_at_gamma_splits_by_spin_orbit_coupling():
    """px + i py of spin up at E + lambda / 2; that of spin down with pz of spin up: 2 x 2."""
    strength = 0.4
    in_plane, out = -0.3 + 1.2 - 0.3, -0.3 - 0.6
    pair = [[in_plane - strength / 2, strength / np.sqrt(2)], [strength / np.sqrt(2), out]]
    one = [1.7 - 1.6, in_plane + strength / 2, *np.linalg.eigvalsh(pair)]
    close(levels(acc.square_sp(**SP, spin_orbit=strength), [0.0, 0.0]), np.sort([*one, *one]))


def orbital_hall(lattice, filled, points=40):
    """Mean over k of the sum over pairs of a full and an empty band of 2 Im <{L_z, v_y} / 2> <v_x>
    over gap^2, of orbitals s, px, py, pz; dH/dk by differences.
    """
    fractions = (np.indices((points, points)).reshape(2, -1).T + 0.3) / points
    k = fractions @ lattice.reciprocal
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    v_x, v_y = (
        (lattice.hamiltonian(k + step) - lattice.hamiltonian(k - step)) / 2e-4
        for step in 1e-4 * np.eye(2)
    )
    current = (L[2] @ v_y + v_y @ L[2]) / 2
    current, v_x = (u.conj().swapaxes(1, 2) @ part @ u for part in (current, v_x))
    pairs = [(n, m) for n in range(filled) for m in range(filled, energy.shape[1])]
    return sum(
        (2 * (current[:, n, m] * v_x[:, m, n]).imag / (energy[:, n] - energy[:, m]) ** 2).mean()
        for n, m in pairs
    )


def test_orbital_hall_effect_of_square_sp_needs_the_texture():
    """No spin-orbit coupling: it is that of s-p mixing, and even in its sign (Go et al. 2018)."""
    one, other, none = (orbital_hall(acc.square_sp(t_sp=t), 3) for t in (0.5, -0.5, 0.0))
    assert abs(one) > 1e-3
    assert other == pytest.approx(one)
    assert none == pytest.approx(0, abs=1e-9)


def test_valleys_of_px_py_honeycomb_have_opposite_momenta():
    """With delta the bands next to the gap have L_z = -+1 of A and B at K, opposite at -K."""
    lattice = acc.px_py_honeycomb(t_pi=0.1, delta=0.2)
    states = np.linalg.eigh(lattice.hamiltonian([CORNER, -CORNER]))[1]
    l_z = np.kron(IDENTITY, S_Y)  # -i between px and py
    momenta = np.einsum("kin,ij,kjn->kn", states.conj(), l_z, states).real[:, 1:3]
    close(np.abs(momenta), 1)
    close(momenta[0], -momenta[1])
    close(momenta[:, 0], -momenta[:, 1])


def test_default_square_sp_has_three_bands_full():
    found = bulk(acc.square_sp())
    assert found.filling == 3
    assert found.indirect_gap > 0.1


# --- px and py on a honeycomb ---


def test_px_py_honeycomb_has_two_flat_bands_and_those_of_graphene():
    """E = +-3 t / 2 and +-|f| t / 2 (Wu et al. 2007)."""
    half = 0.4 * np.abs(graphene_sum(K2))
    flat = np.full_like(half, 1.2)
    close(levels(acc.px_py_honeycomb(t_sigma=0.8), K2), np.array([-flat, -half, half, flat]).T)


def test_px_py_honeycomb_by_singular_values():
    """<A|H|B> = sum_i e^{ik.d_i} (t_sigma n n^T - t_pi (1 - n n^T)), E^2 from trace and det."""
    k, sigma, pi, delta = K2, 0.9, 0.25, 0.3
    block = np.zeros((len(k), 2, 2), dtype=complex)
    for bond in BONDS:
        c, s = bond * np.sqrt(3)
        along, across = np.array([c, s]), np.array([-s, c])
        hop = sigma * np.outer(along, along) - pi * np.outer(across, across)
        block += np.exp(1j * k @ bond)[:, None, None] * hop
    lattice = acc.px_py_honeycomb(t_sigma=sigma, t_pi=pi, delta=delta)
    close(lattice.hamiltonian(k)[:, :2, 2:], block)
    trace = (np.abs(block) ** 2).sum(axis=(1, 2))
    root = np.sqrt(trace**2 - 4 * np.abs(np.linalg.det(block)) ** 2)
    high, low = (np.sqrt(delta**2 + (trace + s * root) / 2) for s in (1, -1))
    np.testing.assert_allclose(levels(lattice, k), np.array([-high, -low, low, high]).T, atol=1e-9)


@pytest.mark.parametrize("pi", [0.0, 0.2])
def test_corner_of_px_py_honeycomb(pi):
    """At K two states of L_z = +-1 on A and on B at zero, so that rotation, delta and spin-orbit
    coupling open 2 W, 2 delta and lambda; the others at +-sqrt((3 (sigma + pi) / 2)^2 + ...^2).
    """
    outer = 1.5 * (1 + pi)
    parameters = {"t_sigma": 1.0, "t_pi": pi}
    close(levels(acc.px_py_honeycomb(**parameters), CORNER), [-outer, 0, 0, outer])
    for term in ("rotation", "delta"):
        lattice = acc.px_py_honeycomb(**parameters, **{term: 0.3})
        high = np.hypot(outer, 0.3)
        close(levels(lattice, CORNER), [-high, -0.3, 0.3, high])
    lattice = acc.px_py_honeycomb(**parameters, spin_orbit=0.3)
    high = np.hypot(outer, 0.15)
    close(levels(lattice, CORNER), np.repeat([-high, -0.15, 0.15, high], 2))


def test_rotation_of_px_py_honeycomb_makes_a_chern_insulator_and_spins_opposite_ones():
    """Between the second and third bands, odd in the rotation (Wu 2008); spin-orbit coupling is
    this rotation with opposite signs of the two spins.
    """
    one, other = (bulk(acc.px_py_honeycomb(t_pi=0.1, rotation=w)).chern for w in (0.2, -0.2))
    assert abs(one) == 1
    assert one == -other
    lattice = acc.px_py_honeycomb(t_pi=0.1, spin_orbit=0.4)
    h = lattice.hamiltonian(K2)
    for start, rotation in ((0, 0.2), (1, -0.2)):
        single = acc.px_py_honeycomb(t_pi=0.1, rotation=rotation).hamiltonian(K2)
        close(h[:, start::2, start::2], single)
    close(h[:, ::2, 1::2], 0)


# --- MX2 ---

# t0, t1, t2, t11, t12, t22 after e1, e2, and a: the paper's Table II (GGA), and its lambda.
MOS2 = (3.190, 1.046, 2.104, -0.184, 0.401, 0.507, 0.218, 0.338, 0.057)
COUPLING = {
    "MoS2": 0.073, "WS2": 0.211, "MoSe2": 0.091, "WSe2": 0.228, "MoTe2": 0.107, "WTe2": 0.237,
}  # fmt: skip


def three_bands(k, a, e1, e2, t0, t1, t2, t11, t12, t22):
    """H(k) of Liu et al. (2013) in alpha = kx a / 2 and beta = sqrt 3 ky a / 2."""
    alpha, beta = k[0] * a / 2, k[1] * a * np.sqrt(3) / 2
    ca, cb, sa, sb = np.cos(alpha), np.cos(beta), np.sin(alpha), np.sin(beta)
    c2, s2, r = np.cos(2 * alpha), np.sin(2 * alpha), np.sqrt(3)
    h0 = 2 * t0 * (c2 + 2 * ca * cb) + e1
    h1 = -2 * r * t2 * sa * sb + 2j * t1 * (s2 + sa * cb)
    h2 = 2 * t2 * (c2 - ca * cb) + 2j * r * t1 * ca * sb
    h11 = 2 * t11 * c2 + (t11 + 3 * t22) * ca * cb + e2
    h22 = 2 * t22 * c2 + (3 * t11 + t22) * ca * cb + e2
    h12 = r * (t22 - t11) * sa * sb + 4j * t12 * sa * (ca - cb)
    upper = np.array([[h0, h1, h2], [0, h11, h12], [0, 0, h22]])
    return upper + np.triu(upper, 1).conj().T


def test_mos2_is_the_published_matrix():
    lattice = acc.tmd_three_band()
    assert lattice.units == "eV_angstrom"
    for k in K2[:8]:
        close(lattice.hamiltonian(k), three_bands(k, *MOS2))


def test_spin_orbit_coupling_of_mos2_is_the_published_matrix():
    """lambda / 2 L_z for spin up and -lambda / 2 L_z for spin down, L_z = 2i between dxy and
    dx2-y2; with both spins but no coupling the matrix is doubled.
    """
    l_z = np.array([[0, 0, 0], [0, 0, 2j], [0, -2j, 0]])
    for strength, spinful in ((0.073, False), (0.0, True)):
        lattice = acc.tmd_three_band(spin_orbit=strength, spinful=spinful)
        for k in K2[:4]:
            h = np.kron(three_bands(k, *MOS2), IDENTITY) + 0.5 * strength * np.kron(l_z, S_Z)
            close(lattice.hamiltonian(k), h)


@pytest.mark.parametrize("material", COUPLING)
def test_valence_band_of_mx2_splits_at_k_by_twice_lambda(material):
    """And the gap at K without coupling is E_c - E_v with E_c = e1 - 3 t0 of dz2 and
    E_v = e2 - 3 (t11 + t22) / 2 - 3 sqrt 3 t12 of dx2-y2 + i dxy (Liu et al. 2013, at K).
    """
    from accumulation.models.tmd_three_band import MATERIALS

    a, e1, e2, t0, _, _, t11, t12, t22 = MATERIALS[material]
    corner, strength = CORNER / a, COUPLING[material]
    plain = levels(acc.tmd_three_band(material=material), corner)
    valence = e2 - 1.5 * (t11 + t22) - 3 * np.sqrt(3) * t12
    assert plain[:2] == pytest.approx([valence, e1 - 3 * t0])
    split = levels(acc.tmd_three_band(material=material, spin_orbit=strength), corner)
    assert split[1] - split[0] == pytest.approx(2 * strength)
    assert split[:2].mean() == pytest.approx(valence)
    assert split[2:4] == pytest.approx([plain[1]] * 2)  # dz2: not split


@pytest.mark.parametrize(
    ("material", "gap"),
    [("MoS2", 1.66), ("WS2", 1.81), ("MoSe2", 1.43), ("WSe2", 1.54), ("MoTe2", 1.07),
     ("WTe2", 1.07)],
)  # fmt: skip
def test_gaps_at_k_are_those_of_first_principles(material, gap):
    """GGA gaps at K of the literature, in eV, to the accuracy of the fit."""
    lattice = acc.tmd_three_band(material=material)
    valence, conduction, _ = levels(lattice, CORNER / lattice.vectors[0, 0])
    assert conduction - valence == pytest.approx(gap, abs=0.02)


def test_an_unknown_material_is_refused():
    with pytest.raises(UserError, match="WSe2"):
        acc.tmd_three_band(material="MoS")


@pytest.mark.parametrize("spin_orbit", [0.0, 0.073])
def test_inversion_exchanges_the_layers_of_a_bilayer(spin_orbit):
    """P H(k) P = H(-k) with the layers exchanged, d orbitals and spins even; a bias breaks it."""
    k = K2[:8]
    for bias, holds in ((0.0, True), (0.2, False)):
        lattice = acc.tmd_bilayer(bias=bias, spin_orbit=spin_orbit)
        size = len(lattice.orbitals)
        other = np.roll(np.arange(size), size // 2)
        inverted = lattice.hamiltonian(-k)[:, other][:, :, other]
        assert bool(np.abs(inverted - lattice.hamiltonian(k)).max() < 1e-12) is holds


def test_layers_of_a_bilayer_are_monolayers_of_both_orientations():
    """Levels at k and -k without hops between layers; with them, those of Gamma split by 6 t."""
    k = K2[:8]
    single = acc.tmd_three_band()
    both = np.concatenate((levels(single, k), levels(single, -k)), axis=1)
    close(levels(acc.tmd_bilayer(interlayer=0.0), k), np.sort(both, axis=1))
    a = single.vectors[0, 0]
    coupled = acc.tmd_bilayer(interlayer=0.1)
    lower, upper = levels(coupled, [0.0, 0.0])[:2]
    assert upper - lower == pytest.approx(0.6)
    at_corner = np.sort(np.concatenate([levels(single, s * CORNER / a) for s in (1, -1)]))
    np.testing.assert_allclose(levels(coupled, CORNER / a), at_corner, atol=1e-9)


# --- bilayer graphene ---


@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_bilayer_energies_are_those_of_mccann_and_falko(bias):
    """E^2 = t1^2/2 + U^2/4 + (|f|^2 + t3^2 |f|^2 / 2) +- sqrt(Gamma),
    Gamma = (t1^2 - t3^2 |f|^2)^2 / 4 + |f|^2 (t1^2 + U^2 + t3^2 |f|^2) - 2 t1 t3 Re f^3
    (Phys. Rev. Lett. 96, 086805, with v p -> t0 f of the lattice and t0 = 1).
    """
    f = graphene_sum(K2)
    for t1, t3 in ((0.4, 0.0), (0.4, 0.2)):
        p = np.abs(f) ** 2
        gamma = (t1**2 - t3**2 * p) ** 2 / 4 + p * (t1**2 + bias**2 + t3**2 * p)
        gamma = gamma - 2 * t1 * t3 * (f**3).real
        middle = t1**2 / 2 + bias**2 / 4 + p * (1 + t3**2 / 2)
        low, high = (np.sqrt(middle + s * np.sqrt(gamma)) for s in (-1, 1))
        found = levels(acc.bilayer_graphene(t1=t1, t3=t3, bias=bias), K2)
        np.testing.assert_allclose(found, np.array([-high, -low, low, high]).T, atol=1e-7)


def test_bilayer_is_the_matrix_of_mccann_and_koshino():
    """In A1, B1, A2, B2 with all of gamma_0, 1, 3, 4 and the bias."""
    t0, t1, t3, t4, bias = 1.1, 0.4, 0.2, 0.15, 0.3
    lattice = acc.bilayer_graphene(t0=t0, t1=t1, t3=t3, t4=t4, bias=bias)
    for k in K2[:8]:
        f = graphene_sum(k)
        upper = np.array(
            [[0, -t0 * f, t4 * f, -t3 * f.conjugate()], [0, 0, t1, t4 * f], [0, 0, 0, -t0 * f],
             [0, 0, 0, 0]]
        )  # fmt: skip
        h = upper + upper.conj().T + np.diag([-1, -1, 1, 1]) * bias / 2
        close(lattice.hamiltonian(k), h)


def test_gaps_of_the_biased_bilayer():
    """At K |U| between A1 and B2, and +-sqrt(t1^2 + U^2 / 4) of the dimer; the smallest gap is
    |U| t1 / sqrt(t1^2 + U^2) (McCann 2006).
    """
    t1, bias = 0.4, 0.3
    dimer = np.hypot(t1, bias / 2)
    for more in ({}, {"t3": 0.2, "t4": 0.15}):
        lattice = acc.bilayer_graphene(t1=t1, bias=bias, **more)
        close(levels(lattice, CORNER), [-dimer, -bias / 2, bias / 2, dimer])
    found = bulk(acc.bilayer_graphene(t1=t1, bias=bias))
    assert found.direct_gap == pytest.approx(bias * t1 / np.hypot(t1, bias), abs=1e-9)


def test_stacking_of_the_bilayer():
    """B1 and A2 above each other, A1 and B2 in the middle of hexagons of the other layer."""
    places = acc.bilayer_graphene(spacing=1.3).positions
    np.testing.assert_allclose(places[2] - places[1], [0, 0, 1.3], atol=1e-15)
    off = np.linalg.inv(acc.bilayer_graphene().vectors.T) @ (places[3] - places[1])[:2]
    np.testing.assert_allclose(off - np.rint(off), [1 / 3, 1 / 3], atol=1e-12)
    hexagon = np.linalg.inv(acc.bilayer_graphene().vectors.T) @ places[3, :2]
    np.testing.assert_allclose(hexagon - np.rint(hexagon), [-1 / 3, -1 / 3], atol=1e-12)


# --- Rashba ---


def test_rashba_gas_on_a_square_lattice():
    """H of its docstring; splitting 2 lambda sqrt(sin^2 kx + sin^2 ky), and with exchange M
    2 sqrt(lambda^2 (...) + M^2).
    """
    x, y = K2.T[:, :, None, None]
    rashba, exchange = 0.3, 0.25
    h = -1.6 * (np.cos(x) + np.cos(y)) * IDENTITY + rashba * (np.sin(y) * S_X - np.sin(x) * S_Y)
    close(acc.rashba_square(t0=0.8, rashba=rashba).hamiltonian(K2), h)
    squares = (np.sin(K2) ** 2).sum(axis=1)
    for field in (0.0, exchange):
        energy = levels(acc.rashba_square(rashba=rashba, exchange=field), K2)
        close(np.diff(energy)[:, 0], 2 * np.sqrt(rashba**2 * squares + field**2))


def test_spin_winds_round_the_bottom_of_the_rashba_bands():
    """Lower band: s along -(sin ky, -sin kx), at right angles to k."""
    k = np.array([0.3, 0.5])
    state = np.linalg.eigh(acc.rashba_square().hamiltonian(k))[1][:, 0]
    found = [(state.conj() @ s @ state).real for s in (S_X, S_Y, S_Z)]
    sine = np.sin(k)
    close(found, [*(np.array([-sine[1], sine[0]]) / np.linalg.norm(sine)), 0])


# --- chiral stack ---

CHIRAL = {"t_chiral": 0.12, "delta": 0.8, "spacing": 1.3}


def haldane_levels(k, t2, phi, delta):
    """Haldane's H = h0 + h . s in closed form, with h0 and h_z of the fluxes of A and B."""
    angles = k @ TRIANGULAR.T
    on_a, on_b = (2 * t2 * np.cos(angles + s * phi[:, None]).sum(axis=1) for s in (1, -1))
    middle, half = (on_a + on_b) / 2, (on_a - on_b) / 2 + delta
    root = np.sqrt(half**2 + np.abs(graphene_sum(k)) ** 2)
    return np.array([middle - root, middle + root]).T


@pytest.mark.parametrize("left", [False, True])
def test_chiral_stack_is_haldanes_model_with_the_flux_of_kz(left):
    """Levels of flux +-kz c at every kz (Yoda, Yokoyama and Murakami 2015)."""
    k = RNG.uniform(-3, 3, (40, 3))
    lattice = acc.chiral_stacked_haldane(**CHIRAL, left_handed=left)
    flux = (-1 if left else 1) * 1.3 * k[:, 2]
    close(levels(lattice, k), haldane_levels(k[:, :2], 0.12, flux, 0.8))


def test_weyl_points_of_the_chiral_stack():
    """At K and one sign of kz, at -K and the other, sin(kz c) = delta / (3 sqrt 3 t); beyond that
    delta the direct gap is twice the excess, as of Haldane's model at its closest flux.
    """
    delta, most = 0.3, 3 * np.sqrt(3) * 0.12
    kz = np.arcsin(delta / most) / 1.3
    lattice = acc.chiral_stacked_haldane(t_chiral=0.12, delta=delta, spacing=1.3)
    points = np.array([[*valley * CORNER, sign * kz] for valley in (1, -1) for sign in (1, -1)])
    gaps = np.diff(levels(lattice, points))[:, 0]
    assert sorted(gaps) == pytest.approx([0, 0, 4 * delta, 4 * delta], abs=1e-9)
    assert gaps[0] == pytest.approx(gaps[3], abs=1e-9)
    insulator = acc.chiral_stacked_haldane(**CHIRAL)
    assert bulk(insulator).direct_gap == pytest.approx(2 * (0.8 - most), abs=1e-6)


@pytest.mark.parametrize("operation", ["z", "x", "y", "inversion"])
def test_every_improper_operation_turns_right_into_left(operation):
    """Without a staggered potential: mirrors across z and x keep A and B, that across y and
    inversion exchange them (about another origin, so that only phases of <A|H|B> differ).
    """
    signs = {"z": (1, 1, -1), "x": (-1, 1, 1), "y": (1, -1, 1), "inversion": (-1, -1, -1)}
    k = RNG.uniform(-3, 3, (20, 3))
    p = CHIRAL | {"delta": 0.0, "tz": 0.2}
    right, left = (acc.chiral_stacked_haldane(**p, left_handed=hand) for hand in (False, True))
    order = [1, 0] if operation in ("y", "inversion") else [0, 1]
    image, expected = right.hamiltonian(k * signs[operation]), left.hamiltonian(k)
    for i, j in ((0, 0), (1, 1)):
        close(image[:, order[i], order[j]], expected[:, i, j])
    close(np.abs(image[:, 0, 1]), np.abs(expected[:, 0, 1]))
    assert np.abs(right.hamiltonian(k) - expected).max() > 0.1


def edelstein(lattice, level, points=18):
    """sum_n int v_z m_z (-f') of the bands, with m_z = Im <d_x u|(E - H)|d_y u> as a sum over the
    other band, in the atomic gauge; dH/dk by finite differences of H.
    """
    axes = [np.arange(points) / points] * 3
    fractions = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) + 0.01
    k = fractions @ lattice.reciprocal
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    slopes = [
        u.conj().swapaxes(1, 2)
        @ ((lattice.hamiltonian(k + step) - lattice.hamiltonian(k - step)) / 2e-4)
        @ u
        for step in 1e-4 * np.eye(3)
    ]
    total = 0.0
    for n in (0, 1):
        m = 1 - n
        gap = energy[:, n] - energy[:, m]
        moment = (slopes[0][:, n, m] * slopes[1][:, m, n]).imag / gap
        weight = 1 / np.cosh((energy[:, n] - level) / 0.4) ** 2
        total += (slopes[2][:, n, n].real * moment * weight).mean()
    return total


def test_orbital_edelstein_effect_is_odd_in_the_handedness():
    """Moment along the stack of a current along it; none without handed hops."""
    p = CHIRAL | {"tz": 0.2, "strain": 0.1}
    right, left, none = (
        edelstein(acc.chiral_stacked_haldane(**parameters), 1.2)
        for parameters in (p, p | {"left_handed": True}, p | {"t_chiral": 0.0})
    )
    assert abs(right) > 1e-3
    assert left == pytest.approx(-right, rel=1e-2)
    assert none == pytest.approx(0, abs=1e-3 * abs(right))


def test_moment_of_wires_of_a_chiral_stack_changes_sign_with_the_handedness():
    """Along an armchair direction x the twofold rotation about x leaves the crystal as it is and
    makes the moments of the top layer minus those of the bottom one; the mirror z -> -z, which
    keeps m_z and the field, turns right into left.  So the moment of each layer is odd.
    """
    layers = []
    for left in (False, True):
        lattice = acc.chiral_stacked_haldane(**CHIRAL, t2=0.07, left_handed=left)
        wire = lattice.wire((1, 1), 3, 2)
        elements = acc.elements(wire, acc.bands(wire, k=24), density="orbital_moment")
        rows = acc.response(elements, 1.3, [0.1]).accumulation
        rows = rows.sel(process="intraband").values.ravel()
        top = wire.positions[:, 2] > wire.positions[:, 2].mean()
        layers.append((rows[top], rows[~top]))
    (top, bottom), (top_left, bottom_left) = layers
    assert abs(top.sum()) > 1e-3
    np.testing.assert_allclose(top_left, bottom, atol=1e-9)
    np.testing.assert_allclose(bottom_left, top, atol=1e-9)
    np.testing.assert_allclose(top.sum(), -bottom.sum(), atol=1e-9)
