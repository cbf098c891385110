"""Symmetries of a ribbon, found from its hop table.

An operation maps orbital j onto one other orbital, multiplies it by a phase, and conjugates if it
is antiunitary: g |j> = phase_j |target_j>.  On positions it is x -> +-x + shift, y -> +-y.  It is a
symmetry if g H g^-1 = H, or H - center -> -(H - center).  Phases are propagated along the bonds, so
that gauge-equivalent Hamiltonians have the same symmetries: sublattice signs, the phases of spin
rotations about z and translations that shift k are all of this kind; a spin rotation by pi about an
axis in the plane exchanges the spins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

# Amplitudes and phases that differ by less, relative to the largest hopping, are the same.
SAME = 1e-9
# Positions that differ by less, in a, are the same: rows are told apart by 1e-9 (lattice.SAME_ROW).
PLACE = 1e-7
POINT = {(1, 1): "", (-1, 1): "Mx", (1, -1): "My", (-1, -1): "C2"}


@dataclass(frozen=True)
class Operation:
    """A symmetry of a ribbon.

    Attributes
    ----------
    x, y : +1 or -1, what becomes of the coordinates
    antiunitary : whether it conjugates
    energy : +1: commutes with H;  -1: exchanges energies center + e and center - e
    flips_spin : whether it exchanges spin up and down
    target : (orbital,) int
    phase : (orbital,) complex, in the basis of H(k) in the atomic gauge
    wave_vector : k -> x (k + wave_vector), with -k for k where it is antiunitary, in 1/a
    keeps_cells : whether orbitals of one translational cell stay in one cell
    """

    x: int
    y: int
    antiunitary: bool
    energy: int
    flips_spin: bool
    target: np.ndarray
    phase: np.ndarray
    wave_vector: float
    keeps_cells: bool

    @property
    def name(self) -> str:
        """S: exchanges energies, T: antiunitary, Mx, My, C2: the point operation, F: flips spin."""
        letters = ["S"] * (self.energy < 0) + ["T"] * self.antiunitary
        letters += [POINT[self.x, self.y]] + ["F"] * self.flips_spin
        return " ".join(letter for letter in letters if letter) or "1"

    @property
    def velocity(self) -> int:
        """Parity of v = i[H, x]: that of x, reversed by conjugation and by H -> -H."""
        return self.energy * self.conjugation * self.x

    @property
    def conjugation(self) -> int:
        """-1 where the operation reverses i, else +1."""
        return -1 if self.antiunitary else 1

    def image_of_k(self, k: np.ndarray) -> np.ndarray:
        """Where a state at k goes."""
        return self.x * (self.conjugation * k + self.wave_vector)

    def image(self, matrix: np.ndarray) -> np.ndarray:
        """g X g^-1 of matrices (..., orbital, orbital) in the atomic gauge."""
        matrix = matrix.conj() if self.antiunitary else matrix
        turned = np.empty(matrix.shape, dtype=complex)
        phases = self.phase[:, None] * self.phase.conj()
        turned[..., self.target[:, None], self.target] = phases * matrix
        return turned


def symmetries(system) -> list[Operation]:
    """Every symmetry of a ribbon of the kind that the module's docstring describes."""
    table = _Table(system)
    spinful = bool(np.any(system.spin))
    found = []
    for x, y, flips in product((1, -1), (1, -1), (False, True) if spinful else (False,)):
        for target in _site_maps(system, x, y, flips):
            for antiunitary, energy in product((False, True), (1, -1)):
                gauge = table.gauge(target, x, antiunitary, energy)
                if gauge is None:
                    continue
                # Cell displacements transform as x does if offsets inside the cell do.
                offset = system.positions[target, 0] - x * system.positions[:, 0]
                keeps = np.ptp(offset) < PLACE
                found.append(Operation(x, y, antiunitary, energy, flips, target, *gauge, keeps))
    return found


def _site_maps(system, x: int, y: int, flips: bool):
    """Every permutation of the orbitals by x -> +-x + shift, y -> +-y: arrays target (orbital,)."""
    place, spin = system.positions, system.spin
    # Orbitals of one spin at one place are told apart by their order only.
    same = np.all(np.abs(place[:, None] - place) < PLACE, axis=-1) & (spin[:, None] == spin)
    order = np.sum(np.tril(same, -1), axis=1)
    fits = np.abs(y * place[:, None, 1] - place[:, 1]) < PLACE
    fits &= np.abs(place[:, None, 2] - place[:, 2]) < PLACE
    fits &= (-spin if flips else spin)[:, None] == spin
    fits &= order[:, None] == order
    distance = x * place[:, None, 0] - place[:, 0]  # (orbital, where to)
    for shift in -distance[0, fits[0]]:
        turns = (distance + shift) / system.period
        there = fits & (np.abs(turns - np.rint(turns)) * system.period < PLACE)
        if np.all(there.sum(axis=0) == 1) and np.all(there.sum(axis=1) == 1):
            yield np.argmax(there, axis=1)


class _Table:
    """Hop table with one entry an element, energies measured from their mean."""

    def __init__(self, system):
        hops, self.x = system.hops, system.positions[:, 0]
        self.size, self.period = len(self.x), system.period
        diagonal = (hops.row == hops.column) & (hops.cell == 0)
        every = np.arange(self.size)
        shift = np.full(self.size, -hops.amplitude[diagonal].sum().real / self.size)
        row, column = np.concatenate((hops.row, every)), np.concatenate((hops.column, every))
        self.reach = int(np.max(np.abs(hops.cell), initial=0)) + 2
        keys = self._key(row, column, np.concatenate((hops.cell, 0 * every)))
        self.keys, where = np.unique(keys, return_inverse=True)
        self.amplitude = np.zeros(len(self.keys), dtype=complex)
        np.add.at(self.amplitude, where, np.concatenate((hops.amplitude, shift)))
        self.tolerance = SAME * np.abs(self.amplitude).max(initial=0.0)
        kept = np.abs(self.amplitude) > self.tolerance
        self.keys, self.amplitude = self.keys[kept], self.amplitude[kept]
        pair, cell = np.divmod(self.keys, 2 * self.reach + 1)
        self.row, self.column = np.divmod(pair, self.size)
        self.cell = cell - self.reach

    def _key(self, row, column, cell) -> np.ndarray:
        return (row * self.size + column) * (2 * self.reach + 1) + cell + self.reach

    def gauge(self, target, x, antiunitary, energy) -> tuple[np.ndarray, float] | None:
        """Phases (orbital,) and wave vector that make a permutation a symmetry, or None."""
        along = self.cell * self.period + self.x[self.column] - self.x[self.row]
        row, column = target[self.row], target[self.column]
        cells = (x * along - self.x[column] + self.x[row]) / self.period
        cell = np.rint(cells).astype(int)
        if np.any(np.abs(cell) > self.reach):
            return None
        keys = self._key(row, column, cell)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        before = energy * (self.amplitude.conj() if antiunitary else self.amplitude)
        after = self.amplitude[at]
        if np.any(self.keys[at] != keys):
            return None
        if np.any(np.abs(np.abs(after) - np.abs(before)) > self.tolerance):
            return None
        return self._phases(np.angle(after / before))

    def _phases(self, angle) -> tuple[np.ndarray, float] | None:
        """Solve angle = phase_row - phase_column - Q cell (mod 2 pi) along a spanning forest.

        A closed loop that winds round the ribbon fixes Q, one that does not must have no angle
        left.
        """
        known, turns = np.full(self.size, np.nan), np.zeros(self.size, dtype=int)
        for root in range(self.size):
            if not np.isnan(known[root]):
                continue
            known[root] = 0.0
            ahead = [root]
            while ahead:
                j = ahead.pop()
                for h in np.nonzero((self.column == j) & np.isnan(known[self.row]))[0]:
                    i = self.row[h]
                    if np.isnan(known[i]):
                        known[i], turns[i] = known[j] + angle[h], turns[j] + self.cell[h]
                        ahead.append(i)
        left = angle - known[self.row] + known[self.column]
        winding = turns[self.row] - turns[self.column] - self.cell
        candidates = [0.0]
        if np.any(winding):
            h = np.argmin(np.where(winding == 0, np.inf, np.abs(winding)))
            steps = np.arange(abs(winding[h]))
            candidates += list((left[h] + 2 * np.pi * steps) / winding[h])
        for q in candidates:
            if np.all(np.abs(np.exp(1j * (left - q * winding)) - 1) < 10 * SAME):
                wave_vector = np.angle(np.exp(1j * q)) / self.period
                phase = known + turns * q - wave_vector * self.x
                return np.exp(1j * phase), wave_vector
        return None


def parity(operation: Operation, matrix: Callable[[np.ndarray], np.ndarray], k) -> int | None:
    """+1 or -1 if g X(k) g^-1 = +-X(image of k) at each k (point,); None if neither.

    ``matrix`` gives X (point, orbital, orbital) in the atomic gauge.
    """
    image, there = operation.image(matrix(k)), matrix(operation.image_of_k(k))
    scale = np.abs(there).max(initial=0.0)
    for sign in (1, -1):
        if np.abs(image - sign * there).max(initial=0.0) <= 1e-7 * scale:
            return sign
    return None
