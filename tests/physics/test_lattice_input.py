"""Whatever would make wrong numbers is refused in one sentence, by name; what may be, is not."""

import copy
import inspect
from functools import partial

import numpy as np
import pytest

import accumulation as acc
from accumulation import Lattice, plugins
from accumulation.errors import UserError

SQUARE = [(1.0, 0.0), (0.0, 1.0)]
SITES = {"a": (0.0, 0.0), "b": (0.4, 0.3)}
# Those of files have tests of their own (test_model_files).
MODELS = [
    name
    for name in plugins.available("models")
    if not hasattr(plugins.load("models", name), "contents")
]
BAD_NUMBERS = [np.nan, np.inf, -np.inf, "a", None, True, [1.0, 2.0]]


def lattice(**changes):
    return Lattice(**{"vectors": SQUARE, "orbitals": SITES} | changes)


def refused(call, *words):
    with pytest.raises(UserError) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 350
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    "vectors",
    [
        [(1, 0), (np.nan, 1)], [(1, 0), (np.inf, 1)], [(1, 0), (1, 0)], [(1, 0), (2, 1e-12)],
        [(1, 0), (0, 0)], [(1, 0)], [(1, 0, 0), (0, 1, 0)], [(1, 0), (0,)], [(1j, 0), (0, 1)],
        "ab", None, [("1", "0"), ("0", "1")], [(1e-10, 0), (0, 1e-10)],
        [(1, 0, 0), (0, 1, 0), (1, 1, 1e-13)],
    ],
)  # fmt: skip
def test_vectors(vectors):
    refused(lambda: lattice(vectors=vectors), "`vectors`")


@pytest.mark.parametrize(
    ("orbitals", "name"),
    [
        ({}, "orbitals"), ([(0, 0)], "orbitals"), (None, "orbitals"), ({1: (0, 0)}, "orbitals"),
        ({"a": (0,)}, "orbitals.a"), ({"a": (0, 0, 0, 0)}, "orbitals.a"), ({"a": 0}, "orbitals.a"),
        ({"a": (0, np.nan)}, "orbitals.a"), ({"a": (0, 1j)}, "orbitals.a"),
        ({"a": ("x", 0)}, "orbitals.a"), ({"a": (0, 0), "b": (0, np.inf)}, "orbitals.b"),
    ],
)  # fmt: skip
def test_orbitals(orbitals, name):
    refused(lambda: lattice(orbitals=orbitals), f"`{name}`")


@pytest.mark.parametrize("energy", [*BAD_NUMBERS, 0.3 + 0.5j, complex(0, np.nan)])
def test_onsite_energy(energy):
    refused(lambda: lattice(onsite={"a": energy}), "`onsite.a`")
    later = lattice()
    later.onsite["a"] = energy
    refused(lambda: later.ribbon((1, 0), 2), "`onsite.a`")


@pytest.mark.parametrize("spin", [2, -2, 0.5, np.nan, "up", None, True, 1j])
def test_spin(spin):
    refused(lambda: lattice(spin={"a": spin}), "`spin.a`")
    later = lattice()
    later.spin = {"a": spin}
    refused(lambda: later.spins, "`spin.a`")


@pytest.mark.parametrize("key", ["onsite", "spin"])
def test_parts_by_orbital(key):
    refused(lambda: lattice(**{key: [0.0, 0.0]}), f"`{key}`", "mapping")
    refused(lambda: lattice(**{key: {"A": 1}}), "`orbital`: got 'A'", "one of: a, b")


HOPS = [
    (("a", "b", (1.5, 0), 1.0), "2 integers"),
    (("a", "b", (np.nan, 0), 1.0), "2 integers"),
    (("a", "b", ("1", 0), 1.0), "2 integers"),
    (("a", "b", (1, 0, 0), 1.0), "2 integers"),
    (("a", "b", (1,), 1.0), "2 integers"),
    (("a", "b", 1.0, (0, 0)), "2 integers"),
    (("a", "b", "01", 1.0), "2 integers"),
    (("a", "b", (10**9, 0), 1.0), "2 integers"),
    (("a", "a", (0, 0), 1.0), "onsite"),
    (("a", "c", (0, 0), 1.0), "one of: a, b"),
    ((0, 1, (0, 0), 1.0), "one of: a, b"),
    ((["a"], "b", (0, 0), 1.0), "one of: a, b"),
    *((("a", "b", (0, 0), t), "hopping a - b, cell (0, 0)") for t in [*BAD_NUMBERS, np.nan * 1j]),
]


@pytest.mark.parametrize(("hop", "words"), HOPS, ids=str)
def test_hop_and_list_of_hoppings_alike(hop, words):
    refused(lambda: lattice().hop(*hop), words)
    refused(lambda: lattice(hoppings=[hop]), words)
    later = lattice()
    later.hoppings.append(hop)
    refused(later.hop_table, words)


@pytest.mark.parametrize("hoppings", [5, {"a": 1}, [("a", "b")], ["ab"], [None]])
def test_list_of_hoppings_of_another_form(hoppings):
    refused(lambda: lattice(hoppings=hoppings), "hoppings")


BONDS = [("a", "b", (1, 0)), ("b", "a", (-1, 0))]


@pytest.mark.parametrize("second", BONDS)
@pytest.mark.parametrize("first", BONDS)
def test_a_bond_given_twice_is_named(first, second):
    once = lattice()
    once.hop(*first, 1.0)
    refused(lambda: once.hop(*second, 1.0), "the bond " + " - ".join(second[:2]), "add=True")
    assert len(once.hoppings) == 1
    refused(lambda: lattice(hoppings=[(*first, 1.0), (*second, 1.0)]), "the bond")
    once.hoppings.append((*second, 1.0))
    refused(once.hop_table, "the bond")


@pytest.mark.parametrize("amplitude", [0.5 + 0.2j, 0.5 - 0.2j])
@pytest.mark.parametrize("cell", [(1, 0), (-1, 0)])
def test_an_orbitals_bond_to_itself_given_again_is_named(cell, amplitude):
    once = lattice()
    once.hop("a", "a", (1, 0), 0.5 + 0.2j)
    refused(lambda: once.hop("a", "a", cell, amplitude), "the bond a - a")


def test_another_term_of_an_orbitals_bond_to_itself_is_added_with_a_warning():
    """2 Re[(t + u) e^{ik}] for t at cell R and u, given as its conjugate, at -R."""
    twice, t, u = lattice(), 0.5 + 0.2j, -0.1 + 0.3j
    twice.hop("a", "a", (1, 0), t)
    with pytest.warns(UserWarning, match="the bond a - a"):
        twice.hop("a", "a", (-1, 0), u.conjugate())
    table = twice.hop_table()
    along = (table[2] == (1, 0)).all(axis=1) & (table[0] == 0) & (table[1] == 0)
    assert table[3][along].sum() == pytest.approx(t + u)


@pytest.mark.parametrize("seed", range(3))
def test_add_gives_the_sum_of_both_hamiltonians(seed):
    """Bonds in either direction, against the sum over displacements written out."""
    rng = np.random.default_rng(seed)
    whole, k = lattice(), rng.normal(size=2)
    expected = np.zeros((2, 2), dtype=complex)
    places = dict(zip("ab", np.array([*SITES.values()]), strict=True))
    for _ in range(30):
        to, origin = rng.choice(["a", "b"], 2)
        cell = tuple(rng.integers(-1, 2, 2))
        if to == origin and not any(cell):
            continue
        t = complex(*rng.normal(size=2))
        whole.hop(str(to), str(origin), cell, t, add=True)
        element = np.zeros((2, 2), dtype=complex)
        phase = np.exp(1j * k @ (np.array(cell) + places[origin] - places[to]))
        element["ab".index(to), "ab".index(origin)] = t * phase
        expected += element + element.conj().T
    assert len(whole.hoppings) < 30
    np.testing.assert_allclose(whole.hamiltonian(k), expected, atol=1e-12)


def test_what_may_be_is_accepted():
    """Numbers of numpy, integers written as floats, a list replaced by hand, a place in 3D."""
    one = lattice(
        vectors=np.eye(2), orbitals={"a": np.zeros(2), "b": [0.4, 0.3, 0.1]},
        onsite={"a": np.float32(0.5), "b": 0.3 + 0j}, spin={"a": np.int8(1), "b": -1.0},
        hoppings=[["a", "b", np.array([1.0, 0.0]), np.complex64(1j)]],
    )  # fmt: skip
    assert one.hoppings == [("a", "b", (1, 0), 1j)]
    np.testing.assert_array_equal(one.spins, [1, -1])
    one.hoppings[0] = ("b", "a", (0, 1), 2.0)
    one.hop("a", "b", (1, 0), 1.0)
    one.hop("b", "a", (0, 1), 1.0, add=True)
    assert one.hoppings == [("b", "a", (0, 1), 3.0), ("a", "b", (1, 0), 1.0)]
    again = copy.deepcopy(one)
    again.orbitals["b"] = (0.1, 0.1)
    np.testing.assert_array_equal(again.positions[1], [0.1, 0.1, 0.0])
    np.testing.assert_array_equal(one.positions[1], [0.4, 0.3, 0.1])


@pytest.mark.parametrize("k", [np.nan, np.inf, 1j, "a", None, [0.1, np.nan]])
def test_wave_vectors(k):
    refused(lambda: acc.haldane().ribbon((1, 0), 2).hamiltonian(k), "`k`")
    for call in (acc.haldane().hamiltonian, acc.haldane().velocity):
        refused(partial(call, [0.1, k]), "`k`")
        refused(partial(call, k), "`k`")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_refuses_what_is_no_number(name):
    model = getattr(acc, name)
    for key, parameter in inspect.signature(model).parameters.items():
        wrong = BAD_NUMBERS if not isinstance(parameter.default, bool) else [1, "yes", None]
        for value in [*wrong, *([1j] if wrong is BAD_NUMBERS else [])]:
            refused(partial(model, **{key: value}), f"`{name}().{key}`")
    refused(lambda: model(nonsense=1), "unknown key")
    refused(lambda: model(*range(20)), f"`{name}()`")


@pytest.mark.parametrize("name", MODELS)
def test_repr_is_two_lines(name):
    one = getattr(acc, name)()
    flat = one.dimension == 2
    cut = one.ribbon((1, 0), 4) if flat else one.wire((1, 0), 4, 2)
    flake = one.flake((1, 0), 4, 5, None if flat else 2)
    for system in (one, cut, flake):
        first, second = repr(system).splitlines()
        assert len(first) < 120
        assert first.startswith(type(system).__name__)
        assert second.startswith("  ")
    assert f"{len(one.orbitals)} orbitals (" in repr(one)
    assert f"{len(cut.positions)} orbitals (" in repr(cut)
    assert f"{len(flake.hops.row)} hops" in repr(flake)


def test_too_large_a_system_is_refused_at_once():
    refused(lambda: acc.haldane().ribbon((1, 0), 10**7), "`width`", "20000000")
    refused(lambda: acc.haldane().flake((1, 0), 10**3, 10**6), "`length`")
