"""The model of Qi, Wu and Zhang: a Chern insulator of two orbitals on the square lattice."""

from __future__ import annotations

import numpy as np

from ..inputs import checked_parameters
from ..lattice.block_hops import hop_block
from ..lattice.lattice import Lattice

EQUATION = "Qi, Wu and Zhang (2006)"
UNITS = {"t0": "t0", "mass": "t0"}


@checked_parameters
def qwz(t0: float = 1.0, mass: float = -1.0) -> Lattice:
    """Qi-Wu-Zhang model, Phys. Rev. B 74, 085308 (2006): half of the BHZ model of HgTe wells.

    H = t0 (sin k_x s_x + sin k_y s_y) + (mass + t0 cos k_x + t0 cos k_y) s_z

    The Pauli matrices s act on two orbitals A and B of one site.  The direct gap is
    2 min(|mass - 2 t0|, |mass|, |mass + 2 t0|), and for 0 < |mass| < 2 |t0| the model is a Chern
    insulator whose Chern number has opposite signs on both sides of mass = 0.  It is the smallest
    model with chiral edge states: use it for checks, for moments and charge that accumulate in a
    Chern insulator without a honeycomb's valleys, and for phase diagrams over the mass.

    Parameters
    ----------
    t0, mass : hopping and difference of the two orbitals' energies (half of it); lengths are in
        units of the lattice constant

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    both = ["A", "B"]
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.0, 1.0)],
        orbitals=dict.fromkeys(both, (0.0, 0.0)),
        onsite={"A": mass, "B": -mass},
        filling=1,
    )
    pauli_x, pauli_y = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])
    for cell, pauli in (((1, 0), pauli_x), ((0, 1), pauli_y)):
        # sin k = (e^ik - e^-ik) / 2i and cos k = (e^ik + e^-ik) / 2
        hop_block(lattice, both, both, cell, 0.5 * t0 * (np.diag([1, -1]) - 1j * pauli))
    return lattice
