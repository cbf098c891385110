"""External torque of a metal ribbon, the source of its accumulation.

Without scattering the field moves every state through k at the rate -e E, and the net density of O
changes at the rate T_ext = sum_n int dk/2pi (df/dk) O_nn (S33, S34); the net intraband accumulation
is tau T_ext.  T_ext is computed in three ways: as a sum over the Fermi surface; as minus the slope
of O_nn summed over filled states, which is the extrinsic plus the intrinsic torque (Eqs. 37-40);
and as the net torque at a finite switching rate eta, which in a ribbon tends to T_ext as eta
vanishes (eta tau = 1, Eqs. 42, 43).

With H_E = H + e E x the occupations become f + tau e E df/dk, and df/dk = -delta(e - e_F) v.  The
Fermi-surface average of Eqs. 28, 42, 43 and S14 therefore needs a minus sign, which S33 has.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from .. import plugins
from ..errors import UserError
from ..identities import Identity
from ..lattice.bloch import mesh
from ..lattice.samples import Ribbon
from ..responses import continuity
from ..responses.integrands import ExactElements
from ..responses.matrix_elements import band_response
from ..responses.static import elements_on_mesh, mesh_sums, need_resolved
from ..states.chunks import gathered
from ..states.eigenpairs import expectation, solve
from ..states.eigenstates import States
from ..states.occupations import fermi_dirac, fermi_slope

EQUATION = "37-44, S25-S34, S46"
UNITS = {"temperature": "t0 / k_B"}
_RATE = "density x e E / hbar"
_LEVEL = ("fermi_energy",)
VARIABLES = {
    "fermi_energy": (_LEVEL, "t0", "Fermi energy", "18"),
    "eta": (("eta",), "t0 / hbar", "switching rate", "18"),
    "fermi_surface": (_LEVEL, _RATE, "external torque, sum of O df/dk", "44, S34"),
    "filled_states": (_LEVEL, _RATE, "external torque, minus sum of f dO/dk", "S33"),
    "extrinsic": (_LEVEL, _RATE, "extrinsic torque", "37, 40"),
    "intrinsic": (_LEVEL, _RATE, "intrinsic torque, interband", "38, 39"),
    "as_printed": (_LEVEL, _RATE, "N <O v> with the sign as printed", "43"),
    "net_torque": (("eta", "fermi_energy"), _RATE, "net torque at switching rate eta", "42"),
    "interband": (
        ("eta", "fermi_energy"),
        "density x e E / t0",
        "net interband accumulation at i eta",
        "S46",
    ),
    "form_residual": (_LEVEL, "1", "S33 against S34, relative", "44, S33, S34"),
    "sign_residual": (_LEVEL, "1", "Eq. 43 as printed plus S33, relative", "43, S33"),
    "net_residual": (
        ("eta", "fermi_energy"),
        "1",
        "net torque against eta times net accumulation with tau = 1 / eta, relative",
        "42, S46",
    ),
}
CHECKS = {
    # of the principal part's width and of rounding between nearly degenerate bands
    "form_residual": Identity(
        "the external torque is the same as a Fermi-surface sum and as minus the slope of O summed "
        "over filled states",
        "net intraband accumulation of the elements and response against extrinsic plus "
        "interband torque, a sum over all pairs of bands",
        1e-6,
    ),
    "sign_residual": Identity(
        "Eq. 43 as printed has the opposite sign of S33",
        "Fermi-surface sum with N <O v> against the sum over filled states",
        1e-6,
    ),
    "net_residual": Identity(
        "the net torque of a ribbon is eta times the net accumulation for tau = 1 / eta",
        "torque operators between all pairs of bands at i eta against intraband plus interband "
        "accumulation",
        1e-9,
    ),
}


def compute(
    system: Ribbon,
    density: str = "orbital_moment",
    definition: str = "circulation",
    fermi_energy: tuple[float, ...] = (0.0, 0.6, 1.0),
    temperature: float = 0.05,
    eta: tuple[float, ...] = (0.01, 0.1, 1.0),
    k: int = 200,
) -> dict[str, np.ndarray]:
    """External torque of one ribbon, per length a, against the Fermi energy.

    Raises
    ------
    UserError
        If the system is not a ribbon, or the mesh of ``k`` points too coarse for ``temperature``.
    """
    if system.kind != "ribbon":
        raise UserError("geometry.kind", system.kind, "ribbon")
    continuity.need_diagonal_position(system.bloch)
    if min(eta) <= 0:
        raise UserError("eta", list(eta), "numbers above 0")
    bloch = system.bloch
    points, weight = mesh(k, bloch.period)
    levels, rates = np.asarray(fermi_energy), np.asarray(eta)
    operator = continuity.density_operator(density, definition)

    def of_chunk(part):
        return _states(bloch, points[part], operator, rates)

    parts = gathered(of_chunk, len(points), bloch.size)
    energy, velocity, moment, slope, response, torque_eta, moment_eta = (
        np.concatenate(arrays, axis=-2) for arrays in zip(*parts, strict=True)
    )
    need_resolved(temperature, velocity, points)
    filled = np.array([fermi_dirac(energy, mu, temperature) for mu in levels]) * weight[:, None]
    window = np.array([fermi_slope(energy, mu, temperature) for mu in levels]) * weight[:, None]

    def over_filled(values):
        return np.einsum("lkn,...kn->...l", filled, values)

    kernel = plugins.load("densities", density).kernel
    exact = ExactElements(bloch, kernel, definition, "atomic", False)
    elements = elements_on_mesh(exact, k)
    surface = mesh_sums(elements, levels, temperature)[0].sum(axis=-1)
    as_printed = -np.einsum("lkn,kn->l", window, velocity * moment)
    extrinsic, intrinsic = -over_filled(slope), over_filled(response)
    sea = extrinsic + intrinsic
    net = extrinsic + over_filled(torque_eta)
    interband = over_filled(moment_eta)
    scale = np.abs(window * velocity * moment).sum(axis=(-1, -2)) + np.finfo(float).tiny
    scale = scale + np.abs(filled * slope).sum(axis=(-1, -2))
    scale = scale + np.abs(filled * response).sum(axis=(-1, -2))
    # Where a symmetry makes the moments of all states vanish, these terms are rounding.
    largest = np.abs(operator(bloch, points[:1])).max()
    terms = np.abs(window * velocity).sum(axis=(-1, -2)) + np.abs(filled).sum(axis=(-1, -2))
    scale = np.maximum(scale, continuity.VANISHING * largest * terms)
    return {
        "fermi_energy": levels,
        "eta": rates,
        "fermi_surface": surface,
        "filled_states": sea,
        "extrinsic": extrinsic,
        "intrinsic": intrinsic,
        "as_printed": as_printed,
        "net_torque": net,
        "interband": interband,
        "form_residual": (surface - sea) / scale,
        "sign_residual": (as_printed + sea) / scale,
        "net_residual": (net - surface - rates[:, None] * interband) / scale,
    }


def _states(bloch, k, operator, rates):
    """Energy, velocity, O_nn, <dO/dk>, intrinsic torque, and torque and O at i eta, (..., k, band).

    The intrinsic torque has no intraband part, as i[H, O] has no diagonal elements.
    """
    pairs = solve(bloch, k)
    states = States(pairs, bloch)
    u = pairs.eigenvector

    def in_bands(matrix):
        return np.swapaxes(u, -1, -2).conj() @ matrix @ u

    respond = partial(band_response, pairs.energy, 1j * states.connection_over_i)
    matrix = operator(bloch, k)
    moment = in_bands(matrix)
    slope = expectation(u, continuity.slope_in_k(operator, bloch, k) @ u)
    rate = in_bands(continuity.rate(bloch.hamiltonian(k), matrix))
    return (
        pairs.energy,
        pairs.velocity,
        np.einsum("knn->kn", moment).real,
        slope,
        respond(rate),
        np.array([respond(rate, eta) for eta in rates]),
        np.array([respond(moment, eta) for eta in rates]),
    )
