"""Table of all variables of datasets: dims, units, long_name and equation.

Natural units are used, hbar = e = a = t0 = E = 1; every variable's ``units`` spells them out.
"""

from __future__ import annotations

_GRID = ("process", "fermi_energy", "temperature")
_PROFILE = (*_GRID, "row")
_ACCUMULATED = "{units} x (e E tau | e E) / a"
# name: (dims, units, long_name, equation).  The density's declaration fills the "{...}".
VARIABLES = {
    "hop_to": (("hop",), "1", "orbital hopped to, in cell 0 (row of H)", "S41"),
    "hop_from": (("hop",), "1", "orbital hopped from (column of H)", "S41"),
    "hop_cell": (("hop",), "1", "translational cell of the orbital hopped from", "S41"),
    "hop_amplitude_re": (("hop",), "t0", "hopping amplitude, real part", "S41"),
    "hop_amplitude_im": (("hop",), "t0", "hopping amplitude, imaginary part", "S41"),
    "crystal_vectors": (("vector", "component"), "a", "lattice vectors of the crystal", "S41"),
    "crystal_to": (("crystal_hop",), "1", "orbital of the crystal hopped to (row of H)", "S41"),
    "crystal_from": (("crystal_hop",), "1", "orbital of the crystal hopped from", "S41"),
    "crystal_cell": (("crystal_hop", "vector"), "1", "lattice cell of orbital hopped from", "S41"),
    "crystal_amplitude_re": (("crystal_hop",), "t0", "hopping amplitude, real part", "S41"),
    "crystal_amplitude_im": (("crystal_hop",), "t0", "hopping amplitude, imaginary part", "S41"),
    "operator": (("operator",), "1", "operator on the orbitals of a site", "5"),
    "operator_number": (("operator_element",), "1", "number of the operator", "5"),
    "operator_to": (("operator_element",), "1", "row of the operator", "5"),
    "operator_from": (("operator_element",), "1", "column of the operator", "5"),
    "operator_cell": (("operator_element",), "1", "translational cell of the column", "5"),
    "operator_amplitude_re": (("operator_element",), "hbar | 1", "element, real part", "5"),
    "operator_amplitude_im": (("operator_element",), "hbar | 1", "element, imaginary part", "5"),
    "dipole_to": (("dipole_element",), "1", "row of the position operator", "4"),
    "dipole_from": (("dipole_element",), "1", "column of the position operator", "4"),
    "dipole_cell": (("dipole_element",), "1", "translational cell of the column", "4"),
    "dipole_re": (("dipole_element", "axis"), "a", "position element, real part", "4"),
    "dipole_im": (("dipole_element", "axis"), "a", "position element, imaginary part", "4"),
    "k": (("k",), "1 / a", "wave vector along the ribbon", "S48"),
    "weight": (("k",), "1 / a", "quadrature weight dk / 2 pi", "55"),
    "energy": (("k", "band"), "t0", "band energy", "54, S43"),
    "velocity": (("k", "band"), "t0 a / hbar", "band velocity", "4"),
    "eigenvector_re": (("k", "orbital", "band"), "1", "eigenvector, real part", "S48"),
    "eigenvector_im": (("k", "orbital", "band"), "1", "eigenvector, imaginary part", "S48"),
    "center_y": (("k", "band"), "a", "mean position of the state across the ribbon", "57"),
    "moment": (("k", "band"), "{units}", "{long_name} of the state", "{equation}"),
    "density": (("k", "band", "row"), "{units}", "density of {long_name} by row", "56, S51"),
    "polarizability": (
        ("k", "band", "row"),
        "{units} / (e E)",
        "interband polarizability of the density of {long_name}",
        "58",
    ),
    "accumulation": (
        _PROFILE,
        _ACCUMULATED,
        "accumulated density of {long_name} per length",
        "55, 58",
    ),
    "net": (_GRID, _ACCUMULATED, "net accumulation of {long_name} per length", "55, 58"),
    "error": (_GRID, _ACCUMULATED, "estimated bound of the error of any row", "55, 58"),
    "even": (
        _PROFILE,
        _ACCUMULATED,
        "part of the accumulation even in y, by rows that mirror_row pairs; where it is -1, of the "
        "sums over rows at one y, shared equally by these",
        "Fig. 2(d)",
    ),
    "odd": (
        _PROFILE,
        _ACCUMULATED,
        "part of the accumulation odd in y, by rows that mirror_row pairs; where it is -1, of the "
        "sums over rows at one y, shared equally by these",
        "Fig. 2(d)",
    ),
    "mirror_row": (
        ("row",),
        "1",
        "row at -y that even and odd pair this row with: of the same orbital and cell, else the "
        "only one there; -1: sums over all rows at y and -y without such a partner",
        "Fig. 2(d)",
    ),
    "fermi_energy": (("fermi_energy",), "t0", "Fermi energy", "18"),
    "temperature": (("temperature",), "t0 / k_B", "temperature", "18"),
    "left_edge": (
        _GRID,
        _ACCUMULATED,
        "accumulated {long_name} at the left edge, per length",
        "55, 58",
    ),
    "right_edge": (
        _GRID,
        _ACCUMULATED,
        "accumulated {long_name} at the right edge, per length",
        "55, 58",
    ),
    "edge_even": (_GRID, _ACCUMULATED, "half the sum of both edges", "Fig. 2(d)"),
    "edge_odd": (_GRID, _ACCUMULATED, "half of right minus left edge", "Fig. 2(d)"),
    "fermi_level": (("fermi_energy",), "t0", "Fermi energy of the point", "18"),
    "edge_crossings": (
        ("edge", "fermi_energy"),
        "1",
        "Fermi points of states at the edge; -1 where the Fermi energy is undefined",
        "55",
    ),
    "direct_gap": ((), "t0", "smallest direct gap of the bulk", "54"),
    "indirect_gap": ((), "t0", "indirect gap of the bulk, negative where bands overlap", "54"),
    "direct_gap_error": ((), "t0", "upper bound of how far the direct gap may be smaller", "54"),
    "indirect_gap_error": (
        (),
        "t0",
        "upper bound of how far the indirect gap may be smaller",
        "54",
    ),
    "filling": ((), "1", "number of filled bands of the bulk, 0 where there is one band", "54"),
    "midgap": ((), "t0", "middle of the bulk's indirect gap", "54"),
    "chern": ((), "1", "Chern number of the filled bands", "Fukui, Hatsugai, Suzuki (2005)"),
    "provenance": (
        (),
        "1",
        "source and checks of an imported model, JSON; only where the model is one",
        "S41",
    ),
    "ribbon_gap": ((), "t0", "indirect gap of the ribbon at the filling of the bulk", "54"),
    "status": ((), "1", "what is undefined at this point", "54"),
    "process": (
        ("process",),
        "1",
        "intraband: per e E tau, dissipative; interband: per e E, intrinsic",
        "55",
    ),
    "x": (("row",), "a", "position of the row's site along the ribbon", "S49"),
    "y": (("row",), "a", "position of the row across the ribbon, from its centre", "S49"),
    "z": (("row",), "a", "height of the row's site", "S49"),
    "sublattice": (("row",), "1", "sublattice of the row", "S41"),
    "cell": (("row",), "1", "translational cell along x", "S48"),
    "spin": (("row",), "hbar / 2", "sign of s_z, 0 where spin is not resolved", "2"),
    "edge": (("edge",), "1", "edge of the ribbon: left is y < 0", "S49"),
    "definition": (("definition",), "1", "definition of the density operator", "52, 57"),
    "gauge": (("gauge",), "1", "phase convention of the position along x", "S48"),
}

# Variables with another meaning in one stage.
OF_STAGE = {
    "response": {"status": (_GRID, "1", "what a value is not: see flag_meanings", "55, 58")},
}

COORDINATES = {
    *("k", "fermi_energy", "temperature", "process", "definition", "gauge", "edge"),
    *("x", "y", "z", "sublattice", "cell", "spin"),
}

# Dimensions that lead those of a variable that each definition and phase convention has its own of.
LEAD = ("definition", "gauge")
BY_DEFINITION = {
    *("moment", "density", "polarizability", "accumulation", "net", "error", "even", "odd"),
    *("left_edge", "right_edge", "edge_even", "edge_odd"),
}

# Title and equations of the datasets of a stage, and of a merged grid.
TITLES = {
    "model": ("Sites and hoppings", "S41"),
    "bands": ("Energy bands", "S42, S43"),
    "elements": ("Matrix elements of the density", "56, 57, S47, S51"),
    "response": ("Density accumulation in an electric field", "55, 58"),
    "theory": ("One piece of the theory", ""),
    "phase_diagram": ("Density accumulation over a grid of parameters", "54, 55, 58"),
}


def at_point(name: str) -> tuple[str, ...]:
    """Dimensions of a variable at one point of a grid; () of one that the table does not hold."""
    dims = VARIABLES[name][0] if name in VARIABLES else ()
    return (*(LEAD if name in BY_DEFINITION else ()), *dims)
