"""Hop tables of a system and of the crystal that it was cut out of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np


@dataclass(frozen=True)
class HopTable:
    """Hoppings of a system, the Hermitian conjugates included.

    Attributes
    ----------
    row, column : (hop,) int
        Matrix element ``H[row, column]``.
    cell : (hop,) int
        Translational cell of ``column`` when ``row`` is in cell 0 (0 throughout in a flake).
    amplitude : (hop,) complex
        In units of t0.
    """

    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    amplitude: np.ndarray


@dataclass(frozen=True)
class DipoleTable:
    """Elements of the position operator between orbitals, besides the positions themselves.

    Attributes
    ----------
    row, column : (entry,) int;  cell : (entry, dimension) int
    dipole : (entry, 3) complex
        <row, cell 0| r |column, cell>, in the unit of the positions, conjugates included; zero
        between an orbital and itself, whose place is its position.
    """

    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    dipole: np.ndarray


@dataclass(frozen=True)
class Crystal:
    """The infinite crystal that a system is cut out of; its gaps are computed from it.

    Attributes
    ----------
    hops : hop table, its ``cell`` (hop, dimension) in units of the lattice vectors
    vectors : (dimension, dimension) float, the lattice vectors as rows, in a
    orbitals : number of orbitals of a cell
    filling : number of filled bands, None where the model does not give it
    """

    hops: HopTable
    vectors: np.ndarray
    orbitals: int
    filling: int | None = None


Table = TypeVar("Table", HopTable, DipoleTable)


def repeated_table(table: Table, orbitals: int, length: int) -> Table:
    """The table of ``length`` cells along x merged to one, ordered by cell, then as before.

    Parameters
    ----------
    table : of a system of ``orbitals`` orbitals a cell, ``cell`` (element,)
    """
    start = np.repeat(np.arange(length), len(table.row))
    end = start + np.tile(table.cell, length)
    *_, last = fields(table)
    values = getattr(table, last.name)
    return type(table)(
        start * orbitals + np.tile(table.row, length),
        end % length * orbitals + np.tile(table.column, length),
        end // length,
        np.tile(values, (length, 1) if values.ndim == 2 else length),
    )


def inside_cell(table: Table) -> Table:
    """The elements of a table that lead to no other cell along x."""
    inside = table.cell == 0
    return type(table)(*(getattr(table, part.name)[inside] for part in fields(table)))
