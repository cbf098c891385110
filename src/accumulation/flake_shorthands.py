"""The methods ``flake.bands()`` and ``flake.response()`` for notebooks.

They are added to the class here because the lattice modules do not import datasets.  They have a
module of their own because the source hash of every dataset includes the top-level code of the
modules that it imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lattice.samples import Flake
from .notebook import bands, elements, response

if TYPE_CHECKING:
    import xarray as xr


def _bands_of_flake(flake: Flake) -> xr.Dataset:
    """Exact eigenstates of the flake as a dataset (see :func:`accumulation.bands`)."""
    return bands(flake)


def _response_of_flake(
    flake: Flake,
    density: str = "orbital_moment",
    definition: str | None = None,
    fermi_energy: float = 0.0,
    temperature: float = 0.0,
) -> xr.Dataset:
    """Density response of the exact eigenstates (Eqs. 17-21) as a dataset.

    Parameters
    ----------
    density : name of a density
    definition : one of its definitions for flakes, by default the first; for the orbital moment
        ``exact`` (the full operator of Eq. 52), ``circulation`` or ``local``
    fermi_energy, temperature : in t0

    Returns
    -------
    Dataset as from :func:`accumulation.response`

    Raises
    ------
    UserError
        As :func:`accumulation.elements` and :func:`accumulation.response`.
    """
    matrix_elements_of = elements(flake, bands(flake), density=density, definition=definition)
    return response(matrix_elements_of, fermi_energy=fermi_energy, temperature=temperature)


Flake.bands = _bands_of_flake  # type: ignore[attr-defined]
Flake.response = _response_of_flake  # type: ignore[attr-defined]
