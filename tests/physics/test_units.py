"""Units of datasets and figures, and SI values against numbers worked out here by hand."""

import json

import numpy as np
import pytest
import xarray as xr

import accumulation as acc
from accumulation.datasets.labels import in_units
from accumulation.errors import UserError
from accumulation.figures import grid_curves, overview
from accumulation.jobs import merging, points
from accumulation.plotting import units as labels
from accumulation.plugins import load
from accumulation.study.stages import STAGES

# CODATA 2018: J s, C, kg, J / T.
H, CHARGE, MASS, MAGNETON = 6.62607015e-34, 1.602176634e-19, 9.1093837015e-31, 9.2740100783e-24
HBAR = H / (2 * np.pi)
EV, ANGSTROM = CHARGE, 1e-10  # J, m
T0, A = 2.7, 2.46


def haldane(units="natural", energy=1.0, length=1.0, **parameters):
    """Haldane's model with energies and lengths in these multiples of t0 and a."""
    model = acc.haldane(**{"t2": 0.06, "phi": 0.9, "delta": 0.5} | parameters)
    scaled = acc.Lattice(
        vectors=[tuple(length * np.array(v)) for v in model.vectors],
        orbitals={name: tuple(length * np.array(p)) for name, p in model.orbitals.items()},
        onsite={name: energy * e for name, e in model.onsite.items()},
        units=units,
    )
    for to, from_, cell, amplitude in model.hoppings:
        scaled.hop(to, from_, cell, energy * amplitude)
    return scaled


def in_ev(**parameters):
    return haldane("eV_angstrom", T0, A, **parameters)


def datasets(system, level=0.0, density="orbital_moment", **options):
    bands = acc.bands(system, k=61)
    elements = acc.elements(system, bands, density=density, **options)
    return acc.model(system), bands, elements, acc.response(elements, level)


def spin_model(units="eV_angstrom"):
    model = acc.kane_mele(spin_orbit=0.1, rashba=0.1, delta=0.2)
    model.units = units
    return model


# Factors, each worked out in SI units.


def test_factors_of_the_fields_and_times():
    """1 V/m over 1 A is 1e-10 eV; 50 fs are 75.96 hbar / eV; e eV A^2 / hbar is 0.2625 mu_B."""
    field, rate = CHARGE * 1.0 * ANGSTROM / EV, 50e-15 * EV / HBAR
    assert field == pytest.approx(1e-10)
    assert rate == pytest.approx(75.963, abs=1e-3)
    moment = CHARGE * EV * ANGSTROM**2 / HBAR / MAGNETON
    assert moment == pytest.approx(0.262468, abs=1e-6)
    response = datasets(in_ev().ribbon((2, 1), 4), 1.2)[-1]
    found = acc.physical(response, tau="50 fs")
    raw, converted = (ds.accumulation for ds in (response, found))
    assert np.abs(raw).min("row").max() > 0
    per_nm = CHARGE * 1.0 / EV * 1e-9  # e E / eV in 1 / nm
    np.testing.assert_allclose(
        converted.sel(process="interband"),
        raw.sel(process="interband") * moment * per_nm,
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        converted.sel(process="intraband"),
        raw.sel(process="intraband") * moment * (CHARGE * 1.0 * 50e-15 / HBAR * 1e-9),
        rtol=1e-9,
    )
    assert converted.attrs["units"] == "mu_B / nm / (V / m)"


@pytest.mark.parametrize(
    ("density", "magnetons"),
    [
        ("spin", 1),  # hbar / 2, g = 2
        ({"name": "spin", "component": "x"}, 1),
        ("S_x", 2),  # hbar
    ],
)
def test_spins_are_bohr_magnetons_with_g_2(density, magnetons):
    lattice = spin_model()
    response = datasets(lattice.ribbon((2, 1), 3), 0.6, density)[-1]
    found = acc.physical(response, tau=1e-14)
    assert found.net.attrs["units"] == "mu_B / nm / (V / m)"
    raw, converted = response.net.sel(process="intraband"), found.net.sel(process="intraband")
    assert np.abs(raw).max() > 1e-6
    factor = magnetons * CHARGE * 1e-14 / HBAR * 1e-9
    np.testing.assert_allclose(converted, factor * raw, rtol=1e-9)


def atoms(units="eV_angstrom"):
    """A square lattice of p orbitals, x^2 - y^2 and angular momentum mixed by its hops."""
    names = ("px", "py")
    lattice = acc.Lattice(
        [(3.0, 0.0), (0.4, 3.1)], dict.fromkeys(names, (0.0, 0.0)), {"px": 0.4},
        shells={name: name for name in names}, units=units,
    )  # fmt: skip
    rng = np.random.default_rng(3)
    for cell in ((1, 0), (0, 1), (1, 1)):
        for one in names:
            for other in names:
                lattice.hop(one, other, cell, complex(*rng.normal(size=2)))
    return lattice


def test_orbital_angular_momentum_is_bohr_magnetons_with_g_1():
    ribbon = atoms().ribbon((1, 0), 3)
    for density in ("orbital_angular_momentum", "L_z"):
        response = datasets(ribbon, 0.3, density)[-1]
        found = acc.physical(response).net.sel(process="interband")
        assert found.attrs["units"] == "mu_B / nm / (V / m)"
        np.testing.assert_allclose(found, 1e-9 * response.net.sel(process="interband"), rtol=1e-9)


def test_other_densities_keep_their_unit():
    response = datasets(in_ev().ribbon((2, 1), 3), 1.2, "charge")[-1]
    found = acc.physical(response, "1 ps")
    assert found.accumulation.attrs["units"] == "electrons / nm / (V / m)"
    raw = response.accumulation.sel(process="intraband")
    expected = raw * CHARGE * 1e-12 / HBAR * 1e-9
    np.testing.assert_allclose(found.accumulation.sel(process="intraband"), expected, rtol=1e-9)
    ribbon = haldane("eV_angstrom").ribbon((2, 1), 3)
    response = datasets(ribbon, 0.3, "valley")[-1]
    assert acc.physical(response).net.attrs["units"] == "1 / nm / (V / m)"


def test_slabs_are_per_area():
    """The same numbers of a slab are per A^2: e E / (eV A) is 1e-8 per nm^2, here e E / (t0 a)."""
    response = datasets(haldane().ribbon((2, 1), 3), 0.4)[-1].assign_attrs(kind="slab")
    found = acc.physical(response, "20 fs", f"{T0} eV", f"{A} angstrom")
    moment = CHARGE * (T0 * EV) * (A * ANGSTROM) ** 2 / HBAR / MAGNETON
    field = CHARGE / (T0 * EV) / (A * ANGSTROM) * 1e-18
    rate = CHARGE * 20e-15 / HBAR / (A * ANGSTROM) * 1e-18
    for process, factor in (("interband", field), ("intraband", rate)):
        raw = response.net.sel(process=process)
        np.testing.assert_allclose(found.net.sel(process=process), moment * factor * raw, rtol=1e-9)
    assert found.net.attrs["units"] == "mu_B / nm^2 / (V / m)"


def test_a_flake_in_a_field_of_volts_per_metre():
    """Magnetic moment of the filled exact eigenstates in +-1e6 V/m, all in SI units."""
    flake = in_ev().flake((2, 1), 3, 3)
    response = flake.response(definition="exact", fermi_energy=0.1)
    assert response.net.attrs["units"] == (
        "e eV angstrom^2 / hbar x (e E tau / hbar | e E / eV) x angstrom"
    )
    hamiltonian = flake.hamiltonian() * EV
    x, y = (np.diag(flake.positions[:, i] * ANGSTROM) for i in (0, 1))

    def moment(field):
        """Expectation value of e (x v_y - y v_x) / 2, in A m^2, at a fixed number of electrons."""
        filled = np.sum(np.linalg.eigvalsh(hamiltonian) < 0.1 * EV)
        _, states = np.linalg.eigh((hamiltonian + CHARGE * field * x) / EV)
        states = states[:, :filled]
        v_x, v_y = (1j / HBAR * (hamiltonian @ r - r @ hamiltonian) for r in (x, y))
        operator = CHARGE / 4 * (x @ v_y + v_y @ x - y @ v_x - v_x @ y)
        return np.trace(states.conj().T @ operator @ states).real

    expected = (moment(1e6) - moment(-1e6)) / 2e6 / MAGNETON
    found = acc.physical(response).net.sel(process="interband").item()
    assert abs(found) > 1e-13
    assert found == pytest.approx(expected, rel=1e-5)
    assert acc.physical(response).net.attrs["units"] == "mu_B / (V / m)"


def test_natural_units_with_their_scales_are_the_model_in_ev():
    natural = datasets(haldane().ribbon((2, 1), 4), 1.2 / T0)[-1]
    found = acc.physical(natural, "50 fs", energy=f"{T0} eV", length=f"{A} angstrom")
    expected = acc.physical(datasets(in_ev().ribbon((2, 1), 4), 1.2)[-1], 50e-15)
    assert set(found.coords) == set(natural.coords)
    for name, variable in expected.variables.items():
        assert found[name].attrs["units"] == variable.attrs["units"], name
        if variable.dtype.kind == "f" and name != "error":
            np.testing.assert_allclose(found[name], variable, rtol=1e-6, atol=1e-15)
    assert found.attrs["period"] == pytest.approx(expected.attrs["period"])
    again = acc.physical(natural, "0.05 ps", energy="2700 meV", length="0.246 nm")
    np.testing.assert_allclose(again.accumulation, found.accumulation, rtol=1e-12)


def test_without_tau_there_is_the_interband_part_only():
    response = datasets(in_ev().ribbon((2, 1), 3), 1.2)[-1]
    before = response.copy(deep=True)
    assert acc.physical(response).process.values.tolist() == ["interband"]
    both = acc.physical(response, "50 fs")
    assert both.process.values.tolist() == ["intraband", "interband"]
    assert both.attrs["tau"] == "50 fs"
    assert both.accumulation.dims == response.accumulation.dims
    xr.testing.assert_identical(response, before)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tau": "50"}, "`tau`: got '50'"),
        ({"tau": 50}, "fs"),  # fifty seconds
        ({"tau": "-1 fs"}, "positive"),
        ({"tau": "50 parsec"}, "fs"),
        ({"tau": float("nan")}, "tau"),
        ({"energy": "2.7 eV"}, "eV and angstrom already"),
    ],
)
def test_what_physical_refuses(options, words):
    with pytest.raises(UserError, match=words):
        acc.physical(datasets(in_ev().ribbon((1, 0), 2))[-1], **options)


def test_natural_units_are_refused_without_scales():
    _, bands, _, response = datasets(haldane().ribbon((1, 0), 2))
    with pytest.raises(UserError, match=r"energy='2\.7 eV', length='2\.46 angstrom'"):
        acc.physical(response)
    with pytest.raises(UserError, match="`length`: got nothing"):
        acc.physical(response, energy="2.7 eV")
    for wrong in (bands, response.sel(process="interband"), 3.0):
        with pytest.raises(UserError, match="response"):
            acc.physical(wrong)


# Hall conductivities.


def test_charge_conductivity_of_a_published_model():
    """Haldane's model of WannierBerri's tests: |C| = 1 is 3.87405e5 S/m for c = 1 A."""
    assert acc.physical_conductivity(-1.0) == (-1.0, "e^2 / h")
    value, units = acc.physical_conductivity(1.0, thickness="1 angstrom")
    assert units == "S / cm"
    assert value == pytest.approx(CHARGE**2 / H / ANGSTROM / 100)
    assert value == pytest.approx(3.87405e5 / 100, rel=1e-5)


def test_spin_and_orbital_conductivities():
    """The plateau of Kane and Mele, 2 (e/h) hbar/2, is one e / 2 pi."""
    assert acc.physical_conductivity(2.0, of="spin") == (1.0, "e / 2 pi")
    # 1 e / 2 pi in a layer of 1 nm: (hbar / e) x e^2 / h / nm
    value, units = acc.physical_conductivity(1.0, "orbital_angular_momentum", thickness="1 nm")
    assert units == "(hbar / e) S / cm"
    assert value == pytest.approx(CHARGE**2 / H / 1e-9 / 100)
    # (e / h) e t0 a^2 / hbar with hbar for each mu_B, in e / 2 pi = (e / h) hbar
    plateau = np.array([0.21422, -1.0])
    expected = plateau * CHARGE * (T0 * EV) * (A * ANGSTROM) ** 2 / HBAR / MAGNETON
    value, units = acc.physical_conductivity(
        plateau, "orbital_moment", energy=f"{T0} eV", length=f"{A} angstrom"
    )
    assert units == "e / 2 pi"
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    for wrong in ({"of": "orbital_moment"}, {"of": "heat"}, {"thickness": 0}):
        with pytest.raises(UserError):
            acc.physical_conductivity(1.0, **wrong)


# Labels of datasets.


def units_of(ds):
    return {name: variable.attrs["units"] for name, variable in ds.variables.items()}


def test_every_dataset_says_its_units():
    found = datasets(in_ev().ribbon((2, 1), 3), 1.2)
    for ds in found:
        assert ds.attrs["unit_system"] == "eV_angstrom"
        for name, text in units_of(ds).items():
            assert not {"t0", "a"} & set(text.split()), (name, text)
    model, bands, elements, response = map(units_of, found)
    assert model["hop_amplitude_re"] == bands["energy"] == "eV"
    assert model["crystal_vectors"] == elements["y"] == "angstrom"
    assert bands["velocity"] == "eV angstrom / hbar"
    assert bands["k"] == "1 / angstrom"
    assert elements["moment"] == "e eV angstrom^2 / hbar"
    assert elements["polarizability"] == "e eV angstrom^2 / hbar x angstrom / eV"
    assert response["net"] == "e eV angstrom^2 / hbar x (e E tau / hbar | e E / eV)"
    assert response["temperature"] == "eV / k_B"


def test_natural_datasets_are_as_they_were():
    for ds in datasets(haldane().ribbon((2, 1), 3)):
        assert "unit_system" not in ds.attrs
    assert ds.net.attrs["units"] == "e t0 a^2 / hbar x (e E tau | e E) / a"
    assert in_units("{units} / (e E)", "natural") == "{units} / (e E)"


SETTINGS = {
    "k": 31,
    "density": "orbital_moment",
    "definition": ["local"],
    "gauge": ["atomic"],
    "fermi_energy": [0.2],
    "temperature": [0.0],
    "profile": False,
    "edge_depth": 3.0,
}


def grid(tmp_path, monkeypatch, units, stages=("elements", "response"), geometry=None, **settings):
    """A grid over Delta of a model in units that the points choose, merged from one tile."""
    geometry = geometry or {"kind": "ribbon", "direction": [2, 1], "width": 3}
    values = [0.4, 0.5]
    names = [f"{i:012d}" for i in range(len(values))]
    monkeypatch.setattr(
        points.stage_runs, "lattice", lambda model, filling=None: haldane(units[model["delta"]])
    )
    made = []
    for value in values:
        point = {"model": {"name": "haldane", "delta": value}}
        point |= (
            {} if geometry["kind"] == "bulk" or "theory" in settings else {"geometry": geometry}
        )
        point |= {"options": {"points": 8}} if "theory" in settings else {}
        result = None
        for stage in stages:
            source = None
            if result is not None:
                one = {
                    n: (d, result[n]) for n, d in STAGES["elements"].dims({}).items() if n in result
                }
                source = xr.Dataset(one, {"definition": ["local"], "gauge": ["atomic"]})
                source.attrs["density"] = "orbital_moment"
            result = getattr(points, f"{stage}_point")(point, settings or SETTINGS, source)
        made.append(result)
    from accumulation.datasets import files
    from accumulation.jobs.tile_files import _stacked

    path = tmp_path / "tile.nc"
    files.write(_stacked(STAGES[stages[-1]].dims(settings or SETTINGS), made, names), path)
    axis = {"name": "delta", "values": values, "long_name": "", "units": "t0", "equation": ""}
    spec = {
        "study": "s", "system": "x", "axes": [axis], "points": names,
        "settings": settings or (SETTINGS if geometry["kind"] != "bulk" else {}),
        "parameters": {"model": {"name": "x"}, "geometry": geometry, "axes": {"delta": values}},
    }  # fmt: skip
    return merging.merge(spec, [str(path)])


BOTH = dict.fromkeys((0.4, 0.5), "eV_angstrom")


def test_grids_say_their_units(tmp_path, monkeypatch):
    ds = grid(tmp_path, monkeypatch, BOTH)
    assert ds.attrs["unit_system"] == "eV_angstrom"
    assert "unit_system" not in ds
    found = units_of(ds)
    assert found["delta"] == found["ribbon_gap"] == found["midgap"] == "eV"
    assert found["right_edge"] == "e eV angstrom^2 / hbar x (e E tau / hbar | e E / eV)"
    physical = acc.physical(ds)
    assert physical.right_edge.attrs["units"] == "mu_B / nm / (V / m)"
    factor = 1e-9 * CHARGE * EV * ANGSTROM**2 / HBAR / MAGNETON
    expected = factor * ds.right_edge.sel(process=["interband"])
    np.testing.assert_allclose(physical.right_edge, expected, rtol=1e-9)
    figure = grid_curves.draw([{"response": ds}])
    texts = {ax.get_ylabel() for ax in figure.axes}
    assert r"Gap ($\mathrm{eV}$)" in texts
    assert not any("t_0" in text for text in texts)


def test_natural_grids_are_as_they_were(tmp_path, monkeypatch):
    ds = grid(tmp_path, monkeypatch, dict.fromkeys((0.4, 0.5), "natural"))
    assert not {"unit_system", "kind"} & set(ds.attrs)
    assert units_of(ds)["delta"] == units_of(ds)["midgap"] == "t0"
    scaled = acc.physical(ds, energy="2 eV", length="3 angstrom")
    np.testing.assert_allclose(scaled.midgap, 2 * ds.midgap)
    np.testing.assert_allclose(scaled.delta, 2 * ds.delta)


def test_a_grid_has_the_same_units_everywhere(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="different units"):
        grid(tmp_path, monkeypatch, {0.4: "natural", 0.5: "eV_angstrom"})


def test_bulk_and_theories_say_their_units(tmp_path, monkeypatch):
    ds = grid(tmp_path, monkeypatch, BOTH, ("bulk",), {"kind": "bulk"})
    assert ds.attrs["unit_system"] == "eV_angstrom"
    assert ds.direct_gap.attrs["units"] == "eV"
    ds = grid(tmp_path, monkeypatch, BOTH, ("theory",), theory="curvature")
    assert ds.attrs["unit_system"] == "eV_angstrom"
    assert ds.energy.attrs["units"] == "eV"
    assert ds.moment.attrs["units"] == "e eV angstrom^2 / hbar"


# Labels of figures.


def drawn(module, system, density="orbital_moment", **options):
    _, _, elements, response = datasets(system, 0.1, density, **options)
    for ds in (elements, response):
        ds.attrs["parameters"] = json.dumps({"model": {"name": "x"}, "geometry": {}})
        ds.attrs["system"] = "x"
    figure = module.draw([{"elements": elements, "response": response}])
    axes = [ax for part in (figure, *figure.subfigs) for ax in part.axes]
    return {text for ax in axes for text in (ax.get_xlabel(), ax.get_ylabel())} - {""}


def test_axes_of_figures_are_in_the_units_of_the_datasets():
    ev, angstrom = r"$\mathrm{eV}$", r"$\mathrm{\AA}$"
    ribbon = drawn(overview, in_ev().ribbon((2, 1), 3))
    assert {f"Energy ({ev})", f"$y$ ({angstrom})", f"Centre of the state $y$ ({angstrom})"} < ribbon
    assert r"Accumulation ($e^2 E\,\mathrm{\AA}^2/\hbar$)" in ribbon
    assert rf"$k$ ($L={A * 7**0.5:.3g}\,\mathrm{{\AA}}$)" in ribbon
    assert not any("t_0" in text or "$a$" in text for text in ribbon)


def test_axes_of_natural_figures_are_as_they_were():
    found = drawn(overview, haldane().ribbon((1, 0), 2))
    assert {"Energy ($t_0$)", "$y$ ($a$)", "$k$", r"Accumulation ($e^2 E a^2/\hbar$)"} < found


def test_one_figure_has_one_choice_of_units():
    systems = [
        dict(zip(("elements", "response"), datasets(model().ribbon((1, 0), 2))[2:], strict=True))
        for model in (haldane, in_ev)
    ]
    with pytest.raises(UserError, match="the same units in one figure"):
        overview.draw(systems)
    assert labels.shown_units() == "natural"


def test_symbols_of_units():
    with labels.drawn_in([{"response": xr.Dataset(attrs={"unit_system": "eV_angstrom"})}]):
        assert labels.tex_units("t0 / hbar") == r"$\mathrm{eV}/\hbar$"
        assert labels.tex_units("e t0 a^2 / hbar") == (r"$e\,\mathrm{eV}\,\mathrm{\AA}^2/\hbar$")
        flake = "e eV angstrom^2 / hbar x (e E tau / hbar | e E / eV) x angstrom"
        assert labels.accumulation_units(flake) == r"$e^2 E\,\mathrm{\AA}^3/\hbar$"
        assert labels.per_time() == r"$\times\,\mathrm{eV}\tau/\hbar$"
    assert labels.tex_units("e t0 a^2 / hbar") == r"$e t_0 a^2/\hbar$"
    assert load("densities", "orbital_moment").UNITS == "e t0 a^2 / hbar"
