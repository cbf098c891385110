"""Hop tables as arrays: one entry an element, its conjugate, and whether the whole is Hermitian.

Importers bring 10^5 elements and more, so every function here works on whole arrays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import UserError, Verbatim
from .hop_table import HopTable
from .lattice_input import MOST_CELLS

# An element and the conjugate of its partner that differ by less, relative to the largest hop,
# differ by rounding.
HERMITIAN = 1e-12


def checked(hops: HopTable, orbitals: int, dimension: int) -> HopTable:
    """A hop table of integers and finite complex numbers, ``cell`` (hop, dimension).

    Raises
    ------
    UserError
        For arrays of other shapes, orbitals outside 0 ... orbitals - 1, cells that are not integer
        or beyond MOST_CELLS, or an amplitude that is not finite.
    """
    amplitude = np.asarray(hops.amplitude)
    words = "arrays row, column, amplitude (hop,) and cell (hop, dimension)"
    shapes = [np.shape(part) for part in (hops.row, hops.column, amplitude, hops.cell)]
    count = amplitude.size
    if shapes != [(count,), (count,), (count,), (count, dimension)]:
        raise UserError("hops", Verbatim(f"arrays of shapes {shapes}"), words)
    for name, part, least, most in (
        ("row", hops.row, 0, orbitals - 1),
        ("column", hops.column, 0, orbitals - 1),
        ("cell", hops.cell, -MOST_CELLS, MOST_CELLS),
    ):
        values = np.asarray(part)
        if values.dtype.kind not in "iu":
            raise UserError(f"hops.{name}", values.dtype.name, "an array of integers")
        outside = (values < least) | (values > most)
        if outside.any():
            raise UserError(f"hops.{name}", int(values[outside][0]), f"{least} to {most}")
    if amplitude.dtype.kind not in "iufc" or not np.all(np.isfinite(amplitude)):
        raise UserError("hops.amplitude", Verbatim("numbers that are not"), "finite numbers")
    row, column, cell = (np.asarray(part, dtype=int) for part in (hops.row, hops.column, hops.cell))
    return HopTable(row, column, cell, amplitude.astype(complex))


def summed(hops: HopTable, orbitals: int) -> HopTable:
    """The table with one entry an element, sorted by row, column and cell; zeros are left out."""
    keys, _ = _keys(hops, orbitals)
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    amplitude = np.zeros(len(first), dtype=complex)
    np.add.at(amplitude, which, hops.amplitude)
    return chosen(replace(chosen(hops, first), amplitude=amplitude), amplitude != 0)


def chosen(hops: HopTable, which: np.ndarray) -> HopTable:
    """The entries of a hop table that an index or mask ``which`` (hop,) chooses."""
    return HopTable(hops.row[which], hops.column[which], hops.cell[which], hops.amplitude[which])


def partners(hops: HopTable, orbitals: int) -> np.ndarray:
    """(hop,) place of the conjugate of each entry, -1 where there is none.

    ``hops`` has one entry an element and is sorted as :func:`summed` sorts it.
    """
    keys, conjugates = _keys(hops, orbitals)
    if not len(keys):
        return np.zeros(0, dtype=int)
    place = np.minimum(np.searchsorted(keys, conjugates), len(keys) - 1)
    return np.where(keys[place] == conjugates, place, -1)


def symmetrised(hops: HopTable, orbitals: int) -> tuple[HopTable, float]:
    """The Hermitian part of a table, and max |H(R) - H(-R)^+| before, in its energy unit.

    Parameters
    ----------
    hops : one entry or several an element, ``cell`` (hop, dimension)

    Returns
    -------
    Table (H(R) + H(-R)^+) / 2, one entry an element, and the violation of Hermiticity.
    """
    single = summed(hops, orbitals)
    partner = partners(single, orbitals)
    conjugate = np.where(partner >= 0, single.amplitude[partner].conj(), 0)
    violation = float(np.abs(single.amplitude - conjugate).max(initial=0.0))
    both = HopTable(
        np.concatenate((single.row, single.column)),
        np.concatenate((single.column, single.row)),
        np.concatenate((single.cell, -single.cell)),
        0.5 * np.concatenate((single.amplitude, single.amplitude.conj())),
    )
    return summed(both, orbitals), violation


def bonds(hops: HopTable, orbitals: int) -> tuple[np.ndarray, HopTable]:
    """On-site energies (orbital,) and one entry a bond, of a table that lists both directions.

    Raises
    ------
    UserError
        If the table is not Hermitian: each element needs its conjugate.
    """
    single = summed(hops, orbitals)
    partner = partners(single, orbitals)
    conjugate = np.where(partner >= 0, single.amplitude[partner].conj(), 0)
    violation = np.abs(single.amplitude - conjugate)
    if violation.max(initial=0.0) > HERMITIAN * np.abs(single.amplitude).max(initial=0.0):
        worst = int(np.argmax(violation))
        element = (int(single.row[worst]), int(single.column[worst]), single.cell[worst].tolist())
        words = Verbatim(f"an element {element} that differs from its conjugate's by "
                         f"{violation[worst]:.3g}")  # fmt: skip
        raise UserError("hops", words, "a Hermitian table, which lists each bond both ways")
    home = (single.row == single.column) & ~np.any(single.cell, axis=1)
    energies = np.zeros(orbitals)
    energies[single.row[home]] = single.amplitude[home].real
    return energies, chosen(single, ~home & (np.arange(len(partner)) <= partner))


def distinct_cells(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cells of hops, each once, as (cell, dimension), and which of them is each hop's, (hop,).

    cell : (hop, dimension) int
    """
    reach = np.abs(cell).max(axis=0, initial=0)
    spans = 2 * reach + 1
    if np.prod(spans.astype(float)) < 2**62:
        # One integer a cell sorts ten times faster than rows do.
        keys = np.zeros(len(cell), dtype=int)
        for axis, span in enumerate(spans):
            keys = keys * span + cell[:, axis] + reach[axis]
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        return cell[first], which
    cells, which = np.unique(cell, axis=0, return_inverse=True)
    return cells, which.reshape(-1)


def _keys(hops: HopTable, orbitals: int) -> tuple[np.ndarray, np.ndarray]:
    """One integer an element, in the order of row, column, cell, and that of its conjugate."""
    reach = np.abs(hops.cell).max(axis=0, initial=0)
    spans = [int(2 * r + 1) for r in reach]
    total = orbitals**2
    for span in spans:
        total *= span
    if total < 2**62:
        forth, back = hops.row * orbitals + hops.column, hops.column * orbitals + hops.row
        for axis, span in enumerate(spans):
            forth = forth * span + hops.cell[:, axis] + reach[axis]
            back = back * span - hops.cell[:, axis] + reach[axis]
        return forth, back
    # Cells too far apart for one integer an element: rank those that there are.
    cells, which = distinct_cells(np.concatenate((hops.cell, -hops.cell)))
    which = which.reshape(2, -1)
    forth = (hops.row * orbitals + hops.column) * len(cells) + which[0]
    return forth, (hops.column * orbitals + hops.row) * len(cells) + which[1]


def places_of(hops: HopTable, wanted: HopTable, orbitals: int) -> np.ndarray:
    """(wanted,) place in ``hops``, of one entry an element, of the same element; -1 for none."""
    both = HopTable(
        np.concatenate((hops.row, wanted.row)),
        np.concatenate((hops.column, wanted.column)),
        np.concatenate((hops.cell, wanted.cell)),
        np.zeros(len(hops.row) + len(wanted.row)),
    )
    keys, _ = _keys(both, orbitals)
    present, sought = keys[: len(hops.row)], keys[len(hops.row) :]
    if not len(present):
        return np.full(len(sought), -1)
    order = np.argsort(present, kind="stable")
    place = np.minimum(np.searchsorted(present, sought, sorter=order), len(present) - 1)
    return np.where(present[order[place]] == sought, order[place], -1)
