"""Symmetries and conserved quantities found by the program, and the rules that follow."""

import dataclasses

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.errors import UserError
from accumulation.symmetry.conserved import averaged, conserved_quantity
from accumulation.symmetry.operations import symmetries
from accumulation.symmetry.symmetry_rules import Symmetries, operator_residual
from accumulation.theory import selection_rules

PHI, HALF = 1.2, np.pi / 2
EDGES = {"zigzag": ((1, 0), 4), "armchair": ((1, 1), 5), "chiral": ((2, 1), 6)}


def names(lattice, edge, width=None):
    direction, cells = EDGES[edge]
    return {g.name for g in symmetries(lattice.ribbon(direction, width or cells))}


def random_lattice(rng, real=True, symmetric=None):
    """Three orbitals at random places of a random cell, random hoppings to near cells."""
    places = {name: tuple(rng.uniform(0, 1, 2)) for name in "ABC"}
    lattice = acc.Lattice(
        [(1.0, 0.0), tuple(rng.uniform(0.3, 1.2, 2))],
        places,
        {name: rng.normal() for name in places},
    )
    for to in places:
        for origin in places:
            for cell in ((1, 0), (0, 1), (1, 1), (0, 0)):
                if cell != (0, 0) or to < origin:
                    t = rng.normal() + (0 if real else 1j * rng.normal())
                    lattice.hop(to, origin, cell, t)
    return lattice


# Known by hand.  T takes phi to -phi, C2 exchanges A and B (hence delta -> -delta), a mirror that
# keeps the sublattices (Mx of zigzag, My of armchair edges) takes phi to -phi as well, the other
# one does both; the sublattice sign S reverses all first-neighbour hops.
KNOWN = [
    ({"delta": 0.5}, "zigzag", {"1", "T", "Mx", "T Mx", "S My", "S T My", "S C2", "S T C2"}),
    ({"delta": 0.5}, "chiral", {"1", "T", "S C2", "S T C2"}),
    ({"t2": 0.1, "delta": 0.5}, "armchair", {"1", "T", "My", "T My"}),
    ({"t2": 0.1, "phi": PHI, "delta": 0.5}, "zigzag", {"1", "T Mx"}),
    ({"t2": 0.1, "phi": PHI, "delta": 0.5}, "armchair", {"1", "T My"}),
    ({"t2": 0.1, "phi": PHI, "delta": 0.5}, "chiral", {"1"}),
    ({"t2": 0.1, "phi": PHI}, "zigzag", {"1", "C2", "T Mx", "T My"}),
    ({"t2": 0.1, "phi": PHI}, "chiral", {"1", "C2"}),
    ({"t2": 0.1, "phi": HALF, "delta": 0.5}, "zigzag", {"1", "T Mx", "S My", "S T C2"}),
    ({"t2": 0.1, "phi": HALF, "delta": 0.5}, "chiral", {"1", "S T C2"}),
    ({"t2": 0.1, "phi": PHI, "delta": 0.5, "strain": 0.2}, "zigzag", {"1"}),
]


@pytest.mark.parametrize(("model", "edge", "known"), KNOWN)
def test_symmetries_known_by_hand_are_found_and_no_others(model, edge, known):
    assert names(acc.haldane(**model), edge) == known


def test_kane_mele_with_rashba_keeps_time_reversal_and_one_mirror():
    """T = i s_y K and the mirror flip s_z (an axial vector)."""
    lattice = acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.3)
    assert names(lattice, "zigzag") == {"1", "T F", "Mx F", "T Mx"}
    assert names(lattice, "armchair") == {"1", "T F", "My F", "T My"}
    assert names(lattice, "chiral") == {"1", "T F"}


@pytest.mark.parametrize("seed", range(4))
def test_random_hoppings_have_the_identity_or_time_reversal_only(seed):
    rng = np.random.default_rng(seed)
    ribbon = random_lattice(rng, real=False).ribbon((1, 0), 2)
    assert [g.name for g in symmetries(ribbon)] == ["1"]
    ribbon = random_lattice(rng, real=True).ribbon((2, 1), 2)
    assert {g.name for g in symmetries(ribbon)} == {"1", "T"}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(
    "lattice",
    [
        acc.haldane(delta=0.5),
        acc.haldane(t2=0.1, phi=HALF, delta=0.2),
        acc.haldane(t2=0.1, phi=PHI),
        acc.kane_mele(spin_orbit=0.1),
        acc.kane_mele(spin_orbit=0.1, rashba=0.2),
    ],
)
def test_operators_turn_the_matrices_as_they_say_and_form_a_group(lattice, edge):
    """U H(k) U+ = +-H(k') or its conjugate with U written out; products are found as well."""
    ribbon = lattice.ribbon(*EDGES[edge])
    found = symmetries(ribbon)
    for g in found:
        u = np.zeros((ribbon.bloch.size,) * 2, dtype=complex)
        u[g.target, np.arange(len(u))] = g.phase
        for k in (0.37, -2.1):
            h = ribbon.hamiltonian(k)[0]
            h = h.conj() if g.antiunitary else h
            there = g.x * ((-k if g.antiunitary else k) + g.wave_vector)
            expected = g.energy * ribbon.hamiltonian(there)[0]
            np.testing.assert_allclose(u @ h @ u.conj().T, expected, atol=1e-13)
    known = {(g.x, g.y, g.antiunitary, g.energy, g.flips_spin) for g in found}
    for a in found:
        for b in found:
            product = (a.x * b.x, a.y * b.y, a.antiunitary ^ b.antiunitary)
            assert (*product, a.energy * b.energy, a.flips_spin ^ b.flips_spin) in known


@pytest.mark.parametrize("seed", range(3))
def test_a_change_of_gauge_changes_no_symmetry(seed):
    """Random phases of the sites, and a uniform vector potential along the ribbon."""
    rng = np.random.default_rng(seed)
    ribbon = acc.haldane(t2=0.1, phi=PHI, delta=0.5).ribbon((1, 0), 4)
    hops = ribbon.hops
    phase = np.exp(2j * np.pi * rng.uniform(size=ribbon.bloch.size))
    turned = hops.amplitude * phase[hops.row] * phase[hops.column].conj()
    turned = turned * np.exp(1j * rng.uniform(0, 2 * np.pi) * hops.cell)
    other = dataclasses.replace(ribbon, hops=dataclasses.replace(hops, amplitude=turned))
    found = Symmetries(other)
    assert {g.name for g in found.operations} == {"1", "T Mx"}
    assert operator_residual(other, found) < 1e-13


def test_a_translation_may_shift_k():
    """A chain with one site a cell: (-1)^cell takes 2 t cos k to -2 t cos k at k + pi."""
    chain = acc.Lattice([(1.0, 0.0), (0.0, 1.0)], {"A": (0.0, 0.0)})
    chain.hop("A", "A", (1, 0), -1.0)
    found = {g.name: g for g in symmetries(chain.ribbon((1, 0), 1))}
    assert abs(found["S"].wave_vector) == pytest.approx(np.pi)
    assert found["1"].wave_vector == 0


@pytest.mark.parametrize(
    ("definition", "odd"), [("circulation", True), ("local", True), ("band", True)]
)
def test_parities_of_the_moment_are_found_as_known(definition, odd):
    """m_z is odd under T and under both mirrors, even under C2, however its rows are defined."""
    ribbon = acc.haldane().ribbon((1, 0), 4)
    found = Symmetries(ribbon)
    kernel = plugins.load("densities", "orbital_moment").kernel
    for rule in found.rules(kernel, definition, 0.3)["interband"]:
        g = rule.operation
        parity = g.x * g.y * g.conjugation
        assert rule.sign == parity * g.x, g.name


@pytest.mark.parametrize("seed", range(4))
def test_no_dissipation_no_accumulation_in_random_models(seed):
    """Real random hoppings: the odd density has no interband response, and no other rule holds."""
    lattice = random_lattice(np.random.default_rng(seed))
    ribbon = lattice.ribbon((1, 0), 4)
    kernel = plugins.load("densities", "orbital_moment").kernel
    spaces = Symmetries(ribbon).allowed_profiles(kernel, "circulation", 0.1)
    assert spaces["interband"].shape[1] == 0
    assert spaces["intraband"].shape[1] == len(ribbon.sites)
    profiles, _, rounding, *_ = selection_rules.responses(
        ribbon, "orbital_moment", "circulation", np.array([0.1]), "atomic", 60
    )
    assert np.abs(profiles[1] / rounding[1]).max() < 1e-12
    broken = random_lattice(np.random.default_rng(seed), real=False).ribbon((1, 0), 4)
    profiles, scales, *_ = selection_rules.responses(
        broken, "orbital_moment", "circulation", np.array([0.1]), "atomic", 60
    )
    assert np.abs(profiles[1] / scales[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("model", "edge"),
    [
        ({"t2": 0.12, "phi": PHI, "delta": 0.4}, "armchair"),
        ({"t2": 0.12, "phi": PHI}, "armchair"),
        ({"t2": 0.12, "phi": PHI}, "chiral"),
    ],
)
def test_responses_span_all_that_is_allowed(model, edge):
    """Not only may every allowed profile occur: over Fermi energies and temperatures all do."""
    ribbon = acc.haldane(**model).ribbon(*EDGES[edge])
    levels = np.linspace(-2.7, 2.7, 30)
    for density in ("charge", "orbital_moment"):
        module = plugins.load("densities", density)
        definition = module.DEFINITIONS["ribbon"][0]
        spaces = Symmetries(ribbon).allowed_profiles(module.kernel, definition, levels[3])
        profiles = selection_rules.responses(ribbon, density, definition, levels, "atomic", 100)[0]
        for found, process in zip(profiles, ("intraband", "interband"), strict=True):
            values = np.linalg.svd(found, compute_uv=False)
            rank = int(np.sum(values > 1e-7 * values[0])) if values[0] > 1e-10 else 0
            assert rank == spaces[process].shape[1], (density, process)


def test_conserved_spin_is_found_without_rashba_only():
    kernel = plugins.load("densities", "spin").kernel
    for rashba, kept in ((0.0, True), (0.1, False)):
        ribbon = acc.kane_mele(spin_orbit=0.1, rashba=rashba, delta=0.2).ribbon((2, 1), 4)
        assert Symmetries(ribbon).conserves(kernel, "site") is kept


def test_armchair_modes_are_conserved():
    """First neighbours only: sin(p j) on both sublattices, a 2 x 2 matrix for every p."""
    width = 6
    for t2, modes in ((0.0, width), (0.1, 1)):
        ribbon = acc.haldane(t2=t2, delta=0.5).ribbon((1, 1), width)
        k = np.array([0.3, 1.1, -0.8])
        h, v = ribbon.bloch.hamiltonian(k), ribbon.bloch.velocity(k)
        quantity = conserved_quantity(h, v)
        assert np.abs(quantity @ h - h @ quantity).max() < 1e-10
        values = np.linalg.eigvalsh(quantity)
        # t2 leaves My, that is one quantity with two values
        assert len(np.unique(np.round(values, 6))) == (modes if t2 == 0 else 2)
        np.testing.assert_allclose(averaged(quantity, h), h, atol=1e-10)


@pytest.mark.parametrize("gauge", ["atomic", "cell"])
def test_found_exactly_where_allowed(gauge):
    """In the gauge of the cell fewer operations say something, and more is found: as allowed."""
    found = selection_rules.compute(
        acc.haldane(t2=0.12, phi=PHI, delta=0.1), widths=(5, 5, 7), gauge=gauge, k=80
    )
    assert found["forbidden_residual"].max() < 1e-11
    assert np.nanmin(found["smallest_allowed"]) > 1e-5
    interband = found["allowed"][0, :, 1:, 1]  # zigzag edge, the moment's definitions
    assert interband.any() == (gauge == "cell")


def test_filled_and_empty_states_exchange_at_half_flux():
    """phi = pi / 2, E_F = 0: S T C2 makes the interband moment of a chiral ribbon odd, net zero."""
    lattice = acc.haldane(t2=0.12, phi=HALF, delta=0.8)
    found = selection_rules.compute(
        lattice, ("2 1",), (7,), ("orbital_moment",), (0.0, 0.05, 1.37), k=80
    )
    even, odd, net = np.moveaxis(found["allowed"][0, :, :, 1], -1, 0)
    # 0.05 is in the same gap as 0, 1.37 is in a band.
    assert not even[:2].any()
    assert not net[:2].any()
    assert odd.all()
    assert even[2].all()
    assert net[2].all()
    assert found["forbidden_residual"].max() < 1e-11
    assert np.nanmin(found["smallest_allowed"]) > 1e-6


def test_faults_are_named():
    with pytest.raises(UserError, match="widths"):
        selection_rules.compute(acc.haldane(), widths=(3,))
    with pytest.raises(UserError, match="directions"):
        selection_rules.compute(acc.haldane(), directions=("up",), widths=(3,))


@pytest.mark.parametrize("gauge", ["atomic", "cell"])
@pytest.mark.parametrize("phi", [0.0, HALF, PHI])
@pytest.mark.parametrize("width", [2, 4, 5, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_found_exactly_where_allowed_at_special_fluxes(gauge, phi, width):
    """Real hops, half flux and two cells across have operations that permute no sites."""
    found = selection_rules.compute(
        acc.haldane(t2=0.12, phi=phi, delta=0.1),
        widths=(width,) * 3, fermi_energy=(1.137, 0.0, 9.0), gauge=gauge, k=60,
    )  # fmt: skip
    assert found["forbidden_residual"].max() < 1e-10
    assert np.nanmin(found["smallest_allowed"]) > 1e-6
    assert not found["allowed"][:, 2].any()  # every state is filled


@pytest.mark.parametrize("width", [4, 5])
def test_operations_of_armchair_ribbons_that_mix_the_sublattices(width):
    """H = D s_z + b0.s + b1.s N + rows: a plane of s is kept by K at phi = 0, one axis by H^2 at
    phi = pi / 2, for any k and potential.  Both written out, as neither permutes sites.
    """
    k = 0.83
    for phi, kept in ((0.0, "antiunitary"), (HALF, "square"), (PHI, None)):
        ribbon = acc.haldane(t2=0.12, phi=phi, delta=0.3).ribbon((1, 1), width)
        on_a = ribbon.sublattice == "A"
        order = np.concatenate((np.flatnonzero(on_a), np.flatnonzero(~on_a)))
        h = ribbon.hamiltonian(k)[0][np.ix_(order, order)]
        # Bonds from A to B along one row, and to the next one: two vectors in the plane of s.
        within, beside = h[0, width], h[0, width + 1]
        turn = np.exp(1j * np.angle(beside))
        axis = np.kron([[0, -1j * turn], [1j * turn.conj(), 0]], np.eye(width))
        square = h @ h
        commutes = np.abs(axis @ square - square @ axis).max() < 1e-12
        assert commutes == (kept == "square")
        # The plane that holds s_z D + b0.s and b1.s: its normal, a reflection through it and K.
        normal = np.cross([within.real, -within.imag, 0.3], [beside.real, -beside.imag, 0.0])
        x, y, z = normal / np.linalg.norm(normal)
        flip = np.array([[z, x - 1j * y], [x + 1j * y, -z]]) @ np.array([[0, -1j], [1j, 0]])
        theta = np.kron(flip, np.eye(width))
        same = np.abs(theta @ h.conj() @ theta.conj().T - h).max() < 1e-12
        assert same == (kept == "antiunitary")


@pytest.mark.parametrize(("phi", "relation"), [(0.0, "zero"), (HALF, "even"), (PHI, None)])
def test_net_moments_in_the_gauge_of_the_cell_of_even_armchair_ribbons(phi, relation):
    """Why their net intraband part vanishes: states have none, or those at k and -k cancel."""
    ribbon = acc.haldane(t2=0.12, phi=phi, delta=0.1).ribbon((1, 1), 6)
    moment = acc.elements(ribbon, acc.bands(ribbon, k=30), gauge="cell").moment.values
    assert (np.abs(moment).max() < 1e-12) == (relation == "zero")
    odd = np.abs(moment - moment[::-1]).max()
    assert (odd < 1e-12) == (relation is not None)
