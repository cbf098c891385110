"""What a Fermi function changes at one k: states of the thermal window, one by one.

With the levels below E filled, theta, a state n of the window has f_n - theta_n too many electrons.
It changes the interband response by its pairs with all other states,

    delta rho = sum_n (f_n - theta_n) i |y_n><n| + h.c.,   |y_n> = Q (e_n - H)^-2 Q v |n>,

Q projecting on the states outside the window, and by the pairs within it.  The intraband response
is sum_n f'_n v_n <n|n(mu)|n> (Eq. 55) over the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..states.banded_system import BandedSystem
from ..states.eigenpairs import DEGENERACY
from ..states.near_states import LocalMatrix, states_within, with_velocities
from ..states.occupations import fermi_dirac, fermi_slope

# Half width of the window in units of the temperature: f differs from 0 or 1 by rounding beyond.
WINDOW = 38.0
# The gap that the contour passes is looked for so many temperatures around the level.
AROUND = 4.0


@dataclass(frozen=True)
class ThermalWindow:
    """States of the window at one k.

    energy, velocity : (state,), in t0 and t0 a;  vectors : (row, state)
    center, half : middle and half width of the gap between filled and empty states, in t0
    """

    energy: np.ndarray
    velocity: np.ndarray
    vectors: np.ndarray
    center: float
    half: float


def thermal_window(
    system: BandedSystem, k: float, level: float, temperature: float, count: int
) -> ThermalWindow | None:
    """The ``count`` states of the window at one k; None if they are not found."""
    reach = WINDOW * temperature
    found = states_within(system.matrix("hamiltonian", k), level - reach, level + reach, count)
    if found is None:
        return None
    energy, vectors = found
    vectors, speed = with_velocities(energy, vectors, system.matrix("slope", k))
    around = AROUND * temperature
    inside = energy[np.abs(energy - level) < around]
    levels = np.concatenate(([level - around], inside, [level + around]))
    widest = int(np.argmax(np.diff(levels)))
    center = 0.5 * (levels[widest] + levels[widest + 1])
    half = float(np.abs(energy - center).min(initial=reach))
    return ThermalWindow(energy, speed, vectors, center, half)


def of_window(
    system: BandedSystem, k: float, window: ThermalWindow, level: float, temperature: float
) -> np.ndarray:
    """Intraband response of the window, and what it adds to the interband, (definition, 2, row)."""
    hamiltonian, velocity = (system.matrix(name, k) for name in ("hamiltonian", "velocity"))
    kernels = [system.matrix(name, k) for name in system.kernels]
    u, energy = window.vectors, window.energy
    slope = fermi_slope(energy, level, temperature) * window.velocity
    result = np.zeros((len(kernels), 2, system.rows))
    for number, kernel in enumerate(kernels):
        result[number, 0] = (u.conj() * kernel.apply(u)).real @ slope
    if system.is_real:
        return result
    excess = fermi_dirac(energy, level, temperature) - (energy < window.center)
    moved = velocity.apply(u)
    inside = u.conj().T @ moved
    outside = np.empty(u.shape, dtype=complex)
    for n in range(len(energy)):
        part = moved[:, [n]]
        for _ in range(2):
            part = part - u @ (u.conj().T @ part)
            part = -hamiltonian.solve(energy[n], part)
        outside[:, n] = (part - u @ (u.conj().T @ part))[:, 0]
    difference = energy[:, None] - energy
    near = np.abs(difference) < DEGENERACY
    over = np.where(near, 0.0, 1 / np.where(near, 1.0, difference))
    # delta rho = u R u+ inside the window.
    pairs = -1j * inside * (excess[:, None] - excess) * over**2
    mixed = 1j * outside * excess
    for number, kernel in enumerate(kernels):
        result[number, 1] = _rows(kernel, u, mixed)
        result[number, 1] += np.einsum("in,in->i", kernel.apply(u @ pairs), u.conj()).real
    return result


def _rows(kernel: LocalMatrix, u: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    """Re of the diagonal of K (sum_n |m_n><n| + h.c.), (row,), with u, mixed (row, state)."""
    forth = np.einsum("in,in->i", kernel.apply(mixed), u.conj())
    back = np.einsum("in,in->i", kernel.apply(u), mixed.conj())
    return (forth + back).real
