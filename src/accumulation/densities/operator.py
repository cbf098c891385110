"""Any operator that acts on the orbitals of a site, by its name (Eq. 5).

``density: NAME`` of such an operator means ``operator(operator=NAME)``.  Its parity under time
reversal is -1 for components of L and S and +1 for others, unless an option says otherwise.
"""

from __future__ import annotations

from ..lattice.local_operators import units
from ..states.eigenstates import Kernel, States

LONG_NAME = "operator"
UNITS = "1"
EQUATION = "Eqs. 1, 5"
TIME_REVERSAL = +1
DEFINITIONS = {"ribbon": ("site",), "flake": ("site",)}

NEEDS_ALL_BANDS = ()
CHOICES = {"parity": (-1, 0, 1)}


def texts(operator: str, parity: int) -> dict:
    """Declarations that depend on the operator."""
    unit = units(operator)
    return {
        "LONG_NAME": f"operator {operator}",
        "UNITS": unit,
        "TIME_REVERSAL": parity or (-1 if unit == "hbar" else +1),
    }


def needs(definition: str, operator: str = "", parity: int = 0) -> tuple[str, ...]:
    """Operators on the orbitals of a site that this one needs: itself."""
    return (operator,)


def kernel(states: States, definition: str, operator: str = "", parity: int = 0) -> Kernel:
    """K = the operator, (k, orbital, orbital).

    Raises
    ------
    UserError
        If the system has no operator of that name.
    """
    return Kernel(states.operator(operator), "hops")
