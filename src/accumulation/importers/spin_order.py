"""Which Wannier functions are spin up and down: in two blocks, or one after the other.

The order depends on the program that wrote the files and its version, and is written nowhere.  Time
reversal i sigma_y K tells where the crystal has it: in the right order H(R) is its own image.  In a
magnet the centres may tell: both spins of one orbital are at nearly the same place.
"""

from __future__ import annotations

import numpy as np

from ..errors import MISSING, UserError, Verbatim
from ..lattice import hop_arrays
from ..lattice.hop_table import HopTable

ORDERS = ("blocks", "interleaved")
# H and its image by time reversal are the same to this part of the largest hop between orbitals.
SAME = 1e-3
# Centres (angstrom) of the two spins of one orbital, and of different orbitals.
NEAR, FAR = 0.15, 0.5


def spin_pairs(order: str, orbitals: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the orbitals of spin up and of spin down, each (orbitals / 2,), pair by pair."""
    orbital = np.arange(orbitals)
    half = orbitals // 2
    return (orbital[:half], orbital[half:]) if order == "blocks" else (orbital[::2], orbital[1::2])


def time_reversal_residual(hops: HopTable, orbitals: int, order: str) -> float:
    """max |H(R) - T H(R) T^-1| with T = i sigma_y K, in the energy unit.

    T |up> = |down>, T |down> = -|up>, and so <i|H|j> becomes s_i s_j <T i|H|T j>^*.
    """
    up, down = spin_pairs(order, orbitals)
    image, sign = np.empty(orbitals, dtype=int), np.ones(orbitals)
    image[up], image[down] = down, up
    sign[down] = -1
    amplitude = -(sign[hops.row] * sign[hops.column] * hops.amplitude.conj())
    difference = hop_arrays.summed(
        HopTable(
            np.concatenate((hops.row, image[hops.row])),
            np.concatenate((hops.column, image[hops.column])),
            np.concatenate((hops.cell, hops.cell)),
            np.concatenate((hops.amplitude, amplitude)),
        ),
        orbitals,
    )
    return float(np.abs(difference.amplitude).max(initial=0.0))


def spin_order(
    given: str | None, spinors: bool | None, hops: HopTable, positions: np.ndarray
) -> tuple[str, dict]:
    """The order of spins, and what was compared.

    Parameters
    ----------
    given : "none", "blocks", "interleaved", or None
    spinors : what the files say, None where they say nothing
    hops : Hermitian, every element once;  positions : (orbital, 3) centres in angstrom

    Returns
    -------
    "none", "blocks" or "interleaved"; dict of residuals.

    Raises
    ------
    UserError
        For spins in an odd number of orbitals, an order that the Hamiltonian contradicts, or one
        that is not given and cannot be told.
    """
    if given not in (None, "none", *ORDERS):
        raise UserError("spin", given, ["none", *ORDERS])
    if given == "none" and spinors:
        raise UserError("spin", given, "blocks or interleaved, as the .win file has spinors = true")
    if given == "none" or (given is None and not spinors):
        return "none", {}
    orbitals = len(positions)
    if orbitals % 2:
        problem = Verbatim(f"{orbitals} Wannier functions")
        raise UserError("spin", problem, "an even number where they have spins")
    unit = np.abs(hops.amplitude[hops.row != hops.column]).max(initial=0.0)
    residual = {order: time_reversal_residual(hops, orbitals, order) for order in ORDERS}
    distance = {order: _distance(order, positions) for order in ORDERS}
    fits = [order for order in ORDERS if residual[order] <= SAME * unit]
    by = "time reversal"
    if not fits:
        fits, by = [order for order in ORDERS if distance[order] <= NEAR], "centres"
        fits = fits if len(fits) == 1 and max(distance.values()) >= FAR else []
    note = {
        "order": given or (fits[0] if len(fits) == 1 else None),
        "told_by": by if len(fits) == 1 else "the user",
        **{f"time_reversal_{order}": residual[order] for order in ORDERS},
        **{f"centres_{order}": distance[order] for order in ORDERS},
    }
    words = ", ".join(
        f"{order} misses time reversal by {residual[order]:.3g} eV and puts spins"
        f" {distance[order]:.3g} angstrom apart" for order in ORDERS
    )  # fmt: skip
    if given is None and len(fits) != 1:
        allowed = f"spin='blocks' or spin='interleaved', which cannot be told here: {words}"
        raise UserError("spin", MISSING, allowed)
    if given is not None and len(fits) == 1 and fits != [given]:
        raise UserError("spin", given, f"{fits[0]}, by {by}: {words}")
    return given or fits[0], note


def _distance(order: str, positions: np.ndarray) -> float:
    """The largest distance between the centres of a pair of spins."""
    up, down = spin_pairs(order, len(positions))
    return float(np.linalg.norm(positions[up] - positions[down], axis=1).max())
