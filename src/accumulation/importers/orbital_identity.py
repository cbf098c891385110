"""Check that labelled orbitals transform according to their labels under the crystal's symmetries.

A symmetry g of the crystal, determined from its lattice, atoms and bands, E(g k) = E(k), acts on
the orbitals as a matrix U that is the same at every k: U H(k) = H(g k) U, in the convention with
phases of the atoms.  H determines U, up to a factor, as the null vector of a linear map.  The
labels determine another matrix D: harmonics are rotated, atoms exchanged and spins rotated.  Signs
of Wannier functions are arbitrary, so moduli are compared: |U_ij| = |D_ij|.  For an antiunitary
symmetry, g with time reversal, H(k)^* and H(-g k) replace H(k) and H(g k).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..lattice.bulk_bloch import bulk_table
from ..lattice.hop_table import HopTable
from .orbital_labels import Label, rotation_of_harmonics

# Tolerances of equal positions (angstrom) and energies (eV): files have six digits, and Wannier
# functions break symmetries slightly.
SAME_PLACE, SAME_ENERGY = 0.05, 5e-3
# Tolerances of |U| - |D|, and of U H(k) - H(g k) U in eV.
TRUSTED, SAME_MATRIX = 0.1, 0.1
# Largest number of orbitals, as there are orbitals^2 unknowns, and of symmetries tested.
MOST_ORBITALS, MOST_OPERATIONS = 24, 3
# Singular values of null vectors, relative to the largest one.
NULL = 1e-4
# Starts and iterations of the search among several null vectors.
STARTS, TURNS = 4, 40


@dataclass(frozen=True)
class Basis:
    """Labelled orbitals in their crystal.

    vectors : (D, 3) periodic directions, angstrom;  atoms : list of (symbol, place (3,))
    labels : of the orbitals without spin
    spin : "none", "blocks" or "interleaved"
    """

    vectors: np.ndarray
    atoms: list[tuple[str, np.ndarray]]
    labels: list[Label]
    spin: str

    @property
    def atom(self) -> np.ndarray:
        """(orbital,) number of the atom of each orbital, spins included."""
        atom = np.array([label.atom for label in self.labels])
        if self.spin == "none":
            return atom
        return np.tile(atom, 2) if self.spin == "blocks" else np.repeat(atom, 2)


def identity_check(basis: Basis, hops: HopTable) -> dict:
    """Comparison of the labels with the symmetries of the bands.

    Returns
    -------
    dict with ``symmetries``, a list with one entry for each symmetry of the bands: its matrix, the
    difference of the bands (eV), the largest element of U H(k) - H(g k) U for the best U (eV), and
    ``mismatch``, the largest difference of |U| and |D|; ``trusted``, True if both are at most 0.1
    for all, None if no symmetry was tested; ``by_orbital``, the largest mismatch in the row of each
    orbital.
    """
    orbitals = len(basis.atom)
    if orbitals > MOST_ORBITALS:
        return {"trusted": None, "symmetries": [], "why": f"more than {MOST_ORBITALS} orbitals"}
    table = _Bloch(basis, hops)
    entries = []
    for operation in _point_group(basis.vectors):
        images = _images(basis, operation)
        if images is None:
            continue
        actions = _actions(basis, operation, images)
        options = []
        for antiunitary in (False, True):
            if table.bands_keep(operation, antiunitary):
                options.append(table.entry(operation, antiunitary, actions[antiunitary]))
                if options[-1]["hamiltonian_eV"] <= SAME_MATRIX:
                    break
        if options:
            # If both fit, as without spin and magnetism, prefer the one without time reversal.
            entries.append(
                min(options, key=lambda e: e["hamiltonian_eV"] * (2 if e["antiunitary"] else 1))
            )
        if len(entries) == MOST_OPERATIONS:
            break
    if not entries:
        return {"trusted": None, "symmetries": []}
    mismatch, residual = (max(e[key] for e in entries) for key in ("mismatch", "hamiltonian_eV"))
    by_orbital = np.max([entry.pop("by_orbital") for entry in entries], axis=0)
    return {
        "trusted": mismatch <= TRUSTED and residual <= SAME_MATRIX,
        "mismatch": mismatch,
        "by_orbital": by_orbital.tolist(),
        "symmetries": entries,
    }


def _point_group(vectors: np.ndarray) -> list[np.ndarray]:
    """(3, 3) orthogonal matrices that preserve the lattice, except +-1; threefold rotations first.

    In two dimensions they are those of the plane, with z unchanged or reversed.
    """
    size = len(vectors)
    metric = vectors @ vectors.T
    steps = np.array(list(product((-1, 0, 1), repeat=size * size))).reshape(-1, size, size)
    turned = steps @ metric @ steps.swapaxes(1, 2)
    fits = np.abs(turned - metric).max(axis=(1, 2)) < 1e-3 * np.abs(metric).max()
    heights = (1, -1) if size == 2 else (1,)
    operations = []
    for step, height in product(steps[fits], heights):
        square, images = vectors, step @ vectors
        if size == 2:
            normal = np.cross(*vectors) / np.linalg.norm(np.cross(*vectors))
            square, images = np.vstack((square, normal)), np.vstack((images, height * normal))
        left, _, right = np.linalg.svd(np.linalg.solve(square, images).T)
        # +-1 on wave vectors is no test: it is trivial, or follows from time reversal.
        if np.abs(np.abs(step) - np.eye(size)).max() or abs(np.trace(step)) < size:
            operations.append(left @ right)
    # Threefold axes first: they mix orbitals of one shell, which mirrors and twofold ones do not.
    threefold = [np.abs(np.linalg.matrix_power(o, 3) - np.eye(3)).max() < 1e-6 for o in operations]
    return [operations[i] for i in np.argsort(~np.array(threefold, dtype=bool), kind="stable")]


def _images(basis: Basis, operation: np.ndarray) -> np.ndarray | None:
    """(atom,) image of each atom, with a suitable translation; None if there is none."""
    symbols = [symbol for symbol, _ in basis.atoms]
    places = np.array([place for _, place in basis.atoms])
    inverse = np.linalg.pinv(basis.vectors)
    rarest = min(symbols, key=symbols.count)
    first = symbols.index(rarest)
    turned = places @ operation.T
    for other in (i for i, symbol in enumerate(symbols) if symbol == rarest):
        gap = turned[:, None] + places[other] - turned[first] - places
        gap -= np.rint(gap @ inverse) @ basis.vectors
        alike = np.array([[a == b for b in symbols] for a in symbols])
        coincides = (np.linalg.norm(gap, axis=-1) < SAME_PLACE) & alike
        if np.all(coincides.sum(axis=0) == 1) and np.all(coincides.sum(axis=1) == 1):
            return np.argmax(coincides, axis=1)
    return None


def _actions(
    basis: Basis, operation: np.ndarray, images: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(orbital, orbital) moduli |D| according to the labels, without and with time reversal.

    For an incomplete set of labels, such as half of a shell, D is not unitary, and bands with the
    symmetry do not match it.
    """
    harmonics = np.array([label.harmonics for label in basis.labels])
    atom = np.array([label.atom for label in basis.labels])
    matrix = harmonics @ rotation_of_harmonics(operation) @ harmonics.T
    matrix *= atom[:, None] == images[atom]
    orbital = np.abs(matrix)
    if basis.spin == "none":
        return orbital, orbital
    half = np.abs(_spin_rotation(operation))
    halves = (half, half[:, ::-1])  # time reversal exchanges the spins
    if basis.spin == "blocks":
        return np.kron(halves[0], orbital), np.kron(halves[1], orbital)
    return np.kron(orbital, halves[0]), np.kron(orbital, halves[1])


def _spin_rotation(operation: np.ndarray) -> np.ndarray:
    """(2, 2) rotation of a spin 1/2; a reflection acts as its proper rotation."""
    proper = operation * np.linalg.det(operation)
    cosine = np.clip((np.trace(proper) - 1) / 2, -1, 1)
    angle = np.arccos(cosine)
    values, vectors = np.linalg.eigh(proper + proper.T)
    axis = vectors[:, np.argmax(values)]
    turned = [proper[2, 1] - proper[1, 2], proper[0, 2] - proper[2, 0], proper[1, 0] - proper[0, 1]]
    axis = -axis if axis @ turned < 0 else axis
    x, y, z = axis
    pauli = np.array([[z, x - 1j * y], [x + 1j * y, -z]])
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli


class _Bloch:
    """H(k) with the phases of the atoms, at a few k and their images."""

    def __init__(self, basis: Basis, hops: HopTable):
        directions = len(basis.vectors)
        self.inverse = np.linalg.pinv(basis.vectors)  # (3, D)
        places = np.array([place for _, place in basis.atoms])[basis.atom]
        parts = (hops.row, hops.column, hops.cell, hops.amplitude)
        table = bulk_table(*parts, np.eye(directions), np.zeros((len(places), directions)))
        self.table, self.places, self.vectors = table, places, basis.vectors
        reduced = np.random.default_rng(7).uniform(-np.pi, np.pi, (6, directions))
        self.k = reduced @ self.inverse.T  # in 1 / angstrom, in the plane of the vectors
        self.h = self._matrix(self.k)
        self.energy = np.linalg.eigvalsh(self.h)

    def _matrix(self, k: np.ndarray) -> np.ndarray:
        turn = np.exp(1j * k @ self.places.T)
        return turn.conj()[:, :, None] * self.table.matrix(k @ self.vectors.T) * turn[:, None, :]

    def _image(self, operation: np.ndarray, antiunitary: bool) -> np.ndarray:
        k = self.k @ operation.T
        return self._matrix(-k if antiunitary else k)

    def _band_difference(self, operation: np.ndarray, antiunitary: bool) -> float:
        energy = np.linalg.eigvalsh(self._image(operation, antiunitary))
        return float(np.abs(energy - self.energy).max())

    def bands_keep(self, operation: np.ndarray, antiunitary: bool) -> bool:
        """Whether E(g k) = E(k), or E(-g k) = E(k) for an antiunitary operation."""
        return self._band_difference(operation, antiunitary) <= SAME_ENERGY

    def entry(self, operation: np.ndarray, antiunitary: bool, action: np.ndarray) -> dict:
        """The entry of an operation in :func:`identity_check`; ``action`` is |D|."""
        before = self.h.conj() if antiunitary else self.h
        after = self._image(operation, antiunitary)
        matrix = _intertwiner(before, after, action)
        return {
            "matrix": np.round(operation, 6).tolist(),
            "antiunitary": antiunitary,
            "bands_eV": self._band_difference(operation, antiunitary),
            "hamiltonian_eV": float(np.abs(matrix @ before - after @ matrix).max()),
            "mismatch": float(np.abs(np.abs(matrix) - action).max()),
            "by_orbital": np.round(np.abs(np.abs(matrix) - action).max(axis=1), 4).tolist(),
        }


def _intertwiner(before: np.ndarray, after: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The unitary U that minimises U A - B U over matrices A, B (k, orbital, orbital).

    If H has a conserved quantity at every k, such as a mirror of the plane, there are several: U
    times matrices that commute with H.  One with the moduli ``action`` is determined iteratively:
    set elements to zero where ``action`` is zero, project onto the solutions, make it unitary.
    """
    size = before.shape[1]
    # The sum of |U A - B U|^2 as a form in U, row by row; A and B are Hermitian.
    one, normal = np.eye(size), np.zeros((size**2, size**2), dtype=complex)
    for a, b in zip(before, after, strict=True):
        normal += np.kron(one, a.T @ a.T) - 2 * np.kron(b, a.T) + np.kron(b @ b, one)
    values, vectors = np.linalg.eigh(normal)
    free = vectors[:, values <= 100 * abs(values[0]) + NULL**2 * values[-1]]
    random = np.random.default_rng(3)
    candidates = []
    for _ in range(STARTS if free.shape[1] > 1 else 1):
        weights = random.standard_normal((free.shape[1], 2)) @ (1, 1j)
        matrix = _unitary((free @ weights).reshape(size, size))
        for _ in range(TURNS if free.shape[1] > 1 else 0):
            inside = np.where(action > 1e-6, matrix, 0).reshape(-1)
            matrix = _unitary((free @ (free.conj().T @ inside)).reshape(size, size))
        candidates.append(matrix)
    return min(candidates, key=lambda matrix: np.abs(np.abs(matrix) - action).max())


def _unitary(matrix: np.ndarray) -> np.ndarray:
    """The unitary polar factor of a matrix, by its singular value decomposition."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right
