"""Transverse current of a density in response to a field along x (Eqs. 8, 29, 30).

The current at row mu is O * v_y * P_mu, with the moment taken about the row itself.  A moment about
the middle of the ribbon would vanish there and grow towards the edges.  With the moment about the
row, every row of a wide ribbon has the same current, which is that of the infinite crystal.
"""

from __future__ import annotations

import copy

import numpy as np

from ..lattice.bulk_bloch import BulkTable
from ..states.eigenpairs import adjoint
from ..states.eigenstates import Kernel, KernelFunction, States, inverse_gap
from ..states.occupations import fermi_dirac
from ..states.operator_products import star
from .zone_integrals import axes_along, shifted_mesh


def current_kernel(density: KernelFunction) -> KernelFunction:
    """Kernel of ½ {½ {O, v_y}, P_mu}, with O the moment of the density about the row mu (Eq. 30).

    For a density linear in y the moment about y_mu is O - y_mu (O' - O), where O' is O with all y
    increased by 1 a.
    """

    def kernel(states: States, definition: str) -> Kernel:
        shifted = copy.copy(states)
        shifted.y = states.y + 1.0
        moment, shifted_moment = (
            _hermitian(density(on_states, definition), on_states) for on_states in (states, shifted)
        )
        per_length, velocity = shifted_moment - moment, states.velocity_y
        matrix = star(moment, velocity) - states.y[:, None] * star(per_length, velocity)
        # In the basis of the bands, as the matrix joins orbitals two hops apart.
        u = states.eigenvector
        return Kernel(adjoint(u) @ matrix @ u, "bands")

    return kernel


def _hermitian(kernel: Kernel, states: States) -> np.ndarray:
    """O = (K + K+) / 2 in the orbital basis, (k, orbital, orbital)."""
    matrix = kernel.matrix
    if kernel.basis == "bands":
        matrix = states.eigenvector @ matrix @ adjoint(states.eigenvector)
    return 0.5 * (matrix + adjoint(matrix))


class BulkCurrent:
    """Transverse current of the infinite crystal, a sum over the filled states (Eq. 29).

    With y - y_mu = -i d/dk_y the kernel of the moment -½ {v_x, y - y_mu} is
    (i / 4) (H_xy H_y + H_y H_xy + 2 H_yy H_x); the kernel of a constant O is ½ (O H_y + H_y O).

    Attributes
    ----------
    energy : (k, band), in t0
    share : (k, band), contribution of each state to the current, in [O] e E / hbar
    """

    def __init__(self, lattice, direction, operator: np.ndarray | None, points: int):
        """``operator`` (orbital, orbital) is a constant O; None is the moment -½ {v_x, y - y_mu}.

        ``points`` is the number of k along each direction of the mesh.
        """
        axes = axes_along(lattice, direction)
        self._k = shifted_mesh(lattice, points) @ axes.T
        row, column, cell, amplitude = lattice.hop_table()
        place = lattice.positions[:, :2]
        step = (cell @ lattice.vectors + place[column] - place[row]) @ axes.T
        self._table = BulkTable.of(row, column, amplitude, step, len(place))

        hx, hy = self._derivative(1, 0), self._derivative(0, 1)
        if operator is None:
            hxy, hyy = self._derivative(1, 1), self._derivative(0, 2)
            kernel = 0.25j * (hxy @ hy + hy @ hxy + 2 * hyy @ hx)
        else:
            kernel = star(operator, hy)
        self.energy, u = np.linalg.eigh(self._derivative(0, 0))
        element, velocity = (adjoint(u) @ one @ u for one in (kernel + adjoint(kernel), hx))
        # 2 Re <n|K|n'> A_n'n / (e_n - e_n') with A_n'n = i v_n'n / (e_n - e_n')
        terms = element * np.swapaxes(velocity, -1, -2) * inverse_gap(self.energy) ** 2
        area = abs(np.linalg.det(lattice.vectors))
        self.share = -terms.sum(axis=-1).imag / (points**2 * area)

    def _derivative(self, along: int, across: int) -> np.ndarray:
        """d^(along + across) H / dk_x^along dk_y^across, (k, orbital, orbital)."""
        step = self._table.displacement
        factor = (1j * step[:, 0]) ** along * (1j * step[:, 1]) ** across
        return self._table.sums(self._k, [factor])[:, 0]

    def response(self, fermi_energy: np.ndarray, temperature: float) -> np.ndarray:
        """Current density per e E, (level,), in [O] / hbar.

        ``fermi_energy`` (level,) and ``temperature`` are in t0.
        """
        filled = (fermi_dirac(self.energy, level, temperature) for level in fermi_energy)
        return np.array([np.sum(one * self.share) for one in filled])
