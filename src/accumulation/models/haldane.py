"""The Haldane model with a staggered potential and one strained bond."""

from __future__ import annotations

import cmath
from math import sqrt

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice

EQUATION = "53"
UNITS = {"t0": "t0", "t2": "t0", "phi": "rad", "delta": "t0", "strain": "1"}


@checked_parameters
def haldane(
    t0: float = 1.0, t2: float = 0.0, phi: float = 0.0, delta: float = 0.0, strain: float = 0.0
) -> Lattice:
    """Haldane model (Eqs. 53, S41-S42); with ``t2 = 0`` it is gapped graphene.

    H = -t0 sum a+ b + t2 e^{i phi} sum a+ a + t2 e^{-i phi} sum b+ b + h.c. + delta (a+ a - b+ b)

    Energies are in units of t0 of the unstrained model by convention; lengths are in units of the
    next-nearest-neighbour distance a.  At s = 0 the model is topological iff
    |delta| < 3 sqrt(3) t2 |sin phi|.

    Parameters
    ----------
    t0, t2 : nearest and next-nearest-neighbour hopping amplitudes
    phi : staggered flux of the second-neighbour hops, in radians
    delta : staggered on-site potential, + on A and - on B
    strain : s; the bond delta1 becomes t0 (1 + s), which breaks the mirror x -> -x

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    height = 1 / (2 * sqrt(3))
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.5, sqrt(3) / 2)],
        orbitals={"A": (0.0, 0.0), "B": (0.5, height)},
        onsite={"A": delta, "B": -delta},
    )
    # delta1, delta2, delta3 from A to B
    lattice.hop("A", "B", (0, 0), -t0 * (1 + strain))
    lattice.hop("A", "B", (-1, 0), -t0)
    lattice.hop("A", "B", (0, -1), -t0)
    # l1, l2, l3: the three second-neighbour vectors that turn the same way round
    if t2 != 0:
        turn = t2 * cmath.exp(1j * phi)
        for cell in ((1, 0), (-1, 1), (0, -1)):
            lattice.hop("A", "A", cell, turn)
            lattice.hop("B", "B", cell, turn.conjugate())
    return lattice
