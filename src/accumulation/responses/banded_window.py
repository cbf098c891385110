"""States next to the Fermi energy at one k, one by one, beside the levels that a contour fills.

With the levels below E filled, theta, a state n of a window around the Fermi energy has
f_n - theta_n too many electrons.  It changes the interband response by its pairs with all others,

    delta rho = sum_n (f_n - theta_n) i |y_n><n| + h.c.,   |y_n> = Q (e_n - H)^-2 Q v |n>,

Q projecting on the states outside the window, and by the pairs within it.  The intraband response
is sum_n f'_n v_n <n|n(mu)|n> (Eq. 55) over the window.

At T = 0 this serves levels e of edge states close to E on both sides, which leave the contour terms
of order 1 / e^3 that cancel: E is put beside them, and their occupations are mended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..states.banded_system import BandedSystem
from ..states.eigenpairs import DEGENERACY
from ..states.near_states import LocalMatrix, states_near, states_within, with_velocities
from ..states.occupations import fermi_dirac, fermi_slope

# Half width of the window in units of the temperature: f differs from 0 or 1 by rounding beyond.
WINDOW = 38.0
# The gap that the contour passes is looked for so many temperatures around the level.
AROUND = 4.0
# Half gaps below this fraction of the bound cost the contour digits where few levels are near, at
# most so many, and no others up to so many times farther.
ISOLATED, FEW, FARTHER = 0.03, 6, 4.0
# Reaches that are tried, each FARTHER times smaller than the one before.
REACHES = 13
# Rounding of a velocity between two states, relative to the bound of the spectrum over their gap.
ROUNDING, CROSSING = 2.3e-16, 10.0
# Residual of a state that has been found, relative to the bound.
FOUND = 1e-11


@dataclass(frozen=True)
class Window:
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
) -> Window | None:
    """The ``count`` states of the window at one k; None if they are not found."""
    reach = WINDOW * temperature
    found = states_within(system.matrix("hamiltonian", k), level - reach, level + reach, count)
    if found is None:
        return None
    return _window(system, k, level, *found, reach, AROUND * temperature)


def isolated_levels(
    system: BandedSystem, k: np.ndarray, level: float, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reach (k,) of windows around a small gap that few levels share, and their numbers (k,).

    No others are within FARTHER times the reach.  Both are zero where there is no such window.

    Parameters
    ----------
    k : (k,), in 1/a;  level : in t0;  half : (k,) half widths of the gaps there, in t0
    """
    reach, count = np.zeros(len(k)), np.zeros(len(k), dtype=int)
    small = np.flatnonzero(half < ISOLATED * system.scale)
    if not len(small):
        return reach, count
    tried = system.scale / FARTHER ** np.arange(1, 1 + REACHES)
    energies = level + np.concatenate((-tried, tried)) * np.ones((len(small), 1))
    below, above = np.split(system.levels_below(k[small], energies), 2, axis=1)
    inside = above - below
    fits = (inside[:, 1:] > 0) & (inside[:, 1:] <= FEW) & (inside[:, 1:] == inside[:, :-1])
    first = np.argmax(fits, axis=1)
    chosen = np.arange(len(small))
    found = fits[chosen, first]
    reach[small] = np.where(found, tried[1 + first], 0.0)
    count[small] = np.where(found, inside[chosen, 1 + first], 0)
    return reach, count


def isolated_window(
    system: BandedSystem, k: float, level: float, reach: float, count: int
) -> Window | None:
    """The ``count`` states within ``reach`` of a level at one k: see :func:`isolated_levels`.

    None if they are not found.
    """
    hamiltonian = system.matrix("hamiltonian", k)
    energy, vectors = states_near(hamiltonian, level, count, system.scale)
    rest = hamiltonian.apply(vectors) - vectors * energy
    if np.abs(rest).max() > FOUND * system.scale or np.abs(energy - level).max() > reach:
        return None
    farthest = FARTHER * reach
    return _window(system, k, level, energy, vectors, farthest, farthest)


def _window(system, k, level, energy, vectors, reach, around) -> Window:
    """Window of states, the contour passing the widest gap within ``around`` of the level."""
    vectors, speed = with_velocities(energy, vectors, system.matrix("slope", k))
    inside = energy[np.abs(energy - level) < around]
    levels = np.concatenate(([level - around], inside, [level + around]))
    widest = int(np.argmax(np.diff(levels)))
    center = 0.5 * (levels[widest] + levels[widest + 1])
    half = float(np.abs(energy - center).min(initial=reach))
    return Window(energy, speed, vectors, center, half)


def of_window(
    system: BandedSystem, k: float, window: Window, level: float, temperature: float
) -> np.ndarray:
    """What the window adds to both processes, and the error, (definition, 2, row + 1).

    Intraband, none at T = 0, and interband rows; the last column is a bound of their rounding.
    """
    hamiltonian, velocity = (system.matrix(name, k) for name in ("hamiltonian", "velocity"))
    kernels = [system.matrix(name, k) for name in system.kernels]
    u, energy = window.vectors, window.energy
    result = np.zeros((len(kernels), 2, system.rows + 1))
    if temperature > 0:
        slope = fermi_slope(energy, level, temperature) * window.velocity
        for number, kernel in enumerate(kernels):
            result[number, 0, :-1] = (u.conj() * kernel.apply(u)).real @ slope
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
    change = excess[:, None] - excess
    mixed = 1j * outside * excess
    # States mix by the rounding where both are, over their gap; bands that mix by no more cross.
    speed, overlap = np.diagonal(inside).real, np.abs(u).T @ np.abs(u)
    rounding = ROUNDING * system.scale * overlap * np.abs((speed[:, None] - speed) * over)
    avoiding = np.abs(inside) > CROSSING * rounding
    weight = np.where(avoiding, change * over**2, 0.0)
    pairs, doubt = -1j * inside * weight, np.abs(rounding * weight)
    for number, kernel in enumerate(kernels):
        applied = kernel.apply(u)
        result[number, 1, :-1] = _rows(kernel, u, mixed)
        result[number, 1, :-1] += np.einsum("in,in->i", applied @ pairs, u.conj()).real
        uncertain = np.einsum("in,in->i", np.abs(applied) @ doubt, np.abs(u))
        result[number, 1, -1] = uncertain.max(initial=0.0)
    return result


def _rows(kernel: LocalMatrix, u: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    """Re of the diagonal of K (sum_n |m_n><n| + h.c.), (row,), with u, mixed (row, state)."""
    forth = np.einsum("in,in->i", kernel.apply(mixed), u.conj())
    back = np.einsum("in,in->i", kernel.apply(u), mixed.conj())
    return (forth + back).real
