"""A chiral crystal: honeycomb layers joined by hops that wind like a screw."""

from __future__ import annotations

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice
from .stacked_haldane import stacked_haldane

EQUATION = "Yoda, Yokoyama and Murakami (2015)"
UNITS = {
    "t0": "t0", "t_chiral": "t0", "t2": "t0", "phi": "rad", "delta": "t0", "tz": "t0",
    "spacing": "a", "strain": "1",
}  # fmt: skip


@checked_parameters
def chiral_stacked_haldane(
    t0: float = 1.0,
    t_chiral: float = 0.1,
    t2: float = 0.0,
    phi: float = 1.5707963267948966,
    delta: float = 0.8,
    tz: float = 0.0,
    spacing: float = 1.0,
    strain: float = 0.0,
    left_handed: bool = False,
) -> Lattice:
    """Stacked Haldane layers with handed hops, after Yoda et al., Sci. Rep. 5, 12024 (2015).

    H = H_stacked_haldane + t_chiral sum_l,i [a+_l(r) a_{l+1}(r + l_i) + b+_l(r) b_{l-1}(r + l_i)]
        + h.c.

    l_1, l_2, l_3 are the second-neighbour vectors of Haldane's model that turn the same way round.
    At each k_z the handed hops are Haldane's with the flux k_z spacing (minus that for
    ``left_handed``), though the crystal without ``t2`` is invariant under time reversal: it is
    chiral, not magnetic.  Every mirror, and inversion, turns the right-handed crystal into the
    left-handed one.  At t2 = 0 there are Weyl points for |delta| < 3 sqrt(3) |t_chiral| and a
    direct gap above that.  A current makes an orbital moment that is odd in the handedness (orbital
    Edelstein effect of a solenoid): along the stack for a current along it, and in wires along an
    armchair direction such as (1, 1), m_z of opposite signs in the top and the bottom half.  In
    zigzag wires both halves have the same m_z, whose sum does not depend on the handedness.

    Parameters
    ----------
    t0, t2, phi, delta, tz, spacing, strain : of the layers and of the vertical hops, see
        :func:`accumulation.models.stacked_haldane.stacked_haldane`
    t_chiral : hopping to a second neighbour in the next layer
    left_handed : whether the hops wind the other way round

    Raises
    ------
    UserError
        For a parameter that is not a finite real number, or a spacing that is not positive.
    """
    lattice = stacked_haldane(t0, t2, phi, delta, tz, spacing, False, strain)
    lattice.filling = 1
    up = -1 if left_handed else 1
    if t_chiral != 0:
        for n, m in ((1, 0), (-1, 1), (0, -1)):
            lattice.hop("A1", "A1", (n, m, up), t_chiral)
            lattice.hop("B1", "B1", (n, m, -up), t_chiral)
    return lattice
