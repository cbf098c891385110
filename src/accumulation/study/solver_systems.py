"""Systems of a config with a solver other than ``dense``: the theory ``accumulation_profile``."""

from __future__ import annotations

from ..errors import UserError
from ..lattice.geometries import GEOMETRIES
from .slab_systems import as_options, check_keys
from .system_parts import checked_plugin

PROFILE = "accumulation_profile"
DENSE = "dense"
SYSTEM_KEYS = (
    "density", "definition", "gauge", "fermi_energy", "temperature", "k", "filling", "solver"
)  # fmt: skip
OTHER_KEYS = ("model", "geometry", "points_per_job")


def has_solver(keys: dict) -> bool:
    """Whether a system is computed by a solver that needs no bands."""
    return "theory" not in keys and keys.get("solver", DENSE) != DENSE


def as_theory(name: str, own: dict, keys: dict) -> dict:
    """The keys of such a system as those of a theory.

    Parameters
    ----------
    own : keys of the system itself;  keys : with the defaults of the config

    Raises
    ------
    UserError
        For a key of the system that needs its bands, a geometry that is not periodic, or several
        gauges.
    """
    path = f"systems.{name}"
    check_keys(name, own, (*SYSTEM_KEYS, *OTHER_KEYS))
    kind = (keys.get("geometry") or {}).get("kind")
    if kind in GEOMETRIES and not GEOMETRIES[kind].periodic:
        raise UserError(f"{path}.solver", keys["solver"], f"{DENSE} for a {kind}")
    options = as_options({key: keys[key] for key in SYSTEM_KEYS if key in keys})
    gauge = options.get("gauge")
    if isinstance(gauge, list):
        if len(gauge) != 1:
            raise UserError(f"{path}.gauge", gauge, "one of them with this solver")
        options["gauge"] = gauge[0]
    kept = {key: keys[key] for key in ("model", "geometry", "points_per_job") if key in keys}
    return {"theory": PROFILE, "options": options, **kept}


def check_definitions(path: str, system: dict) -> None:
    """Refuse definitions that the density, or the solver, does not have.

    Raises
    ------
    UserError
        For such a system of a theory with a solver, as normalised; it names the key ``definition``.
    """
    options = system["options"]
    if not {"solver", "definition", "density"} <= set(options):
        return
    module = checked_plugin("densities", options["density"], f"{path}.density")
    known = module.DEFINITIONS["ribbon"]
    definitions = options["definition"]
    for name in [definitions] if isinstance(definitions, str) else definitions:
        if name and name not in known:
            raise UserError(f"{path}.definition", name, known)
        # auto turns to dense.
        if options["solver"] == "selected_inversion" and name in module.NEEDS_ALL_BANDS:
            allowed = "others with solver selected_inversion, as this one needs all bands"
            raise UserError(f"{path}.definition", name, allowed)
