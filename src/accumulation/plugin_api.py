"""Stable names for the user's own models, densities and theories (docs/stability.md).

A model needs :class:`Lattice`, a density :class:`Kernel` and :class:`States`, a theory
:class:`Lattice` or a system and :class:`Identity`.  All of them may raise :class:`UserError`, which
names a key, its value and the allowed values.
"""

from .errors import UserError
from .identities import Identity
from .lattice.lattice import Lattice
from .lattice.samples import Flake, Ribbon, System, Wire
from .states.eigenstates import Kernel, States
from .states.operator_products import commutator, star

__all__ = [
    "Flake",
    "Identity",
    "Kernel",
    "Lattice",
    "Ribbon",
    "States",
    "System",
    "UserError",
    "Wire",
    "commutator",
    "star",
]
