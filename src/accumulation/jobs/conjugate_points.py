"""Points of a grid that differ by complex conjugation of all amplitudes, such as flux and -flux.

H(k) of one is H(-k)* of the other, so that energies and matrix elements at k are those at -k, but
for a sign of each density.  Always the same one of both is computed, so that a point has the same
values whether the other is near it or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache

import numpy as np

from ..datasets.accumulations import declaration
from ..densities import named
from ..lattice.samples import System
from ..responses.zone_elements import Signs, conjugation_signs
from ..study import grid

Values = dict[str, np.ndarray]
# Points whose values are kept until the other one comes: tiles have the points of a flux in turn.
RECENT = 32


def from_either(
    system: System, settings: dict, compute: Callable[[System, dict], Values]
) -> Values:
    """``compute(system, settings)``, or the same from the system with conjugate amplitudes.

    Parameters
    ----------
    compute : returns arrays by name, those of energy, velocity, density and polarizability on a
        mesh that has -k for every k; it must be a function of a module
    """
    if not system.periodic:
        return compute(system, settings)
    imaginary = system.hops.amplitude.imag
    if not imaginary.any():
        return compute(system, settings)
    leading = imaginary[np.argmax(imaginary != 0)]
    # Without negative zeros, in which the two may differ.
    if leading > 0:
        chosen = _with_amplitudes(system, system.hops.amplitude + 0.0)
        return _kept(_Problem.of(chosen, settings), compute)
    chosen = _with_amplitudes(system, system.hops.amplitude.conj() + 0.0)
    signs = _signs(system, chosen, settings)
    if signs is None:
        return compute(system, settings)
    return _conjugate(_kept(_Problem.of(chosen, settings), compute), signs)


def _with_amplitudes(system: System, amplitude: np.ndarray) -> System:
    return replace(system, hops=replace(system.hops, amplitude=amplitude))


@dataclass(frozen=True)
class _Problem:
    """A system and settings, equal where all numbers are."""

    digest: str
    system: System = field(compare=False)
    settings: dict = field(compare=False)

    @classmethod
    def of(cls, system: System, settings: dict) -> _Problem:
        labels = [settings, system.period, system.sublattice.tolist(), list(system.operators)]
        digest = hashlib.sha256(grid.canonical(labels).encode())
        tables = [system.hops, *system.operators.values()]
        tables += [] if system.dipoles is None else [system.dipoles]
        parts = [getattr(table, column.name) for table in tables for column in fields(table)]
        for part in (*parts, system.positions, system.spin):
            digest.update(np.ascontiguousarray(part).tobytes())
        return cls(digest.hexdigest(), system, settings)


@lru_cache(maxsize=RECENT)
def _kept(problem: _Problem, compute: Callable[[System, dict], Values]) -> Values:
    return compute(problem.system, problem.settings)


def _signs(system: System, other: System, settings: dict) -> Signs | None:
    module, _ = declaration(named(settings["density"], system.operators))
    names, gauges = list(settings["definition"]), list(settings["gauge"])
    return conjugation_signs(system.bloch, other.bloch, module.kernel, names, gauges)


def _conjugate(values: Values, signs: Signs) -> Values:
    """Values of the system with conjugate amplitudes, (..., k, ...) from those at -k."""
    turned = dict(values)
    turned["energy"], turned["velocity"] = values["energy"][::-1], -values["velocity"][::-1]
    for number, name in enumerate(("density", "polarizability")):
        if name in values:
            shape = values[name].shape[:2]
            every = [[signs[d, g][number] for g in range(shape[1])] for d in range(shape[0])]
            sign = np.array(every)
            turned[name] = sign[:, :, None, None, None] * values[name][:, :, ::-1]
    return turned
