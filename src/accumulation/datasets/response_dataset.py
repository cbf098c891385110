"""The dataset of a response, from plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..lattice.samples import System
from ..responses.static import FLAGS, PROCESSES, Accumulation
from .accumulations import declaration, flagged, mirror_parts
from .labels import label
from .model_dataset import provenance_attribute, site_variables

if TYPE_CHECKING:
    import xarray as xr

# Variables that have the dimensions definition and gauge, where lists of these were given.
LEADING = ("accumulation", "net", "even", "odd", "error", "status")


def response_dataset(
    system: System,
    density: str,
    definition: str | list[str] | np.ndarray,
    gauge: str | list[str] | np.ndarray,
    fermi_energy: np.ndarray,
    temperature: np.ndarray,
    result: Accumulation,
    attrs: dict,
) -> xr.Dataset:
    """A response with its labels, flags and mirror parts.

    Parameters
    ----------
    definition, gauge : a name, or a list of names, which is then a leading dimension of ``result``
    fermi_energy : (fermi_energy,), temperature : (temperature,), in t0
    result : values ([definition,] [gauge,] process, fermi_energy, temperature, row) and the others
    attrs : attributes besides density and provenance
    """
    _, texts = declaration(density)
    names = {"definition": definition, "gauge": gauge}
    lead = tuple(name for name, value in names.items() if np.ndim(value))
    values = {
        **names,
        "process": list(PROCESSES),
        "fermi_energy": fermi_energy,
        "temperature": temperature,
        **site_variables(system),
        "accumulation": result.values,
        "net": result.net,
        "error": result.error,
        "status": result.status,
        **mirror_parts(system, result.values),
    }
    attrs = {**attrs, "density": density, **provenance_attribute(system)}
    return flagged(label(values, "response", attrs, texts, dict.fromkeys(LEADING, lead)), FLAGS)
