"""A wide system and a density as matrices that join near rows only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from ..lattice.bloch import BlochMatrix
from ..lattice.row_blocks import BlockMatrices
from ..lattice.samples import System
from .eigenpairs import Eigenpairs
from .eigenstates import KernelFunction, States
from .near_states import LocalMatrix

# Orbitals that fill up blocks have this energy, in units of the bound of the spectrum.
FILLER = 100.0


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
        If the density joins distant orbitals.
    """

    def __init__(
        self, system: System, kernel: KernelFunction, definitions: Sequence[str], gauge: str
    ):
        def kernel_of(bloch: BlochMatrix, k: np.ndarray, definition: str) -> np.ndarray:
            # Kernels that need no band use the matrices of the states only.
            none = np.zeros((len(k), 0))
            vectors = np.zeros((len(k), bloch.size, 0))
            pairs = Eigenpairs(k, none, none, vectors, bloch.velocity(k))
            return kernel(States(pairs, bloch, gauge), definition).matrix

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

    def matrix(self, name: str, k: float) -> LocalMatrix:
        """One matrix at one k."""
        m = self.matrices
        return LocalMatrix(m.rows, m.row, m.column, m.values(name, np.array([k]))[0])
