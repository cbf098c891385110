"""Which row is the partner of which under y -> -y, and the even and odd parts that follow.

Rows are told apart by what they are before where they are: the partner of a row is the row of the
same orbital (name, spin, height z) at -y in the same translational cell, which is at the same x
wherever the lattice has one there, and half a period away where it has a glide.  Rows without such
a partner are compared with those that are left at -y: first of the same spin and height (A and B of
a zigzag ribbon), then any.  Where that is not one row with one row, which is compared with which
would be arbitrary: sums over the rows at y and at -y are compared instead.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

# Places that differ by less, in a, are one: rows are told apart by 1e-9 (lattice.SAME_ROW).
PLACE = 1e-7


@dataclass(frozen=True)
class Pairing:
    """Groups of rows that are compared with each other.

    Attributes
    ----------
    group : (row,) int, rows of one group share y, and are summed where there are several
    opposite : (group,) int, the group at -y; of a group in the middle perhaps itself
    """

    group: np.ndarray
    opposite: np.ndarray

    @property
    def mirror_row(self) -> np.ndarray:
        """(row,) int: the partner of each row, -1 where sums of several rows are compared."""
        size = np.bincount(self.group)
        first = np.unique(self.group, return_index=True)[1]
        there = self.opposite[self.group]
        single = (size[self.group] == 1) & (size[there] == 1)
        return np.where(single, first[there], -1)

    def parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Even and odd part under y -> -y of values (..., row), each (..., row).

        Of a row with a partner half the sum and half the difference of both.  Where sums over rows
        are compared, half the sum and difference of these, shared equally by the rows at this y:
        so sums over all rows at one y are right, and even plus odd is the share of their sum.
        """
        order = np.argsort(self.group, kind="stable")
        starts = np.searchsorted(self.group[order], np.arange(len(self.opposite)))
        sums = np.add.reduceat(values[..., order], starts, axis=-1)
        share = 1 / np.bincount(self.group)[self.group]
        here, there = (sums[..., g] * share for g in (self.group, self.opposite[self.group]))
        return 0.5 * (here + there), 0.5 * (here - there)


def paired_rows(
    positions: np.ndarray, sublattice: np.ndarray, spin: np.ndarray, cell: np.ndarray
) -> Pairing | None:
    """The pairing of the rows of a ribbon, wire or flake under y -> -y.

    Parameters
    ----------
    positions : (row, 3) x, y, z, with y measured from the middle
    sublattice : (row,) str, name of the orbital;  spin : (row,) int;  cell : (row,) int

    Returns
    -------
    The pairing, or None where rows at some y have none at -y.
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
        left = np.flatnonzero(group < 0)
        _compare(np.column_stack((level, *labels))[left], left, last, group, opposite)
    # A row whose only counterparts belong to other rows: all at this y and -y are summed.
    for row in np.flatnonzero(group < 0):
        sides = [(cell == cell[row]) & (level == at) for at in (level[row], last - level[row])]
        if not sides[1].any():
            return None
        for number, side in enumerate(sides, len(opposite)):
            group[side] = number
        opposite += [len(opposite) + 1, len(opposite)]
    kept, group = np.unique(group, return_inverse=True)
    return Pairing(group, np.searchsorted(kept, np.array(opposite, dtype=int)[kept]))


def _compare(keys, rows, last: int, group: np.ndarray, opposite: list[int]) -> None:
    """Put rows whose key (level, label, ...) has the same labels at the opposite level in groups.

    ``group`` and ``opposite`` are filled in.
    """
    members = defaultdict(list)
    for key, row in zip(map(tuple, keys.tolist()), rows, strict=True):
        members[key].append(row)
    counterpart = {key: (last - key[0], *key[1:]) for key in members}
    number: dict[tuple, int] = {}
    for key in members:
        if counterpart[key] in members:
            number[key] = len(opposite) + len(number)
    for key, which in number.items():
        group[members[key]] = which
    opposite += [number[counterpart[key]] for key in number]


def _levels(coordinate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of the distinct value of each coordinate (row,), in ascending order, and the values.

    Values closer than PLACE are one.
    """
    order = np.argsort(coordinate)
    steps = np.diff(coordinate[order]) > PLACE
    level = np.empty(len(order), dtype=int)
    level[order] = np.concatenate(([0], np.cumsum(steps)))
    return level, coordinate[order][np.concatenate(([True], steps))]
