"""Local matrices of a wide system: their elements near the diagonal, in blocks of rows.

The rows of a ribbon are ordered across it, so H(k), the velocity and the kernel of a density join
near rows only.  Rows are gathered in blocks, each of which is joined to the next and the one before
only.  The matrices are computed on overlapping windows of rows, so nothing of the size of a full
matrix is ever made, and any density whose kernel is local serves as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from ..errors import UserError, Verbatim
from .bloch import BlochMatrix
from .hop_table import DipoleTable, HopTable, Table
from .samples import System

# Rows of a window beside those that overlap with its neighbours.
WINDOW = 48
# Elements below this fraction of the largest are rounding.
NEGLIGIBLE = 1e-13
# Wave vectors, in units of the zone, at which the elements of a matrix are looked for.
GENERIC = np.array([0.1234567, 0.3819660])


AnySystem = TypeVar("AnySystem", bound=System)


@dataclass(frozen=True)
class Window:
    """A few rows of a system as a system of their own.

    system : with the rows first ... and the hops between them
    first : number of its first row;  low, high : rows for which its matrices are those of the whole
    """

    system: System
    first: int
    low: int
    high: int


def windows(system: System, reach: int) -> list[Window]:
    """Windows that cover all rows, each with twice ``reach`` rows more at either side.

    reach : of a hop, dipole or operator, in rows: products of two of these are complete inside
    """
    size, margin = len(system.positions), 2 * reach
    inner = max(WINDOW, margin)
    parts = []
    for low in range(0, size, inner):
        high = min(low + inner, size)
        first = max(0, low - margin)
        near = (np.arange(size) >= first) & (np.arange(size) < high + margin)
        parts.append(Window(rows_of(system, near), first, low, high))
    return parts


def rows_of(system: AnySystem, kept: np.ndarray) -> AnySystem:
    """The rows ``kept`` (row,) bool of a system and what joins them."""
    place = np.cumsum(kept) - 1

    def inside(table: Table) -> Table:
        held = kept[table.row] & kept[table.column]
        parts = {field.name: getattr(table, field.name)[held] for field in fields(table)}
        parts["row"], parts["column"] = place[parts["row"]], place[parts["column"]]
        return replace(table, **parts)

    return replace(
        system,
        hops=inside(system.hops),
        positions=system.positions[kept],
        sublattice=system.sublattice[kept],
        cell=system.cell[kept],
        spin=system.spin[kept],
        operators={name: inside(table) for name, table in system.operators.items()},
        dipoles=None if system.dipoles is None else inside(system.dipoles),
    )


def reach_of(system: System) -> int:
    """Largest distance, in rows, of two orbitals that a hop, a dipole or an operator joins."""
    tables: list[HopTable | DipoleTable] = [system.hops, *system.operators.values()]
    if system.dipoles is not None:
        tables.append(system.dipoles)
    return max(int(np.abs(table.row - table.column).max(initial=0)) for table in tables)


def block_starts(size: int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Starts of blocks of rows, and the end (block + 1,), each joined to its neighbours only.

    Of all partitions that a first block determines, that with the least work, sum of size^3.

    Parameters
    ----------
    size : number of rows;  row, column : (element,) pairs of rows that are joined
    """
    farthest = np.arange(size)
    np.maximum.at(farthest, row, column)
    np.maximum.at(farthest, column, row)
    farthest = np.maximum.accumulate(farthest)
    best, least = np.array([0, size]), float(size) ** 3
    for first in range(1, min(int(farthest[0]) + 2, size)):
        starts = [0, first]
        while starts[-1] < size:
            starts.append(max(int(farthest[starts[-1] - 1]), starts[-1]) + 1)
        # The last block holds what is left.
        starts[-1] = size
        work = float((np.diff(starts) ** 3).sum())
        if work < least:
            best, least = np.array(starts), work
    return best


class BlockMatrices:
    """Matrices of a system that join near rows, as blocks on the diagonal and beside it.

    Parameters
    ----------
    system : a ribbon, wire or the ribbon of a slab
    functions : name -> function of the Bloch matrix of some rows and of k, which returns a local
        matrix (k, orbital, orbital)

    Attributes
    ----------
    starts : (block + 1,) first row of each block, and the number of rows
    size : orbitals in the largest block; smaller ones are filled up with orbitals joined to none
    row, column : (element,) where a matrix may be other than zero

    Raises
    ------
    UserError
        If a matrix joins rows as far apart as the window of rows reaches.
    """

    def __init__(self, system: System, functions: dict):
        self.rows, self.functions = len(system.positions), functions
        reach = reach_of(system)
        self._windows = [(w, w.system.bloch) for w in windows(system, reach)]
        # Elements are kept that any of the matrices has at either of two wave vectors.
        k = GENERIC * 2 * np.pi / (system.period or 1.0)
        self._places = []
        pairs = []
        for window, bloch in self._windows:
            held = np.zeros((bloch.size, bloch.size), dtype=bool)
            for function in functions.values():
                largest = np.abs(function(bloch, k)).max(axis=0)
                held |= largest > NEGLIGIBLE * largest.max(initial=0.0)
            own = slice(window.low - window.first, window.high - window.first)
            row, column = np.nonzero(held[own])
            row += own.start
            self._places.append((row, column))
            pairs.append(np.stack((row, column)) + window.first)
        self.row, self.column = np.concatenate(pairs, axis=1)
        if np.abs(self.row - self.column).max(initial=0) > max(2 * reach, 1):
            words = Verbatim("selected_inversion for a density that joins distant orbitals")
            raise UserError("solver", words, "dense")
        self.starts = block_starts(self.rows, self.row, self.column)
        block = np.searchsorted(self.starts, np.arange(self.rows), side="right") - 1
        self.size = int(np.diff(self.starts).max())
        place = np.arange(self.rows) - self.starts[block]
        step = block[self.column] - block[self.row]
        self._targets = []
        for distance in (0, 1, -1):
            chosen = np.flatnonzero(step == distance)
            row, column = self.row[chosen], self.column[chosen]
            first = np.minimum(block[row], block[column])
            self._targets.append((chosen, (first, place[row], place[column])))
        count = np.diff(self.starts)
        self._empty = np.nonzero(np.arange(self.size) >= count[:, None])
        self.block, self.place = block, place

    @property
    def blochs(self) -> list[BlochMatrix]:
        """Bloch matrices of the windows."""
        return [bloch for _, bloch in self._windows]

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(self.starts) - 1

    def values(self, name: str, k: np.ndarray) -> np.ndarray:
        """Elements (k, element) of one of the matrices at k (k,), in 1/a."""
        function = self.functions[name]
        parts = [
            np.asarray(function(bloch, k))[:, row, column]
            for (_, bloch), (row, column) in zip(self._windows, self._places, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    def blocks_of(self, values: np.ndarray, empty: float = 0.0) -> tuple[np.ndarray, ...]:
        """Blocks on the diagonal (block, i, j, k), above and below it (block - 1, i, j, k).

        Parameters
        ----------
        values : (k, element);  empty : diagonal element of orbitals that fill up a block
        """
        shape = (self.size, self.size, len(values))
        result = []
        for (chosen, target), count in zip(
            self._targets, (self.blocks, self.blocks - 1, self.blocks - 1), strict=True
        ):
            part = np.zeros((count, *shape), dtype=values.dtype)
            part[target] = values[:, chosen].T
            result.append(part)
        result[0][self._empty[0], self._empty[1], self._empty[1]] = empty
        return tuple(result)

    def rows_from(self, blocks: np.ndarray) -> np.ndarray:
        """Values (k, row) from those of ``blocks`` (block, i, k)."""
        return blocks[self.block, self.place].T
