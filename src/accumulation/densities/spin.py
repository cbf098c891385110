"""Spin along z, O = s_z, of models whose orbitals are eigenstates of it (Eq. 2 and below)."""

from __future__ import annotations

import numpy as np

from ..errors import UserError, Verbatim
from ..states.eigenstates import Kernel, States

LONG_NAME = "spin"
UNITS = "hbar / 2"
EQUATION = "Eqs. 1, 5"
TIME_REVERSAL = -1
DEFINITIONS = {"ribbon": ("site",), "flake": ("site",)}

NEEDS_ALL_BANDS = ()
# A config that asks for it of a model without spin is refused with the same sentence.
NEEDS_SPIN = True


def without_spin() -> UserError:
    """The fault of a model whose orbitals have no spin."""
    allowed = "a model that resolves spin (Lattice(spin=...)), such as kane_mele"
    return UserError("density", Verbatim("spin of a model without spin"), allowed)


def kernel(states: States, definition: str) -> Kernel:
    """K = s_z, diagonal in the orbitals.

    Raises
    ------
    UserError
        For a model that does not resolve spin, of which it would be zero.
    """
    if not states.spin.any():
        raise without_spin()
    return Kernel(np.broadcast_to(np.diag(states.spin.astype(float)), states.slope.shape), "hops")
