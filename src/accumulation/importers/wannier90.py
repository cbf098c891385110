"""Import of tight-binding models of Wannier90.

H_ij(k) = sum_R e^{ikR} H_ij(R) / N_R, and with ``use_ws_distance`` each element is divided
among the images R + T of orbital j that are nearest to i,
sum_T e^{ik(R + T)} H_ij(R) / (N_R N_ij(R))
(Wannier90's user guide).  Phases of the centres are added by the lattice.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..inputs import real_array
from ..lattice import hop_arrays
from ..lattice.hop_table import DipoleTable, HopTable
from ..lattice.lattice import Lattice
from ..lattice.samples import Ribbon, Wire
from .assembled import (
    SAMPLES,
    SEED,
    Model,
    assembled,
    bands_of,
    directions_of,
    hermitian,
    numbered,
    truncated,
    without_idle_directions,
)
from .orbital_identity import Basis, identity_check
from .orbital_labels import Label, labels, sites_and_momenta
from .spin_order import spin_order, spin_pairs
from .wannier_seed import Source, centres_of, elements_of, read_files, vectors_of

LISTED = 4  # largest number of orbitals in a warning
POSITIONS = ("full", "diagonal")
HOP_PARTS = ("row", "column", "cell", "amplitude")


def from_wannier90(
    seed_or_folder,
    *,
    cell=None,
    centres=None,
    use_ws_distance: bool | None = None,
    spin: str | None = None,
    longest: float | None = None,
    smallest: float | None = None,
    filling: int | None = None,
    position: str = "full",
    tolerance: float = 1e-3,
) -> Lattice | Ribbon | Wire:
    """The lattice of Wannier functions from files of Wannier90.

    Reads ``SEED_tb.dat``, or else ``SEED_hr.dat``, and ``SEED_wsvec.dat``, ``SEED_centres.xyz`` and
    ``SEED.win`` if they exist, each plain or ``.gz``.  Energies are in eV, lengths in angstrom.  A
    direction in which no remaining hop leads to another cell is not periodic, so a layer becomes a
    lattice of two dimensions.

    Parameters
    ----------
    seed_or_folder : path and seed such as ``data/mos2``, one of the files, or a folder of one seed
    cell : (3, 3) lattice vectors as rows, in angstrom; None: of the files
    centres : (orbital, 3) centres of the Wannier functions, in angstrom; None: of the files
    use_ws_distance : divide elements among nearest images; None: the setting in the head of
        ``_wsvec.dat``, False without that file
    spin : "none", "blocks" (all up, then all down) or "interleaved"; None: "none" unless
        the ``.win`` file has ``spinors = true``; then the order that time reversal or the positions
        of the centres determine
    longest, smallest : drop hops over a longer distance (angstrom), or of smaller modulus (eV);
        the change of the bands is recorded (``provenance["truncation"]``)
    filling : number of filled bands
    position : "full", with the elements of the position operator between orbitals where there is a
        ``_tb.dat``, or "diagonal", with the centres alone
    tolerance : largest violation of H(R) = H(-R)^+, in eV; smaller ones are removed by averaging

    Returns
    -------
    Lattice of two or three dimensions, or Wire for one periodic direction; ``provenance`` has the
    files read and the results of all checks.

    Raises
    ------
    UserError
        For files that are missing, malformed or inconsistent, with file and line; for a cell or
        centres that are neither in a file nor given; for an order of spins that is neither given
        nor determined.

    Warns
    -----
    UserWarning
        If the crystal's symmetries do not confirm that the orbitals are those named by the
        projections; the names are then w1, w2, ...
    """
    source = read_files(seed_or_folder)
    vectors = vectors_of(source, cell)
    places = centres_of(source, centres)
    if position not in POSITIONS:
        raise UserError("position", position, POSITIONS)
    table, matrices, setting = elements_of(source, use_ws_distance)
    orbitals = source.matrices.orbitals
    hops, violation = hermitian(table, orbitals, tolerance, str(source.main))
    spinors = source.win.logical("spinors") if source.win else None
    order, spin_note = spin_order(spin, spinors, hops, places)
    provenance: dict = {
        "source": "wannier90",
        "seed": source.seed,
        "files": {path.name: _digest(path) for path in source.paths.values()},
        "energy_unit": "eV",
        "length_unit": "angstrom",
        "cells": source.matrices.cells,
        "use_ws_distance": setting,
        "hermiticity_violation": violation,
        "bands_at_k_and_minus_k_differ_by": _evenness(hops, orbitals),
    }
    provenance |= {"spin": spin_note} if spin_note else {}
    names, identity, projected = _names(source, vectors, hops, order)
    provenance |= {"orbital_identity": identity} if identity else {}
    provenance |= {"notes": source.notes} if source.notes else {}
    spins = np.zeros(orbitals, dtype=int)
    if order != "none":
        up, down = spin_pairs(order, orbitals)
        spins[up], spins[down] = 1, -1
    dipoles = None
    if matrices is not None and position == "full":
        dipoles = _dipoles(table, matrices, orbitals)
    if matrices is not None:
        provenance["position"] = position
    model = Model(vectors, places, names, hops, spins, True, filling, provenance, dipoles)
    sites, momenta = sites_and_momenta(projected, names, order)
    model = replace(model, sites=sites, local_operators=momenta, units="eV_angstrom")
    model = truncated(model, _limit("longest", longest), _limit("smallest", smallest))
    return assembled(without_idle_directions(model))


def _limit(key: str, value) -> float | None:
    allowed = "a positive number, or None"
    if value is None:
        return None
    number = real_array(key, value, allowed)
    if number.shape or not number > 0:
        raise UserError(key, value, allowed)
    return float(number)


def _names(
    source: Source, vectors: np.ndarray, hops: HopTable, order: str
) -> tuple[list[str], dict, list[Label]]:
    """Names of the orbitals, the check of their labels by symmetries, and the trusted labels."""
    orbitals = source.matrices.orbitals
    projected = labels(source.win) if source.win is not None else None
    spatial = orbitals if order == "none" else orbitals // 2
    if projected is None or len(projected) != spatial:
        return _plain_names(orbitals), {}, []
    periodic = directions_of(hops)
    basis = Basis(vectors[periodic], source.win.atoms if source.win else [], projected, order)
    in_plane = HopTable(hops.row, hops.column, hops.cell[:, periodic], hops.amplitude)
    identity = identity_check(basis, in_plane)
    identity["labels"] = [label.name for label in projected]
    if not identity["trusted"]:
        why = identity.get("why", "no symmetry of the lattice is one of the bands, to 5 meV")
        if identity["trusted"] is False:
            deviation = max(entry["hamiltonian_eV"] for entry in identity["symmetries"])
            why = f"moduli of a symmetry's matrix differ by {identity['mismatch']:.2g}"
            why += f", most for {_worst(projected, order, identity['by_orbital'])}"
            why += f", and it leaves {deviation:.2g} eV of the Hamiltonian"
        words = (
            f"{source.seed}: orbitals are not known to be what projections name them: {why}; "
            f"they are called w1 to w{orbitals}"
        )
        warnings.warn(words, stacklevel=3)
        return _plain_names(orbitals), identity, []
    return _labelled(projected, order), identity, projected


def _dipoles(table: HopTable, position: np.ndarray, orbitals: int) -> DipoleTable:
    """Hermitian part of r(R) between orbitals, without the centres."""
    home = (table.row == table.column) & ~np.any(table.cell, axis=1)
    parts = (table.row[~home], table.column[~home], table.cell[~home])
    axes = [
        hop_arrays.symmetrised(HopTable(*parts, position[~home, axis]), orbitals)[0]
        for axis in range(3)
    ]
    # The tables of the axes differ, as each omits its zeros.
    entries = HopTable(*(np.concatenate([getattr(a, n) for a in axes]) for n in HOP_PARTS))
    ones = HopTable(entries.row, entries.column, entries.cell, np.ones(len(entries.row)))
    union = hop_arrays.summed(ones, orbitals)
    dipole = np.zeros((len(union.row), 3), dtype=complex)
    for axis, part in enumerate(axes):
        dipole[hop_arrays.places_of(union, part, orbitals), axis] = part.amplitude
    return DipoleTable(union.row, union.column, union.cell, dipole)


def _evenness(hops: HopTable, orbitals: int) -> float:
    """max |E(k) - E(-k)| at random k, in eV; 0 with time reversal or inversion."""
    k = np.random.default_rng(SEED).random((SAMPLES, hops.cell.shape[1]))
    energy = bands_of(hops, orbitals, np.stack((k, -k)))
    return float(np.abs(energy[0] - energy[1]).max())


def _worst(projected: list[Label], order: str, mismatch: list[float]) -> str:
    """The labels of the orbitals with the largest mismatch."""
    names = np.array(_labelled(projected, order))
    return ", ".join(names[np.asarray(mismatch) > 0.9 * max(mismatch)][:LISTED])


def _labelled(projected: list[Label], order: str) -> list[str]:
    names = numbered(label.name for label in projected)
    if order == "blocks":
        return [f"{name}_{spin}" for spin in ("up", "down") for name in names]
    if order == "interleaved":
        return [f"{name}_{spin}" for name in names for spin in ("up", "down")]
    return names


def _plain_names(orbitals: int) -> list[str]:
    return [f"w{number}" for number in range(1, orbitals + 1)]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
