"""Static density response to a uniform field along x: intraband and interband (Eqs. 55, 58, S46).

intraband   (tau e E)  sum_n int dk/2pi (df/dk) <n|n(mu)|n>
interband   (e E)      sum_n int dk/2pi f_n b_n(mu)

At zero temperature the first is a sum over Fermi points, the second an integral over the pieces
between them.  Where bands meet or are at rest exactly on the level, both are the limit of falling
temperatures, or NaN if the limit does not exist.  Every value has an estimated bound of its error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..lattice.bloch import mesh
from ..states.chunks import gathered
from ..states.fermi_points import FermiPoints, fermi_points
from ..states.occupations import fermi_dirac, fermi_slope
from . import fermi_surface, zero_temperature
from .integrands import ExactElements, Integrand, MeshElements, by_region
from .interval_sums import CANCELLED, contract
from .line_integral import RESOLVED, Integral, LineIntegral

__all__ = [
    "FLAGS",
    "PROCESSES",
    "RESOLVED",
    "Accumulation",
    "ExactElements",
    "MeshElements",
    "accumulation",
    "by_region",
    "elements_on_mesh",
    "mesh_sums",
    "need_resolved",
]

# The two parts of a response: per e E tau, and per e E.
PROCESSES = ("intraband", "interband")
# Bits of the status of a value.
NO_LIMIT, INACCURATE = 1, 2
FLAGS = {"no_zero_temperature_limit": NO_LIMIT, "error_above_1e-4": INACCURATE}
# Largest error of a value, relative to the largest row, without a flag.
ACCURATE = 1e-4
# Factor on a flagged error, as the estimate has not converged either.
UNCONVERGED = 3.0
# Energies of a flake this close, as a fraction of the spectrum's bound, are summed by pairs.
CLOSE = 1e-3
# Errors below this are rounding.
ROUNDING = 1e-11


@dataclass(frozen=True)
class Accumulation:
    """Response of one density at several levels and temperatures.

    Attributes
    ----------
    values : (2, fermi_energy, temperature, row), intraband per e E tau and interband per e E, per
        length a; NaN where there is no limit T -> 0
    net : (2, fermi_energy, temperature), sum over the rows
    error : (2, fermi_energy, temperature), estimated bound of the error of any row
    status : (2, fermi_energy, temperature) int, bits of FLAGS
    """

    values: np.ndarray
    net: np.ndarray
    error: np.ndarray
    status: np.ndarray


def need_resolved(temperature: float, velocity: np.ndarray, k: np.ndarray) -> None:
    """Check that a mesh resolves a temperature.

    Parameters
    ----------
    temperature : in t0;  velocity : (k, band), in t0 a;  k : (k,), in 1/a

    Raises
    ------
    UserError
        If the temperature is too low for the mesh.
    """
    coarse = RESOLVED * np.abs(velocity).max() * (k[1] - k[0])
    if temperature < coarse:
        raise UserError("temperature", temperature, f"at least {coarse:.3g} for {len(k)} points k")


def elements_on_mesh(exact: ExactElements, points: int, threads: int = 1) -> MeshElements:
    """Matrix elements on the uniform mesh of ``points`` k, computed in chunks of k.

    A flake has one k and weight 1.
    """
    k, weight = mesh(points, exact.bloch.period)

    def of_chunk(part):
        return exact.at(k[part], interband=True)

    parts = gathered(of_chunk, len(k), exact.bloch.size, threads)
    energy, velocity, density = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("energy", "velocity", "density")
    )
    interband = None
    if parts[0].polarizability is not None:
        interband = np.concatenate([part.polarizability for part in parts])
    return MeshElements(k, weight, energy, velocity, density, interband)


def accumulation(
    mesh: MeshElements,
    exact: ExactElements,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    threads: int = 1,
    points: FermiPoints | None = None,
) -> Accumulation:
    """Intraband (per e E tau) and interband (per e E) accumulation per length a (Eqs. 55, 58).

    A flake (one k, no velocity) has no intraband part: its eigenstates carry no current, and Eq. 21
    is the interband sum alone.

    Parameters
    ----------
    mesh : matrix elements on a uniform mesh;  exact : the same at any k
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    points : Fermi points of these levels, if they are known
    """
    shape = (2, len(fermi_energy), len(temperature))
    result = Accumulation(
        np.zeros((*shape, mesh.density.shape[-1])),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape, dtype=np.int16),
    )
    responses = _Flake(mesh, exact) if len(mesh.k) == 1 else _Line(mesh, exact, threads)
    for t, kt in enumerate(temperature):
        responses.prepare(fermi_energy, kt, points)
        for e in range(len(fermi_energy)):
            value, net, error, size = responses.at(e, fermi_energy[e], kt)
            status = status_bits(value, net, error, size)
            result.values[:, e, t], result.net[:, e, t], result.status[:, e, t] = value, net, status
            result.error[:, e, t] = np.where(status & INACCURATE, UNCONVERGED * error, error)
    return result


def mesh_sums(mesh: MeshElements, fermi_energy: np.ndarray, temperature: float) -> np.ndarray:
    """Both processes as plain sums over a mesh that resolves the temperature, (2, level, row).

    Identities between sums over one mesh hold for these sums, whatever the error of the mesh.
    ``fermi_energy`` (level,) and ``temperature`` are in t0.
    """
    sums = np.zeros((2, len(fermi_energy), mesh.density.shape[-1]))
    for e, level in enumerate(fermi_energy):
        slope = fermi_slope(mesh.energy, level, temperature) * mesh.velocity * mesh.weight[:, None]
        sums[0, e] = contract(slope, mesh.density).sum(axis=0)
        if mesh.polarizability is not None:
            filled = fermi_dirac(mesh.energy, level, temperature) * mesh.weight[:, None]
            sums[1, e] = contract(filled, mesh.polarizability).sum(axis=0)
    return sums


def status_bits(value, net, error, size) -> np.ndarray:
    """Flags (...) of values (..., row) with that net, error and magnitude (...), bits of FLAGS."""
    missing = np.isnan(value).any(axis=-1) | np.isnan(net)
    largest = np.nan_to_num(np.abs(value)).max(axis=-1, initial=0.0)
    allowed = np.maximum(ACCURATE * np.maximum(largest, CANCELLED * size), ROUNDING)
    return NO_LIMIT * missing + INACCURATE * (np.nan_to_num(error) > allowed)


class _Line:
    """Responses of a periodic system, one level and temperature at a time."""

    def __init__(self, mesh: MeshElements, exact: ExactElements, threads: int):
        self.mesh, self.exact, self.threads = mesh, exact, threads
        self.integral = LineIntegral(mesh, exact, threads)
        self._points: FermiPoints | None = None
        self._surface: np.ndarray | None = None

    def prepare(self, levels: np.ndarray, kt: float, points: FermiPoints | None) -> None:
        """Compute the Fermi points of all levels, if they are needed at this temperature."""
        if kt > 0 and self.integral.sees(kt):
            return
        if self._points is None:
            bands = (self.mesh.k, self.mesh.energy, self.mesh.velocity)
            self._points = points or fermi_points(self.exact.bloch, *bands, levels, self.threads)
        if kt == 0 and self._surface is None:
            rows = self.mesh.density.shape[-1]
            self._surface = fermi_surface.contributions(
                self._points, self.exact, rows, self.threads
            )

    @property
    def points(self) -> FermiPoints:
        """Fermi points of all levels."""
        if self._points is None:
            raise RuntimeError("prepare() comes first")
        return self._points

    @property
    def surface(self) -> np.ndarray:
        """Contribution (point, row) of each Fermi point at zero temperature."""
        if self._surface is None:
            raise RuntimeError("prepare() comes first")
        return self._surface

    def at(self, number: int, level: float, kt: float):
        """Value (process, row), net, error and magnitude (process,) of the level of a number."""
        if kt == 0:
            return self._at_zero(number, level)
        integral = self._warm(number, level, kt)
        return integral.value, integral.value.sum(axis=-1), integral.error, integral.magnitude

    def _warm(self, number: int, level: float, kt: float) -> Integral:
        if self.integral.sees(kt):
            return self.integral.at_temperature(level, kt)
        return self.integral.at_filling(level, kt, self.points, self.points.level == number)

    def _at_zero(self, number: int, level: float):
        of_level = self.points.level == number
        mesh = self.mesh
        special = zero_temperature.special_level(
            self.exact.bloch, mesh.k, mesh.energy, mesh.velocity, level, self.points, of_level
        )
        # A kernel that is a sum over bands is undefined where bands meet.
        surface = special.intraband or (special.interband and self.exact.needs_all_bands)
        only_limit = np.array([surface, special.interband])
        only_limit[1] &= mesh.polarizability is not None
        value = np.zeros((2, mesh.density.shape[-1]))
        error, size = np.zeros(2), np.zeros(2)
        if not only_limit[1]:
            integral = self.integral.at_filling(level, 0.0, self.points, of_level)
            value, error, size = integral.value, integral.error, integral.magnitude
        at_points = self.surface[of_level]
        value[0], size[0] = at_points.sum(axis=0), np.abs(at_points).sum(axis=0).max(initial=0.0)
        net = value.sum(axis=-1)
        if not surface and not zero_temperature.all_counted(
            self.exact.bloch, mesh.k, level, self.points.part(of_level)
        ):
            error[0] = np.inf
        if only_limit.any():
            extended, limit_error, largest = self._limit(number, level)
            value[only_limit], net[only_limit] = (
                extended[only_limit, :-1],
                extended[only_limit, -1],
            )
            error[only_limit], size[only_limit] = limit_error[only_limit], largest[only_limit]
            if special.unresolved:
                error[only_limit] = np.inf
        return value, net, error, size

    def _limit(self, number: int, level: float):
        """Rows and net (process, row + 1), error and magnitude (process,) as T -> 0."""
        size = np.zeros(2)

        def warm(kt):
            nonlocal size
            integral = self._warm(number, level, kt)
            size = np.maximum(size, integral.magnitude)
            rows = np.column_stack((integral.value, integral.value.sum(axis=-1)))
            return rows, integral.error, integral.magnitude

        value, error = zero_temperature.limit(warm, self.exact.bloch.scale)
        return value, np.nan_to_num(error, posinf=np.inf).max(axis=-1), size


class _Flake:
    """Responses of a system of one k, which are interband only.

    If energies are close, the sum runs over pairs of different occupation: the terms of two filled
    states cancel, but for rounding of 1e-16 / gap^2.
    """

    def __init__(self, mesh: MeshElements, exact: ExactElements):
        self.mesh, self.exact = mesh, exact
        self.close = np.diff(mesh.energy[0]).min(initial=np.inf) < CLOSE * exact.bloch.scale

    def prepare(self, levels, kt, points) -> None:
        """Nothing to prepare: levels share no computation."""

    def at(self, number: int, level: float, kt: float):
        """Value (process, row), net, error and magnitude (process,) of a level."""
        filled = fermi_dirac(self.mesh.energy, level, kt)
        value = np.zeros((2, self.mesh.density.shape[-1]))
        if self.mesh.polarizability is not None:
            value[1] = contract(filled, self.mesh.polarizability)[0]
            if self.close:
                fresh = Integrand(self.exact, level, kt)
                value[1] = fresh(self.mesh.k, np.zeros(1, dtype=int))[0, 1]
        return value, value.sum(axis=-1), np.zeros(2), np.abs(value).max(axis=-1, initial=0.0)
