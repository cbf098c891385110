"""Validation of a lattice's parts: vectors, orbitals, on-site energies, spins and bonds.

Each function takes a user's value and returns it in one normal form, or raises a UserError that
names the orbital or the bond at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UserError, Verbatim
from ..inputs import finite, integer, real, real_array
from .hop_table import HopTable

# Vectors count as dependent if their cell has less than this fraction of the volume of a cell with
# the same lengths and right angles.
DEPENDENT = 1e-9
# Lengths are in units of a; coordinates closer than 1e-9 count as equal.
SHORTEST, LONGEST = 1e-4, 1e6
# Largest cell index of a hop: beyond it no system could be cut that the hop joins.
MOST_CELLS = 10**6

Bond = tuple[str, str, tuple[int, ...], complex]


@dataclass(frozen=True)
class Table:
    """Arrays of a validated lattice.

    positions : (orbital, 3), in a;  spins : (orbital,) sign of s_z
    row, column : (hop,);  cell : (hop, dimension);  amplitude : (hop,) in t0, conjugates included
    """

    positions: np.ndarray
    spins: np.ndarray
    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    amplitude: np.ndarray


def vectors(value: object) -> np.ndarray:
    """Lattice vectors as rows, (2, 2) or (3, 3), in a.

    Raises
    ------
    UserError
        If they are not finite and independent.
    """
    allowed = "two independent vectors (x, y), or three (x, y, z), of finite numbers"
    shown = value.tolist() if isinstance(value, np.ndarray) else value
    rows = real_array("vectors", value, allowed)
    if rows.shape not in ((2, 2), (3, 3)):
        raise UserError("vectors", shown, allowed)
    lengths = np.linalg.norm(rows, axis=1)
    if not np.all((lengths > SHORTEST) & (lengths < LONGEST)):
        allowed_length = (
            f"{allowed}, each between {SHORTEST:g} and {LONGEST:g} long (in units of a)"
        )
        raise UserError("vectors", shown, allowed_length)
    if abs(np.linalg.det(rows / lengths[:, None])) < DEPENDENT:
        raise UserError("vectors", shown, allowed)
    return np.array(rows)


def orbitals(value: object, dimension: int) -> dict[str, tuple[float, ...]]:
    """Positions by name, in a: (x, y) or (x, y, z) each.

    Raises
    ------
    UserError
        If there is no orbital, or a name or position is not valid.
    """
    allowed = "at least one orbital, a mapping such as {'A': (0, 0), 'B': (0.5, 0.3)}"
    if not isinstance(value, Mapping) or not value:
        raise UserError("orbitals", value, allowed)
    positions = {}
    for name, place in value.items():
        if not isinstance(name, str) or not name:
            raise UserError("orbitals", name, "a name, which is a text")
        allowed_position = (
            "a position (x, y), or (x, y, z), of finite numbers below 1e6 (in units of a)"
        )
        place = real_array(f"orbitals.{name}", place, allowed_position)
        if place.shape not in ((2,), (3,)) or np.any(np.abs(place) > LONGEST):
            raise UserError(f"orbitals.{name}", tuple(place.reshape(-1).tolist()), allowed_position)
        positions[name] = tuple(place.tolist())
    return positions


def index(name: object, names: Iterable[str]) -> str:
    """The name of an orbital.

    Raises
    ------
    UserError
        If no orbital has that name.
    """
    if not isinstance(name, str) or name not in names:
        raise UserError("orbital", name, list(names))
    return name


def _by_orbital(key: str, value: object, names: Iterable[str], example: str) -> Mapping:
    if not isinstance(value, Mapping):
        raise UserError(key, value, f"a mapping of names of orbitals, such as {example}")
    for name in value:
        index(name, names)
    return value


def onsite(value: object, names: Iterable[str]) -> dict[str, float]:
    """On-site energies by orbital, in t0.

    Raises
    ------
    UserError
        If one is not a finite real number, or an orbital is unknown.
    """
    allowed = "a finite real number, as the Hamiltonian is Hermitian"
    energies = _by_orbital("onsite", value, names, "{'A': 0.5}")
    return {name: real(f"onsite.{name}", energy, allowed) for name, energy in energies.items()}


def spin(value: object, names: Iterable[str]) -> dict[str, int]:
    """Sign of s_z by orbital.

    Raises
    ------
    UserError
        If one is not -1, 0 or 1, or an orbital is unknown.
    """
    allowed = "1 (up), -1 (down) or 0 (not resolved)"
    signs = _by_orbital("spin", value, names, "{'A_up': 1, 'A_down': -1}")
    checked = {name: integer(f"spin.{name}", sign, allowed) for name, sign in signs.items()}
    for name, sign in checked.items():
        if sign not in (-1, 0, 1):
            raise UserError(f"spin.{name}", sign, allowed)
    return checked


def bond(value: Any, names: Iterable[str], dimension: int) -> Bond:
    """One hopping (to, origin, cell, amplitude), its amplitude in t0.

    Raises
    ------
    UserError
        If it has another form, an unknown orbital, a cell of another dimension, an amplitude that
        is not finite, or joins an orbital with itself.
    """
    try:
        to, origin, steps, amplitude = value
    except (TypeError, ValueError):
        allowed = "(to, origin, cell, amplitude), such as ('A', 'B', (0, 1), -1.0)"
        raise UserError("hoppings", value, allowed) from None
    index(to, names)
    index(origin, names)
    named = (to, origin, steps)
    allowed = f"a cell of {dimension} integers, one for each lattice vector"
    if isinstance(steps, str) or np.ndim(steps) != 1 or len(steps) != dimension:
        raise UserError("hopping", named, allowed)
    try:
        cell = tuple(integer("hopping", step, allowed) for step in steps)
    except UserError:
        raise UserError("hopping", named, allowed) from None
    if max(map(abs, cell)) > MOST_CELLS:
        raise UserError("hopping", named, f"{allowed}, at most {MOST_CELLS}")
    if to == origin and not any(cell):
        raise UserError("hopping", named, "two different orbitals (use onsite)")
    where = f"hopping {to} - {origin}, cell {cell}"
    return to, origin, cell, finite(where, amplitude, "a finite amplitude, real or complex")


def hopping_key(hopping: Bond) -> tuple[tuple, bool]:
    """Key that a bond shares with its conjugate, and whether the bond is given as the conjugate."""
    to, origin, cell, _ = hopping
    forward = (to, origin, cell)
    backward = (origin, to, tuple(-steps for steps in cell))
    return min(forward, backward), backward < forward


def index_by_key(bonds: list[Bond]) -> dict[tuple, int]:
    """Index of each bond in the list, by its :func:`hopping_key`.

    Raises
    ------
    UserError
        If a bond is given twice, as itself or as its conjugate.
    """
    index_of: dict[tuple, int] = {}
    for place, hopping in enumerate(bonds):
        name, _ = hopping_key(hopping)
        if name in index_of:
            raise duplicate_hopping(hopping)
        index_of[name] = place
    return index_of


def duplicate_hopping(hopping: Bond) -> UserError:
    """The error for a bond given twice, whose amplitudes would otherwise be added silently."""
    to, origin, cell, _ = hopping
    value = Verbatim(f"the bond {to} - {origin}, cell {cell}, twice, itself or as its conjugate")
    allowed = "each bond once, its conjugate is implied; hop(..., add=True) adds to one"
    return UserError("hopping", value, allowed)


def is_another_term(first: Bond, second: Bond) -> bool:
    """Whether a second bond of an orbital to itself has a different amplitude.

    The same amplitude, or its conjugate, is the same bond given again.
    """
    to, origin, _, amplitude = second
    equal = (first[3], first[3].conjugate())
    return to == origin and not any(abs(amplitude - one) <= 1e-12 * abs(one) for one in equal)


def summed(first: Bond, second: Bond) -> Bond:
    """The first bond with the amplitude of the second, perhaps its conjugate, added to it."""
    same = hopping_key(first)[1] == hopping_key(second)[1]
    return (*first[:3], first[3] + (second[3] if same else second[3].conjugate()))


def table(places_of: dict, energies: dict, bonds: list[Bond], spins: dict, dimension: int) -> Table:
    """Arrays of a lattice: every element of H, each bond with its conjugate."""
    number = {name: i for i, name in enumerate(places_of)}
    home = (0,) * dimension
    hops = [(number[n], number[n], home, complex(e)) for n, e in energies.items() if e != 0]
    for to, origin, cell, amplitude in bonds:
        hops.append((number[to], number[origin], cell, amplitude))
        back = tuple(-steps for steps in cell)
        hops.append((number[origin], number[to], back, amplitude.conjugate()))
    rows, columns, cells, amplitudes = zip(*hops, strict=True) if hops else ((), (), (), ())
    return Table(
        np.array([(*place, 0.0)[:3] for place in places_of.values()], dtype=float),
        np.array([spins.get(name, 0) for name in places_of], dtype=int),
        np.array(rows, dtype=int),
        np.array(columns, dtype=int),
        np.array(cells, dtype=int).reshape(-1, dimension),
        np.array(amplitudes, dtype=complex),
    )


def listed_bonds(names: list[str], single: HopTable) -> list[Bond]:
    """Bonds, as a lattice lists them, of arrays that hold each once."""
    ends = ([names[i] for i in part.tolist()] for part in (single.row, single.column))
    cells = map(tuple, single.cell.tolist())
    return list(zip(*ends, cells, single.amplitude.tolist(), strict=True))


def table_of_bonds(
    positions: np.ndarray, spins: np.ndarray, energies: np.ndarray, single: HopTable
) -> Table:
    """The arrays that :func:`table` gives, of bonds that are arrays already.

    Parameters
    ----------
    positions : (orbital, 3);  spins : (orbital,);  energies : (orbital,) on-site energies
    single : each bond once, ``cell`` (bond, dimension)
    """
    diagonal = np.flatnonzero(energies)
    home = np.zeros((len(diagonal), single.cell.shape[1]), dtype=int)
    # Each bond is followed by its conjugate, as in `table`.
    row = np.column_stack((single.row, single.column)).reshape(-1)
    column = np.column_stack((single.column, single.row)).reshape(-1)
    cell = np.stack((single.cell, -single.cell), axis=1).reshape(-1, single.cell.shape[1])
    amplitude = np.column_stack((single.amplitude, single.amplitude.conj())).reshape(-1)
    return Table(
        positions,
        spins,
        np.concatenate((diagonal, row)),
        np.concatenate((diagonal, column)),
        np.concatenate((home, cell)),
        np.concatenate((energies[diagonal].astype(complex), amplitude)),
    )
