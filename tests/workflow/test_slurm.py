"""A study through Slurm; tests/slurm/run_slurm_check.py says what it needs and what it checks."""

import subprocess
import sys

import pytest
from workflow_study import ROOT


def test_study_through_slurm_is_the_study_run_here():
    script = ROOT / "tests" / "slurm" / "run_slurm_check.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=900)
    if done.stdout.startswith("SKIPPED: "):
        pytest.skip(done.stdout.removeprefix("SKIPPED: ").strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_slurm_profile_plans_the_same_jobs(project):
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="see requirements-slurm.lock")
    planned = project.planned()
    assert planned == {"model": 3, "bands": 3, "elements": 3, "response": 3, "figure": 2}
    assert project.planned("--workflow-profile", "workflow/profiles/slurm") == planned
