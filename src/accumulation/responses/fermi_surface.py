"""The intraband response at zero temperature: a sum over Fermi points (Eqs. 55, 58)."""

from __future__ import annotations

import numpy as np

from ..states.band_extrema import AT_REST
from ..states.chunks import over_chunks
from ..states.eigenpairs import DEGENERACY, Eigenpairs
from ..states.eigenstates import States
from ..states.fermi_points import FermiPoints
from .integrands import ExactElements, MeshElements, by_region
from .matrix_elements import matrix_elements


def contributions(
    points: FermiPoints, exact: ExactElements, rows: int, threads: int = 1
) -> np.ndarray:
    """Contribution of each Fermi point to the intraband response, (point, row), per e E tau.

    A crossing changes the occupation by ``step``; where bands cross exactly on the level (``step``
    0) each of the crossing states counts with the sign of its own velocity, and a half step that
    begins on such a state is already counted by it.
    """
    out = np.zeros((len(points.k), rows))
    known = ~np.isnan(points.state[:, 0]) & (not exact.needs_all_bands)

    def from_state(part):
        some = np.nonzero(known)[0][part]
        density = _of_states(exact, points.k[some], points.state[some])
        out[some] = points.step[some, None] * density

    def from_spectrum(part):
        some = np.nonzero(~known)[0][part]
        elements = exact.at(points.k[some], interband=False)
        picked = (np.arange(len(some)), points.band[some])
        speed, step = elements.velocity[picked], points.step[some]
        edge = points.edge[some] & _alone(elements.energy, points.band[some])
        moving = (np.abs(speed) > AT_REST) & ~edge
        weight = np.where(step == 0, -np.sign(speed) * moving, step)
        weight = np.where((np.abs(step) == 0.5) & moving, 0.0, weight)
        out[some] = weight[:, None] * _mean_of_multiplet(elements, picked)

    for work, number in ((from_state, known.sum()), (from_spectrum, (~known).sum())):
        if number:
            over_chunks(work, number, exact.bloch.size, threads, light=work is from_state)
    return out / (2 * np.pi)


def _alone(energy: np.ndarray, band: np.ndarray) -> np.ndarray:
    """Whether no other level of energy (point, band) is as high as that of ``band`` (point,)."""
    own = np.take_along_axis(energy, band[:, None], axis=1)
    return (np.abs(energy - own) < DEGENERACY).sum(axis=1) == 1


def _of_states(exact: ExactElements, k: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Density (point, row) of one known state (point, orbital) at each k."""
    unknown = np.full((len(k), 1), np.nan)  # energy and velocity, which no single state needs
    single = Eigenpairs(k, unknown, unknown, state[:, :, None], exact.bloch.velocity(k))
    states = States(single, exact.bloch, exact.gauge)
    kernel = exact.kernel(states, exact.definition)
    return by_region(matrix_elements(states, kernel, interband=False)[0][:, 0], exact.regions)


def _mean_of_multiplet(elements: MeshElements, picked: tuple) -> np.ndarray:
    """Density (point, row) of the picked (point, band), averaged over states of its multiplet.

    Where states share energy and velocity (two spins; inversion times time reversal, which pairs
    opposite edges) each diagonalisation returns some basis of them.  Each of them has its own Fermi
    point, at a k that differs by rounding: only the mean at one k adds up to their trace.
    """
    band = picked[1][..., None]
    same = np.abs(elements.energy - np.take_along_axis(elements.energy, band, -1)) < DEGENERACY
    speed = np.abs(elements.velocity - np.take_along_axis(elements.velocity, band, -1))
    same &= speed < AT_REST
    count = same.sum(axis=1)[:, None]
    mean = (same[:, None, :] @ elements.density)[:, 0] / count
    return np.where(count > 1, mean, elements.density[picked])
