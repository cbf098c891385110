"""Stages, identities, run times and versions of a study for its page."""

from __future__ import annotations

import csv
import platform
import re
from importlib import metadata
from pathlib import Path

from ..datasets import evidence, files
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
    """Jobs, seconds and memory (MB) by stage, from Snakemake's benchmark files in ``folder``."""
    by_stage = {name: [] for name in (*(stage.name for stage in of_singles()), "figures")}
    for system in systems:
        for path in sorted((folder / system).rglob("*.tsv")):
            # The parts of a stage are named after it.
            stage = re.match("[A-Za-z]*", path.relative_to(folder / system).parts[0])[0]
            by_stage.setdefault(stage, []).append((_benchmark(path), system))
    for path in sorted((folder / "tiles").rglob("*.tsv")):
        stage = path.relative_to(folder / "tiles").parts[0]
        by_stage.setdefault(f"{stage} tiles", []).append((_benchmark(path), path.stem))
    for figure, _ in figures:
        path = folder / "figures" / f"{figure}.tsv"
        if path.is_file():
            by_stage["figures"].append((_benchmark(path), figure))
    rows = []
    for stage, entries in by_stage.items():
        readable = [(benchmark, name) for benchmark, name in entries if benchmark is not None]
        if readable:
            longest, name = max(readable, key=lambda entry: entry[0][0])
            memory = [benchmark[1] for benchmark, _ in readable if benchmark[1] is not None]
            rows.append(
                {
                    "stage": stage,
                    "jobs": len(readable),
                    "total": sum(benchmark[0] for benchmark, _ in readable),
                    "longest": longest[0],
                    "name": name,
                    "memory": max(memory, default=None),
                }
            )
    return rows


def _benchmark(path: Path) -> tuple[float, float | None] | None:
    """Seconds and, where Snakemake could sample it, peak memory in MB; None if unreadable."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            row = list(csv.DictReader(file, delimiter="\t"))[-1]
        memory = re.fullmatch(r"[\d.]+", row.get("max_rss") or "")
        return float(row["s"]), float(memory[0]) or None if memory else None
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
