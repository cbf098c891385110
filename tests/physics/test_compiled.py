"""The compiled module computes what NumPy does, and everything works without it."""

import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest

import accumulation as acc
from accumulation.states import compiled
from accumulation.states.computed_once import computed_once
from accumulation.study import source_names

RIBBONS = {
    "zigzag": lambda: acc.haldane(t2=0.06, phi=np.pi / 2, delta=0.3).ribbon((1, 0), 13),
    "zigzag of any flux": lambda: acc.haldane(t2=0.06, phi=0.7, delta=0.3).ribbon((1, 0), 20),
    "armchair": lambda: acc.haldane(t2=0.06, phi=0.7, delta=0.3).ribbon((1, 1), 13),
    "chiral": lambda: acc.haldane(t2=0.06, phi=0.7, delta=0.3).ribbon((2, 1), 9),
    "spins": lambda: acc.kane_mele(spin_orbit=0.06, delta=0.1, rashba=0.07).ribbon((1, 1), 5),
}
C_FILE = Path(compiled.__file__).with_name("_compiled.c")
built = pytest.mark.skipif(compiled.MODULE is None, reason="installed without a C compiler")


def random_arrays(size: int, number: type, seed: int = 0):
    """A kernel (k, n, n) with random reach (n, 2), vectors and two more such arrays."""
    random = np.random.default_rng(seed)
    first = random.integers(0, size, size)
    reach = np.stack((first, first + random.integers(0, size - first + 1)), axis=1)
    shape = (3, size, size)
    arrays = [random.normal(size=shape).astype(number) for _ in range(4)]
    if number is complex:
        arrays = [a + 1j * random.normal(size=shape) for a in arrays]
    columns = np.arange(size)
    arrays[0] *= (reach[:, :1] <= columns) & (columns < reach[:, 1:])
    return reach.astype(np.intc), *arrays


@pytest.mark.skipif(not C_FILE.is_file(), reason="a wheel has no sources")
def test_the_hash_of_the_c_source_is_that_of_the_file():
    """It is a part of the keys of stages: a change of the file reruns what uses it."""
    assert sha256(C_FILE.read_bytes()).hexdigest()[:12] == compiled.SOURCE
    module = source_names.names_of(compiled.__name__)
    for name, used in (("expectations", "MODULE"), ("_parts", "MODULE"), ("MODULE", "SOURCE")):
        assert (compiled.__name__, used) in module.visit(name)[1]


@built
@pytest.mark.parametrize("number", [float, complex])
@pytest.mark.parametrize("size", [1, 2, 7, 8, 16, 19, 40])
def test_elements_are_those_of_sums_over_orbitals(size, number):
    """Sizes on both sides of the vectors that the module takes at once; rows of any reach."""
    reach, kernel, u, m, _ = random_arrays(size, number, size)
    applied = np.einsum("kij,kjn->kin", kernel, u)
    density = (u.conj() * applied).real
    bound = 1e-13 * size * np.abs(density).max(initial=1.0)
    found, nothing = compiled.row_elements(reach, kernel, u, None)
    assert nothing is None
    npt.assert_allclose(found, density, atol=bound)
    npt.assert_allclose(compiled.expectations(reach, kernel, u), density.sum(axis=1), atol=bound)
    if number is float:
        assert compiled.row_elements(reach, kernel, u, m) is None
        return
    expected = -(applied.conj() * m).imag - (u.conj() * np.einsum("kij,kjn->kin", kernel, m)).imag
    found, polarizability = compiled.row_elements(reach, kernel, u, m)
    npt.assert_allclose(found, density, atol=bound)
    npt.assert_allclose(polarizability, expected, atol=1e-13 * size * np.abs(expected).max())


@built
@pytest.mark.parametrize("batch", [2, 30, 32, 98])
@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_products_along_the_batch_are_those_of_sums(size, batch):
    """One matrix or several on either side; each number does not depend on its place."""
    random = np.random.default_rng(size)
    shape = (3, size, size, batch)
    x, y = (random.normal(size=shape) + 1j * random.normal(size=shape) for _ in range(2))
    for left, right in ((x, y), (x[0], y), (x, y[0]), (x[0], y[0])):
        found = compiled.products(left, right)
        npt.assert_allclose(found, np.einsum("...ijn,...jkn->...ikn", left, right), atol=1e-13)
        turned = compiled.products(left[..., ::-1], right[..., ::-1])
        assert np.array_equal(turned[..., ::-1], found)
    assert compiled.products(x[..., 1:], y[..., 1:]) is None
    assert compiled.products(x[:1], y) is None


@built
def test_mixed_states_leave_out_close_pairs():
    size = 11
    reach, slope, u, *_ = random_arrays(size, complex)
    energy = np.sort(np.random.default_rng(1).normal(size=(3, size)), axis=-1)
    energy[1, 4], energy[2, 7] = energy[1, 5] - 1e-6, energy[2, 8]
    gap = energy[:, None, :] - energy[:, :, None]
    weight = np.where(np.abs(gap) < 1e-5, 0.0, 1 / np.where(gap == 0, 1.0, gap) ** 2)
    expected = u @ (np.einsum("kim,kij,kjn->kmn", u.conj(), slope, u) * weight)
    found = compiled.mixed_states(reach, slope, energy, u, 1e-5)
    npt.assert_allclose(found, expected, atol=1e-13 * np.abs(expected).max())


@built
def test_arrays_that_do_not_fit_are_refused():
    """The compiled module checks what could make it read or write outside its arrays."""
    reach, kernel, u, _, _ = random_arrays(6, float)
    beyond = reach.copy()
    beyond[2, 1] = 7
    with pytest.raises(ValueError, match="beyond"):
        compiled.expectations(beyond, kernel, u)
    with pytest.raises(ValueError, match="fit"):
        compiled.MODULE.expectations(1, 6, reach, kernel[:2], u, np.empty((3, 6)))
    with pytest.raises(ValueError, match="fit"):
        compiled.MODULE.reflect(6, np.full(6, 6, dtype=np.intc), 1.0, kernel, 0, 1)
    # Other layouts and types are left to NumPy.
    assert compiled.expectations(reach, kernel, np.swapaxes(u, 1, 2)) is None
    assert compiled.expectations(reach, kernel.astype(np.float32), u) is None


@built
@pytest.mark.parametrize("name", RIBBONS)
def test_a_ribbon_has_the_same_values_without_the_module(name, monkeypatch):
    ribbon = RIBBONS[name]()

    def chain():
        bands = acc.bands(ribbon, k=25)
        options = {"definition": ["circulation", "band"], "gauge": ["atomic", "cell"]}
        return bands, acc.elements(ribbon, bands, **options)

    with_module = chain()
    monkeypatch.setattr(compiled, "MODULE", None)
    for one, other in zip(with_module, chain(), strict=True):
        for variable in ("energy", "velocity", "density", "polarizability", "moment", "center_y"):
            if variable in other:
                values = other[variable].values
                largest = np.abs(values).max(initial=1.0)
                npt.assert_allclose(one[variable].values, values, atol=1e-10 * largest)


def test_an_attribute_is_computed_once_and_by_threads_at_a_time():
    """Two threads are inside the function together, which a lock of all instances forbids."""
    together = threading.Barrier(2, timeout=10)
    calls = []

    class Chunk:
        @computed_once
        def value(self):
            """A value."""
            calls.append(self)
            together.wait()
            return len(calls)

    chunks = [Chunk(), Chunk()]
    threads = [threading.Thread(target=lambda c=chunk: c.value) for chunk in chunks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [chunk.value for chunk in chunks] == [2, 2]
    assert len(calls) == 2
    assert Chunk.value.__doc__ == "A value."
