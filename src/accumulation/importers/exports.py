"""Lattices as models of other programs: PythTB, and files of Wannier90."""

from __future__ import annotations

import numpy as np

from ..errors import UserError, Verbatim
from ..lattice.cuts import normal_of
from ..lattice.hop_table import HopTable
from ..lattice.lattice import Lattice

# Distance of a layer to its periodic image in a cell of three dimensions, in units of its longest
# vector; no hop joins the images.
SPACING = 10.0
DEGENERACIES_A_LINE = 15


def to_pythtb(lattice: Lattice):
    """The lattice as ``pythtb.tb_model`` (1.8) or ``pythtb.TBModel`` (2), without spin blocks.

    Orbitals keep their order; the two spins are separate orbitals.  A layer whose
    orbitals differ in height becomes a model of three dimensions, periodic in two.

    Raises
    ------
    UserError
        If PythTB is not installed, or lattice vectors are not right-handed, as it requires.
    """
    try:
        import pythtb
    except ImportError:
        raise UserError("to_pythtb", "no package pythtb", "pip install pythtb") from None
    flat = lattice.dimension == 2 and not np.ptp(lattice.positions[:, 2])
    vectors = lattice.vectors if flat else _three_vectors(lattice)
    if np.linalg.det(vectors) < 0:
        allowed = "right-handed vectors, as PythTB refuses others (exchange two of them)"
        raise UserError("vectors", np.asarray(lattice.vectors).tolist(), allowed)
    reduced = lattice.positions[:, : len(vectors)] @ np.linalg.inv(vectors)
    directions = list(range(lattice.dimension))
    if hasattr(pythtb, "TBModel"):
        model = pythtb.TBModel(pythtb.Lattice(vectors, reduced, directions))
    else:
        model = pythtb.tb_model(lattice.dimension, len(vectors), vectors, reduced, directions)
    model.set_onsite([lattice.onsite.get(name, 0.0) for name in lattice.orbitals])
    number = {name: i for i, name in enumerate(lattice.orbitals)}
    padding = [0] * (len(vectors) - lattice.dimension)
    for to, origin, cell, amplitude in lattice.hoppings:
        # Each bond is in the list once, so PythTB need not check for its conjugate.
        model.set_hop(
            amplitude, number[to], number[origin], [*cell, *padding], allow_conjugate_pair=True
        )
    return model


def wannier90_texts(lattice: Lattice) -> dict[str, list[str]]:
    """Lines of the files ``_tb.dat``, ``_hr.dat``, ``_centres.xyz`` and ``.win``, by these ends.

    Orbitals with spin must be in an order of the format: all up, then all down, or alternating.

    Raises
    ------
    UserError
        For spins in another order.
    """
    vectors, places = _three_vectors(lattice), lattice.positions
    spinors = _has_spinors(lattice)
    cells, hopping = _matrices(lattice)
    dipoles = _dipole_matrices(lattice, cells)
    head = [f"{len(places)}", f"{len(cells)}", *_degeneracies(len(cells))]
    title = "written by accumulation"
    return {
        "_hr.dat": [title, *head, *_hr_lines(cells, hopping)],
        "_tb.dat": [
            title,
            *(_numbers(vector) for vector in vectors),
            *head,
            *_tb_lines(cells, hopping[..., None]),
            *_tb_lines(cells, dipoles),
        ],
        "_centres.xyz": [f"{len(places)}", title, *(f"X {_numbers(place)}" for place in places)],
        ".win": [
            f"num_wann = {len(places)}",
            f"spinors = {'true' if spinors else 'false'}",
            "begin unit_cell_cart",
            "ang",
            *(_numbers(vector) for vector in vectors),
            "end unit_cell_cart",
        ],
    }


def _three_vectors(lattice: Lattice) -> np.ndarray:
    """(3, 3) vectors, of a layer with a third along its normal."""
    if lattice.dimension == 3:
        return lattice.vectors
    longest = np.linalg.norm(lattice.vectors, axis=1).max()
    spacing = SPACING * longest + np.ptp(lattice.positions[:, 2])
    vectors = np.zeros((3, 3))
    vectors[:2, :2] = lattice.vectors
    vectors[2] = spacing * normal_of(lattice.vectors)
    return vectors


def _has_spinors(lattice: Lattice) -> bool:
    spins = lattice.spins
    if not spins.any():
        return False
    half = len(spins) // 2
    blocks = np.repeat([1, -1], half)
    interleaved = np.tile([1, -1], half)
    if len(spins) % 2 or not any(np.array_equal(spins, o) for o in (blocks, interleaved)):
        problem = Verbatim("spins in another order")
        raise UserError(
            "spin", problem, "all up, then all down, or up and down one after the other"
        )
    return True


def _matrices(lattice: Lattice) -> tuple[np.ndarray, np.ndarray]:
    """Cells (cell, 3) and H(R) (cell, orbital, orbital), home included and R with -R."""
    hops = HopTable(*lattice.hop_table())
    steps = [_padded(hops.cell)]
    if lattice.dipoles is not None:
        steps.append(_padded(lattice.dipoles.cell))
    steps.append(np.zeros((1, 3), dtype=int))
    cells, cell_index = np.unique(np.concatenate(steps), axis=0, return_inverse=True)
    size = len(lattice.orbitals)
    matrices = np.zeros((len(cells), size, size), dtype=complex)
    places = (cell_index.reshape(-1)[: len(hops.row)], hops.row, hops.column)
    np.add.at(matrices, places, hops.amplitude)
    return cells, matrices


def _dipole_matrices(lattice: Lattice, cells: np.ndarray) -> np.ndarray:
    """r(R), (cell, orbital, orbital, 3), the positions on the diagonal of the home cell."""
    size = len(lattice.orbitals)
    matrices = np.zeros((len(cells), size, size, 3), dtype=complex)
    home = int(np.flatnonzero(~np.any(cells, axis=1))[0])
    matrices[home, np.arange(size), np.arange(size)] = lattice.positions
    if lattice.dipoles is not None:
        number = {tuple(cell): i for i, cell in enumerate(cells.tolist())}
        table = lattice.dipoles
        cell_index = [number[tuple(cell)] for cell in _padded(table.cell).tolist()]
        matrices[cell_index, table.row, table.column] += table.dipole
    return matrices


def _padded(cell: np.ndarray) -> np.ndarray:
    return np.column_stack((cell, np.zeros((len(cell), 3 - cell.shape[1]), dtype=int)))


def _degeneracies(cells: int) -> list[str]:
    counts = [min(DEGENERACIES_A_LINE, cells - i) for i in range(0, cells, DEGENERACIES_A_LINE)]
    return [" ".join(["1"] * count) for count in counts]


def _hr_lines(cells: np.ndarray, hopping: np.ndarray):
    size = hopping.shape[1]
    for cell, matrix in zip(cells.tolist(), hopping, strict=True):
        place = " ".join(map(str, cell))
        for column in range(size):
            for row in range(size):
                yield f"{place} {row + 1} {column + 1} {_numbers(_parts(matrix[row, column]))}"


def _tb_lines(cells: np.ndarray, matrices: np.ndarray):
    """Blocks of matrices (cell, orbital, orbital, component)."""
    size = matrices.shape[1]
    for cell, matrix in zip(cells.tolist(), matrices, strict=True):
        yield ""
        yield " ".join(map(str, cell))
        for column in range(size):
            for row in range(size):
                yield f"{row + 1} {column + 1} {_numbers(_parts(matrix[row, column]))}"


def _parts(values) -> np.ndarray:
    """Real and imaginary part of each number, one after the other."""
    return np.column_stack((np.real(values).reshape(-1), np.imag(values).reshape(-1))).reshape(-1)


def _numbers(values) -> str:
    return " ".join(f"{value:.16e}" for value in values)
