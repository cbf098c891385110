"""Spin along z, O = s_z, of models whose orbitals are eigenstates of s_z (Eq. 2 and below)."""

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
# Configs with a model without spin are refused with the sentence of without_spin().
NEEDS_SPIN = True


def without_spin() -> UserError:
    """The error for a model whose orbitals have no spin."""
    allowed = "a model that resolves spin (Lattice(spin=...)), such as kane_mele"
    return UserError("density", Verbatim("spin of a model without spin"), allowed)


def kernel(states: States, definition: str) -> Kernel:
    """K = s_z, (k, orbital, orbital), diagonal in the orbitals.

    Raises
    ------
    UserError
        For a model that does not resolve spin, for which the density would be zero.
    """
    if not states.spin.any():
        raise without_spin()
    return Kernel(np.broadcast_to(np.diag(states.spin.astype(float)), states.slope.shape), "hops")
