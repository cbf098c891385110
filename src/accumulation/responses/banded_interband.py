"""Interband response of wide systems from resolvents, in time proportional to the width.

The levels below an energy E in a gap at k respond to a field along x with (S22, Eqs. 55, 58)

    delta rho_nm = -i v_nm (f_n - f_m) / (e_n - e_m)^2,

which is the integral (i/2) of G^2 v G - G v G^2, dz / 2 pi i, over a contour around these levels:
the line Re z = E, of which G(z*) = G(z)^+ leaves the upper half.

A Fermi function adds what its levels near E change: the contour would also pick up its slope,
i v_nm (f'_n + f'_m) / 2 (e_n - e_m), which belongs to neither process.  So the levels below E are
filled, and the states in the thermal window, found one by one, are given their occupation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..states.banded_system import BandedSystem
from ..states.chunks import in_order
from ..states.level_counts import BEYOND, gap_around
from ..states.selected_inversion import commutator_blocks
from ..states.step_contour import convergence, imaginary_points, points_needed

# Memory of the blocks that one batch of the recursion stores, in bytes, and points of a batch.
MEMORY, BATCH = 2e8, 320
# Margin of the estimated error.
MARGIN = 10.0


@dataclass(frozen=True)
class BandedResponse:
    """Response of the levels below an energy at each k.

    values : (k, definition, row), per unit field e E
    error : (k, definition) of any row, by the contour and by rounding
    size : (k, definition), largest sum of the magnitudes of the terms of a row: they leave rounding
    """

    values: np.ndarray
    error: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class Gaps:
    """Gaps at each k: middle ``center`` (k,) and half width ``half`` (k,), in t0."""

    center: np.ndarray
    half: np.ndarray

    def part(self, selected) -> Gaps:
        """Those of some k."""
        return Gaps(self.center[selected], self.half[selected])


def gaps_at(system: BandedSystem, k: np.ndarray, level: float, threads: int = 1) -> Gaps:
    """The gap around a level, in t0, at each k (k,), to within a factor of two."""

    # Beyond all levels one energy is as good as another.
    level = float(np.clip(level, -BEYOND * system.scale, BEYOND * system.scale))

    def of_batch(batch):
        at = k[batch]
        h = system.blocks("hamiltonian", at)
        _, below, above = gap_around(h, np.full(len(at), level), system.scale)
        return level + 0.5 * (above - below), 0.5 * (above + below)

    parts = in_order(of_batch, batches(system, len(k)), threads)
    return Gaps(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def batches(system: BandedSystem, count: int) -> list[slice]:
    """Slices of k whose blocks fit into memory at all points of a contour."""
    m = system.matrices
    of_point = 8 * 16 * m.blocks * m.size**2
    step = max(1, int(min(BATCH, MEMORY / of_point) / points_needed(1e-2, 2.0)))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def filled_response(
    system: BandedSystem, k: np.ndarray, gaps: Gaps, threads: int = 1
) -> BandedResponse:
    """Response of the levels below the middle of the gap at each k (k,), in 1/a."""

    def of_batch(batch):
        return _of_batch(system, k[batch], gaps.part(batch))

    parts = in_order(of_batch, batches(system, len(k)), threads)
    columns = zip(*((part.values, part.error, part.size) for part in parts), strict=True)
    return BandedResponse(*(np.concatenate(column) for column in columns))


def _of_batch(system: BandedSystem, k: np.ndarray, gaps: Gaps) -> BandedResponse:
    h, v = (system.blocks(name, k) for name in ("hamiltonian", "velocity"))
    kernels = [system.blocks(name, k) for name in system.kernels]
    width = np.maximum(system.scale + np.abs(gaps.center), gaps.half)
    count = max(points_needed(g, w) for g, w in zip(gaps.half, width, strict=True))
    distance, weight = imaginary_points(gaps.half, width, count)
    coarse = np.zeros_like(weight)
    coarse[:, 1::3] = 3 * weight[:, 1::3]
    beside = any(np.any(part) for kernel in kernels for part in kernel[1:])
    points = gaps.center[:, None] + 1j * distance
    sums = commutator_blocks(h, v, points, np.stack((weight, coarse)), beside)
    # (i/2) dz / 2 pi i = i dy / 4 pi
    diagonal, above = (1j / (4 * np.pi) * part for part in sums)
    # Three times as many points have the third power of the factor of convergence.
    factor = convergence(gaps.half, width, count // 3)
    # No electron is gained or lost, but by rounding.
    gained = np.abs(np.einsum("niik->k", diagonal[:, 0]))
    values, errors, sizes = [], [], []
    for kernel in kernels:
        fine, third = (
            _contracted(system, kernel, diagonal[:, number], above[:, number]) for number in (0, 1)
        )
        change = np.abs(fine - third).max(axis=1, initial=0.0)
        magnitudes = [np.abs(part) for part in kernel]
        terms = _contracted(system, magnitudes, np.abs(diagonal[:, 0]), np.abs(above[:, 0]))
        values.append(fine)
        rounding = gained * max(np.abs(part).max(initial=0.0) for part in kernel)
        errors.append(change * np.minimum(MARGIN * factor**2, 1.0) + rounding)
        sizes.append(terms.max(axis=1, initial=0.0))
    return BandedResponse(*(np.stack(parts, axis=1) for parts in (values, errors, sizes)))


def _contracted(system: BandedSystem, kernel, diagonal, above) -> np.ndarray:
    """Rows (k, row) of Re sum_nu K_mu,nu rho_nu,mu of a Hermitian rho.

    Parameters
    ----------
    kernel : blocks of K
    diagonal, above : blocks (block, i, j, k) of rho, none above if K has none there
    """
    rows = np.einsum("nijk,njik->nik", kernel[0], diagonal).real
    if len(above):
        rows[:-1] += np.einsum("nijk,nijk->nik", kernel[1], above.conj()).real
        rows[1:] += np.einsum("nijk,njik->nik", kernel[2], above).real
    return system.matrices.rows_from(rows)
