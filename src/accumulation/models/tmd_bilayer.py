"""Bilayers 2H-MX2 of transition metals: two monolayers turned by 180 degrees, with inversion."""

from __future__ import annotations

from math import sqrt

from ..errors import UserError
from ..inputs import checked_parameters
from ..lattice.lattice import Lattice
from .tmd_three_band import MATERIALS, tmd_three_band

EQUATION = "Liu, Shan, Yao, Yao and Xiao (2013)"
UNITS = {"interlayer": "eV", "bias": "eV", "spin_orbit": "eV / hbar^2", "spacing": "angstrom"}


@checked_parameters
def tmd_bilayer(
    interlayer: float = 0.1,
    bias: float = 0.0,
    spin_orbit: float = 0.0,
    spacing: float = 6.15,
    spinful: bool = False,
    material: str = "MoS2",
) -> Lattice:
    """Two layers of the three-band model of Liu et al., Phys. Rev. B 88, 085433 (2013), as in 2H.

    H = H_1 + H_2 + interlayer sum dz2_1+ dz2_2 + h.c. + (bias / 2) (n_2 - n_1)

    H_1 is :func:`accumulation.models.tmd_three_band.tmd_three_band`, and H_2 the same turned by 180
    degrees about z, which leaves d orbitals as they are.  The metals of layer 2 are above the
    centres of triangles of layer 1, so that seen from above both make a honeycomb; hops between
    layers join each dz2 with its three neighbours.  They split the valence band at Gamma by about
    6 interlayer and leave it alone at K, where their phases cancel.  The default is a round number
    of the size that first principles give.  Inversion about the middle of a bond exchanges the
    layers, unless a ``bias`` (a voltage between them) breaks it.

    Two bands are filled.  Use it beside the monolayer: what inversion forbids vanishes here, such
    as the valley Hall effect, orbital moments of bands and the part of an accumulated moment that
    is symmetric across a ribbon; the orbital Hall conductivity does not.

    Parameters
    ----------
    interlayer : hopping between nearest dz2 of the two layers
    bias : energy of layer 2 minus that of layer 1
    spin_orbit, spinful, material : of the layers, as in
        :func:`accumulation.models.tmd_three_band.tmd_three_band`
    spacing : distance of the layers of metal

    Raises
    ------
    UserError
        For a parameter that is not a finite real number, or an unknown material.
    """
    if material not in MATERIALS:
        raise UserError("tmd_bilayer().material", material, list(MATERIALS))
    single = tmd_three_band(spinful=spinful or spin_orbit != 0, material=material)
    a = single.vectors[0][0]
    places = {"1": (0.0, 0.0, 0.0), "2": (a / 2, a / (2 * sqrt(3)), spacing)}
    shifts = {"1": -bias / 2, "2": bias / 2}

    def name(orbital: str, layer: str) -> str:
        """``dz2_up`` of layer 1 is ``1_dz2_up``."""
        return f"{layer}_{orbital}"

    keys = [(orbital, layer) for layer in places for orbital in single.orbitals]
    lattice = Lattice(
        vectors=single.vectors,
        orbitals={name(o, layer): places[layer] for o, layer in keys},
        onsite={name(o, layer): single.onsite[o] + shifts[layer] for o, layer in keys},
        spin={name(o, layer): single.spin[o] for o, layer in keys if o in single.spin},
        filling=2 * single.filling,
        shells={name(o, layer): o.split("_")[0] for o, layer in keys},
        units=single.units,
    )
    for to, origin, cell, amplitude in single.hoppings:
        lattice.hop(name(to, "1"), name(origin, "1"), cell, amplitude)
        turned = tuple(-int(n) for n in cell)
        lattice.hop(name(to, "2"), name(origin, "2"), turned, amplitude)
    if interlayer != 0:
        for orbital in (o for o in single.orbitals if o.startswith("dz2")):
            for cell in ((0, 0), (-1, 0), (0, -1)):
                lattice.hop(name(orbital, "1"), name(orbital, "2"), cell, interlayer)
    if spin_orbit != 0:
        lattice.add_operator("L_dot_S", spin_orbit)
    return lattice
