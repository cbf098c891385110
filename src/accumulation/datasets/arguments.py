"""Systems and datasets that are handed to the functions of a notebook, in the right places."""

from __future__ import annotations

import numpy as np

from ..errors import UserError, Verbatim, kind_of
from ..lattice.geometries import GEOMETRIES
from ..lattice.lattice import Lattice
from ..lattice.samples import System

SYSTEM = "a ribbon, wire or flake, such as haldane().ribbon((1, 0), 20)"
MOST_MEMORY = 1e12
# What each dataset is known by, and the function that makes it.
DATASETS = {
    "bands": (("k", "weight", "energy", "velocity"), "bands(system)"),
    "elements": (("density", "energy", "velocity", "hop_to"), "elements(system, bands)"),
}


def system(key: str, value: object, usage: str) -> System:
    """A ribbon, wire or flake; ``usage`` is how the function is called.

    Raises
    ------
    UserError
        For anything else: a lattice that is not cut yet, or arguments in another order.
    """
    if isinstance(value, System):
        return value
    cut = ", cut out of the lattice by .ribbon(), .wire() or .flake()"
    words = cut if isinstance(value, Lattice) else ""
    raise UserError(key, _kind(value), f"{SYSTEM}{words}: {usage}")


def dataset(key: str, value: object, stage: str, usage: str):
    """The dataset of a stage, ``bands`` or ``elements``.

    Raises
    ------
    UserError
        For anything else, the dataset of another stage among it.
    """
    names, made_by = DATASETS[stage]
    variables = getattr(value, "variables", {})
    missing = [name for name in names if name not in variables]
    # Elements hold energies too: what tells them from bands is the density.
    other = stage == "bands" and "density" in variables
    if hasattr(value, "attrs") and not missing and not other:
        return value
    raise UserError(key, _kind(value), f"the dataset that {made_by} returns: {usage}")


def complete_mesh(key: str, value, stage: str) -> None:
    """Raise UserError unless a dataset of bands or elements is as its function returned it.

    Every k of the mesh, dimensions in their order, and finite numbers.
    """
    names, made_by = DATASETS[stage]
    # Variables rather than arrays with coordinates, which take a millisecond to put together.
    variables = value.variables
    weight, period = float(variables["weight"].values.sum()), value.attrs.get("period", 0.0)
    geometry = GEOMETRIES.get(value.attrs.get("kind"))
    length = period if geometry is None or geometry.periodic else 1.0
    faults = {
        "part of the mesh of k": abs(weight * length - 1) > 1e-9,
        "dimensions in another order": variables["energy"].dims != ("k", "band")
        or ("density" in variables and variables["density"].dims[-3:] != ("k", "band", "row")),
        # One number that is not finite spoils the sum.  Eigenvectors and polarizabilities, as large
        # as all else together, are not read for it.
        "numbers that are not finite": not all(
            np.isfinite(variables[name].values.sum()) for name in names
        ),
    }
    for words, is_so in faults.items():
        if is_so:
            raise UserError(key, Verbatim(words), f"the dataset as {made_by} returns it")


def same_system(of: System, bands) -> None:
    """Raise UserError unless bands are those of this system, sites and hops alike.

    Energies that were changed afterwards are told by sum_n e_n^2 = sum_ij |H_ij|^2.
    """
    theirs = bands.attrs.get("fingerprint")
    if theirs != of.fingerprint:
        whose = "another" if theirs else "an unnamed"
        words = Verbatim(f"{bands.sizes['band']} bands of {whose} system")
        allowed = f"bands(system) of this very {of.kind} ({len(of.positions)} orbitals)"
        raise UserError("bands", words, allowed)
    complete_mesh("bands", bands, "bands")
    some = [0, bands.sizes["k"] // 2]
    k, energy = (bands.variables[name].values[some] for name in ("k", "energy"))
    squares = np.sum(np.abs(of.bloch.hamiltonian(k)) ** 2, axis=(1, 2))
    if not np.allclose(np.sum(energy**2, axis=1), squares, rtol=1e-9):
        words = Verbatim("energies that are not those of the system")
        raise UserError("bands", words, "the dataset as bands(system) returns it")


def fits_in_memory(of: System, k: int, eigenvectors: bool) -> None:
    """Raise UserError for more bands than any memory holds."""
    size = len(of.positions)
    needed = 8.0 * k * size * (2 + size * bool(eigenvectors))
    if needed > MOST_MEMORY:
        allowed = f"fewer points than take {needed / 1e12:.3g} TB for {size} orbitals"
        raise UserError("k", k, allowed)


def _kind(value: object) -> Verbatim:
    """What a value is; a dataset also by its title."""
    title = getattr(value, "attrs", {}).get("title") if hasattr(value, "variables") else None
    return Verbatim(f"{kind_of(value)} ({title})") if title else kind_of(value)
