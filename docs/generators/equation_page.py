"""The page of the index of equations, from :mod:`equation_index`."""

from __future__ import annotations

from equation_index import ALL, index, notes

# Sections of the paper: first and last equation.
SECTIONS = (
    ("Densities, currents and torques", "1", "15"),
    ("Linear response", "16", "32"),
    ("Torque", "33", "44"),
    ("Proper current and continuity", "45", "51"),
    ("Orbital moment of ribbons", "52", "58"),
    ("Supplement I: reciprocity", "S1", "S10"),
    ("Supplement II: diffusive metals", "S11", "S18"),
    ("Supplement III: Hall conductivities", "S19", "S24"),
    ("Supplement IV: torque", "S25", "S36"),
    ("Supplement V: slow variation", "S37", "S40"),
    ("Supplement VI: Haldane model", "S41", "S45"),
    ("Supplement VII and VIII: ribbons", "S46", "S55"),
)
HEAD = """# Index of equations

<!-- Written by `python docs/generators`; equations.yaml holds the words and the reasons. -->

Every numbered equation of the paper: the functions that compute it (without the leading
`accumulation.`), the variables of datasets that hold it, the identities that every run of a theory
checks, the tests, and the figures of the studies in `config/`. Read from docstrings and
declarations. A function is listed where its docstring or its file names the equation; a theory's
`compute` computes all that its file declares.
"""
REASONS = """## Equations that no function computes

| Eq. | what | why |
|---|---|---|
"""


def page() -> str:
    """The whole page in Markdown."""
    places, said = index(), notes()
    parts = [HEAD]
    for title, first, last in SECTIONS:
        parts += [
            f"## {title}\n",
            _section(ALL[ALL.index(first) : ALL.index(last) + 1], places, said),
        ]
    without = [number for number in ALL if said[number].get("reason")]
    lines = [f"| {n} | {said[n]['what']} | {said[n]['reason']} |" for n in without]
    return "\n".join([*parts, REASONS + "\n".join(lines), ""])


def _section(numbers: list[str], places: dict, said: dict) -> str:
    lines = ["| Eq. | what | function | dataset variable | check | test | figure |"]
    lines.append("|---|---|---|---|---|---|---|")
    for number in numbers:
        kinds = places[number]
        cells = [
            _names(kinds["function"]) or "see [below](#equations-that-no-function-computes)",
            _names(_gathered(kinds["variable"])),
            _names(_gathered(kinds["check"])),
            _names(_gathered(kinds["test"], "::")),
            _names(kinds["figure"]),
        ]
        lines.append(f"| {number} | {said[number]['what']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _gathered(names: list[str], mark: str = ": ") -> list[str]:
    """``a: x`` and ``a: y`` as ``a: x, y``."""
    groups: dict[str, list[str]] = {}
    for name in names:
        head, _, tail = name.rpartition(mark)
        groups.setdefault(head, []).append(tail)
    return [
        f"{head}{mark}{', '.join(tails)}" if head else name
        for head, tails in groups.items()
        for name in ([head] if head else tails)
    ]
