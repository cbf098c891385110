"""Systems and datasets that are handed to the functions of a notebook, in the right places."""

from __future__ import annotations

from .errors import Said, UserError, kind_of
from .lattice import Lattice, System

SYSTEM = "a ribbon, wire or flake, such as haldane().ribbon((1, 0), 20)"
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


def same_system(of: System, bands) -> None:
    """Raise UserError unless bands were computed for this system, sites and hops alike."""
    theirs = bands.attrs.get("fingerprint")
    if theirs == of.fingerprint:
        return
    size = bands.sizes["band"]
    words = f"{size} bands of another system" if theirs else f"{size} bands of an unnamed system"
    allowed = f"bands(system) of this very {of.kind} ({len(of.positions)} orbitals)"
    raise UserError("bands", Said(words), allowed)


def _kind(value: object) -> Said:
    """What a value is; a dataset also by its title."""
    title = getattr(value, "attrs", {}).get("title") if hasattr(value, "variables") else None
    return Said(f"{kind_of(value)} ({title})") if title else kind_of(value)
