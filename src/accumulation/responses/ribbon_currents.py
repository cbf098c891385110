"""Conventional current, torque dipole and first moment of a density, summed across a ribbon.

In a ribbon y is an ordinary matrix, and d/dt (O * y) = O * v_y + (dO/dt) * y (Eqs. 8, 14, 45).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..lattice.bloch import mesh
from ..lattice.hop_table import HopTable
from ..lattice.samples import Ribbon
from ..states.chunks import gathered
from ..states.eigenpairs import expectation, solve
from ..states.eigenstates import States
from ..states.occupations import fermi_dirac, fermi_slope
from ..states.operator_products import star, star_diagonal
from . import continuity
from .integrands import ExactElements
from .matrix_elements import band_response, matrix_elements
from .static import need_resolved

# A level is in the gap if no band is closer to it than this many temperatures.
FAR = 6.0


def with_edge_potential(ribbon: Ribbon, potential: float) -> Ribbon:
    """The ribbon with a potential, in t0, added on the outermost sites at its right edge."""
    y = ribbon.positions[:, 1]
    outermost = np.flatnonzero(y > y.max() - 1e-6)
    hops, none = ribbon.hops, np.zeros(len(outermost), dtype=int)
    return replace(
        ribbon,
        hops=HopTable(
            np.concatenate((hops.row, outermost)),
            np.concatenate((hops.column, outermost)),
            np.concatenate((hops.cell, none)),
            np.concatenate((hops.amplitude, potential + none)),
        ),
    )


def currents(
    exact: ExactElements,
    operator: Callable,
    levels: np.ndarray,
    temperature: float,
    eta: float,
    k: int,
) -> dict[str, np.ndarray]:
    """Currents and torque dipoles summed across one ribbon (Eqs. 8, 48-51), (fermi_energy,) each.

    Parameters
    ----------
    operator : function of :func:`accumulation.responses.continuity.density_operator`
    levels : (fermi_energy,);  temperature, eta : in t0;  k : number of mesh points

    Returns
    -------
    moment, conventional, dipole, extrinsic : for eta to zero; all but the moment are interband
    conventional_intraband : per tau
    net : accumulation summed across, per tau;  net_eta : eta times the accumulation at i eta
    moment_eta, conventional_eta : at i eta, intraband part included
    drift_moment : of the current, -sum of y^2 j_x, per tau
    sum_residual, sum_residual_eta : moment minus the other three, relative
    gap_residual : moment over a bound of its thermal tail; NaN if the level is not in a gap
    fastest : largest velocity, in t0 a

    Raises
    ------
    UserError
        If the mesh of ``k`` points does not resolve the temperature.
    """
    bloch = exact.bloch
    points, weight = mesh(k, bloch.period)

    def of_chunk(part):
        return _states(exact, points[part], operator, eta)

    parts = gathered(of_chunk, len(points), bloch.size)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    energy, velocity = joined["energy"], joined["velocity"]
    need_resolved(temperature, velocity, points)
    filled = np.array([fermi_dirac(energy, mu, temperature) for mu in levels]) * weight[:, None]
    window = np.array([fermi_slope(energy, mu, temperature) * velocity for mu in levels])
    window = window * weight[:, None]

    def sea(name):
        return np.einsum("lkn,kn->l", filled, joined[name])

    def surface(name):
        return np.einsum("lkn,kn->l", window, joined[name])

    # All terms use the same mesh, so the identity holds whatever the error of the mesh.
    rows = np.einsum("lkn,knr->lr", window, joined["density"])
    moment = rows @ bloch.y
    conventional, dipole, extrinsic = sea("current_0"), sea("dipole_0"), -sea("slope")
    scale = np.abs(filled * joined["current_0"]).sum(axis=(-1, -2))
    scale = scale + np.abs(filled * joined["dipole_0"]).sum(axis=(-1, -2))
    moment_eta = surface("moment") + eta * sea("moment_eta")
    conventional_eta = surface("current") / eta + sea("current_eta")
    dipole_eta = surface("dipole") / eta + sea("dipole_eta")
    distance = np.abs(energy - levels[:, None, None]).min(axis=(-1, -2))
    # The integral of |df/dk| of a band is about twice its thermal tail where it is nearest to the
    # level.  The bound uses the tail of the nearest band and the largest |O y| of each band.
    tail = np.exp(-distance / temperature) * np.abs(joined["moment"]).max(axis=0).sum() / np.pi
    return {
        "net": rows.sum(axis=-1),
        "net_eta": surface("net") + eta * sea("net_eta"),
        "moment": moment,
        "conventional": conventional,
        "conventional_intraband": surface("current"),
        "dipole": dipole,
        "extrinsic": extrinsic,
        "moment_eta": moment_eta,
        "conventional_eta": conventional_eta,
        "sum_residual": (moment - conventional - dipole - extrinsic) / scale,
        "sum_residual_eta": (moment_eta - conventional_eta - dipole_eta - extrinsic) / scale,
        "gap_residual": np.where(distance > FAR * temperature, moment / tail, np.nan),
        "drift_moment": surface("drift"),
        "fastest": np.full(len(levels), np.abs(velocity).max()),
    }


def _states(exact, k, operator, eta) -> dict[str, np.ndarray]:
    """Diagonal elements and band responses of a chunk of k, (k, band); density (k, band, row)."""
    bloch = exact.bloch
    pairs = solve(bloch, k)
    states = States(pairs, bloch)
    rows = matrix_elements(states, exact.kernel(states, exact.definition), interband=False)[0]
    u, y = pairs.eigenvector, bloch.y
    density, h = operator(bloch, k), bloch.hamiltonian(k)
    rate = continuity.rate(h, density)
    matrices = {
        "net": density,
        "moment": star_diagonal(density, y),
        "current": star(density, bloch.velocity_y(k)),
        "dipole": star_diagonal(rate, y),
        "drift": -star_diagonal(bloch.velocity(k), y**2),
    }
    connection = 1j * states.connection_over_i
    elements = {"energy": pairs.energy, "velocity": pairs.velocity, "density": rows}
    for name, matrix in matrices.items():
        in_bands = np.swapaxes(u, -1, -2).conj() @ matrix @ u
        elements[name] = np.einsum("knn->kn", in_bands).real
        if name == "drift":
            continue
        elements[f"{name}_0"] = band_response(pairs.energy, connection, in_bands)
        elements[f"{name}_eta"] = band_response(pairs.energy, connection, in_bands, eta)
    slope = star_diagonal(continuity.slope_in_k(operator, bloch, k), y)
    return elements | {"slope": expectation(u, slope @ u)}
