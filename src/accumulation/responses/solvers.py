"""The two ways to a static response, and which of them costs less.

dense                every H(k) is diagonalised: time of width^3, any density
selected_inversion   blocks of resolvents near the diagonal: time of width, densities that join near
                     rows (:mod:`.banded_response`)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import UserError, Verbatim
from ..lattice.samples import System
from ..states.banded_system import BandedSystem
from ..states.step_contour import points_needed
from .banded_response import DENSE, banded_accumulation
from .banded_window import WINDOW
from .integrands import ExactElements
from .static import Accumulation, accumulation, elements_on_mesh

SOLVERS = ("auto", "dense", "selected_inversion")
# Measured seconds, on one thread: of the dense chain per orbital^3 and k, and of the recursion per
# block and point, with blocks of b orbitals per b^2 and b^3.
DENSE_COST, SQUARE_COST, CUBE_COST = 1.4e-9, 4e-7, 2e-8
# Panels next to a Fermi point have so many nodes.
NODES_A_POINT = 30
# The number of Fermi points is estimated from so many k.
SAMPLE = 16
# The ratio h = gap / width whose contour is taken as typical.
TYPICAL = 1e-2


def solved(
    system: System,
    density,
    definitions: Sequence[str],
    gauge: str,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    points: int,
    solver: str,
    threads: int = 1,
) -> list[Accumulation]:
    """Accumulation of a ribbon or wire by one of the solvers (Eqs. 55, 58), for each definition.

    Parameters
    ----------
    density : module of a density;  definitions : names of its definitions
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points : number of k;  solver : one of SOLVERS

    Raises
    ------
    UserError
        For ``selected_inversion`` of a density that needs all bands or joins distant rows.
    """
    levels = (np.asarray(fermi_energy, dtype=float), np.asarray(temperature, dtype=float))
    if solver == "auto":
        solver = cheaper(system, density, definitions, *levels, points)
    if solver == "selected_inversion":
        for name in definitions:
            if name in density.NEEDS_ALL_BANDS:
                words = Verbatim(f"selected_inversion for {name}, whose operator needs all bands")
                raise UserError("solver", words, "dense")
        return banded_accumulation(
            system, density.kernel, definitions, gauge, *levels, points, threads
        )
    results = []
    for name in definitions:
        all_bands = name in density.NEEDS_ALL_BANDS
        exact = ExactElements(system.bloch, density.kernel, name, gauge, all_bands)
        elements = elements_on_mesh(exact, points, threads)
        results.append(accumulation(elements, exact, *levels, threads))
    return results


def cheaper(
    system: System,
    density,
    definitions: Sequence[str],
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    points: int,
) -> str:
    """The solver that costs less by a table of measured costs: it depends on no clock.

    Parameters
    ----------
    density : module of a density;  definitions : names of its definitions
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0;  points : number of k
    """
    if not system.periodic or set(definitions) & set(density.NEEDS_ALL_BANDS):
        return "dense"
    dense = DENSE_COST * len(system.positions) ** 3 * points * len(definitions)
    # A system too narrow for any gain is not looked at more closely.
    if 5 * len(system.positions) ** 2 * DENSE_COST < SQUARE_COST:
        return "dense"
    try:
        banded = BandedSystem(system, density.kernel, definitions, "atomic")
    except UserError:
        return "dense"
    size, blocks = banded.matrices.size, banded.matrices.blocks
    of_point = blocks * (SQUARE_COST * size**2 + CUBE_COST * size**3)
    of_node = of_point * points_needed(TYPICAL, 2.0)
    nodes = 0.0
    for level in fermi_energy:
        for kt in temperature:
            filled, busy = _at_sample(banded, system.period, float(level), float(kt))
            if kt == 0:
                nodes += points + NODES_A_POINT * filled
            elif busy and banded.rows <= DENSE:
                return "dense"
            else:
                nodes += points * (1 + busy)
    return "selected_inversion" if of_node * nodes < dense else "dense"


def _at_sample(banded: BandedSystem, period: float, level: float, kt: float) -> tuple[int, float]:
    """Changes of the number of filled bands along k, and mean number of states in the window."""
    k = (np.arange(SAMPLE) + 0.5) * 2 * np.pi / (period * SAMPLE)
    reach = WINDOW * kt
    energies = level + np.array([0.0, -reach, reach]) * np.ones((SAMPLE, 1))
    counts = banded.levels_below(k, energies)
    changes = np.abs(np.diff(counts[:, 0], append=counts[0, 0])).sum()
    return int(changes), float((counts[:, 2] - counts[:, 1]).mean())
