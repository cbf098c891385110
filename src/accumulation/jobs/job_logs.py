"""The logs of jobs: the last line of one that succeeded, the error message of one that failed."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path

# The last line of a job that succeeded.
SUCCESS = re.compile(r".*, \d+\.\d s(?:, (?P<memory>\d+) MB)?")


def success(what: str, seconds: float) -> str:
    """The last line of the log of a job that did ``what``, with its peak memory where known.

    Snakemake's own figures are those of the shell, which in a run on one machine waits for a
    process that is not its child (:mod:`accumulation.run.job_server`).
    """
    memory = ""
    if sys.platform == "linux":
        import resource

        memory = f", {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    return f"{what}, {seconds:.1f} s{memory}"


def memory_of(path: Path) -> float | None:
    """Peak memory in MB of the job with this log; None if the log does not have it."""
    for line in reversed(_lines([path])):
        found = SUCCESS.fullmatch(line)
        if found and found["memory"]:
            return float(found["memory"])
    return None


def sentence_of(logs: list[str]) -> str | None:
    """The last error message of a job, else the last line of its logs; None if they are empty."""
    lines = [line for line in _lines(logs) if not SUCCESS.fullmatch(line)]
    error_lines = [line for line in lines if line.startswith("error: ")]
    if error_lines:
        return error_lines[-1]
    return f"error: {lines[-1]}" if lines else None


def _lines(paths: Iterable[str | Path]) -> list[str]:
    lines = []
    for path in paths:
        with contextlib.suppress(OSError):
            lines += Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()]
