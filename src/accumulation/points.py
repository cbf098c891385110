"""One point of a grid in each stage: labels off, the same physics as a single system, arrays out.

Nothing here knows of tiles, files or neighbouring points, so that a point has the same value to the
last bit whatever tile it is computed in.
"""

from __future__ import annotations

import inspect

import numpy as np
import xarray as xr

from . import plugins, stages
from .bulk import CLOSED, bulk
from .edges import edge_crossings, regions, ribbon_gap
from .fermi import fermi_points
from .response import parity

MIDGAP = "midgap"
# What is undefined at a point, as bits.
BULK_GAP_CLOSED, BULK_METAL, RIBBON_METAL, COARSE_K = 1, 2, 4, 8
# A change of the interband part by more than this, relative to its largest value, is coarse.
TOLERANCE = 0.01
FLAGS = {
    "bulk_gap_closed": BULK_GAP_CLOSED,
    "bulk_metal": BULK_METAL,
    "ribbon_without_gap": RIBBON_METAL,
    "interband_not_converged_in_k": COARSE_K,
}


def bulk_point(point: dict, settings: dict, source=None) -> dict[str, np.ndarray]:
    """Stage ``bulk``: gaps and Chern number of the infinite crystal."""
    found = bulk(stages.lattice(point["model"]))
    status = BULK_GAP_CLOSED * (found.direct_gap <= CLOSED)
    status |= BULK_METAL * (found.indirect_gap <= CLOSED)
    return {
        "direct_gap": np.array(found.direct_gap),
        "indirect_gap": np.array(found.indirect_gap),
        "midgap": np.array(found.midgap),
        "chern": np.array(found.chern),
        "status": np.array(status, dtype=np.int8),
    }


def bands_point(point: dict, settings: dict, source=None) -> dict[str, np.ndarray]:
    """Stage ``bands``: energies, velocities and eigenvectors, where they are to be kept."""
    found = stages.bands(stages.build(**point), k=settings.get("k", 1))
    return {name: found[name].values for name in found.variables}


def elements_point(
    point: dict, settings: dict, source: xr.Dataset | None = None
) -> dict[str, np.ndarray]:
    """Stage ``elements``: what responses need of a point, summed to regions unless all rows stay.

    ``source`` holds the point's bands; without it they are diagonalised here.
    """
    system = stages.build(**point)
    if source is None:
        bands = stages.bands(system, k=settings.get("k", 1))
    else:  # of this very point, by its key
        own = {"kind": system.kind, "period": system.period, "fingerprint": system.fingerprint}
        bands = source.assign_attrs(own)
    found = stages.elements(
        system,
        bands,
        density=settings["density"],
        definition=list(settings["definition"]),
        gauge=list(settings["gauge"]),
    )
    names = ("k", "weight", "energy", "velocity", "density", "polarizability")
    values = {name: found[name].values for name in names}
    if not values["polarizability"].any():
        del values["polarizability"]
    if not settings["profile"]:
        weights = regions(system.positions[:, 1], settings["edge_depth"])
        for name in ("density", "polarizability"):
            if name in values:
                values[name] = values[name] @ weights.T
    values |= bulk_point(point, settings)
    half = system.bloch.size // 2
    energy = values["energy"]
    if system.periodic:
        gap = ribbon_gap(system.bloch, values["k"], energy, values["velocity"], half)
    else:
        gap = energy[0, half] - energy[0, half - 1]
    values["ribbon_gap"] = np.array(gap)
    values["status"] = np.array(values["status"] | RIBBON_METAL * (gap <= CLOSED), dtype=np.int8)
    return values


def response_point(point: dict, settings: dict, source: xr.Dataset) -> dict[str, np.ndarray]:
    """Stage ``response``: accumulation of a point, net and at its edges, and its gaps.

    Where the Fermi energy is midgap and the bulk has no gap, everything that depends on it is NaN.
    """
    system = stages.build(**point)
    y = system.positions[:, 1]
    midgap = float(source.midgap)
    wanted = settings["fermi_energy"]
    levels = np.array([midgap if level == MIDGAP else level for level in wanted])
    known = np.isfinite(levels)
    temperatures = np.array(settings["temperature"])
    weights = regions(y, settings["edge_depth"])
    reduced = None if settings["profile"] else weights

    points = None
    crossings = np.full((2, len(levels)), -1)
    if system.periodic:
        bands = (source.k.values, source.energy.values, source.velocity.values)
        points = fermi_points(system.bloch, *bands, levels[known])
        crossings[:, known] = edge_crossings(system.bloch, points, known.sum())
    found = stages.accumulations(
        system, source, levels[known], temperatures, regions=reduced, points=points
    )
    error, coarse = _k_error(system, source, levels[known], temperatures, reduced, found)
    # (definition, gauge, process, fermi_energy, temperature, row or region)
    values = np.full((*found.shape[:3], len(levels), *found.shape[4:]), np.nan)
    values[:, :, :, known] = found
    result = {"fermi_level": levels, "edge_crossings": crossings}
    if settings["profile"]:
        result["accumulation"] = values
        result |= {"x": system.positions[:, 0], "y": y, "sublattice": system.sublattice}
        layers = system.positions[:, 2] if system.kind == "wire" else None
        result |= {} if layers is None else {"z": layers}
        parts = parity(values, y, system.spin, layers)
        if parts is not None:
            result["even"], result["odd"] = parts
        values = values @ weights.T
    left, right, net = np.moveaxis(values, -1, 0)
    result |= {
        "net": net,
        "left_edge": left,
        "right_edge": right,
        "edge_even": 0.5 * (right + left),
        "edge_odd": 0.5 * (right - left),
    }
    for name in ("direct_gap", "indirect_gap", "midgap", "chern", "ribbon_gap"):
        result[name] = source[name].values
    result["k_error"] = np.array(error)
    result["status"] = np.array(source.status.values | COARSE_K * coarse, dtype=np.int8)
    return result


def _k_error(system, source, levels, temperatures, reduced, found) -> tuple[float, bool]:
    """Largest change of the interband part without every second k, and whether it is too large.

    An upper bound of the error: the sum converges faster than any power, or as k^-6 in a metal.
    NaN for an odd mesh, every second point of which is none.
    """
    k = source.sizes["k"]
    if k < 16 or k % 2 or not found.size:
        return np.nan, False
    half = source.isel(k=slice(None, None, 2))
    half = half.assign(weight=2 * half.weight)
    coarser = stages.accumulations(system, half, levels, temperatures, regions=reduced)
    exact, other = found[:, :, 1], coarser[:, :, 1]
    change = float(np.abs(other - exact).max())
    return change, bool(change > max(1e-9, TOLERANCE * np.abs(exact).max()))


def theory_point(point: dict, settings: dict, source=None) -> dict[str, np.ndarray]:
    """Stage ``theory``: one piece of the theory, see :mod:`accumulation.theory`."""
    compute = plugins.load("theory", settings["theory"]).compute
    wanted = inspect.signature(compute).parameters
    arguments = point.get("options", {}) | settings.get("options", {})
    if "lattice" in wanted:
        arguments["lattice"] = stages.lattice(point["model"])
    if "system" in wanted:
        arguments["system"] = stages.build(point["model"], point["geometry"])
    return {name: np.asarray(value) for name, value in compute(**arguments).items()}


STAGES = {
    "theory": theory_point,
    "bulk": bulk_point,
    "bands": bands_point,
    "elements": elements_point,
    "response": response_point,
}
