"""Operators on the orbitals of a site: shells, spins, the model's own, and their densities."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.lattice.atomic_shells import angular_momentum, spin_half
from accumulation.plugins import load

SHELLS = {0: ["s"], 1: ["px", "py", "pz"], 2: ["dz2", "dxz", "dyz", "dx2-y2", "dxy"]}
# Cubic harmonics as sums of |l, m> with the phases of Condon and Shortley (Wikipedia, table).
R = np.sqrt(0.5)
SPHERICAL = {
    "s": {0: 1},
    "px": {-1: R, 1: -R},
    "py": {-1: 1j * R, 1: 1j * R},
    "pz": {0: 1},
    "dz2": {0: 1},
    "dxz": {-1: R, 1: -R},
    "dyz": {-1: 1j * R, 1: 1j * R},
    "dx2-y2": {-2: R, 2: R},
    "dxy": {-2: 1j * R, 2: -1j * R},
}


def ladder(degree):
    """L_x, L_y, L_z among |l, m>, m rising, from L_+-."""
    m = np.arange(-degree, degree + 1)
    up = np.diag(np.sqrt(degree * (degree + 1) - m[:-1] * (m[:-1] + 1)), -1)
    return np.array([(up + up.T) / 2, (up - up.T) / 2j, np.diag(m)])


@pytest.mark.parametrize("degree", SHELLS)
def test_shells_are_those_of_the_ladder_operators(degree):
    names = SHELLS[degree]
    basis = np.zeros((2 * degree + 1, len(names)), dtype=complex)
    for column, name in enumerate(names):
        for m, weight in SPHERICAL[name].items():
            basis[m + degree, column] = weight
    expected = basis.conj().T @ ladder(degree) @ basis
    np.testing.assert_allclose(angular_momentum(names), expected, atol=1e-14)


def test_algebra_of_shells_and_spins():
    together = angular_momentum([*SHELLS[0], *SHELLS[1], *SHELLS[2]])
    for x, y, z in (together, spin_half()):
        for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
            np.testing.assert_allclose(a @ b - b @ a, 1j * c, atol=1e-14)
    square = sum(part @ part for part in together)
    np.testing.assert_allclose(square, np.diag([0] + [2] * 3 + [6] * 5), atol=1e-14)


def test_the_elements_that_are_quoted_in_the_field():
    """L_z px = i py; +-2i between dxy and dx2-y2 (the basis of three-band models)."""
    p = angular_momentum(["px", "py"])[2]
    assert p[1, 0] == 1j
    assert p[0, 1] == -1j
    d = angular_momentum(["dz2", "dxy", "dx2-y2"])[2]
    np.testing.assert_allclose(d, [[0, 0, 0], [0, 0, 2j], [0, -2j, 0]], atol=1e-15)
    assert not angular_momentum(["3px", "4py"]).any()


def atom(names, spins=True, **more):
    """One site with these orbitals, each of both spins."""
    turns = {"up": 1, "down": -1} if spins else {"": 0}
    orbitals = {f"{n}_{s}" if s else n: (0.0, 0.0) for n in names for s in turns}
    shells = {f"{n}_{s}" if s else n: n for n in names for s in turns}
    spin = {f"{n}_{s}": sign for n in names for s, sign in turns.items() if s}
    vectors = [(1, 0), (0.2, 1.1)]
    return acc.Lattice(vectors, orbitals, {}, [], spin, shells=shells, **more)


@pytest.mark.parametrize(("names", "degree"), [(SHELLS[1], 1), (SHELLS[2], 2)])
def test_spin_orbit_coupling_splits_a_shell_by_j(names, degree):
    """Levels lambda (j(j+1) - l(l+1) - 3/4) / 2: l/2 (2l + 2 times), -(l + 1)/2 (2l times)."""
    lattice = atom(names)
    lattice.add_operator("L_dot_S", 0.3)
    levels = np.linalg.eigvalsh(lattice.hamiltonian([0.1, 0.2]))
    expected = [-(degree + 1) / 2] * (2 * degree) + [degree / 2] * (2 * degree + 2)
    np.testing.assert_allclose(levels, 0.3 * np.array(expected), atol=1e-14)


def multi_orbital(seed=0, coupling=0.4, spread=4.0):
    """s and p with spin on an oblique lattice, gapped at half filling, Slater-Koster-free hops."""
    names = ["s", *SHELLS[1]]
    lattice = atom(names)
    rng = np.random.default_rng(seed)
    for i, name in enumerate(names):
        for s in ("up", "down"):
            lattice.onsite[f"{name}_{s}"] = spread * (i >= 2) + rng.normal()
    for cell in ((1, 0), (0, 1), (1, -1)):
        for one in names:
            for other in names:
                amplitude = 0.3 * rng.normal()
                for s in ("up", "down"):
                    lattice.hop(f"{one}_{s}", f"{other}_{s}", cell, amplitude)
    lattice.add_operator("L_dot_S", coupling)
    return lattice


DENSITIES = [
    "orbital_angular_momentum",
    {"name": "orbital_angular_momentum", "component": "x"},
    {"name": "spin", "component": "y"},
    "L_dot_S",
]


def site_operator(lattice, density):
    """(orbital, orbital) matrix of a density of DENSITIES by Kronecker products, frame of x."""
    shells = angular_momentum(["s", *SHELLS[1]])
    halves = spin_half()
    if density == "L_dot_S":
        return sum(np.kron(a, b) for a, b in zip(shells, halves, strict=True))
    if density == "orbital_angular_momentum":
        return np.kron(shells[2], np.eye(2))
    along = lattice.vectors[0] + lattice.vectors[1]
    x, y = along / np.linalg.norm(along)
    if density["name"] == "spin":
        return np.kron(np.eye(4), 2 * (-y * halves[0] + x * halves[1]))
    return np.kron(x * shells[0] + y * shells[1], np.eye(2))


@pytest.mark.parametrize("density", DENSITIES, ids=str)
def test_rows_of_a_flake_in_a_finite_field(density):
    """Occupied states of H + e E x, differentiated in E: no perturbation theory, no kernel.

    Along (1, 1), so that components x and y are those of the flake, not of the lattice.
    """
    lattice = multi_orbital()
    flake = lattice.flake((1, 1), 2, 4)
    h = flake.hamiltonian()
    filled, sites = len(h) // 2, len(h) // 8
    order = np.argsort([list(lattice.orbitals).index(n) for n in flake.sublattice[:8]])
    assert (order == np.arange(8)).all()
    matrix = np.kron(np.eye(sites), site_operator(lattice, density))
    rows = []
    for field in (1e-4, -1e-4):
        u = np.linalg.eigh(h + field * np.diag(flake.positions[:, 0]))[1][:, :filled]
        rho = u @ u.conj().T
        rows.append(np.real(np.einsum("ij,ji->i", matrix, rho)))
    levels = np.linalg.eigvalsh(h)
    middle = 0.5 * (levels[filled - 1] + levels[filled])
    response = flake.response(density=density, fermi_energy=middle)
    accumulation = response.accumulation.sel(process="interband").values.ravel()
    expected = (rows[0] - rows[1]) / 2e-4
    np.testing.assert_allclose(accumulation, expected, atol=2e-6 * np.abs(expected).max())
    assert np.abs(expected).max() > 1e-4


@pytest.mark.parametrize(
    "density", [*DENSITIES[:3], {"name": "orbital_moment", "magneton": 0.3}], ids=str
)
def test_middle_of_a_flake_is_the_ribbon(density):
    lattice = multi_orbital(0, spread=8.0)
    definition = "total" if "magneton" in density else None
    ribbon, flake = lattice.ribbon((1, 1), 2), lattice.flake((1, 1), 2, 25)
    elements = acc.elements(ribbon, acc.bands(ribbon, k=64), density, definition)
    levels = np.sort(elements.energy.values, axis=1)
    half = levels.shape[1] // 2
    level = 0.5 * (levels[:, half - 1].max() + levels[:, half].min())
    assert levels[:, half].min() - levels[:, half - 1].max() > 0.3
    of_ribbon = acc.response(elements, level).accumulation.sel(process="interband").values.ravel()
    exact = flake.response(density=density, definition=definition, fermi_energy=level)
    exact = exact.accumulation.sel(process="interband").values.ravel()
    of_cell = exact[flake.cell == 12]
    # Sites in the middle of the flake, in the order of the ribbon's rows.
    per_length = of_cell / ribbon.period
    scale = np.abs(of_ribbon).max()
    assert scale > 1e-6
    if definition is None:
        np.testing.assert_allclose(per_length, of_ribbon, atol=1e-6 * scale)
    else:  # x v_y of a flake lies elsewhere than -y v_x: only the net agrees
        long = lattice.flake((1, 1), 2, 26)
        longer = long.response(density=density, definition=definition, fermi_energy=level)
        step = float(longer.net.sel(process="interband").item() - exact.sum())
        assert step / ribbon.period == pytest.approx(of_ribbon.sum(), abs=1e-6 * scale)


def test_time_reversal_and_spin_rotation():
    """Without coupling and with time reversal no L or S accumulates between bands at any site."""
    lattice = multi_orbital(1, coupling=0.0)
    flake = lattice.flake((1, 0), 2, 3)
    for density in ({"name": "spin", "component": "x"}, {"name": "spin", "component": "y"}):
        rows = flake.response(density=density, fermi_energy=2.0).accumulation
        np.testing.assert_allclose(rows, 0, atol=1e-10)


def test_components_turn_with_the_frame():
    """The same site's S along and across two directions of one lattice."""
    lattice = multi_orbital()
    for direction in ((1, 0), (1, 1), (2, -1)):
        ribbon = lattice.ribbon(direction, 1)
        along = direction[0] * lattice.vectors[0] + direction[1] * lattice.vectors[1]
        x, y = along / np.linalg.norm(along)
        given = [ribbon.bloch.operator(f"S_{a}", np.zeros(1))[0] for a in "xyz"]
        own = [np.kron(np.eye(4), half) for half in spin_half()]
        np.testing.assert_allclose(given[0], x * own[0] + y * own[1], atol=1e-12)
        np.testing.assert_allclose(given[1], -y * own[0] + x * own[1], atol=1e-12)
        np.testing.assert_allclose(given[2], own[2], atol=1e-12)


def test_an_operator_of_the_model_by_sites_pairs_and_numbers():
    places = {"a": (0.0, 0.0), "b": (0.0, 0.0), "c": (0.5, 0.5)}
    ways = [
        {"a": 1.0, ("a", "b"): 2j},
        {"here": [[1, 2j], [-2j, 0]]},
        {("b", "a"): -2j, ("a", "a"): 1, ("a", "b"): 2j},
    ]
    for way in ways:
        sites = {"here": ["a", "b"]}
        lattice = acc.Lattice([(1, 0), (0, 1)], places, sites=sites, local_operators={"T": way})
        table = lattice.operators["T"]
        dense = np.zeros((3, 3), dtype=complex)
        dense[table.row, table.column] = table.amplitude
        np.testing.assert_array_equal(dense, [[1, 2j, 0], [-2j, 0, 0], [0, 0, 0]])


def lattice_with(**parts):
    places = {"a": (0.0, 0.0), "b": (0.0, 0.0), "c": (0.5, 0.5)}
    return acc.Lattice([(1, 0), (0, 1)], places, **parts)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"local_operators": {"T": {("a", "c"): 1}}}, "two sites"),
        ({"local_operators": {"T": {("a", "b"): 1, ("b", "a"): 2}}}, "conjugates"),
        ({"local_operators": {"T": {("a", "a"): 1j}}}, "conjugates"),
        ({"local_operators": {"T": {("a", "b"): float("nan")}}}, "finite"),
        ({"local_operators": {"T": {("a", "x"): 1}}}, "pair of orbitals"),
        ({"local_operators": {"T": {"c": [[1, 2], [2, 1]]}}}, "1 x 1"),
        ({"local_operators": {"T": 3}}, "mapping"),
        ({"local_operators": {"no name": {"a": 1}}}, "letters"),
        ({"shells": {"a": "dx"}}, "dx2-y2"),
        ({"shells": {"q": "s"}}, "shells"),
        ({"shells": {"a": "px", "b": "px"}}, "3px and 4px"),
        ({"sites": {"A": ["a"], "B": ["a", "b"]}}, "each orbital once"),
        ({"sites": {"A": ["q"]}}, "sites.A"),
        ({"sites": {"A": "a"}}, "list"),
        ({"units": "hartree"}, "eV_angstrom"),
    ],
)
def test_wrong_parts_are_refused_in_one_sentence(parts, words):
    with pytest.raises(UserError, match=words) as caught:
        lattice_with(**parts).operators  # noqa: B018  (operators are built when they are read)
    assert "\n" not in str(caught.value)


def test_operators_and_densities_that_a_model_lacks():
    flake = acc.haldane().flake((1, 0), 2, 2)
    with pytest.raises(UserError, match=r"L_z.*neither shells"):
        flake.response(density="orbital_angular_momentum")
    with pytest.raises(UserError, match="Q_z"):
        flake.response(density="Q_z")
    ribbon = multi_orbital().ribbon((1, 0), 2)
    bands = acc.bands(ribbon, k=8)
    with pytest.raises(UserError, match="L_dot_S, L_x"):
        acc.elements(ribbon, bands, density="Q_z")
    with pytest.raises(UserError, match="magneton"):
        acc.elements(ribbon, bands, density="orbital_moment", definition="total")
    with pytest.raises(UserError, match="component"):
        acc.elements(ribbon, bands, density="spin(component=w)")


def test_what_a_definition_leaves_out_is_said():
    ribbon = multi_orbital().ribbon((1, 0), 2)
    bands = acc.bands(ribbon, k=8)
    with pytest.warns(UserWarning, match="inside the atoms"):
        elements = acc.elements(ribbon, bands, density="orbital_moment")
    assert "total" in elements.attrs["remark"]
    assert "remark" in acc.response(elements).attrs


@pytest.mark.filterwarnings("ignore:the orbitals of this model")
def test_total_is_both_parts():
    lattice = multi_orbital()
    flake = lattice.flake((1, 1), 2, 2)
    parts = {
        definition: flake.response(
            density={"name": "orbital_moment", "magneton": 0.3}, definition=definition
        ).accumulation
        for definition in ("exact", "total")
    }
    inside = flake.response(density="orbital_angular_momentum").accumulation
    difference = (parts["total"] - parts["exact"]).values
    np.testing.assert_allclose(difference, 0.3 * inside.values, atol=1e-12)


def test_a_magneton_of_the_lattice_is_that_of_its_units():
    """hbar^2 / (2 m_e) = 3.81 eV A^2 (CODATA: hbar 1.054571817e-34, m_e 9.1093837e-31)."""
    lattice = multi_orbital()
    lattice.units = "eV_angstrom"
    flake = lattice.flake((1, 1), 2, 2)
    hbar, mass, charge = 1.054571817e-34, 9.1093837015e-31, 1.602176634e-19
    magneton = hbar**2 / (2 * mass) / charge * 1e20
    own = flake.response(density="orbital_moment", definition="total")
    told = flake.response(
        density={"name": "orbital_moment", "magneton": magneton}, definition="total"
    )
    np.testing.assert_allclose(own.accumulation, told.accumulation, rtol=1e-8, atol=1e-12)
    assert own.accumulation.attrs["units"].startswith("e eV angstrom^2 / hbar")


def test_datasets_keep_what_the_densities_need(tmp_path):
    """Response after a round trip through files equals that without one."""
    import xarray as xr

    ribbon = multi_orbital().ribbon((1, 1), 2)
    elements = acc.elements(ribbon, acc.bands(ribbon, k=24), density="L_y")
    elements.to_netcdf(tmp_path / "elements.nc")
    with xr.open_dataset(tmp_path / "elements.nc") as stored:
        one, other = (acc.response(e, 0.2, [0, 0.1]) for e in (elements, stored.load()))
    xr.testing.assert_identical(one, other)


def test_parity_is_that_of_the_operator():
    assert load("densities", "operator(operator=L_z)").TIME_REVERSAL == -1
    assert load("densities", "operator(operator=L_dot_S)").TIME_REVERSAL == +1
    assert load("densities", "operator(operator=Q, parity=-1)").TIME_REVERSAL == -1
