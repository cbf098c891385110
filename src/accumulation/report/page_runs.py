"""Stages, identities, run times and versions of a study for its page."""

from __future__ import annotations

import csv
import platform
import re
from importlib import metadata
from pathlib import Path

from ..datasets import evidence, files
from ..jobs.job_logs import memory_of
from ..study.stages import of_singles
from ..version import __version__
from . import revision

PACKAGES = ("numpy", "scipy", "xarray", "netCDF4", "matplotlib", "snakemake")


def flow(spec: dict, theories: set[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Number of files of each stage of the study, and pairs (stage, stage that reads it)."""
    needed = {
        "theory" if system in theories else stage
        for _, figure in spec["figures"]
        for system in figure["systems"]
        for stage in figure["needs"]
    }
    stages = of_singles()
    counts = {stage.name: spec["files"][stage.name] for stage in stages}
    counts = {name: number for name, number in counts.items() if number}
    arrows = [(source, stage.name) for stage in stages for source in stage.inputs]
    if theories:
        counts |= {"theory": len(theories), "evidence": 1}
        arrows += [("theory", "evidence"), ("evidence", "report")]
    counts |= {"figures": len(spec["figures"]) * len(spec["formats"]), "report": 1}
    arrows += [(stage, "figures") for stage in counts if stage in needed]
    arrows.append(("figures", "report"))
    return counts, [arrow for arrow in arrows if set(arrow) <= set(counts)]


def identities(path: str) -> list[dict]:
    """Rows of the table of identities, one for each statement, with the systems tested."""
    grouped: dict[tuple, dict] = {}
    for row in evidence.rows(files.read(path)):
        key = tuple(row[name] for name in ("statement", "route", "equation", "must_be", "bound"))
        group = grouped.setdefault(key, row | {"systems": [], "number": 0, "kept": 0})
        group["systems"].append((row["system"], row["residual"], row["holds"]))
        group["number"] += 1
        group["kept"] += row["holds"]
        worst = min if row["must_be"] == "at least" else max
        group["residual"] = worst(group["residual"], row["residual"])
    return list(grouped.values())


def times(folder: Path, systems: list[str], figures: list) -> list[dict]:
    """Jobs, seconds and peak memory (MB) by stage, from the ``folder`` of the study.

    Seconds are those of Snakemake's benchmark files, memory is in the logs.
    """
    folder, logs = folder / "benchmarks", folder / "logs"
    by_stage = {name: [] for name in (*(stage.name for stage in of_singles()), "figures")}
    for system in systems:
        for path in sorted((folder / system).rglob("*.tsv")):
            # The parts of a stage are named after it.
            stage = re.match("[A-Za-z]*", path.relative_to(folder / system).parts[0])[0]
            by_stage.setdefault(stage, []).append((path, system))
    for path in sorted((folder / "tiles").rglob("*.tsv")):
        stage = path.relative_to(folder / "tiles").parts[0]
        by_stage.setdefault(f"{stage} tiles", []).append((path, path.stem))
    for figure, _ in figures:
        path = folder / "figures" / f"{figure}.tsv"
        if path.is_file():
            by_stage["figures"].append((path, figure))
    rows = []
    for stage, entries in by_stage.items():
        timed = [(_seconds(path), name, path) for path, name in entries]
        readable = [entry for entry in timed if entry[0] is not None]
        if readable:
            longest, name, _ = max(readable)
            log_paths = [logs / path.relative_to(folder) for *_, path in readable]
            memory = [memory_of(path.with_suffix(".log")) for path in log_paths]
            rows.append(
                {
                    "stage": stage,
                    "jobs": len(readable),
                    "total": sum(seconds for seconds, *_ in readable),
                    "longest": longest,
                    "name": name,
                    "memory": max(filter(None, memory), default=None),
                }
            )
    return rows


def _seconds(path: Path) -> float | None:
    """Wall seconds of a job from Snakemake's benchmark file; None if unreadable."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return float(list(csv.DictReader(file, delimiter="\t"))[-1]["s"])
    except (OSError, LookupError, TypeError, ValueError):
        return None


def versions() -> list[tuple[str, str]]:
    """Versions of the package, Python and the dependencies in the environment of this job."""
    versions = [("accumulation", __version__), ("commit", revision.commit())]
    versions.append(("Python", platform.python_version()))
    for name in PACKAGES:
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:  # Snakemake, if jobs have another environment
            versions.append((name, "not in the jobs' environment"))
    return versions
