"""Orbital angular momentum L inside the atoms (Eq. 5 with O = L), one component.

L acts on the orbitals of each site, which a model describes by ``Lattice(shells=...)`` or gives as
``local_operators``.  x lies along the current, y across it.  Motion between sites is not in it:
that is the density ``orbital_moment``, whose definition ``total`` has both.
"""

from __future__ import annotations

from ..states.eigenstates import Kernel, States

LONG_NAME = "orbital angular momentum along z"
UNITS = "hbar"
EQUATION = "Eqs. 1, 5"
TIME_REVERSAL = -1
DEFINITIONS = {"ribbon": ("site",), "flake": ("site",)}

NEEDS_ALL_BANDS = ()
CHOICES = {"component": ("x", "y", "z")}


def texts(component: str) -> dict:
    """Declarations that depend on the component."""
    return {"LONG_NAME": f"orbital angular momentum along {component}"}


def needs(definition: str, component: str = "z") -> tuple[str, ...]:
    """Operators on the orbitals of a site that a component needs."""
    return (f"L_{component}",)


def kernel(states: States, definition: str, component: str = "z") -> Kernel:
    """K = L, (k, orbital, orbital), in hbar.

    Raises
    ------
    UserError
        If the system does not know L.
    """
    return Kernel(states.operator(f"L_{component}"), "hops")
