"""The notebook functions ``model``, ``bands``, ``elements`` and ``response``.

They take datasets, compute on plain arrays, and return labelled datasets.  The rules of the
workflow call them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .crystal.bulk_properties import MIDGAP, filled_bands, with_gap
from .datasets import arguments
from .datasets.accumulations import accumulations, declaration, eigenpairs_of
from .datasets.labels import label
from .datasets.model_dataset import (
    crystal_variables,
    hop_variables,
    kind_attributes,
    operator_variables,
    provenance_attribute,
    restore,
    restored_crystal,
    site_variables,
    unit_attribute,
)
from .datasets.response_dataset import response_dataset
from .densities import definitions_for, named
from .errors import UserError
from .inputs import at_least
from .lattice.bloch import GAUGES, mesh
from .lattice.hop_table import Crystal
from .lattice.samples import System
from .responses.zone_elements import zone_elements
from .states.chunks import over_chunks
from .states.eigenpairs import solve

if TYPE_CHECKING:
    import xarray as xr


def model(system: System) -> xr.Dataset:
    """Sites and hoppings of a ribbon, wire or flake as a dataset.

    Parameters
    ----------
    system : a ribbon, wire or flake

    Returns
    -------
    Dataset with x, y, z, sublattice, cell, spin (orbital) and the hop table (hop), its amplitudes
    in t0

    Raises
    ------
    UserError
        If the argument is not a ribbon, wire or flake.
    """
    arguments.system("system", system, "model(system)")
    values = {**site_variables(system), **hop_variables(system), **operator_variables(system)}
    values |= crystal_variables(system)
    return label(values, "model", kind_attributes(system))


def bands(system: System, k: int = 401, eigenvectors: bool = True, threads: int = 1) -> xr.Dataset:
    """Energies, velocities and eigenvectors of a ribbon or wire on a uniform mesh, or of a flake.

    Parameters
    ----------
    system : a ribbon, wire or flake
    k : number of mesh points in the Brillouin zone (a flake has one)
    eigenvectors : whether to keep them; if not, :func:`elements` diagonalises again in chunks
    threads : number of threads over chunks of k (BLAS should run on one thread)

    Returns
    -------
    Dataset with energy (k, band) in t0, velocity (k, band) in t0 a / hbar, weight (k) = dk/2pi and
    eigenvector_re, eigenvector_im (k, orbital, band), the latter absent where H(k) is real.

    Raises
    ------
    UserError
        If the system is not a ribbon, wire or flake, k not an integer of at least 8, threads not
        at least 1, or the bands do not fit into memory.
    """
    arguments.system("system", system, "bands(system, k=401)")
    threads = at_least("threads", threads)
    if system.periodic:
        at_least("k", k, 8)
    if not isinstance(eigenvectors, bool | np.bool_):
        raise UserError("eigenvectors", eigenvectors, "True or False")
    bloch = system.bloch
    arguments.fits_in_memory(system, int(k) if system.periodic else 1, eigenvectors)
    points, weight = mesh(k, bloch.period)
    shape = (len(points), bloch.size)
    energy, velocity = np.empty(shape), np.empty(shape)
    complex_parts = 1 if bloch.is_real else 2
    vectors = [np.empty((*shape, bloch.size)) for _ in range(complex_parts if eigenvectors else 0)]

    # The mesh contains -k for every k, so a symmetry k -> -k halves the work.
    reversal = bloch.reversal if system.periodic else None
    paired = reversal is not None
    order, conjugate = reversal or (slice(None), False)

    def diagonalise(part):
        pairs = solve(bloch, points[part])
        energy[part], velocity[part] = pairs.energy, pairs.velocity
        # The elements [::-1][part] are those at -k.
        if paired:
            energy[::-1][part], velocity[::-1][part] = pairs.energy, -pairs.velocity
        parts = (pairs.eigenvector.real, pairs.eigenvector.imag)
        for vector, component, sign in zip(
            vectors, parts, (1, -1 if conjugate else 1), strict=False
        ):
            vector[part] = component
            if paired:
                np.multiply(component[:, order], sign, out=vector[::-1][part])

    # The middle of an odd mesh, k = 0, is its own partner and is diagonalised too.
    half = (len(points) + 1) // 2 if paired else len(points)
    over_chunks(diagonalise, half, bloch.size, threads, matrices=2)
    values = {"k": points, "weight": weight, "energy": energy, "velocity": velocity}
    values |= dict(zip(("eigenvector_re", "eigenvector_im"), vectors, strict=False))
    attrs = {"kind": system.kind, "period": system.period, "fingerprint": system.fingerprint}
    attrs |= unit_attribute(system)
    return label(values, "bands", attrs | provenance_attribute(system))


def elements(
    system: System,
    bands: xr.Dataset,
    density: str | dict = "orbital_moment",
    definition: str | list[str] | None = None,
    gauge: str | list[str] = "atomic",
    threads: int = 1,
) -> xr.Dataset:
    """Expectation values and polarizabilities of a density on the states of ``bands``.

    Parameters
    ----------
    system : a ribbon, wire or flake;  bands : its dataset from :func:`bands`
    density : name of a density, of an operator of the lattice such as ``L_z``, or a mapping with
        options such as ``{"name": "spin", "component": "y"}``
    definition : one or several of its definitions, by default the first
    gauge : ``"atomic"``, ``"cell"`` or a list of both
    threads : number of threads over chunks of k

    Returns
    -------
    Dataset with moment (k, band), density and polarizability (k, band, row) (Eqs. 56-58), center_y
    (k, band) in a, leading dimensions ``definition`` and ``gauge`` where a list was given, and the
    hop table

    Raises
    ------
    UserError
        For an unknown density, definition or gauge, or bands of another system.
    """
    usage = "elements(system, bands, density='orbital_moment')"
    arguments.system("system", system, usage)
    arguments.dataset("bands", bands, "bands", usage)
    density = named(density, system.operators)
    module, texts = declaration(density)
    definitions = definitions_for(module, system.kind, system.operators)
    definition_names = arguments.names(
        "definition", definitions[0] if definition is None else definition, definitions
    )
    remark = arguments.remark(module, system, definition_names)
    gauges = arguments.names("gauge", gauge, GAUGES if system.periodic else GAUGES[:1])
    arguments.same_system(system, bands)
    threads = at_least("threads", threads)
    bloch, k = system.bloch, bands.k.values
    of_zone = zone_elements(
        bloch, k, eigenpairs_of(bloch, bands), module.kernel, definition_names, gauges, threads
    )
    drop = tuple(i for i, value in enumerate((definition, gauge)) if _is_single(value))
    lead = tuple(n for n, v in (("definition", definition), ("gauge", gauge)) if not _is_single(v))
    values = {
        "definition": definition_names if not _is_single(definition) else definition_names[0],
        "gauge": gauges if not _is_single(gauge) else gauges[0],
        "k": k,
        "weight": bands.weight.values,
        **site_variables(system),
        "energy": bands.energy.values,
        "velocity": bands.velocity.values,
        "center_y": of_zone.center,
        "moment": of_zone.moment.squeeze(drop),
        "density": of_zone.density.squeeze(drop),
        "polarizability": of_zone.polarizability.squeeze(drop),
        **hop_variables(system),
        **operator_variables(system),
        **crystal_variables(system),
    }
    attrs = {**kind_attributes(system), "density": density, **remark}
    attrs["fingerprint"] = system.fingerprint
    leading = dict.fromkeys(("moment", "density", "polarizability"), lead)
    return label(values, "elements", attrs, texts, leading)


def _is_single(value) -> bool:
    return value is None or isinstance(value, str)


def at_midgap(value, crystal: Crystal | None, filled: int | None) -> tuple:
    """Fermi energies with ``midgap`` replaced by its value, and attributes filling and midgap.

    Parameters
    ----------
    value : number, ``"midgap"``, or a list of these;  filled : number of filled bands, or None

    Raises
    ------
    UserError
        For midgap of a crystal that has no gap there, or is not known.
    """
    values = [value] if np.ndim(value) == 0 else list(value)
    if MIDGAP not in [entry for entry in values if isinstance(entry, str)]:
        if crystal is None or (filled is None and crystal.filling is None and crystal.orbitals % 2):
            return value, {}
        return value, {"filling": filled_bands(crystal, filled)}
    if crystal is None:
        raise UserError("fermi_energy", MIDGAP, "numbers, as the crystal behind it is not known")
    gaps = with_gap(crystal, filled)
    levels = [
        gaps.midgap if isinstance(entry, str) and entry == MIDGAP else entry for entry in values
    ]
    return levels, {"filling": gaps.filling, "midgap": gaps.midgap}


def response(
    elements: xr.Dataset,
    fermi_energy: float | str | list[float | str] = 0.0,
    temperature: float | list[float] = 0.0,
    threads: int = 1,
    filling: int | None = None,
) -> xr.Dataset:
    """Accumulation of the density in a field along x, per length a (Eqs. 55, 58).

    Parameters
    ----------
    elements : dataset of :func:`elements`, which serves any Fermi energies and temperatures
    fermi_energy : number or list of numbers, in t0; ``"midgap"`` is the middle of the gap of the
        crystal that the system was cut out of
    temperature : number or list of numbers, k_B T in t0; zero is exact
    threads : number of threads over chunks of k
    filling : number of filled bands of the crystal below that gap, by default the lattice's own,
        or half of all bands

    Returns
    -------
    Dataset with accumulation (process, fermi_energy, temperature, row), intraband per e E tau and
    interband per e E; net, its sum over rows; even and odd, its parts under y -> -y (absent if the
    sites do not pair); and mirror_row, the partner of each row (see
    :mod:`accumulation.symmetry.mirror_rows`).  For a flake the values are those of the whole flake,
    and only the interband part is non-zero.

    Raises
    ------
    UserError
        For a Fermi energy or temperature that is not a finite number, a negative temperature,
        midgap of a crystal without a gap, or a filling that the crystal cannot have.
    """
    arguments.dataset("elements", elements, "elements", "response(elements, fermi_energy=0.0)")
    arguments.complete_mesh("elements", elements, "elements")
    threads = at_least("threads", threads)
    numeric_levels, attrs = at_midgap(fermi_energy, restored_crystal(elements), filling)
    levels = arguments.numbers("fermi_energy", numeric_levels)
    temperatures = arguments.numbers("temperature", temperature, least=0)
    system = restore(elements)
    result = accumulations(system, elements, levels, temperatures, threads)
    attrs |= {name: elements.attrs[name] for name in ("kind", "period")}
    attrs |= {n: elements.attrs[n] for n in ("unit_system", "remark") if n in elements.attrs}
    density, definition, gauge = (
        elements.attrs["density"],
        elements.definition.values,
        elements.gauge.values,
    )
    return response_dataset(system, density, definition, gauge, levels, temperatures, result, attrs)
