"""Torque density, bond currents and torque dipole of an exact flake.

The field is along x, the wave vector of Eqs. S37-S40 along y.  The change of the state is computed
in two ways: from the exact eigenstates (Eqs. 17-21), which give the accumulation, and from the
equation of motion without eigenstates, which gives the torques and currents.

Eq. 46 with the dipole density of Eq. 45 or S39 is the first order of an expansion in q times the
extent of the torque, not in q times the lattice constant: S38 replaces T(q) - T(0) by
q . d/dq T(q), which is correct to first order only.  With D(q) = Tr[rho y * (T * e^{-iqy})] the
residual is of order 2,

    T(q) - T(0) + i q D(q) = (q^2 / 2) <y T y> + O(q^3),

while T(q) - T(0) is of order 1.  The mean of the dipole over wave vectors, P(q) = int_0^1 dl D(l q)
with y and delta in one factor, D(mu) = y_mu T(mu), is exact at every q: T(q) - T(0) = -i q P(q).
"""

from __future__ import annotations

import numpy as np

from .. import plugins
from ..errors import UserError
from ..identities import Identity
from ..lattice.samples import Flake
from ..responses import continuity
from ..responses.integrands import ExactElements
from ..responses.static import accumulation, elements_on_mesh
from ..states.eigenpairs import solve
from ..states.occupations import fermi_dirac

EQUATION = "9-11, 33-42, 45, 46, S25-S31, S37-S40"
UNITS = {
    "eta": "t0 / hbar",
    "omega": "t0 / hbar",
    "fermi_energy": "t0",
    "temperature": "t0 / k_B",
}
_RATE = "density x e E a / hbar"
_WAVE = ("wave_vector",)
VARIABLES = {
    "wave_vector": (_WAVE, "1 / a", "wave vector along y", "S37"),
    "x": (("row",), "a", "position of the row along x", "S49"),
    "y": (("row",), "a", "position of the row along y", "S49"),
    "storage": (("row",), _RATE, "rate of change of the density, -i (omega + i eta) chi", "34"),
    "extrinsic": (("row",), _RATE, "extrinsic torque density", "34, 37"),
    "intrinsic": (("row",), _RATE, "intrinsic torque density", "35, 36"),
    "inflow": (("row",), _RATE, "current into the row, minus the divergence", "35"),
    "dipole": (("row",), "density x e E a^2 / hbar", "torque dipole density along y", "45, S39"),
    "net_accumulation": ((), "density x e E a / t0", "net accumulation at omega + i eta", "21"),
    "net_torque": ((), _RATE, "net torque", "37, 42"),
    "static_accumulation": ((), "density x e E a / t0", "net accumulation, static", "21"),
    "distributed_q": (_WAVE, _RATE, "|T(q) - T(0)|, the distributed torque", "46, S37"),
    "remainder_q": (_WAVE, _RATE, "|T(q) - T(0) + i q D(q)|, what Eq. 46 leaves", "46, S38"),
    "predicted_q": (_WAVE, _RATE, "q^2 <y T y> / 2", "S38, expanded further"),
    "extent": ((), "a", "|<y T y>| / (2 |<y T>|): Eq. 46 needs q much below its inverse", "S38"),
    "order": ((), "1", "order in q of what Eq. 46 leaves", "46, S38"),
    "relative_order": ((), "1", "the same relative to the distributed torque", "46, S38"),
    "continuity_residual": ((), "1", "Eq. 34 with 35, site by site, relative", "11, 33-35"),
    "net_residual": ((), "1", "net torque against -i (omega + i eta) net accumulation", "37, 42"),
    "static_residual": (
        (),
        "eta hbar / gap",
        "net torque over eta = 1e-5 against the static accumulation, relative",
        "42",
    ),
    "order_residual": ((), "1", "order minus 2", "46, S38"),
    "relative_order_residual": ((), "1", "relative order minus 1", "46, S38"),
    "coefficient_residual": ((), "1", "remainder against its predicted q^2 part", "S38"),
    "mean_dipole_residual": ((), "1", "T(q) - T(0) + i q P(q), relative", "46"),
}
CHECKS = {
    "continuity_residual": Identity(
        "storage, torque and bond currents balance on every site",
        "accumulation from exact eigenstates, torque and currents from the equation of motion, "
        "solved by Smith's method without eigenstates",
        1e-9,
    ),
    "net_residual": Identity(
        "the net torque is eta times the net accumulation (-i (omega + i eta) at a frequency)",
        "accumulation from exact eigenstates, torque from the equation of motion",
        1e-9,
    ),
    # |1 / (e + i eta) - 1 / e| <= eta / e^2 for each pair of states
    "static_residual": Identity(
        "the net torque of a finite system vanishes as eta times its static accumulation",
        "torque from the equation of motion against the response of the package's elements, in "
        "units of eta over the smallest excitation energy",
        1.0,
    ),
    # The next terms are relatively (q y)^2, 1e-7 at q = 6e-5 for y up to 5 a, times the ratio of
    # higher moments of the torque to the second one, which may be large where that one is small
    "order_residual": Identity(
        "with the dipole density of Eq. 45, Eq. 46 leaves a residual of order q^2",
        "numerical order of the Fourier transform at the two smallest wave vectors",
        1e-3,
    ),
    "relative_order_residual": Identity(
        "relative to the distributed torque the residual of Eq. 46 is of order q, not q^2",
        "numerical order of the Fourier transform at the two smallest wave vectors",
        1e-3,
    ),
    # The next term is relatively q y
    "coefficient_residual": Identity(
        "the residual of Eq. 46 begins with q^2 <y T y> / 2",
        "Fourier transform at the smallest wave vector against the operator y T y",
        5e-3,
    ),
    "mean_dipole_residual": Identity(
        "averaged over wave vectors from 0 to q the dipole density makes Eq. 46 exact",
        "Gauss-Legendre quadrature against the Fourier transform at every wave vector",
        1e-10,
    ),
}
SMALL_ETA = 1e-5
EXCITED = 1e-12  # difference of occupations that makes two states a pair
NODES = 64  # of the average over wave vectors: exact to rounding up to q y = 30


def compute(
    system: Flake,
    density: str = "orbital_moment",
    definition: str = "exact",
    fermi_energy: float = -0.2,
    temperature: float = 0.0,
    omega: float = 0.0,
    eta: float = 0.1,
    wave_vector: tuple[float, ...] = (3e-5, 6e-5, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
) -> dict[str, np.ndarray]:
    """Torque of one flake at one omega + i eta.

    Parameters
    ----------
    density, definition : O; of the form n(mu) = O * P_mu, such as ``exact`` or ``circulation``
    wave_vector : ascending; the two smallest give the orders

    Raises
    ------
    UserError
        If the system is not a flake, eta is not positive, or there are too few wave vectors.
    """
    _check(system, eta, wave_vector)
    q = np.asarray(wave_vector)
    bloch, k = system.bloch, np.zeros(1)
    x, y = bloch.x, bloch.y
    h = bloch.hamiltonian(k)[0].astype(complex)
    operator = continuity.density_operator(density, definition)(bloch, k)[0]
    pairs = solve(bloch, k)
    energy, u = pairs.energy[0], pairs.eigenvector[0]
    filled = fermi_dirac(energy, fermi_energy, temperature)
    rho = (u * filled) @ u.conj().T
    field = np.diag(x).astype(complex)

    z = omega + 1j * eta
    x_bands, o_bands = (u.conj().T @ matrix @ u for matrix in (field, operator))
    in_bands = continuity.response_matrix(energy, filled, x_bands, z)
    accumulated = continuity.by_row(operator, u @ in_bands @ u.conj().T)
    change = continuity.response_by_liouville(h, rho, field, z)
    intrinsic, extrinsic = continuity.rate(h, operator), continuity.extrinsic_torque(operator, x)
    storage = -1j * z * accumulated
    intrinsic_torque = continuity.by_row(intrinsic, change)
    extrinsic_torque = continuity.by_row(extrinsic, rho)
    inflow = -continuity.bond_currents(h, operator, change).sum(axis=-1)
    torque = intrinsic_torque + extrinsic_torque
    rounding = continuity.VANISHING * abs(z) * np.abs(operator).max() * np.abs(change).sum()
    parts = (storage, intrinsic_torque, extrinsic_torque, inflow)
    scale = max(*(np.abs(part).max() for part in parts), rounding)

    slow = continuity.response_by_liouville(h, rho, field, 1j * SMALL_ETA)
    slow = (continuity.by_row(intrinsic, slow).sum() + extrinsic_torque.sum()) / SMALL_ETA
    static = _static(system, density, definition, fermi_energy, temperature)
    error = _slow_error(energy, filled, x_bands, o_bands) if np.any(torque) else 0.0
    dipole = continuity.dipole_by_row(intrinsic, change, y) + continuity.dipole_by_row(
        extrinsic, rho, y
    )
    second = (y[:, None] * y) * (intrinsic * change.T + extrinsic * rho.T)  # of y T y
    by_wave_vector = _by_wave_vector(q, y, torque, dipole, second)
    net = torque.sum()
    # A conserved density has no torque at all, and no residual.
    net_scale = max(np.abs(torque).sum(), rounding if np.any(torque) else 0.0)
    return by_wave_vector | {
        "wave_vector": q,
        "x": x,
        "y": y,
        "storage": storage.real,
        "extrinsic": extrinsic_torque.real,
        "intrinsic": intrinsic_torque.real,
        "inflow": inflow.real,
        "dipole": dipole.real,
        "net_accumulation": accumulated.sum().real,
        "net_torque": net.real,
        "static_accumulation": static,
        "continuity_residual": np.abs(storage - torque - inflow).max() / scale,
        "net_residual": _ratio(np.abs(net - storage.sum()), net_scale),
        "static_residual": _ratio(np.abs(slow - static), error),
    }


def _check(system, eta: float, wave_vector: tuple[float, ...]) -> None:
    """Raise UserError for a system that is no flake, or an argument out of its range."""
    if system.kind != "flake":
        raise UserError("geometry.kind", system.kind, "flake")
    continuity.need_diagonal_position(system.bloch)
    if eta <= 0:
        raise UserError("eta", eta, "a number above 0")
    q = np.asarray(wave_vector)
    if len(q) < 2 or q[0] <= 0 or np.any(np.diff(q) <= 0):
        raise UserError("wave_vector", list(wave_vector), "at least two, positive and ascending")


def _slow_error(energy, filled, x_bands, o_bands) -> float:
    """Scale of the error of the response at SMALL_ETA: sum of its terms times SMALL_ETA / gap.

    ``energy`` and ``filled`` (state,), matrices of x and O in the basis of states (state, state).
    """
    excited = np.abs(filled - filled[:, None]) > EXCITED
    gap = np.abs(energy - energy[:, None])[excited].min(initial=np.inf)
    pairs = continuity.response_matrix(energy, filled, x_bands, 1j * SMALL_ETA) * o_bands.T
    return np.abs(pairs).sum() * SMALL_ETA / gap


def _static(system, density, definition, fermi_energy, temperature) -> float:
    """Net static accumulation by the elements and response of the package."""
    kernel = plugins.load("densities", density).kernel
    exact = ExactElements(system.bloch, kernel, definition, "atomic", False)
    elements = elements_on_mesh(exact, 1)
    levels = (np.array([fermi_energy]), np.array([temperature]))
    return float(accumulation(elements, exact, *levels).net[1, 0, 0])


def _by_wave_vector(q, y, total, dipole, second) -> dict[str, np.ndarray]:
    """Terms and residuals of Eq. 46 at each wave vector (q,); ``second`` is <y T y> (row, row)."""
    net, scale = total.sum(), np.abs(total).sum()
    distributed = _fourier(q, y, total) - net
    remainder = distributed + 1j * q * _fourier(q, y, dipole)
    predicted = 0.5 * q**2 * second.sum()
    largest = 0.5 * q[0] ** 2 * np.abs(second).sum()
    node, weight = np.polynomial.legendre.leggauss(NODES)
    inner = 0.5 * (node + 1) * q[:, None]
    mean = _fourier(inner.ravel(), y, y * total).reshape(inner.shape) @ (0.5 * weight)
    # of the two smallest wave vectors
    order, distributed_order = (
        np.log(_ratio(np.abs(part[1]), np.abs(part[0]))) / np.log(q[1] / q[0])
        for part in (remainder, distributed)
    )
    return {
        "distributed_q": np.abs(distributed),
        "remainder_q": np.abs(remainder),
        "predicted_q": np.abs(predicted),
        "extent": 0.5 * _ratio(np.abs(second.sum()), np.abs(dipole.sum())),
        "order": order,
        "relative_order": order - distributed_order,
        "order_residual": order - 2,
        "relative_order_residual": order - distributed_order - 1,
        "coefficient_residual": _ratio(np.abs(remainder[0] - predicted[0]), largest),
        "mean_dipole_residual": _ratio(np.abs(distributed + 1j * q * mean).max(), scale),
    }


def _ratio(value: float, scale: float) -> float:
    """value / scale; NaN for scale 0, as for the torque of a conserved density."""
    return value / scale if scale > 0 else np.nan


def _fourier(q: np.ndarray, y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """sum over rows of e^{-iqy} times values, (q,)."""
    return np.exp(-1j * q[:, None] * y) @ values
