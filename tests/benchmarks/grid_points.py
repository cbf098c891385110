"""Cost of a grid beside that of its points: planning, running a stage of no work, merging.

Times are CPU seconds of all processes, which other programs on the machine hardly change.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .table import Row, exponent

# Points of two axes.
GRIDS = {100: (10, 10), 1000: (20, 50), 10_000: (100, 100), 100_000: (250, 400)}
CHEAP = '''"""A stage that costs nothing."""

EQUATION = "none"
VARIABLES = {"total": ((), "1", "sum of two options", "none")}
CHECKS = {}


def compute(first: float = 0.0, second: float = 0.0) -> dict:
    """The sum of both."""
    return {"total": first + second}
'''
# Runs a command and prints its CPU seconds and the memory of its largest process.
WATCH = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000]))
"""


def config(points: int, points_per_job: int | None) -> dict:
    """A study of one grid of this theory, and no figure."""
    first, second = GRIDS[points]
    grid = {
        "theory": "cheap",
        "options": {
            "first": {"linspace": [0, 1, first]},
            "second": {"linspace": [0, 1, second]},
        },
    }
    grid |= {"points_per_job": points_per_job} if points_per_job else {}
    return {"study": "benchmark", "systems": {"grid": grid}, "figures": {}}


def grid(sizes: list[int], points_per_job: int | None, cores: int) -> Iterator[Row]:
    """Rows of planning, running and merging for each size, and their exponents."""
    times: dict[str, list[float]] = {}
    for points in sizes:
        folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
        try:
            for row in _of_folder(folder, points, points_per_job, cores):
                times.setdefault(row.work, []).append(row.seconds)
                yield row
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if len(sizes) > 1:
        for work, seconds in times.items():
            power = exponent(sizes[-2:], seconds[-2:])
            yield Row(work, f"{sizes[-2]} to {sizes[-1]} points", f"CPU time ∝ points^{power:.2f}")


def _of_folder(folder: Path, points: int, points_per_job: int | None, cores: int) -> Iterator[Row]:
    main = [sys.executable, "-m", "accumulation"]
    subprocess.run([*main, "new", str(folder / "study")], capture_output=True, check=True)
    study = folder / "study"
    (study / "cheap.py").write_text(CHEAP, encoding="utf-8")
    (study / "config.yaml").write_text(json.dumps(config(points, points_per_job)), encoding="utf-8")
    seconds, peak = _watched([*main, "plan"], study)
    yield Row("grid: planning", f"{points} points", "plan, CPU", seconds, memory=peak)
    seconds, peak = _watched([*main, "run", "--cores", str(cores)], study)
    jobs = list((study / "results/benchmark/benchmarks/tiles").rglob("*.tsv"))
    text = f"{points} points, {len(jobs)} tiles"
    yield Row("grid: running", text, "run, CPU", seconds, memory=peak)
    merge, memory = _measured(study / "results/benchmark/benchmarks/grid/merge.tsv")
    yield Row("grid: merging", f"{points} points", "merge, CPU", merge, memory=memory)
    seconds, peak = _watched([*main, "run", "--cores", str(cores)], study)
    yield Row("grid: nothing to do", f"{points} points", "run, CPU", seconds, memory=peak)


def _watched(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds of all its processes, and the memory of the largest in MB.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    package = str(Path(__file__).parents[2] / "src")
    environment["PYTHONPATH"] = package
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *command],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    code, seconds, peak = json.loads(done.stdout)
    if code:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return seconds, peak


def _measured(path: Path) -> tuple[float, float]:
    """CPU seconds and peak memory in MB that Snakemake noted of a job."""
    with open(path, encoding="utf-8") as file:
        row = next(csv.DictReader(file, delimiter="\t"))
    # A job too short to be watched has no memory.
    peak = row["max_rss"]
    return float(row["cpu_time"]), float(peak) if peak not in ("NA", "-", "") else float("nan")
