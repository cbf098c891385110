"""Validation of the arguments of notebook functions: systems, datasets, names and numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from ..errors import UserError, Verbatim, kind_of
from ..inputs import real_array
from ..lattice.geometries import GEOMETRIES
from ..lattice.lattice import Lattice
from ..lattice.samples import System

SYSTEM = "a ribbon, wire or flake, such as haldane().ribbon((1, 0), 20)"
MOST_MEMORY = 1e12
# Variables by which each dataset is recognised, and the call that makes it.
DATASETS = {
    "bands": (("k", "weight", "energy", "velocity"), "bands(system)"),
    "elements": (("density", "energy", "velocity", "hop_to"), "elements(system, bands)"),
}


def system(key: str, value: object, usage: str) -> System:
    """The value, if it is a ribbon, wire or flake; ``usage`` shows a correct call.

    Raises
    ------
    UserError
        For another type, such as a lattice, or arguments in another order.
    """
    if isinstance(value, System):
        return value
    cut = ", cut out of the lattice by .ribbon(), .wire() or .flake()"
    how_to_cut = cut if isinstance(value, Lattice) else ""
    raise UserError(key, _kind(value), f"{SYSTEM}{how_to_cut}: {usage}")


def dataset(key: str, value: object, stage: str, usage: str):
    """The value, if it is the dataset of a stage, ``bands`` or ``elements``.

    Raises
    ------
    UserError
        For another type, or the dataset of another stage.
    """
    names, call = DATASETS[stage]
    variables = getattr(value, "variables", {})
    missing = [name for name in names if name not in variables]
    # Elements have all variables of bands; the density distinguishes them.
    other = stage == "bands" and "density" in variables
    if hasattr(value, "attrs") and not missing and not other:
        return value
    raise UserError(key, _kind(value), f"the dataset that {call} returns: {usage}")


def complete_mesh(key: str, value, stage: str) -> None:
    """Check that a dataset of bands or elements is complete, as its function returned it.

    Raises
    ------
    UserError
        If k of the mesh are missing, dimensions are transposed, or numbers are not finite.
    """
    names, call = DATASETS[stage]
    # Variables rather than arrays with coordinates, which take a millisecond to put together.
    variables = value.variables
    weight, period = float(variables["weight"].values.sum()), value.attrs.get("period", 0.0)
    geometry = GEOMETRIES.get(value.attrs.get("kind"))
    length = period if geometry is None or geometry.periodic else 1.0
    faults = {
        "part of the mesh of k": abs(weight * length - 1) > 1e-9,
        "dimensions in another order": variables["energy"].dims != ("k", "band")
        or ("density" in variables and variables["density"].dims[-3:] != ("k", "band", "row")),
        # A sum is not finite if one number is not.  Eigenvectors and polarizabilities are not
        # checked, as reading them would take as long as all other variables together.
        "numbers that are not finite": not all(
            np.isfinite(variables[name].values.sum()) for name in names
        ),
    }
    for fault, has_fault in faults.items():
        if has_fault:
            raise UserError(key, Verbatim(fault), f"the dataset as {call} returns it")


def same_system(system: System, bands) -> None:
    """Check that bands belong to this system.

    The fingerprint compares sites and hops; sum_n e_n^2 = sum_ij |H_ij|^2 detects changed energies.

    Raises
    ------
    UserError
        If the bands are those of another system, or were changed.
    """
    fingerprint = bands.attrs.get("fingerprint")
    if fingerprint != system.fingerprint:
        owner = "another" if fingerprint else "an unnamed"
        value = Verbatim(f"{bands.sizes['band']} bands of {owner} system")
        allowed = f"bands(system) of this very {system.kind} ({len(system.positions)} orbitals)"
        raise UserError("bands", value, allowed)
    complete_mesh("bands", bands, "bands")
    checked = [0, bands.sizes["k"] // 2]
    k, energy = (bands.variables[name].values[checked] for name in ("k", "energy"))
    squares = np.sum(np.abs(system.bloch.hamiltonian(k)) ** 2, axis=(1, 2))
    if not np.allclose(np.sum(energy**2, axis=1), squares, rtol=1e-9):
        value = Verbatim("energies that are not those of the system")
        raise UserError("bands", value, "the dataset as bands(system) returns it")


def fits_in_memory(system: System, k: int, eigenvectors: bool) -> None:
    """Check that the bands of ``k`` points are not absurdly large.

    Raises
    ------
    UserError
        If they take more than MOST_MEMORY bytes.
    """
    size = len(system.positions)
    needed = 8.0 * k * size * (2 + size * bool(eigenvectors))
    if needed > MOST_MEMORY:
        allowed = f"fewer points than take {needed / 1e12:.3g} TB for {size} orbitals"
        raise UserError("k", k, allowed)


def remark(density, system: System, definitions: list[str]) -> dict[str, str]:
    """The attribute ``remark`` of what a density says of its definitions, with a warning."""
    function = getattr(density, "remark", None)
    text = function(system.operators, definitions) if function else ""
    if not text:
        return {}
    warnings.warn(text, stacklevel=3)
    return {"remark": text}


def names(key: str, value: object, allowed: Sequence[str]) -> list[str]:
    """A name or a list of different names as a list.

    Raises
    ------
    UserError
        If it is not a non-empty list of names, one is not in ``allowed``, or one occurs twice.
    """
    requested = [value] if isinstance(value, str) else value
    if not isinstance(requested, list | tuple | np.ndarray) or not len(requested):
        raise UserError(key, value, "one or a list of: " + ", ".join(allowed))
    requested = [str(name) if isinstance(name, np.str_) else name for name in requested]
    if any(requested.count(name) > 1 for name in requested):
        raise UserError(key, value, "each name once")
    for name in requested:
        if name not in allowed:
            raise UserError(key, name, "one of: " + ", ".join(allowed))
    return requested


def numbers(key: str, value: object, least: float | None = None) -> np.ndarray:
    """A number or a list of numbers as an array (value,).

    Raises
    ------
    UserError
        If one is not finite or below ``least``, or there is none.
    """
    allowed = "a finite number or a non-empty list of them"
    if key == "fermi_energy":
        allowed = "a finite number, midgap, or a non-empty list of them"
    if least is not None:
        allowed += f", at least {least:g}"
    array = np.atleast_1d(real_array(key, value, allowed))
    low = least is not None and np.any(array < least)
    if array.ndim != 1 or not len(array) or not np.all(np.isfinite(array)) or low:
        raise UserError(key, value, allowed)
    return array


def _kind(value: object) -> Verbatim:
    """Type of a value, with the title of a dataset."""
    title = getattr(value, "attrs", {}).get("title") if hasattr(value, "variables") else None
    return Verbatim(f"{kind_of(value)} ({title})") if title else kind_of(value)
