"""Number of electrons, O = 1 (Eq. 1 and below); the charge is -e times it."""

from __future__ import annotations

import numpy as np

from ..states.eigenstates import Kernel, States

LONG_NAME = "electron number"
UNITS = "1"
EQUATION = "Eqs. 1, 5"
TIME_REVERSAL = +1
DEFINITIONS = {"ribbon": ("site",), "flake": ("site",)}

NEEDS_ALL_BANDS = ()


def kernel(states: States, definition: str) -> Kernel:
    """K = 1, (k, orbital, orbital)."""
    return Kernel(np.broadcast_to(np.eye(len(states.y)), states.slope.shape), "hops")
