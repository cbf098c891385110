"""Operators that act on the orbitals of one site: L, S, L . S and the model's own.

An operator is a table of elements <row| O |column> between orbitals of a site, conjugates included,
in the form of a hop table whose cells are all zero.  L_x, L_y and L_z come from the shells of the
orbitals, S_x, S_y and S_z from pairs of spin up and down, L_dot_S from both; a model may give these
and others itself.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from ..errors import UserError, Verbatim
from . import atomic_shells
from .atomic_shells import AXES
from .hop_table import HopTable

Elements = dict[tuple[str, str], complex]
HERMITIAN = 1e-12
VECTORS = ("L", "S")
COUPLING = "L_dot_S"
# How names tell the spins of one orbital apart.
_SPIN = re.compile(r"[ _.:-]?(up|down|dn|u|d|↑|↓|\+|-)$")


def units(name: str) -> str:
    """Unit of an operator: hbar of the components of L and S, hbar^2 of their product."""
    if name == COUPLING:
        return "hbar^2"
    return "hbar" if name in {f"{v}_{a}" for v in VECTORS for a in AXES} else "1"


def complete(
    given: Mapping[str, Elements],
    sites_of: Mapping[str, tuple[str, ...]],
    shells_of: Mapping[str, str],
    spins: Mapping[str, int],
) -> dict[str, Elements]:
    """All operators of a lattice: its own, and L, S and L . S where orbitals tell them."""
    result: dict[str, Elements] = {}
    momenta = _given_vector("L", given) or _angular_momenta(sites_of, shells_of, spins)
    partner = spin_partners(sites_of, shells_of, spins)
    halves = _given_vector("S", given) or _spins(partner, spins)
    for vector, parts in zip(VECTORS, (momenta, halves), strict=True):
        if any(parts):
            result |= {f"{vector}_{a}": part for a, part in zip(AXES, parts, strict=True)}
    if any(momenta) and any(halves):
        result[COUPLING] = _sum_of_products(momenta, halves)
    return result | dict(given)


def _given_vector(vector: str, given: Mapping[str, Elements]) -> list[Elements]:
    """The three components of L or S that a model gives itself, [] unless it gives all."""
    names = [f"{vector}_{axis}" for axis in AXES]
    return [given[name] for name in names] if set(names) <= set(given) else []


def _angular_momenta(sites_of: Mapping, shells_of: Mapping, spins: Mapping) -> list[Elements]:
    """L_x, L_y, L_z, orbital by orbital of one site and spin."""
    parts: list[Elements] = [{}, {}, {}]
    for site, members in sites_of.items():
        for sign in (1, 0, -1):
            names = [n for n in members if n in shells_of and spins.get(n, 0) == sign]
            twice = [h for h, c in Counter(shells_of[n] for n in names).items() if c > 1]
            if twice:
                words = Verbatim(f"{twice[0]} twice at the site {site}")
                allowed = "each harmonic once a site and spin; 3px and 4px are two shells"
                raise UserError("shells", words, allowed)
            matrices = atomic_shells.angular_momentum([shells_of[n] for n in names])
            for part, matrix in zip(parts, matrices, strict=True):
                for i, j in zip(*np.nonzero(matrix), strict=True):
                    part[names[i], names[j]] = complex(matrix[i, j])
    return parts


def spin_partners(sites_of: Mapping, shells_of: Mapping, spins: Mapping) -> dict[str, str]:
    """The orbital of spin down that belongs to each of spin up, {} if one of them has none.

    They share their site, and their harmonic, or else the part of their names before the spin; or
    they are the only two of their site.
    """
    partner: dict[str, str] = {}
    for members in sites_of.values():
        up, down = ([n for n in members if spins.get(n, 0) == s] for s in (1, -1))
        if len(up) != len(down):
            return {}
        for label in (shells_of.get, _stem):
            keys = [[label(n) for n in names] for names in (up, down)]
            if (
                None not in keys[0]
                and len(set(keys[0])) == len(up)
                and set(keys[0]) == set(keys[1])
            ):
                by_key = dict(zip(keys[1], down, strict=True))
                partner |= {n: by_key[key] for n, key in zip(up, keys[0], strict=True)}
                break
        else:
            if len(up) > 1:
                return {}
            partner |= dict(zip(up, down, strict=True))
    return partner


def _stem(name: str) -> str:
    return _SPIN.sub("", name)


def _spins(partner: Mapping[str, str], spins: Mapping[str, int]) -> list[Elements]:
    """S_x, S_y, S_z; none unless every orbital with a spin has its partner."""
    if not partner or 2 * len(partner) != sum(1 for sign in spins.values() if sign):
        return [{}, {}, {}]
    parts: list[Elements] = [{}, {}, {}]
    for pair in partner.items():
        for part, matrix in zip(parts, atomic_shells.spin_half(), strict=True):
            for i, j in zip(*np.nonzero(matrix), strict=True):
                part[pair[i], pair[j]] = complex(matrix[i, j])
    return parts


def _sum_of_products(left: list[Elements], right: list[Elements]) -> Elements:
    """sum_a A_a B_a of operators of one site."""
    total: defaultdict[tuple[str, str], complex] = defaultdict(complex)
    for first, second in zip(left, right, strict=True):
        by_row = defaultdict(list)
        for (row, column), value in second.items():
            by_row[row].append((column, value))
        for (row, middle), value in first.items():
            for column, other in by_row[middle]:
                total[row, column] += value * other
    return {key: value for key, value in total.items() if value != 0}


def table(elements: Elements, number: Mapping[str, int], dimension: int) -> HopTable:
    """The elements as arrays, in the home cell.

    Parameters
    ----------
    number : number of each orbital;  dimension : of the lattice
    """
    row = np.array([number[to] for to, _ in elements], dtype=int)
    column = np.array([number[origin] for _, origin in elements], dtype=int)
    cell = np.zeros((len(row), dimension), dtype=int)
    return HopTable(row, column, cell, np.array(list(elements.values()), dtype=complex))


def turned(operators: Mapping[str, HopTable], axes: np.ndarray) -> dict[str, HopTable]:
    """Operators with the components of L and S along the axes of a system.

    A component is left out if it needs one that the model does not know.

    Parameters
    ----------
    axes : (3, 3) rows, the unit vectors x, y, z of the system in the frame of the lattice
    """
    result = dict(operators)
    for vector in VECTORS:
        names = [f"{vector}_{axis}" for axis in AXES]
        for name, weights in zip(names, axes, strict=True):
            result.pop(name, None)
            needed = [(n, w) for n, w in zip(names, weights, strict=True) if abs(w) > HERMITIAN]
            if all(n in operators for n, _ in needed):
                result[name] = _weighted([(operators[n], w) for n, w in needed])
    return result


def _weighted(parts: list[tuple[HopTable, float]]) -> HopTable:
    """A sum of tables, elements that two of them have listed twice (their amplitudes add)."""
    if len(parts) == 1 and parts[0][1] == 1:
        return parts[0][0]
    row, column, cell = (
        np.concatenate([getattr(table, name) for table, _ in parts])
        for name in ("row", "column", "cell")
    )
    return HopTable(row, column, cell, np.concatenate([w * t.amplitude for t, w in parts]))
