"""Gaps, Chern numbers and edges against analytic results and the bulk-boundary correspondence."""

from itertools import product

import numpy as np
import pytest

import accumulation as acc
from accumulation.crystal.bulk_properties import bulk
from accumulation.errors import UserError
from accumulation.jobs.points import bulk_point, elements_point
from accumulation.responses.edges import edge_crossings, regions, ribbon_gap
from accumulation.states.fermi_points import fermi_points

RNG = np.random.default_rng(9)
POINTS = [(0.3, 0.1), (0.9, -0.2), (1.5, 0.35), (-1.2, 0.05), (2.9, 0.0), (-2.0, 0.4), (0.0, 0.1)]


@pytest.mark.parametrize(("phi", "delta"), POINTS)
def test_gap_at_the_dirac_points(phi, delta):
    """2 | |Delta| - 3 sqrt(3) t2 |sin phi| | as long as it is smaller than the gap elsewhere."""
    found = bulk(acc.haldane(t2=0.06, phi=phi, delta=delta))
    inverted = 3 * np.sqrt(3) * 0.06 * np.sin(phi)
    gap = 2 * min(abs(delta - inverted), abs(delta + inverted))
    assert found.direct_gap == pytest.approx(gap, abs=1e-12)
    assert found.indirect_gap <= found.direct_gap + 1e-12


@pytest.mark.parametrize(("phi", "delta"), POINTS)
def test_chern_number_from_the_masses(phi, delta):
    """C = (sign m - sign m') / 2 of the two Dirac masses, for the curl of i<u|grad u>."""
    inverted = 3 * np.sqrt(3) * 0.06 * np.sin(phi)
    expected = 0.5 * (np.sign(delta - inverted) - np.sign(delta + inverted))
    assert bulk(acc.haldane(t2=0.06, phi=phi, delta=delta)).chern == expected


def test_chern_number_integrates_the_berry_curvature():
    """Against Omega from the sum over states, by plain quadrature and another derivative."""
    lattice = acc.haldane(t2=0.1, phi=0.8, delta=0.1)
    reciprocal = lattice.reciprocal
    n, h = 120, 1e-4
    steps = np.arange(n) / n
    k = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2) @ reciprocal
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    slopes = [
        (lattice.hamiltonian(k + h * d) - lattice.hamiltonian(k - h * d)) / (2 * h)
        for d in np.eye(2)
    ]
    vx, vy = (np.einsum("ka,kab,kb->k", u[:, :, 0].conj(), s, u[:, :, 1]) for s in slopes)
    # Omega_n = i sum [<n|vx|m><m|vy|n> - c.c.] / (E_n - E_m)^2
    curvature = -2 * (vx * vy.conj()).imag / (energy[:, 0] - energy[:, 1]) ** 2
    area = abs(np.linalg.det(reciprocal)) / n**2
    assert curvature.sum() * area / (2 * np.pi) == pytest.approx(bulk(lattice).chern, abs=1e-6)


def test_closed_gap_and_metal_are_undefined():
    closed = bulk(acc.haldane(t2=0.06, phi=0.0, delta=0.0))
    assert np.isnan(closed.chern)
    metal = bulk(acc.haldane(t2=0.4, phi=0.2, delta=0.05))
    assert metal.indirect_gap < 0
    assert np.isnan(metal.midgap)
    assert metal.chern == -1  # the direct gap is open


@pytest.mark.parametrize("direction", [(1, 0), (2, 1)])
@pytest.mark.parametrize(("phi", "crossings"), [(1.0, 1), (-1.0, 1), (0.0, 0)])
def test_edge_crossings_are_the_chern_number(direction, phi, crossings):
    """|C| states a level at each edge of a wide ribbon, off the energy where the edges meet."""
    lattice = acc.haldane(t2=0.1, phi=phi, delta=0.1 if phi else 0.4)
    assert abs(bulk(lattice).chern) == crossings
    ribbon = lattice.ribbon(direction, 24 if direction == (1, 0) else 62)
    bands = acc.bands(ribbon, k=101)
    arrays = (bands.k.values, bands.energy.values, bands.velocity.values)
    level = np.array([bulk(lattice).midgap + 0.03])
    points = fermi_points(ribbon.bloch, *arrays, level)
    assert edge_crossings(ribbon.bloch, points, 1)[:, 0].tolist() == [crossings, crossings]
    gap = ribbon_gap(ribbon.bloch, *arrays, len(ribbon.positions) // 2)
    assert gap < 1e-3 if crossings else gap > 0.1


def test_ribbon_gap_does_not_depend_on_the_mesh():
    ribbon = acc.haldane(t2=0.06, phi=1.0, delta=0.3).ribbon((2, 1), 9)
    gaps = []
    for k in (31, 54, 400):
        bands = acc.bands(ribbon, k=k)
        arrays = (bands.k.values, bands.energy.values, bands.velocity.values)
        gaps.append(ribbon_gap(ribbon.bloch, *arrays, 9))
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-9)


def test_regions_add_up_and_reach_as_far_as_told():
    y = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    left, right, every = regions(y)
    np.testing.assert_allclose(left + right, every)
    assert left[2] == 0.5
    left, right, _ = regions(y, depth=1.0)
    assert left.tolist() == [1, 1, 0, 0, 0]
    assert right.tolist() == [0, 0, 0, 1, 1]


def matrices(lattice, fraction):
    """H at fractions of the reciprocal vectors, summed here hop by hop (cell gauge)."""
    place = {name: i for i, name in enumerate(lattice.orbitals)}
    h = np.zeros((len(fraction), len(place), len(place)), dtype=complex)
    for name, energy in lattice.onsite.items():
        h[:, place[name], place[name]] += energy
    for to, origin, cell, amplitude in lattice.hoppings:
        value = amplitude * np.exp(2j * np.pi * (fraction @ np.array(cell)))
        h[:, place[to], place[origin]] += value
        h[:, place[origin], place[to]] += value.conj()
    return h


def mesh_of(points, dimension=2):
    return np.array(list(product(range(points), repeat=dimension))) / points


def random_lattice(seed, orbitals, reach=2, hops=12, dimension=2):
    rng = np.random.default_rng(seed)
    names = [f"o{i}" for i in range(orbitals)]
    vectors = np.eye(dimension) + 0.3 * rng.uniform(-1, 1, (dimension, dimension))
    lattice = acc.Lattice(
        vectors,
        {name: tuple(rng.random(dimension)) for name in names},
        {name: float(rng.normal()) for name in names},
    )
    known = set()
    while len(known) < hops:
        a, b = (names[i] for i in rng.integers(orbitals, size=2))
        cell = tuple(int(n) for n in rng.integers(-reach, reach + 1, size=dimension))
        if (a == b and not any(cell)) or (b, a, tuple(-n for n in cell)) in known:
            continue
        if (a, b, cell) not in known:
            known.add((a, b, cell))
            lattice.hop(a, b, cell, 0.3 * complex(*rng.normal(size=2)))
    return lattice


def fukui(lattice, filled, points):
    """Chern number on a uniform mesh and its largest flux, in the cell gauge."""
    u = np.linalg.eigh(matrices(lattice, mesh_of(points)))[1][:, :, :filled]
    u = u.reshape(points, points, *u.shape[1:])

    def link(axis):
        return np.linalg.det(np.swapaxes(u.conj(), -1, -2) @ np.roll(u, -1, axis=axis))

    one, two = link(0), link(1)
    flux = np.angle(one * np.roll(two, -1, 0) * np.roll(one, -1, 1).conj() * two.conj())
    sign = np.sign(np.linalg.det(lattice.vectors))
    return -sign * np.rint(flux.sum() / (2 * np.pi)), np.abs(flux).max()


def qwz(mass, mixing):
    lattice = acc.Lattice([(1, 0), (0, 1)], {"s": (0, 0), "p": (0, 0)}, {"s": mass, "p": -mass})
    for cell in ((1, 0), (0, 1)):
        lattice.hop("s", "s", cell, 0.5)
        lattice.hop("p", "p", cell, -0.5)
    lattice.hop("s", "p", (1, 0), -0.5j * mixing)
    lattice.hop("p", "s", (1, 0), -0.5j * mixing)
    lattice.hop("s", "p", (0, 1), -0.5 * mixing)
    lattice.hop("p", "s", (0, 1), 0.5 * mixing)
    return lattice


QWZ = [(-0.8535, 0.135), *zip(RNG.uniform(-2.5, 2.5, 12), RNG.uniform(0.02, 1, 12), strict=True)]


@pytest.mark.parametrize(("mass", "mixing"), QWZ)
def test_gap_of_qwz_is_that_of_its_closed_form(mass, mixing):
    """E^2 = (m + cx + cy)^2 + a^2 (2 - cx^2 - cy^2) is a quadratic form in (cx, cy) on a square.

    Its minimum lies at a corner, on a side or where its gradient vanishes.
    """

    def squared(x, y):
        return (mass + x + y) ** 2 + mixing**2 * (2 - x * x - y * y)

    candidates = [squared(x, y) for x in (-1, 1) for y in (-1, 1)]
    inside = [-(mass + x) / (1 - mixing**2) for x in (-1, 1)]
    candidates += [squared(x, y) for x, y in zip((-1, 1), inside, strict=True) if abs(y) <= 1]
    middle = -mass / (2 - mixing**2)
    candidates += [squared(middle, middle)] if abs(middle) <= 1 else []
    found = bulk(qwz(mass, mixing))
    assert found.direct_gap == pytest.approx(2 * np.sqrt(min(candidates)), abs=1e-9)
    assert found.indirect_gap == pytest.approx(found.direct_gap, abs=1e-9)  # +E and -E
    assert found.certified
    assert abs(found.chern) == (0 if abs(mass) > 2 else 1)
    assert np.sign(found.chern) == -np.sign(bulk(qwz(-mass, mixing)).chern)


@pytest.mark.parametrize("seed", range(12))
def test_edges_of_random_lattices_are_bounded_by_a_dense_mesh(seed):
    """The mesh's extrema bound the true ones on one side, and by sum |t||d| times its step on the
    other.
    """
    orbitals = 2 + seed % 5
    lattice = random_lattice(seed, orbitals, reach=1 + seed % 3, hops=4 * orbitals)
    filled = 1 + seed % (orbitals - 1)
    found, points = bulk(lattice, filled), 240
    energy = np.linalg.eigvalsh(matrices(lattice, mesh_of(points)))
    below, above = energy[:, filled - 1], energy[:, filled]
    change = sum(2 * abs(t) * np.abs(cell).sum() for _, _, cell, t in lattice.hoppings)
    slack = change * np.pi / points
    assert (above - below).min() - 2 * slack < found.direct_gap <= (above - below).min() + 1e-9
    assert below.max() - 1e-9 <= found.valence_top < below.max() + slack
    assert above.min() - slack < found.conduction_bottom <= above.min() + 1e-9
    assert found.indirect_gap <= found.direct_gap
    assert found.filling == filled


# Of the first draws those whose curvature a mesh of 300 points resolves.
@pytest.mark.parametrize(
    "seed",
    [
        *(42, 47, 48, 49, 54, 57),
        *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (52, 55, 56, 61, 62, 63)),
    ],
)
def test_chern_number_of_random_lattices_is_that_of_a_fine_mesh(seed):
    orbitals = 3 + seed % 4
    lattice = random_lattice(seed, orbitals, hops=5 * orbitals)
    filled = 1 + seed % (orbitals - 1)
    found = bulk(lattice, filled)
    expected, largest = fukui(lattice, filled, 300)
    assert largest < 1.2
    assert found.chern == expected


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6])
def test_chern_number_of_the_smallest_gaps(gap):
    """Next to the transition at m = 2, on either side, where no uniform mesh could follow."""
    assert bulk(qwz(2 + gap / 2, 0.7)).chern == 0
    inside = bulk(qwz(2 - gap / 2, 0.7))
    assert inside.chern == bulk(qwz(1.0, 0.7)).chern != 0
    assert inside.direct_gap == pytest.approx(gap, abs=1e-11)


def test_values_do_not_depend_on_the_first_cells():
    lattice = random_lattice(7, 4, hops=16)
    found = [bulk(lattice, 2, points=points) for points in (2, 5, 12, 31)]
    for one in found[1:]:
        assert one.chern == found[0].chern
        assert one.direct_gap == pytest.approx(found[0].direct_gap, abs=1e-6)
        assert one.indirect_gap == pytest.approx(found[0].indirect_gap, abs=2e-6)


def lieb(apart=0.0):
    lattice = acc.Lattice(np.eye(2), {"a": (0, 0), "b": (0.5, 0), "c": (0, 0.5)}, {"a": apart})
    for name, cell in (("b", (-1, 0)), ("c", (0, -1))):
        lattice.hop("a", name, (0, 0), 1.0)
        lattice.hop("a", name, cell, 1.0)
    return lattice


def kagome():
    vectors = [(1, 0), (0.5, np.sqrt(3) / 2)]
    lattice = acc.Lattice(vectors, {"a": (0, 0), "b": (0.5, 0), "c": (0.25, np.sqrt(3) / 4)})
    for pair in (("a", "b"), ("a", "c"), ("b", "c")):
        lattice.hop(*pair, (0, 0), -1.0)
    lattice.hop("a", "b", (-1, 0), -1.0)
    lattice.hop("a", "c", (0, -1), -1.0)
    lattice.hop("b", "c", (1, -1), -1.0)
    return lattice


def two_squares(first, second, apart):
    """Two square lattices that do not know of each other: bands cross on a line, or everywhere."""
    lattice = acc.Lattice(np.eye(2), {"a": (0, 0), "b": (0, 0)}, {"a": apart, "b": -apart})
    for cell in ((1, 0), (0, 1)):
        lattice.hop("a", "a", cell, first)
        lattice.hop("b", "b", cell, second)
    return lattice


CLOSED = {
    "graphene": (acc.haldane(), 1, 0.0, 0.0),
    "lieb": (lieb(), 1, 0.0, 0.0),
    "kagome, flat band": (kagome(), 2, 2.0, 2.0),
    "kagome, Dirac points": (kagome(), 1, -1.0, -1.0),
    "crossing on a line": (two_squares(-1.0, 1.0, 0.3), 1, 0.0, 0.0),
    "equal bands": (two_squares(-1.0, -1.0, 0.0), 1, 4.0, -4.0),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_gaps_end_the_search_and_have_no_chern_number(name):
    lattice, filled, top, bottom = CLOSED[name]
    found = bulk(lattice, filled)
    assert 0 <= found.direct_gap <= 1e-9
    assert np.isnan(found.chern)
    assert found.settled
    assert found.valence_top == pytest.approx(top, abs=1e-9)
    assert found.conduction_bottom == pytest.approx(bottom, abs=1e-9)


def test_a_flat_band_is_said_to_be_uncertain_and_its_bound_is_true():
    """Its bottom is everywhere, so that no cell can be discarded; the gap below it is certain."""
    found = bulk(lieb(apart=-0.7), 1)
    assert found.conduction_bottom == pytest.approx(0, abs=1e-12)
    assert 1e-6 < found.conduction_bottom_error < 0.02
    assert not found.certified
    # Bands -0.35 -+ sqrt(0.35^2 + |g|^2) and 0; g vanishes at M.
    assert found.direct_gap == pytest.approx(0.7, abs=1e-12)
    assert found.direct_gap_error <= 1e-6


def test_bands_without_hops_are_exact():
    found = bulk(acc.Lattice(np.eye(2), {"a": (0, 0), "b": (0, 0)}, {"a": 1.0}))
    assert (found.direct_gap, found.indirect_gap, found.chern) == (1.0, 1.0, 0.0)
    assert found.certified


def weyl(mass):
    """sin x sigma_x + sin y sigma_y + (cos x + cos y + cos z - m) sigma_z."""
    lattice = acc.Lattice(np.eye(3), {"s": (0, 0, 0), "p": (0, 0, 0)}, {"s": -mass, "p": mass})
    for cell in np.eye(3, dtype=int):
        lattice.hop("s", "s", tuple(cell), 0.5)
        lattice.hop("p", "p", tuple(cell), -0.5)
    lattice.hop("s", "p", (1, 0, 0), -0.5j)
    lattice.hop("p", "s", (1, 0, 0), -0.5j)
    lattice.hop("s", "p", (0, 1, 0), -0.5)
    lattice.hop("p", "s", (0, 1, 0), 0.5)
    return lattice


def test_three_dimensions():
    """Weyl points on the z axis at cos z = m - 2 for 1 < m < 3; beyond, the gap is 2 (m - 3)."""
    nodes = bulk(weyl(2.3))
    assert nodes.direct_gap <= 1e-9
    assert np.isnan(nodes.chern)
    insulator = bulk(weyl(3.4))
    assert insulator.direct_gap == pytest.approx(0.8, abs=1e-9)
    assert insulator.chern == 0
    assert insulator.certified


@pytest.mark.parametrize("tz", [0.02, 0.3])
def test_layers_with_equal_hops_keep_the_gap_of_the_plane(tz):
    """Every band moves by 2 tz cos z alike: the direct gap stays, the indirect one loses 8 tz."""
    parameters = {"t2": 0.1, "phi": 1.1, "delta": 0.2}
    layer, stack = bulk(acc.haldane(**parameters)), bulk(acc.stacked_haldane(**parameters, tz=tz))
    assert stack.direct_gap == pytest.approx(layer.direct_gap, abs=1e-9)
    assert stack.indirect_gap == pytest.approx(layer.indirect_gap - 4 * tz, abs=1e-6)
    assert stack.certified
    assert stack.chern == layer.chern


def test_filled_and_empty_bands_have_opposite_chern_numbers():
    lattice = random_lattice(3, 5, hops=20)
    opposite = acc.Lattice(
        lattice.vectors,
        lattice.orbitals,
        {name: -energy for name, energy in lattice.onsite.items()},
        [(*hop[:3], -hop[3]) for hop in lattice.hoppings],
    )
    numbers = [bulk(lattice, filled).chern for filled in range(1, 5)]
    assert numbers == [-bulk(opposite, 5 - filled).chern for filled in range(1, 5)]
    assert any(numbers)


def test_filling_is_half_unless_it_is_told():
    lattice = acc.kane_mele(spin_orbit=0.06)
    assert bulk(lattice).filling == 2
    lattice.filling = 3
    assert bulk(lattice).filling == 3
    assert bulk(lattice, 1).filling == 1
    assert bulk(kagome(), 2).filling == 2
    with pytest.raises(UserError, match="`filling`: got nothing; allowed: an integer from 1 to 2"):
        bulk(kagome())


@pytest.mark.parametrize("filled", [0, 4, -1, 1.5, 2.0, True, "2"])
def test_impossible_fillings_are_one_sentence(filled):
    with pytest.raises(UserError, match=r"`filling`: got .*from 1 to 3, the number of fill"):
        bulk(acc.kane_mele(), filled)


def third_filled():
    """Gapped at one third: kagome with a real and an imaginary second part of each bond."""
    lattice = kagome()
    bonds = lattice.hoppings.copy()
    lattice.hoppings.clear()
    turning = {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): -1}
    for to, origin, cell, t in bonds:
        lattice.hop(to, origin, cell, t + 0.3j * turning[to, origin])
    return lattice


def response_of(system, **options):
    elements = acc.elements(system, acc.bands(system, k=30), density="charge")
    return acc.response(elements, **options)


@pytest.mark.parametrize("filled", [1, 2])
def test_midgap_in_a_notebook_is_the_middle_of_the_gap_at_the_filling(filled):
    lattice = third_filled()
    middle = bulk(lattice, filled).midgap
    energy = np.linalg.eigvalsh(matrices(lattice, mesh_of(90)))
    expected = 0.5 * (energy[:, filled - 1].max() + energy[:, filled].min())
    assert middle == pytest.approx(expected, abs=2e-3)
    ribbon = lattice.ribbon((1, 0), 3)
    found = response_of(ribbon, fermi_energy=["midgap", 0.1], filling=filled)
    assert found.fermi_energy.values.tolist() == [middle, 0.1]
    assert found.attrs["filling"] == filled
    direct = response_of(ribbon, fermi_energy=middle).accumulation.values
    np.testing.assert_array_equal(found.accumulation.values[:, :1], direct)
    lattice.filling = filled
    again = response_of(lattice.ribbon((1, 0), 3), fermi_energy="midgap")
    assert again.fermi_energy.item() == middle
    flake = lattice.flake((1, 0), 2, 2)
    elements = acc.elements(flake, flake.bands(), density="charge", definition="site")
    assert acc.response(elements, "midgap").fermi_energy.item() == middle


def test_midgap_that_does_not_exist_is_one_sentence():
    ribbon = third_filled().ribbon((1, 0), 2)
    with pytest.raises(UserError, match="`filling`: got nothing"):
        response_of(ribbon, fermi_energy="midgap")
    with pytest.raises(UserError, match=r"`fermi_energy`: got 'midgap'.*no gap above 1 filled"):
        response_of(acc.haldane().ribbon((1, 0), 2), fermi_energy="midgap")
    with pytest.raises(UserError, match=r"`fermi_energy`: got 'midgpa'; allowed: .*midgap"):
        response_of(ribbon, fermi_energy="midgpa")


def test_gap_of_a_ribbon_is_that_at_the_filling():
    """As many bands below it as are filled in a cell, times the cells across."""
    point = {
        "model": {"name": "kane_mele", "delta": 0.4, "spin_orbit": 0.01},
        "geometry": {"kind": "ribbon", "direction": [1, 1], "width": 3},
    }
    settings = {
        "k": 400, "density": "charge", "definition": ["site"], "gauge": ["atomic"],
        "profile": False, "edge_depth": None,
    }  # fmt: skip
    for filled in (1, 2, 3):
        found = elements_point(point, settings | {"filling": filled})
        energy = found["energy"]
        gap = energy[:, 3 * filled].min() - energy[:, 3 * filled - 1].max()
        assert found["filling"] == filled
        assert found["ribbon_gap"] == pytest.approx(max(gap, 0), abs=1e-4)


def test_grid_points_say_what_is_uncertain():
    point = {"model": {"name": "haldane", "t2": 0.06, "phi": 1.0, "delta": 0.1}}
    found = bulk_point(point, {})
    assert found["filling"] == 1
    assert found["status"] == 0
    assert found["direct_gap_error"] <= 1e-6
