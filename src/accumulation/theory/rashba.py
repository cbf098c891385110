"""Spin accumulation of the two-dimensional Rashba gas.

H = k^2 / 2m + alpha (z x k) . sigma (S15), in units hbar = m = 1.  Impurities of zero range give
every state the golden-rule lifetime tau.  The spin is computed in three ways, from numerical
eigenstates or Green functions of the 2 x 2 matrix:

bare      the relaxation-time formula (28, S16): a sum over the Fermi contours with one tau
vertex    the kinetic equation on the same contours, scattering-in included (the ladder on shell)
ladder    the ladder of retarded and advanced Green functions (4 x 4 in spin) at a finite rate

The signs are those of S11: the force is -e E, so S_y > 0 for alpha > 0, as in S18.  (28) and S16 as
printed lack the sign of f' = -delta; S18 has it.
"""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from ..identities import Identity
from ..responses import rashba_gas

EQUATION = "27, 28, S11-S18"
UNITS = {"rashba": "hbar / (m length)", "scattering": "hbar^2 / (m length^2)"}
_ENERGY = "hbar^2 / (m length^2)"
_SPIN = "hbar / 2 x m / hbar^2 x e E tau x hbar / (m length)"
_LEVEL = ("fermi_energy",)
_SHEETS = ("fermi_energy", "sheet")
VARIABLES = {
    "fermi_energy": (_LEVEL, _ENERGY, "Fermi energy from the crossing of the branches", "S15"),
    "sheet": (("sheet",), "1", "Fermi contour, the outer one first", "S16"),
    "electron_density": (_LEVEL, "1 / length^2", "electron density", "below S15"),
    "rate": (_LEVEL, "n_i u^2 m / hbar^3", "golden-rule rate 1 / tau", "S13"),
    "spin": (_LEVEL, _SPIN, "spin S_y with one tau, no vertex corrections", "28, S16"),
    "spin_with_vertex": (_LEVEL, _SPIN, "spin S_y with vertex corrections", "S18"),
    "spin_ladder": (_LEVEL, _SPIN, "spin S_y, ladder of Green functions at a finite rate", "S18"),
    "without_vertex": (_LEVEL, _SPIN, "S16 with S17, closed form in both regimes", "S16, S17"),
    "with_vertex": (_LEVEL, _SPIN, "closed form with vertex corrections in both regimes", "S18"),
    "formula": ((), _SPIN, "closed form as printed, above the crossing", "S18"),
    "transport_time": (_SHEETS, "tau", "momentum relaxation time of each contour", "28"),
    "contour_residual": ((), "1", "contour integral against the closed form, relative", "S16, S17"),
    "vertex_residual": ((), "1", "with vertex corrections against S18, relative", "S18"),
    "half_residual": ((), "1", "S16 over S18 minus one half, above the crossing", "S16-S18"),
    "sheet_residual": (
        (),
        "1",
        "S16 with a momentum relaxation time for each contour against S18, relative",
        "28, S16, S18",
    ),
    "ladder_order": (
        _LEVEL,
        "1",
        "order in the rate at which the ladder nears the contours",
        "S18",
    ),
    "ladder_residual": (
        (),
        "1",
        "ladder extrapolated to zero rate against contours, relative, over the square of "
        "hbar / tau per energy above the band bottom",
        "S18",
    ),
}
CHECKS = {
    "contour_residual": Identity(
        "the spin accumulated without vertex corrections is S16 evaluated with S17",
        "numerical integration along the Fermi contours against the closed form",
        1e-8,
    ),
    "vertex_residual": Identity(
        "with vertex corrections the accumulated spin is S18; v_F takes the place of alpha in it "
        "below the crossing of the branches",
        "numerical solution of the kinetic equation against the closed form",
        1e-8,
    ),
    "half_residual": Identity(
        "S16 with S17 and one relaxation time gives half of S18, not S18",
        "numerical integration along the Fermi contours",
        1e-8,
    ),
    "sheet_residual": Identity(
        "S16 gives S18 if each contour has its own momentum relaxation time",
        "times from the numerical solution of the kinetic equation",
        1e-8,
    ),
    "ladder_residual": Identity(
        "vertex corrections solved on the Fermi contours are the ladder of Green functions at a "
        "vanishing scattering rate",
        "4 x 4 spin ladder integrated over all k at two rates, Richardson extrapolation, of which "
        "only the second order in hbar / (tau E) may be left",
        1.0,
    ),
}


def compute(
    rashba: float = 1.0,
    fermi_energy: tuple[float, ...] = (-0.4, -0.2, 0.2, 1.0, 4.0),
    scattering: float = 0.01,
) -> dict[str, np.ndarray]:
    """Spin in all three ways at each Fermi energy; ``scattering`` is n_i u^2 of the ladder.

    Raises
    ------
    UserError
        If a Fermi energy is not above the bottom -alpha^2 / 2 or is at the crossing of the
        branches, or ``rashba`` or ``scattering`` is not positive.
    """
    for name, value in (("rashba", rashba), ("scattering", scattering)):
        if value <= 0:
            raise UserError(name, value, "a positive number")
    for level in fermi_energy:
        if level <= -0.5 * rashba**2 or level == 0:
            raise UserError("fermi_energy", level, "above -rashba^2 / 2, and not 0")
    results = [rashba_gas.kinetic(level, rashba) for level in fermi_energy]
    names = ("rate", "spin", "spin_with_vertex", "by_sheet", "transport_time", "electron_density")
    values = {name: np.array([result[name] for result in results]) for name in names}
    rate, bare, dressed = np.array(
        [rashba_gas.closed_forms(level, rashba) for level in fermi_energy]
    ).T
    pairs = list(zip(fermi_energy, values["rate"], strict=True))
    # The ladder's error is of first order in the rate: twice the value at half the rate minus the
    # value at the full rate is correct to second order.
    full, half = (
        np.array(
            [rashba_gas.ladder(level, rashba, factor * scattering, born) for level, born in pairs]
        )
        for factor in (1, 0.5)
    )
    target = values["spin_with_vertex"]

    def largest(computed, expected):
        return np.max(np.abs(computed / expected - 1), initial=0.0)

    above = np.array(fermi_energy) > 0
    by_sheet = values.pop("by_sheet")
    small = scattering * values["rate"] / (np.array(fermi_energy) + 0.5 * rashba**2)
    return values | {
        "fermi_energy": np.array(fermi_energy),
        "sheet": np.array(["outer", "inner"]),
        "spin_ladder": full,
        "without_vertex": bare,
        "with_vertex": dressed,
        "formula": rashba / np.pi,
        "contour_residual": max(largest(values["spin"], bare), largest(values["rate"], rate)),
        "vertex_residual": largest(target, dressed),
        "half_residual": largest(2 * values["spin"][above], rashba / np.pi) / 2,
        "sheet_residual": largest(by_sheet, dressed),
        "ladder_order": np.log2((full - target) / (half - target)),
        "ladder_residual": np.max(np.abs((2 * half - full) / target - 1) / small**2),
    }
