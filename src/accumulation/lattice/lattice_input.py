"""What a lattice is made of, checked: vectors, orbitals, on-site energies, spins and bonds.

Each function takes what a user gives and returns it in one form, or raises a UserError that names
the orbital or the bond at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UserError, Verbatim
from ..inputs import finite, integer, real, real_array

# Vectors whose cell has less than this fraction of the volume that right angles would give depend
# on each other.
DEPENDENT = 1e-9
# Lengths are in units of a; coordinates closer than 1e-9 count as equal.
SHORTEST, LONGEST = 1e-4, 1e6
# Of cells and of orbitals: what a table of hops and its matrices can be made of.
MOST_CELLS = 10**6

Bond = tuple[str, str, tuple[int, ...], complex]


@dataclass(frozen=True)
class Table:
    """Arrays of a checked lattice.

    positions : (orbital, 3), in a;  spins : (orbital,) sign of s_z
    row, column : (hop,);  cell : (hop, dimension);  amplitude : (hop,), conjugates included
    """

    positions: np.ndarray
    spins: np.ndarray
    row: np.ndarray
    column: np.ndarray
    cell: np.ndarray
    amplitude: np.ndarray


def vectors(value: object) -> np.ndarray:
    """Lattice vectors as rows, (2, 2) or (3, 3), finite and independent."""
    allowed = "two independent vectors (x, y), or three (x, y, z), of finite numbers"
    shown = value.tolist() if isinstance(value, np.ndarray) else value
    rows = real_array("vectors", value, allowed)
    if rows.shape not in ((2, 2), (3, 3)):
        raise UserError("vectors", shown, allowed)
    lengths = np.linalg.norm(rows, axis=1)
    if not np.all((lengths > SHORTEST) & (lengths < LONGEST)):
        words = f"{allowed}, each between {SHORTEST:g} and {LONGEST:g} long (in units of a)"
        raise UserError("vectors", shown, words)
    if abs(np.linalg.det(rows / lengths[:, None])) < DEPENDENT:
        raise UserError("vectors", shown, allowed)
    return np.array(rows)


def orbitals(value: object, dimension: int) -> dict[str, tuple[float, ...]]:
    """Positions by name, in a: (x, y) or (x, y, z) each; z is 0 where left out."""
    allowed = "at least one orbital, a mapping such as {'A': (0, 0), 'B': (0.5, 0.3)}"
    if not isinstance(value, Mapping) or not value:
        raise UserError("orbitals", value, allowed)
    found = {}
    for name, place in value.items():
        if not isinstance(name, str) or not name:
            raise UserError("orbitals", name, "a name, which is a text")
        words = "a position (x, y), or (x, y, z), of finite numbers below 1e6 (in units of a)"
        place = real_array(f"orbitals.{name}", place, words)
        if place.shape not in ((2,), (3,)) or np.any(np.abs(place) > LONGEST):
            raise UserError(f"orbitals.{name}", tuple(place.reshape(-1).tolist()), words)
        found[name] = tuple(place.tolist())
    return found


def index(name: object, names: Iterable[str]) -> str:
    """The name of an orbital (UserError if there is none of that name)."""
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
    """On-site energies by orbital, real and finite, in t0."""
    words = "a finite real number, as the Hamiltonian is Hermitian"
    given = _by_orbital("onsite", value, names, "{'A': 0.5}")
    return {name: real(f"onsite.{name}", energy, words) for name, energy in given.items()}


def spin(value: object, names: Iterable[str]) -> dict[str, int]:
    """Sign of s_z by orbital."""
    words = "1 (up), -1 (down) or 0 (not resolved)"
    given = _by_orbital("spin", value, names, "{'A_up': 1, 'A_down': -1}")
    found = {name: integer(f"spin.{name}", sign, words) for name, sign in given.items()}
    for name, sign in found.items():
        if sign not in (-1, 0, 1):
            raise UserError(f"spin.{name}", sign, words)
    return found


def bond(value: Any, names: Iterable[str], dimension: int) -> Bond:
    """One hopping: (to, origin, cell, amplitude)."""
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


def identity(one: Bond) -> tuple[tuple, bool]:
    """What a bond shares with its conjugate, and whether it is the conjugate of the first form."""
    to, origin, cell, _ = one
    forth = (to, origin, cell)
    back = (origin, to, tuple(-steps for steps in cell))
    return min(forth, back), back < forth


def places(bonds: list[Bond]) -> dict[tuple, int]:
    """Place in the list of each bond, by its :func:`identity`.

    Raises
    ------
    UserError
        If one is given twice, itself or as its conjugate.
    """
    found: dict[tuple, int] = {}
    for place, one in enumerate(bonds):
        name, _ = identity(one)
        if name in found:
            raise given_twice(one)
        found[name] = place
    return found


def given_twice(one: Bond) -> UserError:
    """The fault of a bond that is there already: its amplitudes would be added in silence."""
    to, origin, cell, _ = one
    words = Verbatim(f"the bond {to} - {origin}, cell {cell}, twice, itself or as its conjugate")
    allowed = "each bond once, its conjugate is implied; hop(..., add=True) adds to one"
    return UserError("hopping", words, allowed)


def is_another_term(old: Bond, new: Bond) -> bool:
    """Whether a second bond of an orbital to itself has an amplitude of its own.

    The same amplitude, or its conjugate, is the same bond given again.
    """
    again = (old[3], old[3].conjugate())
    return new[0] == new[1] and not any(abs(new[3] - one) <= 1e-12 * abs(one) for one in again)


def joined(old: Bond, new: Bond) -> Bond:
    """The older bond with the amplitude of the newer, which may be its conjugate, added to it."""
    same = identity(old)[1] == identity(new)[1]
    return (*old[:3], old[3] + (new[3] if same else new[3].conjugate()))


def table(places_of: dict, energies: dict, bonds: list[Bond], spins: dict, dimension: int) -> Table:
    """Arrays of a lattice: every element of H with its conjugate."""
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
