"""Conversion of the arrays of an imported model to a lattice, ribbon or wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import UserError, Verbatim
from ..lattice import hop_arrays
from ..lattice.bulk_bloch import bulk_table
from ..lattice.cuts import folded, row_order
from ..lattice.hop_table import DipoleTable, HopTable
from ..lattice.lattice import Lattice
from ..lattice.samples import Ribbon, Wire
from ..lattice.units import NATURAL

# Vectors lie in a plane if their component out of it is below this fraction of their length.
IN_PLANE = 1e-9
# Number of k at which bands of a truncated and the full model are compared, and random seed.
SAMPLES, SEED = 64, 11


@dataclass(frozen=True)
class Model:
    """A tight-binding model of any origin.

    vectors : (D, 3) vectors of the periodic directions, D = 1, 2 or 3
    positions : (orbital, 3);  names : (orbital,) unique names
    hops : Hermitian, every element once, ``cell`` (hop, D)
    spins : (orbital,) sign of s_z, 0 where not resolved
    solid : whether it has three dimensions, so that it is a wire if D = 1
    filling : number of filled bands, None if unknown
    provenance : source of the model and results of checks
    dipoles : elements of the position operator, ``cell`` (entry, D), None if it is diagonal
    sublattices : (orbital,) names that a ribbon's rows may share; None: ``names``
    sites, local_operators, units : as of the lattice
    """

    vectors: np.ndarray
    positions: np.ndarray
    names: list[str]
    hops: HopTable
    spins: np.ndarray
    solid: bool = False
    filling: int | None = None
    provenance: dict = field(default_factory=dict)
    dipoles: DipoleTable | None = None
    sublattices: list[str] | None = None
    sites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    local_operators: dict[str, dict] = field(default_factory=dict)
    units: str = NATURAL


def assembled(model: Model) -> Lattice | Ribbon | Wire:
    """The lattice of a model, or the ribbon or wire if it is periodic in one direction.

    Two vectors must be in the plane of x and y, a single one along x.  If they are not, the model
    is turned by the smallest rotation that achieves this, which ``provenance`` records.

    Raises
    ------
    UserError
        For a model that is not periodic, and as :class:`Lattice`.
    """
    directions = len(model.vectors)
    if not 1 <= directions <= 3:
        allowed = "a model that is periodic in one, two or three directions"
        raise UserError("model", Verbatim(f"one of {directions} directions"), allowed)
    rotation = _rotation(model.vectors)
    notes = dict(model.provenance)
    if not np.array_equal(rotation, np.eye(3)):
        notes["rotated_axes"] = rotation.tolist()
    vectors, positions = model.vectors @ rotation.T, model.positions @ rotation.T
    if directions == 1:
        return _ribbon(replace(model, vectors=vectors, positions=positions, provenance=notes))
    names = dict(zip(model.names, map(tuple, positions.tolist()), strict=True))
    spins = {
        name: int(spin) for name, spin in zip(model.names, model.spins, strict=True) if spin
    }  # fmt: skip
    lattice = Lattice.from_hop_table(
        vectors[:, :directions], names, model.hops, spins, model.filling, notes
    )
    lattice.sites, lattice.units = model.sites, model.units
    if "rotated_axes" not in notes:  # components of L are those along the axes that the model had
        lattice.local_operators = model.local_operators
    if model.dipoles is not None:
        turned = model.dipoles.dipole @ rotation.T
        lattice.dipoles = replace(model.dipoles, dipole=turned)
    return lattice


def _ribbon(model: Model) -> Ribbon | Wire:
    """The ribbon or wire whose period is the model's vector, along x."""
    period = float(model.vectors[0, 0])
    positions = model.positions.copy()
    for axis in (1, 2) if model.solid else (1,):
        positions[:, axis] -= 0.5 * (positions[:, axis].min() + positions[:, axis].max())
    positions, shift = folded(positions, period)
    order = row_order(positions, (1, 2, 0) if model.solid else (1, 0, 2))
    rank, hops = np.argsort(order), model.hops
    cell = hops.cell[:, 0] + shift[hops.column] - shift[hops.row]
    return (Wire if model.solid else Ribbon)(
        hops=HopTable(rank[hops.row], rank[hops.column], cell, hops.amplitude),
        positions=positions[order],
        period=period,
        sublattice=np.array(model.sublattices or model.names)[order],
        cell=np.zeros(len(order), dtype=int),
        spin=model.spins[order],
        provenance=model.provenance,
        units=model.units,
    )


def _rotation(vectors: np.ndarray) -> np.ndarray:
    """(3, 3) rotation that brings one vector along x, or two into the plane of x and y."""
    if len(vectors) == 3:
        return np.eye(3)
    if len(vectors) == 1:
        return _turn(vectors[0] / np.linalg.norm(vectors[0]), np.array([1.0, 0.0, 0.0]))
    if np.all(np.abs(vectors[:, 2]) <= IN_PLANE * np.linalg.norm(vectors, axis=1)):
        return np.eye(3)
    normal = np.cross(*vectors)
    normal = normal / np.linalg.norm(normal)
    return _turn(normal if normal[2] >= 0 else -normal, np.array([0.0, 0.0, 1.0]))


def _turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation of one unit vector into another."""
    cosine, axis = float(start @ end), np.cross(start, end)
    if np.linalg.norm(axis) <= IN_PLANE:
        # Opposite vectors: rotation by pi about a perpendicular axis, here z or x.
        about = np.array([0.0, 0.0, 1.0]) if abs(end[2]) < 0.5 else np.array([1.0, 0.0, 0.0])
        return np.eye(3) if cosine > 0 else 2 * np.outer(about, about) - np.eye(3)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def directions_of(hops: HopTable) -> list[int]:
    """The directions in which a hop leads to another cell."""
    return [axis for axis in range(hops.cell.shape[1]) if np.any(hops.cell[:, axis])]


def without_idle_directions(model: Model) -> Model:
    """The model with only those vectors along which hops lead to other cells.

    ``provenance["periodic_vectors"]`` has their numbers, from 1.  Elements of the position operator
    between cells along the other vectors are left out.
    """
    periodic, hops, dipoles = directions_of(model.hops), model.hops, model.dipoles
    if dipoles is not None:
        idle = [axis for axis in range(len(model.vectors)) if axis not in periodic]
        inside = ~np.any(dipoles.cell[:, idle], axis=1)
        dipoles = DipoleTable(
            dipoles.row[inside],
            dipoles.column[inside],
            dipoles.cell[inside][:, periodic],
            dipoles.dipole[inside],
        )
    return replace(
        model,
        vectors=model.vectors[periodic],
        hops=replace(hops, cell=hops.cell[:, periodic]),
        dipoles=dipoles,
        provenance=model.provenance | {"periodic_vectors": [axis + 1 for axis in periodic]},
    )


def bands_of(hops: HopTable, orbitals: int, k: np.ndarray) -> np.ndarray:
    """Energies (..., orbital) at k (..., D), in units of the reciprocal vectors."""
    directions = hops.cell.shape[1]
    parts = (hops.row, hops.column, hops.cell, hops.amplitude)
    table = bulk_table(*parts, 2 * np.pi * np.eye(directions), np.zeros((orbitals, directions)))
    return np.linalg.eigvalsh(table.matrix(k))


def truncated(model: Model, longest: float | None, smallest: float | None) -> Model:
    """The model without hops that are longer or smaller than the limits.

    Parameters
    ----------
    longest : of the distance between the two orbitals, in the unit of the vectors
    smallest : of the modulus of the amplitude, in the unit of the energies

    ``provenance["truncation"]`` has both limits, the numbers of hops, and the largest and root mean
    square change of the energies at random k.
    """
    if longest is None and smallest is None:
        return model
    hops = model.hops
    # Exactly opposite for a hop and its conjugate, so that either both or neither are kept.
    span = hops.cell @ model.vectors + (model.positions[hops.column] - model.positions[hops.row])
    large = np.ones(len(hops.row), dtype=bool)
    home = (hops.row == hops.column) & ~np.any(hops.cell, axis=1)
    if longest is not None:
        large &= np.linalg.norm(span, axis=1) <= longest
    if smallest is not None:
        large &= np.abs(hops.amplitude) >= smallest
    remaining = hop_arrays.chosen(hops, large | home)
    k = np.random.default_rng(SEED).random((SAMPLES, len(model.vectors)))
    change = bands_of(remaining, len(model.names), k) - bands_of(hops, len(model.names), k)
    note = {
        "longest": longest,
        "smallest": smallest,
        "hops_before": len(hops.row),
        "hops": len(remaining.row),
        "largest_band_error": float(np.abs(change).max()),
        "root_mean_square_band_error": float(np.sqrt(np.mean(change**2))),
    }
    return replace(model, hops=remaining, provenance=model.provenance | {"truncation": note})


def hermitian(
    hops: HopTable, orbitals: int, tolerance: float, source: str
) -> tuple[HopTable, float]:
    """Hermitian part of a table, and the violation of H(R) = H(-R)^+.

    Raises
    ------
    UserError
        If the violation exceeds ``tolerance``, in the energy unit.
    """
    table, violation = hop_arrays.symmetrised(hops, orbitals)
    if violation > tolerance:
        problem = Verbatim(f"H(R) and H(-R)^+ that differ by {violation:.3g}")
        raise UserError(source, problem, f"a difference of at most {tolerance:g} (tolerance=)")
    return table, violation


def padded(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, n), n at most 3, as rows (3, 3) of three dimensions."""
    size = len(vectors)
    three = np.eye(3)
    three[:size, :size] = vectors
    return three


def with_conjugates(hops: HopTable, complete: int, orbitals: int) -> HopTable:
    """A table that lists each bond once, with all conjugates added and equal elements summed.

    The first ``complete`` entries are on-site energies, which have no conjugates.
    """
    bonds = slice(complete, None)
    return hop_arrays.summed(
        HopTable(
            np.concatenate((hops.row, hops.column[bonds])),
            np.concatenate((hops.column, hops.row[bonds])),
            np.concatenate((hops.cell, -hops.cell[bonds])),
            np.concatenate((hops.amplitude, hops.amplitude[bonds].conj())),
        ),
        orbitals,
    )


def numbered(labels: Iterable[str]) -> list[str]:
    """Unique names; labels that occur several times are numbered."""
    listed = list(labels)
    total, counts = Counter(listed), Counter[str]()
    names = []
    for label in listed:
        counts[label] += 1
        names.append(f"{label}_{counts[label]}" if total[label] > 1 else label)
    if len(set(names)) < len(names):  # a label looks like a numbered one
        return [f"{label}.{i}" for i, label in enumerate(listed)]
    return names
