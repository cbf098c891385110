"""One point of a grid in each stage: the calculation of a single system, returned as plain arrays.

The functions depend on neither tiles, files nor neighbouring points, so the values of a point are
bitwise independent of the tile in which it is computed.
"""

from __future__ import annotations

import inspect

import numpy as np
import xarray as xr

from .. import notebook, plugins
from ..crystal.bulk_properties import MIDGAP, bulk
from ..crystal.gaps import CLOSED
from ..datasets import accumulations
from ..datasets.labels import in_units
from ..datasets.model_dataset import provenance_attribute, unit_attribute
from ..lattice.lattice import Lattice
from ..lattice.samples import System
from ..responses.edges import edge_crossings, regions, ribbon_gap
from ..responses.static import INACCURATE, NO_LIMIT
from ..states.fermi_points import fermi_points
from . import conjugate_points, stage_runs

# Bits of ``status``: quantities that are undefined or inaccurate at a point.
BULK_GAP_CLOSED, BULK_METAL, RIBBON_METAL, ERROR_LARGE = 1, 2, 4, 8
BULK_GAP_UNCERTAIN, CHERN_UNSETTLED, NO_VALUE = 16, 32, 64
FLAGS = {
    "bulk_gap_closed": BULK_GAP_CLOSED,
    "bulk_metal": BULK_METAL,
    "ribbon_without_gap": RIBBON_METAL,
    "error_above_1e-4": ERROR_LARGE,
    "bulk_gap_uncertain": BULK_GAP_UNCERTAIN,
    "chern_unsettled": CHERN_UNSETTLED,
    "no_zero_temperature_limit": NO_VALUE,
}


def bulk_point(point: dict, settings: dict, source=None) -> dict[str, np.ndarray]:
    """Stage ``bulk``: gaps and Chern number of the infinite crystal."""
    lattice = stage_runs.lattice(point["model"], settings.get("filling"))
    origin = _origin(lattice)
    if len(lattice.orbitals) == 1 and lattice.filling is None:
        return _one_band() | origin
    properties = bulk(lattice)
    status = BULK_GAP_CLOSED * (properties.direct_gap <= CLOSED)
    status |= BULK_METAL * (properties.indirect_gap <= CLOSED)
    status |= BULK_GAP_UNCERTAIN * (not properties.certified)
    status |= CHERN_UNSETTLED * (not properties.settled)
    return {
        "filling": np.array(properties.filling),
        "direct_gap_error": np.array(properties.direct_gap_error),
        "indirect_gap_error": np.array(properties.indirect_gap_error),
        "direct_gap": np.array(properties.direct_gap),
        "indirect_gap": np.array(properties.indirect_gap),
        "midgap": np.array(properties.midgap),
        "chern": np.array(properties.chern),
        "status": np.array(status, dtype=np.int16),
        **origin,
    }


def _origin(model: Lattice | System) -> dict[str, np.ndarray]:
    """Source and checks of an imported model, and its units, as texts; empty for other models."""
    attributes = provenance_attribute(model)
    return {name: np.array(text, dtype=object) for name, text in attributes.items()} | _units(model)


def _units(model: Lattice | System) -> dict[str, np.ndarray]:
    """Units of a model, as a text; empty for natural ones."""
    return {name: np.array(text, dtype=object) for name, text in unit_attribute(model).items()}


def _one_band() -> dict[str, np.ndarray]:
    """Values of ``bulk_point`` for a single band, which has neither a gap nor a filling."""
    names = ("direct_gap", "indirect_gap", "direct_gap_error", "indirect_gap_error")
    values = dict.fromkeys((*names, "midgap", "chern"), np.array(np.nan))
    return values | {"filling": np.array(0), "status": np.array(BULK_METAL, dtype=np.int16)}


def bands_point(point: dict, settings: dict, source=None) -> dict[str, np.ndarray]:
    """Stage ``bands``: energies, velocities and eigenvectors, for grids that store them."""
    found = notebook.bands(stage_runs.build(**point), k=settings.get("k", 1))
    return {name: found[name].values for name in found.variables}


def elements_point(
    point: dict, settings: dict, source: xr.Dataset | None = None
) -> dict[str, np.ndarray]:
    """Stage ``elements``: inputs of the response, summed over regions unless ``profile`` is set.

    ``source`` holds the point's bands; without it they are diagonalised here.
    """
    system = stage_runs.build(**point)
    if source is not None:  # of the same point, by its key
        identity = {"kind": system.kind, "period": system.period, "fingerprint": system.fingerprint}
        values = _elements(system, settings, source.assign_attrs(identity))
    elif settings["profile"]:
        values = _elements(system, settings)
    else:  # much less to keep
        values = dict(conjugate_points.from_either(system, settings, _elements))
    values |= bulk_point(point, settings)
    filled = int(values["filling"]) * (system.bloch.size // system.crystal.orbitals)
    energy = values["energy"]
    if not filled:
        gap = np.nan
    elif system.periodic:
        gap = ribbon_gap(system.bloch, values["k"], energy, values["velocity"], filled)
    else:
        gap = energy[0, filled] - energy[0, filled - 1]
    values["ribbon_gap"] = np.array(gap)
    values["status"] = np.array(
        values["status"] | RIBBON_METAL * (not gap > CLOSED), dtype=np.int16
    )
    return values


def _elements(
    system: System, settings: dict, bands: xr.Dataset | None = None
) -> dict[str, np.ndarray]:
    """Energies, velocities and matrix elements of a system, diagonalised if without ``bands``."""
    elements = notebook.elements(
        system,
        notebook.bands(system, k=settings.get("k", 1)) if bands is None else bands,
        density=settings["density"],
        definition=list(settings["definition"]),
        gauge=list(settings["gauge"]),
    )
    names = ("k", "weight", "energy", "velocity", "density", "polarizability")
    values = {name: elements[name].values for name in names}
    if not values["polarizability"].any():
        del values["polarizability"]
    if not settings["profile"]:
        weights = regions(system.positions[:, 1], settings["edge_depth"])
        for name in ("density", "polarizability"):
            if name in values:
                values[name] = values[name] @ weights.T
    return values


def response_point(point: dict, settings: dict, source: xr.Dataset) -> dict[str, np.ndarray]:
    """Stage ``response``: accumulation of a point, net and at its edges, and its gaps.

    Where the Fermi energy is midgap and the bulk has no gap, everything that depends on it is NaN.
    """
    system = stage_runs.build(**point)
    y = system.positions[:, 1]
    midgap = float(source.midgap)
    requested_levels = settings["fermi_energy"]
    levels = np.array([midgap if level == MIDGAP else level for level in requested_levels])
    is_finite = np.isfinite(levels)
    temperatures = np.array(settings["temperature"])
    weights = regions(y, settings["edge_depth"])
    reduced = None if settings["profile"] else weights

    points = None
    crossings = np.full((2, len(levels)), -1)
    if system.periodic:
        bands = (source.k.values, source.energy.values, source.velocity.values)
        points = fermi_points(system.bloch, *bands, levels[is_finite])
        crossings[:, is_finite] = edge_crossings(system.bloch, points, is_finite.sum())
    accumulated = accumulations.accumulations(
        system, source, levels[is_finite], temperatures, regions=reduced, points=points
    )
    # (definition, gauge, process, fermi_energy, temperature[, row or region])
    shape = (*accumulated.error.shape[:3], len(levels), len(temperatures))
    error = np.full(shape, np.nan)
    error[:, :, :, is_finite] = accumulated.error
    values = np.full((*shape, accumulated.values.shape[-1]), np.nan)
    values[:, :, :, is_finite] = accumulated.values
    result = {"fermi_level": levels, "edge_crossings": crossings}
    if settings["profile"]:
        result["accumulation"] = values
        result |= {"x": system.positions[:, 0], "y": y, "sublattice": system.sublattice}
        layers = system.positions[:, 2] if system.layered else None
        result |= {} if layers is None else {"z": layers}
        result |= accumulations.mirror_parts(system, values)
        values = values @ weights.T
    left, right, net = np.moveaxis(values, -1, 0)
    result |= {
        "net": net,
        "left_edge": left,
        "right_edge": right,
        "edge_even": 0.5 * (right + left),
        "edge_odd": 0.5 * (right - left),
    }
    gaps = ("direct_gap", "indirect_gap", "direct_gap_error", "indirect_gap_error", "ribbon_gap")
    for name in (*gaps, "midgap", "chern", "filling"):
        result[name] = source[name].values
    result["error"] = error
    status = source.status.values | ERROR_LARGE * np.any(accumulated.status & INACCURATE)
    status |= NO_VALUE * np.any(accumulated.status & NO_LIMIT)
    result["status"] = np.array(status, dtype=np.int16)
    return result | _origin(system)


def theory_point(point: dict, settings: dict, source=None) -> dict[str, np.ndarray]:
    """Stage ``theory``: one piece of the theory, see :mod:`accumulation.theory`."""
    compute = plugins.load("theory", settings["theory"]).compute
    parameters = inspect.signature(compute).parameters
    arguments = point.get("options", {}) | settings.get("options", {})
    units: dict[str, np.ndarray] = {}
    if "lattice" in parameters:
        arguments["lattice"] = stage_runs.lattice(point["model"], settings.get("filling"))
        units = _units(arguments["lattice"])
    if "system" in parameters:
        arguments["system"] = stage_runs.build(point["model"], point["geometry"])
        units = _units(arguments["system"])
    values = {name: np.asarray(value) for name, value in compute(**arguments).items()}
    if units and "density_units" in values:
        # One unit, or one for each of several densities.
        own, system = values["density_units"], str(units["unit_system"])
        texts = [in_units(str(text), system) for text in own.reshape(-1)]
        values["density_units"] = np.array(texts).reshape(own.shape)
    return values | units
