"""Matrix elements of a density on a mesh of the zone, half of it by symmetry where there is one.

A symmetry that takes k to -k (:attr:`.bloch.BlochMatrix.reversal`) relates the states at both, and
so, up to a sign for each, the density <n|n(mu)|n> and the polarizability b_n(mu): b_n(mu, -k) =
+-b_n(P mu, k).  The sign is a property of the density.  It is taken from both sides of a few k, and
where these do not agree every k is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..states import compiled
from ..states.chunks import MATRICES, over_chunks
from ..states.eigenpairs import Eigenpairs, overlap, solve
from ..states.eigenstates import KernelFunction, States
from .matrix_elements import matrix_elements

# Elements at k and -k that differ by less, relative to the largest, are related by symmetry.
RELATED = 1e-9
# Where the signs are taken, as fractions of half the mesh, and the smallest mesh worth it.
SAMPLES, LEAST = (0.137, 0.481, 0.853), 24

# Signs of density and polarizability, by indices (definition, gauge).
Signs = dict[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class ZoneElements:
    """density, polarizability : (definition, gauge, k, band, row)
    moment : (definition, gauge, k, band), the density summed over rows;  center : (k, band), in a
    """

    density: np.ndarray
    polarizability: np.ndarray
    moment: np.ndarray
    center: np.ndarray


def zone_elements(
    bloch: BlochMatrix,
    k: np.ndarray,
    eigenpairs_at: Callable[[slice | np.ndarray], Eigenpairs],
    kernel: KernelFunction,
    definitions: list[str],
    gauges: list[str],
    threads: int = 1,
) -> ZoneElements:
    """Densities and polarizabilities of every state of a mesh.

    Parameters
    ----------
    k : (k,), in 1/a, a mesh that contains -k for every k, or the one k of a flake
    eigenpairs_at : eigenstates on a slice of the mesh, those at -k the images of those at k where
        the Bloch matrix has a reversal
    kernel : function (states, definition) of a density
    """
    shape = (len(definitions), len(gauges), len(k), bloch.size, bloch.size)
    # In memory rows come before bands, as in the eigenvectors, which avoids transposed copies.
    # np.zeros takes no memory where the polarizability vanishes identically and nothing is written,
    # which a real H(k) suggests.
    density, interband = np.empty(shape), (np.zeros if bloch.is_real else np.empty)(shape)
    moment, center = np.empty(shape[:-1]), np.empty((len(k), bloch.size))

    def elements_at(part):
        return _elements(eigenpairs_at(part), bloch, kernel, definitions, gauges)

    signs = _signs(bloch, k, elements_at)
    order = bloch.reversal[0] if signs and bloch.reversal else None
    places = bloch.y[None] if order is None else np.stack((bloch.y, bloch.y[np.argsort(order)]))

    def fill(part):
        states, parts = elements_at(part)
        # k = 0 of an odd mesh is its own image.
        with_image = slice(part.start, min(part.stop, len(k) // 2))
        for (d, g), both in parts.items():
            for i, (values, out) in enumerate(zip(both, (density, interband), strict=True)):
                if values is None and bloch.is_real:
                    continue
                out[d, g, part] = 0.0 if values is None else np.swapaxes(values, -1, -2)
                if order is not None and signs is not None:
                    compiled.reflect(out[d, g], order, signs[d, g][i], with_image)
            moment[d, g, part] = both[0].sum(axis=-1)
            if order is not None and signs is not None:
                moment[d, g, ::-1][with_image] = signs[d, g][0] * moment[d, g, with_image]
        here = places @ overlap(states.eigenvector, states.eigenvector)
        if order is not None:
            center[::-1][part] = here[:, 1]
        center[part] = here[:, 0]

    # The middle of an odd mesh, k = 0, is its own partner and is computed too.
    points = len(k) if order is None else (len(k) + 1) // 2
    # The compiled module works on one k after the other.
    matrices = 2 if compiled.MODULE else MATRICES
    over_chunks(fill, points, bloch.size, threads, light=bloch.is_real, matrices=matrices)
    by_band = np.swapaxes(density, -1, -2), np.swapaxes(interband, -1, -2)
    return ZoneElements(*by_band, moment, center)


def conjugation_signs(
    bloch: BlochMatrix,
    conjugate: BlochMatrix,
    kernel: KernelFunction,
    definitions: list[str],
    gauges: list[str],
) -> Signs | None:
    """Signs that density and polarizability get if H(k) is replaced by H(-k)* (time reversal).

    Parameters
    ----------
    bloch, conjugate : of a periodic system, and of the one whose amplitudes are complex conjugate
    kernel : function (states, definition) of a density

    Returns
    -------
    Signs at -k by indices (definition, gauge), None where the elements are not related like this
    """
    keep = np.arange(bloch.size)
    signs: dict = {}
    for fraction in SAMPLES[:2]:
        k = np.array([np.pi * fraction / bloch.period])
        here, there = (
            _elements(solve(one, at), one, kernel, definitions, gauges)[1]
            for one, at in ((bloch, k), (conjugate, -k))
        )
        signs = _agreeing(signs, here, there, keep)
    return _chosen(signs)


def _elements(pairs: Eigenpairs, bloch: BlochMatrix, kernel, definitions, gauges):
    """States in the first gauge, and matrix elements by indices (definition, gauge)."""
    states = [States(pairs, bloch, gauge) for gauge in gauges]
    parts = {
        (d, g): matrix_elements(one, kernel(one, name))
        for g, one in enumerate(states)
        for d, name in enumerate(definitions)
    }
    return states[0], parts


def _signs(bloch, k, elements_at) -> Signs | None:
    """Signs of density and polarizability at -k by definition and gauge, None without symmetry."""
    if len(k) < LEAST or bloch.reversal is None:
        return None
    order = bloch.reversal[0]
    i = np.array([int(fraction * (len(k) // 2)) for fraction in SAMPLES])
    both = elements_at(np.concatenate((i, len(k) - 1 - i)))[1]
    here, there = (
        {
            key: tuple(None if part is None else part[half] for part in parts)
            for key, parts in both.items()
        }
        for half in (slice(len(i)), slice(len(i), None))
    )
    return _chosen(_agreeing({}, here, there, order))


def _agreeing(signs: dict, here: dict, there: dict, order: np.ndarray) -> dict:
    """Those of the signs, sets by definition and gauge, that relate the elements at two k."""
    left = {}
    for key in here:
        possible = [
            _possible(one, other, order) for one, other in zip(here[key], there[key], strict=True)
        ]
        before = signs.get(key, [{1, -1}, {1, -1}])
        left[key] = [a & b for a, b in zip(before, possible, strict=True)]
    return left


def _chosen(signs: dict) -> Signs | None:
    """One sign of each set; None if a set is empty."""
    if any(not options for pair in signs.values() for options in pair):
        return None
    return {key: (max(pair[0]), max(pair[1])) for key, pair in signs.items()}


def _possible(one, other, order) -> set[int]:
    """Signs with which elements at k are those at -k, both for elements that vanish."""
    if one is None or other is None:
        return {1, -1} if one is None and other is None else set()
    bound = RELATED * max(np.abs(one).max(), np.abs(other).max())
    return {sign for sign in (1, -1) if np.abs(other - sign * one[..., order]).max() <= bound}
