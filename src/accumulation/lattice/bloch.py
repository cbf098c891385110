"""Bloch matrices of systems periodic along one direction, and their k meshes.

In the atomic gauge H_ij(k) = sum t e^{ikd}, where d is the full displacement of the hop along x, so
dH/dk = i[H, x] is the velocity in the dipole-diagonal approximation.  In the cell gauge i d/dk is
the position of the cell instead of the site.  The unitary matrix diag(e^{ikx}) relates the two
gauges.  The velocity of the cell gauge, written in the atomic basis, is the same sum with d
replaced by the displacement of the cell, so one set of eigenvectors serves both gauges.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from . import banded
from .hop_table import DipoleTable, HopTable
from .units import NATURAL

# Phase conventions of Bloch states: phases of the site positions, or of the cell positions.
GAUGES = ("atomic", "cell")
# A table (displacement, element) of more entries than this (32 MB) is split: phases of cells in the
# table, phases of positions apart from it.  Wannier functions have a centre each, and so as many
# displacements as hops.
LARGEST_TABLE = 2 * 10**6


class BlochMatrix:
    """H(k) and dH/dk of a hop table, evaluated on batches of k.

    Parameters
    ----------
    row, column, cell : (hop,) int
    amplitude : (hop,) complex, in t0
    positions : (orbital, 3) float, in a
    period : float, length of the translational cell in a (0: not periodic)
    spin : (orbital,) int, the sign of s_z; None: not resolved
    sublattice : (orbital,) str, names of the sublattices; None: one sublattice
    operators : operators on the orbitals of a site, by name
    dipoles : elements of the position operator beside the positions, which velocities then contain
    units : ``natural`` or ``eV_angstrom``

    Attributes
    ----------
    is_real : whether H(k) is real for every k: hops d and -d between the same two orbitals have
        conjugate amplitudes (as with the product of time reversal and the mirror x -> -x); not
        looked for, and False, where ``split``
    split : whether ``displacement`` is that of the cells, and phases of positions are multiplied on
    """

    def __init__(
        self,
        row,
        column,
        cell,
        amplitude,
        positions,
        period,
        spin=None,
        sublattice=None,
        operators=None,
        dipoles=None,
        units=NATURAL,
    ):
        size = len(positions)
        x = positions[:, 0]
        cells = cell * period
        full = cells + x[column] - x[row]
        # Displacements that agree to rounding are merged: H(k) is then one small matrix product.
        values, displacement_index = np.unique(np.round(full, 10), return_inverse=True)
        elements, element_index = np.unique(row * size + column, return_inverse=True)
        self.split = len(values) * len(elements) > LARGEST_TABLE
        if self.split:
            values, displacement_index = np.unique(cells, return_inverse=True)
        displacement = np.zeros(len(values))
        displacement[displacement_index] = cells if self.split else full

        def collect(weight):
            table = np.zeros((len(values), len(elements)), dtype=complex)
            np.add.at(table, (displacement_index, element_index), weight)
            return table

        self.size, self.period = size, period
        self.displacement = displacement
        self.row, self.column = np.divmod(elements, size)
        self.x, self.y = x, positions[:, 1]
        self.spin = np.zeros(size, dtype=int) if spin is None else spin
        self.sublattice = np.full(size, "") if sublattice is None else sublattice
        self.positions, self.units = positions, units
        self.operators: dict[str, HopTable] = dict(operators or {})
        self.dipoles: DipoleTable | None = dipoles
        self._hopping = collect(amplitude)
        self._slope = {
            "atomic": collect(1j * amplitude * full),
            "cell": collect(1j * amplitude * cells),
        }
        self.is_real = self._phases_cancel(self._hopping)
        self._real = {name: self._phases_cancel(t) for name, t in self._slope.items()}
        # Of real matrices: the factors of the cosines, then those of the sines.
        self._hopping_parts = _parts(self._hopping, self.is_real)
        self._slope_parts = {name: _parts(t, self._real[name]) for name, t in self._slope.items()}
        self._places = self.row * size + self.column

    def _phases_cancel(self, table: np.ndarray) -> bool:
        """Whether sum_d table_d e^{ikd} is real for every k: table_{-d} = conj(table_d)."""
        if self.split:
            return False
        place, of = np.nonzero(self._negative)
        if np.any(np.delete(table, place, axis=0)):
            return False
        reflected = np.zeros_like(table)
        reflected[place] = table[of].conj()
        scale = np.abs(table).max(initial=0.0)
        return bool(np.abs(table - reflected).max(initial=0.0) <= 1e-13 * scale)

    @cached_property
    def _negative(self) -> np.ndarray:
        """Whether displacement i is that of j with the other sign, (i, j) bool."""
        return np.abs(self.displacement[:, None] + self.displacement) < 1e-9

    @cached_property
    def scale(self) -> float:
        """Upper bound of |energy|: the largest sum of |hopping| in a row of H, in t0."""
        return self._largest_row(self._hopping) or 1.0

    @cached_property
    def fastest(self) -> float:
        """Upper bound of |d energy / dk|, in t0 a."""
        return self._largest_row(self._slope["atomic"])

    def _largest_row(self, table: np.ndarray) -> float:
        sums = np.zeros(self.size)
        np.add.at(sums, self.row, np.abs(table).sum(axis=0))
        return float(sums.max(initial=0.0))

    @cached_property
    def bandwidth(self) -> int:
        """Largest distance of a hop from the diagonal, in orbitals."""
        return int(np.max(self.row - self.column, initial=0))

    @cached_property
    def reversal(self) -> tuple[np.ndarray, bool] | None:
        """A symmetry that takes k to -k: (order, conjugate), or None.

        H(-k) = H(k)[order][:, order], conjugated if ``conjugate``.  ``order`` (orbital,) keeps the
        orbitals, reverses their order, or reverses y only.  Time reversal keeps the order and
        conjugates, inversion reverses the order, time reversal times the mirror y -> -y (armchair
        Haldane ribbons) reverses y and conjugates.
        """
        size = self.size
        if not len(self.displacement):  # no hops at all: H = 0
            return np.arange(size), False
        if self.split:  # time reversal without spin: amplitudes are real
            largest = np.abs(self._hopping).max(initial=0.0)
            real = np.abs(self._hopping.imag).max(initial=0.0) <= 1e-14 * largest
            return (np.arange(size), True) if real else None
        negative = self._negative
        if not np.all(negative.sum(axis=1) == 1):
            return None
        largest = np.abs(self._hopping).max(axis=0, initial=0.0)
        tolerance = 1e-14 * largest.max(initial=0.0)
        # A symmetry takes the hops to each other, and no hop to a place without one.
        hops = np.flatnonzero(largest > tolerance)
        table, row, column = self._hopping[:, hops], self.row[hops], self.column[hops]
        opposite = table[np.argmax(negative, axis=1)]
        place = np.full(size * size, -1)
        place[self._places[hops]] = np.arange(len(hops))
        keep = np.arange(size)
        for order in (keep, keep[::-1], np.argsort(-np.round(self.y, 8), kind="stable")):
            partner = place[order[row] * size + order[column]]
            if np.any(partner < 0):
                continue
            for image, conjugate in ((table.conj(), True), (opposite, False)):
                if np.abs(image[:, partner] - table).max(initial=0.0) <= tolerance:
                    return order, conjugate
        return None

    def _phases(self, k: np.ndarray, real: bool) -> np.ndarray:
        """e^{ikd}, (k, displacement), or if ``real`` the cosines, then the sines."""
        phase = k[:, None] * self.displacement
        return np.hstack((np.cos(phase), np.sin(phase))) if real else np.exp(1j * phase)

    def _evaluate(self, table: np.ndarray, real: bool, k: np.ndarray) -> np.ndarray:
        values = self._phases(k, real) @ table
        matrix = np.zeros((len(k), self.size * self.size), dtype=values.dtype)
        matrix[:, self._places] = values
        matrix = matrix.reshape(len(k), self.size, self.size)
        if self.split:
            turn = np.exp(1j * k[:, None] * self.x)
            matrix *= turn.conj()[:, :, None]
            matrix *= turn[:, None, :]
        return matrix

    @cached_property
    def _elements(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns (element,) in which hops and site operators may be other than zero."""
        tables = list(self.operators.values())
        rows = np.concatenate([self.row, *(table.row for table in tables)])
        return rows, np.concatenate([self.column, *(table.column for table in tables)])

    @cached_property
    def _blocks(self) -> list[tuple[slice, slice]]:
        """Blocks of rows, each with the columns in which hops and site operators are not zero."""
        if self.dipoles is not None:  # the velocity reaches further than the hops
            return [(slice(0, self.size), slice(0, self.size))]
        return banded.row_blocks(self.size, *self._elements)

    @cached_property
    def reach(self) -> np.ndarray:
        """(orbital, 2) int: first column, and that after the last, of hops and site operators."""
        if self.dipoles is not None:
            return np.tile(np.array([0, self.size], dtype=np.intc), (self.size, 1))
        rows, columns = self._elements
        first, last = np.full(self.size, self.size), np.zeros(self.size, dtype=int)
        np.minimum.at(first, rows, columns)
        np.maximum.at(last, rows, columns + 1)
        return np.stack((first, last), axis=1).astype(np.intc)

    def product(self, matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """``matrix @ vectors``, (k, orbital, n), for a matrix that vanishes where no hop (and no
        operator of a site) connects.

        Parameters
        ----------
        matrix : (k, orbital, orbital);  vectors : (k, orbital, n)
        """
        return banded.product(self._blocks, matrix, vectors)

    def solve(self, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
        """``matrix^-1 right``, (k, orbital, n), for matrices as in :meth:`product`.

        Parameters
        ----------
        matrix : (k, orbital, orbital), non-zero on the diagonal and on hops only
        right : (k, orbital, n) or (orbital, n)

        Raises
        ------
        numpy.linalg.LinAlgError
            If a matrix is singular.
        """
        return banded.solve(self.bandwidth, matrix, right)

    def hamiltonian(self, k: np.ndarray) -> np.ndarray:
        """H(k), (k, orbital, orbital), in t0 and the basis of S48; float64 where ``is_real``.

        Parameters
        ----------
        k : (k,), in 1/a
        """
        return self._evaluate(self._hopping_parts, self.is_real, k)

    def lower_band(self, k: np.ndarray) -> np.ndarray:
        """Elements H(k)[j + i, j] of a real H(k) as (k, j, i), i up to ``bandwidth``, in t0.

        Parameters
        ----------
        k : (k,), in 1/a
        """
        width = self.bandwidth + 1
        below = np.flatnonzero(self.row >= self.column)
        row, column = self.row[below], self.column[below]
        band = np.zeros((len(k), self.size * width))
        values = self._phases(k, real=True) @ self._hopping_parts[:, below]
        band[:, column * width + row - column] = values
        return band.reshape(len(k), self.size, width)

    def velocity(self, k: np.ndarray, gauge: str = "atomic") -> np.ndarray:
        """Velocity along x (Eq. 4), (k, orbital, orbital), in t0 a and the atomic basis.

        ``atomic``: i[H, x], which is dH/dk plus, with dipoles X(k), i[H, X].  ``cell``: i[H, R]
        with R the cell position; it equals dH/dk + i[x, H] with x the position of the site in its
        cell.

        Parameters
        ----------
        k : (k,), in 1/a
        """
        slope = self._evaluate(self._slope_parts[gauge], self._real[gauge], k)
        if self.dipoles is None or gauge == "cell":
            return slope
        return slope + self._turned_by(self.dipole(k, 0), k)

    def velocity_y(self, k: np.ndarray) -> np.ndarray:
        """Velocity across, i[H, y] (Eq. 4), (k, orbital, orbital), in t0 a, at k (k,) in 1/a."""
        difference = self.y[self.column] - self.y[self.row]
        slope = self._evaluate(1j * self._hopping * difference, False, k)
        return slope if self.dipoles is None else slope + self._turned_by(self.dipole(k, 1), k)

    def _turned_by(self, position: np.ndarray, k: np.ndarray) -> np.ndarray:
        """i[H, X] of a part X (k, orbital, orbital) of the position."""
        h = self.hamiltonian(k)
        return 1j * (h @ position - position @ h)

    def dipole(self, k: np.ndarray, axis: int) -> np.ndarray:
        """Position beside that of the orbitals, sum e^{ikd} <0| r |R>, (k, orbital, orbital), in a.

        Parameters
        ----------
        k : (k,), in 1/a;  axis : 0, 1 or 2, for x, y or z
        """
        if self.dipoles is None:
            return np.zeros((len(k), self.size, self.size))
        return self._dipoles[axis].hamiltonian(k)

    @cached_property
    def _dipoles(self) -> list[BlochMatrix]:
        table = self.dipoles
        if table is None:
            return []
        ends = (table.row, table.column, table.cell)
        return [BlochMatrix(*ends, r, self.positions, self.period) for r in table.dipole.T]

    def operator(self, name: str, k: np.ndarray) -> np.ndarray:
        """An operator on the orbitals of each site, (k, orbital, orbital), at k (k,) in 1/a.

        Raises
        ------
        KeyError
            If the system has no operator of that name.
        """
        return self._operators[name].hamiltonian(k)

    @cached_property
    def _operators(self) -> dict[str, BlochMatrix]:
        return {
            name: BlochMatrix(
                table.row, table.column, table.cell, table.amplitude, self.positions, self.period
            )
            for name, table in self.operators.items()
        }


def _parts(table: np.ndarray, real: bool) -> np.ndarray:
    """A table (displacement, element), or if real (2 displacements, element) of its two parts."""
    return np.vstack((table.real, -table.imag)) if real else table


def mesh(points: int, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Uniform mesh of the one-dimensional Brillouin zone, symmetric under k -> -k.

    The weights are those of the trapezoidal rule, which converges exponentially for a smooth
    periodic integrand.

    Parameters
    ----------
    points : number of k
    period : length of the translational cell, in a; 0 gives the single point k = 0

    Returns
    -------
    k (point,) in 1/a and weight (point,), dk/2pi, in 1/a
    """
    if period == 0:
        return np.zeros(1), np.ones(1)
    k = 2 * np.pi / period * (np.arange(points) - (points - 1) / 2) / points
    return k, np.full(points, 1 / (points * period))
