"""The stages of one system: a spec and the datasets before it in, the stage's dataset out."""

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
    """The lattice that a config's ``model`` describes, with this filling, or the model's own."""
    parameters = dict(model)
    name = parameters.pop("name")
    found = getattr(plugins.load("models", name), name)(**parameters)
    found.filling = found.filling if filling is None else filling
    return found


def _identified(ds: xr.Dataset, spec: dict, keys: tuple[str, ...], *before: xr.Dataset):
    """Add study, system and every parameter that led to this dataset."""
    parameters = {}
    for upstream in before:
        parameters |= json.loads(upstream.attrs["parameters"])
    parameters |= {key: spec[key] for key in keys if key in spec}
    ds.attrs |= identity(spec.get("study", ""), spec.get("system", ""), parameters)
    return ds


def run_model(spec: dict) -> xr.Dataset:
    """Stage ``model``: spec holds ``model`` and ``geometry``."""
    system = build(spec["model"], spec["geometry"])
    return _identified(model(system), spec, ("model", "geometry"))


def run_bands(spec: dict, model_ds: xr.Dataset, threads: int = 1) -> xr.Dataset:
    """Stage ``bands``: spec holds ``k`` (ribbons, wires) and ``keep_eigenvectors``."""
    found = bands(
        restore(model_ds),
        k=spec.get("k", 1),
        eigenvectors=spec.get("keep_eigenvectors", True),
        threads=threads,
    )
    return _identified(found, spec, ("k",), model_ds)


def run_elements(
    spec: dict, model_ds: xr.Dataset, bands_ds: xr.Dataset, threads: int = 1
) -> xr.Dataset:
    """Stage ``elements``: spec holds ``density`` and the lists ``definition`` and ``gauge``."""
    found = elements(
        restore(model_ds),
        bands_ds,
        density=spec["density"],
        definition=list(spec["definition"]),
        gauge=list(spec.get("gauge", ["atomic"])),
        threads=threads,
    )
    return _identified(found, spec, ("density", "definition", "gauge"), bands_ds)


def run_response(spec: dict, elements_ds: xr.Dataset, threads: int = 1) -> xr.Dataset:
    """Stage ``response``: spec holds ``fermi_energy`` and ``temperature``, maybe ``filling``."""
    given = (spec["fermi_energy"], spec["temperature"], threads, spec.get("filling"))
    found = response(elements_ds, *given)
    return _identified(found, spec, ("fermi_energy", "temperature", "filling"), elements_ds)
