"""One draw computed by the package and by the referee, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import accumulation as acc
from accumulation.crystal.bulk_properties import bulk

from .bulk_reference import CLOSED, gaps
from .draws import TEMPERATURES, Draw
from .kubo import PROCESSES, QUANTITIES
from .reference import Value, responses

# Largest error of an entry, relative to its scale.
BAR = 1e-4
# A direct gap (t0) below this is none; from here to CLOSED the referee has no Chern number.
SHUT = 1e-9
# Largest error of a gap, in t0.
GAP_BAR = 1e-6
DENSITIES = {
    "charge": ("charge", None),
    "spin": ("spin", None),
    "circulation": ("orbital_moment", "circulation"),
    "local": ("orbital_moment", "local"),
    "operator": ("random", None),
}
AGREED, FLAGGED, WRONG, UNDECIDED = "agreed", "flagged", "wrong", "undecided"
RAISED = "raised"


@dataclass(frozen=True)
class Entry:
    """Verdict on one quantity at one temperature.

    error, bound : relative to the scale, what is wrong and what the package says of it
    exceeded : whether the error is larger than the package says
    """

    draw: int
    kind: str
    quantity: str
    process: str
    temperature: float
    verdict: str
    error: float = 0.0
    bound: float = np.nan
    exceeded: bool = False
    note: str = ""


def lattice(crystal) -> acc.Lattice:
    """The package's lattice."""
    spin = {name: s for name, s in crystal.spin.items() if s}
    own = {"random": crystal.operator} if crystal.operator else {}
    orbitals, onsite = dict(crystal.orbitals), dict(crystal.onsite)
    out = acc.Lattice(crystal.vectors, orbitals, onsite, spin=spin, local_operators=own)
    for hop in crystal.hops:
        out.hop(*hop)
    return out


def judge(draw: Draw, solver: str = "dense") -> list[Entry]:
    """Every entry of a draw; the crystal's with ``solver`` dense only."""
    return [*judge_ribbon(draw, solver), *(judge_bulk(draw) if solver == "dense" else [])]


def judge_ribbon(draw: Draw, solver: str) -> list[Entry]:
    reference = responses(draw.ribbon, draw.level, TEMPERATURES, draw.scan)
    try:
        rows, computed = _computed(draw, solver)
    except Exception as error:
        note = f"{type(error).__name__}: {error}"
        return [Entry(draw.index, draw.kind, "all", "all", np.nan, RAISED, note=note)]
    out = []
    for q, quantity in enumerate(QUANTITIES):
        if quantity not in computed:
            continue
        for p, process in enumerate(PROCESSES):
            for i, t in enumerate(TEMPERATURES):
                value = reference[process, t]
                values, net, status, bound = (a[p, i] for a in computed[quantity])
                verdict = _verdict(value, q, value.rows[q][rows], values, net, status, bound)
                out.append(Entry(draw.index, draw.kind, quantity, process, t, *verdict))
    return out


def _computed(draw: Draw, solver: str):
    """The referee's row of each of the package's, and what the package computes.

    {quantity: (rows, net, status, error)}, each (process, temperature, ...)
    """
    ribbon = lattice(draw.crystal).ribbon(draw.direction, draw.width)
    own = draw.ribbon
    rows = [
        int(np.nonzero((own.name == name) & (np.abs(own.y - y) < 1e-7))[0].item())
        for name, y in zip(ribbon.sublattice, ribbon.positions[:, 1], strict=True)
    ]
    bands = acc.bands(ribbon, k=draw.points) if solver == "dense" else None
    out = {}
    for density in ("charge", "spin", "orbital_moment", "random"):
        if density == "spin" and not any(draw.crystal.spin.values()):
            continue
        names = [q for q, (d, _) in DENSITIES.items() if d == density]
        definition = {} if len(names) == 1 else {"definition": names}
        levels = {"fermi_energy": draw.level, "temperature": list(TEMPERATURES)}
        if bands is not None:
            elements = acc.elements(ribbon, bands, density=density, **definition)
            response = acc.response(elements, **levels)
        else:
            given = {"density": density, "k": draw.points, "solver": solver, **definition}
            response = acc.accumulate(ribbon, **given, **levels)
        for name in names:
            one = response.isel(fermi_energy=0)
            if "definition" in one.dims:
                one = one.sel(definition=name)
            shape = one.net.shape
            status = one.status.values if "status" in one else np.zeros(shape, dtype=int)
            error = one.error.values if "error" in one else np.full(shape, np.nan)
            out[name] = (one.accumulation.values, one.net.values, status, error)
    return rows, out


def _verdict(value: Value, q: int, expected, rows, net, status, bound):
    """(verdict, error, bound, exceeded) of one entry."""
    scale, uncertain = value.scale[q], value.error[q]
    missing = bool(np.isnan(rows).any() or np.isnan(net))
    flagged = bool(status != 0)
    limit = value.limit[q]
    if missing:
        # Without a number there is nothing to be wrong about.
        return FLAGGED, np.nan, np.nan
    if limit == "diverges":
        return (FLAGGED, np.nan, bound / scale) if flagged else (WRONG, np.inf, bound / scale)
    of_rows = np.abs(rows - expected).max()
    of_net = np.abs(net - expected.sum())
    # Rows that symmetry makes small leave their sum as much as each of them is allowed.
    small = np.abs(expected).max() < scale
    net_scale = len(rows) * scale if small else max(scale, np.abs(expected).sum())
    error = max(of_rows / scale, of_net / net_scale)
    doubt = uncertain / scale
    slack = uncertain + 1e-9 * scale
    exceeded = of_rows > bound + slack or of_net > len(rows) * (bound + slack)
    exceeded = bool(np.isfinite(bound) and exceeded)
    result = error, bound / scale, exceeded
    if limit == "undecided":
        return UNDECIDED, *result
    if flagged:
        return (WRONG if exceeded else FLAGGED), *result
    if error > BAR + doubt:
        return WRONG, *result
    certain = error + doubt <= BAR or doubt < 0.2 * BAR
    return (AGREED if error <= BAR and certain else UNDECIDED), *result


def judge_bulk(draw: Draw) -> list[Entry]:
    """Gaps and Chern number at the draw's filling."""
    if draw.filled is None:
        return []
    reference = gaps(draw.crystal, draw.filled)

    def entry(quantity, verdict, error=0.0, note=""):
        place = (draw.index, "crystal", quantity, "", np.nan)
        return Entry(*place, verdict, error, note=f"filled {draw.filled} {note}")

    try:
        computed = bulk(lattice(draw.crystal), filled=draw.filled)
    except Exception as error:
        return [entry("all", RAISED, note=f"{type(error).__name__}: {error}")]
    out = []
    names = ("direct_gap", "indirect_gap")
    for name, expected in zip(names, (reference.direct, reference.indirect), strict=True):
        value = getattr(computed, name)
        error = abs(value - expected)
        if np.isnan(value):
            out.append(entry(name, FLAGGED))
            continue
        if error > GAP_BAR and value < expected:
            # The package is lower: the referee's search may have missed the minimum.
            finer = gaps(draw.crystal, draw.filled, mesh=400, polished=12)
            expected = finer.direct if name == "direct_gap" else finer.indirect
            error = abs(value - expected)
        verdict = AGREED if error <= GAP_BAR else WRONG
        if verdict == WRONG and not computed.certified:
            verdict = FLAGGED if error <= getattr(computed, f"{name}_error") else WRONG
        out.append(entry(name, verdict, error, f"{value!r} against {expected!r}"))
    note = f"{computed.chern!r} against {reference.chern!r}, gap {reference.direct:.3g}"
    if np.isnan(computed.chern):
        # Where the gap is closed there is no number, and saying so is right.
        verdict = AGREED if reference.direct < CLOSED else FLAGGED
    elif reference.chern is None or (np.isnan(reference.chern) and reference.direct > SHUT):
        verdict = UNDECIDED
    else:
        verdict = AGREED if computed.chern == reference.chern else WRONG
    out.append(entry("chern", verdict, note=note))
    return out
