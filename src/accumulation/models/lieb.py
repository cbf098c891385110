"""The Lieb lattice: a square lattice with a site in the middle of each bond."""

from __future__ import annotations

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice

EQUATION = "Lieb (1989); Weeks and Franz (2010)"
UNITS = {"t0": "t0", "t2": "t0", "delta": "t0"}


@checked_parameters
def lieb(t0: float = 1.0, t2: float = 0.0, delta: float = 0.0) -> Lattice:
    """Lieb lattice, Phys. Rev. Lett. 62, 1201 (1989), as planes of CuO2 have it.

    H = -t0 sum a+ (b + c) + i t2 sum nu_ij b_i+ c_j + h.c. + delta (a+ a - b+ b - c+ c)

    A stands on the corners, B and C in the middle of the bonds along x and y.  With ``t2`` = 0 the
    middle band is flat, at -delta, and at delta = 0 touches both others, E = +-2 t0 sqrt(cos^2(k_x
    / 2) + cos^2(k_y / 2)), in one point, at M.  t2 is the second-neighbour hopping of one spin of
    Weeks and Franz, Phys. Rev. B 82, 085310 (2010): nu = +1 if the path of the electron over A from
    C to B turns left, -1 if it turns right.  It opens gaps of 4 |t2| in which the Chern number is
    +-1, and leaves the flat band flat at delta = 0.  Use it for what a flat band between dispersive
    ones accumulates, and for a single Dirac point (there are no valleys).

    Parameters
    ----------
    t0, t2 : nearest-neighbour and chiral second-neighbour hopping; lengths are in units of the
        lattice constant
    delta : energy of the corners, minus that of the sites in the middle of bonds

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.0, 1.0)],
        orbitals={"A": (0.0, 0.0), "B": (0.5, 0.0), "C": (0.0, 0.5)},
        onsite={"A": delta, "B": -delta, "C": -delta},
        filling=1,
    )
    for origin, behind in (("B", (-1, 0)), ("C", (0, -1))):
        lattice.hop("A", origin, (0, 0), -t0)
        lattice.hop("A", origin, behind, -t0)
    if t2 != 0:
        # From C above A to B right of it one turns left; each other corner turns the other way
        for cell, sign in (((0, 0), 1), ((1, 0), -1), ((1, -1), 1), ((0, -1), -1)):
            lattice.hop("B", "C", cell, 1j * sign * t2)
    return lattice
