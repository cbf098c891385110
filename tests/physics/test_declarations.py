"""Walks what is declared: every variable, density and dataset is labelled, and survives a file."""

import numpy as np
import pytest
import xarray as xr

import accumulation as acc
from accumulation import plugins
from accumulation.datasets.files import read, write
from accumulation.datasets.model_dataset import restore
from accumulation.datasets.seals import NUMBERS
from accumulation.datasets.variables import VARIABLES
from accumulation.errors import UserError
from accumulation.plotting import panels
from accumulation.responses.static import PROCESSES
from accumulation.states.eigenpairs import solve
from accumulation.states.eigenstates import States


def chain():
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.8).ribbon((1, 1), 3)
    bands = acc.bands(ribbon, k=11)
    elements = acc.elements(ribbon, bands, definition=["band", "local"], gauge=["atomic", "cell"])
    return {
        "model": acc.model(ribbon),
        "bands": bands,
        "elements": elements,
        "response": acc.response(elements, [0.0, 0.1], [0.0, 0.02]),
    }


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_says_what_it_is(name):
    dims, units, long_name, equation = VARIABLES[name]
    assert isinstance(dims, tuple)  # of a grid's scalars: none but the grid's own
    assert units
    assert long_name
    assert equation


@pytest.mark.parametrize("name", plugins.available("theory"))
def test_no_variable_has_the_name_of_something_else_of_a_dataset(name):
    """``ds.tail`` would be a method of xarray's, not the variable."""
    declared = {*VARIABLES, *plugins.load("theory", name).VARIABLES}
    assert not [one for one in declared if hasattr(xr.Dataset, one)]


@pytest.mark.parametrize("name", plugins.available("densities"))
def test_every_density_is_declared_in_full(name):
    module = plugins.load("densities", name)
    assert module.LONG_NAME
    assert module.UNITS
    assert module.EQUATION
    assert module.TIME_REVERSAL in (1, -1)
    for kind in ("ribbon", "flake"):
        assert module.DEFINITIONS[kind]
    assert set(module.NEEDS_ALL_BANDS) <= set(module.DEFINITIONS["ribbon"])


@pytest.mark.parametrize("name", plugins.available("densities"))
def test_declared_moment_of_the_current_is_minus_half_of_v_y_plus_y_v(name):
    module = plugins.load("densities", name)
    bloch = acc.haldane(t2=0.1, phi=0.7, delta=0.5, strain=0.3).ribbon((2, 1), 3).bloch
    k = np.array([-1.1, 0.3])
    states, y = States(solve(bloch, k), bloch), np.diag(bloch.y)
    velocity = bloch.velocity(k)
    for definition in getattr(module, "MOMENT_OF_CURRENT", ()):
        kernel = module.kernel(states, definition)
        assert kernel.basis != "bands"
        expected = -0.5 * (velocity @ y + y @ velocity)
        np.testing.assert_allclose(kernel.matrix, expected, atol=1e-13)
    assert bool(getattr(module, "MOMENT_OF_CURRENT", ())) == (name == "orbital_moment")


def test_figures_name_the_processes_as_the_physics_does():
    """Figures import no physics, so the names are declared twice."""
    assert panels.PROCESSES == PROCESSES


def lattice_for(name, definition):
    """A lattice with time reversal, of one orbital a site unless the definition needs more."""
    if name.startswith("spin"):
        return acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.5)
    if getattr(plugins.load("densities", name), "needs", lambda _: ())(definition):
        return acc.tmd_three_band(spin_orbit=0.3)
    return acc.haldane(t2=0.1, delta=0.5, strain=0.3)


OF_OPERATORS = ("operator(operator=L_z)", "spin(component=y)")


@pytest.mark.filterwarnings("ignore:the orbitals of this model")
@pytest.mark.parametrize(
    "name", [n for n in plugins.available("densities") if n != "operator"] + [*OF_OPERATORS]
)
def test_declared_time_reversal_parity_gives_the_selection_rule(name):
    """Eqs. 22-27: a density that is odd has no interband response with time reversal, an even one
    has no intraband response (its diagonal elements are even in k).
    """
    module = plugins.load("densities", name)
    forbidden = "interband" if module.TIME_REVERSAL == -1 else "intraband"
    for definition in module.DEFINITIONS["ribbon"]:
        lattice = lattice_for(name, definition)
        ribbon = lattice.ribbon((2, 1), 3)
        # Even, so that no k is its own partner: there Kramers pairs share one energy.
        bands = acc.bands(ribbon, k=200)
        found = acc.response(acc.elements(ribbon, bands, name, definition), 0.9, [0.0, 0.05])
        # A site with two spins has two rows, which time reversal exchanges.
        rows = found.accumulation
        values = rows.groupby("y").sum() if lattice.spins.any() else rows
        scale = max(1.0, float(np.abs(values).max()))
        assert np.abs(values.sel(process=forbidden)).max() < 1e-9 * scale
        assert np.abs(values.drop_sel(process=forbidden)).max() > 1e-4


@pytest.mark.parametrize("stage", ["model", "bands", "elements", "response"])
def test_datasets_are_labelled_and_survive_a_file(stage, tmp_path):
    ds = chain()[stage]
    for variable in ds.variables.values():
        assert {"units", "long_name", "equation"} <= set(variable.attrs)
        assert "{" not in "".join(map(str, variable.attrs.values()))
    write(ds, tmp_path / "stage.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["stage.nc"]
    with xr.open_dataset(tmp_path / "stage.nc") as plain:
        assert plain.attrs.pop(NUMBERS)
        xr.testing.assert_identical(plain.load(), ds)
    xr.testing.assert_identical(read(tmp_path / "stage.nc"), ds)


def test_a_ribbon_comes_back_from_its_datasets():
    found = chain()
    ribbon = restore(found["model"])
    again = restore(found["elements"])
    for k in (0.1, 2.0):
        np.testing.assert_array_equal(ribbon.hamiltonian(k)[0], again.hamiltonian(k)[0])


@pytest.mark.parametrize("content", [b"", b"not a netCDF file", None])
def test_a_damaged_file_is_named(content, tmp_path):
    path = tmp_path / "stage.nc"
    if content is None:
        write(chain()["bands"], path)
        content = path.read_bytes()[:2000]
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"stage\.nc"):
        read(path)
