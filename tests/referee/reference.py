"""Responses of one ribbon at one level and several temperatures, with errors of their own.

At a finite temperature: adaptive quadrature of the pair form, panels ending at Fermi points,
extrema and closest approaches of bands.  At zero temperature the limit T -> 0+ at fixed level:

intraband   sum over Fermi points; where states lie on the level without just crossing it, the jump
            of the density of the filled states across that k, extrapolated to no distance
interband   quadrature between Fermi points; where several levels meet on the level, the sequence of
            finite temperatures and what it tends to (or not)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .kubo import KERNELS, QUANTITIES, PairElements, filling, state_densities
from .levels import CLUSTER, EXACT, ON_LEVEL, Scan, crossings, meetings, scan
from .quadrature import integrate
from .ribbon import DEGENERATE, Ribbon

# Scales (per length a, natural units) below which differences are rounding.
FLOOR = 1e-3
# Temperatures of the sequence, falling by 4.
SEQUENCE = 4e-3 * 0.25 ** np.arange(6)
# A limit known this well, relative to the scale, is known.
DECIDED = 2e-5
# How far from a crossing the slopes of its bands are taken.
BESIDE = 1e-5
# A closest approach in this range is neither a crossing nor resolved.
UNCLEAR = (1e-11, 3e-8)


@dataclass
class Value:
    """One response: rows (quantity, row), error and scale (quantity,), and what the limit does.

    quantity : those of QUANTITIES;  scale : what 1e-4 refers to
    limit : "finite", "diverges" or "undecided", (quantity,)
    """

    rows: np.ndarray
    error: np.ndarray
    scale: np.ndarray
    limit: list


def responses(ribbon: Ribbon, level: float, temperatures, found: Scan | None = None) -> dict:
    """{(process, temperature): Value} of one level, temperatures including or not 0."""
    found = scan(ribbon) if found is None else found
    at = crossings(ribbon, found, level)
    sequence = SEQUENCE if at.meeting and 0 in temperatures else np.zeros(0)
    states = [(level, t) for t in temperatures if t > 0]
    if 0 in temperatures and not at.meeting:
        states.insert(0, (level + _aside(ribbon, at, level), 0.0))
    states += [(level, t) for t in sequence]
    elements = PairElements(ribbon, states)
    windows = _windows(ribbon, found, at, states)
    breaks = _breaks(ribbon, found, at, states, windows[0])
    zone = breaks[-1] - breaks[0]
    windows = (breaks[0] + np.mod(windows[0] - breaks[0], zone), windows[1])
    total, modulus, error = integrate(elements, breaks, FLOOR, windows)
    total, modulus, error = (
        _with_spin(a.reshape(*elements.shape, *a.shape[1:]), ribbon.spin, axis=2)
        for a in (total, modulus, error)
    )
    scale = _scale(total, modulus)
    unclear = _unclear(ribbon, found, states)
    out = {}
    for process, name in enumerate(("intraband", "interband")):
        for i, (_, t) in enumerate(states[: len(states) - len(sequence)]):
            verdict = "undecided" if unclear[i] else "finite"
            values = (a[process, i] for a in (total, error, scale))
            out[name, t] = Value(*values, [verdict] * len(QUANTITIES))
    if 0 in temperatures:
        out["intraband", 0.0] = _intraband_at_zero(ribbon, level, at)
        if at.meeting:
            falling = slice(len(states) - len(sequence), None)
            values = (a[1, falling] for a in (total, error, scale))
            out["interband", 0.0] = _limit(*values)
    return out


def _with_spin(values, spin, axis):
    """Kernels density, circulation, ... become charge, spin, circulation, ..."""
    density, rest = np.split(values, [1], axis=axis)
    # Errors have no rows.
    weighted = density * (spin if values.ndim > axis + 1 else np.abs(spin).max())
    return np.concatenate((density, weighted, rest), axis=axis)


def _scale(total, modulus):
    """What errors are relative to: the largest row, where symmetry makes that small a percent of
    the integral of the modulus, and never less than ``FLOOR``.
    """
    largest = np.maximum(np.abs(total).max(axis=-1), 1e-2 * modulus.max(axis=-1))
    return np.maximum(largest, FLOOR)


def _aside(ribbon, at, level) -> float:
    """Shift of a level that touches band edges, by their rounding, to the side without crossings.

    The limit has the whole edge on one side; rounding would fill some k next to it and not others.
    """
    sides = set()
    for k in at.special_k:
        middle, *around = ribbon.energies(np.array([k, k - 1e-4, k + 1e-4])) - level
        on = np.abs(middle) <= ON_LEVEL
        sides |= set(np.sign(np.array(around)[:, on]).ravel())
    # Below the level on both sides of the edge: a maximum, so the level belongs above it.
    return -2e-13 * sides.pop() if len(sides) == 1 else 0.0


def _unclear(ribbon, found, states) -> list:
    """States (level, temperature) for which a pair that hardly avoids crossing would matter."""
    low, high = UNCLEAR
    which = np.nonzero((found.close_gap > low) & (found.close_gap < high))[0]
    if len(which) == 0:
        return [False] * len(states)
    e, v = ribbon.levels(found.close_k[which] + 1e-6)
    energy = e[np.arange(len(which)), found.close_band[which]]
    # Levels that stay this close everywhere are not meant.
    v0 = ribbon.levels(found.close_k[which] - 1e-6)[1]
    at = np.arange(len(which)), found.close_band[which]
    sharp = np.abs(v[at] - v0[at]) > 1e-3
    return [bool((sharp & (np.abs(energy - s[0]) < 40 * s[1] + 1e-4)).any()) for s in states]


def _windows(ribbon, found, at, states):
    """Centres and half widths (window,) of intervals around exact crossings.

    Both states are smooth through it, but numerically a crossing is avoided by the rounding g of
    the Hamiltonian, and mixes by g / gap: nothing may be evaluated close to it.  As wide as the
    Fermi function is smooth.
    """
    level, coldest = states[0][0], min((t for _, t in states if t > 0), default=1e-3)
    zone = 2 * np.pi / ribbon.period
    # One of each, also where it is both the first and the last of the zone.  Those on the level are
    # known to rounding, others only as well as the scan found their gap, so the former come first.
    centre = np.zeros(0)
    for k in np.mod(np.concatenate((at.special_k, found.close_k[found.close_gap < EXACT])), zone):
        apart = np.abs(np.mod(centre - k + zone / 2, zone) - zone / 2)
        if apart.min(initial=zone) > 1e-7:
            centre = np.append(centre, k)
    centre = np.sort(centre)
    # Edges are among the special k too, and bands that are one everywhere among the close ones.
    energies = [meetings(ribbon, k) for k in centre]
    centre = centre[np.array([len(e) > 0 for e in energies], dtype=bool)]
    if len(centre) == 0:
        return centre, centre
    away = np.array([np.abs(e - level).min() for e in energies if len(e)])
    # Beside it: at a crossing itself the slopes are those of any mixture of the states.
    slopes = [np.abs(ribbon.levels(centre + x)[1]).max(axis=1) for x in (-BESIDE, BESIDE)]
    fastest = np.maximum(np.max(slopes, axis=0), 1e-9)
    wide = np.minimum(0.3 * np.maximum(3 * coldest, away) / fastest, 1e-3)
    others = (found.close_k[found.close_gap > EXACT], at.root_k, at.special_k)
    others = np.concatenate((np.mod(np.concatenate(others), zone), centre))
    for i, k in enumerate(centre):
        apart = np.abs(np.mod(others - k + zone / 2, zone) - zone / 2)
        wide[i] = min(wide[i], 0.3 * apart[apart > 1e-7].min(initial=zone))
    return centre, wide


def _breaks(ribbon, found, at, states, centre) -> np.ndarray:
    """Ends of panels over one zone, that starts between the centres of windows."""
    start = found.k[0]
    zone = 2 * np.pi / ribbon.period
    if len(centre):
        following = np.append(centre[1:], centre[0] + zone)
        widest = np.argmax(following - centre)
        start = 0.5 * (centre[widest] + following[widest]) - zone
    end = start + zone
    uniform = np.linspace(start, end, 20)
    level = states[0][0]
    cuts = [uniform, found.turning_k, found.close_k]
    for k, gap in zip(found.close_k, found.close_gap, strict=True):
        if 1e-11 < gap < 3e-2:
            width = gap * 4.0 ** np.arange(0, np.log(0.3 / gap) / np.log(4))
            cuts += [k - width, k + width]
    roots = np.concatenate((at.root_k, at.special_k))
    if len(roots):
        speed = np.full(len(roots), 1e-3)
        for side in (-BESIDE, BESIDE):
            e, v = ribbon.levels(roots + side)
            nearest = np.argmin(np.abs(e - level), axis=1)
            speed = np.maximum(speed, np.abs(v[np.arange(len(roots)), nearest]))
        for t in {s[1] for s in states}:
            cuts.append(roots)
            for multiple in (4, 14, 45) if t > 0 else ():
                width = np.minimum(multiple * t / speed, 0.1 * zone)
                width = width[width < 0.05 * zone]
                some = roots[multiple * t / speed < 0.05 * zone]
                cuts += [some - width, some + width]
    cuts = start + np.mod(np.concatenate(cuts) - start, zone)
    cuts = np.sort(np.concatenate((cuts, [start, end])))
    keep = np.diff(cuts, prepend=-np.inf) > 1e-12
    cuts = cuts[keep]
    cuts[-1] = end
    return cuts


def _intraband_at_zero(ribbon, level, at) -> Value:
    """-(1/2 pi) sum of sign(v) O over Fermi points, and the jumps at special k."""
    total = np.zeros((KERNELS, ribbon.size))
    modulus, error = np.zeros((KERNELS, ribbon.size)), np.zeros(KERNELS)
    special = list(at.special_k)
    if len(at.root_k):
        e, speed, density = state_densities(ribbon, at.root_k)
        row = np.arange(len(at.root_k))
        block = np.abs(e - e[row, at.root_band][:, None]) < DEGENERATE
        alone = block.sum(axis=1) == 1
        for i in np.nonzero(alone)[0]:
            part = -np.sign(speed[i, at.root_band[i]]) * density[i, :, :, at.root_band[i]]
            total += part
            modulus += np.abs(part)
        # Roots of one multiplet: the density of filled states jumps by all of it at once.
        rest = np.sort(at.root_k[~alone])
        special += list(rest[np.diff(rest, prepend=-np.inf) > 1e-7])
    others = np.sort(np.concatenate((at.root_k, at.special_k)))
    zone = 2 * np.pi / ribbon.period
    for k in special:
        apart = np.abs(np.mod(others - k + zone / 2, zone) - zone / 2)
        apart = apart[apart > CLUSTER].min(initial=0.5 * zone)
        jump, uncertain = _jump(ribbon, level, k, apart)
        total += jump
        modulus += np.abs(jump)
        error += uncertain
    total, modulus = total / (2 * np.pi), modulus / (2 * np.pi)
    total, modulus, error = (_with_spin(a, ribbon.spin, axis=0) for a in (total, modulus, error))
    return Value(
        total, error / (2 * np.pi) + 1e-10, _scale(total, modulus), ["finite"] * len(QUANTITIES)
    )


def _jump(ribbon, level, k, apart):
    """Jump of sum_n theta(level - e_n) O_nn across k, (kernel, row), and its uncertainty (kernel,).

    From distances at which every state that lies on the level at k (and is not flat) has left it,
    by a polynomial through them.
    """
    h = 1e-7
    while True:
        near = ribbon.energies(np.array([k - h, k + h])) - level
        on = np.abs(ribbon.energies(np.array([k])) - level)[0] < 1e-10
        moved = np.abs(near[:, on])
        # Flat states stay: as many as lie on the level a little further away too.
        further = np.abs(ribbon.energies(np.array([k - 0.37 * apart, k + 0.37 * apart])) - level)
        staying = int((further < 1e-10).sum(axis=1).min())
        if (np.sort(moved, axis=1)[:, staying:] > 1e-8).all() or 6 * h > 0.45 * apart:
            break
        h *= 2
    sides = np.sign(near[:, on])
    if on.sum() == 1 and sides[0, 0] == sides[1, 0]:
        # The edge of one band: the same states are filled on both sides, and each is continuous.
        return np.zeros((KERNELS, ribbon.size)), np.zeros(KERNELS)
    steps = np.arange(1, 7)
    x = np.concatenate((-h * steps, h * steps))
    e, _, density = state_densities(ribbon, k + x)
    theta = filling(e, level, 0.0, on_level=1e-10)
    sums = np.einsum("kqrn,kn->kqr", density, theta)
    jumps = sums[6:] - sums[:6]
    guesses = []
    for order in (4, 5, 6):
        matrix = np.vander(steps[:order].astype(float), order, increasing=True)
        guesses.append(np.tensordot(np.linalg.inv(matrix)[0], jumps[:order], axes=1))
    error = np.abs(guesses[2] - guesses[1]).max(axis=1) + 1e-9
    if 6 * h > 0.45 * apart:
        error = np.full_like(error, 1e3)
    return guesses[1] if h < 1e-5 else guesses[2], error


def _limit(rows, noise, scale) -> Value:
    """What values (temperature, kernel, row) at falling temperatures tend to.

    Powers sqrt(T), T, ... of band edges and Sommerfeld terms are fitted; a logarithm or a negative
    power shows in differences that do not fall.
    """
    limits, errors, verdicts = [], [], []
    for q in range(rows.shape[1]):
        size = scale[-1, q]
        # The lowest temperatures only as long as rounding leaves them their digits.
        usable = max(5, int((noise[:, q] < 3e-6 * size).sum()))
        t, value, rounding = SEQUENCE[:usable], rows[:usable, q], 3 * noise[usable - 1, q]
        steps = np.abs(np.diff(value, axis=0)).max(axis=1)
        ratio = steps[1:] / np.maximum(steps[:-1], 1e-300)
        guesses = []
        for part in (slice(-4, None), slice(-5, -1)):
            basis = np.stack([np.sqrt(t[part] / t[0]) ** p for p in range(3)], axis=1)
            guesses.append(np.linalg.lstsq(basis, value[part], rcond=None)[0][0])
        fitted = np.abs(guesses[0] - guesses[1]).max() + rounding
        settled = steps[-1] + rounding
        if ratio[-1] < 0.35:
            settled = 3 * steps[-1] * ratio[-1] + rounding
        falling = ratio[-1] < 0.7 and ratio[-2] < 0.8
        if settled < DECIDED * size or not fitted < settled:
            limits.append(value[-1])
            errors.append(settled)
        else:
            limits.append(guesses[0])
            errors.append(fitted)
        if errors[-1] < DECIDED * size and (falling or settled < DECIDED * size):
            verdicts.append("finite")
        elif (ratio[-2:] > 0.9).all() and steps[-1] > 1e-4 * size:
            verdicts.append("diverges")
        else:
            verdicts.append("undecided")
    size = np.maximum(np.abs(np.array(limits)).max(axis=1), 1e-2 * scale[-1])
    return Value(np.array(limits), np.array(errors), np.maximum(size, FLOOR), verdicts)
