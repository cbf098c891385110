"""What a run shows of its jobs and errors, and Snakemake's words that this is made from."""

import io
import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from workflow_study import Project, config

from accumulation.jobs.job_logs import sentence_of
from accumulation.run import snakemake_words, terminal
from accumulation.run.progress import Progress

TILE = {"stage": "elements", "group": "0" * 12, "tile": "1" * 12}
PATH = f"results/tiles/elements/{'0' * 12}/{'1' * 12}.nc"


def record(event=None, words="", **fields):
    made = logging.makeLogRecord({"msg": words, **fields})
    if event:
        made.event = event
    return made


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A terminal of a run with one tile of 8 points, what it wrote, and how often it was ended."""
    monkeypatch.chdir(tmp_path)
    stream, stopped = io.StringIO(), []
    told = terminal.Terminal(
        {PATH: "map"}, {PATH: 8}, Progress([(PATH, 8)], stream), lambda: stopped.append(1), stream
    )
    return told, stream, stopped


def begin(told, jobid, rule, log=(), **wildcards):
    fields = {"jobid": jobid, "rule_name": rule, "wildcards": wildcards, "log": list(log)}
    told.handle(record(LogEvent.JOB_INFO, **fields))


def end(told, jobid, done, total):
    told.handle(record(LogEvent.JOB_FINISHED, job_id=jobid))
    told.handle(record(LogEvent.PROGRESS, None, done=done, total=total))


def fail(told, jobid, log, output="results/small/chiral/bands.nc"):
    fields = {"jobid": jobid, "rule_name": "bands", "log": [str(log)], "output": [output]}
    told.handle(record(LogEvent.JOB_ERROR, "Error in rule bands", shellcmd="python -m", **fields))


def test_each_job_has_one_line_with_stage_system_points_rate_and_time_left(
    shown, monkeypatch, tmp_path
):
    told, stream, _ = shown
    now = [50.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    begin(told, 1, "bands", system="chiral")
    end(told, 1, 1, 4)
    log = tmp_path / "tile.log"
    log.write_text("elements tile 1: 8 points, 5 computed, 3 kept, 0.2 s\n")
    begin(told, 2, "tile", [str(log)], **TILE)
    now[0] = 54.0
    end(told, 2, 2, 4)
    begin(told, 3, "figure", figure="fig1")
    end(told, 3, 3, 4)
    begin(told, 4, "all")
    end(told, 4, 4, 4)
    assert stream.getvalue().splitlines() == [
        "[1/4] bands of chiral",
        f"[2/4] elements tile {TILE['tile']}: 8 points, 5 computed, 3 kept, of map "
        "(8/8 points, 2 points/s, 0:00:00 left)",
        "[3/4] figure fig1 (8/8 points, 2 points/s, 0:00:00 left)",
    ]


def test_the_sentence_of_an_error_is_first_and_last_and_without_the_command(shown, tmp_path):
    told, stream, stopped = shown
    log = tmp_path / "bands.log"
    log.write_text("a warning\nerror: `k`: got 3; allowed: an integer of at least 8\n")
    begin(told, 7, "bands", system="chiral")
    fail(told, 7, log)
    told.handle(record(LogEvent.ERROR, f"WorkflowError:\n{snakemake_words.LAST}."))
    lines = stream.getvalue().splitlines()
    sentence = "error: `k`: got 3; allowed: an integer of at least 8"
    assert lines == [sentence, f"failed: bands of chiral (log: {log})", sentence]
    assert stopped == []


def test_a_job_that_succeeds_when_tried_again_has_not_failed(shown, tmp_path):
    told, _, _ = shown
    begin(told, 7, "bands", system="chiral")
    fail(told, 7, tmp_path / "none.log")
    assert told.sentences() == ["error: bands of chiral: it was ended, and its log says nothing"]
    end(told, 7, 1, 1)
    assert told.sentences() == []


def test_a_traceback_is_told_by_its_last_line(tmp_path):
    log = tmp_path / "job.log"
    log.write_text("Traceback (most recent call last):\n  File x\nKeyError: 'y'\n\n")
    assert sentence_of([str(tmp_path / "none.log"), str(log)]) == "error: KeyError: 'y'"


@pytest.mark.parametrize("in_log", [True, False], ids=["told", "no room for the log"])
def test_a_full_disk_ends_the_run(shown, tmp_path, monkeypatch, in_log):
    told, stream, stopped = shown
    log = tmp_path / "bands.log"
    sentence = "error: `results/small/chiral/bands.nc`: got the disk is full; allowed: "
    log.write_text(f"{sentence}room\n" if in_log else "")
    if not in_log:
        usage = type("usage", (), {"free": 4096})
        monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    begin(told, 7, "bands", system="chiral")
    fail(told, 7, log)
    fail(told, 7, log)
    assert stream.getvalue().startswith(sentence)
    assert stopped == [1]


def test_figure_that_fails_is_named_stops_no_other_and_stands_in_the_page(finished, tmp_path):
    project = Project.copied(finished, tmp_path)
    broken = '"""Breaks."""\nNEEDS = ("response",)\n\n\ndef draw(systems):\n    return 1 / 0\n'
    (project.folder / "broken.py").write_text(broken)
    asked = config(figures__profile__options__title="b")
    asked["figures"] = {"broken": {"systems": ["flake"]}} | asked["figures"]
    asked["figures"]["default"] = True
    project.write(asked)
    # Without a profile, too.
    done = project.snakemake("--cores", "2", "--workflow-profile", "none")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    sentence = (
        "error: `figures.broken`: got ZeroDivisionError: division by zero (broken.py, line 6); "
        "allowed: a draw() that works for these systems and options"
    )
    lines = [line.strip() for line in text.strip().splitlines()]
    assert lines[-1] == sentence
    assert lines.count(sentence) == 2
    for noise in ("Select jobs", "ACCUMULATION_PYTHON", "Traceback", "CalledProcessError"):
        assert noise not in text
    # Its command line is in the log.
    logs = sorted((project.folder / ".snakemake" / "log").iterdir())
    assert (
        '-IS "$ACCUMULATION_JOB" figure @results/small/specs/figures/broken.json'
        in logs[-1].read_text()
    )
    results = project.folder / "results" / "small"
    drawn = {path.stem for path in (results / "figures").glob("*.png")}
    assert drawn == {"profile", "other", "trivial", "graphene", "flake"}
    page = (results / "report.html").read_text()
    place = page[page.index('id="figure-broken"') :]
    assert (
        "ZeroDivisionError: division by zero (broken.py, line 6)"
        in place[: place.index("<h3>", 60)]
    )
    assert page.count('class="picture"') == 5
    # Not under its own name, which is one of Python's library too.
    (project.folder / "own_profile.py").write_text((project.folder / "profile.py").read_text())
    (project.folder / "broken.py").write_text(
        broken.replace("return 1 / 0", "from own_profile import draw as d\n    return d(systems)")
    )
    text = project.run(cores=1)
    assert "Done: results/small/report.html shows the study" in text
    page = (results / "report.html").read_text()
    assert page.count('class="picture"') == 6
    assert "ZeroDivisionError" not in page
    assert project.planned(without=()) == {}
