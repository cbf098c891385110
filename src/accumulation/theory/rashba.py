"""Spin accumulation of the two-dimensional Rashba gas.

H = k^2 / 2m + alpha (z x k) . sigma (S15), in units hbar = m = 1.  The relaxation-time formula (28,
S16) is a sum over the Fermi contour, which is integrated here numerically, on the eigenstates of
the 2 x 2 matrix; the vertex correction is solved for with the numerical spectrum as well.
"""

from __future__ import annotations

import numpy as np

from ..identities import Identity

EQUATION = "27, 28, S15-S18"
UNITS = {"rashba": "hbar / (m length)"}
_SPIN = "hbar / 2 x m / hbar^2 x e E tau"
VARIABLES = {
    "fermi_energy": (("fermi_energy",), "hbar^2 / (m length^2)", "Fermi energy", "S15"),
    "electron_density": (("fermi_energy",), "1 / length^2", "electron density", "below S15"),
    "spin": (
        ("fermi_energy",),
        f"{_SPIN} x hbar / (m length)",
        "accumulated spin s_y without vertex corrections",
        "S16",
    ),
    "spin_with_vertex": (
        ("fermi_energy",),
        f"{_SPIN} x hbar / (m length)",
        "accumulated spin s_y with vertex corrections",
        "S18",
    ),
    "formula": ((), f"{_SPIN} x hbar / (m length)", "closed form with vertex corrections", "S18"),
    "without_vertex": (
        ("fermi_energy",),
        f"{_SPIN} x hbar / (m length)",
        "closed form of S16 with S17; below the crossing of the two branches their own densities",
        "S16, S17",
    ),
    "contour_residual": ((), "1", "contour integral against the closed form, relative", "S16, S17"),
    "vertex_residual": ((), "1", "with vertex corrections against S18, relative", "S18"),
    "half_residual": ((), "1", "S16 over S18 minus one half, above the crossing", "S16-S18"),
}
CHECKS = {
    "contour_residual": Identity(
        "the spin accumulated without vertex corrections is S16 evaluated with S17",
        "numerical integration along the Fermi contour against the closed form",
        1e-8,
    ),
    "vertex_residual": Identity(
        "with vertex corrections the accumulated spin is S18",
        "numerical solution of the vertex equation against the closed form",
        1e-6,
    ),
    "half_residual": Identity(
        "S16 with S17 gives half of S18, not S18",
        "numerical integration along the Fermi contour",
        1e-8,
    ),
}
SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)
SIGMA_Y = np.array([[0, -1j], [1j, 0]])
