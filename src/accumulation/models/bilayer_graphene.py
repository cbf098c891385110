"""Graphene of two layers in Bernal stacking, with a voltage between them."""

from __future__ import annotations

from math import sqrt

from ..inputs import checked_parameters
from ..lattice.lattice import Lattice

EQUATION = "McCann and Koshino (2013)"
UNITS = {
    "t0": "t0", "t1": "t0", "t3": "t0", "t4": "t0", "bias": "t0", "strain": "1", "spacing": "a"
}  # fmt: skip


@checked_parameters
def bilayer_graphene(
    t0: float = 1.0,
    t1: float = 0.12,
    t3: float = 0.0,
    t4: float = 0.0,
    bias: float = 0.1,
    strain: float = 0.0,
    spacing: float = 1.36,
) -> Lattice:
    """AB-stacked bilayer graphene, McCann and Koshino, Rep. Prog. Phys. 76, 056503 (2013).

    H = -t0 sum (a1+ b1 + a2+ b2) + t1 sum b1+ a2 - t3 sum a1+ b2 + t4 sum (a1+ a2 + b1+ b2) + h.c.
        + (bias / 2) (n_2 - n_1)

    A2 is above B1 (the dimer of t1), B2 above the middle of a hexagon of layer 1.  t0, t1, t3 and
    t4 are gamma_0, gamma_1, gamma_3 and gamma_4 of graphite, 3.16, 0.381, 0.38 and 0.14 eV; so
    t3 = 0.12 and t4 = 0.044 are those of the material.  The gap at K is |bias|, and the smallest
    gap is |bias| t1 / sqrt(t1^2 + bias^2) at t3 = t4 = 0, on a circle about K.  Use it for the
    orbital and valley Hall effects of a gap that a voltage controls, with orbital moments far
    larger than those of gapped graphene of the same gap.

    Parameters
    ----------
    t0 : within a layer
    t1, t3, t4 : between layers: dimer, A1 to B2 (trigonal warping), A1 to A2 and B1 to B2
        (asymmetry of electrons and holes)
    bias : energy of layer 2 minus that of layer 1
    strain : the bond delta1 of both layers becomes t0 (1 + strain), as in
        :func:`accumulation.models.haldane.haldane`
    spacing : distance of the layers, in units of the next-nearest-neighbour distance a

    Raises
    ------
    UserError
        For a parameter that is not a finite real number.
    """
    height = 1 / (2 * sqrt(3))
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.5, sqrt(3) / 2)],
        orbitals={
            "A1": (0.0, 0.0, 0.0),
            "B1": (0.5, height, 0.0),
            "A2": (0.5, height, spacing),
            "B2": (1.0, 2 * height, spacing),
        },
        onsite={"A1": -bias / 2, "B1": -bias / 2, "A2": bias / 2, "B2": bias / 2},
        filling=2,
    )
    lattice.hop("B1", "A2", (0, 0), t1)
    for cell in ((0, 0), (-1, 0), (0, -1)):
        hopping = t0 * (1 + strain) if cell == (0, 0) else t0
        lattice.hop("A1", "B1", cell, -hopping)
        lattice.hop("A2", "B2", cell, -hopping)
        if t4 != 0:
            lattice.hop("A1", "A2", cell, t4)
            lattice.hop("B1", "B2", cell, t4)
    if t3 != 0:
        for cell in ((-1, -1), (-1, 0), (0, -1)):
            lattice.hop("A1", "B2", cell, -t3)
    return lattice
