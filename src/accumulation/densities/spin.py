"""Spin along z, O = s_z, of models whose orbitals are eigenstates of it (Eq. 2 and below)."""

from __future__ import annotations

import numpy as np

from ..elements import Kernel, States

LONG_NAME = "spin"
UNITS = "hbar / 2"
EQUATION = "Eqs. 1, 5"
TIME_REVERSAL = -1
DEFINITIONS = {"ribbon": ("site",), "flake": ("site",)}

NEEDS_ALL_BANDS = ()


def kernel(states: States, definition: str) -> Kernel:
    """K = s_z, diagonal in the orbitals; zero where a model does not resolve spin."""
    return Kernel(np.broadcast_to(np.diag(states.spin.astype(float)), states.slope.shape), "hops")
