"""A layered antiferromagnet: honeycomb bilayers, P and T broken, their product a symmetry."""

from __future__ import annotations

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice
from ..lattice.stacking import stacked
from .kane_mele import kane_mele

EQUATION = "Kane and Mele (2005); exchange and stacking as in bilayer CrI3"
UNITS = {
    "t0": "t0", "spin_orbit": "t0", "rashba": "t0", "delta": "t0", "exchange": "t0", "tz": "t0",
    "tz_between": "t0", "strain": "1", "spacing": "a", "spacing_between": "a",
}  # fmt: skip


@checked_parameters
def layered_antiferromagnet(
    t0: float = 1.0,
    spin_orbit: float = 0.06,
    rashba: float = 0.2,
    delta: float = 0.3,
    exchange: float = 0.4,
    tz: float = 0.2,
    tz_between: float = 0.1,
    strain: float = 0.2,
    spacing: float = 1.0,
    spacing_between: float = 1.5,
) -> Lattice:
    """Kane-Mele layers in pairs, in which all terms odd under inversion of a layer alternate.

    H = sum_l H_Kane-Mele(rashba_l, delta_l) + exchange_l s_z + interlayer hopping,
    rashba_l, delta_l, exchange_l = -+ rashba, -+ delta, -+ exchange for the two layers of a cell

    The layers of a pair are inversion partners: A of one is below B of the other (AA' stacking, as
    in 2H crystals).  Their surroundings are asymmetric in opposite directions, which gives opposite
    Rashba couplings: the hidden spin polarization of Zhang, Liu, Luo, Freeman and Zunger, Nature
    Physics 10, 387 (2014).  The exchange field of an A-type antiferromagnet (ferromagnetic layers
    of opposite sign, as in bilayer CrI3) is odd under inversion P and under time reversal T, and
    even under PT.  So PT is a symmetry, every band is doubly degenerate, and a magnetoelectric
    response is allowed.  The strained bond breaks the threefold axis, which would forbid s_z in an
    in-plane field.

    Parameters
    ----------
    t0, spin_orbit, rashba, delta : of a layer, see
        :func:`accumulation.models.kane_mele.kane_mele`
    exchange : field of the local moments on the spin of the electrons
    tz, tz_between : vertical hopping within a pair of layers and between pairs
    strain : the bond delta1 becomes t0 (1 + strain), as in
        :func:`accumulation.models.haldane.haldane`
    spacing, spacing_between : distances of layers within a pair and between pairs, in a

    Raises
    ------
    UserError
        For a parameter that is not a finite real number, or spacings without a positive sum.
    """
    layers = []
    for sign in (-1, 1):
        layer = kane_mele(t0, spin_orbit, sign * rashba, sign * delta, strain)
        for site in ("A", "B"):
            for spin, up in (("up", 1), ("down", -1)):
                layer.onsite[f"{site}_{spin}"] += sign * exchange * up
        layers.append(layer)
    lattice = stacked(layers, [0.0, spacing], spacing + spacing_between)
    for site in ("A", "B"):
        for spin in ("up", "down"):
            lower, upper = f"{site}_{spin}1", f"{site}_{spin}2"
            if tz != 0:
                lattice.hop(upper, lower, (0, 0, 0), -tz)
            if tz_between != 0:
                lattice.hop(lower, upper, (0, 0, -1), -tz_between)
    return lattice
