"""Validation of a lattice's sites, shells and local operators.

Each function takes a user's value and returns it in one normal form, or raises a UserError that
names the site or the orbital at fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import product

import numpy as np

from ..errors import UserError, Verbatim
from ..inputs import finite
from .atomic_shells import shell_of
from .local_operators import HERMITIAN, Elements

# Orbitals closer than this, in a, share a site unless the sites are given.
SAME_SITE = 1e-6


def sites(value: object, orbitals: Mapping[str, tuple]) -> dict[str, tuple[str, ...]]:
    """Orbitals of each site by its name; those that are not listed are sites by their place.

    Parameters
    ----------
    value : mapping site -> names of its orbitals
    orbitals : positions by name, in a

    Raises
    ------
    UserError
        For a site without orbitals, an unknown orbital, or one of two sites.
    """
    if not isinstance(value, Mapping):
        raise UserError("sites", value, "a mapping such as {'Mo': ['dz2', 'dxy', 'dx2-y2']}")
    result = {}
    seen: dict[str, str] = {}
    for site, names in value.items():
        if isinstance(names, str) or not isinstance(names, list | tuple) or not names:
            raise UserError(f"sites.{site}", names, "a list of names of orbitals")
        for name in names:
            if name not in orbitals:
                raise UserError(f"sites.{site}", name, list(orbitals))
            if name in seen:
                words = f"{name}, which is an orbital of {seen[name]} too"
                raise UserError(f"sites.{site}", Verbatim(words), "each orbital once")
            seen[name] = str(site)
        result[str(site)] = tuple(names)
    return result | _by_place([name for name in orbitals if name not in seen], orbitals, result)


def _by_place(names: list[str], orbitals: Mapping[str, tuple], taken: Mapping) -> dict:
    """Sites of the orbitals that share a place, by the part of their names that they share."""
    places = defaultdict(list)
    for name in names:
        place = (*orbitals[name], 0.0)[:3]
        places[tuple(np.rint(np.array(place) / SAME_SITE).astype(int).tolist())].append(name)
    result: dict[str, tuple[str, ...]] = {}
    for members in places.values():
        name = members[0]
        if len(members) > 1:
            shared = next(i for i, c in enumerate(zip(*members, strict=False)) if len(set(c)) > 1)
            name = members[0][:shared].rstrip("_.: -") or members[0]
        if name in result or name in taken:
            name = members[0]
        result[name] = tuple(members)
    return result


def shells(value: object, orbitals: Mapping[str, tuple]) -> dict[str, str]:
    """Cubic harmonic of each orbital that has one.

    Raises
    ------
    UserError
        For an unknown orbital or harmonic.
    """
    if not isinstance(value, Mapping):
        raise UserError("shells", value, "a mapping of orbitals such as {'dz2': 'dz2'}")
    for name, harmonic in value.items():
        if name not in orbitals:
            raise UserError("shells", name, list(orbitals))
        try:
            shell_of(harmonic)
        except UserError as error:
            raise UserError(f"shells.{name}", error.value, error.allowed) from error
    return dict(value)


def operators(
    value: object, orbitals: Mapping, sites_of: Mapping[str, tuple]
) -> dict[str, Elements]:
    """The model's operators: elements (to, origin) of each, every conjugate listed.

    Parameters
    ----------
    value : mapping name -> operator.  An operator is a mapping of pairs of orbitals (to, origin) to
        numbers, whose conjugates are implied; of sites to matrices, in the order of their orbitals;
        or of orbitals to real numbers

    Raises
    ------
    UserError
        For an operator that is not Hermitian or not finite, joins two sites, or names what is
        neither an orbital nor a site.
    """
    if not isinstance(value, Mapping):
        raise UserError("local_operators", value, "a mapping such as {'L_z': {('x', 'y'): -1j}}")
    result = {}
    for name, operator in value.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise UserError("local_operators", name, "names of letters, digits and '_'")
        if not isinstance(operator, Mapping):
            allowed = "a mapping of sites to matrices, or of pairs of orbitals to numbers"
            raise UserError(f"local_operators.{name}", operator, allowed)
        elements: Elements = {}
        for key, entry in operator.items():
            path = f"local_operators.{name}.{key}"
            elements |= _entries(path, key, entry, orbitals, sites_of)
        result[name] = _hermitian(f"local_operators.{name}", elements, sites_of)
    return result


def _entries(path: str, key, entry, orbitals: Mapping, sites_of: Mapping) -> Elements:
    if isinstance(key, tuple):
        if len(key) != 2 or any(name not in orbitals for name in key):
            raise UserError(path, key, Verbatim("a pair of orbitals of: " + ", ".join(orbitals)))
        return {key: finite(path, entry)}
    if key in orbitals and not np.ndim(entry):
        return {(key, key): finite(path, entry)}
    if key not in sites_of:
        raise UserError(path, key, [*sites_of])
    members = sites_of[key]
    allowed = f"a finite matrix of {len(members)} x {len(members)}, one row an orbital"
    try:
        matrix = np.array(entry, dtype=complex)
    except (TypeError, ValueError):
        raise UserError(path, entry, allowed) from None
    if matrix.shape != (len(members), len(members)) or not np.all(np.isfinite(matrix)):
        raise UserError(path, Verbatim(f"an array of shape {matrix.shape}"), allowed)
    pairs = product(range(len(members)), repeat=2)
    return {(members[i], members[j]): complex(matrix[i, j]) for i, j in pairs}


def _hermitian(path: str, elements: Elements, sites_of: Mapping) -> Elements:
    """The elements with their conjugates, zeros left out."""
    site = {name: key for key, names in sites_of.items() for name in names}
    size = max(map(abs, elements.values()), default=0.0)
    complete = dict(elements)
    for (to, origin), amplitude in elements.items():
        if site[to] != site[origin]:
            words = Verbatim(f"an element between {to} and {origin}, which are of two sites")
            raise UserError(path, words, "elements between orbitals of one site (see sites)")
        back = complete.setdefault((origin, to), amplitude.conjugate())
        if abs(back - amplitude.conjugate()) > HERMITIAN * size:
            words = Verbatim(f"elements between {to} and {origin} that are not conjugates")
            raise UserError(path, words, "a Hermitian operator")
    return {key: value for key, value in complete.items() if value != 0}
