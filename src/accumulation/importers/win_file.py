"""The input file of Wannier90, ``.win``: cell, atoms, projections and settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .number_lines import NumberLines, fortran_number

# In angstrom, CODATA 2018, as in Wannier90 3.1.
BOHR = 0.529177210903
LOGICAL = {"t": True, "true": True, ".true.": True, ".true": True,
           "f": False, "false": False, ".false.": False, ".false": False}  # fmt: skip


@dataclass
class Win:
    """The contents of a ``.win`` file; None or empty for missing parts.

    vectors : (3, 3) lattice vectors in angstrom
    atoms : list of (symbol, place (3,) in angstrom)
    projections : lines of the block, each with its number
    settings : key -> (text, number of its line)
    """

    file: NumberLines
    vectors: np.ndarray | None = None
    atoms: list[tuple[str, np.ndarray]] = field(default_factory=list)
    projections: list[tuple[str, int]] = field(default_factory=list)
    settings: dict[str, tuple[str, int]] = field(default_factory=dict)

    def logical(self, key: str) -> bool | None:
        """A setting that is true or false, None if it is missing; UserError for other values."""
        if key not in self.settings:
            return None
        text, line = self.settings[key]
        if text.lower() not in LOGICAL:
            raise self.file.fault(line, f"{key} = true or false")
        return LOGICAL[text.lower()]

    def integer(self, key: str) -> int | None:
        """A setting that is an integer, None if it is missing; UserError for other values."""
        if key not in self.settings:
            return None
        text, line = self.settings[key]
        if not text.isdigit():
            raise self.file.fault(line, f"{key} = a number")
        return int(text)


def read_win(path: Path) -> Win:
    """Read the parts of a ``.win`` file that a tight-binding model needs.

    Raises
    ------
    UserError
        For a block without an end, or an invalid line in a block.
    """
    file = NumberLines(path)
    win = Win(file)
    blocks: dict[str, list[tuple[str, int]]] = {}
    name, begun = None, 0
    for number, raw in enumerate(file.lines):
        text = re.split(r"[!#]", raw, maxsplit=1)[0].strip()
        if not text:
            continue
        words = text.split()
        if words[0].lower() == "begin" and len(words) > 1:
            name, begun = words[1].lower(), number
            blocks[name] = []
        elif words[0].lower() == "end" and name is not None:
            name = None
        elif name is not None:
            blocks[name].append((text, number))
        else:
            key, _, value = re.sub(r"\s*[=:]\s*|\s+", "=", text, count=1).partition("=")
            win.settings[key.lower()] = (value.strip(), number)
    if name is not None:
        raise file.fault(begun, f"an end of the block {name}")
    win.projections = blocks.get("projections", [])
    if "unit_cell_cart" in blocks:
        win.vectors = _cell(file, blocks["unit_cell_cart"])
    for key in ("atoms_frac", "atoms_cart"):
        if key in blocks and (win.vectors is not None or key == "atoms_cart"):
            win.atoms = _atoms(file, blocks[key], win.vectors if key == "atoms_frac" else None)
    return win


def _unit(lines: list[tuple[str, int]]) -> tuple[list[tuple[str, int]], float]:
    """Lines without the first, if that is a unit, and the unit in angstrom."""
    first = lines[0][0].lower() if lines else ""
    if first.startswith(("ang", "bohr")) and len(first.split()) == 1:
        return lines[1:], BOHR if first.startswith("bohr") else 1.0
    return lines, 1.0


def _cell(file: NumberLines, lines: list[tuple[str, int]]) -> np.ndarray:
    rows, unit = _unit(lines)
    words = "a lattice vector, three numbers"
    if len(rows) != 3:
        line = rows[-1][1] if rows else lines[0][1] if lines else 0
        raise file.fault(line, "three lattice vectors in the block unit_cell_cart")
    return unit * np.array([_three(file, text.split(), line, words) for text, line in rows])


def _atoms(file: NumberLines, lines: list[tuple[str, int]], vectors: np.ndarray | None) -> list:
    rows, unit = _unit(lines)
    words = "an atom: its symbol and three numbers"
    atoms = []
    for text, line in rows:
        entries = text.split()
        place = _three(file, entries[1:4], line, words)
        atoms.append((entries[0], unit * place if vectors is None else place @ vectors))
    return atoms


def _three(file: NumberLines, entries: list[str], line: int, words: str) -> np.ndarray:
    try:
        values = [fortran_number(entry) for entry in entries]
    except ValueError:
        raise file.fault(line, words) from None
    if len(values) != 3 or not np.all(np.isfinite(values)):
        raise file.fault(line, words)
    return np.array(values)
