"""Valley, O = V of the second neighbours: +1 at K and -1 at K' (Eq. 8 and above; Sec. II).

The lattice operator of :mod:`accumulation.lattice.honeycomb`, so that it needs no cut of the zone
in two; its hops end at the edge of a system.
"""

from __future__ import annotations

from ..lattice.honeycomb import valley_of_ribbon
from ..states.eigenstates import Kernel, States

LONG_NAME = "valley polarization"
UNITS = "1"
EQUATION = "Eqs. 1, 5"
TIME_REVERSAL = -1
DEFINITIONS = {"ribbon": ("site",), "flake": ("site",)}

NEEDS_ALL_BANDS = ()


def kernel(states: States, definition: str) -> Kernel:
    """K = V(k), which joins second neighbours also where the Hamiltonian does not."""
    return Kernel(valley_of_ribbon(states.bloch).hamiltonian(states.k), "orbitals")
