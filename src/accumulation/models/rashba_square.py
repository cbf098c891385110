"""A two-dimensional electron gas with Rashba coupling, on the square lattice."""

from __future__ import annotations

import numpy as np

from ..inputs import checked_parameters
from ..lattice.block_hops import hop_block
from ..lattice.lattice import Lattice

EQUATION = "Bychkov and Rashba (1984)"
UNITS = {"t0": "t0", "rashba": "t0", "exchange": "t0"}


@checked_parameters
def rashba_square(t0: float = 1.0, rashba: float = 0.2, exchange: float = 0.0) -> Lattice:
    """One orbital of both spins with Rashba coupling, J. Phys. C 17, 6039 (1984), on a lattice.

    H = -2 t0 (cos k_x + cos k_y) + rashba (s_x sin k_y - s_y sin k_x) + exchange s_z

    E = -2 t0 (cos k_x + cos k_y) +- sqrt(rashba^2 (sin^2 k_x + sin^2 k_y) + exchange^2), and near
    the bottom of the bands the electron gas hbar^2 k^2 / 2m + alpha (s x k)_z with t0 = hbar^2 /
    (2 m a^2), alpha = rashba a.  Use it for the Edelstein effect (spin along y of a current along
    x), the intrinsic spin Hall effect and spin that is not conserved; with ``exchange`` for the
    anomalous Hall effect and spin torques of a ferromagnet.  It is a metal, unless ``exchange`` is
    above the width of the bands.

    Parameters
    ----------
    t0, rashba : hopping, and Rashba coupling; lengths are in units of the lattice constant
    exchange : field along z of a magnetization, which breaks time reversal

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    both = ["up", "down"]
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.0, 1.0)],
        orbitals=dict.fromkeys(both, (0.0, 0.0)),
        onsite={"up": exchange, "down": -exchange},
        spin={"up": 1, "down": -1},
        filling=1,
    )
    pauli_x, pauli_y = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])
    for cell, pauli in (((1, 0), -pauli_y), ((0, 1), pauli_x)):
        # sin k = (e^ik - e^-ik) / 2i
        hop_block(lattice, both, both, cell, -t0 * np.eye(2) - 0.5j * rashba * pauli)
    return lattice
