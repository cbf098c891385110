"""The stages of one system: functions from a spec and the input datasets to a dataset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .. import plugins
from ..datasets.labels import identity
from ..datasets.model_dataset import restore
from ..lattice.lattice import Lattice
from ..lattice.samples import System
from ..notebook import bands, elements, model, response

if TYPE_CHECKING:
    import xarray as xr


def build(model: dict, geometry: dict) -> System:
    """The ribbon, wire or flake that a config's ``model`` and ``geometry`` describe."""
    cut = dict(geometry)
    return getattr(lattice(model), cut.pop("kind"))(**cut)


def lattice(model: dict, filling: int | None = None) -> Lattice:
    """The lattice of a config's ``model``; a ``filling`` replaces that of the model."""
    parameters = dict(model)
    name = parameters.pop("name")
    built_lattice = getattr(plugins.load("models", name), name)(**parameters)
    built_lattice.filling = built_lattice.filling if filling is None else filling
    return built_lattice


def _identified(ds: xr.Dataset, spec: dict, keys: tuple[str, ...], *inputs: xr.Dataset):
    """Add the names of study and system and all parameters that the dataset depends on."""
    parameters = {}
    for upstream in inputs:
        parameters |= json.loads(upstream.attrs["parameters"])
    parameters |= {key: spec[key] for key in keys if key in spec}
    ds.attrs |= identity(spec.get("study", ""), spec.get("system", ""), parameters)
    return ds


def run_model(spec: dict) -> xr.Dataset:
    """Stage ``model``: the spec has ``model`` and ``geometry``."""
    system = build(spec["model"], spec["geometry"])
    return _identified(model(system), spec, ("model", "geometry"))


def run_bands(spec: dict, model_ds: xr.Dataset, threads: int = 1) -> xr.Dataset:
    """Stage ``bands``: the spec has ``k`` (ribbons, wires) and ``keep_eigenvectors``."""
    bands_ds = bands(
        restore(model_ds),
        k=spec.get("k", 1),
        eigenvectors=spec.get("keep_eigenvectors", True),
        threads=threads,
    )
    return _identified(bands_ds, spec, ("k",), model_ds)


def run_elements(
    spec: dict, model_ds: xr.Dataset, bands_ds: xr.Dataset, threads: int = 1
) -> xr.Dataset:
    """Stage ``elements``: the spec has ``density`` and the lists ``definition``, ``gauge``."""
    ds = elements(
        restore(model_ds),
        bands_ds,
        density=spec["density"],
        definition=list(spec["definition"]),
        gauge=list(spec.get("gauge", ["atomic"])),
        threads=threads,
    )
    return _identified(ds, spec, ("density", "definition", "gauge"), bands_ds)


def run_response(spec: dict, elements_ds: xr.Dataset, threads: int = 1) -> xr.Dataset:
    """Stage ``response``: the spec has ``fermi_energy``, ``temperature``, maybe ``filling``."""
    ds = response(
        elements_ds, spec["fermi_energy"], spec["temperature"], threads, spec.get("filling")
    )
    return _identified(ds, spec, ("fermi_energy", "temperature", "filling"), elements_ds)
