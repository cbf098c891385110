"""Shorthands of a notebook, ``flake.bands()`` and ``flake.response()``.

Given to the class here, so that lattices know nothing of datasets; and in a module of its own, as
what stands at the top level of a module counts for the key of everything that comes from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lattice.samples import Flake
from .notebook import bands, elements, response

if TYPE_CHECKING:
    import xarray as xr


def _bands_of_flake(flake: Flake) -> xr.Dataset:
    """Exact eigenstates as a dataset (see :func:`accumulation.bands`)."""
    return bands(flake)


def _response_of_flake(
    flake: Flake,
    density: str = "orbital_moment",
    definition: str | None = None,
    fermi_energy: float = 0.0,
    temperature: float = 0.0,
) -> xr.Dataset:
    """Density response of the exact eigenstates, Eqs. 17-21, as a dataset.

    ``definition`` is one of the density's flake definitions, by default its first; for the orbital
    moment ``exact`` (the operator of Eq. 52 as it stands), ``circulation`` or ``local``.
    """
    matrix_elements_of = elements(flake, bands(flake), density=density, definition=definition)
    return response(matrix_elements_of, fermi_energy=fermi_energy, temperature=temperature)


Flake.bands = _bands_of_flake  # type: ignore[attr-defined]
Flake.response = _response_of_flake  # type: ignore[attr-defined]
