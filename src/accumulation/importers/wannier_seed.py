"""The files of one seed of Wannier90, and checks that they are of one calculation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import MISSING, UserError, Verbatim
from ..inputs import real_array
from ..lattice import hop_arrays
from ..lattice.hop_table import HopTable
from .wannier_files import Matrices, Shifts, read_centres, read_hr, read_tb, read_wsvec
from .win_file import Win, read_win

KINDS = ("_tb.dat", "_hr.dat", "_wsvec.dat", "_centres.xyz", ".win")
# Largest difference (angstrom) of cells and centres in files of one calculation.
SAME_LENGTH = 1e-3


@dataclass
class Source:
    """The contents of the files of one seed."""

    seed: str
    paths: dict[str, Path]
    matrices: Matrices
    win: Win | None
    notes: list[str]

    @property
    def main(self) -> Path:
        """The file of the Hamiltonian."""
        return self.paths.get("_tb.dat") or self.paths["_hr.dat"]


def wannier90_files(seed_or_folder) -> dict[str, Path]:
    """The existing files of a seed that :func:`from_wannier90` reads, by the end of their names.

    Raises
    ------
    UserError
        If there is neither ``_tb.dat`` nor ``_hr.dat``, or a folder has several seeds.
    """
    if not isinstance(seed_or_folder, str | Path):
        raise UserError("seed_or_folder", seed_or_folder, "a path, such as data/mos2")
    path = Path(seed_or_folder)
    if path.is_dir():
        folder, seeds = path, _seeds(path)
        if len(seeds) != 1:
            problem = Verbatim(
                f"{len(seeds)} seeds {', '.join(seeds)}" if seeds else "no such file"
            )
            raise UserError(str(path), problem, "a folder with one _hr.dat or _tb.dat, or a seed")
        seed = seeds[0]
    else:
        folder, seed, ending = path.parent, path.name, None
        for end in KINDS:
            if seed.removesuffix(".gz").endswith(end):
                seed, ending = seed.removesuffix(".gz").removesuffix(end), end
                break
        if ending in ("_hr.dat", "_tb.dat") and path.exists():
            others = _files(folder, seed)
            others = {end: other for end, other in others.items() if end not in KINDS[:2]}
            return {ending: path, **others}
    paths = _files(folder, seed)
    if not set(KINDS[:2]) & set(paths):
        raise UserError(str(folder / seed), "no _tb.dat and no _hr.dat", "the seed of such a file")
    if "_tb.dat" in paths:
        paths.pop("_hr.dat", None)  # the same data with fewer digits
    return paths


def _files(folder: Path, seed: str) -> dict[str, Path]:
    ends = ((end, folder / f"{seed}{end}{gz}") for end in KINDS for gz in (".gz", ""))
    return {end: path for end, path in ends if path.is_file()}


def _seeds(folder: Path) -> list[str]:
    names = (path.name.removesuffix(".gz") for path in folder.iterdir())
    return sorted(
        {name.removesuffix(end) for name in names for end in KINDS[:2] if name.endswith(end)}
    )


def read_files(seed_or_folder) -> Source:
    """Read the Hamiltonian and the ``.win`` file of a seed.

    Raises
    ------
    UserError
        For files that are missing, malformed, or differ in the number of Wannier functions.
    """
    paths = wannier90_files(seed_or_folder)
    matrices = read_tb(paths["_tb.dat"]) if "_tb.dat" in paths else read_hr(paths["_hr.dat"])
    win = read_win(paths[".win"]) if ".win" in paths else None
    main = paths.get("_tb.dat") or paths["_hr.dat"]
    seed = main.name.removesuffix(".gz").removesuffix("_tb.dat").removesuffix("_hr.dat")
    source = Source(seed, paths, matrices, win, [])
    if matrices.surplus:
        words = f"{main.name} has {matrices.surplus} degeneracies more than cells, ignored"
        source.notes.append(words)
    if win is not None:
        number = win.integer("num_wann")
        if number is not None and number != matrices.orbitals:
            line = win.settings["num_wann"][1]
            allowed = f"num_wann = {matrices.orbitals}, as in {main.name}"
            raise win.file.fault(line, allowed)
    return source


def _matrix(key: str, value, shape: tuple[int, int]) -> np.ndarray:
    allowed = f"{shape[0]} x {shape[1]} finite numbers in angstrom"
    array = real_array(key, value, allowed)
    if array.shape != shape:
        raise UserError(key, Verbatim(f"an array of shape {array.shape}"), allowed)
    return array


def vectors_of(source: Source, cell) -> np.ndarray:
    """(3, 3) lattice vectors in angstrom: ``cell`` unless it is None, else those of the files.

    Raises
    ------
    UserError
        For a wrong shape, files that differ, or missing vectors.
    """
    if cell is not None:
        return _matrix("cell", cell, (3, 3))
    tb, win = source.matrices.vectors, source.win
    other = win.vectors if win is not None else None
    if tb is None:
        if other is None:
            allowed = "cell= and centres= with a _hr.dat, or files .win, _centres.xyz or _tb.dat"
            raise UserError("cell", MISSING, allowed)
        return other
    if other is not None and np.abs(tb - other).max() > SAME_LENGTH:
        problem = Verbatim(f"a cell that differs from that of {source.main.name}")
        raise UserError(str(source.paths[".win"]), problem, "files of one calculation, or cell=")
    return tb


def centres_of(source: Source, centres) -> np.ndarray:
    """(orbital, 3) centres in angstrom: ``centres``, else position matrices, else the xyz file.

    Centres in the xyz file may have been moved into the home cell, while cells of H refer to the
    original ones.  Therefore r(0) of ``_tb.dat`` is preferred, and without it such a file raises
    UserError.

    Raises
    ------
    UserError
        For a wrong number or shape, missing centres, or centres moved into the home cell.
    """
    matrices = source.matrices
    if centres is not None:
        return _matrix("centres", centres, (matrices.orbitals, 3))
    path, listed = source.paths.get("_centres.xyz"), None
    if path is not None:
        listed, _ = read_centres(path)
        if len(listed) != matrices.orbitals:
            allowed = f"{matrices.orbitals} lines X, one a Wannier function"
            raise UserError(str(path), Verbatim(f"{len(listed)} of them"), allowed)
    if matrices.position is not None:
        home = (matrices.row == matrices.column) & ~np.any(matrices.cell, axis=1)
        centres = np.empty((matrices.orbitals, 3))
        centres[matrices.row[home]] = matrices.position[home].real
        if listed is not None and np.abs(listed - centres).max() > SAME_LENGTH:
            words = "centres of _centres.xyz are elsewhere than those of _tb.dat, which are taken"
            source.notes.append(words)
        return centres
    if listed is None:
        allowed = "centres= beside a _hr.dat, or the file SEED_centres.xyz or SEED_tb.dat"
        raise UserError("centres", MISSING, allowed)
    if source.win is not None and source.win.logical("translate_home_cell"):
        line = source.win.settings["translate_home_cell"][1]
        allowed = "no such setting, SEED_tb.dat, or centres=: H(R) counts cells before the move"
        raise source.win.file.fault(line, allowed)
    return listed


def elements_of(
    source: Source, use_ws_distance: bool | None
) -> tuple[HopTable, np.ndarray | None, bool]:
    """Hop table, position elements, and whether elements are divided among nearest images.

    Position elements are (hop, 3), in the order of the table, None if no file has them.

    Raises
    ------
    UserError
        For images of elements that differ from those of the Hamiltonian, or a missing file.
    """
    if use_ws_distance not in (None, True, False):
        raise UserError("use_ws_distance", use_ws_distance, "True, False or None")
    matrices, path = source.matrices, source.paths.get("_wsvec.dat")
    amplitude = matrices.hopping / matrices.degeneracy
    plain = HopTable(matrices.row, matrices.column, matrices.cell, amplitude)
    position = matrices.position
    if position is not None:
        position = position / matrices.degeneracy[:, None]
    if path is None:
        if use_ws_distance:
            raise UserError("use_ws_distance", True, "False without a file SEED_wsvec.dat")
        if source.win is not None and source.win.logical("use_ws_distance"):
            source.notes.append("use_ws_distance of the .win file needs _wsvec.dat: not used")
        return plain, position, False
    shifts = read_wsvec(path)
    setting = shifts.use_ws_distance is not False if use_ws_distance is None else use_ws_distance
    if not setting:
        return plain, position, False
    if shifts.use_ws_distance is False and use_ws_distance:
        words = "use_ws_distance=.false. in its head, and so no images"
        raise UserError(str(path), Verbatim(words), "use_ws_distance=False, or another file")
    origin, number = _images(plain, shifts, matrices.orbitals, path)
    shared = HopTable(
        plain.row[origin],
        plain.column[origin],
        plain.cell[origin] + shifts.shift,
        plain.amplitude[origin] / number,
    )
    return shared, None if position is None else position[origin] / number[:, None], True


def _images(
    plain: HopTable, shifts: Shifts, orbitals: int, path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """(image,) index of the element of each image, and number of images of that element."""
    inside = (shifts.row >= 0) & (shifts.row < orbitals)
    inside &= (shifts.column >= 0) & (shifts.column < orbitals)
    listed = HopTable(shifts.row, shifts.column, shifts.cell, np.zeros(len(shifts.row)))
    place = hop_arrays.places_of(plain, listed, orbitals) if inside.all() else np.array([-1])
    if len(place) != len(plain.row) or np.any(place < 0) or len(np.unique(place)) != len(place):
        allowed = f"each i, j, R of the Hamiltonian once, {len(plain.row)} in all"
        raise UserError(str(path), Verbatim(f"{len(shifts.row)} others"), allowed)
    return np.repeat(place, shifts.number), np.repeat(shifts.number, shifts.number)
