"""Random problems, each reproducible from (seed, index) alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from .crystals import NAMED, random_crystal
from .levels import EXACT, Scan, scan
from .ribbon import Crystal, Ribbon

TEMPERATURES = (0.0, 1e-5, 1e-3, 0.05)
POINTS = (100, 101, 200, 201, 400, 401)
DIRECTIONS = [
    (n, m) for n in range(-2, 4) for m in range(-2, 4) if gcd(n, m) == 1 and abs(n) + abs(m) < 5
]
KINDS = ("generic", "edge", "crossing", "flat", "beside")
# Rows of a ribbon at most: larger ones take long and find nothing new.
ROWS = 20


@dataclass(frozen=True)
class Draw:
    """One problem: a ribbon, a Fermi level of some kind, a k mesh, a filling of the crystal.

    kind : generic (anywhere in the bands), edge (extremum of a band), crossing (exact), flat (a
        band that does not move), beside (1e-7 to 1e-2 off one of these)
    """

    index: int
    model: str
    crystal: Crystal
    direction: tuple[int, int]
    width: int
    points: int
    kind: str
    level: float
    filled: int | None
    ribbon: Ribbon
    scan: Scan

    def __str__(self):
        return (
            f"draw {self.index}: {self.model}, {len(self.crystal.orbitals)} orbitals, direction "
            f"{self.direction}, width {self.width}, {self.points} k, level {self.kind} "
            f"{self.level!r}"
        )


def draw(seed: int, index: int) -> Draw:
    """Problem number ``index`` of a seed."""
    rng = np.random.default_rng([seed, index])
    make = random_crystal if rng.random() < 0.4 else NAMED[rng.integers(len(NAMED))]
    crystal = make(rng)
    # A generator of its own leaves the rest of a draw as it is.
    crystal = replace(
        crystal, operator=_site_operator(np.random.default_rng([seed, index, 1]), crystal)
    )
    orbitals = len(crystal.orbitals)
    direction = DIRECTIONS[rng.integers(len(DIRECTIONS))]
    if rng.random() < 0.4:
        direction = [(1, 0), (0, 1), (1, 1)][rng.integers(3)]
    width = int(rng.integers(1, min(6, max(1, ROWS // orbitals)) + 1))
    points = int(rng.choice(POINTS))
    ribbon = Ribbon(crystal, direction, width)
    found = scan(ribbon)
    kind, level = _level(rng, ribbon, found)
    filled = int(rng.integers(1, orbitals)) if orbitals > 1 else None
    model = make.__name__
    return Draw(index, model, crystal, direction, width, points, kind, level, filled, ribbon, found)


def _site_operator(rng, crystal: Crystal) -> dict:
    """Elements of a random Hermitian matrix between the orbitals at each place."""
    elements = {}
    names = list(crystal.orbitals)
    for i, one in enumerate(names):
        elements[one, one] = complex(rng.normal())
        for other in names[:i]:
            amplitude = complex(*rng.normal(size=2))
            if np.abs(np.subtract(crystal.orbitals[one], crystal.orbitals[other])).max() < 1e-9:
                elements[one, other], elements[other, one] = amplitude, amplitude.conjugate()
    return elements


def special_levels(ribbon: Ribbon, found: Scan) -> dict[str, np.ndarray]:
    """Energies of band edges, exact crossings and flat bands."""
    out = {}
    spread = np.ptp(found.energy, axis=0)
    flat = spread < 1e-10
    # The level of a flat band changes its number where others cross it.
    count = [np.abs(found.energy - e).min(axis=1).max() < 1e-10 for e in found.energy[0]]
    if flat.any() or np.any(count):
        out["flat"] = np.concatenate((found.energy[0, flat], found.energy[0, np.array(count)]))
    exact = found.close_gap < EXACT
    if exact.any():
        energy = ribbon.energies(found.close_k[exact])
        out["crossing"] = energy[np.arange(exact.sum()), found.close_band[exact]]
    moving = ~(spread < 1e-6)[found.turning_band] if len(found.turning_k) else np.zeros(0, bool)
    if moving.any():
        k, band = found.turning_k[moving], found.turning_band[moving]
        e, v = ribbon.levels(k)
        row = np.arange(len(k))
        smooth = np.abs(v[row, band]) < 1e-6
        if smooth.any():
            out["edge"] = e[row, band][smooth]
    return out


def _level(rng, ribbon, found):
    special = special_levels(ribbon, found)
    kind = rng.choice(
        [
            "generic",
            "beside",
            *special,
            *(["crossing"] * 3 if "crossing" in special else []),
            *special,
        ]
    )
    bottom, top = found.energy.min(), found.energy.max()
    if kind == "generic" or not special:
        return "generic", float(rng.uniform(bottom - 0.05, top + 0.05))
    energies = special[kind if kind != "beside" else rng.choice(list(special))]
    level = float(rng.choice(energies))
    # Levels that symmetry puts on a round number lie there exactly.
    level = round(level, 9) if abs(level - round(level, 9)) < 3e-13 else level
    if kind == "beside":
        level += float(rng.choice([-1, 1]) * 10.0 ** rng.uniform(-7, -2))
    return str(kind), level
