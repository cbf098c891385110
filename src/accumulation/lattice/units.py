"""Units of energy and length of a lattice."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UserError

NATURAL = "natural"
# Exact by the definition of the SI: the Planck constant in J s, the elementary charge in C.
PLANCK, CHARGE = 6.62607015e-34, 1.602176634e-19
# hbar^2 / 2 m_e in eV angstrom^2 (CODATA 2018): a Bohr magneton in units of e eV A^2 / hbar.
HBAR2_OVER_2M = 3.8099821161548593


@dataclass(frozen=True)
class Units:
    """One choice of units.

    energy, length : their names
    magneton : a Bohr magneton in e energy length^2 / hbar; None where no energy is said
    """

    energy: str
    length: str
    magneton: float | None


UNITS = {NATURAL: Units("t0", "a", None), "eV_angstrom": Units("eV", "angstrom", HBAR2_OVER_2M)}


def checked_units(name: object) -> str:
    """The name of a choice of units.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if not isinstance(name, str) or name not in UNITS:
        raise UserError("units", name, list(UNITS))
    return name
