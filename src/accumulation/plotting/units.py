"""Axis labels from the ``units`` attributes of datasets."""

from __future__ import annotations

from collections import Counter

SYMBOLS = {"t0": "t_0", "hbar": r"\hbar", "tau": r"\tau"}
# Order of the factors: charges, fields and energies first.
ORDER = ["e", "E", "tau", "t0", "a", "hbar"]
# Response to a force e E over the length a, per energy t0, and per length a.
PER_FIELD = "e E / t0"


def tex_units(text: str) -> str:
    """Units such as ``e t0 a^2 / hbar`` as mathtext."""
    return _tex(_powers(text))


def accumulation_units(text: str) -> str:
    """Units ``{density} x (e E tau | e E) / a`` as mathtext, with equal factors collected.

    They are those of the interband part, and of the intraband part for tau = hbar / t0.
    """
    powers = _powers(text.split(" x ")[0])
    powers.update(_powers(PER_FIELD))
    return _tex(powers)


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
    over = " ".join(_factor(name, powers[name]) for name in order if powers[name] > 0)
    under = " ".join(_factor(name, -powers[name]) for name in order if powers[name] < 0)
    return f"${over or '1'}$" if not under else f"${over or '1'}/{under}$"


def _factor(name: str, power: int) -> str:
    symbol = SYMBOLS.get(name, rf"\mathrm{{{name}}}" if len(name) > 1 else name)
    return symbol if power == 1 else f"{symbol}^{power}"
