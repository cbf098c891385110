"""Accumulation in rings and flakes of up to 10^5 sites with Anderson disorder or vacancies.

Every point of the grid is one realization (``seed``): energies uniform in [-W/2, W/2] on the sites,
W the ``strength``, and sites left out with the probability ``vacancies``.  The sample is ``length``
cells of a ribbon, closed along x (``ring``) or open (``flake``).  Responses at T = 0 follow from
Green functions at E_F +- i eta (:mod:`accumulation.responses.field_response`), eta the
``broadening``; a clean sample has tau = hbar / (2 eta).  :mod:`accumulation.theory.disorder` has
the same sample with exact eigenstates; its broadening is 2 eta.

Solvers: ``slices`` is exact, by recursion over slices, and takes a time proportional to the length
times the cube of the width; ``lu`` and ``chebyshev`` use random vectors, whose number sets the
standard errors, and factorize or expand.  ``auto`` takes ``slices`` where the recursion costs about
twenty seconds at most, else ``lu``: factors of 10^5 sites in two dimensions are small, and an
expansion took 4 times as long at eta = 0.3, 12 times at 0.1, longer in proportion to 1 / eta.
``chebyshev`` is for samples whose factors do not fit into memory.  16 vectors know the conductivity
of 10^5 orbitals to 6 % at eta = 0.005, so that slices are also the cheaper way to 1 % where they
are narrower than about 200 orbitals.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array, eye_array

from ..densities import chosen
from ..errors import UserError
from ..identities import Identity
from ..lattice.samples import Ribbon
from ..responses import disordered_rings, field_response, samples_in_space
from ..responses.field_response import Response
from ..responses.samples_in_space import Sample

EQUATION = "17, 27, S11"
UNITS = {"strength": "t0", "fermi_energy": "t0", "broadening": "t0"}
KINDS = ("ribbon", "wire")
SOLVERS = ("auto", "slices", *field_response.SOLVERS)
_DENSITY = "(density) x e E / t0 / a"
_ON_SITES = ("x", "y")
VARIABLES = {
    "x": (("x",), "a", "middle of the window of cells along the sample", "S49"),
    "y": (("y",), "a", "position of the site across the sample", "S49"),
    "accumulation": (
        _ON_SITES,
        _DENSITY,
        "accumulation of the Fermi surface per length, dissipative",
        "27, S11",
    ),
    "accumulation_error": (
        _ON_SITES,
        _DENSITY,
        "standard error of accumulation from the random vectors; 0: none",
        "27, S11",
    ),
    "interband": (_ON_SITES, _DENSITY, "interband accumulation per length", "17"),
    "interband_error": (
        _ON_SITES,
        _DENSITY,
        "error of interband: of the random vectors, and of half the points of the path",
        "17",
    ),
    "current": (_ON_SITES, "e^2 / h", "current density along x over the field", "S11"),
    "conductivity": ((), "e^2 a / h", "conductivity of the sample times its width", "S11"),
    "conductivity_error": ((), "e^2 a / h", "standard error of conductivity", "S11"),
    "orbitals": ((), "1", "number of orbitals that are not vacant", "S49"),
    "eigenstate_residual": (
        (),
        "1",
        "of a short sample of the first rows: difference from the sum over all eigenstates over "
        "its bound, 1e-8 of the largest term, with random vectors six standard errors",
        "27, S11",
    ),
    "interband_residual": (
        (),
        "1",
        "of this short sample by slices: difference of the interband accumulation and charge from "
        "the sum over all eigenstates, over the largest term, eta at least 0.1 t0",
        "17",
    ),
    "net_charge": (
        (),
        "1",
        "of this short sample: sum of the interband change of the charge over its absolute values",
        "17",
    ),
}
CHECKS = {
    "eigenstate_residual": Identity(
        "Green functions in real space give the sum over all pairs of eigenstates at the level",
        "recursion, factorization or expansion against dense diagonalization",
        1.0,
    ),
    "interband_residual": Identity(
        "the integral along a vertical path of energies is the interband part of all pairs of "
        "eigenstates",
        "recursion over slices against a closed form in the energies",
        1e-7,
    ),
    "net_charge": Identity(
        "the field moves charge between the sites of a sample and adds none",
        "trace of the interband part of the density matrix",
        1e-10,
    ),
}
# Levels of a sample times the cube of their size, up to which ``auto`` takes ``slices``: twenty
# seconds of one core.
SLICES = 4e9
# Orbitals of the short sample that is compared with all eigenstates, about.
DENSE = 60
SIGMAS = 6.0
# Points of the path there, and the least broadening, at which as many suffice.
PATH = 24
PATH_BROADENING = 0.1


def check(
    density: str,
    definition: str,
    broadening: float,
    length: int,
    shape: str,
    strength: float,
    vacancies: float,
    seed: int,
    twist: bool,
    solver: str,
    vectors: int,
    points: int,
    windows: int,
    **others: object,
) -> None:
    """Check the options of :func:`compute` without the sample.

    Raises
    ------
    UserError
        For a value out of its range, or a definition that needs a sum over bands.
    """
    chosen(density, definition, "ribbon", by_state=True)
    shapes = samples_in_space.SHAPES
    for key, name, names in (("shape", shape, shapes), ("solver", solver, SOLVERS)):
        if name not in names:
            raise UserError(key, name, names)
    bounds = (
        ("broadening", broadening, broadening > 0, "a positive number"),
        ("strength", strength, strength >= 0, "a number of at least 0"),
        ("vacancies", vacancies, 0 <= vacancies < 1, "a share of the sites, at least 0, below 1"),
        ("seed", seed, seed >= 0, "an integer of at least 0"),
        ("length", length, length >= 2, "an integer of at least 2"),
        (
            "vectors",
            vectors,
            vectors >= 2,
            "an integer of at least 2, for an error",
        ),
        ("points", points, points == 0 or points >= 8, "0 for no interband part, or at least 8"),
        ("windows", windows, windows >= 1, "an integer of at least 1"),
    )
    for key, value, fits, allowed in bounds:
        if not fits:
            raise UserError(key, value, allowed)
    if length % windows:
        raise UserError("windows", windows, f"a number that divides the length, {length} cells")
    if twist and shape == "flake":
        raise UserError("twist", twist, "false for a flake, which nothing closes")


def compute(
    system: Ribbon,
    density: str = "orbital_moment",
    definition: str = "",
    fermi_energy: float = 1.0,
    broadening: float = 0.02,
    length: int = 60,
    shape: str = "ring",
    strength: float = 1.0,
    vacancies: float = 0.0,
    seed: int = 0,
    twist: bool = False,
    solver: str = "auto",
    vectors: int = 16,
    points: int = 32,
    windows: int = 1,
) -> dict[str, np.ndarray]:
    """Both parts of the accumulation of one realization.

    Parameters
    ----------
    definition : of the density, the first one if empty; its operator must lie on the hops
    broadening : eta, the imaginary part of the energy, in t0
    twist : close the ring with a random phase from the seed, as ``disorder`` does
    vectors : number of random vectors of ``lu`` and ``chebyshev``
    points : of the path of the interband part, where that is not zero by time reversal; 0 leaves
        the interband part out
    windows : number of windows of cells along x; ``length``: the result has every site

    Raises
    ------
    UserError
        For a system that is no ribbon or wire, or as :func:`check`.
    """
    if system.kind not in KINDS:
        raise UserError("geometry.kind", system.kind, KINDS)
    check(
        density, definition, broadening, length, shape, strength, vacancies, seed, twist, solver,
        vectors, points, windows,
    )  # fmt: skip
    draw = (shape, strength, vacancies, seed, twist)
    sample, kernel, vacant = _realization(system, density, definition, length, *draw)
    solved = (fermi_energy, broadening, solver, vectors, seed)
    allowed = interband_allowed(sample, kernel)
    found = _estimates(sample, *solved, points if allowed else 0)
    sites, dissipative, intrinsic, path_error, currents = system.sites, [], [], [], []
    for one in found:
        currents.append(_on_sites(sample.velocity, one.fermi, sample, sites, windows))
        dissipative.append(_on_sites(kernel, one.fermi, sample, sites, windows))
        if one.interband is not None:
            intrinsic.append(_on_sites(kernel, one.interband, sample, sites, windows))
            path_error.append(_on_sites(kernel, one.coarse, sample, sites, windows))
    accumulation, accumulation_error = mean(np.array(dissipative))
    nothing = np.full_like(accumulation, 0.0 if points else np.nan)
    interband, interband_error = mean(np.array(intrinsic)) if intrinsic else (nothing, nothing)
    if intrinsic:
        interband_error = interband_error + np.abs(interband - np.mean(path_error, axis=0))
    # The current is minus that of electrons, over the area of a window: a conductivity.
    current, _ = mean(-2 * np.pi * np.array(currents))
    conductivity, conductivity_error = mean(-2 * np.pi * np.sum(currents, axis=2).mean(axis=1))
    return {
        "x": (np.arange(windows) + 0.5) * sample.period / windows,
        "y": sites @ system.positions[:, 1] / sites.sum(axis=1),
        "accumulation": accumulation,
        "accumulation_error": accumulation_error,
        "interband": interband,
        "interband_error": interband_error,
        "current": current,
        "conductivity": conductivity,
        "conductivity_error": conductivity_error,
        "orbitals": np.sum(~vacant),
        **_residuals(system, density, definition, draw, solved),
    }


def _realization(
    system, density, definition, length, shape, strength, vacancies, seed, twist
) -> tuple[Sample, csr_array, np.ndarray]:
    """Sample, kernel of the density, and which orbitals are vacant."""
    module, definition = chosen(density, definition, "ribbon", by_state=True)
    vacant = samples_in_space.vacancies(system, length, vacancies, seed)
    onsite = strength * disordered_rings.anderson(system, length, seed)
    ring = disordered_rings.ring(system, length)
    flux = disordered_rings.random_twist(ring, seed) if twist else 0.0
    sample = samples_in_space.sample(system, length, shape, onsite, vacant, flux)
    blocks = samples_in_space.kernel_blocks(system, module.kernel, definition)
    return sample, samples_in_space.kernel_on(sample, blocks, system, flux), vacant


def interband_allowed(sample: Sample, kernel: csr_array) -> bool:
    """Whether time reversal leaves an interband part: complex H, or an operator not imaginary."""
    return not sample.is_real or bool(np.any(kernel.data.real))


def solver_of(sample: Sample) -> str:
    """The solver that ``auto`` takes for a sample."""
    counts = np.bincount(sample.level).astype(float)
    return "slices" if (counts**3).sum() <= SLICES else "lu"


def _estimates(sample, level, broadening, solver, vectors, seed, points) -> Iterable[Response]:
    """The response of a sample, or several whose mean it is."""
    solver = solver_of(sample) if solver == "auto" else solver
    if solver == "slices":
        return [field_response.exact(sample, level, broadening, points)]
    return field_response.estimates(sample, level, broadening, solver, vectors, seed, points)


def _on_sites(kernel, change, sample, sites, windows) -> np.ndarray:
    """Density by window and site, per length."""
    density = samples_in_space.density_of(kernel, change)
    return samples_in_space.by_window(density, sample, sites, windows)


def mean(estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of estimates (estimate, ...) and its standard error, which is 0 for a single one."""
    count = len(estimates)
    if count == 1:
        return estimates[0], np.zeros_like(estimates[0])
    return estimates.mean(axis=0), estimates.std(axis=0, ddof=1) / np.sqrt(count)


def _residuals(system, density, definition, draw, solved) -> dict[str, float]:
    """Residuals of CHECKS, from a short sample that can be diagonalized."""
    system = samples_in_space.narrowed(system, DENSE // 3)
    length = max(3, DENSE // len(system.positions))
    sample, kernel, _ = _realization(system, density, definition, length, *draw)
    charge = eye_array(len(sample.cell), format="csr")
    level, broadening, *_ = solved

    def rows(operator: csr_array, change: csr_array) -> np.ndarray:
        return _on_sites(operator, change, sample, system.sites, 1)[0]

    expected = field_response.from_eigenstates(sample, level, broadening).fermi
    found, error = mean(
        np.array([rows(kernel, one.fermi) for one in _estimates(sample, *solved, 0)])
    )
    # The largest term a cell, as sums may vanish by a symmetry.
    term = abs(kernel).max() * abs(expected).max() / system.period
    off = np.abs(found - rows(kernel, expected)) / (1e-8 * term + SIGMAS * error)
    wide = max(broadening, PATH_BROADENING)
    expected = field_response.from_eigenstates(sample, level, wide).interband
    by_path = field_response.exact(sample, level, wide, PATH).interband
    differences = [
        np.abs(rows(operator, by_path - expected)).max()
        / (abs(operator).max() * abs(expected).max() / system.period)
        for operator in (kernel, charge)
    ]
    moved = by_path.diagonal().real
    return {
        "eigenstate_residual": off.max(),
        "interband_residual": max(differences),
        "net_charge": abs(moved.sum()) / np.abs(moved).sum(),
    }
