"""The figures of a study that names none: one for every ribbon, wire, flake or grid."""

from __future__ import annotations

from ..lattice.geometries import GEOMETRIES

DEFAULT = "default"


def requested(figures: dict | str | None, systems: dict[str, dict]) -> dict[str, dict]:
    """The figures that a config asks for, by name, those of the default spelled out.

    Parameters
    ----------
    figures : the config's own key: absent or ``default`` for the default ones, else one's own;
        ``default: true`` among these keeps the default ones beside them
    systems : normalised, by name

    A default figure has its system's name; a figure of one's own with that name replaces it.
    """
    if figures is None or figures == DEFAULT:
        return _defaults(systems)
    own = {name: figure for name, figure in figures.items() if name != DEFAULT}
    return own | {
        name: figure
        for name, figure in (_defaults(systems) if figures.get(DEFAULT) else {}).items()
        if name not in own
    }


def _defaults(systems: dict[str, dict]) -> dict[str, dict]:
    drawn = {name: _figure(system) for name, system in systems.items()}
    return {
        name: {"draw": figure, "systems": [name]}
        for name, figure in drawn.items()
        if figure is not None
    }


def _figure(system: dict) -> str | None:
    """The figure that suits a system: none for a theory, or for the bulk at a single point."""
    varying = sum(len(axis.values) > 1 for axis in system["axes"])
    if "theory" in system or (not GEOMETRIES[system["geometry"]["kind"]].is_cut and not varying):
        return None
    if not system["axes"]:
        return "overview"
    return "grid_curves" if varying < 2 else "grid_maps"
