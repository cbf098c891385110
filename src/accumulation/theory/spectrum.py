"""Density response of a ribbon at finite frequency, intraband and interband.

S46 with broadening eta on a mesh of k, net and by edge, for any density.  A field E e^{-i omega t}
gives the density Re chi E e^{-i omega t}, with eta = hbar / tau.  At low frequency

    delta n(t) = chi_0 E(t) + rate dE/dt,

where the theorem of Sec. III A forbids the undergap part of chi_0 with time reversal, but not that
of the rate, which is reactive and needs no state at the Fermi level.
"""

from __future__ import annotations

import numpy as np

from ..densities import chosen
from ..errors import UserError
from ..identities import Identity
from ..responses import kramers_kronig
from ..responses.edges import regions
from ..responses.finite_frequency import interband_pairs, spectrum
from ..responses.integrands import ExactElements
from ..responses.lehmann import pair_sum, relative

EQUATION = "17, 18, S46"
UNITS = {"fermi_energy": "t0", "temperature": "t0", "eta": "t0"}
REGIONS = ("left", "right", "net")
# omega of the static limit, in t0: the error of the average over +-i omega is (omega / gap)^2.
STATIC = 1e-6
_UNITS = "unit of the density x e E / t0"
_DIMS = ("part", "region", "frequency")
VARIABLES = {
    "frequency": (("frequency",), "t0 / hbar", "frequency", "18"),
    "part": (("part",), "1", "real: in phase with the field; imaginary: a quarter behind", "16"),
    "region": (("region",), "1", "edges (each half of the ribbon) and their sum", "S49"),
    "density_units": ((), "1", "unit of the density", "5"),
    "intraband": (_DIMS, _UNITS, "intraband response per length", "S46"),
    "interband": (_DIMS, _UNITS, "interband response per length", "S46"),
    "reconstructed": (
        ("region", "frequency"),
        _UNITS,
        "real part of the response from its imaginary part at all frequencies",
        "17",
    ),
    "static": (("region",), _UNITS, "interband response to a static field at eta = 0", "55, 58"),
    "rate": (
        ("region",),
        "unit of the density x e E hbar / t0^2",
        "interband response to dE/dt at low frequency and eta = 0",
        "27",
    ),
    "kramers_kronig_residual": ((), "1", "real part against its reconstruction, relative", "17"),
    "hermiticity_residual": ((), "1", "chi(-omega) against chi(omega)*, relative", "17, 19"),
    "static_residual": ((), "1", "limit omega, eta -> 0 against the static sum, relative", "58"),
    "mesh_residual": ((), "1", "interband part on half as many k, relative", "S46"),
}
CHECKS = {
    "kramers_kronig_residual": Identity(
        "the real part of the response of a ribbon follows from its imaginary part",
        "Hilbert transform of the imaginary part on a separate grid",
        1e-9,
    ),
    "hermiticity_residual": Identity(
        "the response of a ribbon to a real field is real: chi(-omega) = chi(omega)*",
        "both signs of the frequency computed by themselves",
        1e-11,
    ),
    "static_residual": Identity(
        "the interband response goes over into the static one",
        "band-resolved polarizability integrated up to the Fermi points",
        1e-7,
    ),
    "mesh_residual": Identity(
        "the sum over k of the interband response has converged", "another mesh of k", 1e-5
    ),
}


def compute(
    system,
    density: str = "orbital_moment",
    definition: str = "circulation",
    fermi_energy: float = 0.0,
    temperature: float = 0.05,
    eta: float = 0.1,
    frequency: tuple = tuple(0.05 * i for i in range(101)),
    points: int = 400,
) -> dict:
    """chi(omega + i eta) of a ribbon on a mesh of ``points`` k.

    Raises
    ------
    UserError
        If the system is no ribbon, eta not positive or the density has no such definition.
    """
    if system.kind != "ribbon":
        raise UserError("geometry.kind", system.kind, "ribbon")
    if eta <= 0:
        raise UserError("eta", eta, "a number above 0")
    module, definition = chosen(density, definition, "ribbon")
    exact = ExactElements(
        system.bloch,
        module.kernel,
        definition,
        "atomic",
        definition in module.NEEDS_ALL_BANDS,
        regions(system.positions[:, 1]),
    )
    frequency = np.asarray(frequency, dtype=float)
    z = frequency + 1j * eta
    response, static = spectrum(exact, points, fermi_energy, temperature)
    intraband, interband = response.intraband(z), response.interband(z)
    total = intraband + interband

    coarse = pair_sum(*interband_pairs(exact, points // 2, fermi_energy, temperature), z)
    below, above = (response.interband(np.array([s * 1j * STATIC]))[:, 0] for s in (-1, 1))
    limit = 0.5 * (below + above).real
    reconstructed = _reconstructed(response, eta, frequency)
    return {
        "frequency": frequency,
        "part": np.array(["real", "imaginary"]),
        "region": np.array(REGIONS),
        "density_units": np.array(module.UNITS),
        "intraband": np.stack((intraband.real, intraband.imag)),
        "interband": np.stack((interband.real, interband.imag)),
        "reconstructed": reconstructed.real,
        "static": static[1],
        "rate": (above - below).real / (2 * STATIC),
        "kramers_kronig_residual": relative(reconstructed.real - total.real, total),
        "hermiticity_residual": relative(response.total(-z.conj()) - total.conj(), total),
        "static_residual": relative(limit - static[1], static[1], interband),
        "mesh_residual": relative(coarse - interband, total),
    }


def _reconstructed(response, eta: float, frequency: np.ndarray) -> np.ndarray:
    """chi(omega + i eta) from its imaginary part alone, (row, frequency)."""
    widest = float(np.abs(response.gap).max(initial=0.0))
    scale = kramers_kronig.scale_of(widest)
    nodes = kramers_kronig.nodes(scale, widest, eta)
    imaginary = response.total(nodes + 1j * eta).imag
    return kramers_kronig.from_imaginary(imaginary, scale, frequency)
