"""The installed Snakemake, driven on a small workflow, says and names what is known of it here.

Where one of these fails, another Snakemake says something in another way: run/snakemake_words.py is
the place to follow it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import snakemake
from snakemake.cli import get_argument_parser
from snakemake_interface_logger_plugins.common import LogEvent
from workflow_study import ROOT, SERVER

from accumulation.run import snakemake_words as words

PROGRAM = Path(snakemake.__file__).parent
SNAKEFILE = """\
import json, logging
from accumulation.run import snakemake_words as words

FIELDS = "jobid job_id rule_name wildcards log output done total".split()


class Recorder(logging.Handler):
    def emit(self, record):
        fields = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        told = {"event": words.event_of(record), "last": words.ends_a_failed_run(record)}
        with open("events", "a") as file:
            file.write(json.dumps(told | fields, default=dict) + "\\n")


onstart:
    if "redirect" in config:
        words.redirect(Recorder(), words.is_verbose(workflow))
    if "keep_going" in config:
        words.keep_going(workflow)
    if "end" in config:
        words.end_gently(workflow)


with open("settings", "w") as file:
    known = [words.is_quiet(workflow), words.is_verbose(workflow)]
    json.dump([*known, words.is_on_a_cluster(workflow), words.cores_of(workflow)], file)


rule all:
    localrule: True
    input:
        "b/one.txt",
        "b/two.txt",


rule first:
    input:
        "in.txt",
        config.get("more", []),
    output:
        "a/{name}.txt",
    log:
        "logs/{name}.log",
    params:
        value=config.get("value", 1),
    shell:
        "echo {params.value} > {output}; ls .snakemake/locks >> {output} 2> {log}"


rule second:
    localrule: True
    input:
        "a/{name}.txt",
    output:
        "b/{name}.txt",
    shell:
        config.get("second", "cp {input} {output}")
"""


class Workflow:
    """The workflow in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "Snakefile").write_text(SNAKEFILE)
        for name in ("in.txt", "more.txt"):
            (folder / name).write_text("1\n")

    def snakemake(self, *options: str) -> subprocess.CompletedProcess:
        """Run it; the words of the terminal are in ``stdout``."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")}
        done = SERVER.run(
            ["--cores", "1", *options],
            self.folder,
            environment | {"PYTHONPATH": str(ROOT / "src")},
            timeout=120,
        )
        done.stdout += done.stderr
        return done

    def planned(self, *options: str) -> list[words.PlannedJob]:
        done = self.snakemake(*words.PLAN, *options)
        assert done.returncode == 0, done.stdout
        return words.planned_jobs(done.stdout)

    def reasons(self, *options: str) -> dict[str, str]:
        """Why each job but the target would run, in our words, by its first output."""
        planned = self.planned(*options)
        return {job.output: words.in_plain_words(job.reason) for job in planned if job.output}

    def events(self, name: str) -> list[dict]:
        told = [json.loads(line) for line in (self.folder / "events").read_text().splitlines()]
        return [one for one in told if one["event"] == name]


@pytest.fixture
def fresh(tmp_path):
    return Workflow(tmp_path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workflow = Workflow(tmp_path_factory.mktemp("run"))
    done = workflow.snakemake()
    assert done.returncode == 0, done.stdout
    return workflow


@pytest.fixture
def done(run, tmp_path):
    """The workflow after a run, for a test of its own."""
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    copy = object.__new__(Workflow)
    copy.folder = tmp_path
    return copy


def test_a_printed_plan_is_read(fresh):
    jobs = fresh.planned()
    assert sorted((job.rule, job.output, job.wildcards.get("name", "")) for job in jobs) == [
        ("all", "", ""),
        ("first", "a/one.txt", "one"),
        ("first", "a/two.txt", "two"),
        ("second", "b/one.txt", "one"),
        ("second", "b/two.txt", "two"),
    ]
    new = "it is not there yet"
    assert fresh.reasons() == {
        "a/one.txt": new,
        "a/two.txt": new,
        "b/one.txt": f"{new} and what it is made from is computed anew",
        "b/two.txt": f"{new} and what it is made from is computed anew",
    }


AGAIN = "what it is made from is computed anew"


@pytest.mark.parametrize(
    ("options", "first", "second"),
    [
        ((), None, None),
        (("--config", "value=2"), "its parameters or its code have changed", AGAIN),
        (("--config", "more=more.txt"), "it is made from other files than before", AGAIN),
        (("--config", "second=cat {input} > {output}"), None, "its rule has changed"),
    ],
    ids=["nothing", "params", "inputs", "code"],
)
def test_reasons_of_a_rerun_are_told_in_our_words(done, options, first, second):
    expected = {"a/one.txt": first, "b/one.txt": second}
    found = done.reasons(*options)
    assert {name: found.get(name) for name in expected} == expected


def test_an_edited_input_is_told_in_our_words(done):
    (done.folder / "in.txt").write_text("2\n")
    assert done.reasons()["a/one.txt"] == "what it is made from has changed"


def test_a_killed_run_leaves_its_locks_where_they_are_looked_for(done):
    """And without them the next one begins, and tells that a file is incomplete."""
    # The job's parent is Snakemake itself.
    killing = ("--config", "second=touch {output}; kill -9 $PPID; sleep 9")
    assert done.snakemake("--forcerun", "second", *killing).returncode == -signal.SIGKILL
    locks = words.locks(done.folder / words.FOLDER)
    assert any(locks.iterdir())
    assert done.snakemake().returncode != 0
    shutil.rmtree(locks)
    found = done.reasons("--rerun-incomplete")
    assert set(found.values()) == {"an earlier run was cut off while making it"}
    assert done.snakemake("--rerun-incomplete").returncode == 0
    assert done.reasons() == {}


def test_every_reason_that_is_known_is_one_of_snakemakes():
    text = (PROGRAM / "jobs.py").read_text(encoding="utf-8")
    for theirs in words.REASONS:
        assert theirs in text


@pytest.mark.parametrize(
    ("pattern", "destinations"),
    [
        (
            words.LOOKING,
            {
                *("dryrun", "lint", "summary", "detailed_summary", "dag", "d3dag", "rulegraph"),
                *("filegraph", "report", "list_rules", "list_target_rules", "list_changes"),
                *("list_code_changes", "list_input_changes", "list_params_changes"),
                *("list_untracked", "list_conda_envs"),
            },
        ),
        (words.CORES, {"cores", "jobs", "executor", "profile", "workflow_profile"}),
        (words.PROFILE, {"workflow_profile"}),
        (words.CONFIG, {"configfile", "configfiles"}),
    ],
    ids=["look", "cores", "profile", "config"],
)
def test_options_are_those_of_the_program(pattern, destinations):
    """Every spelling of them is known, and no other option is taken for one."""
    known = {
        (action.dest, option)
        for action in get_argument_parser()._actions
        for option in action.option_strings
    }
    meant = {(dest, option) for dest, option in known if pattern.fullmatch(option)}
    assert meant == {(dest, option) for dest, option in known if dest in destinations}
    assert {dest for dest, _ in meant}


def test_settings_of_a_run_are_found(fresh):
    def settings(*options):
        assert fresh.snakemake("-n", *options).returncode == 0
        return json.loads((fresh.folder / "settings").read_text())

    assert settings("--cores", "3") == [False, False, False, 3]
    assert settings("--quiet", "progress") == [True, False, False, 1]
    assert settings("--verbose", "--quiet", "all")[:2] == [True, True]
    # An executor that is not this machine's, and one that every Snakemake has.
    assert settings("--executor", "dryrun", "--jobs", "1")[2]


def test_events_of_jobs_have_the_fields_that_are_told(fresh):
    failing = "second=echo a > {output}; [ {wildcards.name} = two ]"
    done = fresh.snakemake("--config", "redirect=1", "keep_going=1", failing)
    assert done.returncode != 0
    begun = {one["jobid"]: one for one in fresh.events(words.JOB_INFO)}
    assert {(one["rule_name"], one["wildcards"].get("name")) for one in begun.values()} == {
        *(("first", "one"), ("first", "two"), ("second", "one"), ("second", "two")),
    }
    firsts = [one for one in begun.values() if one["rule_name"] == "first"]
    assert [one["log"] for one in firsts] == [
        [f"logs/{one['wildcards']['name']}.log"] for one in firsts
    ]
    finished = [begun[one["job_id"]]["rule_name"] for one in fresh.events(words.JOB_FINISHED)]
    assert sorted(finished) == ["first", "first", "second"]
    assert [(one["done"], one["total"]) for one in fresh.events(words.PROGRESS)][-1] == (3, 5)
    (failed,) = fresh.events(words.JOB_ERROR)
    assert (failed["rule_name"], failed["output"]) == ("second", ["b/one.txt"])
    assert failed["jobid"] in begun
    told = [json.loads(line) for line in (fresh.folder / "events").read_text().splitlines()]
    assert sum(one["last"] for one in told) == 1
    # Of all this the terminal shows nothing, and the log file all.
    for noise in (*words.NOISE, words.LAST, "rule first:", "Error in rule"):
        assert noise not in done.stdout
    log = max((fresh.folder / words.FOLDER / "log").iterdir()).read_text()
    assert "rule first:" in log
    assert "ls .snakemake/locks" in log  # a command line


def test_events_are_those_of_the_program():
    assert {one.value for one in LogEvent} >= words.EVENTS
    # Of jobs that are submitted together: of each what a job's own error has.
    text = "".join(path.read_text(encoding="utf-8") for path in PROGRAM.rglob("*.py"))
    assert re.search(r"event=LogEvent\.GROUP_ERROR", text)
    assert "job_error_info" in text


def test_noise_is_what_a_failed_run_says(fresh):
    """Of one with a job that fails, and of one that is ended."""
    told = ""
    for options in (["second=echo a > {output}; exit 1"], ["end=1"]):
        done = fresh.snakemake("--config", *options)
        assert done.returncode != 0
        told += done.stdout
        assert not [*fresh.folder.glob("b/*")]
    lines = [line.strip() for line in told.splitlines()]
    for noise in words.NOISE:
        assert any(line.startswith(noise) for line in lines), noise
    assert words.LAST in told


@pytest.mark.parametrize(
    ("switch", "made"), [((), False), (("keep_going=1",), True)], ids=["as usual", "going on"]
)
def test_what_fails_stops_only_what_is_made_from_it(fresh, switch, made):
    failing = "second=mkdir failed && exit 1; touch {output}"  # whichever is the first
    assert fresh.snakemake("--config", failing, *switch).returncode != 0
    assert len([*fresh.folder.glob("b/*.txt")]) == made
