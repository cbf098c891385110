"""Check of a figure's systems and options against the declarations of its file, before a run.

Optional declarations of a figure's file:

    SYSTEMS = (least, most, words)   number of systems (most None: no limit), and a description
    KINDS = ("ribbon", "wire")       kinds of geometry; its systems then belong to no theory
    KINDS_IN_TURN = ("ribbon", "flake")          the same by position, repeated cyclically
    THEORY = "hall"                  the theory that computes its systems
    THEORY_IN_TURN = ("torque", "proper_current")  the same by position
    AXES = 2                         number of axes of more than one value, or (least, most); a grid
                                     of one point counts as one axis, most None is no limit
    AXIS = ("phi",)                  names of axes that must be among them
    CHOICES = {"quantity": ("net", "left_edge")}  allowed values of an option, or of each name
    LENGTHS = {"titles": 3}          number of names in an option; "systems": one for each system
    LEAST = {"cells": 1}             smallest allowed value of a number
    COMPUTED = {"beside": "gauge"}       options whose value every system must compute

Options named definition, gauge, fermi_energy, temperature, or the plural of these, are in COMPUTED
by default.
"""

from __future__ import annotations

import math
from itertools import cycle

from ..crystal.bulk_properties import MIDGAP
from ..errors import MISSING, UserError, Verbatim, unknown_key
from ..lattice.geometries import GEOMETRIES
from ..plugins import REQUIRED, FigureOutline
from .config_file import argument, number

# Options whose value every system must compute, and the key of a system that lists these values.
OF_SYSTEMS = {
    key + plural: key
    for key in ("definition", "gauge", "fermi_energy", "temperature")
    for plural in ("", "s")
}


def checked_options(
    path: str, config_options: dict, outline: FigureOutline, systems: list[tuple[str, dict]]
) -> dict[str, object]:
    """The options of a figure in a config, with numbers evaluated.

    Parameters
    ----------
    path : of the figure in the config, such as ``figures.fig2``
    config_options : its ``options``;  outline : declarations of its file
    systems : name and normalised keys of the systems that it shows, in order

    Raises
    ------
    UserError
        For a number of systems, a kind, a theory, axes or an option that the figure cannot draw.
    """
    declared = outline.declared
    _check_number(path, [name for name, _ in systems], declared)
    _check_systems(path, systems, declared)
    for key in config_options:
        if key not in outline.parameters:
            allowed = list(outline.parameters) or ["none for this figure"]
            raise unknown_key(f"{path}.options", key, allowed)
    options = {}
    for key, default in outline.parameters.items():
        where = f"{path}.options.{key}"
        if key not in config_options and default is REQUIRED:
            raise UserError(where, MISSING, "a value, as the figure has no default for it")
        key_of_systems = declared.get("COMPUTED", {}).get(key) or OF_SYSTEMS.get(key)
        if key in config_options:
            may_be_none = default is None or None in declared.get("CHOICES", {}).get(key, ())
            if config_options[key] is None and may_be_none:
                options[key] = None
            else:
                options[key] = _typed(key, config_options[key], default, where)
        value = options.get(key, default)
        if key in config_options:
            _check_option(key, value, where, declared, len(systems))
        if key_of_systems and value is not None:
            _check_computed(where, key_of_systems, value, systems)
    return options


def _check_number(path: str, names: list[str], declared: dict) -> None:
    least, most, words = declared.get("SYSTEMS", (1, None, ""))
    if len(names) < least or (most is not None and len(names) > most):
        count = f"exactly {least}" if least == most else f"{least} to {most}"
        count = f"at least {least}" if most is None else count
        value = Verbatim(
            f"{len(names)} system{'s' if len(names) != 1 else ''} ({', '.join(names)})"
        )
        raise UserError(f"{path}.systems", value, f"{count}: {words}")


def _check_systems(path: str, systems: list[tuple[str, dict]], declared: dict) -> None:
    kinds = declared.get("KINDS_IN_TURN", (declared.get("KINDS"),))
    theories = declared.get("THEORY_IN_TURN", (declared.get("THEORY"),))
    words = declared.get("SYSTEMS", (1, None, ""))[2]
    words = f" ({words})" if words else ""
    axes, axis_names = declared.get("AXES", (0, None)), declared.get("AXIS", ())
    least, most = (axes, axes) if isinstance(axes, int) else axes
    most = math.inf if most is None else most
    for (name, system), kind, theory in zip(systems, cycle(kinds), cycle(theories), strict=False):
        where = f"{path}.systems"
        own_theory = system.get("theory")
        what = f"of the theory {own_theory}" if own_theory else system["geometry"]["kind"]
        if theory is not None and own_theory != theory:
            raise UserError(
                where,
                Verbatim(f"{name}, {_article(what)}"),
                f"systems of the theory {theory}{words}",
            )
        allowed_kinds = (kind,) if isinstance(kind, str) else kind
        if allowed_kinds is not None and (
            own_theory or system["geometry"]["kind"] not in allowed_kinds
        ):
            allowed = f"a system of kind {' or '.join(allowed_kinds)} there{words}"
            raise UserError(where, Verbatim(f"{name}, {_article(what)}"), allowed)
        varying = [axis.name for axis in system["axes"] if len(axis.values) > 1]
        varying = varying or [axis.name for axis in system["axes"][:1]]
        axes_in_words = Verbatim(
            f"{name}, " + (f"a grid over {', '.join(varying)}" if varying else "no grid")
        )
        if not least <= len(varying) <= most:
            raise UserError(where, axes_in_words, _number_of_axes(least, most) + words)
        for axis in axis_names:
            if axis not in varying:
                raise UserError(where, axes_in_words, f"a system with an axis {axis}{words}")


def _number_of_axes(least: int, most: float) -> str:
    """The number of axes that a figure requires, in words."""
    if most == 0:
        return "a system without axes"
    plural = "" if least == most == 1 else "s"
    return f"a grid over {least}{' or more' if most > least else ''} parameter{plural}"


def _article(what: str) -> str:
    geometry = GEOMETRIES.get(what)
    return what if geometry is None or not geometry.is_cut else f"a {what}"


def _typed(key: str, value: object, default: object, where: str) -> object:
    """An option as an argument of draw(): of the type of its default, if that has one."""
    if key in OF_SYSTEMS:
        return _level(value) if OF_SYSTEMS[key] in ("fermi_energy", "temperature") else value
    if default is None or default is REQUIRED or isinstance(default, dict):
        return value
    if isinstance(default, tuple | list):
        values = value if isinstance(value, list | tuple) else [value]
        if not values:
            raise UserError(where, value, "at least one value")
        pattern = default[0] if default else ""
        return [_typed("", one, pattern, f"{where}.{i}") for i, one in enumerate(values)]
    if value is None:
        raise UserError(where, value, f"a value such as {default}")
    if isinstance(default, int) and not isinstance(default, bool):
        result = argument(value, 0.0, where)
        if result != int(result):
            raise UserError(where, value, "an integer")
        return int(result)
    return argument(value, default, where)


def _level(value: object) -> object:
    """A number if the value is one; other words are returned unchanged."""
    if isinstance(value, str) and value != MIDGAP:
        try:
            return number(value, "fermi_energy")
        except UserError:
            return value
    return value


def _check_option(key: str, value: object, where: str, declared: dict, system_count: int) -> None:
    values = value if isinstance(value, list) else [value]
    choices = declared.get("CHOICES", {}).get(key)
    for one in values if choices is not None else ():
        if one not in choices:
            raise UserError(where, one, [str(name).replace("None", "null") for name in choices])
    count = declared.get("LENGTHS", {}).get(key)
    count = system_count if count == "systems" else count
    if count is not None and len(values) != count:
        raise UserError(where, value, f"a list of {count} name{'s' if count > 1 else ''}")
    least = declared.get("LEAST", {}).get(key)
    if least is not None and min(values) < least:
        raise UserError(where, value, f"a number of at least {least}")


def _check_computed(where: str, key: str, value: object, systems: list[tuple[str, dict]]) -> None:
    """Raise UserError unless every system computes the value of an option.

    Systems of a theory have none of these keys and are not checked.
    """
    for name, system in systems:
        computed_values = system.get(key)
        if computed_values is None or "theory" in system:
            continue
        if key == "fermi_energy" and MIDGAP in computed_values and not system["axes"]:
            # The dataset of a single system has the number, which is not known yet.
            computed_values = [one for one in computed_values if one != MIDGAP]
            if value != MIDGAP:
                continue
        for one in value if isinstance(value, list | tuple) else [value]:
            if not any(_equal(one, other) for other in computed_values):
                text = ", ".join(
                    f"{other:g}" if isinstance(other, float) else str(other)
                    for other in computed_values
                )
                allowed = f"what the system {name} computes ({key}: {text or 'a number'})"
                raise UserError(where, one, allowed)


def _equal(one: object, other: object) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return math.isclose(one, other, rel_tol=0, abs_tol=1e-9) if numbers else one == other
