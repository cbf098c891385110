"""Wrong calls of the notebook's functions, and the user's own files: one sentence each."""

import numpy as np
import pytest

import accumulation as acc
from accumulation import plugins
from accumulation.errors import UserError

CRYSTAL = acc.haldane(t2=0.1, phi=0.7, delta=0.3)
RIBBON = CRYSTAL.ribbon((1, 0), 4)
BANDS = acc.bands(RIBBON, k=11)
ELEMENTS = acc.elements(RIBBON, BANDS)
RESPONSE = acc.response(ELEMENTS)
FLAKE = CRYSTAL.flake((1, 0), 3, 4)

CALLS = {
    "bands of a lattice": (lambda: acc.bands(CRYSTAL), "a Lattice", ".ribbon("),
    "bands of a dataset": (lambda: acc.bands(acc.model(RIBBON)), "a Dataset", "bands(system"),
    "bands of a number": (lambda: acc.bands(401, RIBBON), "an int", "bands(system"),
    "model of a lattice": (lambda: acc.model(CRYSTAL), "a Lattice", "model(system)"),
    "elements turned round": (lambda: acc.elements(BANDS, RIBBON), "Dataset", "(system, bands"),
    "elements of a lattice": (lambda: acc.elements(CRYSTAL, BANDS), "a Lattice", "(system, bands"),
    "elements of elements": (lambda: acc.elements(RIBBON, ELEMENTS), "Dataset", "bands(system)"),
    "elements of a model": (lambda: acc.elements(RIBBON, acc.model(RIBBON)), "Data", "bands("),
    "elements of a density": (lambda: acc.elements(RIBBON, "spin"), "a str", "bands(system)"),
    "response of a ribbon": (lambda: acc.response(RIBBON), "a Ribbon", "elements(system, bands)"),
    "response of bands": (lambda: acc.response(BANDS), "Dataset", "elements(system, bands)"),
    "response of a response": (lambda: acc.response(RESPONSE), "Dataset", "elements(system"),
    "density as a list": (lambda: acc.elements(RIBBON, BANDS, ["charge"]), "density", "charge"),
    "density as a number": (lambda: acc.elements(RIBBON, BANDS, 3), "density", "charge"),
    "definition as a number": (lambda: acc.elements(RIBBON, BANDS, definition=3), "3", "local"),
    "definition empty": (lambda: acc.elements(RIBBON, BANDS, definition=""), "''", "local"),
    "definition twice": (
        lambda: acc.elements(RIBBON, BANDS, definition=["local", "local"]), "definition", "once",
    ),
    "gauge none": (lambda: acc.elements(RIBBON, BANDS, gauge=None), "gauge", "atomic, cell"),
    "gauge of a flake": (
        lambda: acc.elements(FLAKE, acc.bands(FLAKE), gauge="cell"), "gauge", "atomic",
    ),
    "threads": (lambda: acc.bands(RIBBON, threads=0), "threads", "at least 1"),
    "threads as text": (lambda: acc.response(ELEMENTS, threads="2"), "threads", "at least 1"),
    "k as a list": (lambda: acc.bands(RIBBON, k=[11]), "`k`", "at least 8"),
    "level complex": (lambda: acc.response(ELEMENTS, 1j), "fermi_energy", "finite"),
    "level not finite": (lambda: acc.response(ELEMENTS, [0, np.inf]), "fermi_energy", "finite"),
    "level none": (lambda: acc.response(ELEMENTS, None), "fermi_energy", "finite"),
    "temperature": (lambda: acc.response(ELEMENTS, 0, np.nan), "temperature", "finite"),
    "eigenvectors": (lambda: acc.bands(RIBBON, eigenvectors="no"), "eigenvectors", "True or"),
    "endless mesh": (lambda: acc.bands(RIBBON, k=10**12), "`k`", "TB"),
    "part of the bands": (lambda: acc.elements(RIBBON, BANDS.isel(k=slice(5))), "part", "bands("),
    "bands turned": (lambda: acc.elements(RIBBON, BANDS.transpose()), "order", "bands("),
    "bands of NaN": (
        lambda: acc.elements(RIBBON, BANDS.assign(velocity=BANDS.velocity * np.nan)), "finite",
    ),
    "bands scaled": (
        lambda: acc.elements(RIBBON, BANDS.assign(energy=BANDS.energy * 2)), "energies",
    ),
    "part of the elements": (lambda: acc.response(ELEMENTS.isel(k=slice(5))), "part", "elements("),
    "elements of NaN": (
        lambda: acc.response(ELEMENTS.assign(density=ELEMENTS.density * np.nan)), "finite",
    ),
    "spin without spin": (lambda: acc.elements(RIBBON, BANDS, "spin"), "spin", "resolves spin"),
    "spin of a flake": (lambda: FLAKE.response(density="spin"), "spin", "resolves spin"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_wrong_call_is_one_sentence(name):
    call, *words = CALLS[name]
    refused(call, *words)


def refused(call, *words):
    with pytest.raises(UserError) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 350
    for word in words:
        assert word in sentence, sentence


def test_a_lattice_without_hops_has_flat_bands():
    lattice = acc.Lattice([(1, 0), (0, 1)], {"a": (0, 0), "b": (0.5, 0.5)}, {"b": 0.7})
    for one, energies in ((lattice, [0, 0.7]), (acc.Lattice(lattice.vectors, {"a": (0, 0)}), [0])):
        ribbon = one.ribbon((1, 0), 2)
        bands = acc.bands(ribbon, k=9)
        np.testing.assert_array_equal(bands.energy, np.tile(np.repeat(energies, 2), (9, 1)))
        assert not acc.response(acc.elements(ribbon, bands), 0.3, 0.05).net.any()


# As large as RIBBON, and other systems nonetheless.
OTHERS = {
    "potential": lambda: acc.haldane(t2=0.1, phi=0.7, delta=0.31).ribbon((1, 0), 4),
    "phase": lambda: acc.haldane(t2=0.1, phi=-0.7, delta=0.3).ribbon((1, 0), 4),
    "direction": lambda: CRYSTAL.ribbon((2, 1), 4),
    "spin": lambda: acc.Lattice(
        CRYSTAL.vectors, CRYSTAL.orbitals, CRYSTAL.onsite, CRYSTAL.hoppings, {"A": 1, "B": -1}
    ).ribbon((1, 0), 4),
    "place": lambda: acc.Lattice(
        CRYSTAL.vectors, {"A": (0, 0), "B": (0.5, 0.3)}, CRYSTAL.onsite, CRYSTAL.hoppings
    ).ribbon((1, 0), 4),
    "flake": lambda: CRYSTAL.flake((1, 0), 2, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_bands_of_another_system_are_refused(name):
    """Some have the same energies, or the same H(k) with the orbitals elsewhere."""
    other = OTHERS[name]()
    assert len(other.positions) == len(RIBBON.positions)
    refused(lambda: acc.elements(other, BANDS), "bands of another system", str(other.kind))


def test_bands_of_the_same_system_are_accepted(tmp_path):
    """Made again, made in another order of hops, read from a file; not without a name."""
    from accumulation.datasets.files import read, write

    again = acc.haldane(t2=0.1, phi=0.7 + 1e-14, delta=0.3).ribbon((1, 0), 4)
    assert again.fingerprint == RIBBON.fingerprint
    write(BANDS, tmp_path / "bands.nc")
    found = acc.elements(again, read(tmp_path / "bands.nc"))
    np.testing.assert_allclose(found.density, ELEMENTS.density, atol=1e-12)
    bare = BANDS.drop_attrs()
    refused(lambda: acc.elements(RIBBON, bare), "unnamed system")


@pytest.mark.parametrize("density", ["spin", "charge", "orbital_moment", "valley"])
def test_flake_response_takes_the_density_s_own_first_definition(density):
    flake = acc.kane_mele(delta=0.3).flake((1, 0), 3, 4)
    if density == "valley":
        flake = FLAKE
    first = plugins.load("densities", density).DEFINITIONS["flake"][0]
    assert str(flake.response(density=density).definition.values) == first


DENSITY = '''"""A user's own density."""
import numpy as np
from accumulation.states.eigenstates import Kernel

LONG_NAME, UNITS, EQUATION = "own", "1", "1"
TIME_REVERSAL = +1
DEFINITIONS = {"ribbon": ("one",), "flake": ("one",)}
NEEDS_ALL_BANDS = ()


def kernel(states, definition):
    size = states.bloch.size
    matrix = np.broadcast_to(np.eye(size), (len(states.k), size, size)).copy()
    return Kernel(matrix, "orbitals")
'''
RETURN = "return Kernel(matrix"
KERNELS = {
    "nan": (RETURN, f"matrix[-1, 0, 0] = np.nan\n    {RETURN}", "finite"),
    "infinite": (RETURN, f"matrix[0, 1, 1] = np.inf\n    {RETURN}", "finite"),
    "basis": ('"orbitals")', '"sites")', "hops, orbitals, bands"),
    "no basis": ('"orbitals")', "None)", "hops, orbitals, bands"),
    "shape": ("Kernel(matrix", "Kernel(matrix[0]", "shape (8, 8)"),
    "too small": ("Kernel(matrix", "Kernel(matrix[:, 1:, 1:]", "shape ("),
    "list": ("Kernel(matrix", "Kernel(matrix.tolist()", "a list"),
    "text": ("Kernel(matrix", "Kernel(matrix.astype(str)", "array of numbers"),
    "no kernel": ('return Kernel(matrix, "orbitals")', "return matrix", "a ndarray"),
    "nothing": ("return Kernel", "Kernel", "None"),
    "raises": ("    size =", "    raise ValueError('a\\nb')\n    size =", "ValueError: a b (own."),
    "key": ("    size =", "    {}[definition]\n    size =", "KeyError: 'one' (own.py, line 12)"),
    "off the hops": ('(matrix, "orbitals")', '(matrix + 1, "hops")', "basis 'orbitals'"),
    "sum over bands": ('"orbitals")', '"bands")', "NEEDS_ALL_BANDS"),
}  # fmt: skip


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "own.py"


def test_own_density_that_keeps_the_contract(own):
    own.write_text(DENSITY)
    found, charge = (acc.response(acc.elements(RIBBON, BANDS, d), 1.5) for d in ("own", "charge"))
    np.testing.assert_allclose(found.accumulation, charge.accumulation, atol=1e-13)
    assert np.abs(found.accumulation).max() > 0.01


@pytest.mark.parametrize("name", KERNELS)
def test_own_density_that_returns_something_else(own, name):
    old, new, words = KERNELS[name]
    assert old in DENSITY
    own.write_text(DENSITY.replace(old, new))
    refused(lambda: acc.elements(RIBBON, BANDS, "own"), "own", "own.py", words)
    refused(lambda: FLAKE.response(density="own"), "own", "own.py")


DECLARATIONS = {
    "LONG_NAME": ('"own", "1", "1"', '3, "1", "1"'),
    "TIME_REVERSAL": ("TIME_REVERSAL = +1", "TIME_REVERSAL = 0"),
    "DEFINITIONS": ('("one",), "flake"', '"one", "flake"'),
    "NEEDS_ALL_BANDS": ("NEEDS_ALL_BANDS = ()", ""),
}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_own_density_that_does_not_declare_itself(own, name):
    old, new = DECLARATIONS[name]
    assert old in DENSITY
    own.write_text(DENSITY.replace(old, new))
    refused(lambda: acc.elements(RIBBON, BANDS, "own"), "own.py", name)


MODELS = {
    "return None": "None",
    "return 3": "an int",
    "raise KeyError('x')": "KeyError: 'x' (own.py, line 2)",
    "return 1 / (t - t)": "ZeroDivisionError",
    "from accumulation import Lattice; return Lattice([(1, 0), (0, 1)], {})": "own.py: `orbitals`",
    "from accumulation import haldane; return haldane(t2=t * 1j)": "own.py: `haldane().t2`",
}


@pytest.mark.parametrize("body", MODELS)
def test_own_model_that_returns_something_else(own, body):
    own.write_text(f"def own(t=1.0):\n    {body}\n")
    model = plugins.load("models", "own").own
    refused(lambda: model(t=2.0), "own.py", MODELS[body])
    from accumulation.jobs.stage_runs import build

    cut = {"kind": "ribbon", "direction": [1, 0], "width": 2}
    refused(lambda: build({"name": "own", "t": 2.0}, cut), "own.py", MODELS[body])


THEORY = '''"""A user's own theory."""
EQUATION = "1"
VARIABLES = {"x": (("n",), "1", "x", "1")}
CHECKS = {}


def compute(size=3.0):
    return {"x": [0.0, size]}
'''
THEORIES = {
    "another variable": ('{"x": [0.0, size]}', '{"y": [0.0]}', "x (did you mean x?)"),
    "another shape": ("[0.0, size]", "size", "0 dimensions"),
    "no mapping": ('{"x": [0.0, size]}', "size", "a float"),
    "no variables": ("VARIABLES = {", "OTHERS = {", "VARIABLES"),
    "no checks": ("CHECKS = {}", "", "CHECKS"),
}


@pytest.mark.parametrize("name", THEORIES)
def test_own_theory(own, name):
    own.write_text(THEORY)
    old, new, words = THEORIES[name]
    assert plugins.load("theory", "own").compute() == {"x": [0.0, 3.0]}
    assert old in THEORY
    other = own.with_name("other.py")
    other.write_text(THEORY.replace(old, new))
    refused(lambda: plugins.load("theory", "other").compute(), "other", words.split(" (")[0])


def test_faults_are_value_errors():
    """So that a program that knows nothing of this package can catch them."""
    with pytest.raises(ValueError, match=r"`haldane\(\).delta`: got nan"):
        acc.haldane(delta=float("nan"))
