"""How far into a wide ribbon an edge accumulates, near the boundary between two phases.

Close to the boundary the crystal is a Dirac cone with the gap 2 |m|.  At q from the cone and at the
imaginary energy i omega from its middle, a Green function G decays into the crystal over 1 / kappa,
(hbar v kappa)^2 = m^2 + (hbar v q)^2 + omega^2.  The interband response (Eq. 58) is an integral of
[G, dG/dq] over omega and q.  What an edge changes has gone there and back: beyond the distance d,

    J(d) = int dq int domega exp(-2 kappa d) P(d, q, omega),

with a polynomial P of d whose square comes from dkappa / dq and vanishes at q = 0.  P is analytic
next to q = omega = 0 unless a state of the edge is there, and each power of q^2 or omega^2 makes
the integral fall by 1 / d more:

    J(d) = exp(-d / l) (c_0 + c_1 l / d + ...)  with  l = hbar v / gap,

of which the logarithm is fitted, a - d / l + b / d.  In the topological phase states of the edge
filled beyond the middle of the gap add exp(-2 kappa_F d), the decay of that at the Fermi energy.

A moment is -y / 2 times the current of its row, y from the middle of the ribbon.  Beyond d it is
(y_edge - d) J(d) less the integral of J, which is no exponential: this factor is taken out.

A ribbon narrower than a few of these lengths has two edges that see each other, and the
accumulation at either differs from that of a wide one.
"""

from __future__ import annotations

import numpy as np

from ..crystal.bulk_properties import with_gap
from ..densities import chosen
from ..errors import UserError
from ..identities import Identity
from ..inputs import at_least
from ..lattice.lattice import Lattice
from ..responses.solvers import SOLVERS, solved
from ..responses.static import PROCESSES

EQUATION = "58, Fig. 3"
UNITS = {"level": "1"}
_UNITS = "unit of the density x e E / a"
VARIABLES = {
    "widths": (("width",), "1", "unit cells across", "S41"),
    "thickness": (("width",), "a", "distance of the outermost rows", "S41"),
    "edge": (("width",), _UNITS, "interband accumulation of the upper half", "58"),
    "error": (("width",), _UNITS, "estimated bound of the error of any row", "58"),
    "finite_width": (
        ("width",),
        "1",
        "difference of that from the widest ribbon, over its value",
        "58",
    ),
    "distance": (("bin",), "a", "distance from the upper edge", "S49"),
    "beyond": (
        ("bin",),
        _UNITS,
        "interband accumulation of the upper half of the widest ribbon beyond this distance",
        "58",
    ),
    "edge_tail": (
        ("bin",),
        f"{_UNITS}, of moments over a",
        "that of the rows, of moments over their distance from the middle: what decays",
        "58",
    ),
    "decay_length": ((), "a", "length over which the tail decays, fitted", "58"),
    "dirac_length": ((), "a", "hbar v / gap of the Dirac cone", "S30"),
    "decay_difference": ((), "1", "fitted length over hbar v / gap, minus one", "58, S30"),
    "gap": ((), "t0", "direct gap of the crystal", "54"),
    "velocity": ((), "t0 a / hbar", "velocity of the cone", "54"),
    "chern": ((), "1", "Chern number of the filled bands", "S13"),
    "fermi_energy": ((), "t0", "Fermi energy", "18"),
}
CHECKS = {
    "decay_difference": Identity(
        "the accumulation of an edge decays over hbar v / gap near the phase boundary",
        "the velocity and the gap of the crystal's Dirac cone",
        0.05,
    ),
}
# Points of the zone along each vector, divisible by 6, so that K is one; and a step away from K.
MESH, STEP = 96, 0.02
# The fit begins so many times hbar v / gap from the edge, and at least so far (in a), covers two of
# these lengths, and ends within this part of half the ribbon.
BEGIN, LEAST, COVERED, INSIDE = 3.0, 5.0, 2.0, 0.45
# It takes at least so many rows, twice its coefficients.
ROWS = 6
# The density whose rows are moments about the middle of the ribbon in all definitions.
MOMENT = "orbital_moment"
BINS = 120
# Of the distances of rows from the edge, in a.
DECIMALS = 9


def compute(
    lattice: Lattice,
    direction: tuple[int, ...] = (2, 1),
    widths: tuple[int, ...] = (31, 120),
    density: str = "orbital_moment",
    definition: str = "local",
    level: float = 0.0,
    k: int = 81,
    solver: str = "selected_inversion",
) -> dict[str, np.ndarray]:
    """Edge accumulation of ribbons of rising width, and its decay in the widest.

    Parameters
    ----------
    widths : unit cells across, the widest last
    level : Fermi energy above the middle of the gap, in units of half the gap, between -1 and 1
    k : mesh points;  solver : as of a system

    Raises
    ------
    UserError
        For a crystal without a gap, widths that do not rise, a level outside the gap, or wrong
        names.
    """
    if list(widths) != sorted(set(widths)) or len(widths) < 2:
        raise UserError("widths", list(widths), "at least two integers that rise")
    if not abs(level) < 1:
        raise UserError("level", level, "a number between -1 and 1")
    if solver not in SOLVERS:
        raise UserError("solver", solver, SOLVERS)
    at_least("k", k, 8)
    module, definition = chosen(density, definition, "ribbon")
    crystal = with_gap(lattice)
    gap, velocity = _dirac_cone(lattice, crystal.filling)
    fermi_energy = crystal.midgap + 0.5 * level * crystal.indirect_gap
    levels = (np.array([fermi_energy]), np.zeros(1))
    edges, errors, thickness = [], [], []
    for width in widths:
        ribbon = lattice.ribbon(tuple(direction), width)
        response = solved(ribbon, module, [definition], "atomic", *levels, k, solver)[0]
        process = PROCESSES.index("interband")
        y, rows = ribbon.positions[:, 1], response.values[process, 0, 0]
        edges.append(rows[y > 0].sum() + 0.5 * rows[np.abs(y) < 1e-9].sum())
        errors.append(response.error[process, 0, 0])
        thickness.append(float(np.ptp(y)))
    length = velocity / gap
    distance = np.linspace(0.0, 0.5 * thickness[-1], BINS)
    upper = y > 0
    depth, held = y.max() - y[upper], rows[upper]
    is_moment = density == MOMENT or definition in getattr(module, "MOMENT_OF_CURRENT", ())
    decaying = held / y[upper] if is_moment else held
    # At the rows themselves, as the bins of a wide ribbon are coarse.
    places = np.unique(np.round(depth, DECIMALS))
    fitted = _fitted_length(places, _beyond(places, depth, decaying), length, 0.5 * thickness[-1])
    edge = np.array(edges)
    return {
        "widths": np.array(widths),
        "thickness": np.array(thickness),
        "edge": edge,
        "error": np.array(errors),
        "finite_width": np.abs(edge - edge[-1]) / np.abs(edge[-1]),
        "distance": distance,
        "beyond": _beyond(distance, depth, held),
        "edge_tail": _beyond(distance, depth, decaying),
        "decay_length": fitted,
        "dirac_length": length,
        "decay_difference": fitted / length - 1,
        "gap": gap,
        "velocity": velocity,
        "chern": crystal.chern,
        "fermi_energy": fermi_energy,
    }


def _dirac_cone(lattice: Lattice, filled: int) -> tuple[float, float]:
    """Smallest direct gap, and the velocity v of energies +-sqrt(m^2 + v^2 q^2) around it."""
    vectors = np.asarray(lattice.vectors, dtype=float)
    reciprocal = 2 * np.pi * np.linalg.inv(vectors).T
    fractions = np.stack(np.meshgrid(*[np.arange(MESH) / MESH] * 2, indexing="ij"), axis=-1)
    k = fractions.reshape(-1, 2) @ reciprocal

    def gaps(at):
        energy = np.linalg.eigvalsh(lattice.hamiltonian(at))
        return energy[:, filled] - energy[:, filled - 1]

    values = gaps(k)
    lowest = k[np.argmin(values)]
    around = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]) * STEP
    square = (gaps(lowest + around) ** 2).mean() - values.min() ** 2
    return float(values.min()), float(np.sqrt(max(square, 0.0)) / (2 * STEP))


def _beyond(distance: np.ndarray, depth: np.ndarray, held: np.ndarray) -> np.ndarray:
    """What rows at ``depth`` (row,) hold (row,) at each ``distance`` (place,) and beyond."""
    return np.array([held[depth >= d - 0.5 * 10.0**-DECIMALS].sum() for d in distance])


def _fitted_length(distance, tail, length: float, half: float) -> float:
    """Decay length l of ``tail`` (place,) by a fit of ln |tail| = a - d / l + b / d.

    NaN if the ribbon is too narrow for it.
    """
    first = max(BEGIN * length, LEAST)
    last = first + COVERED * length
    inside = (distance >= first) & (distance <= last) & (tail != 0)
    if last > INSIDE * half or inside.sum() < ROWS:
        return np.nan
    d = distance[inside] / length
    terms = np.stack((np.ones(len(d)), -d, 1 / d), axis=1)
    return float(length / np.linalg.lstsq(terms, np.log(np.abs(tail[inside])))[0][1])
