"""Even and odd parts: which row is compared with which, against pairing them one by one."""

import numpy as np
import pytest
import xarray as xr

import accumulation as acc
from accumulation.datasets import variables
from accumulation.jobs import points
from accumulation.lattice.stacking import stacked
from accumulation.responses.edges import regions
from accumulation.symmetry.mirror_rows import paired_rows

HALDANE = {"t2": 0.1, "phi": 0.7, "delta": 0.8}
NEAR = 1e-7


def respond(system, density="orbital_moment", definition="local", fermi_energy=1.1, k=41):
    if system.kind == "flake":
        return system.response(density, definition, fermi_energy)
    bands = acc.bands(system, k=k)
    elements = acc.elements(system, bands, density=density, definition=definition)
    return acc.response(elements, fermi_energy)


def same_orbital_at_minus_y(system):
    """Rows of the same name, height and cell at -y, one list for each row."""
    place = system.positions
    return [
        [
            j
            for j in range(len(place))
            if system.sublattice[i] == system.sublattice[j]
            and abs(place[i, 1] + place[j, 1]) < NEAR
            and abs(place[i, 2] - place[j, 2]) < NEAR
            and system.cell[i] == system.cell[j]
        ]
        for i in range(len(place))
    ]


def sums_by_y(system, values):
    """{(cell, y): sum of the rows there}."""
    places = zip(system.cell.tolist(), system.positions[:, 1], strict=True)
    keys = [(cell, round(float(y), 6) + 0.0) for cell, y in places]
    return {key: sum(values[i] for i, other in enumerate(keys) if other == key) for key in keys}


def check_sums(system, response, process):
    """Even and odd, summed over the rows at each y, are the parts of the summed profile."""
    one = {name: response[name].isel(process=process).squeeze().values for name in
           ("accumulation", "even", "odd")}  # fmt: skip
    every, even, odd = (sums_by_y(system, values) for values in one.values())
    for (cell, y), value in every.items():
        there = every[cell, round(-y, 6) + 0.0]
        assert even[cell, y] == pytest.approx(0.5 * (value + there), abs=1e-13)
        assert odd[cell, y] == pytest.approx(0.5 * (value - there), abs=1e-13)


def rectangular(rng, orbitals, symmetric=True):
    """Random lattice of orbitals (name: (x, z, spin)) on the lines y = 0, so that y -> -y maps each
    orbital on itself; with ``symmetric`` random complex hoppings have that mirror too."""
    lattice = acc.Lattice(
        [(1.0, 0.0), (0.0, float(rng.uniform(0.6, 1.4)))],
        {name: (x, 0.0, z) for name, (x, z, _) in orbitals.items()},
        {name: rng.normal() for name in orbitals},
        spin={name: spin for name, (*_, spin) in orbitals.items()},
    )
    for to in orbitals:
        for origin in orbitals:
            for steps in (0, 1, 2):
                for across in (0, 1):
                    if (steps, across) == (0, 0) and to >= origin:
                        continue
                    t = rng.normal() + 1j * rng.normal()
                    if (steps, across) == (0, 1):
                        # of a bond straight across the conjugate partner is the mirror image
                        if to > origin:
                            continue
                        t = t.real if to == origin else t
                    lattice.hop(to, origin, (steps, across), t)
                    if across and not (steps == 0 and to == origin):
                        lattice.hop(to, origin, (steps, -across), t if symmetric else 0.3 * t)
    return lattice


ORBITALS = {
    "several at one place": {"s": (0.0, 0.0, 0), "px": (0.0, 0.0, 0), "py": (0.0, 0.0, 0)},
    "spins": {"s_up": (0.0, 0.0, 1), "s_down": (0.0, 0.0, -1)},
    "two layers": {"top": (0.0, 1.0, 0), "bottom": (0.0, -1.0, 0)},
    "one line": {"a": (0.0, 0.0, 0), "b": (0.3, 0.0, 0), "c": (0.3, 0.7, 0)},
}


@pytest.mark.parametrize("names", ORBITALS)
@pytest.mark.parametrize("seed", range(2))
def test_a_mirror_leaves_charge_no_odd_part_row_by_row(names, seed):
    """M_y H M_y = H with H random: the charge of every orbital is the same at y and -y."""
    rng = np.random.default_rng(seed)
    system = rectangular(rng, ORBITALS[names]).ribbon((1, 0), int(rng.integers(2, 6)))
    found = respond(system, "charge", "site", fermi_energy=float(rng.normal()))
    partner = [only for (only,) in same_orbital_at_minus_y(system)]
    np.testing.assert_array_equal(found.mirror_row, partner)
    values = found.accumulation.values
    np.testing.assert_allclose(values, values[..., partner], atol=1e-9)
    assert np.abs(found.even).max() > 1e-3
    assert np.abs(found.odd).max() < 1e-9


@pytest.mark.parametrize("names", ORBITALS)
def test_rows_are_paired_with_the_same_orbital_whatever_the_hoppings(names):
    rng = np.random.default_rng(7)
    system = rectangular(rng, ORBITALS[names], symmetric=False).ribbon((1, 0), 4)
    found = respond(system, fermi_energy=0.2)
    partner = [only for (only,) in same_orbital_at_minus_y(system)]
    values = found.accumulation.values
    assert np.abs(values).max() > 1e-3
    np.testing.assert_allclose(found.even, (values + values[..., partner]) / 2, atol=1e-14)
    np.testing.assert_allclose(found.odd, (values - values[..., partner]) / 2, atol=1e-14)


@pytest.mark.parametrize("width", [4, 5])
def test_armchair_rows_are_paired_within_their_sublattice(width):
    """T M_y keeps the sublattices: interband moments even, intraband ones odd, at every site."""
    ribbon = acc.haldane(**HALDANE).ribbon((1, 1), width)
    found = respond(ribbon)
    np.testing.assert_array_equal(
        found.mirror_row, [only for (only,) in same_orbital_at_minus_y(ribbon)]
    )
    assert np.abs(found.even.sel(process="intraband")).max() < 1e-12
    assert np.abs(found.odd.sel(process="interband")).max() < 1e-12
    assert np.abs(found.odd.sel(process="intraband")).max() > 1e-3
    assert np.abs(found.even.sel(process="interband")).max() > 1e-4


@pytest.mark.parametrize("model", [{"phi": np.pi / 2, "delta": 0.5}, {"phi": 1.2, "delta": 0.0}])
@pytest.mark.parametrize(
    ("direction", "parts"),
    [((1, 1), {"even"}), ((2, 1), {"odd"}), ((4, 1), {"even", "odd"})],
)
def test_half_flux_or_inversion_exchange_the_sublattices(model, direction, parts):
    """S T C2 (phi = pi / 2, in the gap about zero) and C2 (delta = 0): A at y is minus B at -y.

    No net for any edge, but what that makes of a row and its own partner depends on the edge.
    """
    ribbon = acc.haldane(t2=0.12, **model).ribbon(direction, 7)
    found = respond(ribbon, fermi_energy=0.0, k=101).sel(process="interband")
    values, y = found.accumulation.values.squeeze(), ribbon.positions[:, 1]
    on_a = ribbon.sublattice == "A"
    image = [np.flatnonzero((abs(y + one) < NEAR) & (on_a != a))[0]
             for one, a in zip(y, on_a, strict=True)]  # fmt: skip
    np.testing.assert_allclose(values, -values[image], atol=1e-8)
    assert abs(found.net) < 1e-8
    assert {name for name in ("even", "odd") if np.abs(found[name]).max() > 1e-5} == parts


@pytest.mark.parametrize("direction", [(1, 0), (2, 1), (3, 1)])
def test_zigzag_and_chiral_rows_are_paired_with_the_other_sublattice(direction):
    """Single rows at y and -y, of one spin in a model with spin."""
    for lattice in (acc.haldane(**HALDANE), acc.kane_mele(spin_orbit=0.1, rashba=0.2, delta=0.3)):
        ribbon = lattice.ribbon(direction, 5)
        found = respond(ribbon, k=21)
        partner = found.mirror_row.values
        assert np.all(partner >= 0)
        assert not any(same_orbital_at_minus_y(ribbon))
        np.testing.assert_allclose(ribbon.positions[partner, 1], -ribbon.positions[:, 1], atol=NEAR)
        np.testing.assert_array_equal(ribbon.spin[partner], ribbon.spin)
        assert all(a[0] != b[0] for a, b in
                   zip(ribbon.sublattice, ribbon.sublattice[partner], strict=True))  # fmt: skip
        np.testing.assert_allclose(found.even + found.odd, found.accumulation, atol=1e-14)


def test_edges_of_a_ribbon_without_a_mirror_take_what_is_there():
    """Along (4, 1) both sublattices lie on the same lines, but A alone at one edge, B alone at the
    other: inside a row has its own orbital at -y, at the edges the other one."""
    ribbon = acc.haldane(**HALDANE).ribbon((4, 1), 9)
    found = respond(ribbon, k=21)
    same = same_orbital_at_minus_y(ribbon)
    assert {len(one) for one in same} == {0, 1}
    for row, (one, partner) in enumerate(zip(same, found.mirror_row.values, strict=True)):
        if one:
            assert partner == one[0]
        else:
            assert ribbon.sublattice[partner] != ribbon.sublattice[row]
            assert ribbon.positions[partner, 1] == pytest.approx(-ribbon.positions[row, 1])
    for process in (0, 1):
        check_sums(ribbon, found, process)


def kagome():
    lattice = acc.Lattice(
        [(1.0, 0.0), (0.5, 3**0.5 / 2)],
        {"A": (0.0, 0.0), "B": (0.5, 0.0), "C": (0.25, 3**0.5 / 4)},
        {"A": 0.3, "B": -0.1},
    )
    for to, origin, back in (("A", "B", (-1, 0)), ("B", "C", (1, -1)), ("C", "A", (0, 1))):
        lattice.hop(to, origin, (0, 0), -1.0 + 0.2j)
        lattice.hop(to, origin, back, -0.8 + 0.2j)
    return lattice


def honeycomb_with_two_orbitals(rng):
    lattice = acc.haldane(**HALDANE)
    places = {site + kind: lattice.orbitals[site] for site in "AB" for kind in "sp"}
    both = acc.Lattice(lattice.vectors, places, {name: rng.normal() for name in places})
    both.hop("As", "Ap", (0, 0), 0.4j)
    both.hop("Bs", "Bp", (0, 0), 0.2 + 0.1j)
    for to, origin, cell, _ in lattice.hoppings:
        for one, other in ("ss", "sp", "ps", "pp"):
            both.hop(to + one, origin + other, cell, rng.normal() + 1j * rng.normal())
    return both


@pytest.mark.parametrize(
    ("lattice", "direction"),
    [
        (kagome(), (1, 0)),
        (honeycomb_with_two_orbitals(np.random.default_rng(3)), (1, 0)),
        (honeycomb_with_two_orbitals(np.random.default_rng(4)), (2, 1)),
    ],
)
def test_several_rows_without_partner_are_summed(lattice, direction):
    """Rows {A, B} opposite to {C}, or {As, Ap} opposite to {Bs, Bp}: their sums are compared."""
    system = lattice.ribbon(direction, 3)
    found = respond(system, fermi_energy=0.2)
    assert np.all(found.mirror_row == -1)
    values = found.accumulation.values
    assert np.abs(values).max() > 1e-3
    for process in (0, 1):
        check_sums(system, found, process)
    # Shared equally by the rows at one y.
    for y in np.unique(np.round(system.positions[:, 1], 6)):
        at = np.abs(system.positions[:, 1] - y) < 1e-5
        assert np.ptp(found.even.values[..., at], axis=-1).max() == 0


def test_a_row_whose_only_counterpart_is_taken_is_summed_with_it():
    """B lies on the line of A's second row, and at no line of its own mirror image."""
    positions = np.array([[0.0, -1, 0], [0.0, 0, 0], [0.0, 1, 0], [0.5, 1, 0]])
    nothing = np.zeros(4, dtype=int)
    pairing = paired_rows(positions, np.array(list("AAAB")), nothing, nothing)
    np.testing.assert_array_equal(pairing.mirror_row, [-1, 1, -1, -1])
    even, odd = pairing.parts(np.array([1.0, 5.0, 3.0, 7.0]))
    np.testing.assert_allclose(even, [5.5, 5, 2.75, 2.75])
    np.testing.assert_allclose(odd, [-4.5, 0, 2.25, 2.25])


@pytest.mark.parametrize("direction", [(1, 0), (1, 1), (2, 1)])
@pytest.mark.parametrize("model", ["stacked_haldane", "layered_antiferromagnet"])
def test_wires_are_paired_at_one_height(direction, model):
    wire = getattr(acc, model)().wire(direction, 3, 2)
    found = respond(wire, fermi_energy=1.1, k=15)
    partner, same = found.mirror_row.values, same_orbital_at_minus_y(wire)
    assert np.all(partner >= 0)
    for axis, sign in ((1, -1), (2, 1)):
        place = wire.positions[:, axis]
        np.testing.assert_allclose(place[partner], sign * place, atol=NEAR)
    np.testing.assert_array_equal(wire.spin[partner], wire.spin)
    np.testing.assert_array_equal(partner[partner], np.arange(len(partner)))
    assert all(not one or one == [there] for one, there in zip(same, partner, strict=True))
    assert any(same) == (direction == (1, 1))
    check_sums(wire, found, 0)


def test_layers_moved_against_each_other_are_compared_with_one_another():
    """The second layer lies beside the first: at -y of a row there is only the other layer."""
    layer = acc.Lattice([(1.0, 0.0), (0.0, 1.0)], {"A": (0.0, 0.0)})
    layer.hop("A", "A", (1, 0), -1.0)
    other = acc.Lattice([(1.0, 0.0), (0.0, 1.0)], {"A": (0.0, 0.3)})
    other.hop("A", "A", (0, 1), -0.7)
    crystal = stacked([layer, other], [0.0, 1.0], 2.0)
    crystal.hop("A1", "A2", (0, 0, 0), -0.5 + 0.1j)
    wire = crystal.wire((1, 0), 3, 1)
    found = respond(wire, fermi_energy=-0.4, k=15)
    np.testing.assert_array_equal(found.mirror_row, np.arange(len(found.row))[::-1])
    np.testing.assert_array_equal(wire.sublattice, np.array(["A1", "A2"] * 3))


@pytest.mark.parametrize(
    ("direction", "width"), [((1, 0), 3), ((1, 0), 4), ((1, 1), 4), ((1, 1), 5), ((2, 1), 4)]
)
def test_flakes_are_paired_as_their_ribbon_cell_by_cell(direction, width):
    """At the same x where the lattice has the orbital there, else in the same cell."""
    lattice = acc.haldane(**HALDANE)
    ribbon, flake = lattice.ribbon(direction, width), lattice.flake(direction, width, 4)
    one = paired_rows(ribbon.positions, ribbon.sublattice, ribbon.spin, ribbon.cell).mirror_row
    found = respond(flake, definition="circulation", fermi_energy=-0.2)
    partner, rows = found.mirror_row.values, len(one)
    np.testing.assert_array_equal(partner, np.concatenate([one + c * rows for c in range(4)]))
    x, y = flake.positions[:, 0], flake.positions[:, 1]
    for i in range(len(x)):
        same = flake.sublattice == flake.sublattice[partner[i]]
        there = np.flatnonzero(same & (abs(y + y[i]) < NEAR) & (abs(x - x[i]) < NEAR))
        if len(there):
            assert list(there) == [partner[i]]
    check_sums(flake, found, 1)


def test_repeated_cells_are_paired_as_one():
    ribbon = acc.haldane(**HALDANE).ribbon((1, 1), 4)
    thrice = ribbon.repeated(3)
    one, three = (respond(one, fermi_energy=-0.2, k=k) for one, k in ((ribbon, 45), (thrice, 15)))
    for name in ("even", "odd"):
        np.testing.assert_allclose(np.tile(one[name].values, 3) / 3, three[name].values, atol=1e-9)


def test_rows_that_do_not_pair_have_no_parts():
    lattice = acc.Lattice(
        [(1.0, 0.0), (0.0, 1.0)], {"A": (0.0, 0.0), "B": (0.5, 0.2), "C": (0.5, 0.5)}
    )
    lattice.hop("A", "B", (0, 0), 1.0)
    lattice.hop("B", "C", (0, 0), 1.0 + 0.3j)
    lattice.hop("C", "A", (1, 0), 1.0)
    found = respond(lattice.ribbon((1, 0), 3), fermi_energy=0.3)
    assert "even" not in found
    assert "odd" not in found
    assert np.all(found.mirror_row == -1)


@pytest.mark.parametrize("depth", [None, 0.6])
@pytest.mark.parametrize("direction", [[1, 0], [1, 1], [2, 1], [4, 1]])
def test_edges_of_a_grid_are_sums_of_the_parts(direction, depth):
    """edge_even and edge_odd are what even and odd add up to at the right edge."""
    point = {
        "model": {"name": "haldane", **HALDANE},
        "geometry": {"kind": "ribbon", "direction": direction, "width": 8},
    }
    settings = {
        "k": 40, "density": "orbital_moment", "definition": ["local"], "gauge": ["atomic"],
        "fermi_energy": [1.1], "temperature": [0.0], "profile": True, "edge_depth": depth,
    }  # fmt: skip
    attrs = {"density": "orbital_moment"}
    elements = points.elements_point(point, settings)
    source = xr.Dataset(
        {name: (variables.at_point(name), value) for name, value in elements.items()},
        {"definition": ["local"], "gauge": ["atomic"]},
        attrs,
    )
    found = points.response_point(point, settings, source)
    right = regions(found["y"], depth)[1]
    for part in ("even", "odd"):
        np.testing.assert_allclose(found[part] @ right, found[f"edge_{part}"], atol=1e-13)
    assert np.abs(found["edge_odd"]).max() > 1e-6
