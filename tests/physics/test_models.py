"""Walks every model: Hermitian, complete in what it declares, its symmetries as documented."""

import inspect

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.datasets.files import read, write
from accumulation.datasets.model_dataset import restore
from accumulation.jobs import stage_runs

RNG = np.random.default_rng(40)
# Those of files have tests of their own (test_model_files).
MODELS = [
    name
    for name in plugins.available("models")
    if not hasattr(plugins.load("models", name), "contents")
]


def function(name):
    return getattr(plugins.load("models", name), name)


def random_parameters(name):
    """A random number for every parameter that is one, either value for a switch; texts stay."""
    found = {}
    for key, parameter in inspect.signature(function(name)).parameters.items():
        if isinstance(parameter.default, bool):
            found[key] = bool(RNG.integers(2))
        elif not isinstance(parameter.default, str):
            found[key] = float(RNG.uniform(0.1, 0.9))
    return found


def cut(lattice, direction=(2, 1)):
    return lattice.ribbon(direction, 3) if lattice.dimension == 2 else lattice.wire(direction, 3, 2)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_hermitian(name):
    """H(k) of the crystal and of the cut, and the trace of both: a cut changes no site energy."""
    for _ in range(4):
        parameters = random_parameters(name)
        lattice = function(name)(**parameters)
        k = RNG.uniform(-4, 4, (5, lattice.dimension))
        h = lattice.hamiltonian(k)
        np.testing.assert_allclose(h, np.swapaxes(h, 1, 2).conj(), atol=1e-13)
        system = cut(lattice)
        h, v = system.hamiltonian(0.7)
        np.testing.assert_allclose(h, h.conj().T, atol=1e-13)
        np.testing.assert_allclose(v, v.conj().T, atol=1e-13)
        cells = len(system.positions) // len(lattice.orbitals)
        assert cells * sum(lattice.onsite.values()) == pytest.approx(
            np.trace(
                system.hamiltonian(np.arange(4) * np.pi / 2 / system.period)[0].mean(axis=0)
            ).real
        )


@pytest.mark.parametrize("name", MODELS)
def test_every_model_declares_itself(name):
    module = plugins.load("models", name)
    assert module.EQUATION
    text = inspect.getdoc(function(name))
    for key, parameter in inspect.signature(function(name)).parameters.items():
        assert key in text
        assert parameter.default is not parameter.empty
        if not isinstance(parameter.default, bool | str):
            assert module.UNITS[key]
    assert name in acc.__all__


@pytest.mark.parametrize("name", MODELS)
def test_every_model_comes_back_from_its_dataset(name, tmp_path):
    """To the last bit, through a file."""
    system = cut(function(name)(**random_parameters(name)))
    write(acc.model(system), tmp_path / "model.nc")
    again = restore(read(tmp_path / "model.nc"))
    assert type(again) is type(system)
    for gauge in ("atomic", "cell"):
        for one, other in zip(
            system.hamiltonian(0.3, gauge), again.hamiltonian(0.3, gauge), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(system.spin, again.spin)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_built_from_its_config(name):
    lattice = function(name)()
    geometry = {"direction": [1, 1], "width": 2}
    geometry |= {"kind": "ribbon"} if lattice.dimension == 2 else {"kind": "wire", "height": 2}
    assert stage_runs.build({"name": name}, geometry).kind == geometry["kind"]


def reversed_in_time(lattice, h):
    """i s_y H* (-i s_y), or H* without spin; orbitals of a site follow each other, up first."""
    if not np.any(lattice.spins):
        return h.conj()
    assert np.array_equal(lattice.spins[::2], -lattice.spins[1::2])
    turn = np.kron(np.eye(len(lattice.orbitals) // 2), [[0, 1], [-1, 0]])
    return turn @ h.conj() @ turn.T


def places(lattice):
    """(orbital, 3) positions modulo the lattice vectors, as fractions in [0, 1)."""
    full = np.eye(3)
    full[: lattice.dimension, : lattice.dimension] = lattice.vectors
    return lattice.positions @ np.linalg.inv(full)


def moved(lattice, operation, shift=(0, 0, 0)):
    """Orbital that stands, modulo lattice vectors, where each goes under ``operation`` + shift."""
    full = np.eye(3)
    full[: lattice.dimension, : lattice.dimension] = lattice.vectors
    image = (lattice.positions * operation + shift) @ np.linalg.inv(full)
    off = image[:, None] - places(lattice)
    off = np.abs(off - np.rint(off)).max(axis=-1) + 9 * (lattice.spins[:, None] != lattice.spins)
    assert off.min(axis=1).max() < 1e-9
    return np.argmin(off, axis=1)


INVARIANT = [
    ("haldane", {"phi": 0.0}, True),
    ("haldane", {"phi": 0.7, "t2": 0.1}, False),
    ("kane_mele", {}, True),
    ("stacked_haldane", {"phi": 0.0}, True),
    ("stacked_haldane", {"phi": 0.7, "alternate": False}, False),
    ("layered_antiferromagnet", {"exchange": 0.0}, True),
    ("layered_antiferromagnet", {"exchange": 0.4}, False),
    ("qwz", {}, False),
    ("kagome", {"phi": 0.0}, True),
    ("kagome", {"phi": 0.7}, False),
    ("lieb", {"t2": 0.0}, True),
    ("lieb", {"t2": 0.2}, False),
    ("square_sp", {}, True),
    ("px_py_honeycomb", {"rotation": 0.0}, True),
    ("px_py_honeycomb", {"rotation": 0.3}, False),
    ("tmd_three_band", {}, True),
    ("tmd_three_band", {"spin_orbit": 0.0, "spinful": False}, True),
    ("tmd_bilayer", {}, True),
    ("bilayer_graphene", {}, True),
    ("rashba_square", {"exchange": 0.0}, True),
    ("rashba_square", {"exchange": 0.4}, False),
    ("chiral_stacked_haldane", {"t2": 0.0}, True),
    ("chiral_stacked_haldane", {"t2": 0.2, "phi": 0.7}, False),
]


@pytest.mark.parametrize(("name", "fixed", "invariant"), INVARIANT)
def test_time_reversal_is_as_documented(name, fixed, invariant):
    """H(-k) = T H(k) T^-1 at random parameters, or clearly not."""
    lattice = function(name)(**random_parameters(name) | fixed)
    k = RNG.uniform(-3, 3, lattice.dimension)
    difference = lattice.hamiltonian(-k) - reversed_in_time(lattice, lattice.hamiltonian(k))
    assert bool(np.abs(difference).max() < 1e-13) is invariant


def test_alternating_stack_is_invariant_under_time_reversal_and_one_step_up():
    """T with a shift by the spacing; in the atomic gauge the shift only renames the orbitals."""
    parameters = random_parameters("stacked_haldane") | {"alternate": True}
    lattice = acc.stacked_haldane(**parameters)
    up = moved(lattice, (1, 1, 1), (0, 0, parameters["spacing"]))
    assert not np.array_equal(up, np.arange(len(up)))
    k = RNG.uniform(-3, 3, 3)
    h = lattice.hamiltonian(k)[np.ix_(up, up)]
    np.testing.assert_allclose(h.conj(), lattice.hamiltonian(-k), atol=1e-13)
    one = lattice.hamiltonian(-k) - lattice.hamiltonian(k).conj()
    assert np.abs(one).max() > 1e-2


@pytest.mark.parametrize("exchange", [0.0, 0.4])
def test_antiferromagnet_has_inversion_times_time_reversal(exchange):
    """About the middle of a pair of layers and of a bond: P H(k) P = H(-k) only without exchange,
    PT H(k) (PT)^-1 = H(k) with it too, so that bands come in pairs at every k.
    """
    parameters = random_parameters("layered_antiferromagnet") | {"exchange": exchange}
    lattice = acc.layered_antiferromagnet(**parameters)
    center = lattice.positions[lattice.spins == 1]
    center = 0.5 * (center.min(axis=0) + center.max(axis=0))
    image = moved(lattice, (-1, -1, -1), 2 * center)
    k = RNG.uniform(-3, 3, 3)
    h, minus = lattice.hamiltonian(k), lattice.hamiltonian(-k)
    inverted = h[np.ix_(image, image)]
    assert bool(np.abs(inverted - minus).max() < 1e-13) is (exchange == 0.0)
    np.testing.assert_allclose(reversed_in_time(lattice, inverted), h, atol=1e-13)
    energy = np.linalg.eigvalsh(h)
    np.testing.assert_allclose(energy[::2], energy[1::2], atol=1e-12)


def test_stacks_without_interlayer_hopping_are_their_layers():
    """Energies at any k: of one Haldane layer, or of two with opposite flux."""
    p = {"t2": 0.1, "phi": 0.7, "delta": 0.3, "strain": 0.2}
    k = RNG.uniform(-3, 3, (4, 3))
    one, other = (
        np.linalg.eigvalsh(acc.haldane(**p | {"phi": phi}).hamiltonian(k[:, :2]))
        for phi in (0.7, -0.7)
    )
    plain, both = (
        np.linalg.eigvalsh(acc.stacked_haldane(**p, tz=0.0, alternate=alternate).hamiltonian(k))
        for alternate in (False, True)
    )
    np.testing.assert_allclose(plain, one, atol=1e-13)
    np.testing.assert_allclose(both, np.sort(np.hstack((one, other)), axis=1), atol=1e-13)
