"""Where the wall seconds of a whole study go: planning, starting jobs, computing, drawing.

``python tests/benchmarks/benchmark_study.py [CONFIG] [CORES]`` runs the study in a new folder and
prints a Markdown table.  Seconds inside a job are those of its log; those until Snakemake has
seen its end are in Snakemake's benchmark files, and the difference is its start.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAST_LINE = re.compile(r", (\d+\.\d) s(?:, (\d+) MB)?$", re.MULTILINE)


def run(folder: Path, config: str, cores: int) -> tuple[float, float]:
    """Run a study in a folder; wall seconds until its first job has begun, and in all."""
    for name in ("src", "workflow", "config"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", config]
    command += ["--workflow-profile", "workflow/profiles/default", "--quiet", "all"]
    begun, first = time.perf_counter(), None
    process = subprocess.Popen(command, cwd=folder)
    while process.poll() is None:
        if first is None and any((folder / "results").glob("*/logs/**/*.log")):
            first = time.perf_counter() - begun
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(process.returncode)
    return first or 0.0, time.perf_counter() - begun


def jobs(study: Path) -> list[tuple[str, float, float, float]]:
    """Stage, seconds in all and inside, and peak memory in MB of every job of a study."""
    found = []
    for path in (study / "benchmarks").rglob("*.tsv"):
        within = path.relative_to(study / "benchmarks")
        log = (study / "logs" / within).with_suffix(".log")
        inside = LAST_LINE.findall(log.read_text()) if log.exists() else []
        if not inside:
            continue
        stage = path.stem
        if within.parts[0] in ("figures", "tiles"):
            stage = "figures" if within.parts[0] == "figures" else f"{within.parts[1]} tiles"
        lasted = float(path.read_text().splitlines()[-1].split("\t")[0])
        found.append((stage, lasted, float(inside[-1][0]), float(inside[-1][1] or "nan")))
    return found


def main(config: str = "config/config.yaml", cores: str = "2") -> None:
    with tempfile.TemporaryDirectory() as name:
        planning, wall = run(Path(name), config, int(cores))
        (study,) = {path.parent for path in Path(name, "results").glob("*/logs")}
        found = jobs(study)
    print(
        f"| {Path(config).stem}, {cores} cores | jobs | seconds inside | longest | starting | MB |"
    )
    print("|---|---|---|---|---|---|")
    print(f"| planning, until the first job | | {planning:.1f} | | | |")
    for stage in dict.fromkeys(sorted(stage for stage, *_ in found)):
        of_stage = [job for job in found if job[0] == stage]
        inside = [job[2] for job in of_stage]
        starting = sum(job[1] - job[2] for job in of_stage)
        print(
            f"| {stage} | {len(inside)} | {sum(inside):.1f} | {max(inside):.1f} "
            f"| {starting:.1f} | {max(job[3] for job in of_stage):.0f} |"
        )
    busy = sum(job[1] for job in found)
    rest = int(cores) * (wall - planning) - busy
    print(f"| cores without a job, after planning | | {rest:.1f} | | | |")
    print(f"| **wall** | {len(found)} | **{wall:.1f}** | | | |")


if __name__ == "__main__":
    main(*sys.argv[1:])
