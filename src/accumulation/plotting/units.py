"""Axis labels from the ``units`` attributes of datasets, in the units of a figure's datasets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import UserError, Verbatim

NATURAL = "natural"
# Symbols of the units of energy and length in each choice of units; texts may name either.
CHOICES = {
    NATURAL: {"t0": "t_0", "a": "a"},
    "eV_angstrom": {"t0": r"\mathrm{eV}", "a": r"\mathrm{\AA}"},
}
SYMBOLS = {
    "hbar": r"\hbar", "tau": r"\tau", "mu_B": r"\mu_B",
    "eV": r"\mathrm{eV}", "angstrom": r"\mathrm{\AA}",
}  # fmt: skip
# Order of the factors: charges, fields and energies first.
ORDER = ["e", "E", "tau", "t0", "eV", "a", "angstrom", "hbar"]
# Response to a force e E over the length a, per energy t0, and per length a.
PER_FIELD = "e E / t0"

_shown: ContextVar[str] = ContextVar("unit_system", default=NATURAL)


@contextmanager
def drawn_in(systems: Sequence[Mapping]) -> Iterator[None]:
    """Context in which labels show the units of the systems' datasets.

    Raises
    ------
    UserError
        If the datasets are in different units.
    """
    found = {
        ds.attrs.get("unit_system", NATURAL)
        for system in systems
        for ds in system.values()
        if hasattr(ds, "attrs")
    }
    if len(found) > 1:
        value = Verbatim("systems in " + " and ".join(sorted(found)) + " units")
        raise UserError("systems", value, "systems in the same units in one figure")
    token = _shown.set(found.pop() if found else NATURAL)
    try:
        yield
    finally:
        _shown.reset(token)


def shown_units() -> str:
    """The choice of units of the figure that is being drawn."""
    return _shown.get()


def symbol(name: str) -> str:
    """Mathtext, without dollars, of ``t0``, ``a`` or another factor of a unit."""
    symbols = SYMBOLS | CHOICES[shown_units()]
    return symbols.get(name, rf"\mathrm{{{name}}}" if len(name) > 1 else name)


def tex_units(text: str) -> str:
    """Units such as ``e t0 a^2 / hbar`` as mathtext; t0 and a are those of the figure."""
    return _tex(_powers(text))


def accumulation_units(text: str) -> str:
    """Units ``{density} x (e E tau | e E) / a`` as mathtext, with equal factors collected.

    They are those of the interband part, and of the intraband part for tau = hbar / t0.
    """
    density, *others = text.split(" x ")
    powers = _powers(density)
    powers.update(_powers(PER_FIELD.replace("t0", "eV") if "eV" in text else PER_FIELD))
    if others[1:]:  # the whole of a flake, not per length
        powers.update(_powers(others[1]))
    return _tex(powers)


def per_time() -> str:
    """Mathtext of the factor t0 tau / hbar by which intraband parts are multiplied."""
    return rf"$\times\,{symbol('t0')}\tau/\hbar$"


def _powers(text: str) -> Counter:
    """Exponent of each factor of ``numerator / denominator``."""
    powers = Counter()
    for sign, part in zip((1, -1), text.split("/"), strict=False):
        for factor in part.split():
            name, _, power = factor.partition("^")
            if name != "1":
                powers[name] += sign * int(power or 1)
    return powers


def _tex(powers: Counter) -> str:
    order = sorted(powers, key=lambda name: (ORDER.index(name) if name in ORDER else -1, name))
    over = _product(_factor(name, powers[name]) for name in order if powers[name] > 0)
    under = _product(_factor(name, -powers[name]) for name in order if powers[name] < 0)
    return f"${over or '1'}$" if not under else f"${over or '1'}/{under}$"


def _product(factors: Iterator[str]) -> str:
    """Factors side by side, with a thin space before and after a name of several letters."""
    return re.sub(r" (?=\\mathrm)|(?<=\}) ", r"\\,", " ".join(factors))


def _factor(name: str, power: int) -> str:
    return symbol(name) if power == 1 else f"{symbol(name)}^{power}"
