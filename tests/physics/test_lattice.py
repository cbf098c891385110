"""The lattice cut into ribbons: closed forms, another package, and the projected bulk."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError

RNG = np.random.default_rng(20)
DIRECTIONS = [(1, 0), (1, 1), (2, 1), (3, 1), (0, 1), (1, -1), (-1, 0), (2, -1), (5, 3)]


def random_haldane(strain=False):
    t2, phi, delta = RNG.uniform([0.02, -np.pi, -1], [0.2, np.pi, 1])
    return {"t2": t2, "phi": phi, "delta": delta, "strain": 0.3 * strain}


@pytest.mark.parametrize("trial", range(4))
def test_zigzag_hamiltonian_is_the_closed_form(trial):
    """Real, symmetric and pentadiagonal for every flux; elements derived by hand from S41."""
    p = random_haldane()
    t2, phi, delta, width = p["t2"], p["phi"], p["delta"], 5
    for k in RNG.uniform(-np.pi, np.pi, 3):
        h, slope = acc.haldane(**p).ribbon((1, 0), width).hamiltonian(k)
        expected = np.diag(np.tile([delta, -delta], width))
        expected += np.diag(np.tile(2 * t2 * np.cos([k + phi, k - phi]), width))
        first = np.tile([-2 * np.cos(k / 2), -1], width)[:-1]
        second = np.tile(2 * t2 * np.cos([k / 2 - phi, k / 2 + phi]), width)[:-2]
        for offset, values in ((1, first), (2, second)):
            expected += np.diag(values, offset) + np.diag(values, -offset)
        assert h.dtype == slope.dtype == float
        np.testing.assert_allclose(h, expected, atol=1e-13)


@pytest.mark.parametrize("gauge", ["atomic", "cell"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_hamiltonian_is_hermitian_and_slope_its_derivative(direction, gauge):
    ribbon = acc.haldane(**random_haldane(strain=True)).ribbon(direction, 4)
    step = 1e-4
    h, slope = ribbon.hamiltonian(0.3 + step * np.array([0, 1, -1, 2, -2]), gauge)
    np.testing.assert_allclose(h, np.swapaxes(h, 1, 2).conj(), atol=1e-13)
    derivative = (8 * (h[1] - h[2]) - (h[3] - h[4])) / (12 * step)
    np.testing.assert_allclose(slope[0], derivative, atol=1e-9)
    n, m = direction
    assert ribbon.period == pytest.approx(np.sqrt(n * n + n * m + m * m), abs=1e-12)
    assert np.all(np.diff(ribbon.positions[:, 1]) > -1e-9)


def bulk_bands(k, t2, phi, delta):
    """Eigenvalues of S42 with S43's first sign corrected: the trace of S42 is 2 t2 (a + b)."""
    s = np.sqrt(3)
    bonds = np.array([[0.5, 0.5 / s], [-0.5, 0.5 / s], [0, -1 / s]])
    turns = np.array([[1, 0], [-0.5, s / 2], [-0.5, -s / 2]])
    gamma = np.abs(np.exp(1j * k @ bonds.T).sum(-1))
    a, b = np.cos(k @ turns.T + phi).sum(-1), np.cos(k @ turns.T - phi).sum(-1)
    root = np.sqrt(gamma**2 + (delta + t2 * (a - b)) ** 2)
    return np.stack((t2 * (a + b) - root, t2 * (a + b) + root), axis=-1)


@pytest.mark.parametrize("trial", range(4))
def test_bulk_bands_are_the_corrected_s43(trial):
    p = random_haldane()
    k = RNG.uniform(-7, 7, (50, 2))
    found = np.linalg.eigvalsh(acc.haldane(**p).hamiltonian(k))
    np.testing.assert_allclose(found, bulk_bands(k, p["t2"], p["phi"], p["delta"]), atol=1e-12)


@pytest.mark.parametrize("direction", [(1, 0), (1, 1), (2, 1)])
def test_wide_ribbon_bands_lie_in_the_projected_bulk_but_for_edge_states(direction):
    """All bands except the one at each edge per valley lie in the bulk continuum at that k."""
    p = {"t2": 0.1, "phi": 0.7, "delta": 0.3}
    ribbon = acc.haldane(**p).ribbon(direction, 30)
    n, m = direction
    along = np.array([n + 0.5 * m, np.sqrt(3) / 2 * m]) / ribbon.period
    across = np.array([-along[1], along[0]])
    for k in (0.2, 0.9):
        q = np.linspace(0, 60 * np.pi, 60001)
        continuum = bulk_bands(k * along + q[:, None] * across, **p)
        energy = np.linalg.eigvalsh(ribbon.hamiltonian(k)[0])
        low, high = continuum.min(0) - 1e-6, continuum.max(0) + 1e-6
        inside = np.any((energy[:, None] > low) & (energy[:, None] < high), axis=1)
        assert np.count_nonzero(~inside) <= 4


@pytest.mark.parametrize("direction", [(1, 0), (1, 1), (2, 1)])
def test_ribbon_bands_agree_with_pythtb(direction):
    """The same lattice built and cut by pythtb 1.8, energies at random k to 1e-10."""
    pythtb = pytest.importorskip("pythtb")
    p = {"t2": 0.13, "phi": 0.9, "delta": 0.4}
    width = 6
    model = pythtb.tb_model(2, 2, [[1, 0], [0.5, np.sqrt(3) / 2]], [[0, 0], [1 / 3, 1 / 3]])
    model.set_onsite([p["delta"], -p["delta"]])
    for cell in ([0, 0], [-1, 0], [0, -1]):
        model.set_hop(-1.0, 0, 1, cell)
    turn = p["t2"] * np.exp(1j * p["phi"])
    for cell in ([1, 0], [-1, 1], [0, -1]):
        model.set_hop(turn, 0, 0, cell)
        model.set_hop(turn.conjugate(), 1, 1, cell)
    second = {(1, 0): (0, 1), (1, 1): (0, 1), (2, 1): (1, 1)}[direction]
    cut = model.make_supercell([list(direction), list(second)]).cut_piece(width, 1)
    ribbon = acc.haldane(**p).ribbon(direction, width)
    k = RNG.uniform(-np.pi, np.pi, 7)
    ours = np.linalg.eigvalsh(ribbon.hamiltonian(k / ribbon.period)[0])
    theirs = cut.solve_all(k[:, None] / (2 * np.pi)).T
    np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_moving_the_strained_bond_changes_the_bands_by_symmetry_only():
    """Mirror x -> -x exchanges delta1 and delta2 and reverses the flux: energies at k and -k."""
    p = {"t2": 0.1, "phi": 0.7, "delta": 0.3}
    lattice, mirrored = acc.haldane(**p, strain=0.3), acc.haldane(**p | {"phi": -0.7})
    to, origin, _, _ = mirrored.hoppings[1]
    mirrored.hoppings[1] = (to, origin, (-1, 0), -1.3 + 0j)
    k = np.linspace(0.1, 3, 5)
    one = np.linalg.eigvalsh(lattice.ribbon((1, 0), 5).hamiltonian(k)[0])
    other = np.linalg.eigvalsh(mirrored.ribbon((1, 0), 5).hamiltonian(-k)[0])
    np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: acc.haldane().ribbon((2, 4), 5), "direction"),
        (lambda: acc.haldane().ribbon((0, 0), 5), "direction"),
        (lambda: acc.haldane().ribbon((1, 0), 0), "width"),
        (lambda: acc.haldane().ribbon((1, 0), 2.5), "width"),
        (lambda: acc.haldane().flake((1, 0), 3, 0), "length"),
        (lambda: acc.haldane().ribbon().hamiltonian(0.1, "bloch"), "gauge"),
        (lambda: acc.bands(acc.haldane().ribbon((1, 0), 3), k=3), "k"),
        (lambda: acc.haldane().hop("A", "C", (0, 0), 1), "orbital"),
        (lambda: acc.haldane().hop("A", "A", (0, 0), 1), "hopping"),
    ],
)
def test_impossible_geometry_is_named(call, key):
    with pytest.raises(UserError, match=key):
        call()


def test_trimmed_edges_of_a_honeycomb():
    """Nakada et al. (1996), Klein (1994): a zigzag edge state lies at |k| > 2 pi / 3, a bearded one
    at |k| < 2 pi / 3, and with one edge of each the flat band covers the whole zone.
    """
    lattice = acc.haldane(t2=0.0)
    zero = {}
    for trim in ((0, 0), (1, 1), (1, 0)):
        ribbon = lattice.ribbon((1, 0), 30, trim=trim)
        k = np.array([0.2, 2.9])
        zero[trim] = (np.abs(np.linalg.eigvalsh(ribbon.hamiltonian(k)[0])) < 1e-6).sum(axis=1)
    assert zero[0, 0].tolist() == [0, 2]
    assert zero[1, 1].tolist() == [2, 0]
    assert zero[1, 0].tolist() == [1, 1]


def test_trimming_a_ribbon_is_deleting_its_rows():
    lattice = acc.haldane(t2=0.1, phi=0.4, delta=0.3)
    whole, part = lattice.ribbon((1, 1), 4), lattice.ribbon((1, 1), 4, trim=(1, 2))
    y = np.unique(whole.positions[:, 1].round(9))
    rows = np.isin(whole.positions[:, 1].round(9), y[1:-2])
    k = np.array([0.3, 1.0])
    expected = whole.hamiltonian(k)[0][:, rows][:, :, rows]
    np.testing.assert_allclose(part.hamiltonian(k)[0], expected, atol=1e-14)
    with pytest.raises(UserError, match="trim"):
        lattice.ribbon((1, 0), 2, trim=(3, 1))
