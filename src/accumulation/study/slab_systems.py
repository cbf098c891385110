"""Systems of a config whose geometry is a slab: they are computed by the theory ``slab``."""

from __future__ import annotations

from .. import plugin_options
from ..crystal.bulk_properties import MIDGAP
from ..errors import UserError, unknown_key

SLAB = "slab"
# Keys of a slab's geometry, and of its system, that are options of the theory.
GEOMETRY_KEYS = ("plane", "direction", "layers", "trim")
SYSTEM_KEYS = ("density", "definition", "fermi_energy", "temperature", "k", "k_across", "solver")
OTHER_KEYS = ("model", "geometry", "points_per_job", "filling")
LISTS = ("definition", "fermi_energy", "temperature")


def is_slab(keys: dict) -> bool:
    """Whether a system's keys have the geometry of a slab."""
    geometry = keys.get("geometry")
    return "theory" not in keys and isinstance(geometry, dict) and geometry.get("kind") == SLAB


def as_theory(name: str, own: dict, keys: dict) -> dict:
    """The keys of a slab as those of a theory.

    Parameters
    ----------
    own : keys of the system itself;  keys : with the defaults of the config

    Raises
    ------
    UserError
        For a key of the system, or of its geometry, that a slab does not have.
    """
    check_keys(name, own, (*SYSTEM_KEYS, *OTHER_KEYS))
    geometry = keys["geometry"]
    for key in geometry:
        if key not in (*GEOMETRY_KEYS, "kind"):
            raise UserError(f"systems.{name}.geometry.{key}", geometry[key], GEOMETRY_KEYS)
    options = {key: geometry[key] for key in GEOMETRY_KEYS if key in geometry}
    options |= as_options({key: keys[key] for key in SYSTEM_KEYS if key in keys})
    kept = {key: keys[key] for key in ("model", "points_per_job", "filling") if key in keys}
    return {"theory": SLAB, "options": options, **kept}


def check_keys(name: str, own: dict, known: tuple[str, ...]) -> None:
    """Refuse a key of the system ``name`` that such a system does not have.

    Raises
    ------
    UserError
        For a key of ``own``, those of the system itself, that is not known.
    """
    for key in own:
        if key not in known:
            raise unknown_key(f"systems.{name}", key, known)


def as_options(keys: dict) -> dict:
    """Keys of a system as options of a theory: densities as texts, lists, midgap as a flag."""
    options = dict(keys)
    density = options.get("density")
    if isinstance(density, dict):
        options["density"] = plugin_options.as_text(density)
    elif isinstance(density, list):
        options["density"] = [plugin_options.as_text(one) for one in density]
    if options.get("fermi_energy") in (MIDGAP, [MIDGAP]):
        del options["fermi_energy"]
        options["midgap"] = True
    for key in LISTS:
        if key in options and not isinstance(options[key], list | dict):
            options[key] = [options[key]]
    return options


def check_midgap(path: str, system: dict) -> None:
    """Refuse midgap in a grid of a theory whose points share their Fermi energies.

    Raises
    ------
    UserError
        For such a system, as normalised.
    """
    if system["axes"] and system["options"].get("midgap") is True:
        allowed = "numbers, as all points of such a grid have the same Fermi energies"
        raise UserError(f"{path}.fermi_energy", MIDGAP, allowed)
