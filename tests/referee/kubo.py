"""Kubo sums of one ribbon in pair form: the density that a field along x accumulates, row by row.

intraband   (per e E tau)  sum_n int dk/2pi f'(e_n) v_n <n|O(mu)|n>
interband   (per e E)      sum_{n<m} int dk/2pi D_nm / (e_n - e_m) 2 Re[i <n|O(mu)|m> <m|v|n>],
                           D_nm = (f_n - f_m) / (e_n - e_m)

The second is Eqs. 17, 55 for both orders of a pair, finite where levels meet.  States within
``ONE_LEVEL`` are one level: their whole block is intraband.
"""

from __future__ import annotations

import numpy as np

from .ribbon import CORRECTED, ONE_LEVEL, Ribbon

QUANTITIES = ("charge", "spin", "circulation", "local", "operator")
# Kernels of the sums: one, those of circulation and local, and the operator of the sites.
KERNELS = 4
PROCESSES = ("intraband", "interband")
# Memory of the pair elements of one call, in complex numbers.
CHUNK = 1_500_000
# Pairs further apart than this (in t0) have no noise to speak of.
NOISY = 1e-2


def slope(energy, level, kt):
    """df/d energy; 0 at zero temperature, where the intraband part is a sum over Fermi points."""
    if kt == 0:
        return np.zeros_like(energy)
    x = np.clip((energy - level) / (2 * kt), -340, 340)
    return -0.25 / kt / np.cosh(x) ** 2


def filling(energy, level, kt, on_level=0.0):
    """Occupation; at zero temperature 1/2 within ``on_level`` of the level.

    Only a flat band has it at more than one k: at an edge even 1e-13 is 3e-7 of k, which a pair
    1e-7 apart shows.
    """
    if kt == 0:
        return np.where(np.abs(energy - level) <= on_level, 0.5, (energy < level) * 1.0)
    return 0.5 * (1 - np.tanh((energy - level) / (2 * kt)))


def difference(a, b, level, kt):
    """D(a, b) = (f(a) - f(b)) / (a - b), its limit f' where the energies agree."""
    gap = a - b
    near = np.abs(gap) < max(kt, 0)
    with np.errstate(all="ignore"):
        far = (filling(a, level, kt) - filling(b, level, kt)) / gap
        if kt == 0:
            return np.where(np.abs(gap) > 0, far, 0.0)
        x, y = (np.clip((e - level) / (2 * kt), -340, 340) for e in (a, b))
        d = np.where(near, gap / (2 * kt), 1.0)
        ratio = np.where(np.abs(d) < 1e-4, 1 + d * d / 6, np.sinh(d) / d)
        close = -ratio / (4 * kt * np.cosh(x) * np.cosh(y))
    return np.where(near, close, far)


def _left(ribbon, u, v):
    """(k, kernel, row, band): u, K u for circulation and local, and the site operator times u."""
    y = ribbon.y[:, None]
    vu = v @ u
    moments = -0.5 * (y * vu + v @ (y * u)), -0.5 * y * vu
    return np.stack((u, *moments, ribbon.operator @ u), axis=1)


def state_densities(ribbon: Ribbon, k):
    """Levels (k, band), slopes, and O_nn (k, kernel, row, band) of each state by itself."""
    e, u, v = ribbon.states(k)
    left = _left(ribbon, u, v)
    speed = np.einsum("kin,kin->kn", u.conj(), v @ u).real
    return e, speed, (left * u.conj()[:, None]).real


class PairElements:
    """Integrand of one ribbon for several (level, temperature) at once."""

    def __init__(self, ribbon: Ribbon, states: list[tuple[float, float]]):
        self.ribbon, self.states = ribbon, states
        self.one, self.two = np.triu_indices(ribbon.size, 1)
        # (process, state, kernel)
        self.shape = (2, len(states), KERNELS)

    def __call__(self, k):
        """(k, process * state * kernel, row + 1), the last the noise of the others."""
        n = self.ribbon.size
        per = max(1, CHUNK // (KERNELS * n * max(n, len(self.one))))
        parts = [self._part(k[i : i + per]) for i in range(0, len(k), per)]
        return np.concatenate(parts)

    def _part(self, k):
        rows = self.ribbon.size
        e, u, v = self.ribbon.states(k)
        left, right = _left(self.ribbon, u, v), u.conj()[:, None]
        element = u.conj().transpose(0, 2, 1) @ (v @ u)
        one, two = self.one, self.two
        diagonal = np.einsum("knn->kn", element).real
        alone = (left * right).real * diagonal[:, None, None]
        out = np.zeros((len(k), *self.shape, rows + 1))
        if len(one):
            across = element[:, one, two][:, None, None]
            forth = left[..., one] * across * right[..., two]
            back = left[..., two] * across.conj() * right[..., one]
            block = e[:, two] - e[:, one] < ONE_LEVEL
            if block.any():
                here, pair = np.nonzero(block)
                for i, p in zip(here, pair, strict=True):
                    alone[i, :, :, two[p]] += forth[i, :, :, p].real
                    alone[i, :, :, one[p]] += back[i, :, :, p].real
            pairs = (back.imag - forth.imag).reshape(len(k), KERNELS * rows, -1)
            gap = np.where(block, np.inf, e[:, two] - e[:, one])
            weight = np.stack(
                [difference(e[:, one], e[:, two], *state) / gap for state in self.states], axis=2
            )
            value = (pairs @ weight).reshape(len(k), KERNELS, rows, -1)
            out[:, 1, ..., :-1] = value.transpose(0, 3, 1, 2)
            out[:, 1, ..., -1] = self._noise(gap, diagonal, weight, left, right)
        weight = np.stack([slope(e, *state) for state in self.states], axis=2)
        value = (alone.reshape(len(k), KERNELS * rows, -1) @ weight).reshape(
            len(k), KERNELS, rows, -1
        )
        out[:, 0, ..., :-1] = value.transpose(0, 3, 1, 2)
        return out.reshape(len(k), -1, rows + 1) / (2 * np.pi)

    def _noise(self, gap, speed, weight, left, right):
        """(k, state, kernel) error of the pair sum by rounding of H.

        H wrong by eps mixes a pair by eps / gap, its velocity element by the difference of the two
        velocities times that.  Extended precision has 5e-20; signs that vary make the sum smaller,
        as sequences of falling temperatures show.
        """
        out = np.zeros((len(gap), *self.shape[1:]))
        here, pair = np.nonzero(np.abs(gap) < NOISY)
        one, two = self.one[pair], self.two[pair]
        eps = np.where(np.abs(gap[here, pair]) < CORRECTED, 1e-20, 1e-16)
        mixed = eps * np.abs((speed[here, one] - speed[here, two]) / gap[here, pair])
        # The corrected states are rounded too.
        mixed += 1e-16 * np.abs(speed[here]).max(axis=1)
        bra, ket = right[here, 0, :, two], left[here, :, :, one]
        largest = np.abs(bra[:, None] * ket).max(axis=2)
        errors = np.abs(weight[here, pair])[:, :, None] * (mixed[:, None] * largest)[:, None]
        np.add.at(out, here, errors)
        return out
