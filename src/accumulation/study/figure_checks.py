"""Whether a figure's systems and options fit what its file declares, before anything is computed.

A figure's file may declare, each of them optional:

    SYSTEMS = (least, most, words)   number of systems (most None: no limit), and what they are
    KINDS = ("ribbon", "wire")       kinds of geometry; its systems then belong to no theory
    KINDS_IN_TURN = ("ribbon", "flake")          the same by place, over and over
    THEORY = "hall"                  the theory that computes its systems
    THEORY_IN_TURN = ("torque", "proper_current")  the same by place
    AXES = 2                         number of axes of more than one value, or (least, most); a grid
                                     of one point counts as one axis, most None is no limit
    AXIS = ("phi",)                  names of axes that must be among them
    CHOICES = {"quantity": ("net", "left_edge")}  what an option, or each of its names, may be
    LENGTHS = {"titles": 3}          how many names an option lists, or "systems": one a system
    LEAST = {"cells": 1}             the least that a number may be
    COMPUTED = {"beside": "gauge"}       options that name what every system must compute

Options named definition, gauge, fermi_energy, temperature, or the plural of these, need not be in
COMPUTED for that.
"""

from __future__ import annotations

import math
from itertools import cycle

from ..crystal.bulk_properties import MIDGAP
from ..errors import MISSING, UserError, Verbatim, unknown_key
from ..lattice.geometries import GEOMETRIES
from ..plugins import REQUIRED, FigureOutline
from .config_file import argument, number

# Options that name what the systems must hold, and the key of a system that says so.
OF_SYSTEMS = {
    key + plural: key
    for key in ("definition", "gauge", "fermi_energy", "temperature")
    for plural in ("", "s")
}


def checked_options(
    path: str, given: dict, outline: FigureOutline, chosen: list[tuple[str, dict]]
) -> dict[str, object]:
    """The options of a figure that a config gives, numbers worked out.

    Parameters
    ----------
    path : of the figure in the config, such as ``figures.fig2``
    given : its ``options``;  outline : what its file declares
    chosen : the systems that it shows, name and normalised keys, in their order

    Raises
    ------
    UserError
        For a number of systems, a kind, a theory, axes or an option that the figure cannot draw.
    """
    declared = outline.declared
    _check_number(path, [name for name, _ in chosen], declared)
    _check_systems(path, chosen, declared)
    for key in given:
        if key not in outline.parameters:
            allowed = list(outline.parameters) or ["none for this figure"]
            raise unknown_key(f"{path}.options", key, allowed)
    options = {}
    for key, default in outline.parameters.items():
        where = f"{path}.options.{key}"
        if key not in given and default is REQUIRED:
            raise UserError(where, MISSING, "a value, as the figure has no default for it")
        key_of_systems = declared.get("COMPUTED", {}).get(key) or OF_SYSTEMS.get(key)
        if key in given:
            may_be_none = default is None or None in declared.get("CHOICES", {}).get(key, ())
            if given[key] is None and may_be_none:
                options[key] = None
            else:
                options[key] = _typed(key, given[key], default, where)
        value = options.get(key, default)
        if key in given:
            _check_option(key, value, where, declared, len(chosen))
        if key_of_systems and value is not None:
            _check_held(where, key_of_systems, value, chosen)
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


def _check_systems(path: str, chosen: list[tuple[str, dict]], declared: dict) -> None:
    kinds = declared.get("KINDS_IN_TURN", (declared.get("KINDS"),))
    theories = declared.get("THEORY_IN_TURN", (declared.get("THEORY"),))
    words = declared.get("SYSTEMS", (1, None, ""))[2]
    words = f" ({words})" if words else ""
    axes, named = declared.get("AXES", (0, None)), declared.get("AXIS", ())
    least, most = (axes, axes) if isinstance(axes, int) else axes
    most = math.inf if most is None else most
    for (name, system), kind, theory in zip(chosen, cycle(kinds), cycle(theories), strict=False):
        where = f"{path}.systems"
        own = system.get("theory")
        what = f"of the theory {own}" if own else system["geometry"]["kind"]
        if theory is not None and own != theory:
            raise UserError(
                where,
                Verbatim(f"{name}, {_article(what)}"),
                f"systems of the theory {theory}{words}",
            )
        several = (kind,) if isinstance(kind, str) else kind
        if several is not None and (own or system["geometry"]["kind"] not in several):
            allowed = f"a system of kind {' or '.join(several)} there{words}"
            raise UserError(where, Verbatim(f"{name}, {_article(what)}"), allowed)
        varying = [axis.name for axis in system["axes"] if len(axis.values) > 1]
        varying = varying or [axis.name for axis in system["axes"][:1]]
        held = Verbatim(
            f"{name}, " + (f"a grid over {', '.join(varying)}" if varying else "no grid")
        )
        if not least <= len(varying) <= most:
            raise UserError(where, held, _number_of_axes(least, most) + words)
        for axis in named:
            if axis not in varying:
                raise UserError(where, held, f"a system with an axis {axis}{words}")


def _number_of_axes(least: int, most: float) -> str:
    """What a figure asks for, in words."""
    if most == 0:
        return "a system without axes"
    plural = "" if least == most == 1 else "s"
    return f"a grid over {least}{' or more' if most > least else ''} parameter{plural}"


def _article(what: str) -> str:
    geometry = GEOMETRIES.get(what)
    return what if geometry is None or not geometry.is_cut else f"a {what}"


def _typed(key: str, value: object, default: object, where: str) -> object:
    """An option as draw() takes it: of its default's type, as far as that tells."""
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
    """An energy as a number where it is written as one."""
    if isinstance(value, str) and value != MIDGAP:
        try:
            return number(value, "fermi_energy")
        except UserError:
            return value
    return value


def _check_option(key: str, value: object, where: str, declared: dict, systems: int) -> None:
    values = value if isinstance(value, list) else [value]
    choices = declared.get("CHOICES", {}).get(key)
    for one in values if choices is not None else ():
        if one not in choices:
            raise UserError(where, one, [str(name).replace("None", "null") for name in choices])
    count = declared.get("LENGTHS", {}).get(key)
    count = systems if count == "systems" else count
    if count is not None and len(values) != count:
        raise UserError(where, value, f"a list of {count} name{'s' if count > 1 else ''}")
    least = declared.get("LEAST", {}).get(key)
    if least is not None and min(values) < least:
        raise UserError(where, value, f"a number of at least {least}")


def _check_held(where: str, key: str, value: object, chosen: list[tuple[str, dict]]) -> None:
    """Whether every system computes what an option names; those of a theory hold none of these."""
    for name, system in chosen:
        held = system.get(key)
        if held is None or "theory" in system:
            continue
        if key == "fermi_energy" and MIDGAP in held and not system["axes"]:
            # A single system's dataset holds the number, which is not known yet.
            held = [one for one in held if one != MIDGAP]
            if value != MIDGAP:
                continue
        for one in value if isinstance(value, list | tuple) else [value]:
            if not any(_equal(one, other) for other in held):
                computed = ", ".join(
                    f"{other:g}" if isinstance(other, float) else str(other) for other in held
                )
                allowed = f"what the system {name} computes ({key}: {computed or 'a number'})"
                raise UserError(where, one, allowed)


def _equal(one: object, other: object) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return math.isclose(one, other, rel_tol=0, abs_tol=1e-9) if numbers else one == other
