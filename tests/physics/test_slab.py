"""Slabs against sums over real space, ribbons, wires, and the same crystal in other vectors."""

from itertools import product

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.lattice.slabs import surface_basis
from accumulation.theory.slab import compute

HEXAGONAL = [(1.0, 0.0, 0.0), (0.5, np.sqrt(3) / 2, 0.0), (0.2, 0.1, 0.8)]


def random_lattice(seed, vectors=HEXAGONAL, gap=0.0, **more):
    """Two orbitals, complex hops to neighbours in all directions."""
    rng = np.random.default_rng(seed)
    places = {"A": (0.0, 0.0, 0.0), "B": (0.3, 0.2, 0.3)}
    lattice = acc.Lattice(vectors, places, {"A": gap, "B": -gap}, **more)
    lattice.hop("A", "B", (0, 0, 0), 0.8)
    for cell in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, 1), (1, 0, -1)):
        for to, origin in product("AB", "AB"):
            lattice.hop(to, origin, cell, 0.25 * complex(*rng.normal(size=2)))
    return lattice


@pytest.mark.parametrize(
    ("plane", "direction"),
    [
        ((0, 0, 1), (1, 0, 0)),
        ((0, 0, 1), (1, 1, 0)),
        ((0, 0, -1), (2, -1, 0)),
        ((0, 0, 1), (0, 1, 0)),
    ],
)
def test_levels_are_those_of_a_periodic_piece_in_real_space(plane, direction):
    """A torus of 4 x 4 surface cells, hops laid out one by one, has the slab's levels at its k."""
    lattice, layers, size = random_lattice(3), 2, 4
    slab = lattice.slab(plane, direction, layers)
    basis = surface_basis(plane, direction)
    inverse = np.rint(np.linalg.inv(basis)).astype(int)
    number = {
        key: i for i, key in enumerate(product(range(size), range(size), range(layers), range(2)))
    }
    h = np.zeros((len(number), len(number)), dtype=complex)
    for (s, j, level, row), start in number.items():
        for r, column, cell, amplitude in zip(*lattice.hop_table(), strict=True):
            ds, dj, up = cell @ inverse
            if r == row and 0 <= level + up < layers:
                end = number[(s + ds) % size, (j + dj) % size, level + up, column]
                h[start, end] += amplitude
    expected = np.linalg.eigvalsh(h)
    # Wave vectors k . T = 2 pi a / size, k . S = 2 pi b / size.
    t, other = slab.vectors[:, [0, 2]]
    levels = []
    for a, b in product(range(size), repeat=2):
        k = np.linalg.solve(np.array([t, other]), 2 * np.pi * np.array([a, b]) / size)
        levels.append(np.linalg.eigvalsh(slab.at(k[1]).bloch.hamiltonian(k[:1])[0]))
    np.testing.assert_allclose(np.sort(np.ravel(levels)), expected, atol=1e-12)


def test_zone_has_one_wave_vector_a_cell():
    for direction in ((1, 0, 0), (1, 1, 0), (2, -1, 0)):
        slab = random_lattice(0).slab((0, 0, 1), direction, 1)
        area = 2 * np.pi / slab.ribbon.period * slab.zone
        assert area == pytest.approx((2 * np.pi) ** 2 / slab.area)


@pytest.mark.parametrize("definition", ["circulation", "local"])
def test_stacked_sheets_are_ribbons_of_one_sheet(definition):
    """Sheets that hop straight up: ribbons at the levels E_F - 2 tz cos q, per spacing."""
    tz, spacing, level, points = 0.15, 1.3, 1.2, 12
    sheets = acc.stacked_haldane(t2=0.1, phi=0.7, delta=0.4, tz=tz, spacing=spacing)
    found = compute(
        sheets,
        plane=(0, 1, 0),
        direction=(1, 0, 0),
        layers=5,
        definition=(definition,),
        fermi_energy=(level,),
        k=201,
        k_across=points,
    )
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.4).ribbon((1, 0), 5)
    elements = acc.elements(ribbon, acc.bands(ribbon, k=201), definition=definition)
    q = 2 * np.pi * (np.arange(points) - (points - 1) / 2) / points
    levels = level - 2 * tz * np.cos(q)
    rows = acc.response(elements, sorted(set(levels.round(12)))).accumulation
    rows = rows.sel(fermi_energy=levels, method="nearest").mean("fermi_energy")
    expected = rows.isel(temperature=0).values / spacing
    # The slab's normal may be the ribbon's y or its opposite, with z across it turned too.
    own = found["accumulation"][0, :, 0, 0]
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(own, expected, atol=1e-9)


@pytest.mark.parametrize("temperature", [0.0, 0.05])
def test_a_leaning_cell_is_half_a_rectangular_one(temperature):
    """The same crystal with a cell of twice the size, whose vectors do not lean."""
    rng = np.random.default_rng(5)
    height = np.sqrt(3) / 2
    single = acc.Lattice([(1, 0, 0), (0.5, height, 0), (0, 0, 0.9)], {"A": (0, 0, 0)})
    double = acc.Lattice(
        [(1, 0, 0), (0, 2 * height, 0), (0, 0, 0.9)],
        {"A": (0, 0, 0), "A2": (0.5, height, 0)},
    )
    cells = [(1, 0, 0), (0, 1, 0), (1, -1, 0), (0, 0, 1), (1, 0, 1), (0, 1, -1), (-1, 1, 1)]
    for cell in cells:
        amplitude = 0.3 * complex(*rng.normal(size=2))
        single.hop("A", "A", cell, amplitude)
        a, b, c = cell
        # n steps along (0.5, height): even ones are whole cells of the double lattice.
        for start in (0, 1):
            whole, odd = divmod(start + b, 2)
            x = a + (0.5 * start + 0.5 * b - 0.5 * odd)
            names = ("A", "A2")
            double.hop(names[start], names[odd], (round(x), whole, c), amplitude)
    options = {
        "plane": (0, 0, 1),
        "direction": (1, 0, 0),
        "layers": 3,
        "definition": ("circulation",),
        "fermi_energy": (0.1,),
        "temperature": (temperature,),
    }
    # Both have the same zone along z, and the same wave vectors along x.
    one = compute(single, **options, k=402, k_across=20)
    two = compute(double, **options, k=201, k_across=20)
    assert two["area"] == pytest.approx(2 * one["area"])
    of_layers = two["accumulation"].reshape(*two["accumulation"].shape[:-1], 3, 2).sum(axis=-1)
    scale = np.abs(of_layers).max()
    assert scale > 1e-3
    np.testing.assert_allclose(one["accumulation"], of_layers, atol=1e-5 * scale)


def test_layers_of_a_wide_wire_are_those_of_the_slab():
    """An insulator: the middle of a wire, open along z too, is the slab but for its two sides."""
    lattice = random_lattice(7, gap=2.5)
    options = {"layers": 2, "density": "charge", "k": 64}
    slab = compute(lattice, **options, k_across=64)
    names, values = slab["sublattice"], slab["accumulation"][0, 1, 0, 0]
    differences = []
    for width in (7, 13):
        wire = lattice.wire((1, 0), width, 2)
        elements = acc.elements(wire, acc.bands(wire, k=64), density="charge")
        rows = acc.response(elements, 0.0).accumulation.sel(process="interband").values.ravel()
        # Cells of the wire across, by the position of their orbitals along a2.
        across = wire.positions[:, 1] / (np.sqrt(3) / 2)
        across -= np.where(wire.sublattice == "B", 0.2, 0.0) / (np.sqrt(3) / 2)
        level = np.where(wire.positions[:, 2] > np.median(wire.positions[:, 2]), 1, 0)
        assert (level == (wire.positions[:, 2] > 0)).all()
        found = []
        for name, height in zip(names, slab["y"], strict=True):
            same = (wire.sublattice == name) & (np.abs(wire.positions[:, 2] - height) < 1e-6)
            middle = np.argmin(np.abs(across[same] - np.median(across[same])))
            found.append(rows[same][middle])
        differences.append(np.abs(np.array(found) - values * np.sqrt(3) / 2).max())
    scale = np.abs(values).max()
    assert scale > 1e-3
    assert differences[1] < 1e-4 * scale
    assert differences[1] < 0.1 * differences[0]


def mirror_lattice(seed):
    """Two orbitals with complex hops in a plane, and hops up and down that the mirror exchanges.

    Then a state and its reflection at a surface have one velocity along the surface.
    """
    rng = np.random.default_rng(seed)
    lattice = acc.Lattice(
        [(1, 0, 0), (0.5, 0.9, 0), (0, 0, 0.8)],
        {"A": (0, 0, 0), "B": (0.4, 0.3, 0)},
        {"A": 0.3, "B": -0.3},
        local_operators={"T": {"A": 1.0, "B": -0.5}},
    )
    for cell in ((0, 0), (1, 0), (0, 1), (-1, 1)):
        for to, origin in product("AB", "AB"):
            if (to, origin) == ("B", "A") or (to == origin and cell == (0, 0)):
                continue
            amplitude = 0.3 * complex(*rng.normal(size=2))
            lattice.hop(to, origin, (*cell, 0), amplitude)
    for name, amplitude in (("A", 0.25), ("B", -0.15)):
        lattice.hop(name, name, (0, 0, 1), amplitude)
    for up in (1, -1):
        lattice.hop("A", "B", (0, 0, up), 0.2 + 0.1j)
    return lattice


def test_layers_in_the_middle_are_the_crystal():
    """The Edelstein effect of the crystal, sum of -f' v_x O over its zone, in the middle layers.

    At a temperature, so that what a surface does falls off exponentially with its distance.
    """
    lattice = mirror_lattice(2)
    level, kt, points = 0.2, 0.3, 30
    axes = np.indices((points,) * 3).reshape(3, -1).T / points
    energy, u = np.linalg.eigh(lattice.hamiltonian(axes @ lattice.reciprocal))
    # T along a1, which lies along x.
    velocity = lattice.velocity(axes @ lattice.reciprocal)[:, 0]
    slope = -0.25 / kt / np.cosh((energy - level) / (2 * kt)) ** 2
    speed = np.einsum("kin,kij,kjn->kn", u.conj(), velocity, u).real
    by_orbital = np.einsum("kn,kn,kin->i", slope, speed, np.abs(u) ** 2) / points**3
    expected = by_orbital * [1.0, -0.5]
    slab = lattice.slab(layers=9)
    response = slab.response(density="T", fermi_energy=level, temperature=kt, k=60, k_across=8).sel(
        process="intraband"
    )
    rows = response.accumulation.values.ravel() * slab.area
    found = [rows[response.sublattice.values == name] for name in "AB"]
    for values, own in zip(found, expected, strict=True):
        assert values[4] == pytest.approx(own, abs=2e-3 * np.abs(expected).max())
        assert abs(values[0] - own) > 20 * abs(values[4] - own)


def test_response_of_a_slab_is_a_dataset_per_area():
    slab = acc.stacked_haldane(delta=0.3).slab((0, 1, 0), (1, 0, 0), 3)
    options = {"fermi_energy": [0.5, 1.2], "k": 51, "k_across": 4}
    response = slab.response(**options)
    plain = compute(
        acc.stacked_haldane(delta=0.3), (0, 1, 0), (1, 0, 0), 3,
        fermi_energy=(0.5, 1.2), k=51, k_across=4,
    )  # fmt: skip
    np.testing.assert_array_equal(response.accumulation.values, plain["accumulation"][0])
    assert response.accumulation.attrs["units"].endswith("/ a^2")
    assert response.attrs["kind"] == "slab"
    in_si = acc.physical(response, tau="50 fs", energy="2.7 eV", length="2.46 angstrom")
    assert in_si.accumulation.attrs["units"] == "mu_B / nm^2 / (V / m)"


def test_a_trimmed_surface_lacks_its_layers():
    lattice = acc.stacked_haldane()
    slab = lattice.slab((0, 1, 0), (1, 0, 0), 4)
    heights = np.unique(slab.ribbon.positions[:, 1].round(9))
    trimmed = lattice.slab((0, 1, 0), (1, 0, 0), 4, trim=(1, 2))
    left = np.unique(trimmed.ribbon.positions[:, 1].round(9))
    np.testing.assert_allclose(np.diff(left), np.diff(heights[1:-2]))
    assert trimmed.ribbon.positions[:, 1].sum() != 0
    assert left.max() == pytest.approx(-left.min())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"plane": (0, 0, 2)}, "plane"),
        ({"plane": (0, 0)}, "plane"),
        ({"plane": (0, 0, 1.0)}, "plane"),
        ({"direction": (0, 0, 1)}, "in the plane"),
        ({"direction": (2, 0, 0)}, "coprime"),
        ({"direction": (1, 0, 0), "layers": 0}, "layers"),
        ({"trim": (1, -1)}, "trim"),
        ({"trim": (40, 4)}, "trim"),
        ({"layers": 10**6}, "layers"),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(arguments, words):
    with pytest.raises(UserError, match=words):
        random_lattice(0).slab(**arguments)


def test_a_direction_without_a_fraction_is_refused():
    oblique = [(1.0, 0.0, 0.0), (0.5, 0.9, 0.0), (0.5, 0.3, 0.8)]
    with pytest.raises(UserError, match="leans by"):
        random_lattice(0, oblique).slab((0, 0, 1), (1, 1, 0), 2)
    with pytest.raises(UserError, match="two dimensions"):
        acc.haldane().slab()
