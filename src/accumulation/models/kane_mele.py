"""The Kane-Mele model: two copies of Haldane's, joined by Rashba coupling."""

from __future__ import annotations

from math import sqrt

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice

EQUATION = "Kane and Mele (2005)"
UNITS = {"t0": "t0", "spin_orbit": "t0", "rashba": "t0", "delta": "t0", "strain": "1"}


@checked_parameters
def kane_mele(
    t0: float = 1.0,
    spin_orbit: float = 0.06,
    rashba: float = 0.0,
    delta: float = 0.0,
    strain: float = 0.0,
) -> Lattice:
    """Kane-Mele model, Phys. Rev. Lett. 95, 226801 and 146802 (2005).

    H = -t0 sum a+ b + i spin_orbit sum nu_ij c_i+ s_z c_j + i rashba sum c_i+ (s x d_ij)_z c_j
        + delta (a+ a - b+ b)

    Spin up is Haldane's model at phi = pi / 2 with t2 = ``spin_orbit``, spin down at -pi / 2, in
    the conventions of :func:`accumulation.models.haldane.haldane`; d_ij is the unit vector from j
    to i.  The model is invariant under time reversal, and a quantum spin Hall insulator at
    ``rashba`` = 0 iff |delta| < 3 sqrt(3) |spin_orbit|.

    Parameters
    ----------
    t0, spin_orbit, rashba, delta : in t0;  lengths are in units of the next-nearest-neighbour
        distance a
    strain : s; the bond delta1 becomes t0 (1 + s), as in Haldane's model

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    height = 1 / (2 * sqrt(3))
    places = {"A": (0.0, 0.0), "B": (0.5, height)}
    spins = {"up": 1, "down": -1}
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.5, sqrt(3) / 2)],
        orbitals={f"{site}_{s}": places[site] for site in places for s in spins},
        onsite={f"{site}_{s}": sign * delta for site, sign in (("A", 1), ("B", -1)) for s in spins},
        spin={f"{site}_{s}": sign for site in places for s, sign in spins.items()},
    )
    # Bonds from B to A: the cell of B, and the unit vector from B to A.
    bonds = {(0, 0): (0.5, height), (-1, 0): (-0.5, height), (0, -1): (0.0, -2 * height)}
    for cell, (dx, dy) in bonds.items():
        hopping = t0 * (1 + strain) if cell == (0, 0) else t0
        for s in spins:
            lattice.hop(f"A_{s}", f"B_{s}", cell, -hopping)
        if rashba != 0:
            # (s x d)_z = s_x d_y - s_y d_x with d = -(dx, dy) sqrt(3)
            ex, ey = -dx * sqrt(3), -dy * sqrt(3)
            lattice.hop("A_up", "B_down", cell, 1j * rashba * (ey + 1j * ex))
            lattice.hop("A_down", "B_up", cell, 1j * rashba * (ey - 1j * ex))
    if spin_orbit != 0:
        for cell in ((1, 0), (-1, 1), (0, -1)):
            for s, sign in spins.items():
                lattice.hop(f"A_{s}", f"A_{s}", cell, 1j * sign * spin_orbit)
                lattice.hop(f"B_{s}", f"B_{s}", cell, -1j * sign * spin_orbit)
    return lattice
