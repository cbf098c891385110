"""Net accumulation of a ribbon or wire against exact flakes, open along x too.

In a stationary state -y v_x may replace x v_y in the orbital moment, also with several rows at one
y.  So the net of `circulation` is that of the full moment (x * v_y - y * v_x) / 2 (Eq. 52) in the
exact eigenstates of a flake (Eqs. 17-21).  The difference of two flakes, one a cell longer than the
other, is the net of one cell of the wire.
"""

from __future__ import annotations

import numpy as np

from ..densities import charge, orbital_moment
from ..errors import UserError
from ..identities import Identity
from ..lattice.samples import System
from ..responses.integrands import ExactElements
from ..responses.static import PROCESSES, accumulation, elements_on_mesh

EQUATION = "17-21, 52, 55, 58"
_UNITS = "e t0 a^2 / hbar x e E / a"
VARIABLES = {
    "net": ((), _UNITS, "net interband moment of the wire per length", "58"),
    "flake_net": ((), _UNITS, "the same from two exact flakes, one a cell longer", "21, 52"),
    "flake_residual": ((), "1", "their difference over the larger of both", "21, 52, 58"),
    "charge_residual": ((), "1", "net interband accumulation of electrons over its parts", "58"),
    "gap": ((), "t0", "distance of the Fermi energy to the nearest level of the flake", "18"),
}
CHECKS = {
    "flake_residual": Identity(
        "a cell of an insulating wire accumulates the moment of a cell of an exact flake",
        "exact eigenstates of flakes open along x, coordinates as matrices",
        1e-5,
    ),
    "charge_residual": Identity(
        "the net charge that the filled bands accumulate is zero", "conservation of charge", 1e-9
    ),
}


def compute(
    system: System, fermi_energy: float = 0.0, k: int = 100, length: int = 14
) -> dict[str, np.ndarray]:
    """Net accumulation of an insulating wire, and of flakes of ``length`` and ``length`` + 1 cells.

    Raises
    ------
    UserError
        For a flake, fewer than 2 cells, or a Fermi energy that bands of the wire cross.
    """
    if system.kind == "flake":
        raise UserError("geometry.kind", "flake", "a ribbon or a wire, which is periodic")
    if length < 2:
        raise UserError("length", length, "an integer of at least 2")
    level = np.array([fermi_energy])
    moment, filled = _rows(system, orbital_moment, "circulation", level, k)
    if not np.array_equal(filled, np.broadcast_to(filled[:1], filled.shape)):
        raise UserError("fermi_energy", fermi_energy, "a value in a gap of the wire")
    electrons, _ = _rows(system, charge, "site", level, k)
    flakes = [system.chain(cells) for cells in (length, length + 1)]
    short, long = (_rows(chain, orbital_moment, "exact", level, 1)[0].sum() for chain in flakes)
    levels = np.linalg.eigvalsh(flakes[0].hamiltonian())
    net, flake_net = moment.sum(), (long - short) / system.period
    return {
        "net": net,
        "flake_net": flake_net,
        "flake_residual": abs(flake_net - net) / max(abs(net), abs(flake_net)),
        "charge_residual": abs(electrons.sum()) / max(np.abs(electrons).sum(), 1e-300),
        "gap": np.abs(levels - fermi_energy).min(),
    }


def _rows(system, density, definition, level, k) -> tuple[np.ndarray, np.ndarray]:
    """Interband accumulation by row, and which states are filled (k, band)."""
    exact = ExactElements(system.bloch, density.kernel, definition, "atomic", False)
    mesh = elements_on_mesh(exact, k)
    response = accumulation(mesh, exact, level, np.zeros(1)).values
    return response[PROCESSES.index("interband"), 0, 0], mesh.energy < level[0]
