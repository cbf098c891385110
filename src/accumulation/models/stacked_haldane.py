"""Layers of the Haldane model stacked in register, of one flux or of alternating fluxes."""

from __future__ import annotations

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice
from ..lattice.stacking import stacked
from .haldane import haldane

EQUATION = "53"
UNITS = {
    "t0": "t0", "t2": "t0", "phi": "rad", "delta": "t0", "tz": "t0", "spacing": "a", "strain": "1"
}  # fmt: skip


@checked_parameters
def stacked_haldane(
    t0: float = 1.0,
    t2: float = 0.06,
    phi: float = 1.5707963267948966,
    delta: float = 0.0,
    tz: float = 0.1,
    spacing: float = 1.0,
    alternate: bool = False,
    strain: float = 0.0,
) -> Lattice:
    """Haldane layers (Eq. 53), each site straight above that of the layer below.

    H = sum_l H_Haldane(phi_l) - tz sum_l (a+_{l+1} a_l + b+_{l+1} b_l) + h.c.

    With the same flux everywhere a cell is one layer, and the model is a weak Chern insulator,
    H = H_Haldane - 2 tz cos(k_z spacing).  With ``alternate`` a cell has two layers of opposite
    flux.  Time reversal followed by a translation by one layer is then a symmetry, as in an
    antiferromagnet, and the net Chern number is zero.

    Parameters
    ----------
    t0, t2, phi, delta, strain : of a layer, see :func:`accumulation.models.haldane.haldane`
    tz : hopping between neighbouring layers
    spacing : distance of neighbouring layers, in a
    alternate : whether every second layer has the flux -phi

    Raises
    ------
    UserError
        For a parameter that is not a finite real number, or a spacing that is not positive.
    """
    fluxes = (phi, -phi) if alternate else (phi,)
    layers = [haldane(t0, t2, flux, delta, strain) for flux in fluxes]
    heights = [number * spacing for number in range(len(layers))]
    lattice = stacked(layers, heights, len(layers) * spacing)
    if tz != 0:
        for site in ("A", "B"):
            if alternate:
                lattice.hop(f"{site}2", f"{site}1", (0, 0, 0), -tz)
            # From the topmost layer of the cell below
            lattice.hop(f"{site}1", f"{site}{len(layers)}", (0, 0, -1), -tz)
    return lattice
