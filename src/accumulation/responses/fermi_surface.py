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

    A crossing changes the occupation by ``step``.  Where bands cross exactly on the level (``step``
    0) each state contributes with the sign of its velocity, and a half step that begins on such a
    state does not contribute again.

    Parameters
    ----------
    rows : number of rows, or of regions of ``exact``
    """
    values = np.zeros((len(points.k), rows))
    has_state = ~np.isnan(points.state[:, 0]) & (not exact.needs_all_bands)

    def from_state(part):
        index = np.nonzero(has_state)[0][part]
        density = _of_states(exact, points.k[index], points.state[index])
        values[index] = points.step[index, None] * density

    def from_spectrum(part):
        index = np.nonzero(~has_state)[0][part]
        elements = exact.at(points.k[index], interband=False)
        picked = (np.arange(len(index)), points.band[index])
        weight = steps(points.part(index), elements.energy, elements.velocity)
        values[index] = weight[:, None] * _mean_of_multiplet(elements, picked)

    for function, number in ((from_state, has_state.sum()), (from_spectrum, (~has_state).sum())):
        if number:
            over_chunks(function, number, exact.bloch.size, threads, light=function is from_state)
    return values / (2 * np.pi)


def steps(points: FermiPoints, energy: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Change of the occupation of the band of each point with increasing k, (point,).

    At a touch the velocity decides; a half step of a moving band is counted by its touch.

    Parameters
    ----------
    energy, velocity : (point, band), of all bands at the k of each point, in t0 and t0 a
    """
    speed, step = np.take_along_axis(velocity, points.band[:, None], axis=1)[:, 0], points.step
    moving = (np.abs(speed) > AT_REST) & ~(points.edge & _alone(energy, points.band))
    weight = np.where(step == 0, -np.sign(speed) * moving, step)
    return np.where((np.abs(step) == 0.5) & moving, 0.0, weight)


def _alone(energy: np.ndarray, band: np.ndarray) -> np.ndarray:
    """Whether ``band`` (point,) is not degenerate with another band of energy (point, band)."""
    level = np.take_along_axis(energy, band[:, None], axis=1)
    return (np.abs(energy - level) < DEGENERACY).sum(axis=1) == 1


def _of_states(exact: ExactElements, k: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Density (point, row) of one known state (point, orbital) at each k."""
    unknown = np.full((len(k), 1), np.nan)  # energy and velocity, which are not needed
    single = Eigenpairs(k, unknown, unknown, state[:, :, None], exact.bloch.velocity(k))
    states = States(single, exact.bloch, exact.gauge)
    kernel = exact.kernel(states, exact.definition)
    return by_region(matrix_elements(states, kernel, interband=False)[0][:, 0], exact.regions)


def _mean_of_multiplet(elements: MeshElements, picked: tuple) -> np.ndarray:
    """Density (point, row) of the picked (point, band), averaged over the states of its multiplet.

    If states share energy and velocity (two spins, or opposite edges paired by inversion times time
    reversal), each diagonalisation returns an arbitrary basis of them.  Each state has a Fermi
    point, at a k that differs by rounding, so only the mean at one k adds up to their trace.
    """
    band = picked[1][..., None]
    same = np.abs(elements.energy - np.take_along_axis(elements.energy, band, -1)) < DEGENERACY
    speed = np.abs(elements.velocity - np.take_along_axis(elements.velocity, band, -1))
    same &= speed < AT_REST
    count = same.sum(axis=1)[:, None]
    mean = (same[:, None, :] @ elements.density)[:, 0] / count
    return np.where(count > 1, mean, elements.density[picked])
