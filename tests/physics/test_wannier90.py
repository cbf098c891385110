"""Models from files of Wannier90, against the sum over the file's own lines; and every bad file."""

import gzip
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import accumulation as acc
from accumulation.errors import UserError
from accumulation.importers import wannier_files as readers
from accumulation.importers.orbital_labels import HARMONICS, labels, rotation_of_harmonics
from accumulation.importers.win_file import read_win

sys.path.insert(0, str(Path(__file__).parent))

from wannier_files import direct_bands, random_files, real_seed

SEEDS = (0, 1, 2)


def energies(lattice, reduced):
    """Bands of a lattice at k (point, 3) in units of the reciprocal vectors."""
    return np.linalg.eigvalsh(
        lattice.hamiltonian(reduced[:, : lattice.dimension] @ lattice.reciprocal)
    )


def points(seed, count=7):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3))


def refused(call, *words):
    """One sentence, which names all of these."""
    with pytest.raises(UserError) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence, sentence


@pytest.mark.parametrize("ws", [True, False])
@pytest.mark.parametrize("layer", [True, False])
@pytest.mark.parametrize("main", ["hr", "tb"])
@pytest.mark.parametrize("seed", SEEDS)
def test_bands_are_the_sum_over_the_file(tmp_path, seed, main, layer, ws):
    """Degeneracies and shared images included, in two and three dimensions, to 1e-10."""
    files = random_files(seed, layer=layer)
    path = files.write(tmp_path, parts=(main, "wsvec", "centres", "win"), ws=ws)
    lattice = acc.from_wannier90(path)
    assert lattice.dimension == (2 if layer else 3)
    assert lattice.provenance["use_ws_distance"] is ws
    k = points(seed)
    np.testing.assert_allclose(energies(lattice, k), files.bands(k, ws), atol=1e-10)
    np.testing.assert_allclose(lattice.positions, files.centres, atol=1e-12)


def test_the_setting_of_images_can_be_chosen(tmp_path):
    """A file of images may be left unused; what its head denies cannot be used."""
    files, k = random_files(3), points(3)
    path = files.write(tmp_path)
    off = acc.from_wannier90(path, use_ws_distance=False)
    np.testing.assert_allclose(energies(off, k), files.bands(k, False), atol=1e-10)
    assert np.abs(files.bands(k, True) - files.bands(k, False)).max() > 0.1
    files.write(tmp_path, parts=("wsvec",), ws=False)
    refused(lambda: acc.from_wannier90(path, use_ws_distance=True), "x_wsvec.dat", "false")
    (tmp_path / "x_wsvec.dat").unlink()
    refused(lambda: acc.from_wannier90(path, use_ws_distance=True), "use_ws_distance", "wsvec")


def test_files_may_be_compressed_and_found_in_a_folder(tmp_path):
    files, k = random_files(4), points(4)
    path = files.write(tmp_path)
    for file in list(tmp_path.iterdir()):
        Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    for place in (path, tmp_path, tmp_path / "x_hr.dat.gz", str(path)):
        found = energies(acc.from_wannier90(place), k)
        np.testing.assert_allclose(found, files.bands(k, True), atol=1e-10)
    files.write(tmp_path, "other")
    refused(lambda: acc.from_wannier90(tmp_path), "2 seeds other, x")
    refused(lambda: acc.from_wannier90(tmp_path / "absent"), "no _tb.dat and no _hr.dat")


def test_cell_and_centres_may_be_given_and_are_asked_for(tmp_path):
    files, k = random_files(5), points(5)
    path = files.write(tmp_path, parts=("hr",))
    refused(lambda: acc.from_wannier90(path), "`cell`", "cell= and centres=")
    refused(lambda: acc.from_wannier90(path, cell=files.vectors), "`centres`", "_centres.xyz")
    refused(
        lambda: acc.from_wannier90(path, cell=files.vectors, centres=files.centres[:2]), "`centres`"
    )
    lattice = acc.from_wannier90(path, cell=files.vectors, centres=files.centres)
    np.testing.assert_allclose(energies(lattice, k), files.bands(k, False), atol=1e-10)


def test_a_violation_of_hermiticity_is_a_number(tmp_path):
    """Mended by the average where small, refused where large."""
    files, k = random_files(6), points(6)
    files.h[3, 0, 1] += 2e-4j
    path = files.write(tmp_path)
    lattice = acc.from_wannier90(path)
    # The element of the cell and its images are divided by the degeneracy and their number.
    share = files.degeneracy[3] * len(files.images[3, 0, 1])
    found = lattice.provenance["hermiticity_violation"]
    assert found == pytest.approx(2e-4 / share, rel=1e-9)
    h = files.matrix(files.h, k, True)
    mean = np.linalg.eigvalsh(0.5 * (h + np.swapaxes(h.conj(), 1, 2)))
    np.testing.assert_allclose(energies(lattice, k), mean, atol=1e-10)
    refused(lambda: acc.from_wannier90(path, tolerance=1e-5), "x_hr.dat", "H(-R)", "1e-05")


@pytest.mark.parametrize(("longest", "smallest"), [(6.0, None), (None, 0.4), (12.0, 0.1)])
def test_truncation_says_what_it_does_to_the_bands(tmp_path, longest, smallest):
    """The hops that go are those of the rule, and the stated error is that of the two lattices."""
    path = random_files(7).write(tmp_path)
    full = acc.from_wannier90(path)
    cut = acc.from_wannier90(path, longest=longest, smallest=smallest)
    row, column, cell, amplitude = full.hop_table()
    span = cell @ full.vectors + full.positions[column] - full.positions[row]
    keep = np.linalg.norm(span, axis=1) <= (longest or np.inf)
    keep &= np.abs(amplitude) >= (smallest or 0)
    keep |= (row == column) & ~cell.any(axis=1)
    note = cut.provenance["truncation"]
    assert len(cut.hop_table()[0]) == note["hops"] == keep.sum() < note["hops_before"]
    k = np.random.default_rng(11).random((64, 3))
    change = energies(cut, k) - energies(full, k)
    assert note["largest_band_error"] == pytest.approx(np.abs(change).max(), abs=1e-10)
    assert note["root_mean_square_band_error"] == pytest.approx(
        np.sqrt(np.mean(change**2)), abs=1e-10
    )
    assert note["largest_band_error"] > 0.01
    for name in ("longest", "smallest"):
        refused(lambda name=name: acc.from_wannier90(path, **{name: -1.0}), name)


def test_position_matrices_are_kept_and_written_back(tmp_path):
    """Elements of r besides the centres, Hermitian, and the same after a round trip."""
    files, k = random_files(8), points(8)
    lattice = acc.from_wannier90(files.write(tmp_path, parts=("tb", "wsvec")))
    table = lattice.dipoles
    for axis in range(3):
        # Both conventions of sum_R e^{ikR} r(R), of the file and of the table with the centres.
        mine = np.zeros((len(k), 3, 3), dtype=complex)
        phases = np.exp(2j * np.pi * k @ table.cell.T)
        for q in range(len(k)):
            np.add.at(mine[q], (table.row, table.column), phases[q] * table.dipole[:, axis])
        mine += np.diag(lattice.positions[:, axis]) - np.diag(np.zeros(3))
        home = np.flatnonzero(~files.cells.any(axis=1))[0]
        r = files.r[..., axis].copy()
        r[home, np.arange(3), np.arange(3)] = 0
        theirs = files.matrix(r, k, True) + np.diag(files.centres[:, axis])
        np.testing.assert_allclose(mine, theirs, atol=1e-12)
    lattice.to_wannier90(tmp_path / "again")
    again = acc.from_wannier90(tmp_path / "again")
    np.testing.assert_allclose(energies(again, k), energies(lattice, k), atol=1e-12)
    for name in ("row", "column", "cell", "dipole"):
        np.testing.assert_allclose(getattr(again.dipoles, name), getattr(table, name), atol=1e-14)


def test_a_layer_is_one_where_no_kept_hop_leads_out_of_it(tmp_path):
    """Hops to the next image of a layer are dropped by their length, and dipoles with them."""
    files = random_files(14, layer=True)
    count = len(files.cells)
    above = files.cells + np.array([0, 0, 1])
    files.cells = np.concatenate((files.cells, above, above - np.array([0, 0, 2])))
    files.degeneracy = np.ones(3 * count, dtype=int)
    for name in ("h", "r"):
        values = getattr(files, name)
        # H(R) of the cells above is the conjugate of that of the cells below, which come reversed.
        conjugate = np.swapaxes(values[::-1].conj(), 1, 2)
        setattr(files, name, np.concatenate((values, 0.1 * values, 0.1 * conjugate)))
    files.centres[:, 2] *= 0.1
    home = np.flatnonzero(~files.cells.any(axis=1))[0]
    files.r[home, np.arange(3), np.arange(3)] = files.centres
    path = files.write(tmp_path, parts=("tb",))
    solid = acc.from_wannier90(path)
    assert solid.dimension == 3
    layer = acc.from_wannier90(path, longest=11.0)
    assert layer.dimension == 2
    assert layer.provenance["periodic_vectors"] == [1, 2]
    assert layer.provenance["truncation"]["largest_band_error"] > 0.01
    assert layer.dipoles.cell.shape[1] == 2
    inside = solid.dipoles.cell[:, 2] == 0
    np.testing.assert_allclose(layer.dipoles.dipole, solid.dipoles.dipole[inside], atol=1e-14)


def change_line(number, text):
    return lambda lines: [*lines[:number], text, *lines[number + 1 :]]


def drop_from(number):
    return lambda lines: lines[:number]


def without_last_element(lines):
    heads = [n for n, line in enumerate(lines) if len(line.split()) == 5]
    return lines[: heads[-1]]


BAD = {
    "hr: no number of orbitals": ("_hr.dat", change_line(1, "three"), "line 2"),
    "hr: no number of cells": ("_hr.dat", change_line(2, "-4"), "line 3"),
    "hr: a bad degeneracy": ("_hr.dat", change_line(3, "1 0 1"), "line 4"),
    "hr: an overflown field": ("_hr.dat", change_line(20, "-1 -1 -1 1 1 ******* 0.0"), "line 21"),
    "hr: a number missing": ("_hr.dat", change_line(21, "-1 -1 -1 1 1 0.0"), "line 22"),
    "hr: not a number": ("_hr.dat", change_line(22, "-1 -1 -1 1 1 nan 0.0"), "line 23"),
    "hr: half a cell": ("_hr.dat", change_line(23, "-1 -1.5 -1 1 1 0.0 0.0"), "line 24"),
    "hr: truncated": ("_hr.dat", drop_from(100), "line 101"),
    "hr: truncated within a line": ("_hr.dat", lambda x: [*x[:99], "-1 -1"], "line 100"),
    "hr: goes on": ("_hr.dat", lambda x: [*x, "0 0 0 1 1 1.0 0.0"], "line 249"),
    "hr: an orbital too many": ("_hr.dat", change_line(5, "-1 -1 -1 4 1 0.0 0.0"), "line 6"),
    "hr: an element twice": ("_hr.dat", lambda x: [*x[:6], x[5], *x[7:]], "line 7"),
    "hr: another cell": ("_hr.dat", change_line(6, "-1 -1 0 2 1 0.0 0.0"), "line 7"),
    "hr: a cell twice": ("_hr.dat", lambda x: [*x[:14], *x[5:14], *x[23:]], "line 15"),
    "tb: a short vector": ("_tb.dat", change_line(1, "1.0 0.0"), "line 2"),
    "tb: no empty line": ("_tb.dat", lambda x: [*x[:8], *x[9:]], "line 9"),
    "tb: truncated": ("_tb.dat", drop_from(400), "line 4"),
    "tb: a bad cell": ("_tb.dat", change_line(9, "0 0"), "line 10"),
    "tb: a bad element": ("_tb.dat", change_line(10, "1 1 1.0"), "line 11"),
    "tb: half an orbital": ("_tb.dat", change_line(10, "1.5 1 1.0 0.0"), "line 11"),
    "tb: goes on": ("_tb.dat", lambda x: [*x, "1"], "line 603"),
    "tb: other cells of r": ("_tb.dat", lambda x: [*x[:306], "7 7 7", *x[307:]], "the same R"),
    "wsvec: an element without images": ("_wsvec.dat", change_line(2, "0"), "line 3"),
    "wsvec: a shift of two": ("_wsvec.dat", change_line(3, "0 0"), "line 4"),
    "wsvec: half a shift": ("_wsvec.dat", change_line(3, "0 0 0.5"), "line 4"),
    "wsvec: truncated": ("_wsvec.dat", lambda x: x[:-1], "a shift, three integers"),
    "wsvec: elements missing": ("_wsvec.dat", without_last_element, "each i, j, R"),
    "wsvec: empty": ("_wsvec.dat", lambda x: x[:1], "line 2"),
    "xyz: no number of lines": ("_centres.xyz", change_line(0, "centres"), "line 1"),
    "xyz: truncated": ("_centres.xyz", lambda x: x[:-1], "line 6"),
    "xyz: goes on": ("_centres.xyz", lambda x: [*x, "X 0 0 0"], "line 7"),
    "xyz: a coordinate missing": ("_centres.xyz", change_line(3, "X 0.0 0.0"), "line 4"),
    "xyz: not a number": ("_centres.xyz", change_line(3, "X 0.0 0.0 zero"), "line 4"),
    "xyz: a centre too few": ("_centres.xyz", change_line(3, "H 0.0 0.0 0.0"), "3 lines X"),
    "win: other orbitals": (".win", change_line(0, "num_wann = 5"), "line 1"),
    "win: no number": (".win", change_line(0, "num_wann = five"), "line 1"),
    "win: no end": (".win", lambda x: x[:4], "line 2"),
    "win: a short vector": (".win", change_line(2, "1.0 0.0"), "line 3"),
    "win: two vectors": (".win", lambda x: [*x[:3], *x[4:]], "three lattice vectors"),
    "win: neither true nor false": (".win", lambda x: [*x, "spinors = maybe"], "line 7"),
    "win: centres moved home": (".win", lambda x: [*x, "translate_home_cell = T"], "line 7"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_one_sentence_with_file_and_line(tmp_path, fault):
    end, edit, words = BAD[fault]
    tb = end == "_tb.dat"
    parts = ("tb",) if tb else ("hr", "wsvec", "centres", "win")
    path = random_files(9).write(tmp_path, parts=parts)
    acc.from_wannier90(path)  # as it is, it is read
    file = tmp_path / f"x{end}"
    file.write_text("\n".join(edit(file.read_text().splitlines())) + "\n")
    refused(lambda: acc.from_wannier90(path), f"x{end}", words)


def test_a_file_that_cannot_be_unpacked_is_named(tmp_path):
    files = random_files(9)
    files.write(tmp_path)
    (tmp_path / "x_hr.dat").unlink()
    for content in (b"no gz", gzip.compress(b"1\n" * 500)[:40]):
        (tmp_path / "x_hr.dat.gz").write_bytes(content)
        refused(lambda: acc.from_wannier90(tmp_path / "x"), "x_hr.dat.gz")


def test_files_of_two_calculations_are_told_apart(tmp_path):
    files = random_files(10)
    path = files.write(tmp_path, parts=("tb", "win", "centres"))
    acc.from_wannier90(path)
    files.vectors = files.vectors * 1.01
    files.write(tmp_path, parts=("win",))
    refused(lambda: acc.from_wannier90(path), "x.win", "a cell that differs from that of x_tb.dat")


def test_centres_of_the_position_matrices_come_before_those_moved_home(tmp_path):
    """A centre moved by a lattice vector without its hops makes another velocity: r(0) decides."""
    files = random_files(11)
    moved = files.centres + files.vectors[0]
    path = files.write(tmp_path, parts=("tb", "win"), win=("translate_home_cell = true",))
    files.centres, kept = moved, files.centres
    files.write(tmp_path, parts=("centres",))
    lattice = acc.from_wannier90(path)
    np.testing.assert_allclose(lattice.positions, kept, atol=1e-12)
    assert "elsewhere" in lattice.provenance["notes"][0]


def test_fortran_exponents_and_units_are_read(tmp_path):
    files, k = random_files(12), points(12)
    path = files.write(tmp_path)
    file = tmp_path / "x_hr.dat"
    file.write_text(file.read_text().replace("e-0", "D-0"))
    win = tmp_path / "x.win"
    lines = win.read_text().splitlines()
    bohr = ["bohr", *(" ".join(f"{x / 0.529177210903:.15g}" for x in v) for v in files.vectors)]
    win.write_text("\n".join(["! a comment", *lines[:2], *bohr, *lines[5:]]) + "\n")
    lattice = acc.from_wannier90(path)
    np.testing.assert_allclose(lattice.vectors, files.vectors, rtol=1e-12)
    np.testing.assert_allclose(energies(lattice, k), files.bands(k, True), atol=1e-10)


# --- spins ---------------------------------------------------------------------------------------


def spinful_files(seed, order, magnet=0.0, same_place=True):
    """Two orbitals with spin-orbit coupling and time reversal, broken by ``magnet``."""
    files, rng = random_files(seed, 4, layer=True), np.random.default_rng(seed)
    sigma_y = np.array([[0, -1j], [1j, 0]])
    turn = np.kron(sigma_y, np.eye(2))  # blocks
    count = len(files.cells)
    # T H(R) T^-1 = sigma_y H(R)^* sigma_y, of the same cell: half the sum with it is invariant.
    files.h = 0.5 * (files.h + turn @ files.h.conj() @ turn)
    home = int(np.flatnonzero(~files.cells.any(axis=1))[0])
    files.h[home] += magnet * np.diag([1.0, 1.0, -1.0, -1.0])
    centres = rng.uniform(0, 3, (2, 3))
    files.centres = np.tile(centres, (2, 1))
    if not same_place:
        files.centres = rng.uniform(0, 3, (4, 3))
    if order == "interleaved":
        places = [0, 2, 1, 3]
        files.h = files.h[:, places][:, :, places]
        files.centres = files.centres[places]
    assert count == len(files.h)
    return files


@pytest.mark.parametrize("order", ["blocks", "interleaved"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_spins_is_told_by_time_reversal(tmp_path, order, seed):
    files = spinful_files(seed, order, same_place=False)
    path = files.write(tmp_path, parts=("hr", "centres", "win"), win=("spinors = .true.",))
    lattice = acc.from_wannier90(path)
    expected = [1, 1, -1, -1] if order == "blocks" else [1, -1, 1, -1]
    assert lattice.spins.tolist() == expected
    note = lattice.provenance["spin"]
    assert (note["order"], note["told_by"]) == (order, "time reversal")
    other = "interleaved" if order == "blocks" else "blocks"
    assert note[f"time_reversal_{order}"] < 1e-12 < 0.1 < note[f"time_reversal_{other}"]
    assert acc.from_wannier90(path, spin=order).spins.tolist() == expected
    refused(lambda: acc.from_wannier90(path, spin=other), "`spin`", f"{order}, by time reversal")
    refused(lambda: acc.from_wannier90(path, spin="none"), "spinors = true")


def test_the_order_of_spins_of_a_magnet_is_told_by_centres_or_asked_for(tmp_path):
    settings = {"parts": ("hr", "centres", "win"), "win": ("spinors = T",)}
    path = spinful_files(1, "interleaved", magnet=0.7).write(tmp_path, **settings)
    lattice = acc.from_wannier90(path)
    assert lattice.provenance["spin"]["told_by"] == "centres"
    assert lattice.spins.tolist() == [1, -1, 1, -1]
    path = spinful_files(1, "blocks", magnet=0.7, same_place=False).write(tmp_path, **settings)
    refused(lambda: acc.from_wannier90(path), "`spin`", "nothing", "cannot be told")
    assert acc.from_wannier90(path, spin="blocks").provenance["spin"]["told_by"] == "the user"
    refused(lambda: acc.from_wannier90(path, spin="both"), "`spin`", "interleaved")
    odd = random_files(2).write(tmp_path, "odd")
    refused(lambda: acc.from_wannier90(odd, spin="blocks"), "3 Wannier functions", "even")


def test_spins_that_no_file_declares_are_pointed_out(tmp_path):
    """They are not resolved unless the user says so, where time reversal of spins fits."""
    files = spinful_files(2, "blocks")
    path = files.write(tmp_path, parts=("hr", "centres"))
    given = {"cell": files.vectors}
    with pytest.warns(UserWarning, match="spin='blocks'"):
        lattice = acc.from_wannier90(path, **given)
    assert not lattice.spins.any()
    assert lattice.provenance["spin"]["time_reversal_fits"] == "blocks"
    assert acc.from_wannier90(path, spin="blocks", **given).spins.any()
    assert not acc.from_wannier90(path, spin="none", **given).spins.any()
    # Spins in neither order, and orbitals without spin, are no occasion for a warning.
    magnet = spinful_files(2, "blocks", magnet=0.7).write(tmp_path, "m", parts=("hr", "centres"))
    assert not acc.from_wannier90(magnet, **given).spins.any()


def test_the_user_may_know_better_than_centres(tmp_path):
    """Of a magnet's spins, whose orbitals may differ; time reversal cannot be wrong."""
    settings = {"parts": ("hr", "centres", "win"), "win": ("spinors = T",)}
    path = spinful_files(1, "interleaved", magnet=0.7).write(tmp_path, **settings)
    lattice = acc.from_wannier90(path, spin="blocks")
    assert lattice.provenance["spin"]["told_by"] == "the user"
    assert lattice.spins.tolist() == [1, 1, -1, -1]


# --- labels --------------------------------------------------------------------------------------


def square_p(tmp_path, mixing=0.0, projections="X:p", splitting=0.3):
    """px, py, pz on a square lattice, Slater-Koster hops, as files; ``mixing`` turns px into py.

    Order pz, px, py, which is Wannier90's.
    """
    cells = [(x, y, 0) for x in (0, 1, -1) for y in (0, 1, -1)]
    h = []
    for cell in cells:
        # Neighbours on the diagonal couple px and py, without which both could be turned freely.
        d = np.array(cell, dtype=float)[[2, 0, 1]]
        d = d / max(np.linalg.norm(d), 1.0) ** 2
        h.append(1.1 * np.outer(d, d) - 0.4 * (d @ d * np.eye(3) - np.outer(d, d)))
    h[0] = np.diag([splitting, 0.0, 0.0])
    cos, sin = np.cos(mixing), np.sin(mixing)
    turn = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    h = turn @ np.array(h) @ turn.T
    # A free sign of a Wannier function changes nothing.
    signs = np.array([1, -1, 1])
    files = random_files(0, 3)
    files.cells, files.h = np.array(cells), (h * signs[:, None] * signs).astype(complex)
    files.degeneracy, files.r = np.ones(9, dtype=int), np.zeros((9, 3, 3, 3))
    files.vectors, files.centres = np.diag([3.0, 3.0, 15.0]), np.zeros((3, 3))
    more = ("begin atoms_cart", "X 0 0 0", "end atoms_cart",
            "begin projections", projections, "end projections")  # fmt: skip
    return files.write(tmp_path, parts=("hr", "centres", "win"), win=more)


def test_labels_that_symmetry_confirms_name_the_orbitals(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lattice = acc.from_wannier90(square_p(tmp_path))
    assert list(lattice.orbitals) == ["X:pz", "X:px", "X:py"]
    check = lattice.provenance["orbital_identity"]
    assert check["trusted"] is True
    assert check["mismatch"] < 1e-6
    assert len(check["symmetries"]) == 3


def test_labels_that_symmetry_denies_are_a_warning(tmp_path):
    """Orbitals turned within the cell have the same bands and other symmetries."""
    with pytest.warns(UserWarning, match="not known to be what projections name them"):
        lattice = acc.from_wannier90(square_p(tmp_path, mixing=0.4))
    assert list(lattice.orbitals) == ["w1", "w2", "w3"]
    check = lattice.provenance["orbital_identity"]
    assert check["trusted"] is False
    # The reflection x -> -x of turned orbitals has sin 2 mixing between px and py.
    assert check["mismatch"] == pytest.approx(np.sin(0.8), abs=1e-6)
    assert check["labels"] == ["X:pz", "X:px", "X:py"]


def test_labels_in_another_order_are_a_warning(tmp_path):
    """pz taken for px: fourfold rotation exchanges orbitals that do not change places."""
    path = square_p(tmp_path)
    for name in ("x_hr.dat",):
        lines = (tmp_path / name).read_text().splitlines()
        swap = {"1": "2", "2": "1", "3": "3"}
        turned = [line.split() for line in lines[4:]]
        turned = [" ".join([*w[:3], swap[w[3]], swap[w[4]], *w[5:]]) for w in turned]
        (tmp_path / name).write_text("\n".join([*lines[:4], *turned]) + "\n")
    with pytest.warns(UserWarning, match="moduli of a symmetry's matrix differ by 1"):
        acc.from_wannier90(path)


def test_half_a_shell_cannot_have_bands_of_full_symmetry(tmp_path):
    path = square_p(tmp_path, projections="X:px;dxy;dxz")
    with pytest.warns(UserWarning, match="moduli of a symmetry's matrix differ by 1"):
        acc.from_wannier90(path)


def test_without_a_symmetry_labels_are_not_trusted(tmp_path):
    files = random_files(2)
    more = ("begin atoms_frac", "X 0 0 0", "end atoms_frac",
            "begin projections", "X:p", "end projections")  # fmt: skip
    with pytest.warns(UserWarning, match="no symmetry of the lattice is one of the bands"):
        lattice = acc.from_wannier90(files.write(tmp_path, win=more))
    assert lattice.provenance["orbital_identity"]["trusted"] is None
    assert list(lattice.orbitals) == ["w1", "w2", "w3"]


@pytest.mark.parametrize("seed", SEEDS)
def test_harmonics_rotate_as_a_representation(seed):
    """D is orthogonal, keeps shells, multiplies as rotations do, and is the vector itself on p."""
    rng = np.random.default_rng(seed)
    a, b = (np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(2))
    d = rotation_of_harmonics
    np.testing.assert_allclose(d(a) @ d(b), d(a @ b), atol=1e-10)
    np.testing.assert_allclose(d(a).T @ d(a), np.eye(16), atol=1e-10)
    p = [HARMONICS.index(name) for name in ("px", "py", "pz")]
    np.testing.assert_allclose(d(a)[np.ix_(p, p)], a, atol=1e-10)
    shells = np.repeat([0, 1, 2, 3], [1, 3, 5, 7])
    assert np.abs(d(a)[shells[:, None] != shells]).max() < 1e-10


def test_projections_are_listed_in_the_order_of_wannier90(tmp_path):
    """Hybrids before shells, m after m, atom after atom; hybrids are orthonormal."""
    win = tmp_path / "a.win"
    atoms = ["begin atoms_cart", "A 0 0 0", "B 1 1 1", "A 2 2 2", "end atoms_cart"]
    lines = ["begin projections", "B: dxy ; l=1,mr=2; sp3d2", "A:sp;l=0", "end projections"]
    block = (*atoms, *lines)
    win.write_text("\n".join(block))
    found = labels(read_win(win))
    names = [f"B:sp3d2-{m}" for m in range(1, 7)] + ["B:px", "B:dxy"]
    names += [f"A{n}:{orbital}" for n in (1, 2) for orbital in ("sp-1", "sp-2", "s")]
    assert [label.name for label in found] == names
    for hybrid, count in (("sp", 2), ("sp2", 3), ("sp3", 4), ("sp3d", 5), ("sp3d2", 6)):
        win.write_text("\n".join(block).replace("A:sp;l=0", f"A:{hybrid}").replace(block[6], "B:s"))
        vectors = np.array([x.harmonics for x in labels(read_win(win)) if x.name.startswith("A1")])
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(count), atol=1e-12)
    for other in ("A:d(u)[0,0,1]", "A:p:z=1,0,0", "c=0,0,0:s", "random"):
        win.write_text("\n".join(block).replace("A:sp;l=0", other))
        assert labels(read_win(win)) is None
    win.write_text("\n".join(block).replace("A:sp;l=0", "A:g"))
    refused(lambda: labels(read_win(win)), "a.win, line 8", "orbitals such as")
    win.write_text("\n".join(block).replace("A:sp;l=0", "C:s"))
    refused(lambda: labels(read_win(win)), "a.win, line 8", "A, B")


# --- real files ----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*projections name them")
@pytest.mark.parametrize("name", ["mos2", "graphene"])
def test_bands_of_real_files(name):
    """Of layers with eight and eleven orbitals, 149 cells, and files of images that list none."""
    seed, k = real_seed(name), points(0, 20)
    lattice = acc.from_wannier90(seed)
    assert lattice.dimension == 2
    np.testing.assert_allclose(energies(lattice, k), direct_bands(f"{seed}_hr.dat", k), atol=1e-10)


def test_the_labels_of_mos2_are_not_what_they_seem():
    """Its bands have the threefold axis, its labelled orbitals have not."""
    with pytest.warns(UserWarning, match="not known to be what projections name them"):
        lattice = acc.from_wannier90(real_seed("mos2"))
    check = lattice.provenance["orbital_identity"]
    assert check["symmetries"][0]["bands_eV"] < 1e-3
    assert 0.2 < check["mismatch"] < 0.5
    # z2 is mixed with the other two d orbitals that are even in z, and z of sulfur with x and y.
    apart = dict(zip(check["labels"], check["by_orbital"], strict=True))
    assert apart["Mo:dz2"] > 0.3
    assert apart["Mo:dxz"] < 0.01


def test_the_orbitals_of_iron_are_what_they_are_named():
    """Hybrids with spin, in a magnet: symmetries are antiunitary too; spins are told by centres."""
    lattice = acc.from_wannier90(real_seed("Fe"))
    note = lattice.provenance
    assert note["spin"]["order"] == "interleaved"
    assert note["orbital_identity"]["trusted"] is True
    assert {entry["antiunitary"] for entry in note["orbital_identity"]["symmetries"]} == {0, 1}
    assert note["orbital_identity"]["mismatch"] < 1e-6
    assert list(lattice.orbitals)[:2] == ["Fe:sp3d2-1_up", "Fe:sp3d2-1_down"]


def test_the_hamiltonian_of_bernevig_hughes_and_zhang():
    """Its spins are in blocks, and its degeneracies more than its cells."""
    seed = real_seed("BHZ")
    given = {"cell": np.eye(3), "centres": np.zeros((4, 3))}
    lattice = acc.from_wannier90(seed, spin="blocks", **given)
    assert "2 degeneracies more" in lattice.provenance["notes"][0]
    refused(lambda: acc.from_wannier90(seed, spin="interleaved", **given), "by time reversal")


# --- size ----------------------------------------------------------------------------------------


def test_a_large_model_is_read_and_cut_in_seconds(tmp_path):
    """3000 cells of eleven orbitals; the bound allows for a busy machine five times over."""
    rng = np.random.default_rng(0)
    half = np.array([(x, y, 0) for x in range(-27, 28) for y in range(-27, 28)])
    cells = half[np.lexsort(half.T)]
    size = 11
    h = (
        rng.standard_normal((len(cells), size, size))
        * np.exp(-np.linalg.norm(cells, axis=1))[:, None, None]
    )
    h = 0.5 * (h + np.swapaxes(h[::-1], 1, 2))
    i, j = np.arange(size**2) % size, np.arange(size**2) // size
    lines = ["large", str(size), str(len(cells)), *["1"] * len(cells)]
    for cell, matrix in zip(cells.tolist(), h, strict=True):
        place = "{} {} {}".format(*cell)
        lines += [
            f"{place} {a + 1} {b + 1} {matrix[a, b]:.6f} 0.0" for a, b in zip(i, j, strict=True)
        ]
    (tmp_path / "large_hr.dat").write_text("\n".join(lines) + "\n")
    begin = time.perf_counter()
    centres = rng.random((size, 3))
    lattice = acc.from_wannier90(tmp_path / "large", cell=np.diag([3, 3, 20.0]), centres=centres)
    read = time.perf_counter()
    ribbon = lattice.ribbon((1, 0), 12)
    h0, _ = ribbon.hamiltonian(0.3)
    cut = time.perf_counter()
    assert len(lattice.hop_table()[0]) > 5e4
    assert h0.shape == (132, 132)
    assert read - begin < 10
    assert cut - read < 10


def test_readers_take_elements_in_any_order_within_a_cell(tmp_path):
    """Other programs write the second index first."""
    files = random_files(13)
    files.write(tmp_path)
    path = tmp_path / "x_hr.dat"
    lines = path.read_text().splitlines()
    first = len(lines) - len(files.cells) * 9
    blocks = [lines[n : n + 9][::-1] for n in range(first, len(lines), 9)]
    expected = readers.read_hr(path)
    path.write_text("\n".join([*lines[:first], *(line for block in blocks for line in block)]))
    found = readers.read_hr(path)
    place = np.lexsort((found.column, found.row, *found.cell.T))
    other = np.lexsort((expected.column, expected.row, *expected.cell.T))
    np.testing.assert_array_equal(found.hopping[place], expected.hopping[other])
