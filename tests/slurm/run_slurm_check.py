"""Run a small study through Slurm and compare it with the same study run here.

``ACCUMULATION_SLURM=1 python tests/slurm/run_slurm_check.py``, as root; about 80 seconds.  Slurm is
installed with apt-get if it is missing, runs as a cluster of one node, and is stopped at the end.
Where that cannot be done, one line beginning with SKIPPED says why, and the exit code is 0.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import xarray as xr

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "workflow")]

from cluster import PARTITION, Cluster, Unusable, prepare  # noqa: E402
from study import Project  # noqa: E402

PLUGIN = "snakemake_executor_plugin_slurm"
SLURM = ("--profile", "site", "--workflow-profile", "workflow/profiles/slurm")
STAGES = ("model", "bands", "elements", "response")


def check() -> None:
    """Both runs and all comparisons.

    Raises
    ------
    Unusable
        If no cluster can be had here.
    AssertionError
        If a run fails or does not do what it should.
    """
    if importlib.util.find_spec(PLUGIN) is None:
        raise Unusable(f"{PLUGIN} is not installed; see requirements-slurm.lock")
    prepare()
    with tempfile.TemporaryDirectory(prefix="accumulation-study-") as folder:
        here, there = project(Path(folder, "here")), project(Path(folder, "there"))
        timed("run on this machine", here.run)
        with Cluster() as cluster:
            text = timed("run through Slurm", run_through_slurm, there)
            jobs = cluster.jobs()
        check_jobs(text, jobs)
        check_retry(text, jobs)
        check_datasets(here, there)
        assert there.planned() == {}, "a run on this machine would redo what Slurm has done"
    print("ok: a run on this machine finds nothing left to do")


def project(folder: Path) -> Project:
    """A copy of the workflow with this folder's study and site."""
    folder.mkdir()
    made = Project(folder)
    made.write((HERE / "study.yaml").read_text())
    shutil.copy(HERE / "hungry.py", folder)
    (folder / "site").mkdir()
    site = (HERE / "site.yaml").read_text()
    if os.cpu_count() == 1:
        site = site.replace("response: 2", "response: 1")
    (folder / "site" / "config.yaml").write_text(site)
    return made


def timed(what: str, run, *arguments):
    """Call ``run`` and print how long it took."""
    start = time.monotonic()
    result = run(*arguments)
    print(f"{what}: {time.monotonic() - start:.0f} s", flush=True)
    return result


def run_through_slurm(there: Project) -> str:
    """Run the study with the Slurm profile; returns what Snakemake prints."""
    done = there.snakemake(*SLURM, timeout=300)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    return text


def check_jobs(text: str, jobs: list[dict]) -> None:
    """Every rule ran as a job of Slurm, but for the one that is to stay on the login node."""
    submitted = re.findall(r"submitted with SLURM jobid (\d+) .*/rule_(\w+)/(\w+)/", text)
    expected = [(stage, name) for stage in STAGES for name in ("flake", "ribbon")]
    expected += [("figure", "hungry")] * 2
    expected += [("merge", "grid")]
    plain = [(rule, name) for _, rule, name in submitted if rule != "tile"]
    assert sorted(plain) == sorted(expected), text
    tiles = [name for _, rule, name in submitted if rule == "tile"]
    assert sorted(name.split("_")[0] for name in tiles) == ["elements", "response"], text
    assert sorted(job["JobId"] for job in jobs) == sorted(number for number, *_ in submitted), jobs
    assert {job["Partition"] for job in jobs} == {PARTITION}, jobs
    assert "report.html shows the study" in text  # the last line of a run that ended well
    for number, rule, _ in submitted:
        cores = min(2, os.cpu_count()) if rule == "response" else 1  # the site's set-threads
        assert requested(jobs, number, "cpu") == str(cores), (rule, jobs)
        if rule == "tile":  # by its size, with a little to spare for the interpreter
            assert requested(jobs, number, "mem") == "400M", jobs
        elif rule != "figure":
            memory = "500M" if rule == "model" else "1500M"  # the rules' own
            assert requested(jobs, number, "mem") == memory, (rule, jobs)
    print(f"ok: {len(jobs)} jobs in Slurm's own record, none of a local rule")


def check_retry(text: str, jobs: list[dict]) -> None:
    """The job that Slurm killed for its memory ran again with twice the memory and run time."""
    numbers = re.findall(r"submitted with SLURM jobid (\d+) .*/rule_figure/", text)
    tries = [next(job for job in jobs if job["JobId"] == number) for number in numbers]
    assert [job["JobState"] for job in tries] == ["FAILED", "COMPLETED"], tries
    assert [job["TimeLimit"] for job in tries] == ["30", "60"], tries  # the rule's own
    memory = [requested(jobs, number, "mem") for number in numbers]
    assert memory == ["700M", "1400M"], tries  # the site's set-resources
    assert {job["JobState"] for job in jobs if job not in tries} == {"COMPLETED"}, jobs
    print(f"ok: killed with {memory[0]}, completed with {memory[1]}")


def requested(jobs: list[dict], number: str, what: str) -> str:
    """What a job asked Slurm for: ``mem`` or ``cpu``."""
    (job,) = (job for job in jobs if job["JobId"] == number)
    return dict(pair.split("=") for pair in job["Tres"].split(","))[what]


def check_datasets(here: Project, there: Project) -> None:
    """Both runs wrote the same datasets."""
    names = here.datasets().keys()
    assert names == there.datasets().keys()
    assert len(names) == 2 * len(STAGES) + 3  # two tiles and their merged grid
    for name in names:
        with (
            xr.open_dataset(here.datasets()[name]) as left,
            xr.open_dataset(there.datasets()[name]) as right,
        ):
            xr.testing.assert_identical(left, right)
    print(f"ok: {len(names)} datasets identical")


def main() -> int:
    """Check; returns the exit code."""
    # A signal must not leave daemons behind.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: sys.exit(1))
    try:
        timed("in all", check)
    except Unusable as reason:
        print(f"SKIPPED: {reason}")
    except AssertionError as fault:
        print(f"FAILED: {fault}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
