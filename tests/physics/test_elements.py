"""Matrix elements: against literal double sums, under gauge transformations and symmetries."""

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.densities import missing_operators

RNG = np.random.default_rng(21)
# From A to l1 the path over B turns right.
SENSE = -1
GENERIC = {"t2": 0.1, "phi": 0.7, "delta": 0.8}


def all_definitions():
    """Those that need no operator of a site, which these models do not have."""
    for name in plugins.available("densities"):
        module = plugins.load("densities", name)
        for definition in module.DEFINITIONS["ribbon"]:
            if not missing_operators(module, definition, ()):
                yield name, definition


def calculate(ribbon, density="orbital_moment", definition=None, gauge="atomic", k=21):
    return acc.elements(ribbon, acc.bands(ribbon, k=k), density, definition, gauge)


def lattice_for(density, strain=0.0):
    """A model without symmetries for which the density is not trivial."""
    if density != "spin":
        return acc.haldane(**GENERIC, strain=strain)
    lattice = acc.kane_mele(spin_orbit=0.1, rashba=0.3, delta=0.8)
    # An exchange field along y: no time reversal and no degeneracy anywhere.
    for site, field in (("A", 0.2), ("B", 0.35)):
        lattice.hop(f"{site}_up", f"{site}_down", (0, 0), 0.15 - 1j * field)
    return lattice


def valley(ribbon, k, gauge="atomic"):
    """(i / 3 sqrt(3)) sum_<<ij>> nu_ij eta_i, with the turn at the site between two neighbours."""
    places, names, size = ribbon.positions[:, :2], ribbon.sublattice, len(ribbon.sublattice)
    shift, bond, found = np.array([ribbon.period, 0.0]), 1 / np.sqrt(3), np.zeros((size, size)) + 0j
    # Between the two sites lies one of the other sublattice, in the infinite sheet: outside, too.
    away = np.unique(
        [
            np.round(sign * (places[j] + cell * shift - places[i]), 9)
            for i, j, cell in np.ndindex(size, size, 5)
            for cell, sign in [(cell - 2, 1 if names[i] == "A" else -1)]
            if names[i] != names[j]
            and abs(np.hypot(*(places[j] + cell * shift - places[i])) - bond) < 1e-9
        ],
        axis=0,
    )
    for i, j, cell in np.ndindex(size, size, 5):
        d = places[j] + (cell - 2) * shift - places[i]
        if names[i] != names[j] or abs(np.hypot(*d) - 1) > 1e-9:
            continue
        eta = 1 if names[i] == "A" else -1
        for first in eta * away:
            second = d - first
            if abs(np.hypot(*second) - bond) < 1e-9:
                nu = np.sign(first[0] * second[1] - first[1] * second[0])
                x = d[0] if gauge == "atomic" else (cell - 2) * ribbon.period
                found[i, j] += 1j / (3 * np.sqrt(3)) * SENSE * nu * eta * np.exp(1j * k * x)
    return found


def literal(ribbon, k, density, definition, gauge):  # noqa: C901, PLR0912  (every loop as written)
    """<n|n(mu)|n'> and A_nn' with loops, as Eqs. 55-57, S47 and S51 are written."""
    h, v = ribbon.hamiltonian(k, gauge)
    e, c = np.linalg.eigh(h)
    size, y = len(e), ribbon.positions[:, 1]
    velocity, position = c.conj().T @ v @ c, c.conj().T @ (y[:, None] * c)
    a = np.zeros((size, size), dtype=complex)
    for n in range(size):
        for l in range(size):  # noqa: E741
            if n != l:
                a[n, l] = 1j * velocity[n, l] / (e[l] - e[n])
    slope = velocity.diagonal().real
    if density == "charge":
        operator = np.eye(size)
    elif density == "spin":
        operator = c.conj().T @ (ribbon.spin[:, None] * c)
    elif density == "valley":
        operator = c.conj().T @ valley(ribbon, k, gauge) @ c
    elif definition == "circulation":
        operator = -0.5 * (velocity @ position + position @ velocity)
    elif definition == "band":
        operator = np.zeros((size, size), dtype=complex)
        for n in range(size):
            for l in range(size):  # noqa: E741
                operator[n, l] = -0.5 * (slope[n] + slope[l]) * position[n, l]
                for p in range(size):
                    operator[n, l] += (
                        (e[l] + e[n] - 2 * e[p])
                        / 4j
                        * (a[n, p] * position[p, l] - position[n, p] * a[p, l])
                    )
    density_elements = np.zeros((size, size, size), dtype=complex)
    for mu in range(size):
        if definition == "local":
            # (x_nu - x_mu) i (y_nu - y_mu) H = (y_nu - y_mu) dH, traced on row mu
            row = 0.25 * ((y - y[mu]) * v[mu]) - 0.25 * ((y + y[mu]) * v[mu])
            kernel = np.zeros((size, size), dtype=complex)
            kernel[mu] = row
            matrix = c.conj().T @ (0.5 * (kernel + kernel.conj().T)) @ c
        else:
            overlap = np.outer(c[mu].conj(), c[mu])
            matrix = 0.5 * (operator @ overlap + overlap @ operator)
        density_elements[mu] = matrix
    return e, density_elements, a


@pytest.mark.parametrize("gauge", ["atomic", "cell"])
@pytest.mark.parametrize("direction", [(1, 0), (1, 1), (2, 1)])
@pytest.mark.parametrize(("density", "definition"), list(all_definitions()))
def test_density_and_polarizability_are_the_literal_sums(density, definition, direction, gauge):
    """Eq. 55's sum over pairs of bands, looped over n, n', l and mu."""
    ribbon = lattice_for(density, strain=0.2).ribbon(direction, 3)
    found = calculate(ribbon, density, definition, gauge, k=9)
    for i in (1, 6):
        e, matrix, a = literal(ribbon, float(found.k[i]), density, definition, gauge)
        diagonal = np.einsum("mnn->nm", matrix).real
        np.testing.assert_allclose(found.density[i], diagonal, atol=1e-12)
        b = np.zeros_like(diagonal)
        for n in range(len(e)):
            for l in range(len(e)):  # noqa: E741
                if n != l:
                    b[n] += 2 * (matrix[:, n, l] * a[l, n]).real / (e[n] - e[l])
        np.testing.assert_allclose(found.polarizability[i], b, atol=1e-9)


@pytest.mark.parametrize(("density", "definition"), list(all_definitions()))
def test_random_phases_of_the_eigenvectors_change_nothing(density, definition):
    """Gauge covariance, to 1e-10; on a zigzag ribbon it also sends real states the complex way."""
    for direction in ((1, 0), (1, 1)):
        ribbon = lattice_for(density).ribbon(direction, 6)
        bands = acc.bands(ribbon, k=31)
        vectors = bands.eigenvector_re.values.astype(complex)
        if "eigenvector_im" in bands:
            vectors = vectors + 1j * bands.eigenvector_im.values
        vectors = vectors * np.exp(1j * RNG.uniform(0, 7, (31, 1, vectors.shape[-1])))
        turned = bands.assign(
            eigenvector_re=bands.eigenvector_re.copy(data=vectors.real),
            eigenvector_im=bands.eigenvector_re.copy(data=vectors.imag),
        )
        one = acc.elements(ribbon, bands, density, definition)
        other = acc.elements(ribbon, turned, density, definition)
        for name in ("moment", "density", "polarizability"):
            np.testing.assert_allclose(one[name], other[name], atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("density", "definition"), list(all_definitions()))
def test_rows_add_up_to_the_moment(density, definition):
    """sum_mu P_mu = 1: for `local` half of y v_x, as the x v_y half is an origin term."""
    ribbon = lattice_for(density).ribbon((2, 1), 3)
    found = calculate(ribbon, density, definition)
    k = found.k.values
    h, v = ribbon.hamiltonian(k)
    c = np.linalg.eigh(h)[1]
    y = ribbon.positions[:, 1]
    circulation = -np.einsum("kin,i,kij,kjn->kn", c.conj(), y, v, c).real
    expected = {
        "charge": 1.0,
        "spin": np.einsum("kin,i,kin->kn", c.conj(), ribbon.spin, c).real,
        "valley": np.array(
            [
                np.einsum("in,ij,jn->n", one.conj(), valley(ribbon, q), one).real
                for q, one in zip(k, c, strict=True)
            ]
        ),
    }.get(density, circulation * (0.5 if definition == "local" else 1))
    np.testing.assert_allclose(found.density.sum("row"), expected * np.ones_like(circulation))
    np.testing.assert_allclose(found.moment, found.density.sum("row"), atol=1e-12)


@pytest.mark.parametrize("direction", [(1, 0), (2, 1), (3, 1)])
def test_moment_is_odd_in_k_with_time_reversal_only(direction):
    even = {"t2": 0.06, "phi": 0.0, "delta": 0.5, "strain": 0.1}
    moment = calculate(acc.haldane(**even).ribbon(direction, 5)).moment.values
    np.testing.assert_allclose(moment, -moment[::-1], atol=1e-11)
    assert np.abs(moment).max() > 1e-3
    broken = calculate(acc.haldane(**even | {"phi": 0.7}).ribbon(direction, 5)).moment.values
    assert np.abs(broken + broken[::-1]).max() > 1e-3


def test_mirror_across_the_armchair_ribbon_forbids_a_moment():
    """y -> -y maps each sublattice to itself there and, at phi = 0, reverses m_z alone."""
    ribbon = acc.haldane(t2=0.06, delta=0.5, strain=0.1).ribbon((1, 1), 5)
    assert np.abs(calculate(ribbon).moment).max() < 1e-12


def test_gapped_graphene_without_t2_has_no_moment():
    """physics: <n|m|n> = 0 for every zigzag state, whatever the definition of the rows."""
    ribbon = acc.haldane(delta=0.5).ribbon((1, 0), 20)
    for definition in ("band", "circulation", "local"):
        assert np.abs(calculate(ribbon, definition=definition).moment).max() < 1e-11


@pytest.mark.parametrize("definition", ["band", "circulation", "local"])
@pytest.mark.parametrize("trial", range(3))
def test_interband_vanishes_with_time_reversal(definition, trial):
    """Eqs. 22-27 on armchair and chiral ribbons, whose H(k) is complex."""
    t2, delta = np.random.default_rng([1, trial]).uniform([0.02, 0.2], [0.1, 0.6])
    for direction in ((1, 1), (2, 1)):
        ribbon = acc.haldane(t2=t2, delta=delta, strain=0.2).ribbon(direction, 6)
        found = calculate(ribbon, definition=definition, k=51)
        assert np.iscomplexobj(ribbon.hamiltonian(0.3)[0])
        assert np.abs(found.polarizability).max() > 1e-3
        for level in (0.0, 0.9):
            response = acc.response(found, level, temperature=0.05)
            assert np.abs(response.accumulation.sel(process="interband")).max() < 1e-10


@pytest.mark.parametrize("definition", ["band", "circulation", "local"])
@pytest.mark.parametrize("trial", range(3))
def test_interband_vanishes_with_TMx_and_not_without(definition, trial):
    """Time reversal times x -> -x: zigzag at any flux and delta, also the complex way round."""
    rng = np.random.default_rng([2, trial])
    t2, phi, delta = rng.uniform([0.05, 0.4, 0.3], [0.1, 1.2, 0.9])
    lattice = acc.haldane(t2=t2, phi=phi, delta=delta)
    ribbon = lattice.ribbon((1, 0), 8)
    bands = acc.bands(ribbon, k=31)
    phases = np.exp(1j * rng.uniform(0, 7, (31, 1, 16)))
    turned = bands.assign(
        eigenvector_re=bands.eigenvector_re * phases.real,
        eigenvector_im=bands.eigenvector_re * phases.imag,
    ).transpose("k", "orbital", "band")
    found = acc.elements(ribbon, turned, definition=definition)
    assert found.polarizability.values.any()
    response = acc.response(found, [0.0, 0.9], temperature=0.1)
    # Rounding times the reciprocal of the smallest gaps squared, about 1e4.
    assert np.abs(response.accumulation.sel(process="interband")).max() < 1e-11

    def interband(ribbon, gauge="atomic"):
        found = calculate(ribbon, definition=definition, gauge=gauge, k=51)
        return np.abs(acc.response(found, 0.0).accumulation.sel(process="interband")).max()

    broken = acc.haldane(t2=t2, phi=phi, delta=delta, strain=0.3)
    assert interband(ribbon) == 0
    assert interband(broken.ribbon((1, 0), 8)) > 1e-5
    assert interband(lattice.ribbon((1, 1), 8)) > 1e-5
    assert interband(lattice.ribbon((2, 1), 8)) > 1e-5
    assert interband(ribbon, gauge="cell") > 1e-5


def test_eigenvectors_need_not_be_kept():
    ribbon = acc.haldane(**GENERIC).ribbon((1, 1), 5)
    kept = acc.elements(ribbon, acc.bands(ribbon, k=21))
    anew = acc.elements(ribbon, acc.bands(ribbon, k=21, eigenvectors=False))
    for name in ("density", "polarizability"):
        np.testing.assert_allclose(kept[name], anew[name], atol=1e-12)


@pytest.mark.parametrize(
    ("direction", "parameters", "expected"),
    [
        ((2, 1), GENERIC, 101),
        ((1, 1), GENERIC, 51),  # time reversal times the mirror y -> -y pairs k with -k
        ((2, 1), GENERIC | {"phi": 0.0}, 51),  # time reversal
        ((2, 1), GENERIC | {"delta": 0.0}, 51),  # inversion
    ],
)
def test_diagonalisations_are_counted(monkeypatch, direction, parameters, expected):
    """Bands diagonalise each k once, or each pair k, -k; elements never; the response of so small a
    ribbon at most 2000 times, to refine what the mesh leaves open.
    """
    ribbon = acc.haldane(**parameters).ribbon(direction, 6)
    direct = np.linalg.eigvalsh(ribbon.hamiltonian(acc.bands(ribbon, k=101).k.values)[0])
    counted = []
    eigh = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda h: counted.append(len(h)) or eigh(h))
    bands = acc.bands(ribbon, k=101)
    assert sum(counted) == expected
    elements = acc.elements(ribbon, bands)
    assert sum(counted) == expected
    acc.response(elements, fermi_energy=-0.2)
    assert sum(counted) <= expected + 2_000
    # the states of -k are eigenstates of H(-k) with the velocities of their energies
    np.testing.assert_allclose(bands.energy, direct, atol=1e-12)
    u = (
        bands.eigenvector_re.values
        + 1j * bands.get("eigenvector_im", 0 * bands.energy[0, 0]).values
    )
    h, slope = ribbon.hamiltonian(bands.k.values)
    np.testing.assert_allclose(h @ u, u * bands.energy.values[:, None], atol=1e-12)
    velocity = np.einsum("kan,kab,kbn->kn", u.conj(), slope, u).real
    np.testing.assert_allclose(bands.velocity, velocity, atol=1e-10)
