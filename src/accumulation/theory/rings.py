"""Rings without and with disorder: identities of single rings.

S11 on the eigenstates of a clean ring is the intraband response of the ribbon; the velocity matrix
elements of a disordered ring obey the f-sum rule.
"""

from __future__ import annotations

import numpy as np

from ..densities import chosen
from ..errors import UserError
from ..identities import Identity
from ..lattice.samples import Ribbon
from ..responses import disordered_rings
from ..responses.integrands import ExactElements
from ..responses.static import accumulation, elements_on_mesh
from ..states.occupations import fermi_dirac

EQUATION = "27, S11"
UNITS = {"strength": "t0", "fermi_energy": "t0", "temperature": "t0 / k_B"}
VARIABLES = {
    "clean_residual": ((), "1", "clean ring against the ribbon's intraband response", "S11, 55"),
    "sum_rule_residual": ((), "1", "f-sum rule of a disordered ring, relative", "S11"),
}
CHECKS = {
    "clean_residual": Identity(
        "without disorder S11 on a ring is the intraband response with tau = hbar / eta, row by "
        "row; interband terms are of order (eta / gap)^2",
        "eigenstates of a ring in real space against a sum over k of the ribbon",
        1e-6,
    ),
    "sum_rule_residual": Identity(
        "all transitions of a disordered ring add up to its diamagnetic minus its Drude weight "
        "(Kohn)",
        "velocity matrix elements against energies at small twists of the boundary",
        1e-5,
    ),
}


def compute(
    system: Ribbon,
    density: str = "orbital_moment",
    definition: str = "",
    fermi_energy: float = 1.0,
    temperature: float = 0.1,
    length: int = 60,
    strength: float = 1.0,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Both residuals; the clean ring must be several v / temperature long.

    Raises
    ------
    UserError
        If the system is not a ribbon, or for a definition that the density does not have.
    """
    if system.kind != "ribbon":
        raise UserError("geometry.kind", system.kind, "ribbon, of which the ring is closed")
    module, definition = chosen(density, definition, "ribbon", by_state=True)
    ring = disordered_rings.ring(system, length)
    onsite = strength * disordered_rings.anderson(system, length, seed)
    density_of = (module.kernel, definition)
    return {
        "clean_residual": clean_residual(system, ring, density_of, fermi_energy, temperature),
        "sum_rule_residual": sum_rule(ring, onsite, fermi_energy, temperature),
    }


def clean_residual(ribbon, ring, density_of, fermi_energy, temperature) -> float:
    """Largest relative difference of S11 on the clean ring, over tau = 1 / eta, and Eq. 55.

    ``density_of`` is the kernel of a density and the name of its definition.
    """
    broadening = 1e-5
    states = disordered_rings.eigenstates(ring.bloch, np.zeros(ring.bloch.size))
    accumulated, _ = disordered_rings.dissipative_response(
        ring.bloch, *density_of, states, fermi_energy, temperature, np.array([broadening])
    )
    accumulated = (
        accumulated.reshape(-1, len(ribbon.positions)).sum(axis=0) * broadening / ring.period
    )
    exact = ExactElements(ribbon.bloch, *density_of, "atomic", False)
    mesh = elements_on_mesh(exact, 800)
    expected = accumulation(mesh, exact, np.array([fermi_energy]), np.array([temperature])).values
    expected = expected[0, 0, 0]
    return float(np.max(np.abs(accumulated - expected)) / np.max(np.abs(expected)))


def sum_rule(ring, onsite, fermi_energy, temperature) -> float:
    """Relative residual of the f-sum rule of a disordered ring.

    sum_ab (f_a - f_b) / (e_b - e_a) |v_ab|^2 is compared with tr f d2H/dk2 - d2 Omega/dk2, k being
    the twist and Omega the grand potential.

    Parameters
    ----------
    onsite : (orbital,) energies of the disorder, in t0
    """
    bloch, twist = ring.bloch, 1e-3
    states = disordered_rings.eigenstates(bloch, onsite)
    energy, u = states.energy, states.vectors
    filled = fermi_dirac(energy, fermi_energy, temperature)
    velocity = u.conj().T @ bloch.velocity(np.zeros(1))[0] @ u
    # (f_a - f_b) / (e_b - e_a) as a ratio of hyperbolic functions: no difference of equal numbers.
    x = (energy - fermi_energy) / (2 * temperature)
    gap = energy[:, None] - energy
    step = np.where(gap == 0, 1.0, gap)
    rise = np.where(gap == 0, 0.5 / temperature, np.sinh(step / (2 * temperature)) / step)
    ratio = rise / (2 * np.cosh(x)[:, None] * np.cosh(x))
    transitions = (ratio * np.abs(velocity) ** 2).sum()
    h = bloch.hamiltonian(twist * np.array([-1.0, 0.0, 1.0]))
    curvature = (h[0] + h[2] - 2 * h[1]) / twist**2
    diamagnetic = filled @ np.einsum("ma,mn,na->a", u.conj(), curvature, u, optimize=True).real
    h[:, np.arange(bloch.size), np.arange(bloch.size)] += onsite
    levels = np.linalg.eigvalsh(h)
    omega = -temperature * np.logaddexp(0, (fermi_energy - levels) / temperature).sum(axis=1)
    drude = (omega[0] + omega[2] - 2 * omega[1]) / twist**2
    return float(abs(transitions - diamagnetic + drude) / abs(diamagnetic))
