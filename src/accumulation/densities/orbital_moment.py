"""Orbital magnetic moment along z, m = (r x v - v x r)_z / 4 in units of e (Eqs. 52, 57).

Three densities share the name and, on the diagonal, the net moment; their rows differ.

band         the paper's Eq. 57 / S55, with the off-diagonal Berry connection only
circulation  m = -{dH/dk, y} / 2: the term x v_y is replaced by -y v_x, which is exact for the net
             moment in a stationary state
local        (x v_y - y v_x) / 2 with x measured from the site itself: K = -y_mu dH_mu,nu / 2
exact        (flakes) m = {x, v_y} / 4 - {y, v_x} / 4 with both coordinates as matrices
total        circulation (of flakes: exact) and the moment inside the atoms, mu_B L_z / hbar

All are moments of the motion of a particle of charge e; that of electrons has the opposite sign.
With elements of the position operator between orbitals x and y are matrices in every definition.
"""

from __future__ import annotations

from collections.abc import Collection

from ..errors import MISSING, UserError
from ..lattice.units import UNITS as UNITS_OF
from ..states.eigenpairs import adjoint
from ..states.eigenstates import Kernel, States

LONG_NAME = "orbital magnetic moment"
UNITS = "e t0 a^2 / hbar"
EQUATION = "Eqs. 52, 57, S55"
TIME_REVERSAL = -1
DEFINITIONS = {
    "ribbon": ("circulation", "local", "band", "total"),
    "flake": ("exact", "circulation", "local", "total"),
}
# Definitions whose kernel is a sum over bands: a single state is not enough.
NEEDS_ALL_BANDS = ("band",)
MOMENT_OF_CURRENT = ("circulation",)


def needs(definition: str, magneton: float = 0.0) -> tuple[str, ...]:
    """Operators on the orbitals of a site that a definition needs."""
    return ("L_z",) if definition == "total" else ()


def in_units(definition: str, units: str, magneton: float = 0.0) -> bool:
    """Whether a definition exists in these units: ``total`` needs a Bohr magneton."""
    return definition != "total" or bool(magneton) or UNITS_OF[units].magneton is not None


def remark(operators: Collection[str], definitions: Collection[str]) -> str:
    """What a user should know of the definitions for a system with these operators of its sites."""
    if "L_z" not in operators or "total" in definitions:
        return ""
    return (
        "the orbitals of this model have an angular momentum inside the atoms, which "
        f"{', '.join(definitions)} leaves out; the definition total has both"
    )


def kernel(states: States, definition: str, magneton: float = 0.0) -> Kernel:
    """Kernel of one definition, (k, orbital, orbital), or (k, band, band) for ``band``.

    The slope of ``states`` is i[H, x], of a ribbon dH/dk where the position is diagonal.

    Parameters
    ----------
    magneton : for ``total``, a Bohr magneton hbar^2 / (2 m_e t0 a^2) in units of e t0 a^2 / hbar;
        0: that of the model's units

    Raises
    ------
    UserError
        For ``total`` of a system without L_z, or in natural units without a magneton.
    """
    functions = {"band": _band, "circulation": _circulation, "local": _local, "exact": _exact}
    if definition != "total":
        return functions[definition](states)
    unit = magneton or UNITS_OF[states.bloch.units].magneton
    if unit is None:
        allowed = "a number, hbar^2 / (2 m_e t0 a^2), as the model is in natural units"
        raise UserError("density orbital_moment.magneton", MISSING, allowed)
    between = _circulation(states) if states.bloch.period else _exact(states)
    return Kernel(between.matrix + unit * states.operator("L_z"), "hops")


def _circulation(states: States) -> Kernel:
    return Kernel(-0.5 * states.anticommutator(states.slope, axis=1), "hops")


def _local(states: States) -> Kernel:
    return Kernel(-0.5 * states.times_position(states.slope, axis=1), "hops")


def _exact(states: States) -> Kernel:
    across = states.anticommutator(states.velocity_y, axis=0)
    return Kernel(0.25 * across - 0.25 * states.anticommutator(states.slope, axis=1), "hops")


def _band(states: States) -> Kernel:
    """m = -{V, Y}/4 - {dE, Y}/4 + (1/4i) {A, [Y, E]} in the band basis (Eq. 57)."""
    energy, u = states.energy, states.eigenvector
    y = adjoint(u) @ states.times_position(u, axis=1)
    product = states.band_velocity @ y
    commutator = y * (energy[:, None, :] - energy[:, :, None])
    # A / i and C = [Y, E] are both anti-Hermitian: {A / i, C} = A C / i + its adjoint
    connected = states.connection_over_i @ commutator
    diagonal = states.velocity[:, :, None] + states.velocity[:, None, :]
    moment = connected - product
    moment = 0.25 * (moment + adjoint(moment)) - 0.25 * y * diagonal
    return Kernel(moment, "bands")
