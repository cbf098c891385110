"""Response of a system from its datasets, as plain arrays, and the mirror parts of a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .. import plugins
from ..lattice.bloch import BlochMatrix
from ..lattice.samples import System
from ..responses.integrands import ExactElements, MeshElements
from ..responses.static import Accumulation, accumulation
from ..states.eigenpairs import Eigenpairs, solve
from ..states.fermi_points import FermiPoints
from ..states.remembered import RememberedPairs
from ..symmetry.mirror_rows import paired_rows

if TYPE_CHECKING:
    import xarray as xr


def declaration(name: str) -> tuple:
    """Module of a density (with its options), and its long_name, units and equation for labels.

    Raises
    ------
    UserError
        If there is no density of that name.
    """
    module = plugins.load("densities", name)
    texts = {"long_name": module.LONG_NAME, "units": module.UNITS, "equation": module.EQUATION}
    return module, texts


def eigenpairs_of(bloch: BlochMatrix, ds: xr.Dataset) -> Callable[[slice | np.ndarray], Eigenpairs]:
    """Function slice or indices of k -> Eigenpairs, from the bands or by diagonalising again."""
    k = ds.k.values
    if "eigenvector_re" not in ds:
        return lambda part: solve(bloch, k[part])
    energy, velocity, real = ds.energy.values, ds.velocity.values, ds.eigenvector_re.values
    imaginary = ds.eigenvector_im.values if "eigenvector_im" in ds else None

    def pairs_at(part):
        vectors = real[part]
        if imaginary is not None:
            vectors = np.empty(vectors.shape, dtype=complex)
            vectors.real, vectors.imag = real[part], imaginary[part]
        return Eigenpairs(k[part], energy[part], velocity[part], vectors, bloch.velocity(k[part]))

    return pairs_at


def _any(values: np.ndarray) -> bool:
    """Whether some of the values (k, ...) are not zero; mostly the first few tell."""
    return bool(values[:1].any() or values.any())


def flagged(ds: xr.Dataset, flags: dict[str, int]) -> xr.Dataset:
    """The dataset with the bits of its ``status`` named by ``flags`` (CF conventions)."""
    ds.status.attrs["flag_meanings"] = " ".join(flags)
    ds.status.attrs["flag_masks"] = np.array(list(flags.values()), dtype=ds.status.dtype)
    return ds


def mirror_parts(system: System, values: np.ndarray) -> dict[str, np.ndarray]:
    """mirror_row (row,), and even and odd (..., row) of values (..., row) if the rows pair."""
    pairing = paired_rows(system.positions, system.sublattice, system.spin, system.cell)
    if pairing is None:
        return {"mirror_row": np.full(len(system.spin), -1)}
    even, odd = pairing.parts(values)
    return {"mirror_row": pairing.mirror_row, "even": even, "odd": odd}


def accumulations(
    system: System,
    elements: xr.Dataset,
    levels: np.ndarray,
    temperatures: np.ndarray,
    threads: int = 1,
    regions: np.ndarray | None = None,
    points: FermiPoints | None = None,
) -> Accumulation:
    """Accumulation of a system (Eqs. 55, 58), with [definition,] [gauge,] before its dimensions.

    Parameters
    ----------
    elements : dataset of :func:`accumulation.elements`
    levels : (fermi_energy,) and temperatures : (temperature,), in t0
    regions : (region, row) weights with which the elements, and so the result, are summed over rows
    points : the Fermi points of these levels, if they are known

    Returns
    -------
    Accumulation with values (..., process, fermi_energy, temperature, row), net, error and status
    """
    module, _ = declaration(elements.attrs["density"])
    # Variables, as arrays with coordinates take longer to put together than some of what follows.
    variables = elements.variables
    lead = tuple(name for name in ("definition", "gauge") if name in elements.dims)
    sizes = tuple(elements.sizes[name] for name in lead)
    pairs_at = RememberedPairs(system.bloch) if np.prod(sizes) > 1 else None
    parts = []
    for index in np.ndindex(sizes):
        selection = dict(zip(lead, index, strict=True))
        interband = (
            variables["polarizability"].isel(selection).values
            if "polarizability" in variables
            else None
        )
        mesh_elements = MeshElements(
            *(variables[name].values for name in ("k", "weight", "energy", "velocity")),
            variables["density"].isel(selection).values,
            interband if interband is not None and _any(interband) else None,
        )
        names = {
            name: str(np.atleast_1d(variables[name].values)[selection.get(name, 0)])
            for name in ("definition", "gauge")
        }
        all_bands = names["definition"] in module.NEEDS_ALL_BANDS
        exact = ExactElements(
            system.bloch,
            module.kernel,
            **names,
            needs_all_bands=all_bands,
            regions=regions,
            pairs_at=pairs_at,
        )
        parts.append(accumulation(mesh_elements, exact, levels, temperatures, threads, points))
    stacked = (
        np.reshape(
            [getattr(part, name) for part in parts], (*sizes, *getattr(parts[0], name).shape)
        )
        for name in ("values", "net", "error", "status")
    )
    return Accumulation(*stacked)
