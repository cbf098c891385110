"""Valley, O = V on second neighbours: +1 at K and -1 at K' (Eq. 8 and above; Sec. II).

V is the lattice operator of :mod:`accumulation.lattice.honeycomb`, so the zone need not be divided
into two valleys.  Its hops end at the edge of a system.
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
    """K = V(k), (k, orbital, orbital); it joins second neighbours even if the Hamiltonian does not.

    Raises
    ------
    UserError
        If the system is not cut out of a honeycomb.
    """
    return Kernel(valley_of_ribbon(states.bloch).hamiltonian(states.k), "orbitals")
