"""s and p orbitals on the square lattice: orbital texture, and its orbital Hall effect."""

from __future__ import annotations

import numpy as np

from ..inputs import checked_parameters
from ..lattice.block_hops import between_p, hop_block, spin_endings
from ..lattice.lattice import Lattice

EQUATION = "Slater and Koster (1954); texture as in Go et al. (2018)"
UNITS = {
    "energy_s": "t0", "energy_p": "t0", "t_s": "t0", "t_sigma": "t0", "t_pi": "t0", "t_sp": "t0",
    "surface": "t0", "spin_orbit": "t0 / hbar^2",
}  # fmt: skip


@checked_parameters
def square_sp(
    energy_s: float = 3.2,
    energy_p: float = -0.5,
    t_s: float = 0.5,
    t_sigma: float = 0.5,
    t_pi: float = 0.2,
    t_sp: float = 0.5,
    surface: float = 0.0,
    spin_orbit: float = 0.0,
    spinful: bool = False,
) -> Lattice:
    """Slater-Koster model of s, px, py and pz with nearest-neighbour hops on the square lattice.

    A layer of the kind of crystal in which Go, Jo, Kim and Lee, Phys. Rev. Lett. 121, 086602
    (2018), explain the orbital Hall effect by orbital texture; derived here for two dimensions, so
    numbers are not to be compared with those of the letter.  With V_ss = -t_s, V_sp = t_sp,
    V_pp sigma = t_sigma, V_pp pi = -t_pi and c, s = cos, sin of k_x and k_y:

    <s|H|s> = energy_s - 2 t_s (c_x + c_y),    <pz|H|pz> = energy_p - 2 t_pi (c_x + c_y)
    <px|H|px> = energy_p + 2 t_sigma c_x - 2 t_pi c_y,    <py|H|py> with x and y exchanged
    <s|H|px> = 2i t_sp s_x,    <s|H|py> = 2i t_sp s_y
    <pz|H|px> = 2i surface s_x,    <pz|H|py> = 2i surface s_y

    s mixes with the p orbital along k only, so t_sp makes radial and tangential p states of
    different energies, though the crystal is symmetric under inversion and no band has an angular
    momentum; a field makes one, L_z across to it: an orbital Hall effect without spin-orbit
    coupling, which spin-orbit coupling turns into one of spin.  ``surface`` is what an electric
    field along z adds to an s-like tail of pz: an orbital Rashba coupling, for L_x and L_y that a
    current makes (orbital Edelstein effect).  By default the three p bands (of each spin) are full
    and separate from s; other Fermi energies make a metal of them.

    Parameters
    ----------
    energy_s, energy_p : energies of the orbitals
    t_s, t_sigma, t_pi, t_sp : moduli of the integrals; lengths are in units of the lattice constant
    surface : hopping between pz and the in-plane p, odd under z -> -z
    spin_orbit : lambda of lambda L . S on each site
    spinful : whether to have both spins even if ``spin_orbit`` is 0

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    energies = {"s": energy_s, "px": energy_p, "py": energy_p, "pz": energy_p}
    endings = spin_endings(spinful or spin_orbit != 0)
    names = {orbital + ending: orbital for orbital in energies for ending in endings}
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.0, 1.0)],
        orbitals=dict.fromkeys(names, (0.0, 0.0)),
        onsite={name: energies[orbital] for name, orbital in names.items()},
        spin={orbital + ending: s for orbital in energies for ending, s in endings.items()},
        filling=3 * len(endings),
        shells=names,
    )
    for cell in ((1, 0), (0, 1)):
        n = np.array([*cell, 0])
        block = np.zeros((4, 4))
        block[0, 0] = -t_s
        block[0, 1:], block[1:, 0] = t_sp * n, -t_sp * n
        block[1:, 1:] = between_p(n, t_sigma, -t_pi)
        block[3, 1:3] += surface * n[:2]
        block[1:3, 3] -= surface * n[:2]
        for ending in endings:
            orbitals = [orbital + ending for orbital in energies]
            hop_block(lattice, orbitals, orbitals, cell, block)
    if spin_orbit != 0:
        lattice.add_operator("L_dot_S", spin_orbit)
    return lattice
