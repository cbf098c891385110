"""Densities: one file for each density.

A local density is n(mu) = (P_mu K + K+ P_mu) / 2 with one matrix K: K = O for the paper's
{O, P_mu} / 2 (Eq. 5).  A density file ``name.py`` declares

LONG_NAME, UNITS, EQUATION : str, of the density
TIME_REVERSAL : +1 or -1, its parity under time reversal
DEFINITIONS : {"ribbon": (...), "flake": (...)}, names of its definitions, the default one first;
    the ribbon's are for all that is periodic, the flake's for what is open
NEEDS_ALL_BANDS : names of the definitions whose kernel needs every band at a k, not one state
MOMENT_OF_CURRENT : optional, names of the definitions whose operator is -{v_x, y} / 2, the moment
    of the current along x; the infinite crystal has it about each row
NEEDS_SPIN : optional, True together with without_spin() -> UserError, the error for a model without
    spin
kernel(states, definition) -> Kernel

Expectation values, polarizabilities and responses of all densities are computed by
:mod:`accumulation.responses`.
"""

from __future__ import annotations

from .. import plugins
from ..errors import UserError
from ..lattice.geometries import GEOMETRIES


def definitions_for(density, kind: str) -> tuple[str, ...]:
    """Names of the definitions of a density's module for a kind of system, the default first."""
    return density.DEFINITIONS["ribbon" if GEOMETRIES[kind].periodic else "flake"]


def chosen(density: str, definition: str, kind: str, by_state: bool = False) -> tuple:
    """Module of a density, and the name of one of its definitions, the first if it is empty.

    Parameters
    ----------
    kind : ``ribbon``, ``wire`` or ``flake``
    by_state : allow only definitions that need no sum over bands

    Raises
    ------
    UserError
        If there is no such density, or it has no such definition.
    """
    module = plugins.load("densities", density)
    names = list(definitions_for(module, kind))
    if by_state:
        names = [name for name in names if name not in module.NEEDS_ALL_BANDS]
    definition = definition or names[0]
    if definition not in names:
        raise UserError("definition", definition, names)
    return module, definition
