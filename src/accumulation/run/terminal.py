"""Output of a run: a line for each finished job; error messages when they occur and at the end.

Snakemake's own messages are in its log in ``.snakemake/log``, with every command line.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from ..errors import DISK_FULL, UserError, not_written
from ..jobs.job_logs import sentence_of
from ..study.grid import tile_path
from ..study.stages import RESPONSE
from . import snakemake_words as words
from .progress import Progress

# The line in the log of a tile.
COMPUTED = re.compile(r"\d+ points, \d+ computed, \d+ kept")
ROOM = 1_000_000  # bytes; a disk with less free space counts as full


class Terminal(logging.Handler):
    """Reports every job that ends, and failures.

    Parameters
    ----------
    system_of : system of each tile, by its path;  points_of : number of its points
    progress : of the grids' points
    stop : called when the disk is full, to end the run
    stream : where to write, standard error by default
    quiet : do not report jobs that succeed
    """

    def __init__(
        self,
        system_of: dict[str, str],
        points_of: dict[str, int],
        progress: Progress,
        stop: Callable[[], None],
        stream=None,
        quiet: bool = False,
    ):
        super().__init__()
        self._system_of, self._points_of, self._progress = system_of, points_of, progress
        self._stop, self._stream, self._quiet = stop, stream or sys.stderr, quiet
        self._jobs: dict[int, tuple[str, dict]] = {}
        self._logs: dict[int, list[str]] = {}
        self._ended: list[int] = []
        self._failed: dict[int, str] = {}
        self.disk_is_full = False

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one event of Snakemake."""
        event = words.event_of(record)
        if event == words.JOB_INFO:
            self._jobs[record.jobid] = (record.rule_name, dict(record.wildcards or {}))
            self._logs[record.jobid] = list(record.log or [])
            if record.rule_name == "tile":
                self._progress.begin()
        elif event == words.JOB_FINISHED:
            self._ended.append(record.job_id)
            self._failed.pop(record.job_id, None)  # a later attempt has succeeded
        elif event == words.PROGRESS:
            for job in self._ended:
                self._tell_end(job, record.done, record.total)
            self._ended.clear()
        elif event == words.JOB_ERROR:
            self._tell_error(vars(record))
        elif event == words.GROUP_ERROR:
            for job in record.job_error_info:
                self._tell_error(job)
        elif words.ends_a_failed_run(record):
            self._write("\n".join(self.sentences()))

    def sentences(self) -> list[str]:
        """The error messages, each once."""
        return list(dict.fromkeys(self._failed.values()))

    def _tell_end(self, job: int, ended: int, total: int) -> None:
        rule, wildcards = self._jobs.get(job, ("job", {}))
        if rule == "tile":
            self._progress.finish(tile_path(**wildcards))
        if rule == "all" or self._quiet:
            return
        line = f"[{ended}/{total}] {self._words(rule, wildcards)}"
        if rule == "tile":
            path = tile_path(**wildcards)
            line += f": {self._points(job, path)}, of {self._system_of.get(path, 'a grid')}"
        if self._progress.completed:
            line += f" ({self._progress.line().strip()})"
        self._write(line)

    def _words(self, rule: str, wildcards: dict) -> str:
        """The stage and system of a job, such as ``bands of chiral``."""
        if rule == "tile":
            return f"{wildcards['stage']} tile {wildcards['tile']}"
        name = {"report_page": "report", "merge": RESPONSE}.get(rule, rule.replace("_", " "))
        if "figure" in wildcards:
            return f"{name} {wildcards['figure']}"
        return f"{name} of {wildcards['system']}" if "system" in wildcards else name

    def _points(self, job: int, path: str) -> str:
        """Number of points of a tile, and of points computed if its log has that number."""
        for log in self._logs.get(job, ()):
            with contextlib.suppress(OSError):
                counts = COMPUTED.findall(Path(log).read_text(encoding="utf-8", errors="replace"))
                if counts:
                    return counts[-1]
        return f"{self._points_of.get(path, 0)} points"

    def _tell_error(self, job: dict) -> None:
        logs, outputs = list(job["log"] or []), list(job["output"] or [])
        sentence = sentence_of(logs)
        # A log on a full disk is empty.
        if sentence is None and outputs and _is_full(Path(outputs[0]).parent):
            sentence = f"error: {not_written(outputs[0], OSError(), full=True)}"
        rule, wildcards = self._jobs.get(job["jobid"], (job["rule_name"], {}))
        what = self._words(rule, wildcards)
        if rule == "tile":
            what += f" of {self._system_of.get(tile_path(**wildcards), 'a grid')}"
        sentence = sentence or f"error: {what}: it was ended, and its log says nothing"
        self._failed[job["jobid"]] = sentence
        where = f" (log: {logs[0]})" if logs else ""
        self._write(f"{sentence}\nfailed: {what}{where}")
        if DISK_FULL in sentence and not self.disk_is_full:
            self.disk_is_full = True
            self._write("the run stops here, as nothing more can be written")
            self._stop()

    def _write(self, text: str) -> None:
        # Overwrite the progress line of a terminal.
        start = "\r" if self._stream.isatty() else ""
        with contextlib.suppress(OSError):
            lines = [f"{line:<60}" if start else line for line in text.splitlines()]
            self._stream.write(start + "".join(f"{line}\n" for line in lines))
            self._stream.flush()


def _is_full(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free < ROOM
    except OSError:
        return False


class Display:
    """Output of a run from its start to its end.

    Parameters
    ----------
    workflow : Snakemake's;  study : :class:`accumulation.study.study.Study`
    """

    def __init__(self, workflow, study):
        self._workflow, self._study = workflow, study
        # A point counts once for each stage.
        self._progress = Progress((tile.path, len(tile.keys)) for tile in study.tiles.values())
        self._terminal: Terminal | None = None

    def start(self) -> None:
        """Begin to report jobs instead of Snakemake, whose log file has all messages."""
        workflow, study = self._workflow, self._study
        words.keep_going(workflow)
        self._terminal = Terminal(
            {path: name for name in study.grids for path in study.paths_of_tiles(name)},
            {path: len(tile.keys) for path, tile in study.tiles.items()},
            self._progress,
            self._stop,
            quiet=words.is_quiet(workflow),
        )
        words.redirect(self._terminal, words.is_verbose(workflow))
        self._progress.start()

    def _stop(self) -> None:
        words.end_gently(self._workflow)

    def succeed(self) -> None:
        """Print the path of the report."""
        self._progress.stop()
        path = self._study.report_path()
        print(f"Done: {path} shows the study; datasets and figures are beside it")

    def fail(self) -> None:
        """Write the report of a run in which figures failed, with error messages in their places.

        If no figure failed, or the disk is full, the report is not changed.
        """
        self._progress.stop()
        if self._terminal is not None and self._terminal.disk_is_full:
            return
        from ..report import page as report
        from ..report.page_figures import failure_of

        study = self._study
        page = Path(study.report_path())
        figure_files = zip(study.figures, study.pictures(), strict=True)
        missing = [name for name, path in figure_files if not os.path.exists(path)]
        if not any(failure_of(page.parent, name) for name in missing):
            return
        inputs = [*study.pictures(), *([study.evidence_path("nc")] if study.theories else [])]
        try:
            report.write(json.loads(report.spec(study)), inputs, str(page))
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            return
        print(f"{page} shows the study without {', '.join(missing)}", file=sys.stderr)
