"""Responses from blocks of resolvents against sums over all eigenstates written in plain numpy."""

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.densities import charge
from accumulation.errors import UserError
from accumulation.lattice.row_blocks import BlockMatrices, block_starts
from accumulation.responses import banded_interband, banded_response, banded_window
from accumulation.responses.edges import edge_crossings
from accumulation.responses.solvers import cheaper
from accumulation.responses.zone_quadrature import zone_integral
from accumulation.states.banded_fermi_points import banded_fermi_points
from accumulation.states.banded_mirror import halved
from accumulation.states.banded_system import BandedSystem
from accumulation.states.eigenpairs import solve
from accumulation.states.eigenstates import Kernel
from accumulation.states.fermi_points import fermi_points
from accumulation.states.level_counts import gap_around, levels_below
from accumulation.states.near_states import LocalMatrix, states_near
from accumulation.states.selected_inversion import commutator_blocks
from accumulation.states.step_contour import convergence, imaginary_points, points_needed

HALDANE = {"t2": 0.1, "phi": 0.7, "delta": 0.8}
SYSTEMS = {
    "zigzag strained": lambda w: acc.haldane(**HALDANE, strain=0.2).ribbon((1, 0), width=w),
    "armchair": lambda w: acc.haldane(**HALDANE).ribbon((1, 1), width=w),
    "chiral": lambda w: acc.haldane(**HALDANE).ribbon((2, 1), width=w),
    "topological": lambda w: acc.haldane(t2=0.1, phi=np.pi / 2, delta=0.1).ribbon((2, 1), width=w),
    "small gap": lambda w: acc.haldane(t2=0.0, delta=0.01).ribbon((2, 1), width=w),
    "kane_mele": lambda w: acc.kane_mele().ribbon((1, 1), width=w),
    "tmd": lambda w: acc.tmd_three_band().ribbon((2, 1), width=w),
}
DENSITIES = {"kane_mele": ("spin", "site"), "tmd": ("orbital_angular_momentum", "site")}


def banded(system, density, definition, gauge="atomic"):
    return BandedSystem(system, plugins.load("densities", density).kernel, [definition], gauge)


def kubo(system, density, definition, k, level, temperature=0.0, gauge="atomic"):
    """Intraband and interband rows (k, 2, row) at each k, by a double sum over eigenstates."""
    local = banded(system, density, definition, gauge).matrices
    h, v = system.bloch.hamiltonian(k), system.bloch.velocity(k, gauge)
    slope = system.bloch.velocity(k)
    kernel = np.zeros(h.shape, dtype=complex)
    kernel[:, local.row, local.column] = local.values(f"kernel {definition}", k)
    rows = np.zeros((len(k), 2, h.shape[-1]))
    for i in range(len(k)):
        e, u = np.linalg.eigh(h[i])
        x = (e - level) / (2 * temperature) if temperature else np.sign(e - level) * 400
        f = 0.5 * (1 - np.tanh(x))
        element = u.conj().T @ v[i] @ u
        gap = e[:, None] - e
        far = np.abs(gap) > 1e-9
        over = np.where(far, 1 / np.where(far, gap, 1.0), 0.0)
        rho = u @ (-1j * element * (f[:, None] - f) * over**2) @ u.conj().T
        rows[i, 1] = np.diag(kernel[i] @ rho).real
        if temperature:
            speed = np.diag(u.conj().T @ slope[i] @ u).real
            change = -speed / (4 * temperature * np.cosh(np.clip(x, -300, 300)) ** 2)
            rows[i, 0] = np.diag(kernel[i] @ (u * change) @ u.conj().T).real
    return rows


@pytest.mark.parametrize(("gap", "width"), [(0.5, 3.0), (0.01, 5.0), (1e-5, 5.0)])
def test_step_function_of_the_contour(gap, width):
    """theta(-x) = 1/2 - (1/pi) int x / (x^2 + y^2) dy, and the rate at which points converge."""
    count = points_needed(gap, width)
    x = np.concatenate([np.geomspace(gap, width, 99), -np.geomspace(gap, width, 99)])
    errors = []
    for points in (count, count // 3):
        y, weight = imaginary_points(np.array([gap]), np.array([width]), points)
        step = 0.5 - (x[:, None] / (x[:, None] ** 2 + y**2) * weight).sum(axis=1) / np.pi
        errors.append(np.abs(step - (x < 0)).max())
    assert errors[0] < 1e-11
    factor = convergence(np.array([gap]), np.array([width]), count // 3)[0]
    assert 0.1 * factor < errors[1] < 10 * factor


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_blocks_of_the_commutator_against_a_dense_inverse(size):
    rng = np.random.default_rng(size)
    blocks, k, points = 5, 3, 2

    def random(count):
        parts = rng.normal(size=(2, count, size, size, k))
        return parts[0] + 1j * parts[1]

    def full(diagonal, above, i):
        matrix = np.zeros((blocks, size, blocks, size), dtype=complex)
        for n in range(blocks):
            matrix[n, :, n] = diagonal[n, ..., i]
        for n in range(blocks - 1):
            matrix[n, :, n + 1] = above[n, ..., i]
            matrix[n + 1, :, n] = above[n, ..., i].conj().T
        return matrix.reshape(blocks * size, -1)

    pairs = []
    for _ in range(2):
        diagonal = random(blocks)
        pairs.append((diagonal + np.swapaxes(diagonal, 1, 2).conj(), random(blocks - 1)))
    z = rng.normal(size=(k, points)) + 1j * rng.uniform(0.3, 1, size=(k, points))
    weights = np.stack([np.eye(points)[p] * np.ones((k, 1)) for p in range(points)])
    diagonal, above = commutator_blocks(*pairs, z, weights, beside=True)
    for i in range(k):
        h, v = (full(*pair, i) for pair in pairs)
        for p in range(points):
            g = np.linalg.inv(z[i, p] * np.eye(len(h)) - h)
            f = g @ g @ v @ g - g @ v @ g @ g
            f = (f - f.conj().T).reshape(blocks, size, blocks, size)
            for n in range(blocks):
                np.testing.assert_allclose(diagonal[n, p, ..., i], f[n, :, n], atol=1e-10)
            for n in range(blocks - 1):
                np.testing.assert_allclose(above[n, p, ..., i], f[n, :, n + 1], atol=1e-10)


@pytest.mark.parametrize("seed", range(6))
def test_partitions_join_neighbouring_blocks_only(seed):
    rng = np.random.default_rng(seed)
    size, reach = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    row = rng.integers(0, size, 60)
    column = np.clip(row + rng.integers(-reach, reach + 1, 60), 0, size - 1)
    starts = block_starts(size, row, column)
    assert starts[[0, -1]].tolist() == [0, size]
    assert np.all(np.diff(starts) > 0)
    block = np.searchsorted(starts, np.arange(size), side="right") - 1
    assert np.abs(block[row] - block[column]).max() <= 1


@pytest.mark.parametrize("name", SYSTEMS)
def test_counts_of_levels_are_those_of_the_spectrum(name):
    """Also at energies of symmetric parts of the system, where pivots vanish."""
    system = SYSTEMS[name](6)
    local = banded(system, "charge", "site")
    k = np.linspace(-2, 3, 7) / system.period
    levels = np.linalg.eigvalsh(system.bloch.hamiltonian(k))
    energies = np.array([-5.0, -1.0, 0.0, 0.1, 1.0, 2.0, 1e3]) * np.ones((7, 1))
    counts = levels_below(local.blocks("hamiltonian", k), energies, local.scale)
    sure = np.abs(levels[:, None, :] - energies[:, :, None]).min(axis=-1) > 1e-6
    expected = (levels[:, None, :] < energies[:, :, None]).sum(axis=-1)
    np.testing.assert_array_equal(counts[sure], expected[sure])
    number, below, above = gap_around(
        local.blocks("hamiltonian", k), np.full(7, 0.123), local.scale
    )
    for i in range(7):
        lower, upper = levels[i][levels[i] < 0.123], levels[i][levels[i] >= 0.123]
        assert number[i] == len(lower)
        for free, distance in ((below, 0.123 - lower), (above, upper - 0.123)):
            if len(distance):
                nearest = distance.min()
                assert free[i] <= nearest * (1 + 1e-6) + 1e-7
                assert free[i] > 0.49 * nearest - 1e-7


# Edge states of a chiral ribbon cross at this k, but for a gap that falls with the width.
CROSSING = 1.17174504551


def crossing_edges(width):
    return acc.haldane(t2=0.3, phi=np.pi / 2, delta=0.1).ribbon((2, 1), width=width)


def interband_at_the_crossing(system):
    given = {"density": "orbital_moment", "definition": ["circulation"], "k": 101}
    found = acc.accumulate(
        system, fermi_energy=[0.0], temperature=[0.0], solver="selected_inversion", **given
    )
    return found.sel(process="interband")


def test_counts_next_to_levels_of_edge_states_of_a_wide_ribbon():
    """Rounding of pivots grows there from block to block: without their symmetry, by 20 levels."""
    system = crossing_edges(100)
    local = banded(system, "charge", "site")
    k = CROSSING + np.array([0.0, 1e-6, 1e-4, -1e-5])
    levels = np.linalg.eigvalsh(system.bloch.hamiltonian(k))
    beside = 10.0 ** -np.arange(2, 8)
    energies = levels[:, [99]] + np.concatenate((-beside, beside))
    expected = (levels[:, None, :] < energies[:, :, None]).sum(axis=-1)
    sure = np.abs(levels[:, None, :] - energies[:, :, None]).min(axis=-1) > 5e-8
    assert sure.mean() > 0.9
    counts = local.levels_below(k, energies)
    np.testing.assert_array_equal(counts[sure], expected[sure])


@pytest.mark.parametrize("width", [40, 100])
def test_rows_next_to_a_crossing_of_edge_states(width):
    """Levels e on both sides of E leave a contour terms of 1 / e^3 that cancel: e from 1e-4 on."""
    system = crossing_edges(width)
    kernel = plugins.load("densities", "orbital_moment").kernel
    line = banded_response._BandedLine(system, kernel, ["circulation"], "atomic", 8, 1)
    beside = 10.0 ** -np.arange(1, 5)
    k = CROSSING + np.concatenate((-beside, beside))
    expected = kubo(system, "orbital_moment", "circulation", k, 0.0)[:, 1]
    found = line.filled(k, 0.0)[:, 0]
    largest = np.abs(expected).max(axis=1)
    assert np.all(np.abs(found[:, :-1] - expected).max(axis=1) < 1e-8 * largest)
    assert np.all(found[:, -1] < 1e-6 * largest)


@pytest.mark.exhaustive  # the rows at each k next to it are checked above
def test_response_at_the_crossing_of_edge_states_as_an_integral_over_both_sides():
    """Filled bands to the left and to the right of the crossing, by Gauss rules on panels."""
    system = crossing_edges(100)
    ends = np.pi / system.period * 0.25 ** np.arange(10)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    expected = np.zeros(200)
    for inner, outer in zip([*ends[1:], 0.0], ends, strict=True):
        half = 0.5 * (outer - inner)
        at = inner + half * (1 + nodes)
        for side in (-1, 1):
            rows = kubo(system, "orbital_moment", "circulation", CROSSING + side * at, 0.0)[:, 1]
            expected += half * weights @ rows / (2 * np.pi)
    found = interband_at_the_crossing(system)
    assert not found.status.any()
    difference = np.abs(found.accumulation.values.ravel() - expected).max()
    assert difference < 1e-6 * np.abs(expected).max()


def test_a_gap_too_small_to_count_levels_in_is_said():
    """Its contribution does not fall with the gap: at this width 1e-9."""
    found = interband_at_the_crossing(crossing_edges(70))
    assert np.isinf(found.error.values).all()
    assert found.status.values.all()


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("temperature", [0.0, 0.02])
def test_rows_at_each_k_are_those_of_the_double_sum(name, temperature, monkeypatch):
    """Every row to 1e-8 of the largest; with states of the thermal window found one by one."""
    monkeypatch.setattr(banded_response, "DENSE", 0)
    monkeypatch.setattr(banded_response, "SHARE", 1)
    density, definition = DENSITIES.get(name, ("orbital_moment", "circulation"))
    system = SYSTEMS[name](12)
    kernel = plugins.load("densities", density).kernel
    line = banded_response._BandedLine(system, kernel, [definition], "atomic", 8, 1)
    k = line.k + 0.037
    level = 0.05
    expected = kubo(system, density, definition, k, level, temperature)
    largest = np.abs(expected).max(axis=(0, 2))
    if temperature:
        values = line.thermal(k, level, temperature)[:, 0, :, :-1]
        assert np.abs(values[:, 0] - expected[:, 0]).max() <= 1e-8 * largest[0] + 1e-20
    else:
        gaps = banded_interband.gaps_at(line.system, k, level)
        response = banded_interband.filled_response(line.system, k, gaps)
        values = np.insert(response.values, 0, 0.0, axis=1)
        assert np.all(response.error <= 1e-8 * response.size)
    assert largest[1] > 1e-5
    assert np.abs(values[:, 1] - expected[:, 1]).max() <= 1e-8 * largest[1]


def test_a_band_that_touches_a_flat_one_at_the_level():
    """Rows next to the touch are those a little farther on: rounding hides none of its elements."""
    ribbon = acc.kagome().ribbon((-2, -1), 6)
    line = banded_response._BandedLine(ribbon, charge.kernel, ["site"], "atomic", 60, 1)
    k = np.array([0.0, 5e-6, 2e-5, 1e-4, 2e-4, 1e-3])
    rows = line.thermal(k, 2.0, 0.001)[:, 0, 1, :-1]
    # They change over sqrt(T), 0.03 / a; without the pairs that touch they are 95 % off.
    assert np.abs(rows - rows[-1]).max() < 5e-3 * np.abs(rows[-1]).max()


def test_a_response_at_a_touch_of_bands_is_the_same_with_both_solvers():
    """To 1e-5: what elements change from the touch to their k is in no stated error."""
    options = {"density": "charge", "k": 101, "fermi_energy": 2.0, "temperature": 0.001}
    ribbon = acc.kagome().ribbon((-2, -1), 6)
    dense, selected = (
        acc.accumulate(ribbon, solver=name, **options).sel(process="interband")
        for name in ("dense", "selected_inversion")
    )
    largest = np.abs(dense.accumulation).max().item()
    assert dense.error.item() < 1e-5 * largest
    assert selected.error.item() < 1e-5 * largest
    np.testing.assert_allclose(selected.accumulation, dense.accumulation, atol=1e-5 * largest)


def test_window_reaches_where_the_fermi_function_is_constant():
    assert np.tanh(0.5 * banded_window.WINDOW) == 1.0


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("level", [0.05, 0.9])
def test_fermi_points_are_the_crossings_of_the_bands(name, level):
    """Each crossing is bracketed by a sign change of its band on a mesh of 4001 k."""
    system = SYSTEMS[name](6)
    local = banded(system, "charge", "site")
    k = (np.arange(31) - 15) / 31 * 2 * np.pi / system.period
    points = banded_fermi_points(local, k, level)
    assert points.certain
    fine = np.linspace(-np.pi, np.pi, 4001) / system.period + 1e-4
    levels = np.linalg.eigvalsh(system.bloch.hamiltonian(fine))
    change = np.diff((levels < level).astype(int), axis=0)
    assert len(points.k) == np.abs(change).sum()
    energy = np.linalg.eigvalsh(system.bloch.hamiltonian(points.k))
    assert np.abs(energy - level).min(axis=1).max(initial=0.0) < 1e-11
    for state, where, speed in zip(points.state, points.k, points.velocity, strict=True):
        h, v = (f(np.array([where]))[0] for f in (system.bloch.hamiltonian, system.bloch.velocity))
        assert np.linalg.norm(h @ state - level * state) < 1e-10
        assert (state.conj() @ v @ state).real == pytest.approx(speed, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "width", "levels", "k"),
    [
        ("zigzag strained", 10, [0.0, 0.7], 401),
        ("topological", 10, [-0.05], 401),
        ("kane_mele", 6, [0.0, 0.05], 301),
        ("tmd", 6, [0.6], 301),
    ],
)
def test_accumulate_is_the_same_with_both_solvers(name, width, levels, k):
    density, definition = DENSITIES.get(name, ("orbital_moment", ["circulation", "local"]))
    system = SYSTEMS[name](width)
    given = {"density": density, "definition": definition, "fermi_energy": levels, "k": k}
    dense, selected = (
        acc.accumulate(system, temperature=[0.0], solver=solver, **given)
        for solver in ("dense", "selected_inversion")
    )
    assert (dense.attrs["solver"], selected.attrs["solver"]) == ("dense", "selected_inversion")
    assert set(dense.variables) == set(selected.variables)
    assert dense.sizes == selected.sizes
    assert not selected.status.any()
    largest = np.abs(dense.accumulation).max("row")
    bound = dense.error + selected.error + 1e-8 * largest
    assert bool((np.abs(dense.accumulation - selected.accumulation).max("row") <= bound).all())
    assert float((bound / largest.where(largest > 1e-9)).max()) < 1e-5


@pytest.mark.parametrize(
    ("system", "level", "expected"),
    [
        (acc.haldane(t2=0.1, phi=np.pi / 2, delta=0.1).ribbon((2, 1), width=30), 0.1, [1, 1]),
        (acc.haldane(t2=0.1, phi=np.pi / 2, delta=1.0).ribbon((2, 1), width=30), 0.1, [0, 0]),
        # A pair of opposite spin at either edge
        (acc.kane_mele().ribbon((1, 1), width=40), 0.01, [2, 2]),
    ],
)
def test_edge_states_that_cross_a_level(system, level, expected):
    """As many at each edge as the Chern number, or twice the spin's."""
    counts = banded_response.banded_edge_crossings(system, np.array([level]), 61)
    assert counts[:, 0].tolist() == expected
    k = (np.arange(201) - 100) / 201 * 2 * np.pi / system.period
    bands = solve(system.bloch, k)
    points = fermi_points(system.bloch, k, bands.energy, bands.velocity, [level])
    np.testing.assert_array_equal(counts, edge_crossings(system.bloch, points, 1))


@pytest.mark.parametrize(
    ("system", "density", "definition", "found"),
    [
        (SYSTEMS["armchair"](8), "orbital_moment", "local", True),
        (acc.haldane(t2=0.1, phi=0.0, delta=0.8).ribbon((2, 1), 8), "valley", "site", True),
        (acc.haldane(t2=0.1, phi=0.7).ribbon((2, 1), 8), "orbital_moment", "circulation", True),
        (SYSTEMS["kane_mele"](6), "spin", "site", True),
        (SYSTEMS["chiral"](8), "orbital_moment", "local", False),
    ],
)
def test_a_symmetry_gives_the_rows_at_the_opposite_k(system, density, definition, found):
    """Both processes at -k are the double sums there: time reversal, inversion, or a mirror."""
    kernel = plugins.load("densities", density).kernel
    line = banded_response._BandedLine(system, kernel, [definition], "atomic", 20, 1)
    assert (line.mirror is not None) == found
    k = np.array([-0.9, -0.4, 0.4, 0.9, 1.3]) / system.period
    asked = []

    def both(at):
        asked.extend(at)
        return line.thermal(at, 0.1, 0.1)[:, 0]

    values = halved(both, k, line.mirror, line._factors[0])[..., :-1]
    assert len(asked) == (3 if found else 5)
    expected = kubo(system, density, definition, k, 0.1, 0.1)
    np.testing.assert_allclose(values, expected, atol=1e-12 * np.abs(expected).max())


def test_threads_change_nothing():
    system = SYSTEMS["zigzag strained"](20)
    one, two = (
        acc.accumulate(system, k=40, solver="selected_inversion", threads=n) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.accumulation, two.accumulation)


def test_windows_of_rows_give_the_matrices_of_the_whole():
    """Also of positions with elements between orbitals, whose velocity is a product."""
    lattice = acc.haldane(**HALDANE)
    rng = np.random.default_rng(2)
    system = lattice.ribbon((2, 1), width=40)
    local = BlockMatrices(
        system, {"h": lambda b, k: b.hamiltonian(k), "square": lambda b, k: b.hamiltonian(k) ** 2}
    )
    k = rng.uniform(-1, 1, size=3)
    h = system.bloch.hamiltonian(k)
    for name, expected in (("h", h), ("square", h**2)):
        matrix = np.zeros(h.shape, dtype=complex)
        matrix[:, local.row, local.column] = local.values(name, k)
        np.testing.assert_allclose(matrix, expected, atol=1e-14)


def test_what_the_solver_cannot_do_is_said():
    ribbon = SYSTEMS["armchair"](4)
    with pytest.raises(UserError, match=r"solver.*dense"):
        acc.accumulate(ribbon, definition="band", solver="selected_inversion")
    flake = acc.haldane().flake((1, 0), width=2, length=3)
    with pytest.raises(UserError, match=r"solver.*flake"):
        acc.accumulate(flake, solver="selected_inversion")
    with pytest.raises(UserError, match=r"solver.*one of"):
        acc.accumulate(ribbon, solver="sparse")


@pytest.mark.parametrize("rows", [10, 4000])
def test_a_mesh_too_coarse_for_a_small_gap_is_refined_at_any_width(rows):
    """Peaks at both valleys, as wide as the mesh is fine: 24 intervals of 81 decide."""
    k = np.arange(81) * 2 * np.pi / 81
    mass = 0.08

    def function(at):
        near = sum(1 / (mass**2 + 4 * np.sin(0.5 * (at - valley)) ** 2) for valley in (2.0, 4.3))
        values = np.repeat(near[:, None, None], rows + 1, axis=-1)
        values[..., -1] = 0.0
        return values

    none = np.zeros(len(k), dtype=bool)
    found = zone_integral(function, k, none, np.zeros(0), np.zeros(1), rows)
    exact = 2 / (mass * np.sqrt(4 + mass**2))
    assert np.abs(found.value - exact).max() < found.error.item() < 1e-5 * exact


def test_a_kernel_of_eigenstates_is_refused_not_taken_for_zero():
    """One that forgets to say that it needs all bands."""

    def kernel(states, definition):
        return Kernel(states.eigenvector @ states.eigenvector.conj().swapaxes(1, 2), "hops")

    with pytest.raises(UserError, match=r"definition.*sum over bands"):
        BandedSystem(SYSTEMS["armchair"](4), kernel, ["mine"], "atomic")


def test_auto_takes_the_cheaper_solver():
    density = plugins.load("densities", "charge")

    def choice(width, temperature=0.0):
        system = SYSTEMS["zigzag strained"](width)
        return cheaper(system, density, ["site"], np.zeros(1), np.array([temperature]), 101)

    assert choice(10) == "dense"
    assert choice(200) == "selected_inversion"
    assert choice(100, 0.5) == "dense"


def test_slabs_are_the_same_with_both_solvers():
    places = {"A": (0.0, 0.0, 0.0), "B": (0.3, 0.2, 0.3)}
    rng = np.random.default_rng(3)
    lattice = acc.Lattice(np.diag([1.0, 1.1, 0.9]), places, {"A": 2.0, "B": -2.0})
    for cell in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, 1)):
        for to in "AB":
            lattice.hop(to, "B", cell, 0.25 * complex(*rng.normal(size=2)))
    slab = lattice.slab((0, 1, 0), (1, 0, 0), layers=4)
    given = {"fermi_energy": [0.1, -1.8], "k": 200, "k_across": 4}
    dense, selected = (
        acc.accumulate(slab, solver=solver, **given) for solver in ("dense", "selected_inversion")
    )
    largest = np.abs(dense.accumulation).max("row")
    difference = np.abs(dense.accumulation - selected.accumulation).max("row")
    assert bool((difference <= 1e-8 * largest).all())
    assert bool((largest.sel(process="interband") > 1e-3).all())


@pytest.mark.parametrize("seed", range(8))
def test_random_lattices(seed):
    """Orbitals of several sites, with complex hops of any range, at levels anywhere."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 4))
    lattice = acc.Lattice(
        [(1.0, 0.0), (0.3, 0.9)],
        {name: tuple(rng.uniform(0, 1, 2)) for name in "ABC"[:count]},
        {name: rng.normal() for name in "ABC"[:count]},
    )
    bonds: set = set()
    for _ in range(5):
        to, origin = rng.choice(list("ABC"[:count]), 2)
        cell = tuple(int(n) for n in rng.integers(-1, 3, 2))
        back = (origin, to, tuple(-n for n in cell))
        if (to == origin and not any(cell)) or {(to, origin, cell), back} & bonds:
            continue
        bonds.add((to, origin, cell))
        lattice.hop(str(to), str(origin), cell, complex(*rng.normal(size=2)))
    system = lattice.ribbon([(1, 0), (1, 1), (2, 1)][seed % 3], width=7)
    local = banded(system, "orbital_moment", "local")
    k = rng.uniform(-3, 3, 4) / system.period
    energy = np.linalg.eigvalsh(system.bloch.hamiltonian(k))
    level = float(rng.uniform(energy.min(), energy.max()))
    expected = kubo(system, "orbital_moment", "local", k, level)[:, 1]
    response = banded_interband.filled_response(local, k, banded_interband.gaps_at(local, k, level))
    largest = np.abs(expected).max(axis=1)
    assert np.all(np.abs(response.values[:, 0] - expected).max(axis=1) <= 1e-8 * largest + 1e-14)


@pytest.mark.parametrize("size", [20, 61, 140])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_states_next_to_an_energy_in_the_middle_of_a_symmetric_spectrum(size, count):
    """Mixtures of levels at the same distance above and below are not taken for states."""
    strong = np.where(np.arange(size - 1) % 2 == 0, 1.0, 1.3)
    row, column = np.arange(size - 1), np.arange(1, size)
    value = np.exp(0.3j * row) * strong
    matrix = LocalMatrix(
        size,
        np.concatenate((row, column)),
        np.concatenate((column, row)),
        np.concatenate((value, value.conj())),
    )
    for energy in (0.0, 0.2, -0.6):
        levels, vectors = states_near(matrix, energy, count, 3.0)
        expected = np.linalg.eigvalsh(matrix.dense())
        distance = np.sort(np.abs(expected - energy))
        if distance[count] < 1.5 * distance[count - 1]:  # others are as near
            continue
        np.testing.assert_allclose(np.sort(np.abs(levels - energy)), distance[:count], atol=1e-12)
        residual = matrix.apply(vectors) - vectors * levels
        assert np.abs(residual).max() < 1e-12
