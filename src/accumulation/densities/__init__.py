"""Densities: one file for each density.

A local density is n(mu) = (P_mu K + K+ P_mu) / 2 with one matrix K: K = O for the paper's
{O, P_mu} / 2 (Eq. 5).  A density file ``name.py`` declares

LONG_NAME, UNITS, EQUATION : str, of the density
TIME_REVERSAL : +1 or -1, its parity under time reversal
DEFINITIONS : {"ribbon": (...), "flake": (...)}, names of its definitions, the default one first;
    the ribbon's are for all that is periodic, the flake's for what is open
NEEDS_ALL_BANDS : names of the definitions whose kernel needs every band at a k, not one state
MOMENT_OF_CURRENT : optional, names of the definitions whose operator is -{v_x, y} / 2, the moment
    of the current along x; the infinite crystal has it about each row
NEEDS_SPIN : optional, True together with without_spin() -> UserError, the error for a model without
    spin
kernel(states, definition, **options) -> Kernel
CHOICES, texts(**options) : optional, what options may be, and declarations that depend on them
needs(definition, **options) : optional, names of the operators on the orbitals of a site (such as
    L_z) that a definition needs
in_units(definition, units, **options) : optional, whether a definition exists for a model in these
    units (``natural`` or ``eV_angstrom``)
remark(operators, definitions) : optional, a text for users of these definitions; "" for none

Expectation values, polarizabilities and responses of all densities are computed by
:mod:`accumulation.responses`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .. import plugin_options, plugins
from ..errors import UserError
from ..lattice.geometries import GEOMETRIES


def definitions_for(
    density, kind: str, operators: Collection[str] = (), units: str | None = None
) -> tuple[str, ...]:
    """Names of the definitions of a density's module for a kind of system, the default first.

    Parameters
    ----------
    operators : names of the operators on the orbitals of a site that the system has; a definition
        that needs others is left out, unless all do
    units : choice of units of the model; definitions that do not exist in them are left out
    """
    names = _declared(density, kind)
    exists = getattr(density, "in_units", None)
    if units is not None and exists is not None:
        names = tuple(name for name in names if exists(name, units))
    return tuple(n for n in names if not missing_operators(density, n, operators)) or names


def _declared(density, kind: str) -> tuple[str, ...]:
    """All definitions that a density declares for a kind of system."""
    return tuple(density.DEFINITIONS["ribbon" if GEOMETRIES[kind].periodic else "flake"])


def missing_operators(density, definition: str, operators: Collection[str]) -> list[str]:
    """Operators on the orbitals of a site that a definition needs and the system does not have."""
    needs = getattr(density, "needs", None)
    return [] if needs is None else [name for name in needs(definition) if name not in operators]


def named(given: object, operators: Collection[str] = ()) -> str:
    """Name, with its options, of a density given as a text or a mapping.

    Parameters
    ----------
    operators : names of the operators on the orbitals of a site that the system has, any of which
        is a density too

    Raises
    ------
    UserError
        If there is no such density, or it has no such option.
    """
    if not isinstance(given, str | Mapping):
        names = ", ".join([*plugins.available("densities"), *operators])
        raise UserError("density", given, f"one of: {names}; {plugin_options.WRITTEN}")
    text = plugin_options.as_text(given)
    name, options = plugin_options.split(text)
    if name in operators and name not in plugins.available("densities"):
        name, options = "operator", {"operator": name, **options}
    try:
        module = plugins.load("densities", name)
    except UserError as error:
        if not operators:
            raise
        allowed = f"{error.allowed}; or of this model: {', '.join(operators)}"
        raise UserError(error.key, error.value, allowed) from error
    defaults = plugin_options.parameters(module)
    plugin_options.checked(module, name, options)
    other = {key: value for key, value in options.items() if value != defaults[key]}
    return plugin_options.joined(name, other)


def chosen(density: str, definition: str, kind: str, by_state: bool = False) -> tuple:
    """Module of a density, and the name of one of its definitions, the first if it is empty.

    Parameters
    ----------
    kind : ``ribbon``, ``wire`` or ``flake``
    by_state : allow only definitions that need no sum over bands

    Raises
    ------
    UserError
        If there is no such density, or it has no such definition.
    """
    module = plugins.load("densities", density)
    names = list(_declared(module, kind))
    if by_state:
        names = [name for name in names if name not in module.NEEDS_ALL_BANDS]
    definition = definition or names[0]
    if definition not in names:
        raise UserError("definition", definition, names)
    return module, definition
