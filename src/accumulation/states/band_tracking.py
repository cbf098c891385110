"""Crossings of a band with a level inside a bracket, by its eigenvector or by its number.

Cubic interpolation of the bands gives each crossing to about spacing^4; inverse iteration or Newton
steps on the full spectrum give it to rounding.
"""

from __future__ import annotations

import numpy as np

from .eigenpairs import adjoint, expectation, solve
from .occupations import ON_LEVEL

# Two energies this close (in t0) at a Fermi point need a full diagonalisation.
CLOSE = 1e-6
# Newton steps along a band, and the step, as a fraction of a mesh interval, after which the root is
# exact to rounding.
MOST_STEPS, SETTLED = 2, 1e-6


def hermite_root(e0, e1, v0, v1) -> np.ndarray:
    """Root in [0, 1] of the cubic with these end values and slopes (point,), by Newton steps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.nan_to_num(e0 / (e0 - e1), nan=0.5, posinf=0.5, neginf=0.5)
        for _ in range(6):
            a, b = 1 - s, s
            value = e0 * (1 + 2 * s) * a**2 + e1 * (3 - 2 * s) * b**2
            value = value + v0 * s * a**2 - v1 * a * b**2
            slope = 6 * s * a * (e1 - e0) + v0 * a * (1 - 3 * s) + v1 * s * (3 * s - 2)
            s = np.clip(np.nan_to_num(s - value / slope, nan=0.5), 0.0, 1.0)
    return s


def follow(bloch, start, spacing, band, target, step, s, low, high):
    """Root and state by inverse iteration on a block of states next to the level.

    At the interpolated root the energy of the band is within about spacing^4 of the level, so a few
    solves with H - E_F isolate its state: two or three instead of as many diagonalisations.  A
    state is NaN where the result is not certain (another energy within ``CLOSE``, a long Newton
    step, a residual, a velocity of the wrong sign, a small matrix); then :func:`newton` is needed.
    Arguments are (point,), with ``start`` in 1/a and fractions s, low, high of the ``spacing``.
    """
    size = bloch.size
    failed = np.full((len(s), size), np.nan)
    if size < 16 or len(s) == 0:
        return s, failed
    block = np.random.default_rng(0).standard_normal((size, 3))
    identity = np.eye(size)
    certain = np.ones(len(s), dtype=bool)
    start_fraction = s
    settled = False
    for number in range(MOST_STEPS + 1):
        points = start + s * spacing
        h, slope = bloch.hamiltonian(points), bloch.velocity(points)
        # The offset makes the matrix regular if a state is exactly on the level.
        shifted = h - (target + 3e-13)[:, None, None] * identity
        try:
            block, _ = np.linalg.qr(bloch.solve(shifted, block))
        except np.linalg.LinAlgError:
            return s, failed
        ritz, mix = np.linalg.eigh(adjoint(block) @ (h @ block))
        block = block @ mix
        nearest = np.argmin(np.abs(ritz - target[:, None]), axis=1)
        index = np.arange(len(s))
        state = block[index, :, nearest]
        energy = ritz[index, nearest]
        speed = expectation(state[:, :, None], slope @ state[:, :, None])[:, 0]
        if settled or number == MOST_STEPS:
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.nan_to_num((target - energy) / (speed * spacing), nan=np.inf)
        certain &= (np.abs(shift) < 0.05) & (s + shift > low) & (s + shift < high)
        s = np.where(certain, s + shift, s)
        settled = bool(np.abs(shift[certain]).max(initial=0.0) < SETTLED)
    ritz[index, nearest] = np.inf
    certain &= np.abs(ritz - target[:, None]).min(axis=1) > CLOSE
    residual = (h @ state[:, :, None])[:, :, 0] - energy[:, None] * state
    certain &= (np.abs(residual).max(axis=1) < 1e-10) & (np.abs(energy - target) < ON_LEVEL)
    certain &= speed * step < 0
    return np.where(certain, s, start_fraction), np.where(certain[:, None], state, np.nan)


def newton(bloch, start, spacing, band, target, step, s, low, high):
    """Roots by safeguarded Newton steps on the full spectrum, where bands are known by number."""
    s, low, high = s.copy(), low.copy(), high.copy()
    # Whether the low end of each bracket is below the level (+1) or above it (-1).
    below = np.where(step < 0, 1.0, -1.0)
    active = np.arange(len(s))
    for _ in range(60):
        if len(active) == 0:
            break
        pair = solve(bloch, start[active] + s[active] * spacing)
        picked = (np.arange(len(active)), band[active])
        f, v = pair.energy[picked] - target[active], pair.velocity[picked] * spacing
        is_low = f * below[active] < 0
        low[active] = np.where(is_low, s[active], low[active])
        high[active] = np.where(is_low, high[active], s[active])
        with np.errstate(divide="ignore", invalid="ignore"):
            trial = s[active] - f / v
        inside = (trial >= low[active]) & (trial <= high[active])
        trial = np.where(inside, trial, 0.5 * (low[active] + high[active]))
        moved = np.abs(trial - s[active])
        s[active] = trial
        # Newton: the error after a step is its square times spacing * curvature / slope.
        active = active[(moved > 1e-5) & (high[active] - low[active] > 1e-14)]
    return s


def out_of_order(level, interval, band, step, s, by_state) -> np.ndarray:
    """Indices of crossings with the same level, interval and direction that are in wrong order.

    Of bands that rise through a level in one interval the highest crosses first, of falling bands
    the lowest.  Inverse iteration follows the nearest state, not the number of a band: where bands
    nearly cross between two mesh points it may find one root twice and miss the other.
    ``by_state`` (point,) marks the crossings that it found; all others are correct.
    """
    order = np.lexsort((band, step, interval, level))
    key = np.stack((level, interval, np.sign(step)))[:, order]
    starts_group = np.any(key[:, 1:] != key[:, :-1], axis=0)
    group = np.concatenate(([0], np.cumsum(starts_group)))
    wrong = ~starts_group & (step[order][1:] * np.diff(s[order]) < 1e-9)
    wrong &= by_state[order][1:] | by_state[order][:-1]
    return order[np.isin(group, group[1:][wrong])]


def ends_of_flat(bloch, start, spacing, band, target, at_right) -> np.ndarray:
    """Fraction of an interval at which bands that lie on the level at one end leave it, (point,).

    It is found by bisection, and is 0 or 1 for bands that only cross the level there.
    """
    fraction = at_right.astype(float)
    low, high = np.zeros(len(fraction)), np.ones(len(fraction))
    for _ in range(40 if len(fraction) else 0):
        middle = 0.5 * (low + high)
        energy = np.linalg.eigvalsh(bloch.hamiltonian(start + middle * spacing))
        on = np.abs(energy[np.arange(len(band)), band] - target) <= ON_LEVEL
        stays = on == at_right
        low, high = np.where(stays, low, middle), np.where(stays, middle, high)
    return np.where(np.abs(low - fraction) < 1e-6, fraction, low)
