"""Monolayers MX2 of transition metals: three d orbitals of the metal, with its parameters."""

from __future__ import annotations

from math import cos, pi, sin, sqrt

import numpy as np

from ..errors import UserError
from ..inputs import checked_parameters
from ..lattice.block_hops import hop_block, spin_endings
from ..lattice.lattice import Lattice

EQUATION = "Liu, Shan, Yao, Yao and Xiao (2013)"
UNITS = {"spin_orbit": "eV / hbar^2"}
ORBITALS = ("dz2", "dxy", "dx2-y2")
# a in angstrom; e1, e2, t0, t1, t2, t11, t12, t22 in eV, fitted to bands of the GGA
MATERIALS = {
    "MoS2": (3.190, 1.046, 2.104, -0.184, 0.401, 0.507, 0.218, 0.338, 0.057),
    "WS2": (3.191, 1.130, 2.275, -0.206, 0.567, 0.536, 0.286, 0.384, -0.061),
    "MoSe2": (3.326, 0.919, 2.065, -0.188, 0.317, 0.456, 0.211, 0.290, 0.130),
    "WSe2": (3.325, 0.943, 2.179, -0.207, 0.457, 0.486, 0.263, 0.329, 0.034),
    "MoTe2": (3.557, 0.605, 1.972, -0.169, 0.228, 0.390, 0.207, 0.239, 0.252),
    "WTe2": (3.560, 0.606, 2.102, -0.175, 0.342, 0.410, 0.233, 0.270, 0.190),
}


@checked_parameters
def tmd_three_band(
    spin_orbit: float = 0.0, spinful: bool = False, material: str = "MoS2"
) -> Lattice:
    """Three-band model of a monolayer MX2, Liu et al., Phys. Rev. B 88, 085433 (2013).

    dz2, dxy and dx2-y2 of the metal on a triangular lattice, hops between nearest neighbours, as
    the paper fits them to bands of the generalized-gradient approximation, in eV and angstrom.
    Spin-orbit coupling is spin_orbit L . S on each site, of which spin_orbit L_z S_z acts among
    these orbitals; it splits the valence band at K by 2 spin_orbit.  The paper's values in eV are
    0.073 (MoS2), 0.211 (WS2), 0.091 (MoSe2), 0.228 (WSe2), 0.107 (MoTe2), 0.237 (WTe2).

    The valence band is filled.  The bands near K and their Berry curvature are those of first
    principles, elsewhere the shape is approximate.  Use it for orbital, spin and valley Hall
    effects of a real material: its gap has an orbital Hall plateau with L_z = +-2 inside the atoms
    (density ``orbital_angular_momentum``) and between them (``orbital_moment``; both: its
    definition ``total``).

    Parameters
    ----------
    spin_orbit : lambda, 0 without spin-orbit coupling
    spinful : whether to have both spins even if ``spin_orbit`` is 0
    material : MoS2, WS2, MoSe2, WSe2, MoTe2 or WTe2

    Raises
    ------
    UserError
        For a coupling that is not a finite real number, or an unknown material.
    """
    if material not in MATERIALS:
        raise UserError("tmd_three_band().material", material, list(MATERIALS))
    a, e1, e2, *integrals = MATERIALS[material]
    energies = dict(zip(ORBITALS, (e1, e2, e2), strict=True))
    endings = spin_endings(spinful or spin_orbit != 0)
    names = {orbital + ending: orbital for orbital in ORBITALS for ending in endings}
    lattice = Lattice(
        vectors=[(a, 0.0), (a / 2, sqrt(3) / 2 * a)],
        orbitals=dict.fromkeys(names, (0.0, 0.0)),
        onsite={name: energies[orbital] for name, orbital in names.items()},
        spin={orbital + ending: s for orbital in ORBITALS for ending, s in endings.items()},
        filling=len(endings),
        shells=names,
        units="eV_angstrom",
    )
    # The cells at 0, 120 and 240 degrees; the three others are conjugates
    for turns, cell in enumerate(((1, 0), (-1, 1), (0, -1))):
        rotation = _rotation(turns * 2 * pi / 3)
        block = rotation @ _along_x(*integrals) @ rotation.T
        for ending in endings:
            orbitals = [orbital + ending for orbital in ORBITALS]
            hop_block(lattice, orbitals, orbitals, cell, block)
    if spin_orbit != 0:
        lattice.add_operator("L_dot_S", spin_orbit)
    return lattice


def _along_x(t0: float, t1: float, t2: float, t11: float, t12: float, t22: float) -> np.ndarray:
    """Hops (3, 3) from the neighbour at a1, in eV; the mirror x -> -x gives the signs."""
    return np.array([[t0, t1, t2], [-t1, t11, t12], [t2, -t12, t22]])


def _rotation(angle: float) -> np.ndarray:
    """Rotation (3, 3) of the orbitals about z: dxy and dx2-y2 turn by twice the angle."""
    c, s = cos(2 * angle), sin(2 * angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
