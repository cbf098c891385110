"""Models of PythTB, 1.8 (``tb_model``) and 2 (``TBModel``), read by their attributes.

Their H_ij(R) = <i, cell 0| H |j, cell R> is ours.  A model with spin has two states an orbital, up
and down one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError, kind_of
from ..lattice.hop_table import HopTable
from ..lattice.lattice import Lattice
from ..lattice.samples import Ribbon, Wire
from .assembled import Model, assembled, padded, with_conjugates


@dataclass(frozen=True)
class _Parts:
    """What both versions hold.

    vectors : (real dimension, real dimension);  reduced : (orbital, real dimension)
    periodic : list of the periodic directions;  spins : 1 or 2
    onsite : (orbital,) or (orbital, 2, 2);  hoppings : list of (amplitude, i, j, R)
    """

    version: str
    vectors: np.ndarray
    reduced: np.ndarray
    periodic: list[int]
    spins: int
    onsite: np.ndarray
    hoppings: list[tuple]
    diagonal: bool


def from_pythtb(model, *, filling: int | None = None) -> Lattice | Ribbon | Wire:
    """The lattice of a PythTB model; of one periodic direction the ribbon, or the wire.

    Parameters
    ----------
    model : ``pythtb.tb_model`` or ``pythtb.TBModel``, with or without spin, whose parameters, if
        it has any, have values
    filling : number of filled bands

    Returns
    -------
    Lattice of two or three periodic directions; with one a Ribbon, of a model of three dimensions
    a Wire.  Orbitals are called orb0, orb1, ..., of a model with spin orb0_up, orb0_down, ...

    Raises
    ------
    UserError
        For another object, a model with free parameters, one that is periodic in no direction, or
        one of four dimensions.
    """
    parts = _parts(model)
    dimension = len(parts.vectors)
    if dimension > 3:
        raise UserError("model", f"{dimension} dimensions", "a model of at most three")
    vectors = padded(parts.vectors)
    count, spins = len(parts.reduced), parts.spins
    block = np.eye(spins)
    row, column, cell, amplitude = [], [], [], []
    home = [0] * len(parts.periodic)
    onsite = [(energy, i, i, home) for i, energy in enumerate(parts.onsite)]
    bonds = [(t, i, j, [int(r[axis]) for axis in parts.periodic]) for t, i, j, r in parts.hoppings]
    for values, i, j, steps in (*onsite, *bonds):
        values = np.asarray(values, dtype=complex)
        matrix = values * block if values.ndim == 0 else values
        for a, b in np.ndindex(spins, spins):
            row.append(spins * i + a)
            column.append(spins * j + b)
            cell.append(steps)
            amplitude.append(matrix[a, b])
    on_site = count * spins**2
    hops = HopTable(
        np.array(row), np.array(column),
        np.array(cell, dtype=int).reshape(len(row), len(parts.periodic)), np.array(amplitude),
    )  # fmt: skip
    names = [f"orb{i}" for i in range(count)]
    if spins == 2:
        names = [f"{name}_{spin}" for name in names for spin in ("up", "down")]
    places = np.repeat(parts.reduced @ vectors[:dimension], spins, axis=0)
    return assembled(
        Model(
            vectors[parts.periodic],
            places,
            names,
            with_conjugates(hops, on_site, len(names)),
            np.tile([1, -1], count) if spins == 2 else np.zeros(count, dtype=int),
            dimension == 3,
            filling,
            {"source": f"pythtb {parts.version}", "position_operator_diagonal": parts.diagonal},
        )
    )


def _parts(model) -> _Parts:
    if hasattr(model, "lat_vecs") and hasattr(model, "hoppings"):
        return _second(model)
    if hasattr(model, "_site_energies") and hasattr(model, "get_lat"):
        return _first(model)
    raise UserError("model", kind_of(model), "a pythtb.tb_model or pythtb.TBModel")


def _first(model) -> _Parts:
    """Of PythTB 1.8, which has no public name for hops, energies and periodic directions."""
    size = len(model.get_lat())
    hoppings = [(hop[0], hop[1], hop[2], (hop[3:] or [[0] * size])[0]) for hop in model._hoppings]
    return _Parts(
        "1",
        np.asarray(model.get_lat(), dtype=float),
        np.asarray(model.get_orb(), dtype=float),
        list(model._per),
        int(model._nspin),
        np.asarray(model._site_energies),
        hoppings,
        bool(getattr(model, "_assume_position_operator_diagonal", True)),
    )


def _second(model) -> _Parts:
    if model.parameters:
        names = sorted({name for term in model.parameters for name in term["names"]})
        allowed = "a model with values for its parameters, model.with_parameters(...)"
        raise UserError("model", f"free parameters {', '.join(names)}", allowed)
    home = [0] * len(model.lat_vecs)
    hoppings = [
        (hop["amplitude"], hop["from_orbital"], hop["to_orbital"], hop.get("lattice_vector", home))
        for hop in model.hoppings
    ]
    return _Parts(
        "2",
        np.asarray(model.lat_vecs, dtype=float),
        np.asarray(model.orb_vecs, dtype=float),
        list(model.periodic_dirs),
        int(model.nspin),
        np.asarray(model.onsite),
        hoppings,
        bool(model.assume_position_operator_diagonal),
    )
