"""Large samples in real space: sparse matrices of rings and flakes with disorder or vacancies.

A ring is ``length`` cells of a ribbon, closed along x; a flake is the same, open.  Matrices are
built from the hop table and are never dense, so that 10^5 orbitals take some tens of MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array

from ..errors import UserError, Verbatim
from ..lattice.row_blocks import rows_of
from ..lattice.samples import Ribbon
from ..states.eigenstates import KernelFunction, own_kernel
from . import disordered_rings

SHAPES = ("ring", "flake")


@dataclass(frozen=True)
class Sample:
    """A ring or a flake.

    Attributes
    ----------
    hamiltonian, velocity : (orbital, orbital) sparse, in t0 and t0 a / hbar; the velocity i[H, x]
    cell : (orbital,) number of the cell along x
    cells : number of cells;  reach : number of cells along x that a hop spans at most
    closed : whether the last cell is next to the first
    period : length of the sample, in a
    """

    hamiltonian: csr_array
    velocity: csr_array
    cell: np.ndarray
    cells: int
    reach: int
    closed: bool
    period: float

    @cached_property
    def level(self) -> np.ndarray:
        """(orbital,) levels so that hops connect neighbouring ones: cells, of a ring in pairs."""
        folded = np.minimum(self.cell, self.cells - self.cell) if self.closed else self.cell
        return folded // max(self.reach, 1)

    @cached_property
    def pattern(self) -> csr_array:
        """(orbital, orbital), 1 on hops and on the diagonal: where densities have elements."""
        whole = abs(self.hamiltonian) + abs(self.velocity)
        whole = whole + diags_array(np.ones(len(self.cell)), format="csr")
        return csr_array((np.ones(whole.nnz), whole.indices, whole.indptr), shape=whole.shape)

    @cached_property
    def is_real(self) -> bool:
        """Whether H is real, so that the velocity is imaginary."""
        return not np.any(self.hamiltonian.data.imag)


def sample(
    ribbon: Ribbon,
    length: int,
    shape: str = "ring",
    onsite: np.ndarray | None = None,
    removed: np.ndarray | None = None,
    twist: float = 0.0,
) -> Sample:
    """A ring or flake of ``length`` cells of a ribbon.

    Parameters
    ----------
    onsite : (orbital,) energies of the disorder, in t0, ordered by cell, then as in the ribbon
    removed : (orbital,) bool, orbitals that are vacant: they keep their places, without any hop
    twist : flux through a ring as a wave vector, in 1/a

    Raises
    ------
    UserError
        For an unknown shape, a length below 2, a flake with a twist, or a ribbon whose position
        operator has elements between orbitals.
    """
    if shape not in SHAPES:
        raise UserError("shape", shape, SHAPES)
    if ribbon.dipoles is not None:
        allowed = "a model with a diagonal position (position: diagonal)"
        raise UserError("model", Verbatim("a position with elements between orbitals"), allowed)
    closed = shape == "ring"
    if twist and not closed:
        raise UserError("twist", True, "false for a flake, which nothing closes")
    whole = disordered_rings.ring(ribbon, length)
    hops, x, size = whole.hops, whole.positions[:, 0], len(whole.positions)
    stays = np.ones(len(hops.row), dtype=bool) if closed else hops.cell == 0
    if removed is not None:
        stays &= ~removed[hops.row] & ~removed[hops.column]
    row, column = hops.row[stays], hops.column[stays]
    step = hops.cell[stays] * whole.period + x[column] - x[row]
    amplitude = hops.amplitude[stays] * np.exp(1j * twist * step)
    hamiltonian = _sparse(amplitude, row, column, size)
    if onsite is not None:
        hamiltonian = csr_array(hamiltonian + diags_array(onsite, format="csr"))
    return Sample(
        hamiltonian=hamiltonian,
        velocity=_sparse(1j * step * amplitude, row, column, size),
        cell=whole.cell,
        cells=length,
        reach=int(np.abs(ribbon.hops.cell).max(initial=0)),
        closed=closed,
        period=whole.period,
    )


def _sparse(values: np.ndarray, row: np.ndarray, column: np.ndarray, size: int) -> csr_array:
    matrix = csr_array(coo_array((values, (row, column)), shape=(size, size)))
    matrix.eliminate_zeros()
    return matrix


def vacancies(ribbon: Ribbon, length: int, fraction: float, seed: int) -> np.ndarray:
    """Vacant orbitals, (orbital,) bool of the ring: each site with the probability ``fraction``.

    The random stream is another one than that of Anderson disorder of the same seed.  At a larger
    fraction the same sites are vacant, and others.
    """
    sites = ribbon.sites
    drawn = np.random.default_rng([seed, 2]).random((length, len(sites))) < fraction
    return (drawn.astype(float) @ sites).ravel() > 0


def narrowed(ribbon: Ribbon, orbitals: int) -> Ribbon:
    """The first rows of a ribbon, of whole sites with at least as many orbitals in a cell."""
    ends = ribbon.sites.sum(axis=1).cumsum()
    return rows_of(ribbon, ribbon.sites[: np.searchsorted(ends, orbitals) + 1].sum(axis=0) > 0)


def kernel_blocks(ribbon: Ribbon, kernel: KernelFunction, definition: str) -> dict[int, csr_array]:
    """Elements of a density's kernel K between a cell and its neighbours, by number of cells.

    {n: (orbital in cell 0, orbital in cell n)}, found from K(k) at as many k as there are n.

    Raises
    ------
    UserError
        If the kernel has elements where no hop is, such as one that is a sum over bands.
    """
    reach = int(np.abs(ribbon.hops.cell).max(initial=0))
    count, bloch = 2 * reach + 1, ribbon.bloch
    k = 2 * np.pi * np.arange(count) / (count * ribbon.period)
    found = own_kernel(kernel, definition, bloch, k, on_hops=True)
    # From phases of positions to phases of cells, which have whole periods.
    phase = np.exp(1j * k[:, None] * bloch.x)
    by_cell = phase[:, :, None] * found.matrix * phase[:, None, :].conj()
    blocks = {}
    for n in range(-reach, reach + 1):
        turn = np.exp(-1j * k * n * ribbon.period) / count
        block = np.tensordot(turn, by_cell, axes=1)
        # Rounding of a part that vanishes would hide that K is imaginary.
        rounding = 1e-13 * np.abs(found.matrix).max(initial=0.0)
        block.real[np.abs(block.real) < rounding] = 0
        block.imag[np.abs(block.imag) < rounding] = 0
        blocks[n] = csr_array(block)
    return blocks


def kernel_on(
    sample: Sample, blocks: dict[int, csr_array], ribbon: Ribbon, twist: float = 0.0
) -> csr_array:
    """Kernel K of a whole sample, (orbital, orbital) sparse, from the blocks of the clean ribbon.

    A potential of the sites changes no K.  Elements at vacant orbitals are left in: every response
    vanishes there.

    Parameters
    ----------
    twist : that of the ring, in 1/a
    """
    size, parts = len(ribbon.positions), []
    x, period = ribbon.positions[:, 0], ribbon.period
    for n, block in blocks.items():
        elements = block.tocoo()
        i, j = elements.coords
        start = np.repeat(np.arange(sample.cells), len(i))
        end = start + n
        inside = np.ones(len(start), dtype=bool)
        if not sample.closed:
            inside = (end >= 0) & (end < sample.cells)
        step = x[j] - x[i] + n * period
        values = np.tile(elements.data * np.exp(1j * twist * step), sample.cells)
        row = start * size + np.tile(i, sample.cells)
        column = end % sample.cells * size + np.tile(j, sample.cells)
        parts.append((values[inside], row[inside], column[inside]))
    values, row, column = (np.concatenate([part[k] for part in parts]) for k in range(3))
    return _sparse(values, row, column, sample.cells * size)


def density_of(kernel: csr_array, change: csr_array) -> np.ndarray:
    """Density (orbital,) of a change of the density matrix: Tr n(mu) R, n = (P K + K+ P) / 2.

    Parameters
    ----------
    kernel, change : K and a Hermitian R, (orbital, orbital), R on the pattern of K at least
    """
    return (kernel * change.T).sum(axis=1).real


def by_window(values: np.ndarray, sample: Sample, sites: np.ndarray, windows: int) -> np.ndarray:
    """Sums over windows of cells along x and orbitals of a site, (window, site), per length.

    Parameters
    ----------
    values : (orbital,) of the sample;  sites : (site, orbital) of the ribbon
    windows : a divisor of the number of cells
    """
    by_cell = values.reshape(windows, sample.cells // windows, -1).sum(axis=1) @ sites.T
    return by_cell * (windows / sample.period)
