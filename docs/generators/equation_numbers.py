"""Numbers of the paper's equations in a text: ``Eq. 17``, ``Eqs. 8, 29-30``, ``(S36)``."""

from __future__ import annotations

import re

MAIN, SUPPLEMENT = 58, 55
ALL = [str(n) for n in range(1, MAIN + 1)] + [f"S{n}" for n in range(1, SUPPLEMENT + 1)]

_RANGE = r"S?\d{1,2}(?:\s*[-–]\s*S?\d{1,2})?"
_LIST = rf"{_RANGE}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+|\s*/\s*){_RANGE})*"
# In running text a number of the main text follows "Eq."; those of the supplement speak for
# themselves, and "(2.0)", "S = 1" or "3 S2x" are none.
_CITED = re.compile(rf"\bEqs?\.\s*({_LIST})(?![\d.]\d)")
_SUPPLEMENT = re.compile(r"(?<![\w.])S\d{1,2}(?:\s*[-–]\s*S?\d{1,2})?(?![\w.]*\w)")


def cited(text: str) -> set[str]:
    """Equations that a docstring or caption cites."""
    found = [match[1] for match in _CITED.finditer(text)]
    found += [match[0] for match in _SUPPLEMENT.finditer(text)]
    return set().union(*(declared(one) for one in found)) & set(ALL)


def declared(text: str) -> set[str]:
    """Equations of an ``equation`` attribute, such as ``"8, 29-30, S23"`` or ``"Eqs. 1, 5"``.

    Words and years in it (``"Fig. 2(d)"``, ``"Kane and Mele (2005)"``) are no equations.
    """
    if re.search(r"Fig\.|\(\d{4}\)", text):
        return set()
    numbers = set()
    for first, last in re.findall(r"(S?\d{1,2})(?:\s*[-–]\s*(S?\d{1,2}))?", text):
        prefix = "S" if first.startswith("S") else ""
        start = int(first.removeprefix("S"))
        stop = int(last.removeprefix("S")) if last else start
        numbers |= {f"{prefix}{n}" for n in range(start, stop + 1)}
    return numbers & set(ALL)
