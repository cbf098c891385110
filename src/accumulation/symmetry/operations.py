"""Symmetry operations of a ribbon, found from its hop table.

An operation maps each orbital onto one orbital, multiplies it by a phase, and conjugates if it is
antiunitary: g |j> = phase_j |target_j>.  It maps positions by x -> +-x + shift, y -> +-y.  It is a
symmetry if g H g^-1 = H, or if it takes H - center to -(H - center).  Phases are propagated along
the bonds, so gauge-equivalent Hamiltonians have the same symmetries.  Sublattice signs, the phases
of spin rotations about z and translations that shift k are phases of this form; a spin rotation by
pi about an axis in the plane exchanges the spins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

# Amplitudes and phases that differ by less, relative to the largest hopping, are the same.
SAME = 1e-9
# Positions that differ by less than this (in a) are equal; lattice.SAME_ROW is 1e-9.
PLACE = 1e-7
POINT = {(1, 1): "", (-1, 1): "Mx", (1, -1): "My", (-1, -1): "C2"}


@dataclass(frozen=True)
class Operation:
    """A symmetry of a ribbon.

    Attributes
    ----------
    x, y : +1 or -1, the factors of the coordinates
    antiunitary : whether it conjugates
    energy : +1: it commutes with H;  -1: it exchanges the energies center + e and center - e
    flips_spin : whether it exchanges spin up and down
    target : (orbital,) int, the orbital that each orbital is mapped onto
    phase : (orbital,) complex, in the basis of H(k) in the atomic gauge
    wave_vector : in 1/a: k -> x (k + wave_vector), or x (-k + wave_vector) if antiunitary
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
        """Wave vector (k,) of the image of a state at k (k,), in 1/a."""
        return self.x * (self.conjugation * k + self.wave_vector)

    def image(self, matrix: np.ndarray) -> np.ndarray:
        """g X g^-1 in the atomic gauge; ``matrix`` (..., orbital, orbital) is X."""
        matrix = matrix.conj() if self.antiunitary else matrix
        turned = np.empty(matrix.shape, dtype=complex)
        phases = self.phase[:, None] * self.phase.conj()
        turned[..., self.target[:, None], self.target] = phases * matrix
        return turned


def symmetries(system) -> list[Operation]:
    """All symmetry operations of a ribbon that have the form given at the top of this module."""
    table = _Table(system)
    spinful = bool(np.any(system.spin))
    operations = []
    for x, y, flips in product((1, -1), (1, -1), (False, True) if spinful else (False,)):
        for target in _site_maps(system, x, y, flips):
            for antiunitary, energy in product((False, True), (1, -1)):
                gauge = table.gauge(target, x, antiunitary, energy)
                if gauge is None:
                    continue
                # Cells are mapped onto cells if all orbitals are shifted by the same distance.
                offset = system.positions[target, 0] - x * system.positions[:, 0]
                keeps = np.ptp(offset) < PLACE
                operations.append(
                    Operation(x, y, antiunitary, energy, flips, target, *gauge, keeps)
                )
    return operations


def _site_maps(system, x: int, y: int, flips: bool):
    """Permutations of the orbitals by x -> +-x + shift, y -> +-y, as arrays target (orbital,)."""
    place, spin = system.positions, system.spin
    # Orbitals of one spin at one position differ by their order only.
    same = np.all(np.abs(place[:, None] - place) < PLACE, axis=-1) & (spin[:, None] == spin)
    order = np.sum(np.tril(same, -1), axis=1)
    fits = np.abs(y * place[:, None, 1] - place[:, 1]) < PLACE
    fits &= np.abs(place[:, None, 2] - place[:, 2]) < PLACE
    fits &= (-spin if flips else spin)[:, None] == spin
    fits &= order[:, None] == order
    distance = x * place[:, None, 0] - place[:, 0]  # (orbital, where to)
    for shift in -distance[0, fits[0]]:
        turns = (distance + shift) / system.period
        maps = fits & (np.abs(turns - np.rint(turns)) * system.period < PLACE)
        if np.all(maps.sum(axis=0) == 1) and np.all(maps.sum(axis=1) == 1):
            yield np.argmax(maps, axis=1)


class _Table:
    """Hop table with one entry for each matrix element, and energies relative to their mean."""

    def __init__(self, system):
        hops, self.x = system.hops, system.positions[:, 0]
        self.size, self.period = len(self.x), system.period
        diagonal = (hops.row == hops.column) & (hops.cell == 0)
        orbitals = np.arange(self.size)
        shift = np.full(self.size, -hops.amplitude[diagonal].sum().real / self.size)
        row, column = np.concatenate((hops.row, orbitals)), np.concatenate((hops.column, orbitals))
        self.reach = int(np.max(np.abs(hops.cell), initial=0)) + 2
        keys = self._key(row, column, np.concatenate((hops.cell, 0 * orbitals)))
        self.keys, where = np.unique(keys, return_inverse=True)
        self.amplitude = np.zeros(len(self.keys), dtype=complex)
        np.add.at(self.amplitude, where, np.concatenate((hops.amplitude, shift)))
        self.tolerance = SAME * np.abs(self.amplitude).max(initial=0.0)
        nonzero = np.abs(self.amplitude) > self.tolerance
        self.keys, self.amplitude = self.keys[nonzero], self.amplitude[nonzero]
        pair, cell = np.divmod(self.keys, 2 * self.reach + 1)
        self.row, self.column = np.divmod(pair, self.size)
        self.cell = cell - self.reach

    def _key(self, row, column, cell) -> np.ndarray:
        return (row * self.size + column) * (2 * self.reach + 1) + cell + self.reach

    def gauge(self, target, x, antiunitary, energy) -> tuple[np.ndarray, float] | None:
        """Phases (orbital,) and wave vector for which a permutation is a symmetry, or None."""
        along = self.cell * self.period + self.x[self.column] - self.x[self.row]
        row, column = target[self.row], target[self.column]
        cells = (x * along - self.x[column] + self.x[row]) / self.period
        cell = np.rint(cells).astype(int)
        if np.any(np.abs(cell) > self.reach):
            return None
        keys = self._key(row, column, cell)
        index = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        before = energy * (self.amplitude.conj() if antiunitary else self.amplitude)
        after = self.amplitude[index]
        if np.any(self.keys[index] != keys):
            return None
        if np.any(np.abs(np.abs(after) - np.abs(before)) > self.tolerance):
            return None
        return self._phases(np.angle(after / before))

    def _phases(self, angle) -> tuple[np.ndarray, float] | None:
        """Solve angle = phase_row - phase_column - Q cell (mod 2 pi) along a spanning forest.

        A closed loop that winds round the ribbon determines Q; the angles along a loop that does
        not wind must add up to zero.
        """
        phase, turns = np.full(self.size, np.nan), np.zeros(self.size, dtype=int)
        for root in range(self.size):
            if not np.isnan(phase[root]):
                continue
            phase[root] = 0.0
            ahead = [root]
            while ahead:
                j = ahead.pop()
                for h in np.nonzero((self.column == j) & np.isnan(phase[self.row]))[0]:
                    i = self.row[h]
                    if np.isnan(phase[i]):
                        phase[i], turns[i] = phase[j] + angle[h], turns[j] + self.cell[h]
                        ahead.append(i)
        residual = angle - phase[self.row] + phase[self.column]
        winding = turns[self.row] - turns[self.column] - self.cell
        candidates = [0.0]
        if np.any(winding):
            h = np.argmin(np.where(winding == 0, np.inf, np.abs(winding)))
            steps = np.arange(abs(winding[h]))
            candidates += list((residual[h] + 2 * np.pi * steps) / winding[h])
        for q in candidates:
            if np.all(np.abs(np.exp(1j * (residual - q * winding)) - 1) < 10 * SAME):
                wave_vector = np.angle(np.exp(1j * q)) / self.period
                total = phase + turns * q - wave_vector * self.x
                return np.exp(1j * total), wave_vector
        return None


def parity(operation: Operation, matrix: Callable[[np.ndarray], np.ndarray], k) -> int | None:
    """Parity of X under g: +1 or -1 if g X(k) g^-1 = +-X(image of k) at each k, else None.

    Parameters
    ----------
    matrix : function k (point,) -> X (point, orbital, orbital), atomic gauge
    k : (point,), in 1/a
    """
    image, expected = operation.image(matrix(k)), matrix(operation.image_of_k(k))
    scale = np.abs(expected).max(initial=0.0)
    for sign in (1, -1):
        if np.abs(image - sign * expected).max(initial=0.0) <= 1e-7 * scale:
            return sign
    return None
