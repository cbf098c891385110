"""Text files of numbers, read in blocks of lines; a fault names the file and the line."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from ..errors import UserError, Verbatim

END = Verbatim("the end of the file")


class NumberLines:
    """The lines of a text file, plain or gz.

    Attributes
    ----------
    name : the file's name, without its folder
    lines : list of str
    """

    def __init__(self, path: Path):
        self.path, self.name = path, path.name
        try:
            content = path.read_bytes()
            self.lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode(
                "utf-8", errors="replace"
            ).splitlines()  # fmt: skip
        except (OSError, EOFError, zlib.error) as error:
            why = Verbatim(getattr(error, "strerror", None) or str(error))
            raise UserError(str(path), why, "a file that can be read, plain or gz") from error

    def fault(self, line: int, allowed: str, value: object = None) -> UserError:
        """The error for line number ``line``, counted from 0."""
        if value is None:
            text = self.lines[line].strip() if line < len(self.lines) else ""
            value = text if line < len(self.lines) else END
        return UserError(f"{self.path}, line {line + 1}", value, allowed)

    def block(self, start: int, count: int, columns: int, allowed: str) -> np.ndarray:
        """Numbers (count, columns) of ``count`` lines from ``start`` on.

        Raises
        ------
        UserError
            If the file ends before, or a line does not have ``columns`` finite numbers.
        """
        lines = self.lines[start : start + count] or [""]
        try:
            # This raises ValueError unless all lines have the same number of columns.
            values = np.loadtxt(lines, ndmin=2, comments=None) if lines else np.zeros((0, columns))
        except ValueError:
            values = np.zeros((0, 0))
        if values.shape != (count, columns) or not np.all(np.isfinite(values)):
            return np.array(
                [self.numbers(start + i, columns, allowed) for i in range(count)]
            ).reshape(count, columns)
        return values

    def numbers(self, line: int, columns: int, allowed: str) -> list[float]:
        """The numbers of one line; UserError unless it has ``columns`` finite numbers."""
        if line >= len(self.lines):
            raise self.fault(line, allowed)
        try:
            values = [fortran_number(word) for word in self.lines[line].split()]
        except ValueError:
            raise self.fault(line, allowed) from None
        if len(values) != columns or not np.all(np.isfinite(values)):
            raise self.fault(line, allowed)
        return values

    def integers(self, start: int, values: np.ndarray, allowed: str) -> np.ndarray:
        """Integers (line, column) from the floats of a block; UserError for the first other."""
        rounded = np.rint(values).astype(int)
        wrong = np.any(rounded != values, axis=1)
        if wrong.any():
            raise self.fault(start + int(np.argmax(wrong)), allowed)
        return rounded

    def count(self, line: int, what: str) -> int:
        """The positive integer at the start of a line; further words are a comment."""
        words = self.lines[line].split() if line < len(self.lines) else []
        if not words or not words[0].isdigit() or int(words[0]) < 1:
            raise self.fault(line, what)
        return int(words[0])


def rows(lines: list[str], dtype: type = float) -> np.ndarray:
    """Numbers (line, column) of lines with equally many; shape (0, 0) if they differ."""
    try:
        return np.loadtxt(lines, ndmin=2, comments=None, dtype=dtype) if lines else np.zeros((0, 0))
    except ValueError:
        return np.zeros((0, 0))


def fortran_number(word: str) -> float:
    """A number in Fortran notation, such as 0.1D-03; ValueError for other text."""
    return float(word.upper().replace("D", "E"))
