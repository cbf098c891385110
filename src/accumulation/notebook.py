"""The functions of a notebook: labels off, physics on plain arrays, labels on.

``accumulation.model``, ``bands``, ``elements`` and ``response``; the workflow's rules run the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .crystal.bulk_properties import MIDGAP, bulk, filled_bands
from .datasets import arguments
from .datasets.accumulations import accumulations, declaration, eigenpairs_of, flagged, mirror_parts
from .datasets.labels import label
from .datasets.model_dataset import (
    crystal_variables,
    hop_variables,
    kind_attributes,
    restore,
    restored_crystal,
    site_variables,
)
from .densities import definitions_for
from .errors import UserError
from .inputs import real_array
from .lattice.bloch import GAUGES, mesh
from .lattice.samples import System
from .responses.matrix_elements import center_y, matrix_elements
from .responses.static import FLAGS, PROCESSES
from .states.chunks import over_chunks
from .states.eigenpairs import solve
from .states.eigenstates import States

if TYPE_CHECKING:
    import xarray as xr


def model(system: System) -> xr.Dataset:
    """Sites and hoppings of a ribbon, wire or flake as a dataset (see :func:`restore`)."""
    arguments.system("system", system, "model(system)")
    values = {**site_variables(system), **hop_variables(system), **crystal_variables(system)}
    return label(values, "model", kind_attributes(system))


def bands(system: System, k: int = 401, eigenvectors: bool = True, threads: int = 1) -> xr.Dataset:
    """Energies, velocities and eigenvectors of a ribbon or wire on a uniform mesh, or of a flake.

    Parameters
    ----------
    k : number of mesh points in the Brillouin zone (a flake has one)
    eigenvectors : keep them; without, :func:`elements` diagonalises again, chunk by chunk
    threads : threads over chunks of k (BLAS itself should run on one)

    Returns
    -------
    Dataset with energy (k, band) in t0, velocity (k, band) in t0 a / hbar, weight (k) = dk/2pi and
    eigenvector_re, eigenvector_im (k, orbital, band), the latter absent where H(k) is real.

    Raises
    ------
    UserError
        If k is not an integer of at least 8 (2 neighbours each side are needed at a Fermi point).
    """
    arguments.system("system", system, "bands(system, k=401)")
    threads = _positive("threads", threads)
    if system.periodic and (isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 8):
        raise UserError("k", k, "an integer of at least 8")
    if not isinstance(eigenvectors, bool | np.bool_):
        raise UserError("eigenvectors", eigenvectors, "True or False")
    bloch = system.bloch
    arguments.fits_in_memory(system, int(k) if system.periodic else 1, eigenvectors)
    points, weight = mesh(k, bloch.period)
    shape = (len(points), bloch.size)
    energy, velocity = np.empty(shape), np.empty(shape)
    complex_parts = 1 if bloch.is_real else 2
    vectors = [np.empty((*shape, bloch.size)) for _ in range(complex_parts if eigenvectors else 0)]

    # The mesh holds -k for every k: a symmetry between them halves the work.
    reversal = bloch.reversal if system.periodic else None
    paired = reversal is not None
    order, conjugate = reversal or (slice(None), False)

    def work(part):
        pairs = solve(bloch, points[part])
        energy[part], velocity[part] = pairs.energy, pairs.velocity
        # z[::-1][part] are the places of -k.
        if paired:
            energy[::-1][part], velocity[::-1][part] = pairs.energy, -pairs.velocity
        parts = (pairs.eigenvector.real, pairs.eigenvector.imag)
        for vector, component, sign in zip(
            vectors, parts, (1, -1 if conjugate else 1), strict=False
        ):
            vector[part] = component
            if paired:
                np.multiply(component[:, order], sign, out=vector[::-1][part])

    # The middle of an odd mesh, k = 0, is its own partner and is done as it is.
    half = (len(points) + 1) // 2 if paired else len(points)
    over_chunks(work, half, bloch.size, threads)
    values = {"k": points, "weight": weight, "energy": energy, "velocity": velocity}
    values |= dict(zip(("eigenvector_re", "eigenvector_im"), vectors, strict=False))
    attrs = {"kind": system.kind, "period": system.period, "fingerprint": system.fingerprint}
    return label(values, "bands", attrs)


def _names(key: str, value, allowed) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple | np.ndarray) or not len(names):
        raise UserError(key, value, "one or a list of: " + ", ".join(allowed))
    names = [str(name) if isinstance(name, np.str_) else name for name in names]
    if any(names.count(name) > 1 for name in names):
        raise UserError(key, value, "each name once")
    for name in names:
        if name not in allowed:
            raise UserError(key, name, "one of: " + ", ".join(allowed))
    return names


def elements(
    system: System,
    bands: xr.Dataset,
    density: str = "orbital_moment",
    definition: str | list[str] | None = None,
    gauge: str | list[str] = "atomic",
    threads: int = 1,
) -> xr.Dataset:
    """Expectation values and polarizabilities of a density on the states of ``bands``.

    Parameters
    ----------
    density : name of a density; definition : one or several of its definitions, default its first
    gauge : ``"atomic"``, ``"cell"`` or both

    Returns
    -------
    Dataset with moment (k, band), density and polarizability (k, band, row), center_y (k, band), a
    leading dimension ``definition`` and ``gauge`` where a list was given, and the hop table.

    Raises
    ------
    UserError
        For an unknown density, definition or gauge; or bands of another system.
    """
    usage = "elements(system, bands, density='orbital_moment')"
    arguments.system("system", system, usage)
    arguments.dataset("bands", bands, "bands", usage)
    module, texts = declaration(density)
    definitions = definitions_for(module, system.kind)
    chosen = _names("definition", definitions[0] if definition is None else definition, definitions)
    gauges = _names("gauge", gauge, GAUGES if system.periodic else GAUGES[:1])
    arguments.same_system(system, bands)
    threads = _positive("threads", threads)
    bloch, k = system.bloch, bands.k.values
    shape = (len(chosen), len(gauges), len(k), bloch.size, bloch.size)
    # In memory rows come before bands, as the eigenvectors have them: no transposed copies.
    # Untouched zero pages cost no memory where the polarizability vanishes identically.
    diagonal = np.swapaxes(np.empty(shape), -1, -2)
    interband = np.swapaxes(np.zeros(shape), -1, -2)
    center = np.empty(shape[2:4])
    at = eigenpairs_of(bloch, bands)

    def work(part):
        pairs = at(part)
        for g, phases in enumerate(gauges):
            states = States(pairs, bloch, phases)
            for d, which in enumerate(chosen):
                found = matrix_elements(states, module.kernel(states, which))
                diagonal[d, g, part] = found[0]
                if found[1] is not None:
                    interband[d, g, part] = found[1]
        center[part] = center_y(states)

    over_chunks(work, len(k), bloch.size, threads, light=bloch.is_real)
    drop = tuple(i for i, value in enumerate((definition, gauge)) if _is_single(value))
    lead = tuple(n for n, v in (("definition", definition), ("gauge", gauge)) if not _is_single(v))
    values = {
        "definition": chosen if not _is_single(definition) else chosen[0],
        "gauge": gauges if not _is_single(gauge) else gauges[0],
        "k": k,
        "weight": bands.weight.values,
        **site_variables(system),
        "energy": bands.energy.values,
        "velocity": bands.velocity.values,
        "center_y": center,
        "moment": diagonal.sum(axis=-1).squeeze(drop),
        "density": diagonal.squeeze(drop),
        "polarizability": interband.squeeze(drop),
        **hop_variables(system),
        **crystal_variables(system),
    }
    attrs = {**kind_attributes(system), "density": density}
    attrs["fingerprint"] = system.fingerprint
    leading = dict.fromkeys(("moment", "density", "polarizability"), lead)
    return label(values, "elements", attrs, texts, leading)


def _positive(key: str, value) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise UserError(key, value, "an integer of at least 1")
    return int(value)


def _is_single(value) -> bool:
    return value is None or isinstance(value, str)


def _numbers(key: str, value, least: float | None = None) -> np.ndarray:
    allowed = "a finite number or a non-empty list of them"
    if key == "fermi_energy":
        allowed = "a finite number, midgap, or a non-empty list of them"
    if least is not None:
        allowed += f", at least {least:g}"
    numbers = np.atleast_1d(real_array(key, value, allowed))
    low = least is not None and np.any(numbers < least)
    if numbers.ndim != 1 or not len(numbers) or not np.all(np.isfinite(numbers)) or low:
        raise UserError(key, value, allowed)
    return numbers


def _at_midgap(value, elements: xr.Dataset, filled: int | None) -> tuple:
    """Fermi energies with numbers for ``midgap``; attributes that say which, and what is filled."""
    values = [value] if np.ndim(value) == 0 else list(value)
    crystal = restored_crystal(elements)
    if MIDGAP not in [one for one in values if isinstance(one, str)]:
        if crystal is None or (filled is None and crystal.filling is None and crystal.orbitals % 2):
            return value, {}
        return value, {"filling": filled_bands(crystal, filled)}
    if crystal is None:
        raise UserError("fermi_energy", MIDGAP, "numbers, as the crystal behind it is not known")
    found = bulk(crystal, filled)
    if not np.isfinite(found.midgap):
        allowed = f"numbers, as the bulk has no gap above {found.filling} filled bands"
        raise UserError("fermi_energy", MIDGAP, allowed)
    levels = [found.midgap if isinstance(one, str) and one == MIDGAP else one for one in values]
    return levels, {"filling": found.filling, "midgap": found.midgap}


def response(
    elements: xr.Dataset,
    fermi_energy: float | str | list[float | str] = 0.0,
    temperature: float | list[float] = 0.0,
    threads: int = 1,
    filling: int | None = None,
) -> xr.Dataset:
    """Accumulation of the density in a field along x, per length a.

    Parameters
    ----------
    elements : from :func:`elements`; one serves any number of Fermi energies and temperatures
    fermi_energy : in t0; ``"midgap"`` is the middle of the gap of the crystal that the system was
        cut out of
    temperature : k_B T in t0, zero is exact
    filling : number of filled bands of the crystal below that gap, by default the lattice's own,
        or half of all bands

    Returns
    -------
    Dataset with accumulation (process, fermi_energy, temperature, row), intraband per e E tau and
    interband per e E; net, its sum over rows; even and odd, its parts under y -> -y (absent when
    the sites do not pair up), and mirror_row, what each row was compared with for them (see
    :mod:`accumulation.symmetry.mirror_rows`).  Of a flake: of the whole flake, and only the
    interband part is non-zero.

    Raises
    ------
    UserError
        For a Fermi energy or temperature that is not a finite number, or a negative temperature;
        for midgap where the crystal has no gap, or a filling that it cannot have.
    """
    arguments.dataset("elements", elements, "elements", "response(elements, fermi_energy=0.0)")
    arguments.complete_mesh("elements", elements, "elements")
    threads = _positive("threads", threads)
    known, attrs = _at_midgap(fermi_energy, elements, filling)
    levels = _numbers("fermi_energy", known)
    temperatures = _numbers("temperature", temperature, least=0)
    _, texts = declaration(elements.attrs["density"])
    lead = tuple(name for name in ("definition", "gauge") if name in elements.dims)
    system = restore(elements)
    found = accumulations(system, elements, levels, temperatures, threads)
    out = found.values
    values = {
        "definition": elements.definition.values,
        "gauge": elements.gauge.values,
        "process": list(PROCESSES),
        "fermi_energy": levels,
        "temperature": temperatures,
        **{name: elements[name].values for name in ("x", "y", "z", "sublattice", "cell", "spin")},
        "accumulation": out,
        "net": found.net,
        "error": found.error,
        "status": found.status,
    }
    values |= mirror_parts(system, out)
    attrs |= {name: elements.attrs[name] for name in ("kind", "period", "density")}
    names = ("accumulation", "net", "even", "odd", "error", "status")
    ds = label(values, "response", attrs, texts, dict.fromkeys(names, lead))
    return flagged(ds, FLAGS)
