"""Rows of the table of benchmarks, and what is computed from times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import median

import numpy as np

HEADER = ("work", "size", "by", "CPU time", "× ours", "difference", "peak memory")


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes
    ----------
    work, size, by : what was computed, how large it is, and by whom
    seconds : median
    ratio : median of the ratios to our time of the same repetition
    difference : of its values from ours, relative to the largest
    memory : peak, in MB
    """

    work: str
    size: str
    by: str
    seconds: float = nan
    ratio: float = nan
    difference: float = nan
    memory: float = nan


def header() -> str:
    """The first two lines of a Markdown table."""
    return "\n".join(("| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"))


def line(row: Row) -> str:
    """A row in Markdown; what was not measured is left empty."""
    cells = [
        row.work,
        row.size,
        row.by,
        _filled(duration, row.seconds),
        _filled("{:.3g}".format, row.ratio),
        _filled("{:.0e}".format, row.difference),
        _filled(lambda mb: f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:.2f} GB", row.memory),
    ]
    return "| " + " | ".join(cells) + " |"


def _filled(text: Callable[[float], str], value: float) -> str:
    return "" if isnan(value) else text(value)


def duration(seconds: float) -> str:
    """Such as 3.2 ms; three digits from 100 µs to an hour."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def interleaved(
    runs: dict[str, Callable[[], float]], repeats: int
) -> dict[str, tuple[float, float]]:
    """Median seconds of each run, and the median of its ratios to the first one.

    In every repetition all runs take their turn, so that a machine that slows down slows all.

    Parameters
    ----------
    runs : functions that run once and return the seconds that it took
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(run())
    first = next(iter(times.values()))
    return {
        name: (median(own), median(t / ours for t, ours in zip(own, first, strict=True)))
        for name, own in times.items()
    }


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """p of the law size^p that fits the times best, by least squares of logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def extrapolated(sizes: Sequence[float], seconds: Sequence[float], size: float) -> float:
    """Seconds at a size that was not measured: the last measured one times size^p.

    p is that of the last two sizes, at most 3: the cost of a dense eigenproblem has no higher one,
    and where small ones have not reached it the result is a lower bound.
    """
    power = min(exponent(sizes[-2:], seconds[-2:]), 3.0) if len(sizes) > 1 else 3.0
    return seconds[-1] * (size / sizes[-1]) ** power


def difference(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """Largest deviation, relative to the largest of our values.

    Raises
    ------
    ValueError
        If their numbers of values differ.
    """
    first, second = np.asarray(list(ours), float), np.asarray(list(theirs), float)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} values against {second.size}")
    return float(np.abs(first - second).max() / np.abs(first).max())
