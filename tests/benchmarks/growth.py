"""Seconds a k and peak memory of an accumulation against the width of the ribbon."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import numpy as np

import accumulation as acc

from .same_work import EDGES, seconds
from .table import Row, exponent, extrapolated, interleaved

# An insulator, with a gap of 0.75 t0: 2 (delta - 3 sqrt(3) t2 sin(phi)).
TRIVIAL = {"t2": 0.06, "phi": np.pi / 4, "delta": 0.6}
WIDTHS = (20, 50, 100, 250, 500, 1000, 2000)
# Between these widths the exponent is fitted, and at the last one memory is measured.
FITTED = (250, 2000)
MEMORY_POINTS = 101
DENSE, INVERSION = "dense chain", "selected inversion"
# Of the inversion always as many, as part of its time does not depend on their number; the dense
# chain has fewer for large matrices, and takes the same time for each.
POINTS = {DENSE: 401, INVERSION: 101}
LEAST_POINTS = 8
CODE = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
from benchmarks import growth
growth.accumulated(*json.loads(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def accumulated(solver: str, width: int, points: int) -> np.ndarray:
    """Interband rows of an armchair ribbon, of one definition, in the gap."""
    ribbon = acc.haldane(**TRIVIAL).ribbon(EDGES["armchair"], width)
    if solver == INVERSION:
        response = acc.accumulate(
            ribbon, density="orbital_moment", definition="circulation", fermi_energy=0.0,
            temperature=0.0, k=points, solver="selected_inversion",
        )  # fmt: skip
    else:
        bands = acc.bands(ribbon, k=points, eigenvectors=points * width**2 < 4e7)
        elements = acc.elements(ribbon, bands, definition="circulation")
        response = acc.response(elements, fermi_energy=0.0)
    return response.accumulation.sel(process="interband").values.squeeze()


def points_for(solver: str, width: int) -> int:
    """Number of k of one repetition."""
    most = POINTS[solver]
    return int(np.clip(4e8 / width**3, LEAST_POINTS, most)) if solver == DENSE else most


def has_inversion() -> bool:
    """Whether this version of the package has the solver."""
    return hasattr(acc, "accumulate")


def width(widths: list[int], dense_limit: int, repeats: int) -> Iterator[Row]:
    """Rows of both solvers, dense ones beyond ``dense_limit`` extrapolated; exponents; memory."""
    solvers = [INVERSION, DENSE] if has_inversion() else [DENSE]
    times: dict[str, dict[int, float]] = {solver: {} for solver in solvers}
    for size in widths:
        measured = [one for one in solvers if one == INVERSION or size <= dense_limit]
        for solver in measured:
            accumulated(solver, min(size, 20), LEAST_POINTS)
        runs = {solver: partial(_seconds_a_point, solver, size) for solver in measured}
        text = f"armchair {size}, a k"
        for solver, (own, ratio) in (interleaved(runs, repeats) if runs else {}).items():
            times[solver][size] = own
            yield Row("width", text, solver, own, ratio)
        if DENSE not in measured:
            own = extrapolated(list(times[DENSE]), list(times[DENSE].values()), size)
            ratio = own / times[INVERSION][size] if measured else 1.0
            yield Row("width", text, f"{DENSE}, extrapolated", own, ratio)
    for solver in solvers:
        fitted = {n: t for n, t in times[solver].items() if FITTED[0] <= n <= FITTED[1]}
        if len(fitted) > 1:
            power = exponent(list(fitted), list(fitted.values()))
            text = f"{min(fitted)} to {max(fitted)}"
            yield Row("width", text, f"{solver}: time ∝ width^{power:.2f}")
        largest = max(times[solver])
        text = f"armchair {largest}, {MEMORY_POINTS} k"
        yield Row("width", text, solver, memory=memory(solver, largest))


def _seconds_a_point(solver: str, size: int) -> float:
    points = points_for(solver, size)
    return seconds(lambda: accumulated(solver, size, points)) / points


def memory(solver: str, size: int) -> float:
    """Peak memory of a process that computes it, imports included, in MB."""
    arguments = json.dumps([solver, size, MEMORY_POINTS])
    command = [sys.executable, "-c", CODE, sys.path[0], arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1000
