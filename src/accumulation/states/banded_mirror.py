"""Symmetries that take k to -k, of systems of which only elements near the diagonal are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..lattice.row_blocks import GENERIC
from .banded_system import BandedSystem

# Elements that differ by less, relative to the largest, are equal.
EQUAL = 1e-11
# Wave vectors closer than this, in 1/a, are the same.
SAME = 1e-12


@dataclass(frozen=True)
class Mirror:
    """H(-k) = H(k)[order][:, order], conjugated or not, and the kernels alike up to a sign.

    order : (row,) int;  conjugate : whether the matrices at k are conjugated
    sign : (definition,) +1 or -1, of the kernels
    """

    order: np.ndarray
    conjugate: bool
    sign: np.ndarray

    @property
    def factors(self) -> np.ndarray:
        """Factors (definition, 2) of the response at -k, intraband and interband.

        The velocity changes its sign.  What filled bands add, -i v_nm times a real number, is
        conjugated once more with the matrices.
        """
        interband = self.sign if self.conjugate else -self.sign
        return np.stack((-self.sign, interband), axis=1).astype(float)


def mirror_of(system: BandedSystem, y: np.ndarray) -> Mirror | None:
    """The symmetry of a system with rows at y (row,), in a, if its kernels share one."""
    m = system.matrices
    size = m.rows
    keep = np.arange(size)
    keys = m.row * size + m.column
    place = np.argsort(keys)
    names = ("hamiltonian", "velocity", *system.kernels)
    k = GENERIC * np.pi
    at_k, at_minus = ([m.values(name, q) for name in names] for q in (k, -k))
    for order in (keep, keep[::-1], np.argsort(-np.round(y, 8), kind="stable")):
        wanted = order[m.row] * size + order[m.column]
        found = place[np.minimum(np.searchsorted(keys[place], wanted), len(keys) - 1)]
        if np.any(keys[found] != wanted):
            continue
        for conjugate in (True, False):
            images = [part[:, found].conj() if conjugate else part[:, found] for part in at_k]
            signs = [_sign(*pair) for pair in zip(at_minus, images, strict=True)]
            if signs[0] == 1 and signs[1] in (-1, 0) and None not in signs[2:]:
                return Mirror(order, conjugate, np.array(signs[2:]))
    return None


def _sign(values: np.ndarray, image: np.ndarray) -> int | None:
    """+1 or -1 if ``values`` are so many times their ``image`` (k, element); 0 if both vanish."""
    largest = np.abs(values).max(initial=0.0)
    if not largest and not np.abs(image).max(initial=0.0):
        return 0
    for sign in (1, -1):
        if np.abs(values - sign * image).max(initial=0.0) <= EQUAL * largest:
            return sign
    return None


def halved(
    function: Callable[[np.ndarray], np.ndarray],
    k: np.ndarray,
    mirror: Mirror | None,
    factors: np.ndarray,
) -> np.ndarray:
    """``function`` (k) as (node, process, row + 1), at only one of each k and -k.

    Parameters
    ----------
    k : (node,), in 1/a;  factors : (process,), of the rows at -k; the last column is an error
    """
    if mirror is None or len(k) < 2:
        return function(k)
    order = np.argsort(k, kind="stable")
    near = np.minimum(np.searchsorted(k[order], -k - SAME), len(k) - 1)
    partner = order[near]
    copied = (k > SAME) & (np.abs(k[partner] + k) <= SAME)
    if not copied.any():
        return function(k)
    own = np.flatnonzero(~copied)
    values_there = function(k[own])
    values = np.empty((len(k), *values_there.shape[1:]))
    values[own] = values_there
    there = values[partner[copied]]
    there[..., :-1] = factors[:, None] * there[..., :-1][..., mirror.order]
    values[copied] = there
    return values
