"""Valley operator of a honeycomb, on its second neighbours.

    V = (i / 3 sqrt(3)) sum_<<ij>> nu_ij eta_i c_i+ c_j

with nu_ij eta_i = +1 for j - i = l1, l2, l3 and -1 for the opposite vectors, on both sublattices
alike: Haldane's second-neighbour hop without its staggering (Colomes and Franz, Phys. Rev. Lett.
120, 086603 (2018)).  In the crystal it is the number V(k) = -(2 / 3 sqrt(3)) sum_n sin(k . l_n),
which is +1 at K = (4 pi / 3, 0), -1 at K', odd in k, and zero at Gamma and M.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import UserError
from .bloch import BlochMatrix
from .bulk_bloch import BulkTable

AMPLITUDE = 1j / (3 * np.sqrt(3))
# Tolerance of bond lengths (in a) and directions.
TOLERANCE = 1e-6
# The corner K of the Brillouin zone, in 1/a; K' is -K.
K = np.array([4 * np.pi / 3, 0.0])


def second_neighbours(
    places: np.ndarray, sublattice: np.ndarray, translations: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of sites of one sublattice at a distance a, and the sense of each.

    The sense is +1 along l1, l2, l3 and -1 against them.  l1 is a bond from the first sublattice
    (by name) to the other, turned by a right angle, so the sense does not depend on the axes.

    Parameters
    ----------
    places : (orbital, 2) positions in the home cell, in a;  sublattice : (orbital,) names
    translations : (cell, 2) vectors of the cells to search, in a

    Returns
    -------
    row, column, cell : (pair,) int, ``column`` lies in ``cell`` when ``row`` is in the home cell
    sense : (pair,) +-1

    Raises
    ------
    UserError
        If the nearest neighbours of the first sublattice do not lie as on a honeycomb.
    """
    vectors = translations + (places - places[:, None])[:, :, None]  # (row, column, cell, xy)
    turned = vectors[..., 0] + 1j * vectors[..., 1]
    length = np.abs(turned)
    same = (sublattice[:, None] == sublattice)[:, :, None]
    first = (sublattice == min(sublattice.tolist()))[:, None, None]
    bond = turned[first & ~same & (np.abs(length - 1 / np.sqrt(3)) < TOLERANCE)]
    # Three bonds 120 degrees apart have the same third power.
    third = np.mean(bond**3) * 3 ** (3 / 2) if bond.size else 0.0
    if abs(abs(third) - 1) > TOLERANCE:
        allowed = "a honeycomb lattice, its bonds a / sqrt(3) long"
        raise UserError("density", "valley", allowed)
    row, column, cell = np.nonzero(same & (np.abs(length - 1) < TOLERANCE))
    sense = -np.rint((turned[row, column, cell] ** 3 / third).imag)
    return row, column, cell, sense


@lru_cache(maxsize=8)
def valley_of_ribbon(bloch: BlochMatrix) -> BlochMatrix:
    """Valley operator of a ribbon or flake as a Bloch matrix, whose ``hamiltonian`` is V(k).

    Raises
    ------
    UserError
        If the system is not cut out of a honeycomb.
    """
    places = np.column_stack((bloch.x, bloch.y))
    cells = np.arange(-1, 2) if bloch.period else np.zeros(1, dtype=int)
    translations = np.outer(cells * bloch.period, [1.0, 0.0])
    row, column, cell, sense = second_neighbours(places, bloch.sublattice, translations)
    return BlochMatrix(row, column, cells[cell], AMPLITUDE * sense, places, bloch.period)


def valley_of_bulk(lattice, k: np.ndarray) -> np.ndarray:
    """Valley operator of the crystal, (k, orbital, orbital), at k (k, 2) in 1/a.

    Raises
    ------
    UserError
        If the lattice is not a honeycomb.
    """
    steps = np.array([(i, j) for i in range(-2, 3) for j in range(-2, 3)])
    translations = steps @ lattice.vectors
    places, names = lattice.positions[:, :2], np.array(list(lattice.orbitals))
    row, column, cell, sense = second_neighbours(places, names, translations)
    displacement = translations[cell] + places[column] - places[row]
    table = BulkTable.of(row, column, AMPLITUDE * sense, displacement, len(places))
    return table.matrix(k)


def is_honeycomb(lattice) -> bool:
    """Whether a lattice is a honeycomb of bonds a / sqrt(3), on which the valley is defined."""
    try:
        valley_of_bulk(lattice, np.zeros((1, 2)))
    except UserError:
        return False
    return True
