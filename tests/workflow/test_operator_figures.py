"""Figures of theories that take operators: every density is drawn, with its own name and unit."""

import json

import numpy as np
import pytest
import xarray as xr

import accumulation as acc
from accumulation import plugins
from accumulation.errors import UserError
from accumulation.theory import hall, selection_rules

RULES = {
    "directions": ("1 0",),
    "widths": (3,),
    "density": ("charge", "orbital_moment", "orbital_angular_momentum", "L_dot_S"),
    "fermi_energy": (-0.31,),
    "k": 20,
}


def dataset(theory, values):
    """What a run stores of a theory, as far as figures look at it."""
    words = {"model": {"name": "tmd_three_band", "spin_orbit": 0.1}, "options": {}}
    made = {name: (theory.VARIABLES[name][0], value) for name, value in values.items()}
    attrs = {"parameters": json.dumps(words), "system": "mos2", "unit_system": "eV_angstrom"}
    return xr.Dataset(made, attrs=attrs)


def test_the_hall_figure_has_a_row_for_each_unit_and_a_line_for_each_operator():
    energies = np.linspace(-1, 1, 5)
    values = {
        "fermi_energy": energies,
        "temperature": np.array([0.0, 0.1]),
        "charge": np.zeros((5, 2)),
        "density": np.array(
            ["operator(operator=L_z)", "spin(component=y)", "operator(operator=Q)"]
        ),
        "density_units": np.array(["hbar", "hbar / 2", "hbar"]),
        "conductivity": np.arange(30.0).reshape(3, 5, 2),
        "valence_top": -0.2,
        "conduction_bottom": 0.2,
        "chern": 0.0,
    }
    ds = dataset(hall, values)
    figure = plugins.load("figures", "hall").draw([{"response": ds}])
    assert len(figure.axes) == 3
    of_units = [
        {tuple(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 5}
        for ax in figure.axes
    ]
    for row, numbers in ((0, None), (1, (0, 2)), (2, (1,))):
        expected = [np.zeros((5, 2))] if numbers is None else values["conductivity"][list(numbers)]
        assert of_units[row] == {tuple(one[:, t]) for one in expected for t in (0, 1)}
    labels = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert {"charge", "$L_z$".replace("z", "{z}"), "$s_y$", "Q"} <= labels


def test_the_table_of_selection_rules_shows_every_density():
    lattice = acc.tmd_three_band(spin_orbit=0.1)
    found = selection_rules.compute(lattice, **RULES)
    for name, identity in selection_rules.CHECKS.items():
        residual = identity.residual(found[name])
        assert np.isnan(residual) or identity.holds(residual), name
    names = found["density"].tolist()
    assert "orbital_moment total" in names
    draw = plugins.load("figures", "selection_rules").draw
    systems = [{"response": dataset(selection_rules, found)}]
    figure = draw(systems)
    words = {text.get_text() for text in figure.axes[0].texts}
    assert {"charge", "moment", "$L_z$", "L·S"} <= words
    shown = draw(systems, columns=("orbital_moment total",))
    words = {text.get_text() for text in shown.axes[0].texts}
    assert "orbital moment, total" in words
    assert "charge" not in words
    with pytest.raises(UserError, match="columns"):
        draw(systems, columns=("spin site",))


def test_rules_of_a_model_in_natural_units_leave_out_what_needs_a_magneton():
    options = RULES | {"density": ("orbital_moment",), "k": 12}
    lattice = acc.px_py_honeycomb(t_pi=0.1, delta=0.3)
    found = selection_rules.compute(lattice, **options)
    assert "orbital_moment total" not in found["density"].tolist()
    with_magneton = options | {"density": ("orbital_moment(magneton=0.07)",)}
    found = selection_rules.compute(lattice, **with_magneton)
    assert "orbital_moment(magneton=0.07) total" in found["density"].tolist()
