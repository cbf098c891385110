"""The default figures of a study: one for every ribbon, wire, flake or grid."""

from __future__ import annotations

from ..lattice.geometries import GEOMETRIES
from .slab_systems import SLAB
from .solver_systems import PROFILE

DEFAULT = "default"
# Theories into which systems of a config are translated, and their figures.
PROFILES = {SLAB: "slab_profile", PROFILE: "accumulation_profile"}


def requested(figures: dict | str | None, systems: dict[str, dict]) -> dict[str, dict]:
    """The figures of a config by name, with the default figures written out.

    Parameters
    ----------
    figures : key of the config: None or ``default`` for the default figures, else figures by name;
        ``default: true`` among these adds the default ones
    systems : normalised, by name

    A default figure has the name of its system; a figure of the config with that name replaces it.
    """
    if figures is None or figures == DEFAULT:
        return _defaults(systems)
    named_figures = {name: figure for name, figure in figures.items() if name != DEFAULT}
    return named_figures | {
        name: figure
        for name, figure in (_defaults(systems) if figures.get(DEFAULT) else {}).items()
        if name not in named_figures
    }


def _defaults(systems: dict[str, dict]) -> dict[str, dict]:
    figures = {name: _figure(system) for name, system in systems.items()}
    return {
        name: {"draw": figure, "systems": [name]}
        for name, figure in figures.items()
        if figure is not None
    }


def _figure(system: dict) -> str | None:
    """The default figure of a system; None for the bulk at one point and most theories."""
    varying = sum(len(axis.values) > 1 for axis in system["axes"])
    if system.get("theory") in PROFILES:
        return PROFILES[system["theory"]]
    if "theory" in system or (not GEOMETRIES[system["geometry"]["kind"]].is_cut and not varying):
        return None
    if not system["axes"]:
        return "overview"
    return "grid_curves" if varying < 2 else "grid_maps"
