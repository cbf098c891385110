"""Spin s of models whose orbitals are eigenstates of s_z (Eq. 2 and below), one component.

x lies along the current, y across it; z is the axis of the model, or of the system where the model
pairs each orbital of spin up with one of spin down.  x and y need such pairs.
"""

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
CHOICES = {"component": ("x", "y", "z")}


def texts(component: str) -> dict:
    """Declarations that depend on the component."""
    return {} if component == "z" else {"LONG_NAME": f"spin along {component}"}


def needs(definition: str, component: str = "z") -> tuple[str, ...]:
    """Operators on the orbitals of a site that a component needs."""
    return () if component == "z" else (f"S_{component}",)


def without_spin() -> UserError:
    """The error for a model whose orbitals have no spin."""
    allowed = "a model that resolves spin (Lattice(spin=...)), such as kane_mele"
    return UserError("density", Verbatim("spin of a model without spin"), allowed)


def kernel(states: States, definition: str, component: str = "z") -> Kernel:
    """K = s, (k, orbital, orbital), on the orbitals of each site.

    Raises
    ------
    UserError
        For a model that does not resolve spin, for which the density would be zero, or that does
        not pair the spins of an orbital, where the component needs it.
    """
    if not states.spin.any():
        raise without_spin()
    name = f"S_{component}"
    if component == "z" and name not in states.bloch.operators:
        diagonal = np.diag(states.spin.astype(float))
        return Kernel(np.broadcast_to(diagonal, states.slope.shape), "hops")
    return Kernel(2 * states.operator(name), "hops")
