"""Systems of a config with their densities as texts, one system for each density of a list."""

from __future__ import annotations

from ..errors import UserError
from ..plugin_options import short_name
from .system_parts import checked_plugin, density_texts, lattice_of_given


def by_density(systems: dict[str, dict], shared: dict[str, list]) -> dict[str, dict]:
    """The systems, with a list of densities split into one system NAME_DENSITY for each density.

    Densities have different units and definitions, so each has its own datasets; stored tiles of
    bands are shared.  Each density takes those of the definitions that it declares.

    Parameters
    ----------
    systems : keys of the config, by name;  shared : values of the config's axes

    Raises
    ------
    UserError
        For an unknown density or definition, or systems whose names would be the same.
    """
    split = {}
    for name, system in systems.items():
        path = f"systems.{name}"
        densities = system.get("density")
        if "theory" in system or densities is None:
            split[name] = system
            continue
        densities = density_texts(densities, lattice_of_given(system, shared), f"{path}.density")
        if isinstance(densities, str):
            split[name] = system | {"density": densities}
            continue
        names_by_density = {d: _definitions(d, f"{path}.density") for d in densities}
        definitions = system.get("definition", [])
        definitions = [definitions] if isinstance(definitions, str) else definitions
        for one in definitions:
            if not any(one in names for names in names_by_density.values()):
                raise UserError(
                    f"{path}.definition", one, sorted(set().union(*names_by_density.values()))
                )
        for density, names in names_by_density.items():
            own_definitions = [one for one in definitions if one in names]
            one = {k: v for k, v in system.items() if k != "definition"} | {"density": density}
            split[f"{name}_{short_name(density)}"] = one | (
                {"definition": own_definitions} if own_definitions else {}
            )
    if len(split) < len(systems):
        raise UserError("systems", list(split), "names that stay different with _DENSITY added")
    return split


def _definitions(density: str, path: str) -> set[str]:
    return set().union(*checked_plugin("densities", density, path).DEFINITIONS.values())
