"""A wide system and a density as matrices that join near rows only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..lattice.row_blocks import BlockMatrices
from ..lattice.samples import System
from .eigenstates import KernelFunction, own_kernel
from .level_counts import levels_below
from .near_states import LocalMatrix

# Orbitals that fill up blocks have this energy, in units of the bound of the spectrum.
FILLER = 100.0
# k in one batch of counts.
BATCH = 128


class BandedSystem:
    """H, the velocities and the kernels of a density, as blocks of rows.

    Parameters
    ----------
    system : a ribbon or wire
    kernel : function (states, definition) of a density, whose matrix needs no band
    definitions : names of its definitions
    gauge : of the velocity in matrix elements between bands

    Attributes
    ----------
    matrices : ``hamiltonian``, ``slope`` (velocity of the atomic gauge), ``velocity``, and one of
        :attr:`kernels` for each definition
    rows : number of rows
    scale, fastest : bounds of all energies and of all d energy / dk, in t0 and t0 a

    Raises
    ------
    UserError
        If the density joins distant orbitals, or needs eigenstates.
    """

    def __init__(
        self, system: System, kernel: KernelFunction, definitions: Sequence[str], gauge: str
    ):
        def kernel_of(bloch: BlochMatrix, k: np.ndarray, definition: str) -> np.ndarray:
            return own_kernel(kernel, definition, bloch, k, gauge).matrix

        self.kernels = [f"kernel {name}" for name in definitions]
        functions = {
            "hamiltonian": lambda bloch, k: bloch.hamiltonian(k),
            "slope": lambda bloch, k: bloch.velocity(k),
            "velocity": lambda bloch, k: bloch.velocity(k, gauge),
        }
        functions |= {
            name: partial(kernel_of, definition=definition)
            for name, definition in zip(self.kernels, definitions, strict=True)
        }
        self.matrices = BlockMatrices(system, functions)
        self.rows = self.matrices.rows
        self.scale = max(bloch.scale for bloch in self.matrices.blochs)
        self.fastest = max(bloch.fastest for bloch in self.matrices.blochs)

    @cached_property
    def is_real(self) -> bool:
        """Whether all matrices are real, so that the interband response vanishes identically."""
        k = np.array([0.3, 1.1])
        names = ("hamiltonian", "velocity", *self.kernels)
        return not any(np.iscomplexobj(self.matrices.values(name, k)) for name in names)

    def blocks(self, name: str, k: np.ndarray) -> tuple[np.ndarray, ...]:
        """Blocks of one matrix at k (k,): on the diagonal, above and below it.

        See :meth:`accumulation.lattice.row_blocks.BlockMatrices.blocks_of`.
        """
        filler = FILLER * self.scale if name == "hamiltonian" else 0.0
        return self.matrices.blocks_of(self.matrices.values(name, k), filler)

    def levels_below(self, k: np.ndarray, energy: np.ndarray) -> np.ndarray:
        """Number of levels below each ``energy`` (k, energy), in t0, at k (k,), in batches of k.

        See :func:`accumulation.states.level_counts.levels_below`.
        """
        parts = [
            levels_below(self.blocks("hamiltonian", k[part]), energy[part], self.scale)
            for part in (slice(i, i + BATCH) for i in range(0, len(k), BATCH))
        ]
        return np.concatenate(parts) if parts else np.zeros((0, energy.shape[1]), dtype=int)

    def levels_within(self, k: np.ndarray, level: float, reach: float) -> np.ndarray:
        """Number of levels within ``reach`` of a level, both in t0, at each k (k,), int."""
        energies = level + np.array([-reach, reach]) * np.ones((len(k), 1))
        counts = self.levels_below(k, energies)
        return counts[:, 1] - counts[:, 0]

    def matrix(self, name: str, k: float) -> LocalMatrix:
        """One matrix at one k."""
        m = self.matrices
        return LocalMatrix(m.rows, m.row, m.column, m.values(name, np.array([k]))[0])
