"""Wires, open along y and z: against ribbons, exact flakes, another package, and symmetries."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.crystal.bulk_properties import bulk
from accumulation.datasets.model_dataset import restore
from accumulation.errors import UserError
from accumulation.jobs import points
from accumulation.lattice.stacking import stacked
from accumulation.responses.edges import edge_crossings
from accumulation.states.fermi_points import fermi_points
from accumulation.theory import wire

RNG = np.random.default_rng(30)
GENERIC = {"t2": 0.1, "phi": 0.7, "delta": 0.8}
OTHER = {"t2": 0.07, "phi": -0.4, "delta": 0.5, "strain": 0.2}
DIRECTIONS = [(1, 0), (1, 1), (2, 1)]
INTRABAND, INTERBAND = 0, 1


def accumulated(
    system, levels, density="orbital_moment", definition="circulation", k=61, temperature=0.0
):
    """(process, level, row) at one temperature."""
    found = acc.elements(system, acc.bands(system, k=k), density, definition)
    return acc.response(found, levels, temperature).accumulation.values[:, :, 0]


def layers(wire):
    """Rows of each layer from the lowest to the highest, in order of y and x."""
    return [np.flatnonzero(np.isclose(wire.positions[:, 2], z)) for z in heights(wire)]


def heights(wire):
    return np.unique(np.round(wire.positions[:, 2], 9))


def partners(system, operation, spin=1):
    """Row at the image of each row's place under diag(operation), with the spin times ``spin``.

    The operation may be followed by a shift along x.
    """
    places = np.column_stack((system.positions, system.spin))
    image = places * [*operation, spin]
    best = np.inf
    for shift in places[:, 0] - image[0, 0]:
        difference = image[:, None] + [shift, 0, 0, 0] - places
        difference[..., 0] -= system.period * np.rint(difference[..., 0] / system.period)
        distance = np.abs(difference).max(axis=-1)
        if distance.min(axis=1).max() < best:
            best, found = distance.min(axis=1).max(), np.argmin(distance, axis=1)
    assert best < 1e-9
    return found


@pytest.mark.parametrize("direction", [*DIRECTIONS, (1, -1), (3, 2)])
def test_one_layer_is_the_ribbon(direction):
    """Height 1: the same rows, hops and period."""
    wire = acc.stacked_haldane(**OTHER).wire(direction, 5, 1)
    ribbon = acc.haldane(**OTHER).ribbon(direction, 5)
    np.testing.assert_allclose(wire.positions, ribbon.positions, atol=1e-13)
    assert wire.period == ribbon.period
    for name in ("row", "column", "cell", "amplitude"):
        np.testing.assert_array_equal(getattr(wire.hops, name), getattr(ribbon.hops, name))
    np.testing.assert_allclose(
        accumulated(wire, [-0.2, 1.1]), accumulated(ribbon, [-0.2, 1.1]), atol=1e-12
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("definition", ["circulation", "local", "band"])
def test_decoupled_layers_are_their_ribbons(direction, definition):
    """Bands, matrix elements and response of different layers that no hop joins, to 1e-12."""
    kinds = [acc.haldane(**GENERIC), acc.haldane(**OTHER)]
    wire = stacked(kinds, [0.0, 0.7], 2.0).wire(direction, 4, 1)
    # Zero temperature, and one that 21 k resolve: every sum is the same sum.
    levels, temperatures = [-0.15, 1.1], [0.0, 1.0]
    whole = acc.bands(wire, k=21)
    elements = acc.elements(wire, whole, definition=definition)
    together = acc.response(elements, levels, temperatures)
    response, error = together.accumulation.values, together.error.values
    energy = []
    for kind, rows in zip(kinds, layers(wire), strict=True):
        ribbon = kind.ribbon(direction, 4)
        bands = acc.bands(ribbon, k=21)
        own = acc.elements(ribbon, bands, definition=definition)
        energy.append(bands.energy.values)
        # The bands of the wire whose states lie in this layer
        weight = (whole.eigenvector_re**2).values[:, rows].sum(axis=1)
        if "eigenvector_im" in whole:
            weight += (whole.eigenvector_im**2).values[:, rows].sum(axis=1)
        inside = weight > 0.5
        assert np.all(inside.sum(axis=1) == len(rows))
        for name in ("energy", "velocity", "moment"):
            mine = elements[name].values[inside].reshape(bands.energy.shape)
            np.testing.assert_allclose(mine, own[name], atol=1e-12)
        for name in ("density", "polarizability"):
            mine = elements[name].values[inside].reshape(*bands.energy.shape, -1)[..., rows]
            np.testing.assert_allclose(mine, own[name], atol=1e-10 * (1 + np.abs(mine).max()))
        alone = acc.response(own, levels, temperatures)
        expected = alone.accumulation.values
        assert np.abs(expected[INTRABAND]).max() > 1e-3
        # Refined on panels of their own: as equal as both say that they are right.
        bounds = np.maximum(error + alone.error.values, 1e-12)
        assert np.all(bounds < 1e-3 * np.abs(expected).max())
        found = response[..., rows].copy()
        # A metal at T = 0 on such a mesh: more than one crossing between two mesh points.
        found[INTERBAND, 1, 0] = expected[INTERBAND, 1, 0]
        assert np.all(np.abs(found - expected).max(axis=-1) <= bounds)
    together = np.sort(np.concatenate(energy, axis=1), axis=1)
    np.testing.assert_allclose(whole.energy, together, atol=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_coupled_equal_layers_are_standing_waves_of_ribbons(direction):
    """H = H_ribbon x 1 - 1 x tz (chain of N layers): the modes sin(pi j l / (N + 1)) with energies
    -2 tz cos(pi j / (N + 1)) shift the Fermi level, and every layer has their weights.
    """
    tz, height, levels = 0.23, 3, np.array([-0.2, 1.1])
    wire = acc.stacked_haldane(**GENERIC, tz=tz, strain=0.2).wire(direction, 4, height)
    ribbon = acc.haldane(**GENERIC, strain=0.2).ribbon(direction, 4)
    mode = np.arange(1, height + 1)
    shift = -2 * tz * np.cos(np.pi * mode / (height + 1))
    weight = 2 / (height + 1) * np.sin(np.pi * np.outer(mode, mode) / (height + 1)) ** 2
    for k in RNG.uniform(-1, 1, 3):
        expected = np.add.outer(np.linalg.eigvalsh(ribbon.hamiltonian(k)[0]), shift)
        found = np.linalg.eigvalsh(wire.hamiltonian(k)[0])
        np.testing.assert_allclose(found, np.sort(expected.ravel()), atol=1e-12)
    for temperature in (0.0, 0.2):
        found = accumulated(wire, levels, k=241, temperature=temperature)
        shifted = np.subtract.outer(levels, shift).ravel()
        alone = accumulated(ribbon, shifted, k=241, temperature=temperature)
        alone = alone.reshape(2, len(levels), height, -1)
        expected = np.einsum("lj,pejr->pelr", weight, alone)
        for rows, values in zip(layers(wire), np.moveaxis(expected, 2, 0), strict=True):
            # The modes cross each other: each result is refined on panels of its own.
            np.testing.assert_allclose(found[INTRABAND][:, rows], values[INTRABAND], atol=1e-8)
            np.testing.assert_allclose(found[INTERBAND][:, rows], values[INTERBAND], atol=1e-6)
        assert np.abs(expected[INTERBAND]).max() > 1e-3


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layers_that_nothing_couples_respond_as_each_by_itself(direction):
    """Bands of both cross exactly, everywhere: within the bounds of both, and closer on more k."""
    kinds = [acc.haldane(**GENERIC), acc.haldane(**OTHER)]
    wire = stacked(kinds, [0.0, 0.7], 2.0).wire(direction, 4, 1)
    levels = [0.9, 1.1, 1.4]
    for k, closest in ((301, 5e-6), (1001, 3e-9)):
        both = metal(wire, levels, k)
        for kind, rows in zip(kinds, layers(wire), strict=True):
            alone = metal(kind.ribbon(direction, 4), levels, k)
            difference = np.abs(both[0][:, rows] - alone[0]).max(axis=1)
            assert np.all(difference <= np.maximum(both[1] + alone[1], 1e-9))
            assert difference.max() < closest


def metal(system, levels, k):
    """Interband rows (level, row) and the bounds (level,) of their errors."""
    elements = acc.elements(system, acc.bands(system, k=k), definition="circulation")
    response = acc.response(elements, levels).sel(process="interband")
    return response.accumulation.values[:, 0], response.error.values[:, 0]


FLAKES = {
    "haldane": (acc.stacked_haldane(**GENERIC, tz=0.15), (1, 1), 4, 2, -0.2, 21),
    "chiral": (acc.stacked_haldane(**GENERIC, tz=0.15, strain=0.1), (2, 1), 3, 2, -0.2, 15),
    "antiferromagnet": (
        acc.layered_antiferromagnet(delta=1.2, spin_orbit=0.1), (1, 1), 3, 1, 0.0, 15,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAKES)
def test_net_of_a_wire_is_that_of_the_exact_flake(name):
    """Open along x too, r an ordinary matrix, Eq. 21 with exact eigenstates and the moment (x * v_y
    - y * v_x) / 2 as it stands: one cell more adds the wire's net circulation.
    """
    lattice, direction, width, height, level, length = FLAKES[name]
    wire = lattice.wire(direction, width, height)
    found = accumulated(wire, [level], k=101)[INTERBAND, 0].sum()
    short, long = (
        float(wire.chain(n).response(fermi_energy=level).net.sel(process="interband").squeeze())
        for n in (length, length + 1)
    )
    exact = (long - short) / wire.period
    assert abs(exact) > 4e-4
    assert found == pytest.approx(exact, abs=1e-7)
    same = lattice.flake(direction, width, 2, height)
    np.testing.assert_array_equal(same.hamiltonian(), wire.chain(2).hamiltonian())


def filled_to_empty(flake, level):
    """Net moment of exact states, Eq. 17 written out for pairs of a filled and an empty one.

    Re sum 2 <n|m|n'> <n'|x|n> / (e_n - e_n') with m = (x * v_y - y * v_x) / 2.
    """
    h, (x, y, _) = flake.hamiltonian(), flake.positions.T
    energy, states = np.linalg.eigh(h)
    v_x, v_y = 1j * h * (x - x[:, None]), 1j * h * (y - y[:, None])
    moment = 0.25 * (v_y * (x + x[:, None]) - v_x * (y + y[:, None]))
    filled, empty = states[:, energy < level], states[:, energy >= level]
    gap = energy[energy < level][:, None] - energy[energy >= level]
    elements = (filled.conj().T @ moment @ empty) * (filled.conj().T @ (x[:, None] * empty)).conj()
    return 2 * (elements.real / gap).sum()


def antiferromagnet_flakes():
    lattice, direction, width, height, level, _ = FLAKES["antiferromagnet"]
    return lattice.wire(direction, width, height), level


@pytest.mark.parametrize("length", [12, 20, 28])
def test_antiferromagnet_is_its_exact_flake_at_every_length(length):
    """It converges exponentially and stays: nothing wanders with the length."""
    wire, level = antiferromagnet_flakes()
    found = accumulated(wire, [level], k=101)[INTERBAND, 0].sum()
    short, long = (filled_to_empty(wire.chain(n), level) for n in (length, length + 1))
    assert found == pytest.approx((long - short) / wire.period, rel=1e-9)


@pytest.mark.parametrize("length", [14, 33])
def test_nearly_degenerate_levels_of_a_flake_cost_no_digits(length):
    """The ends break P T and split the wire's doublets, by 1e-7 in 33 cells.  Two filled states
    that close cancel in the response; summed one by one they bring rounding of 1e-16 / gap^2.
    """
    wire, level = antiferromagnet_flakes()
    flake = wire.chain(length)
    energy = np.linalg.eigvalsh(flake.hamiltonian())
    assert 1e-8 < np.diff(energy).min() < 1e-5
    found = flake.response(fermi_energy=level).net.sel(process="interband").squeeze()
    assert float(found) == pytest.approx(filled_to_empty(flake, level), abs=5e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("alternate", [False, True])
def test_bands_of_the_cut_crystal_agree_with_pythtb(direction, alternate):
    """The same three-dimensional lattice built by pythtb 1.8 and cut twice, to 1e-10."""
    pythtb = pytest.importorskip("pythtb")
    p = {"t2": 0.13, "phi": 0.9, "delta": 0.4}
    tz, spacing, width, height = 0.21, 0.8, 4, 2
    signs = (1, -1) if alternate else (1,)
    n = len(signs)
    model = pythtb.tb_model(
        3, 3,
        [[1, 0, 0], [0.5, np.sqrt(3) / 2, 0], [0, 0, n * spacing]],
        [[x, x, layer / n] for layer in range(n) for x in (0, 1 / 3)],
    )  # fmt: skip
    model.set_onsite([p["delta"], -p["delta"]] * n)
    for layer, sign in enumerate(signs):
        a, b = 2 * layer, 2 * layer + 1
        for cell in ([0, 0, 0], [-1, 0, 0], [0, -1, 0]):
            model.set_hop(-1.0, a, b, cell)
        turn = p["t2"] * np.exp(1j * sign * p["phi"])
        for cell in ([1, 0, 0], [-1, 1, 0], [0, -1, 0]):
            model.set_hop(turn, a, a, cell)
            model.set_hop(turn.conjugate(), b, b, cell)
    for site in (0, 1):
        if alternate:
            model.set_hop(-tz, site, site + 2, [0, 0, 0])
        model.set_hop(-tz, site + 2 * (n - 1), site, [0, 0, 1])
    second = {(1, 0): (0, 1), (1, 1): (0, 1), (2, 1): (1, 1)}[direction]
    supercell = model.make_supercell([[*direction, 0], [*second, 0], [0, 0, 1]])
    cut = supercell.cut_piece(width, 1).cut_piece(height, 2)
    lattice = acc.stacked_haldane(**p, tz=tz, spacing=spacing, alternate=alternate)
    wire = lattice.wire(direction, width, height)
    k = RNG.uniform(-np.pi, np.pi, 5)
    ours = np.linalg.eigvalsh(wire.hamiltonian(k / wire.period)[0])
    np.testing.assert_allclose(ours, cut.solve_all(k[:, None] / (2 * np.pi)).T, atol=1e-10)
    q = RNG.uniform(-3, 3, (4, 3))
    bands = np.linalg.eigvalsh(lattice.hamiltonian(q))
    fraction = q @ lattice.vectors.T / (2 * np.pi)
    np.testing.assert_allclose(bands, model.solve_all(fraction).T, atol=1e-10)


@pytest.mark.parametrize("gauge", ["atomic", "cell"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_hamiltonian_is_hermitian_and_slope_its_derivative(direction, gauge):
    """A third vector that leans over: the cut may not depend on where a cell begins."""
    lattice = acc.stacked_haldane(**OTHER, tz=0.3)
    lattice.vectors[2] = (0.31, 0.22, 0.9)
    wire = lattice.wire(direction, 3, 3)
    step = 1e-4
    h, slope = wire.hamiltonian(0.3 + step * np.array([0, 1, -1, 2, -2]), gauge)
    np.testing.assert_allclose(h, np.swapaxes(h, 1, 2).conj(), atol=1e-13)
    derivative = (8 * (h[1] - h[2]) - (h[3] - h[4])) / (12 * step)
    np.testing.assert_allclose(slope[0], derivative, atol=1e-9)
    y, z = wire.positions[:, 1], wire.positions[:, 2]
    assert np.all(np.diff(y) > -1e-9)
    assert np.all((np.diff(z) > -1e-9) | (np.diff(y) > 1e-9))
    assert y.max() == pytest.approx(-y.min())
    assert z.max() == pytest.approx(-z.min())
    # Energies do not know the place of the orbitals.
    upright = acc.stacked_haldane(**OTHER, tz=0.3).wire(direction, 3, 3)
    same = np.linalg.eigvalsh(upright.hamiltonian(0.3)[0])
    np.testing.assert_allclose(np.linalg.eigvalsh(h[0]), same, atol=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layers_of_opposite_flux_have_opposite_moments(direction):
    """T times z -> -z maps the alternating stack with an even number of layers onto itself and k to
    -k.  The moment is odd: interband opposite in a layer and its image, with no net; intraband,
    odd under T once more, equal.
    """
    lattice = acc.stacked_haldane(**GENERIC, tz=0.2, alternate=True, strain=0.2)
    wire = lattice.wire(direction, 4, 2)
    image = partners(wire, (1, 1, -1))
    energy = np.linalg.eigvalsh(wire.hamiltonian([0.4, -0.4])[0])
    np.testing.assert_allclose(energy[0], energy[1], atol=1e-12)
    h, reflected = wire.hamiltonian(0.4)[0], wire.hamiltonian(-0.4)[0]
    np.testing.assert_allclose(h, reflected.conj()[np.ix_(image, image)], atol=1e-13)
    found = accumulated(wire, [-0.15, 1.1])
    assert np.abs(found[INTERBAND]).max() > 1e-3
    np.testing.assert_allclose(found[INTERBAND], -found[INTERBAND][:, image], atol=1e-9)
    np.testing.assert_allclose(found[INTRABAND], found[INTRABAND][:, image], atol=1e-9)
    charge = accumulated(wire, [-0.15, 1.1], "charge", "site")
    np.testing.assert_allclose(charge[INTERBAND], charge[INTERBAND][:, image], atol=1e-9)
    np.testing.assert_allclose(charge[INTRABAND], -charge[INTRABAND][:, image], atol=1e-9)


@pytest.mark.parametrize(
    ("density", "direction"),
    [
        ("orbital_moment", (1, 1)),
        ("spin", (2, 1)),
        pytest.param("spin", (1, 1), marks=pytest.mark.exhaustive),
        pytest.param("orbital_moment", (2, 1), marks=pytest.mark.exhaustive),
    ],
)
def test_antiferromagnet_is_magnetoelectric(direction, density):
    """PT keeps k and pairs each row with its image under inversion, with the opposite moment; E is
    odd under P.  So interband (intrinsic) values are equal at both, with a net although no band has
    a moment; intraband ones, odd under T once more, are opposite and have no net.
    """
    wire = acc.layered_antiferromagnet().wire(direction, 4, 1)
    image = partners(wire, (-1, -1, -1), spin=-1)
    energy = np.linalg.eigvalsh(wire.hamiltonian(RNG.uniform(-1, 1, 4))[0])
    np.testing.assert_allclose(energy[:, ::2], energy[:, 1::2], atol=1e-12)
    definition = {"spin": "site", "orbital_moment": "circulation"}[density]
    found = accumulated(wire, [0.0, 0.9, 1.4], density, definition)
    np.testing.assert_allclose(found[INTERBAND], found[INTERBAND][:, image], atol=1e-8)
    np.testing.assert_allclose(found[INTRABAND], -found[INTRABAND][:, image], atol=1e-8)
    # Pairs of bands cross other pairs: nothing may depend on how a pair is written down.
    many = accumulated(wire, np.linspace(-1.5, 2.0, 12), density, definition)[INTERBAND]
    np.testing.assert_allclose(many, many[:, image], atol=1e-10 * np.abs(many).max())
    net = found.sum(axis=-1)
    assert np.abs(net[INTERBAND]).min() > 1e-3
    assert np.abs(net[INTRABAND]).max() < 1e-8
    # The staggered dissipative response of an antiferromagnet's metal is there.
    assert np.abs(found[INTRABAND][:, 1:]).max() > 1e-3


def test_intraband_part_of_paired_bands_by_brute_force():
    """An explicit step of the occupation on a very dense mesh, first-order accurate: the sum over
    both states of a pair at one k does not depend on how they are chosen.
    """
    wire = acc.layered_antiferromagnet().wire((1, 1), 2, 1)
    found = acc.elements(wire, acc.bands(wire, k=2000), "spin")
    level = np.median(found.energy[:, 10])  # half of a pair's states below it
    f = (found.energy.values < level).astype(float)
    step = np.roll(f, -1, axis=0) - f
    middle = 0.5 * (found.density.values + np.roll(found.density.values, -1, axis=0))
    brute = np.einsum("kn,knr->r", step, middle) / (2 * np.pi)
    exact = accumulated(wire, [level], "spin", "site")[INTRABAND, 0]
    assert np.abs(exact).max() > 0.005
    np.testing.assert_allclose(exact, brute, atol=4e-3 * np.abs(brute).max())


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (acc.kane_mele(spin_orbit=0.15).ribbon((2, 1), 16), 2),
        (
            acc.layered_antiferromagnet(
                delta=0.0, exchange=0.0, strain=0.0, spin_orbit=0.15, rashba=0.1, tz=0.05
            ).wire((2, 1), 14, 1),
            4,
        ),
    ],
    ids=["one layer", "two layers"],
)
def test_helical_states_are_counted_at_their_edge(system, expected):
    """One pair of counterpropagating states an edge and layer, degenerate with the other edge's."""
    bands = acc.bands(system, k=121)
    on_mesh = (bands.k.values, bands.energy.values, bands.velocity.values)
    found = fermi_points(system.bloch, *on_mesh, np.array([0.3]))
    assert edge_crossings(system.bloch, found, 1).tolist() == [[expected], [expected]]


def test_without_exchange_time_reversal_forbids_the_magnetoelectric_response():
    """The same wire at J = 0: interband spin of every site is gone, intraband spin allowed."""
    wire = acc.layered_antiferromagnet(exchange=0.0).wire((2, 1), 3, 1)
    # Even, so that no k is its own partner.
    found = accumulated(wire, [0.0, 0.9], "spin", "site", k=60) @ wire.sites.T
    assert np.abs(found[INTERBAND]).max() < 1e-9
    assert np.abs(found[INTRABAND]).max() > 1e-3


def test_zigzag_antiferromagnet_has_no_interband_part_without_strain():
    """T times x -> -x, local in k: s_z and m_z are even under it, x is odd."""
    lattice = acc.layered_antiferromagnet(strain=0.0)
    for density, definition in (("spin", "site"), ("orbital_moment", "circulation")):
        found = accumulated(lattice.wire((1, 0), 4, 1), [0.3, 0.9], density, definition)
        assert np.abs(found[INTERBAND]).max() < 1e-8
        strained = acc.layered_antiferromagnet().wire((1, 0), 4, 1)
        assert np.abs(accumulated(strained, [0.3], density, definition)[INTERBAND]).max() > 1e-3


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_charge_is_created(direction):
    """sum_mu P_mu = 1: the field moves electrons over the cross-section, the total stays."""
    lattices = {
        "haldane": acc.stacked_haldane(**OTHER, tz=0.2, alternate=True),
        "antiferromagnet": acc.layered_antiferromagnet(),
    }
    for lattice in lattices.values():
        found = accumulated(lattice.wire(direction, 3, 2), [-0.2, 1.1], "charge", "site", k=41)
        assert np.abs(found).max() > 1e-3
        assert np.abs(found.sum(axis=-1)).max() < 1e-10


def test_bulk_of_stacked_layers_is_known_exactly():
    """H = H_layer - 2 tz cos k_z: band edges move by 2 tz, direct gap and Chern number stay."""
    p, tz = {"t2": 0.1, "phi": 0.7, "delta": 0.1}, 0.05
    layer, crystal = bulk(acc.haldane(**p)), bulk(acc.stacked_haldane(**p, tz=tz))
    assert crystal.direct_gap == pytest.approx(layer.direct_gap, abs=1e-8)
    assert crystal.valence_top == pytest.approx(layer.valence_top + 2 * tz, abs=1e-8)
    assert crystal.conduction_bottom == pytest.approx(layer.conduction_bottom - 2 * tz, abs=1e-8)
    assert crystal.chern == layer.chern != 0
    assert bulk(acc.stacked_haldane(**p, tz=tz, alternate=True)).chern == 0


def test_even_and_odd_parts_are_those_of_each_layer():
    """y -> -y at the same height, which no reversal of all rows is."""
    wire = stacked([acc.haldane(**GENERIC), acc.haldane(**OTHER)], [0, 1], 2).wire((1, 1), 3, 1)
    found = acc.response(acc.elements(wire, acc.bands(wire, k=21)), [1.1])
    np.testing.assert_allclose(found.even + found.odd, found.accumulation, atol=1e-14)
    for rows in layers(wire):
        # Along an armchair edge both sublattices share y: each is compared with itself.
        for name in np.unique(wire.sublattice[rows]):
            even = found.even.values[..., [row for row in rows if wire.sublattice[row] == name]]
            np.testing.assert_allclose(even, even[..., ::-1], atol=1e-14)


def test_a_wire_comes_back_from_its_datasets():
    wire = acc.layered_antiferromagnet().wire((2, 1), 2, 2)
    again = restore(acc.model(wire))
    assert type(again) is acc.Wire
    np.testing.assert_array_equal(wire.hamiltonian(0.7)[0], again.hamiltonian(0.7)[0])


@pytest.mark.parametrize("profile", [True, False])
def test_a_point_of_a_grid_is_the_single_wire(profile):
    model = {"name": "stacked_haldane", **GENERIC, "alternate": True}
    geometry = {"kind": "wire", "direction": [1, 1], "width": 3, "height": 1}
    settings = {
        "k": 20, "density": "orbital_moment", "definition": ["circulation"], "gauge": ["atomic"],
        "profile": profile, "edge_depth": None, "fermi_energy": ["midgap", 1.1],
        "temperature": [0.0],
    }  # fmt: skip
    point = {"model": model, "geometry": geometry}
    elements = points.elements_point(point, settings)
    from accumulation.datasets.labels import label

    source = label(
        elements, "elements", {"density": "orbital_moment"},
        {"long_name": "", "units": "", "equation": ""},
        dict.fromkeys(("density", "polarizability"), ("definition", "gauge")),
    ).assign_coords(definition=["circulation"], gauge=["atomic"])  # fmt: skip
    found = points.response_point(point, settings, source)
    lattice = acc.stacked_haldane(**GENERIC, alternate=True)
    middle = bulk(lattice).midgap
    single = accumulated(lattice.wire((1, 1), 3, 1), [middle, 1.1], k=20)
    np.testing.assert_allclose(found["net"][0, 0, :, :, 0], single.sum(axis=-1), atol=1e-12)
    if profile:
        np.testing.assert_allclose(found["accumulation"][0, 0, :, :, 0], single, atol=1e-12)
        np.testing.assert_array_equal(np.unique(found["z"]), [-0.5, 0.5])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: acc.stacked_haldane().wire((1, 0), 3, -1), "height"),
        (lambda: acc.stacked_haldane().wire((1, 0), 3, 1.5), "height"),
        (lambda: acc.stacked_haldane().wire((1, 0), 0, 1), "width"),
        (lambda: acc.stacked_haldane().wire((2, 2), 3, 1), "direction"),
        (lambda: acc.stacked_haldane().ribbon((1, 0), 3), "a wire"),
        (lambda: acc.stacked_haldane().flake((1, 0), 3, 3), "a wire"),
        (lambda: acc.haldane().wire((1, 0), 3, 1), "a ribbon"),
        (lambda: acc.stacked_haldane().hop("A1", "B1", (0, 0), 1), "3 integers"),
        (lambda: acc.haldane().hop("A", "B", (0, 0, 1), 1), "2 integers"),
        (lambda: acc.stacked_haldane(spacing=0.0), "spacing"),
        (lambda: acc.Lattice([(1, 0, 0), (0, 1, 0), (1, 1, 0)], {"A": (0, 0)}), "independent"),
    ],
)
def test_impossible_wires_are_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_the_theory_of_wires_finds_the_flake_and_refuses_metals():
    """The check itself fails for another operator: `local` rows hold half of the net moment."""
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.8, strain=0.2).ribbon((1, 0), 3)
    found = wire.compute(ribbon, fermi_energy=-0.2, length=24)
    assert found["flake_residual"] < 1e-6
    elements = acc.elements(ribbon, acc.bands(ribbon, k=100), definition="local")
    half = acc.response(elements, -0.2).net.sel(process="interband").item()
    assert half == pytest.approx(found["flake_net"] / 2, rel=1e-5)
    with pytest.raises(UserError, match="fermi_energy"):
        wire.compute(ribbon, fermi_energy=1.5)
    with pytest.raises(UserError, match=r"geometry\.kind"):
        wire.compute(ribbon.chain(3))
    with pytest.raises(UserError, match="length"):
        wire.compute(ribbon, fermi_energy=-0.2, length=1)
