"""A study through the profile for PBS, SGE and LSF; the scheduler is a stand-in.

The stand-in takes qsub's command line, runs the job's script in the background and answers qstat in
OpenPBS's words.  It ends the first try of one job as a scheduler ends one for want of memory.
"""

import os
import re
import shutil

import pytest
import xarray as xr
from workflow_study import config

from accumulation.run.cluster_status import job_status

QSUB = """#!/bin/bash
id=$(mktemp -u XXXXXX)
echo "$@" > "$QUEUE/$id.call"
(
    if [[ "$*" == *"-N model"* ]] && mkdir "$QUEUE/killed" 2> /dev/null; then
        echo 137 > "$QUEUE/$id.end"
    else
        bash "${@: -1}"
        echo $? > "$QUEUE/$id.end"
    fi
) > /dev/null 2>&1 &
echo $id.server
"""
QSTAT = """#!/bin/bash
id=${@: -1}
id=${id%.server}
echo "Job Id: $id.server"
if [[ -s "$QUEUE/$id.end" ]]; then
    echo "    job_state = F"
    echo "    Exit_status = $(< "$QUEUE/$id.end")"
else
    echo "    job_state = R"
fi
"""
OWN_MODEL = """
from accumulation.models.haldane import haldane

def own_model(mass=0.1):
    return haldane(delta=mass)
"""


@pytest.fixture
def scheduler(tmp_path_factory, monkeypatch):
    """Puts programs of a scheduler before all others on the PATH."""
    folder = tmp_path_factory.mktemp("scheduler")
    monkeypatch.setenv("QUEUE", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def install(**programs):
        for name, text in programs.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        return folder

    return install


def test_jobs_through_a_scheduler(project, scheduler):
    """A job that is killed comes again with more memory and time, and finds the user's model."""
    pytest.importorskip("snakemake_executor_plugin_cluster_generic", reason="see the slurm lock")
    queue = scheduler(qsub=QSUB, qstat=QSTAT)
    project.write(config(defaults__model={"name": "own_model", "mass": 0.5}, figures=None,
                         systems__trivial=None, systems__flake=None,
                         systems__graphene__model=None))  # fmt: skip
    # Beside the config, which is not where the run is started.
    (project.folder / "config" / "own_model.py").write_text(OWN_MODEL)
    profile = ("--workflow-profile", "workflow/profiles/cluster", "--latency-wait", "5")
    model = "results/small/graphene/model.nc"
    checks = ("--max-status-checks-per-second", "10", "--seconds-between-status-checks", "1")
    done = project.snakemake(*profile, *checks, model)
    assert done.returncode == 0, done.stdout + done.stderr
    calls = "\n".join(path.read_text() for path in queue.glob("*.call"))
    memory = sorted(re.findall(r"-N model .*:mem=(\d+)mb -l walltime=(\d+) ", calls))
    assert memory == [("1000", "3600"), ("500", "1800")]  # 30 and 60 minutes, in seconds
    assert calls.count("\n") == 3, "model twice, nothing else"
    with xr.open_dataset(project.folder / model) as ds:
        on_site = (ds.hop_to == ds.hop_from) & (ds.hop_cell == 0)
        assert sorted(set(ds.hop_amplitude_re.values[on_site.values])) == [-0.5, 0.5]


def answering(text: str, code: int = 0) -> str:
    return f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n"


FAULT = "cannot connect to server"
SGE_ENDED = "failed       0\nexit_status  {}"


@pytest.mark.parametrize(
    ("programs", "word"),
    [
        ({"qstat": ("job_state = Q", 0)}, "running"),
        ({"qstat": ("job_state = F\n    Exit_status = 0", 0)}, "success"),
        ({"qstat": ("job_state = F\n    Exit_status = -29", 0)}, "failed"),  # run time exceeded
        ({"qstat": ("job_state = C\n    exit_status = 271", 0)}, "failed"),  # Torque
        ({"qstat": ("job_state = E\n    Exit_status = 0", 0)}, "success"),
        ({"qstat": ("qstat: Unknown Job Id 7.server", 153)}, "failed"),
        ({"qstat": (FAULT, 1)}, "running"),
        ({"qstat": ("job_number: 7", 0), "qacct": ("no job", 1)}, "running"),
        ({"qstat": ("no job", 1), "qacct": ("no job", 1)}, "running"),
        ({"qstat": ("no job", 1), "qacct": (SGE_ENDED.format(0), 0)}, "success"),
        ({"qstat": ("no job", 1), "qacct": (SGE_ENDED.format(137), 0)}, "failed"),
        ({"qstat": ("no job", 1), "qacct": ("failed 100\nexit_status 0", 0)}, "failed"),
        ({"bjobs": ("PEND", 0)}, "running"),
        ({"bjobs": ("DONE", 0)}, "success"),
        ({"bjobs": ("EXIT", 0)}, "failed"),
        ({"bjobs": ("Job <7> is not found", 255)}, "failed"),
        ({"bjobs": (FAULT, 255)}, "running"),
    ],
)
def test_state_of_a_job_in_the_words_of_each_scheduler(scheduler, programs, word):
    if shutil.which("qacct") or shutil.which("bjobs"):
        pytest.skip("a scheduler is installed here")
    scheduler(**{name: answering(*answer) for name, answer in programs.items()})
    assert job_status("7.server") == word


def test_number_is_read_from_what_bsub_prints(scheduler):
    scheduler(bjobs='#!/bin/sh\n[ "$4" = 7 ] && echo DONE || echo EXIT\n')
    assert job_status("Job <7> is submitted to queue <normal>.") == "success"
