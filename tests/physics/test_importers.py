"""Models of PythTB, Kwant and TBmodels, against their own bands; and back again.

What is not installed is skipped: Kwant has to be compiled, TBmodels asks for an older NumPy.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import accumulation as acc
from accumulation import Lattice
from accumulation.errors import UserError

sys.path.insert(0, str(Path(__file__).parent))

from wannier_files import real_seed

SIZES = [(2, 2, (0, 1)), (3, 3, (0, 1, 2)), (2, 3, (0, 2)), (2, 3, (1, 2))]
LINES = [(1, 1, (0,)), (1, 2, (1,)), (1, 3, (2,))]


def random_matrix(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def hermitian(rng, size):
    matrix = random_matrix(rng, size, size)
    return matrix + matrix.conj().T


def energies(system, k):
    """Bands at k in units of the reciprocal vectors."""
    if isinstance(system, Lattice):
        return np.linalg.eigvalsh(system.hamiltonian(np.asarray(k) @ system.reciprocal))
    return np.linalg.eigvalsh(system.hamiltonian(2 * np.pi * k[0] / system.period)[0])


# --- PythTB --------------------------------------------------------------------------------------


def pythtb_model(seed, periodic, real, spins):
    """A random model of three orbitals, in PythTB 1.8 or 2, whichever there is."""
    pythtb = pytest.importorskip("pythtb")
    rng = np.random.default_rng(seed)
    vectors, places = np.eye(real) + 0.2 * rng.random((real, real)), rng.random((3, real))
    if hasattr(pythtb, "TBModel"):
        lattice = pythtb.Lattice(vectors, places, list(periodic))
        model = pythtb.TBModel(lattice, spinful=spins == 2)
    else:
        model = pythtb.tb_model(
            len(periodic), real, vectors, places, per=list(periodic), nspin=spins
        )
    model.set_onsite(
        [hermitian(rng, 2) for _ in range(3)] if spins == 2 else list(rng.standard_normal(3))
    )
    for n in range(7):
        cell = np.zeros(real, dtype=int)
        cell[list(periodic)] = (n, *rng.integers(-2, 3, len(periodic) - 1))
        i, j = n % 3, (n + 1 + n // 3) % 3
        amplitude = random_matrix(rng, 2, 2) if spins == 2 else complex(random_matrix(rng, 1)[0])
        model.set_hop(amplitude, i, j, list(cell))
    return model


def pythtb_energies(model, k):
    solve = model.solve_ham if hasattr(model, "solve_ham") else lambda k: model.solve_one(k[0])
    return np.sort(np.ravel(solve([np.asarray(k)])))


@pytest.mark.parametrize("spins", [1, 2])
@pytest.mark.parametrize(("directions", "real", "periodic"), SIZES + LINES)
def test_bands_of_pythtb(directions, real, periodic, spins):
    """Two and three directions are a lattice, one a ribbon or a wire; to 1e-10 at random k."""
    model = pythtb_model(real, periodic, real, spins)
    system = acc.from_pythtb(model)
    kinds = {1: acc.Wire if real == 3 else acc.Ribbon}
    assert type(system) is kinds.get(directions, Lattice)
    for k in np.random.default_rng(1).random((5, directions)):
        np.testing.assert_allclose(energies(system, k), pythtb_energies(model, k), atol=1e-10)
    spin = system.spins if isinstance(system, Lattice) else system.spin
    assert spin.sum() == 0
    assert np.abs(spin).sum() == (6 if spins == 2 else 0)


@pytest.mark.parametrize("spins", [1, 2])
@pytest.mark.parametrize(("directions", "real", "periodic"), SIZES)
def test_lattices_return_to_pythtb(directions, real, periodic, spins):
    model = pythtb_model(7, periodic, real, spins)
    back = acc.from_pythtb(model).to_pythtb()
    for k in np.random.default_rng(2).random((5, directions)):
        np.testing.assert_allclose(pythtb_energies(back, k), pythtb_energies(model, k), atol=1e-10)


def test_ribbons_are_those_that_pythtb_cuts():
    """Bands and velocities of the finite model, and so the same places and the same ribbon."""
    pytest.importorskip("pythtb")
    lattice = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
    model = lattice.to_pythtb()
    cut = acc.from_pythtb(model.cut_piece(6, 1))
    ribbon = lattice.ribbon((1, 0), 6)
    assert cut.period == pytest.approx(ribbon.period)
    np.testing.assert_allclose(cut.positions, ribbon.positions, atol=1e-12)
    for k in (0.3, 1.7):
        for mine, theirs in zip(cut.hamiltonian(k), ribbon.hamiltonian(k), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-12)
    layer = acc.from_pythtb(model)
    other = layer.ribbon((2, 1), 4)
    same = lattice.ribbon((2, 1), 4)
    for k in (0.2, 0.9):
        mine, theirs = (np.linalg.eigvalsh(x.hamiltonian(k)[0]) for x in (other, same))
        np.testing.assert_allclose(mine, theirs, atol=1e-10)


@pytest.mark.parametrize("spins", [1, 2])
@pytest.mark.parametrize("direction", [0, 1])
def test_ribbons_of_imported_models_are_those_that_pythtb_cuts(direction, spins):
    """Random models of several orbitals, spin included, open along either vector."""
    model = pythtb_model(5, (0, 1), 2, spins)
    along = (1, 0) if direction == 1 else (0, 1)
    ribbon = acc.from_pythtb(model).ribbon(along, 5)
    piece = model.cut_piece(5, direction)
    for k in np.random.default_rng(3).random(4):
        found = energies(ribbon, [k])
        np.testing.assert_allclose(found, pythtb_energies(piece, [k]), atol=1e-10)


def test_pythtb_reads_the_same_of_real_files():
    """Its own reader of Wannier90's files, and the ribbon that it cuts of what it has read."""
    pythtb = pytest.importorskip("pythtb")
    if not callable(getattr(pythtb, "w90", None)):
        pytest.skip("this PythTB reads Wannier90 by other names")
    seed = Path(real_seed("mos2"))
    model = pythtb.w90(str(seed.parent), seed.name).model(min_hopping_norm=0.1)
    with pytest.warns(UserWarning, match="projections name them"):
        lattice = acc.from_wannier90(seed, smallest=0.1)
    for k in np.random.default_rng(4).random((5, 3)):
        np.testing.assert_allclose(energies(lattice, k[:2]), pythtb_energies(model, k), atol=1e-10)
    piece = model.cut_piece(4, 1)
    ribbon = lattice.ribbon((1, 0), 4)
    for k in np.random.default_rng(5).random((3, 2)):
        np.testing.assert_allclose(energies(ribbon, k[:1]), pythtb_energies(piece, k), atol=1e-10)


def test_pythtb_models_without_directions_are_refused():
    pytest.importorskip("pythtb")
    lattice = acc.haldane()
    piece = lattice.to_pythtb().cut_piece(3, 1).cut_piece(3, 0)
    for wrong, words in ((piece, "periodic in one"), (lattice, "tb_model"), (None, "tb_model")):
        with pytest.raises(UserError, match="model") as caught:
            acc.from_pythtb(wrong)
        assert words in str(caught.value)


def test_left_handed_vectors_do_not_go_to_pythtb():
    pytest.importorskip("pythtb")
    lattice = Lattice([(0.0, 1.0), (1.0, 0.0)], {"a": (0.0, 0.0)})
    with pytest.raises(UserError, match="right-handed"):
        lattice.to_pythtb()


def test_the_second_version_of_pythtb_is_read_by_its_public_names():
    """A stand-in with the attributes of TBModel: amplitudes are matrices where it has spin."""
    rng = np.random.default_rng(3)
    onsite, hop = [hermitian(rng, 2) for _ in range(2)], random_matrix(rng, 2, 2)
    model = SimpleNamespace(
        lat_vecs=np.array([[1.0, 0.0], [0.2, 1.3]]),
        orb_vecs=np.array([[0.0, 0.0], [0.3, 0.4]]),
        periodic_dirs=[0, 1],
        nspin=2,
        onsite=np.array(onsite),
        parameters=[],
        assume_position_operator_diagonal=True,
        hoppings=[
            {"amplitude": hop, "from_orbital": 0, "to_orbital": 1, "lattice_vector": [1, -1]},
            {"amplitude": 0.5 * np.eye(2), "from_orbital": 1, "to_orbital": 0},
        ],
    )
    lattice = acc.from_pythtb(model, filling=2)
    k = np.array([0.21, -0.4])
    across = hop * np.exp(2j * np.pi * (k @ (1, -1))) + 0.5 * np.eye(2)
    expected = np.block([[onsite[0], across], [across.conj().T, onsite[1]]])
    np.testing.assert_allclose(energies(lattice, k), np.linalg.eigvalsh(expected), atol=1e-12)
    assert list(lattice.orbitals) == ["orb0_up", "orb0_down", "orb1_up", "orb1_down"]
    assert lattice.spins.tolist() == [1, -1, 1, -1]
    assert lattice.filling == 2
    model.parameters = [{"names": ["mass"]}]
    with pytest.raises(UserError, match="free parameters mass"):
        acc.from_pythtb(model)


# --- Wannier90 and back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lattice",
    [
        acc.haldane(t2=0.1, phi=0.7, delta=0.3),
        acc.kane_mele(),
        acc.stacked_haldane(),
        acc.layered_antiferromagnet(),
    ],
)
def test_lattices_return_from_wannier90(tmp_path, lattice):
    """Bands, places, spins and the velocity, with nothing lost, from either file."""
    order, known = None, {"blocks": np.repeat([1, -1], len(lattice.spins) // 2),
                          "interleaved": np.tile([1, -1], len(lattice.spins) // 2)}  # fmt: skip
    if lattice.spins.any() and not any(
        np.array_equal(lattice.spins, spins) for spins in known.values()
    ):
        with pytest.raises(UserError, match="spins in another order"):
            lattice.to_wannier90(tmp_path / "mine")
        names = sorted(lattice.orbitals, key=lambda name: -lattice.spin[name])
        places = {name: lattice.orbitals[name] for name in names}
        rest = (lattice.onsite, lattice.hoppings, lattice.spin)
        lattice = Lattice(lattice.vectors, places, *rest)
    if lattice.spins.any():
        order = next(o for o, spins in known.items() if np.array_equal(lattice.spins, spins))
    lattice.to_wannier90(tmp_path / "mine")
    k = np.random.default_rng(0).random((4, lattice.dimension))
    for file in ("mine_tb.dat", "mine_hr.dat"):
        again = acc.from_wannier90(tmp_path / file, spin=order)
        assert again.dimension == lattice.dimension
        np.testing.assert_allclose(again.positions, lattice.positions, atol=1e-14)
        np.testing.assert_array_equal(again.spins, lattice.spins)
        here, there = (k @ x.reciprocal for x in (again, lattice))
        np.testing.assert_allclose(again.hamiltonian(here), lattice.hamiltonian(there), atol=1e-13)
        np.testing.assert_allclose(again.velocity(here), lattice.velocity(there), atol=1e-12)
    with pytest.raises(UserError, match="folder"):
        lattice.to_wannier90(tmp_path / "mine.win" / "no_folder")


def test_datasets_say_where_a_model_comes_from(tmp_path):
    """The table of what was checked, in every dataset of it, and in no other."""
    acc.haldane(t2=0.1, phi=0.7).to_wannier90(tmp_path / "mine")
    lattice = acc.from_wannier90(tmp_path / "mine")
    ribbon = lattice.ribbon((1, 0), 4)
    bands = acc.bands(ribbon, k=11)
    elements = acc.elements(ribbon, bands, density="charge")
    response = acc.response(elements)
    flake = acc.model(lattice.flake((1, 0), 2, 3))
    for dataset in (acc.model(ribbon), bands, elements, response, flake):
        note = json.loads(dataset.attrs["provenance"])
        assert note == lattice.provenance
        assert note["hermiticity_violation"] == 0
        assert set(note["files"]) == {"mine_tb.dat", "mine_centres.xyz", "mine.win"}
    assert "provenance" not in acc.model(acc.haldane().ribbon((1, 0), 4)).attrs


# --- Kwant ---------------------------------------------------------------------------------------


@pytest.fixture
def kwant():
    # It warns where it was built without a solver that nothing here needs.
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("kwant")


def kwant_crystal(kwant, seed, dimension=2):
    """Two sites of two orbitals with matrices, one of them a function of a parameter."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(dimension) + 0.2 * rng.random((dimension, dimension))
    lattice = kwant.lattice.general(vectors, rng.random((2, dimension)), norbs=2)
    a, b = lattice.sublattices
    vectors = [lattice.vec(row) for row in np.eye(dimension, dtype=int)]
    builder = kwant.Builder(kwant.TranslationalSymmetry(*vectors))
    home = (0,) * dimension
    builder[a(*home)] = hermitian(rng, 2)
    builder[b(*home)] = lambda site, mass: mass * np.diag([1, -1])
    for cell, to, origin in (
        (home, a, b), ((1, *home[1:]), a, b), ((*home[1:], 1), a, a), ((1, *home[2:], -1), b, a),
    ):  # fmt: skip
        builder[kwant.builder.HoppingKind(cell, to, origin)] = random_matrix(rng, 2, 2)
    return lattice, builder


@pytest.mark.parametrize("dimension", [2, 3])
def test_bands_of_kwant(kwant, dimension):
    """Against its own wraparound, in which each direction is a phase."""
    _, builder = kwant_crystal(kwant, dimension, dimension)
    system = kwant.wraparound.wraparound(builder).finalized()
    lattice = acc.from_kwant(builder, {"mass": 0.7}, spin=(1, -1), filling=2)
    assert lattice.dimension == dimension
    assert lattice.spins.tolist() == [1, -1, 1, -1]
    for k in np.random.default_rng(0).random((5, dimension)):
        names = dict(zip(("k_x", "k_y", "k_z"), 2 * np.pi * k, strict=False))
        matrix = system.hamiltonian_submatrix(params={"mass": 0.7} | names)
        np.testing.assert_allclose(energies(lattice, k), np.linalg.eigvalsh(matrix), atol=1e-10)


def test_leads_of_kwant_are_ribbons(kwant):
    """A lead, built or finalized, and the ribbon cut from the crystal have one Hamiltonian."""
    lattice, builder = kwant_crystal(kwant, 4)
    lead = kwant.Builder(kwant.TranslationalSymmetry(lattice.vec((1, 0))))
    normal = np.array([-lattice.vec((1, 0))[1], lattice.vec((1, 0))[0]])
    height = normal @ lattice.vec((0, 1))
    lead.fill(
        builder,
        lambda site: 0 <= site.tag[1] < 4 and abs(site.pos @ normal) < 9 * height,
        lattice.sublattices[0](0, 0),
    )
    final = lead.finalized()
    ribbon = acc.from_kwant(builder, {"mass": 0.4}).ribbon((1, 0), 4)
    cell = final.cell_hamiltonian(params={"mass": 0.4})
    across = np.zeros_like(cell)
    hopping = final.inter_cell_hopping(params={"mass": 0.4})
    across[:, : hopping.shape[1]] = hopping
    for system in (acc.from_kwant(lead, {"mass": 0.4}), acc.from_kwant(final, {"mass": 0.4})):
        assert isinstance(system, acc.Ribbon)
        for k in (0.11, 0.37):
            phase = np.exp(2j * np.pi * k)
            both = [
                np.linalg.eigvalsh(cell + across * p + (across * p).conj().T)
                for p in (phase, 1 / phase)
            ]
            found = energies(system, [k])
            assert min(np.abs(found - other).max() for other in both) < 1e-10
            np.testing.assert_allclose(found, energies(ribbon, [k]), atol=1e-10)


def test_what_kwant_does_not_say_is_asked_for(kwant):
    lattice, builder = kwant_crystal(kwant, 5)
    finite = kwant.Builder()
    finite[lattice.sublattices[0](0, 0)] = np.eye(2)
    for call, words in (
        (lambda: acc.from_kwant(builder), "params.mass"),
        (lambda: acc.from_kwant(builder, {"mass": 1.0}, spin=(1,)), "`spin`"),
        (lambda: acc.from_kwant(finite), "TranslationalSymmetry"),
        (lambda: acc.from_kwant(3), "kwant.Builder"),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert words in str(caught.value)
    builder[lattice.sublattices[0](0, 0)] = random_matrix(np.random.default_rng(0), 2, 2)
    with pytest.raises(UserError, match="onsite"):
        acc.from_kwant(builder, {"mass": 1.0})


# --- TBmodels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_bands_of_tbmodels(dimension, sparse):
    """With places outside the home cell, which it moves there; dense and sparse."""
    tbmodels = pytest.importorskip("tbmodels")
    rng = np.random.default_rng(dimension)
    cells = [(0,) * dimension, (1,) * dimension, (2, *(0,) * (dimension - 1)),
             (*(0,) * (dimension - 1), -1)]  # fmt: skip
    model = tbmodels.Model(
        on_site=rng.standard_normal(3),
        hop={cell: random_matrix(rng, 3, 3) for cell in cells},
        contains_cc=False,
        pos=rng.uniform(-1, 2, (3, dimension)),
        uc=np.eye(dimension) + 0.2 * rng.random((dimension, dimension)),
        occ=2,
        sparse=sparse,
    )
    system = acc.from_tbmodels(model)
    if dimension > 1:
        assert system.filling == 2
    for k in rng.random((5, dimension)):
        np.testing.assert_allclose(energies(system, k), model.eigenval(k), atol=1e-10)


def test_tbmodels_are_read_by_their_public_names():
    """A stand-in: half the Hamiltonian, and a direction without hops, which is left out."""
    rng = np.random.default_rng(0)
    hop = {(0, 0, 0): random_matrix(rng, 2, 2), (1, 0, 0): random_matrix(rng, 2, 2),
           (0, -1, 0): random_matrix(rng, 2, 2)}  # fmt: skip
    model = SimpleNamespace(
        hop=hop, pos=[[0, 0, 0], [0.2, 0.3, 0.1]], dim=3, size=2, uc=np.diag([1.0, 2.0, 9.0])
    )
    lattice = acc.from_tbmodels(model)
    assert lattice.dimension == 2
    k = np.array([0.3, 0.1])
    half = sum(m * np.exp(2j * np.pi * (k @ cell[:2])) for cell, m in hop.items())
    expected = np.linalg.eigvalsh(half + half.conj().T)
    np.testing.assert_allclose(energies(lattice, k), expected, atol=1e-12)
    np.testing.assert_allclose(lattice.positions[1], [0.2, 0.6, 0.9])
    with pytest.raises(UserError, match=r"tbmodels\.Model"):
        acc.from_tbmodels(None)
    model.dim = 4
    with pytest.raises(UserError, match="one, two or three"):
        acc.from_tbmodels(model)


# --- rotated axes --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_layers_and_lines_in_any_direction_are_turned_into_place(seed):
    """Lengths and bands stay, and the rotation is noted."""
    pytest.importorskip("pythtb")
    for periodic in ((0, 2), (1, 2), (1,), (2,)):
        model = pythtb_model(seed, periodic, 3, 1)
        system = acc.from_pythtb(model)
        place = model.get_orb() if not hasattr(model, "orb_vecs") else model.orb_vecs
        vectors = model.get_lat() if not hasattr(model, "lat_vecs") else model.lat_vecs
        rotation = np.array(system.provenance["rotated_axes"])
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        if len(periodic) == 2:
            expected = place @ vectors @ rotation.T
            np.testing.assert_allclose(system.positions, expected, atol=1e-12)
            turned = vectors[list(periodic)] @ rotation.T
            np.testing.assert_allclose(turned[:, :2], system.vectors, atol=1e-12)
            np.testing.assert_allclose(turned[:, 2], 0, atol=1e-12)
        else:
            assert system.period == pytest.approx(np.linalg.norm(vectors[periodic[0]]))
