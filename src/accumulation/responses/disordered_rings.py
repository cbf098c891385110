"""Disordered rings: Anderson disorder on a closed ribbon and the response of its eigenstates.

A ring is ``length`` cells of a ribbon with periodic boundaries.  Eqs. 27 and S11 need its exact
eigenstates only, without assumptions on tau, k or the strength of the disorder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..lattice.bloch import BlochMatrix
from ..lattice.samples import Ribbon
from ..states.eigenpairs import Eigenpairs, adjoint, overlap
from ..states.eigenstates import KernelFunction, States
from ..states.occupations import fermi_slope

# States whose -df/dE is below this fraction of its maximum are left out.
NEGLIGIBLE = 1e-7


def ring(ribbon: Ribbon, length: int) -> Ribbon:
    """``length`` cells of a ribbon as one cell, ordered by cell, then as in the ribbon.

    H(k = 0) of it is the Hamiltonian of the ring; k is the flux through the ring (twisted
    boundaries) over its length.

    Raises
    ------
    UserError
        If the length is below 2.
    """
    if length < 2:
        raise UserError("length", length, "an integer of at least 2")
    return ribbon.repeated(length)


def anderson(ribbon: Ribbon, length: int, seed: int) -> np.ndarray:
    """Random energies of unit strength, (orbital,) of the ring: uniform in [-1/2, 1/2].

    Their variance is 1/12.  The orbitals of a site (two spins) have the same energy, so the
    disorder is not magnetic.
    """
    sites = ribbon.sites
    site_energies = np.random.default_rng(seed).uniform(-0.5, 0.5, (length, len(sites)))
    return (site_energies @ sites).ravel()


def random_twist(ring: Ribbon, seed: int) -> float:
    """Flux through a ring as a wave vector, uniform over one period, in 1/a."""
    # A separate random stream, so the disorder is the same with and without a twist.
    return float(np.random.default_rng([seed, 1]).uniform(0, 2 * np.pi)) / ring.period


@dataclass(frozen=True)
class RingStates:
    """Eigenstates of a ring: energy (state,), vectors (orbital, state), twist k in 1/a."""

    energy: np.ndarray
    vectors: np.ndarray
    twist: float


def eigenstates(bloch: BlochMatrix, onsite: np.ndarray, twist: float = 0.0) -> RingStates:
    """Exact eigenstates of a ring with energies ``onsite`` (orbital,) in t0 on its orbitals."""
    h = bloch.hamiltonian(np.array([twist]))[0]
    h[np.diag_indices(bloch.size)] += onsite
    # H may be real without a twist, which is five times faster and unknown to BlochMatrix.
    return RingStates(*np.linalg.eigh(h if np.any(h.imag) else h.real), twist)


def dissipative_response(
    bloch: BlochMatrix,
    kernel: KernelFunction,
    definition: str,
    states: RingStates,
    fermi_energy: float,
    temperature: float,
    broadening: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Accumulation and conductivity of the whole ring by S11, of any density and of the current.

    chi(mu) = pi sum_ab f'(e_a) Re{n_ab(mu) v_ba} delta(e_a - e_b) with a Lorentzian of half-width
    ``broadening``: without disorder this is tau = 1 / broadening.

    Parameters
    ----------
    fermi_energy, temperature : in t0;  broadening : (broadening,), in t0

    Returns
    -------
    accumulation (broadening, orbital), per e E, and conductivity (broadening,) > 0, in e^2 / hbar.
    """
    from scipy.sparse import csr_array  # slow to import

    energy, u, k = states.energy, states.vectors, np.array([states.twist])
    velocity = bloch.velocity(k)
    unknown = np.full_like(energy[None], np.nan)  # band velocities, which are not defined here
    all_states = States(Eigenpairs(k, energy[None], unknown, u[None], velocity), bloch)
    # Both are sparse: they have elements on hops only.
    kernel_matrix = csr_array(kernel(all_states, definition).matrix[0])
    velocity = csr_array(velocity[0])
    slope = fermi_slope(energy, fermi_energy, temperature)
    active = np.flatnonzero(-slope > NEGLIGIBLE * 0.25 / temperature)
    ua = u[:, active]
    # v_ba, (b, a)
    elements = _product(adjoint(u), velocity @ ua)
    gap = energy[:, None] - energy[active]
    accumulation = np.empty((len(broadening), bloch.size))
    conductivity = np.empty(len(broadening))
    applied = kernel_matrix @ ua
    for i, width in enumerate(broadening):
        # pi f'(e_a) delta(e_a - e_b)
        weight = slope[active] * width / (gap**2 + width**2)
        mixed = _product(u, weight * elements)
        # n(mu) = (P_mu K + K+ P_mu) / 2
        density = overlap(ua, kernel_matrix @ mixed) + overlap(applied, mixed)
        accumulation[i] = 0.5 * density.sum(axis=1)
        conductivity[i] = -(weight * np.abs(elements) ** 2).sum()
    return accumulation, conductivity


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left @ right in real arithmetic where ``left`` is real."""
    if np.iscomplexobj(left) or not np.iscomplexobj(right):
        return left @ right
    product = np.zeros((*left.shape[:-1], right.shape[-1]), dtype=complex)
    # Velocities of a real H are imaginary.
    if right.real.any():
        product.real = left @ right.real
    if right.imag.any():
        product.imag = left @ right.imag
    return product


def ring_wavevectors(ribbon: Ribbon, length: int, twist: float) -> np.ndarray:
    """Wave vectors of a clean ring, (length,), in 1/a."""
    return twist + 2 * np.pi * np.arange(length) / (length * ribbon.period)


def green_function(
    ribbon: Ribbon, length: int, states: RingStates, k: float, wave: np.ndarray, energy: complex
) -> complex:
    """<k wave| 1 / (energy - H) |k wave> of a ring, in 1 / t0.

    ``wave`` (orbital,) is a state of the ribbon in the atomic gauge, ``k`` one of the ring's.
    """
    x = np.arange(length)[:, None] * ribbon.period + ribbon.positions[:, 0]
    phase = np.exp(1j * (k - states.twist) * x) / np.sqrt(length)
    amplitude = (phase * wave).ravel().conj() @ states.vectors
    return complex((np.abs(amplitude) ** 2 / (energy - states.energy)).sum())


def decay_rates(green: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Decay rate -2 Im Sigma with Sigma = 1 / G_0 - 1 / <G>, (strength, seed, mode), in t0 / hbar.

    Each rate is linearised in the Green function of its ring, so the mean over seeds is the
    estimate and the scatter gives its error.

    Parameters
    ----------
    green : (strength, seed, mode) complex, Green functions of single rings, in 1 / t0
    clean : (strength, seed, mode) complex, the same without disorder
    """
    mean = green.mean(axis=1, keepdims=True)
    return -2 * (1 / clean - 1 / mean + (green - mean) / mean**2).imag


def born_self_energy(pairs: Eigenpairs, variance: float, energy: np.ndarray) -> np.ndarray:
    """Self-energy of each orbital to second order, (energy, orbital): <V^2> G_mu,mu(energy) (S13).

    Parameters
    ----------
    pairs : the clean states at all k of a ring, so the result is that of a finite ring
    variance : <V^2>, in t0^2;  energy : (energy,), complex, in t0
    """
    weight = np.abs(pairs.eigenvector) ** 2
    denominator = energy[:, None, None, None] - pairs.energy[:, None, :]
    return variance * (weight / denominator).sum(axis=-1).mean(axis=1)
