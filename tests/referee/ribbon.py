"""A ribbon built from positions, with its Bloch Hamiltonian: the referee's own.

Nothing is taken from the package: hops are displacements between orbitals, H(k) is the sum of
amplitude e^{ikd} over them, dH/dk that of i d amplitude e^{ikd}.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

# Levels closer than this (in t0) count as meeting.
DEGENERATE = 1e-9
# States closer than this at one k are one level: their block counts as intraband.  Bands that touch
# quadratically are this close for 1e-6 of k on either side only.
ONE_LEVEL = 1e-12
# Pairs closer than this get their eigenvectors corrected in extended precision.
CORRECTED = 1e-3


@dataclass(frozen=True)
class Crystal:
    """A two-dimensional lattice as plain data.

    vectors : two (x, y);  orbitals : name -> (x, y);  onsite : name -> number
    hops : (to, from, cell, amplitude), one direction of each bond;  spin : name -> -1, 0, 1
    operator : (to, from) -> number, elements between orbitals at one place, conjugates included
    """

    vectors: tuple
    orbitals: dict
    onsite: dict
    hops: list
    spin: dict = field(default_factory=dict)
    label: str = ""
    operator: dict = field(default_factory=dict)

    def directed_hops(self):
        """(row, column, cell, amplitude) of every element, conjugates and on-site included."""
        number = {name: i for i, name in enumerate(self.orbitals)}
        for name, energy in self.onsite.items():
            yield number[name], number[name], (0, 0), complex(energy)
        for to, origin, cell, amplitude in self.hops:
            yield number[to], number[origin], tuple(cell), complex(amplitude)
            back = tuple(-c for c in cell)
            yield number[origin], number[to], back, complex(amplitude).conjugate()


class Ribbon:
    """``width`` cells of a crystal across, periodic along T = n a1 + m a2.

    Attributes
    ----------
    name, spin, y : (row,) in the order in which the cells were placed
    period : length of the cell along x
    """

    def __init__(self, crystal: Crystal, direction: tuple[int, int], width: int):
        n, m = direction
        # Extended precision: displacements that symmetry makes equal are, and crossings stay exact.
        a = np.array(crystal.vectors, dtype=np.longdouble)
        along = n * a[0] + m * a[1]
        period = np.hypot(*along)
        self.period = float(period)
        x_axis = along / period
        y_axis = np.array([-x_axis[1], x_axis[0]])
        p, q = next(
            (p, q)
            for p, q in product(range(-12, 13), repeat=2)
            if abs(n * q - m * p) == 1 and (p * a[0] + q * a[1]) @ y_axis > 0
        )
        across = p * a[0] + q * a[1]
        inverse = np.rint(np.linalg.inv(np.array([[n, p], [m, q]]))).astype(int)
        home = np.array([xy[:2] for xy in crystal.orbitals.values()], dtype=np.longdouble)
        orbitals = len(home)
        places = np.concatenate([home + j * across for j in range(width)])
        x, y = places @ x_axis, (places @ y_axis).astype(float)
        self.y = y - 0.5 * (y.min() + y.max())
        self.name = np.tile(list(crystal.orbitals), width)
        self.spin = np.tile([crystal.spin.get(o, 0) for o in crystal.orbitals], width)
        self.size = size = len(y)

        number = {name: i for i, name in enumerate(crystal.orbitals)}
        self.operator = np.zeros((size, size), dtype=complex)
        for (to, origin), value in crystal.operator.items():
            for start in range(0, size, orbitals):
                self.operator[start + number[to], start + number[origin]] = value

        table: dict[float, list] = {}
        for i, j, cell, amplitude in crystal.directed_hops():
            steps, up = inverse @ np.array(cell)
            for start in range(max(0, -up), min(width, width - up)):
                row, column = start * orbitals + i, (start + up) * orbitals + j
                d = steps * period + x[column] - x[row]
                table.setdefault(round(float(d), 10) + 0.0, []).append((row, column, amplitude, d))
        reach = [entries[0][3] for entries in table.values()] or [0.0]
        self._long_reach = np.array(reach, dtype=np.longdouble)
        self.reach = self._long_reach.astype(float)
        self.table = np.zeros((len(self.reach), size, size), dtype=complex)
        for group, entries in enumerate(table.values()):
            for row, column, amplitude, _ in entries:
                self.table[group, row, column] += amplitude

    @cached_property
    def _flat(self) -> np.ndarray:
        return self.table.reshape(len(self.reach), -1)

    @cached_property
    def _extended(self) -> np.ndarray:
        return self._flat.astype(np.clongdouble)

    def matrices(self, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """H and dH/dk, (k, row, row)."""
        phase = np.exp(1j * k[:, None] * self.reach)
        shape = (len(k), self.size, self.size)
        h = (phase @ self._flat).reshape(shape)
        v = ((1j * self.reach * phase) @ self._flat).reshape(shape)
        h, v = (0.5 * (a + a.conj().transpose(0, 2, 1)) for a in (h, v))
        return h, v

    def energies(self, k: np.ndarray) -> np.ndarray:
        """Levels (k, band), ascending."""
        return np.linalg.eigvalsh(self.matrices(k)[0])

    def levels(self, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Levels and their slopes, each (k, band)."""
        h, v = self.matrices(k)
        e, u = np.linalg.eigh(h)
        return e, np.einsum("kin,kin->kn", u.conj(), v @ u).real

    def states(self, k: np.ndarray):
        """Levels (k, band), eigenvectors (k, row, band), dH/dk (k, row, row).

        Rounding of H mixes two states by 1e-16 / gap, which a velocity element divided by the gap
        would show as 1e-16 / gap^2: where levels are close the mixing is removed, to first order,
        with H in extended precision.
        """
        h, v = self.matrices(k)
        e, u = np.linalg.eigh(h)
        if self.size > 1:
            gap = np.diff(e, axis=1)
            close = np.nonzero(((gap > ONE_LEVEL) & (gap < CORRECTED)).any(axis=1))[0]
            for part in np.array_split(close, len(close) // 256 + 1):
                if len(part):
                    u[part] = self._corrected(k[part], u[part])
        return e, u, v

    def _corrected(self, k, u):
        phase = np.exp(1j * k.astype(np.longdouble)[:, None] * self._long_reach)
        h = (phase @ self._extended).reshape(len(k), self.size, self.size)
        h = (h + h.conj().transpose(0, 2, 1)) / 2
        long = u.astype(np.clongdouble)
        # Not orthonormal to rounding either: the overlap enters beside the Hamiltonian.
        bra = long.conj().transpose(0, 2, 1)
        element, overlap = bra @ (h @ long), bra @ long
        level = np.einsum("knn->kn", element).real / np.einsum("knn->kn", overlap).real
        gap = level[:, None, :] - level[:, :, None]
        usable = (np.abs(gap) > ONE_LEVEL) & (np.abs(gap) < CORRECTED)
        mixing = (element - level[:, None, :] * overlap) / np.where(usable, gap, 1)
        long = long + long @ np.where(usable, mixing, 0)
        # Levels that only rounding keeps apart mix by up to 1e-4, which to first order leaves their
        # states off unit length by its square.
        for _ in range(2):
            long = 1.5 * long - 0.5 * long @ (long.conj().transpose(0, 2, 1) @ long)
        return long.astype(complex)
