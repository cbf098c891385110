"""The order of spin up and spin down among Wannier functions: two blocks, or interleaved.

The order depends on the program that wrote the files and on its version, and is not recorded.  For
a crystal with time reversal i sigma_y K it follows from the condition that H(R) is its own image.
In a magnet it may follow from the centres, as both spins of an orbital are at nearly the same
position.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import MISSING, UserError, Verbatim
from ..lattice import hop_arrays
from ..lattice.hop_table import HopTable

ORDERS = ("blocks", "interleaved")
# Tolerance of H minus its image under time reversal, relative to the largest hop.
SAME = 1e-3
# Largest distance (angstrom) of the two spins of an orbital, smallest of different orbitals.
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
    requested: str | None, spinors: bool | None, hops: HopTable, positions: np.ndarray
) -> tuple[str, dict]:
    """The order of spins, and the residuals that it is based on.

    Parameters
    ----------
    requested : "none", "blocks", "interleaved", or None
    spinors : setting in the files, None if there is none
    hops : Hermitian, every element once;  positions : (orbital, 3) centres in angstrom

    Returns
    -------
    "none", "blocks" or "interleaved"; dict of residuals.

    Raises
    ------
    UserError
        For spins in an odd number of orbitals, an order that contradicts the Hamiltonian, or
        an order that is neither given nor determined.

    Warns
    -----
    UserWarning
        If it is unknown whether there are spins, and time reversal of spins fits one order.
    """
    if requested not in (None, "none", *ORDERS):
        raise UserError("spin", requested, ["none", *ORDERS])
    if requested == "none" and spinors:
        raise UserError(
            "spin", requested, "blocks or interleaved, as the .win file has spinors = true"
        )
    orbitals = len(positions)
    if requested == "none" or (requested is None and not spinors):
        undeclared = requested is None and spinors is None and orbitals % 2 == 0
        return "none", _undeclared(hops, orbitals) if undeclared else {}
    if orbitals % 2:
        problem = Verbatim(f"{orbitals} Wannier functions")
        raise UserError("spin", problem, "an even number where they have spins")
    residual = _residuals(hops, orbitals)
    distance = {candidate: _distance(candidate, positions) for candidate in ORDERS}
    reversed_alike = _fitting(hops, residual)
    near = [
        candidate
        for candidate in ORDERS
        if distance[candidate] <= NEAR < FAR <= max(distance.values())
    ]
    words = ", ".join(
        f"{candidate} misses time reversal by {residual[candidate]:.3g} eV and puts spins"
        f" {distance[candidate]:.3g} angstrom apart" for candidate in ORDERS
    )  # fmt: skip
    order, criterion = requested, "the user"
    if len(reversed_alike) == 1:
        order, criterion = reversed_alike[0], "time reversal"
        if requested not in (None, order):
            raise UserError("spin", requested, f"{order}, by time reversal: {words}")
    elif requested is None and not reversed_alike and len(near) == 1:
        order, criterion = near[0], "centres"
    if order is None:
        allowed = f"spin='blocks' or spin='interleaved', which cannot be told here: {words}"
        raise UserError("spin", MISSING, allowed)
    return order, {
        "order": order,
        "told_by": criterion,
        **{f"time_reversal_{candidate}": residual[candidate] for candidate in ORDERS},
        **{f"centres_{candidate}": distance[candidate] for candidate in ORDERS},
    }


def _undeclared(hops: HopTable, orbitals: int) -> dict:
    """Warn if time reversal of spins fits one order although no file declares spins."""
    residual = _residuals(hops, orbitals)
    fits = _fitting(hops, residual)
    if len(fits) != 1:
        return {}
    words = (
        f"no file says whether the orbitals have spins; time reversal of spins fits the order "
        f"{fits[0]}: spin='{fits[0]}' resolves them, spin='none' says that there are none"
    )
    warnings.warn(words, stacklevel=4)
    return {"order": "none", "told_by": "nothing", "time_reversal_fits": fits[0]}


def _residuals(hops: HopTable, orbitals: int) -> dict[str, float]:
    return {order: time_reversal_residual(hops, orbitals, order) for order in ORDERS}


def _fitting(hops: HopTable, residual: dict[str, float]) -> list[str]:
    """The orders in which H is its own image by time reversal, to a part of its largest hop."""
    unit = np.abs(hops.amplitude[hops.row != hops.column]).max(initial=0.0)
    return [order for order in ORDERS if residual[order] <= SAME * unit]


def _distance(order: str, positions: np.ndarray) -> float:
    """The largest distance between the centres of a pair of spins."""
    up, down = spin_pairs(order, len(positions))
    return float(np.linalg.norm(positions[up] - positions[down], axis=1).max())
