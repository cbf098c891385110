"""Orbital magnetic moment along z, m = (r x v - v x r)_z / 4 in units of e (Eqs. 52, 57).

Three densities share the name and, on the diagonal, the net moment; their rows differ.

band         the paper's Eq. 57 / S55, with the off-diagonal Berry connection only
circulation  m = -{dH/dk, y} / 2: the term x v_y is replaced by -y v_x, which is exact for the net
             moment in a stationary state
local        (x v_y - y v_x) / 2 with x measured from the site itself: K = -y_mu dH_mu,nu / 2
exact        (flakes) m = {x, v_y} / 4 - {y, v_x} / 4 with both coordinates as matrices
"""

from __future__ import annotations

import numpy as np

from ..states.eigenpairs import adjoint
from ..states.eigenstates import Kernel, States

LONG_NAME = "orbital magnetic moment"
UNITS = "e t0 a^2 / hbar"
EQUATION = "Eqs. 52, 57, S55"
TIME_REVERSAL = -1
DEFINITIONS = {
    "ribbon": ("circulation", "local", "band"),
    "flake": ("exact", "circulation", "local"),
}
# Definitions whose kernel is a sum over bands: a single state is not enough.
NEEDS_ALL_BANDS = ("band",)
MOMENT_OF_CURRENT = ("circulation",)


def kernel(states: States, definition: str) -> Kernel:
    """Kernel of one definition, (k, orbital, orbital), or (k, band, band) for ``band``.

    The slope of ``states`` is dH/dk of a ribbon and i[H, x] of a flake.
    """
    return {"band": _band, "circulation": _circulation, "local": _local, "exact": _exact}[
        definition
    ](states)


def _circulation(states: States) -> Kernel:
    return Kernel(-0.5 * _anticommutator(states.y, states.slope), "hops")


def _local(states: States) -> Kernel:
    return Kernel(-0.5 * states.y[:, None] * states.slope, "hops")


def _exact(states: States) -> Kernel:
    across = _anticommutator(states.x, states.velocity_y)
    return Kernel(0.25 * across - 0.25 * _anticommutator(states.y, states.slope), "hops")


def _anticommutator(coordinate: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Anticommutator {r, v} of a diagonal position with a velocity: (r_mu + r_nu) v_mu,nu."""
    return velocity * (coordinate[:, None] + coordinate)


def _band(states: States) -> Kernel:
    """m = -{V, Y}/4 - {dE, Y}/4 + (1/4i) {A, [Y, E]} in the band basis (Eq. 57)."""
    energy, u = states.energy, states.eigenvector
    y = adjoint(u) @ (states.y[:, None] * u)
    product = states.band_velocity @ y
    commutator = y * (energy[:, None, :] - energy[:, :, None])
    # A / i and C = [Y, E] are both anti-Hermitian: {A / i, C} = A C / i + its adjoint
    connected = states.connection_over_i @ commutator
    diagonal = states.velocity[:, :, None] + states.velocity[:, None, :]
    moment = connected - product
    moment = 0.25 * (moment + adjoint(moment)) - 0.25 * y * diagonal
    return Kernel(moment, "bands")
