"""Runs that are killed, files that are cut short, other numbers of cores."""

import os
import signal
import subprocess
import time

import xarray as xr
from workflow_study import Project


def assert_same_datasets(one, other):
    assert one.datasets().keys() == other.datasets().keys()
    assert len(one.datasets()) == 12
    for name, path in one.datasets().items():
        with xr.open_dataset(path) as left, xr.open_dataset(other.datasets()[name]) as right:
            xr.testing.assert_identical(left, right)


def test_one_core_gives_the_same_datasets_as_two(project, finished):
    project.run(cores=1)
    assert_same_datasets(project, finished)
    figure = "results/small/figures/profile.png"
    assert (project.folder / figure).read_bytes() == (finished.folder / figure).read_bytes()


def test_run_killed_in_the_middle_ends_with_the_same_datasets(project, finished):
    process = subprocess.Popen(
        project.command("--cores", "2"),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(project.datasets()) < 3 and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 3 <= len(project.datasets()) < 12
    assert list((project.folder / ".snakemake" / "locks").iterdir())  # what the kill left behind
    project.run()
    assert_same_datasets(project, finished)
    assert project.planned() == {}


def test_truncated_stage_file_is_named_in_one_sentence(finished, tmp_path):
    project = Project.copied(finished, tmp_path)
    path = project.folder / "results" / "small" / "graphene" / "elements.nc"
    path.write_bytes(path.read_bytes()[:1000])
    done = project.snakemake("--cores", "2")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in text
    told = [line.strip() for line in text.splitlines() if "allowed:" in line]
    assert len(set(told)) == 1, text
    assert "results/small/graphene/elements.nc" in told[0]
    assert "truncated" in told[0]
    # It was set aside, so that one more run mends all.
    assert not path.exists()
    assert path.with_name("elements.nc.damaged").exists()
    project.run()
    assert_same_datasets(project, finished)
