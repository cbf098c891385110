"""Readers of the files of Wannier90: ``_hr.dat``, ``_tb.dat``, ``_wsvec.dat`` and ``_centres.xyz``.

H_ij(R) = <i, cell 0| H |j, cell R> in eV, lengths in angstrom (user guide of Wannier90 3,
chapter "Files").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .number_lines import NumberLines, rows


@dataclass(frozen=True)
class Matrices:
    """Matrices of a file, one entry for each element, before division by degeneracies.

    row, column : (entry,) int, from 0;  cell : (entry, 3) int
    hopping : (entry,) complex, in eV
    degeneracy : (entry,) int, of the cell among the Wigner-Seitz cells
    orbitals, cells : numbers of them
    vectors : (3, 3) lattice vectors in angstrom, None if the file has none
    position : (entry, 3) complex, <i, cell 0| r |j, cell R> in angstrom, None if it has none
    surplus : numbers on the lines of degeneracies beyond the last cell, which Fortran ignores
    """

    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    hopping: np.ndarray
    degeneracy: np.ndarray
    orbitals: int
    cells: int
    vectors: np.ndarray | None = None
    position: np.ndarray | None = None
    surplus: int = 0


def read_hr(path: Path) -> Matrices:
    """``_hr.dat``: comment, orbitals, cells, degeneracies, then lines R1 R2 R3 i j Re Im.

    Raises
    ------
    UserError
        For an invalid line, a file with too few or too many lines, or a repeated element.
    """
    file = NumberLines(path)
    orbitals = file.count(1, "the number of Wannier functions")
    cells = file.count(2, "the number of cells R")
    degeneracy, start, surplus = _degeneracies(file, 3, cells)
    words = "R1 R2 R3 i j and the real and imaginary part of H_ij(R), in all "
    words += f"{cells} x {orbitals}^2 such lines"
    values = file.block(start, cells * orbitals**2, 7, words)
    integers = file.integers(start, values[:, :5], words)
    _no_more(file, start + len(values))
    blocks = integers.reshape(cells, orbitals**2, 5)
    moved = np.any(blocks[:, :, :3] != blocks[:, :1, :3], axis=2).reshape(-1)
    if moved.any():
        allowed = f"the same R in each block of {orbitals}^2 lines"
        raise file.fault(start + int(np.argmax(moved)), allowed)
    row, column, cell = integers[:, 3] - 1, integers[:, 4] - 1, integers[:, :3]
    lines = start + np.arange(len(values))
    _complete(file, lines, row, column, cell, orbitals)
    hopping = values[:, 5] + 1j * values[:, 6]
    degeneracies = np.repeat(degeneracy, orbitals**2)
    return Matrices(
        row, column, cell, hopping, degeneracies, orbitals, cells, surplus=surplus
    )  # fmt: skip


def read_tb(path: Path) -> Matrices:
    """``_tb.dat``: the same with lattice vectors, and blocks of H(R), then of r(R).

    Raises
    ------
    UserError
        As :func:`read_hr`, and where the blocks of r are of other cells than those of H.
    """
    file = NumberLines(path)
    vectors = file.block(1, 3, 3, "a lattice vector, three numbers in angstrom")
    orbitals = file.count(4, "the number of Wannier functions")
    cells = file.count(5, "the number of cells R")
    degeneracy, start, surplus = _degeneracies(file, 6, cells)
    size = orbitals**2 + 2
    blocks = [
        _tb_blocks(file, start + part * cells * size, cells, orbitals, columns)
        for part, columns in enumerate((2, 6))
    ]
    _no_more(file, start + 2 * cells * size)
    (row, column, cell, hopping), (*indices, parts) = blocks
    for name, here, there in zip(("i", "j", "R"), (row, column, cell), indices, strict=True):
        differs = np.any((here != there).reshape(len(row), -1), axis=1)
        if differs.any():
            entry = int(np.argmax(differs))
            line = start + (cells + entry // orbitals**2) * size + 2 + entry % orbitals**2
            raise file.fault(line, f"the same {name} as in the block of H(R)")
    position = parts[:, ::2] + 1j * parts[:, 1::2]
    return Matrices(
        row, column, cell, hopping[:, 0] + 1j * hopping[:, 1],
        np.repeat(degeneracy, orbitals**2), orbitals, cells, vectors, position, surplus,
    )  # fmt: skip


def _tb_blocks(file: NumberLines, start: int, cells: int, orbitals: int, columns: int):
    """Row, column, cell and numbers of ``cells`` blocks: an empty line, R, then the elements."""
    size = orbitals**2 + 2
    heads = start + size * np.arange(cells)
    for head in heads:
        if head < len(file.lines) and file.lines[head].strip():
            raise file.fault(int(head), f"an empty line before each block of {orbitals}^2 lines")
    words = "the three integers of a cell R"
    cell = np.array([file.numbers(int(head) + 1, 3, words) for head in heads])
    if np.any(np.rint(cell) != cell):
        raise file.fault(int(heads[np.argmax(np.any(np.rint(cell) != cell, axis=1))]) + 1, words)
    words = f"i, j and {columns} numbers, in all {orbitals}^2 such lines for each R"
    lines = (heads[:, None] + 2 + np.arange(orbitals**2)).reshape(-1)
    within = lines[lines < len(file.lines)]
    values = rows([file.lines[i] for i in within])
    if values.shape != (len(lines), columns + 2) or not np.all(np.isfinite(values)):
        values = np.array([file.numbers(int(i), columns + 2, words) for i in lines])
    indices = np.rint(values[:, :2]).astype(int)
    wrong = np.any(indices != values[:, :2], axis=1)
    if wrong.any():
        raise file.fault(int(lines[np.argmax(wrong)]), words)
    row, column = indices[:, 0] - 1, indices[:, 1] - 1
    cells_of = np.repeat(np.rint(cell).astype(int), orbitals**2, axis=0)
    _complete(file, lines, row, column, cells_of, orbitals)
    return row, column, cells_of, values[:, 2:]


def _degeneracies(file: NumberLines, line: int, cells: int) -> tuple[np.ndarray, int, int]:
    """(cell,) degeneracies from ``line`` on, the line after them, and numbers left on the last."""
    words = f"the degeneracies of {cells} cells, positive integers"
    values: list[int] = []
    while len(values) < cells:
        entries = file.lines[line].split() if line < len(file.lines) else []
        if not entries or not all(entry.isdigit() and int(entry) > 0 for entry in entries):
            raise file.fault(line, words)
        values += [int(entry) for entry in entries]
        line += 1
    return np.array(values[:cells]), line, len(values) - cells


def _complete(file: NumberLines, lines, row, column, cell, orbitals: int) -> None:
    """Raise UserError unless each block of lines has every pair once, and each R is there once."""
    outside = (row < 0) | (row >= orbitals) | (column < 0) | (column >= orbitals)
    if outside.any():
        raise file.fault(int(lines[np.argmax(outside)]), f"i and j from 1 to {orbitals}")
    pairs = (row * orbitals + column).reshape(-1, orbitals**2)
    order = np.argsort(pairs, axis=1, kind="stable")
    wrong = np.take_along_axis(pairs, order, axis=1)
    twice = wrong[:, 1:] == wrong[:, :-1]
    if twice.any():
        block, place = np.argwhere(twice)[0]
        entry = block * orbitals**2 + int(order[block, place + 1])
        raise file.fault(int(lines[entry]), "each pair i, j once for each R")
    heads = cell[:: orbitals**2]
    _, first, number = np.unique(heads, axis=0, return_index=True, return_counts=True)
    if len(first) < len(heads):
        again = np.ones(len(heads), dtype=bool)
        again[first] = False
        line = int(lines[int(np.argmax(again)) * orbitals**2])
        raise file.fault(line, f"a new cell R, each once of the {len(number)}")


def _no_more(file: NumberLines, line: int) -> None:
    for place in range(line, len(file.lines)):
        if file.lines[place].strip():
            raise file.fault(place, "the end of the file, after as many lines as its head says")


@dataclass(frozen=True)
class Shifts:
    """The images of j that are nearest to i, for each element (``_wsvec.dat``).

    row, column : (entry,) int;  cell : (entry, 3) int
    number : (entry,) int, number of images that share the element
    shift : (image, 3) int, added to R, in the order of the entries
    use_ws_distance : setting in the head of the file, None if it has none
    """

    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    number: np.ndarray
    shift: np.ndarray
    use_ws_distance: bool | None


def read_wsvec(path: Path) -> Shifts:
    """``_wsvec.dat``: R1 R2 R3 i j, then the number of images, then a line for each shift T.

    Raises
    ------
    UserError
        For an invalid line, or a file that ends early.
    """
    file = NumberLines(path)
    end = len(file.lines)
    while end and not file.lines[end - 1].strip():
        end -= 1
    heads, numbers, line = [], [], 1
    while line < end:
        heads.append(line)
        numbers.append(file.count(line + 1, "the number of images that share an element"))
        line += 2 + numbers[-1]
    if not heads or line > end:
        raise file.fault(end, f"{'R1 R2 R3 i j' if not heads else 'a shift, three integers'}")
    number, head = np.array(numbers), np.array(heads)
    # Lines of shifts: all except heads, counts and the first line.
    is_shift = np.ones(end, dtype=bool)
    is_shift[0] = False
    is_shift[head] = is_shift[head + 1] = False
    indices = _integer_lines(file, head, 5, "R1 R2 R3 i j")
    shift = _integer_lines(file, np.flatnonzero(is_shift), 3, "a shift, three integers")
    title = file.lines[0].lower().replace(" ", "")
    setting = None
    if "use_ws_distance=" in title:
        setting = title.split("use_ws_distance=")[1].lstrip(".").startswith("t")
    return Shifts(
        indices[:, 3] - 1, indices[:, 4] - 1, indices[:, :3], number, shift, setting
    )  # fmt: skip


def _integer_lines(file: NumberLines, lines: np.ndarray, columns: int, words: str) -> np.ndarray:
    """(line, column) integers of scattered lines."""
    values = rows([file.lines[i] for i in lines], int)
    if values.shape != (len(lines), columns):
        for line in lines:
            entries = file.numbers(int(line), columns, words)
            if any(entry != int(entry) for entry in entries):
                raise file.fault(int(line), words)
        raise file.fault(int(lines[0]), words)
    return values


def read_centres(path: Path) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]]:
    """``_centres.xyz``: centres (orbital, 3) of the lines X, and atoms (symbol, place), angstrom.

    Raises
    ------
    UserError
        For a line that is not a symbol and three numbers, or a wrong number of lines.
    """
    file = NumberLines(path)
    total = file.count(0, "the number of lines that follow the second")
    words = f"a symbol and three numbers, in all {total} such lines"
    centres, atoms = [], []
    for line in range(2, 2 + total):
        entries = file.lines[line].split() if line < len(file.lines) else []
        if len(entries) != 4:
            raise file.fault(line, words)
        try:
            place = np.array([float(entry) for entry in entries[1:]])
        except ValueError:
            raise file.fault(line, words) from None
        if entries[0] == "X":
            centres.append(place)
        else:
            atoms.append((entries[0], place))
    _no_more(file, 2 + total)
    return np.array(centres).reshape(-1, 3), atoms
