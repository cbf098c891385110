"""The kagome lattice with a flux through its triangles and triangles of two sizes."""

from __future__ import annotations

import cmath
from math import sqrt

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice

EQUATION = "Ohgushi, Murakami and Nagaosa (2000)"
UNITS = {"t0": "t0", "phi": "rad", "breathing": "1"}


@checked_parameters
def kagome(t0: float = 1.0, phi: float = 0.0, breathing: float = 0.0) -> Lattice:
    """Kagome lattice; with flux that of Ohgushi et al., Phys. Rev. B 62, R6065(R) (2000).

    H = -sum_up t0 (1 + breathing) e^{i phi / 3} c_i+ c_j
        - sum_down t0 (1 - breathing) e^{i phi / 3} c_i+ c_j + h.c.

    i follows j counterclockwise round the triangle of the bond, up (A, B, C of one cell) or down.
    An electron that goes round any triangle gathers the phase phi, round a hexagon -2 phi (both
    counterclockwise), as in a ferromagnet whose spins have a chirality.  Without flux one band is
    flat, at 2 t0, and touches the next one; the two others have Dirac points at K, in which
    ``breathing`` opens a gap of 6 |breathing t0|.  With a small flux the lowest band has Chern
    number +-1.  Use it for accumulation in a flat band, for orbital moments of a chiral magnet, and
    for a valley Hall insulator of three sites (``breathing``, which breaks inversion).

    Parameters
    ----------
    t0 : nearest-neighbour hopping; lengths are in units of the lattice constant
    phi : flux through each triangle, in radians
    breathing : (t_up - t_down) / (t_up + t_down) of the two kinds of triangles

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.5, sqrt(3) / 2)],
        orbitals={"A": (0.0, 0.0), "B": (0.5, 0.0), "C": (0.25, sqrt(3) / 4)},
        filling=1,
    )
    turn = -t0 * cmath.exp(1j * phi / 3)
    # Counterclockwise A, B, C: the bond (to, origin), and the cell of origin in a triangle down
    for to, origin, cell in (("B", "A", (1, 0)), ("C", "B", (-1, 1)), ("A", "C", (0, -1))):
        lattice.hop(to, origin, (0, 0), (1 + breathing) * turn)
        lattice.hop(to, origin, cell, (1 - breathing) * turn)
    return lattice
