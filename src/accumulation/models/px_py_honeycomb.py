"""px and py orbitals on the honeycomb lattice, as in bismuthene and in optical lattices."""

from __future__ import annotations

from math import sqrt

import numpy as np

from ..inputs import checked_parameters
from ..lattice.block_hops import between_p, hop_block, spin_endings
from ..lattice.lattice import Lattice

EQUATION = "Wu, Bergman, Balents and Das Sarma (2007); Wu (2008)"
UNITS = {
    "t_sigma": "t0", "t_pi": "t0", "delta": "t0", "rotation": "t0 / hbar",
    "spin_orbit": "t0 / hbar^2",
}  # fmt: skip


@checked_parameters
def px_py_honeycomb(
    t_sigma: float = 1.0,
    t_pi: float = 0.0,
    delta: float = 0.0,
    rotation: float = 0.0,
    spin_orbit: float = 0.0,
    spinful: bool = False,
) -> Lattice:
    """Honeycomb of px and py, Wu et al., Phys. Rev. Lett. 99, 070401 (2007).

    H = sum_A,i [t_sigma p_i+(r) p_i(r + d_i) - t_pi q_i+(r) q_i(r + d_i)] + h.c.
        + rotation L_z + spin_orbit L_z S_z + delta (A - B)

    p_i is the p orbital along the bond d_i, q_i the one across it, and L_z px = i py.  At t_pi = 0
    two of the four bands are flat, at +-(3/2) t_sigma, and two are those of graphene with half of
    t_sigma as hopping.  Dirac points at K are those of graphene; there L_z = +-1 on A and on B.
    ``rotation`` (of the sites of an optical lattice: Wu, Phys. Rev. Lett. 101, 186807 (2008)) opens
    a gap of 2 |rotation| there and makes a Chern insulator of orbital moment alone; atomic
    spin-orbit coupling opens |spin_orbit|, the quantum spin Hall insulator of bismuthene on SiC
    (Reis et al., Science 357, 287 (2017)); ``delta`` opens a gap of 2 |delta|, with L_z of opposite
    signs in the two valleys of each band.

    Parameters
    ----------
    t_sigma, t_pi : V_pp sigma and -V_pp pi of nearest neighbours; lengths are in units of the
        next-nearest-neighbour distance
    delta : staggered potential, + on A and - on B
    rotation : of L_z on every site, which breaks time reversal
    spin_orbit : lambda of lambda L . S on each site, of which L_z S_z acts among px and py
    spinful : whether to have both spins even if ``spin_orbit`` is 0

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    height = 1 / (2 * sqrt(3))
    places = {"A": (0.0, 0.0), "B": (0.5, height)}
    endings = spin_endings(spinful or spin_orbit != 0)
    keys = [(site, p, ending) for site in places for p in ("px", "py") for ending in endings]
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.5, sqrt(3) / 2)],
        orbitals={f"{site}_{p}{ending}": places[site] for site, p, ending in keys},
        onsite={f"{s}_{p}{ending}": delta if s == "A" else -delta for s, p, ending in keys},
        spin={f"{site}_{p}{ending}": endings[ending] for site, p, ending in keys},
        filling=2 * len(endings),
        shells={f"{site}_{p}{ending}": p for site, p, ending in keys},
    )
    bonds = {(0, 0): (0.5, height), (-1, 0): (-0.5, height), (0, -1): (0.0, -2 * height)}
    for cell, bond in bonds.items():
        block = between_p(sqrt(3) * np.array(bond), t_sigma, -t_pi)
        for ending in endings:
            of_a, of_b = ([f"{site}_{p}{ending}" for p in ("px", "py")] for site in "AB")
            hop_block(lattice, of_a, of_b, cell, block)
    if rotation != 0:
        lattice.add_operator("L_z", rotation)
    if spin_orbit != 0:
        lattice.add_operator("L_dot_S", spin_orbit)
    return lattice
