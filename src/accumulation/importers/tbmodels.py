"""Models of TBmodels, read by their attributes.

``model.hop[R]`` holds half of the Hamiltonian: H = sum_R hop[R] and its conjugate, R = 0 halved.
"""

from __future__ import annotations

import numpy as np

from ..errors import UserError, kind_of
from ..lattice import hop_arrays
from ..lattice.hop_table import HopTable
from ..lattice.lattice import Lattice
from ..lattice.samples import Ribbon, Wire
from .assembled import Model, assembled, padded, without_idle_directions


def from_tbmodels(model, *, filling: int | None = None) -> Lattice | Ribbon | Wire:
    """The lattice of a TBmodels model of one to three dimensions.

    As that of Wannier90, a direction in which no hop leads to another cell is taken as not
    periodic.  Orbitals are called orb0, orb1, ...; units are the model's own.

    Parameters
    ----------
    model : ``tbmodels.Model``, dense or sparse; without ``uc`` its vectors are unit vectors
    filling : number of filled bands; None: the model's ``occ``

    Raises
    ------
    UserError
        For another object, or a model without a hop to another cell.
    """
    names = ("hop", "pos", "dim", "size")
    if not all(hasattr(model, name) for name in names):
        raise UserError("model", kind_of(model), "a tbmodels.Model")
    dimension, size = int(model.dim), int(model.size)
    if not 1 <= dimension <= 3:
        raise UserError("model", f"{dimension} dimensions", "a model of one, two or three")
    matrices = {tuple(cell): _dense(matrix) for cell, matrix in model.hop.items()}
    cells = np.array(list(matrices), dtype=int).reshape(-1, dimension)
    half = np.array(list(matrices.values()), dtype=complex).reshape(-1, size, size)
    which, row, column = np.nonzero(half)
    amplitude = half[which, row, column]
    hops = HopTable(
        np.concatenate((row, column)),
        np.concatenate((column, row)),
        np.concatenate((cells[which], -cells[which])),
        np.concatenate((amplitude, amplitude.conj())),
    )
    hops = hop_arrays.summed(hops, size)
    vectors = padded(np.eye(dimension) if model.uc is None else np.asarray(model.uc, dtype=float))
    occupied = getattr(model, "occ", None)
    periodic_model = Model(
        vectors[:dimension],
        np.asarray(model.pos, dtype=float) @ vectors[:dimension],
        [f"orb{i}" for i in range(size)],
        hops,
        np.zeros(size, dtype=int),
        dimension == 3,
        filling if filling is not None or occupied is None else int(occupied),
        {"source": "tbmodels"},
    )
    return assembled(without_idle_directions(periodic_model))


def _dense(matrix) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
