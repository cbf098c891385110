"""Pairs of rows under y -> -y, and the even and odd parts of a profile that follow.

The partner of a row is the row of the same orbital (name, spin, height z) at -y in the same
translational cell; with a glide symmetry it is half a period away in x.  Rows without such a
partner are compared with the remaining rows at -y, first with those of the same spin and height (A
and B of a zigzag ribbon), then with any.  Where several rows remain, a pairing would be arbitrary,
so the sums over the rows at y and at -y are compared instead.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

# Coordinates that differ by less than this (in a) are equal; lattice.SAME_ROW is 1e-9.
PLACE = 1e-7


@dataclass(frozen=True)
class Pairing:
    """Groups of rows that are compared with each other under y -> -y.

    Attributes
    ----------
    group : (row,) int, the group of each row; the rows of a group share y and are summed
    opposite : (group,) int, the group at -y; a group at y = 0 may be its own opposite
    """

    group: np.ndarray
    opposite: np.ndarray

    @property
    def mirror_row(self) -> np.ndarray:
        """Partner of each row, (row,) int; -1 where sums of several rows are compared."""
        size = np.bincount(self.group)
        first = np.unique(self.group, return_index=True)[1]
        opposite_group = self.opposite[self.group]
        single = (size[self.group] == 1) & (size[opposite_group] == 1)
        return np.where(single, first[opposite_group], -1)

    def parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Even and odd part under y -> -y of values (..., row), each (..., row).

        For a row with a partner they are half the sum and half the difference of both values.
        Where sums over rows are compared, half the sum and half the difference of the two sums are
        shared equally by the rows at this y, so the sums over all rows at one y are correct.
        """
        order = np.argsort(self.group, kind="stable")
        starts = np.searchsorted(self.group[order], np.arange(len(self.opposite)))
        sums = np.add.reduceat(values[..., order], starts, axis=-1)
        share = 1 / np.bincount(self.group)[self.group]
        values_here, values_opposite = (
            sums[..., g] * share for g in (self.group, self.opposite[self.group])
        )
        return 0.5 * (values_here + values_opposite), 0.5 * (values_here - values_opposite)


def paired_rows(
    positions: np.ndarray, sublattice: np.ndarray, spin: np.ndarray, cell: np.ndarray
) -> Pairing | None:
    """The pairing of the rows of a ribbon, wire or flake under y -> -y.

    Parameters
    ----------
    positions : (row, 3) x, y, z in a, with y measured from the middle
    sublattice : (row,) str, name of the orbital;  spin : (row,) int;  cell : (row,) int

    Returns
    -------
    The pairing, or None if some y has rows and -y has none.
    """
    level, places = _levels(positions[:, 1])
    if np.abs(places + places[::-1]).max(initial=0.0) > PLACE:
        return None
    height = _levels(positions[:, 2])[0]
    name = np.unique(sublattice, return_inverse=True)[1]
    last = len(places) - 1
    group = np.full(len(level), -1)
    opposite: list[int] = []
    for labels in ((cell, name, spin, height), (cell, spin, height), (cell,)):
        unpaired = np.flatnonzero(group < 0)
        _compare(np.column_stack((level, *labels))[unpaired], unpaired, last, group, opposite)
    # The only counterparts of such a row belong to other rows: all rows at y and -y are summed.
    for row in np.flatnonzero(group < 0):
        sides = [(cell == cell[row]) & (level == at) for at in (level[row], last - level[row])]
        if not sides[1].any():
            return None
        for number, side in enumerate(sides, len(opposite)):
            group[side] = number
        opposite += [len(opposite) + 1, len(opposite)]
    used, group = np.unique(group, return_inverse=True)
    return Pairing(group, np.searchsorted(used, np.array(opposite, dtype=int)[used]))


def _compare(keys, rows, last: int, group: np.ndarray, opposite: list[int]) -> None:
    """Group the rows whose key (level, label, ...) also occurs at the opposite level.

    ``group`` and ``opposite`` are changed in place.
    """
    members = defaultdict(list)
    for key, row in zip(map(tuple, keys.tolist()), rows, strict=True):
        members[key].append(row)
    counterpart = {key: (last - key[0], *key[1:]) for key in members}
    number: dict[tuple, int] = {}
    for key in members:
        if counterpart[key] in members:
            number[key] = len(opposite) + len(number)
    for key, group_number in number.items():
        group[members[key]] = group_number
    opposite += [number[counterpart[key]] for key in number]


def _levels(coordinate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index (row,) of the distinct value of each coordinate, and the ascending distinct values.

    Values closer than PLACE are equal.
    """
    order = np.argsort(coordinate)
    steps = np.diff(coordinate[order]) > PLACE
    level = np.empty(len(order), dtype=int)
    level[order] = np.concatenate(([0], np.cumsum(steps)))
    return level, coordinate[order][np.concatenate(([True], steps))]
