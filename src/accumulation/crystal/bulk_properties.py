"""Gaps and Chern number of the filled bands of the infinite crystal, at any filling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MISSING, UserError
from ..lattice.hop_table import Crystal, HopTable
from ..lattice.lattice import Lattice
from .chern import chern_number
from .gaps import CLOSED, TOLERANCE, band_edges
from .reduced_bloch import ReducedBloch

MIDGAP = "midgap"


@dataclass(frozen=True)
class Bulk:
    """Gaps and Chern number at one filling.

    Attributes
    ----------
    direct_gap : smallest energy difference at one k, in t0
    valence_top, conduction_bottom : band edges, in t0
    chern : Chern number of the filled bands, NaN where the direct gap is closed or the number could
        not be proved; in three dimensions that of every plane of constant k along a3
    filling : number of filled bands
    direct_gap_error, valence_top_error, conduction_bottom_error : upper bounds of how far each
        minimum or maximum over the zone may lie beyond the value, in t0
    """

    direct_gap: float
    valence_top: float
    conduction_bottom: float
    chern: float
    filling: int
    direct_gap_error: float = 0.0
    valence_top_error: float = 0.0
    conduction_bottom_error: float = 0.0

    @property
    def indirect_gap(self) -> float:
        """Conduction bottom minus valence top, in t0; negative where bands overlap."""
        return self.conduction_bottom - self.valence_top

    @property
    def indirect_gap_error(self) -> float:
        """Upper bound of how far the indirect gap may lie below its value, in t0."""
        return self.conduction_bottom_error + self.valence_top_error

    @property
    def midgap(self) -> float:
        """Middle of the indirect gap, in t0; NaN where there is none."""
        middle = 0.5 * (self.conduction_bottom + self.valence_top)
        return middle if self.indirect_gap > CLOSED else np.nan

    @property
    def certified(self) -> bool:
        """Whether both gaps and both edges are known to within ``gaps.TOLERANCE``."""
        errors = (self.direct_gap_error, self.valence_top_error, self.conduction_bottom_error)
        return max(errors) <= TOLERANCE

    @property
    def settled(self) -> bool:
        """Whether the Chern number is known, or known not to exist for want of a gap."""
        return self.direct_gap <= CLOSED or bool(np.isfinite(self.chern))


def bulk(lattice: Lattice | Crystal, filled: int | None = None, points: int | None = None) -> Bulk:
    """Gaps and Chern number of the ``filled`` lowest bands.

    Parameters
    ----------
    lattice : a lattice, or the ``crystal`` of a ribbon, wire or flake
    filled : number of filled bands, by default the lattice's own filling, or half of all bands
    points : initial number of cells along each direction of the zone.  It changes the cost but not
        the values, because cells are divided until the values are proved
        (:mod:`accumulation.crystal.gaps`, :mod:`accumulation.crystal.chern`).

    Returns
    -------
    Bulk with direct_gap, indirect_gap, valence_top, conduction_bottom and midgap in t0, chern, and
    upper bounds of their errors

    Raises
    ------
    UserError
        If the number of filled bands is not between 1 and the number of bands less one, or is not
        given and the number of bands is odd.
    """
    crystal = lattice if isinstance(lattice, Crystal) else lattice.crystal
    filled = filled_bands(crystal, filled)
    hops, size = crystal.hops, crystal.orbitals
    bloch = ReducedBloch(hops, size)
    edges = band_edges(bloch, filled, points)
    number = np.nan
    # In three dimensions an open gap makes the Chern number the same in every plane of constant k
    # along a3, so one plane is enough.  In two dimensions chern_number itself proves the gap open.
    proved = edges.direct_gap_error < edges.direct_gap or hops.cell.shape[1] == 2
    if edges.direct_gap > CLOSED and proved:
        if hops.cell.shape[1] > 2:
            plane = HopTable(hops.row, hops.column, hops.cell[:, :2], hops.amplitude)
            bloch = ReducedBloch(plane, size)
        orientation = np.sign(np.linalg.det(crystal.vectors))
        number = orientation * chern_number(bloch, filled, points)
    return Bulk(
        edges.direct_gap,
        edges.valence_top,
        edges.conduction_bottom,
        float(number + 0.0),  # no negative zero
        filled,
        edges.direct_gap_error,
        edges.valence_top_error,
        edges.conduction_bottom_error,
    )


def with_gap(lattice: Lattice | Crystal, filled: int | None = None) -> Bulk:
    """The properties of an insulator, whose ``midgap`` is a number.

    Raises
    ------
    UserError
        As :func:`bulk`, and if the crystal has no gap above the filled bands.
    """
    gaps = bulk(lattice, filled)
    if not np.isfinite(gaps.midgap):
        allowed = f"numbers, as the bulk has no gap above {gaps.filling} filled bands"
        raise UserError("fermi_energy", MIDGAP, allowed)
    return gaps


def filled_bands(lattice: Lattice | Crystal, filled: int | None = None) -> int:
    """Number of filled bands: ``filled``, the lattice's own, or half of all bands.

    Raises
    ------
    UserError
        As :func:`bulk`.
    """
    number = lattice.orbitals if isinstance(lattice, Crystal) else len(lattice.orbitals)
    filled = lattice.filling if filled is None else filled
    if number == 1:
        allowed = "a model of at least two bands, as one band alone has no gap"
        raise UserError("filling", MISSING if filled is None else filled, allowed)
    allowed = "1" if number == 2 else f"an integer from 1 to {number - 1}"
    allowed = f"{allowed}, the number of filled bands of {number}"
    if filled is None and number % 2:
        raise UserError("filling", MISSING, f"{allowed}, half of which is no integer")
    filled = number // 2 if filled is None else filled
    integer = isinstance(filled, (int, np.integer)) and not isinstance(filled, bool)
    if not integer or not 1 <= filled < number:
        raise UserError("filling", filled, allowed)
    return int(filled)
