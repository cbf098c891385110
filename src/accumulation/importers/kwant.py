"""Import of Kwant systems with a translational symmetry, read through their attributes.

The value of a hopping (a, b) is <a| H |b>, a number or a matrix on the orbitals of both sites.
Off-diagonal elements of the onsite matrix become hops between orbitals at the same position.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import MISSING, UserError, Verbatim, kind_of
from ..lattice.hop_table import HopTable
from ..lattice.lattice import Lattice
from ..lattice.samples import Ribbon, Wire
from .assembled import Model, assembled, hermitian, numbered, with_conjugates

# H of a site or a cell and its conjugate may differ by this, relative to its largest element.
HERMITIAN = 1e-10


@dataclass
class _Blocks:
    """Matrices of sites, and between two sites without the conjugates.

    onsite : list of (site, matrix);  hops : list of (to, origin, cell, matrix)
    """

    onsite: list[tuple[int, np.ndarray]]
    hops: list[tuple[int, int, tuple[int, ...], np.ndarray]]


def from_kwant(
    system,
    params: Mapping[str, Any] | None = None,
    *,
    spin: Sequence[int] | None = None,
    filling: int | None = None,
) -> Lattice | Ribbon | Wire:
    """The lattice of a Kwant builder, or a lead as ribbon or wire.

    Parameters
    ----------
    system : ``kwant.Builder`` with a translational symmetry of one to three directions, or a
        finalized lead (``InfiniteSystem``)
    params : values for the arguments of onsites and hoppings that are functions
    spin : sign of s_z, +1, -1 or 0, of each orbital of a site, if all sites have equally many;
        Kwant does not record which orbitals are spins
    filling : number of filled bands

    Returns
    -------
    Lattice for two or three periodic directions; for one a Ribbon, or a Wire if positions have
    three components.  Orbitals are named by the family of the site, numbered if a site has several,
    such as A_0 and A_1, or if a cell has several sites of the family.

    Raises
    ------
    UserError
        For another type of object, a system without symmetry, a parameter without a value, matrices
        whose shape is not the number of orbitals, onsite matrices that are not Hermitian, or a
        wrong number of spins.
    """
    symmetry = getattr(system, "symmetry", None)
    periods = np.asarray(getattr(symmetry, "periods", np.zeros((0, 0))), dtype=float)
    if symmetry is None or not hasattr(system, "sites"):
        raise UserError("system", kind_of(system), "a kwant.Builder or a finalized lead")
    if not len(periods):
        allowed = "one with a TranslationalSymmetry of one to three directions"
        raise UserError("system", Verbatim("a finite system"), allowed)
    if hasattr(system, "site_value_pairs"):
        sites, blocks = _of_builder(system, params or {})
    else:
        sites, blocks = _of_lead(system, params or {})
    numbers = [len(matrix) for _, matrix in blocks.onsite]
    starts = np.concatenate(([0], np.cumsum(numbers)))
    total = int(starts[-1])
    hops, complete = _table(blocks, starts, len(periods))
    families = [site.family.name or "site" for site in sites]
    real_space = periods.shape[1]
    places = np.zeros((len(sites), 3))
    places[:, :real_space] = [site.pos for site in sites]
    vectors = np.zeros((len(periods), 3))
    vectors[:, :real_space] = periods
    table = with_conjugates(hops, complete, total)
    scale = np.abs(table.amplitude).max(initial=0.0)
    table, _ = hermitian(table, total, HERMITIAN * scale, "onsite matrices")
    return assembled(
        Model(
            vectors,
            np.repeat(places, numbers, axis=0),
            _names(numbered(families), numbers),
            table,
            _spins(spin, numbers),
            real_space == 3,
            filling,
            {"source": "kwant", "params": {key: repr(v) for key, v in (params or {}).items()}},
            sublattices=_names(families, numbers),
        )
    )


def _of_builder(system, params: Mapping[str, Any]) -> tuple[list, _Blocks]:
    """Sites of the fundamental domain, sorted, and the matrices between them."""
    symmetry = system.symmetry
    pairs = sorted(system.site_value_pairs(), key=lambda pair: pair[0])
    sites = [site for site, _ in pairs]
    number = {site: i for i, site in enumerate(sites)}
    blocks = _Blocks([], [])
    for i, (site, value) in enumerate(pairs):
        matrix = _matrix(_value(value, (site,), params))
        expected = site.family.norbs
        if matrix.shape != (len(matrix), len(matrix)) or (expected and len(matrix) != expected):
            allowed = f"a square matrix on the {expected or ''} orbitals of the site"
            raise UserError(f"onsite of {site}", Verbatim(f"shape {matrix.shape}"), allowed)
        blocks.onsite.append((i, matrix))
    for (to, origin), value in system.hopping_value_pairs():
        matrix = _matrix(_value(value, (to, origin), params))
        cells = [np.array(symmetry.which(site)) for site in (to, origin)]
        ends = [
            number[symmetry.act(-cell, site)]
            for cell, site in zip(cells, (to, origin), strict=True)
        ]
        shape = tuple(len(blocks.onsite[end][1]) for end in ends)
        if matrix.shape != shape:
            problem = Verbatim(f"shape {matrix.shape}")
            raise UserError(f"hopping ({to}, {origin})", problem, f"shape {shape}")
        step = tuple(int(n) for n in cells[1] - cells[0])
        blocks.hops.append((ends[0], ends[1], step, matrix))
    return sites, blocks


def _of_lead(system, params: Mapping[str, Any]) -> tuple[list, _Blocks]:
    """Sites of a finalized lead's cell, and the matrices of the cell and to its neighbour."""
    if not hasattr(system, "inter_cell_hopping"):
        raise UserError("system", kind_of(system), "a kwant.Builder or a finalized lead")
    size = system.cell_size
    sites, interface = list(system.sites[:size]), list(system.sites[size:])
    cell = np.asarray(system.cell_hamiltonian(params=dict(params)))
    across = np.asarray(system.inter_cell_hopping(params=dict(params)))
    numbers = [site.family.norbs or len(cell) // size for site in sites]
    starts = np.concatenate(([0], np.cumsum(numbers)))
    if starts[-1] != len(cell):
        allowed = "site families with their number of orbitals (norbs=)"
        raise UserError("system", Verbatim(f"{len(cell)} orbitals on {size} sites"), allowed)
    spans = [slice(a, b) for a, b in pairwise(starts)]
    blocks = _Blocks([(i, cell[span, span]) for i, span in enumerate(spans)], [])
    for i in range(size):
        blocks.hops += [(i, j, (0,), cell[spans[i], spans[j]]) for j in range(i + 1, size)]
    number = {site: i for i, site in enumerate(sites)}
    begin = 0
    for site in interface:
        step = np.array(system.symmetry.which(site)) - system.symmetry.which(sites[0])
        j = number[system.symmetry.act(-step, site)]
        end = begin + numbers[j]
        blocks.hops += [
            (i, j, (int(step[0]),), across[span, begin:end]) for i, span in enumerate(spans)
        ]
        begin = end
    return sites, blocks


def _value(value: Any, sites: tuple, params: Mapping[str, Any]) -> Any:
    """A value, of a function that for these sites and the parameters that it names."""
    if not callable(value):
        return value
    names = list(inspect.signature(value).parameters.values())[len(sites) :]
    arguments = {}
    for parameter in names:
        if parameter.name in params:
            arguments[parameter.name] = params[parameter.name]
        elif parameter.default is parameter.empty:
            raise UserError(
                f"params.{parameter.name}", MISSING, "a value, as a function asks for it"
            )
    return value(*sites, **arguments)


def _matrix(value: Any) -> np.ndarray:
    matrix = np.asarray(value, dtype=complex)
    return matrix.reshape(1, 1) if matrix.ndim == 0 else matrix


def _table(blocks: _Blocks, starts: np.ndarray, directions: int) -> tuple[HopTable, int]:
    """All elements, those of onsite matrices first, and how many these are."""
    home = (0,) * directions
    matrices = [(i, i, home, matrix) for i, matrix in blocks.onsite] + blocks.hops
    row, column, cell, amplitude = [], [], [], []
    for to, origin, step, matrix in matrices:
        a, b = np.nonzero(matrix)
        row.append(starts[to] + a)
        column.append(starts[origin] + b)
        cell.append(np.tile(step, (len(a), 1)).reshape(len(a), directions))
        amplitude.append(matrix[a, b])
    complete = sum(map(len, amplitude[: len(blocks.onsite)]))
    parts = (np.concatenate(part) for part in (row, column, cell, amplitude))
    return HopTable(*parts), complete


def _names(sites: list[str], numbers: list[int]) -> list[str]:
    """Names of the orbitals: that of the site, with a number if the site has several."""
    return [
        name if count == 1 else f"{name}_{orbital}"
        for name, count in zip(sites, numbers, strict=True)
        for orbital in range(count)
    ]


def _spins(spin: Sequence[int] | None, numbers: list[int]) -> np.ndarray:
    if spin is None:
        return np.zeros(sum(numbers), dtype=int)
    signs = list(spin)
    if any(sign not in (-1, 0, 1) for sign in signs) or set(numbers) != {len(signs)}:
        counts = ", ".join(map(str, sorted(set(numbers))))
        raise UserError(
            "spin", spin, f"1, -1 or 0 for each orbital of a site, of which has {counts}"
        )
    return np.tile(signs, len(numbers))
