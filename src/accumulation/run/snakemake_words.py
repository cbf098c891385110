"""Interface to Snakemake: options, the printed plan, locks, log events and settings.

No other module of the package parses Snakemake's output or uses its internal names.  The tests run
the installed Snakemake and fail if a version words or names something differently.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Options ------------------------------------------------------------------------------------------

# Options that only look, which is allowed during a run.
LOOKING = re.compile(
    r"-[npqrFR]*n[npqrFR]*|-[lSD]|--dry-?run|--lint|--(detailed-)?summary|--d3dag|--dag"
    r"|--rulegraph|--filegraph|--report|--list(-.*)?|--l[tcipu]"
)
# Options after which the number of cores, or a profile, is not added.
CORES = re.compile(r"(-c|-j|-e|--cores|--jobs|--executor|--profile|--workflow-profile)(=.*|\d.*)?")
PROFILE_OPTION = "--workflow-profile"
PROFILE = re.compile(PROFILE_OPTION + r"(=.*)?")
CONFIG_OPTION = "--configfile"
CONFIG = re.compile(CONFIG_OPTION + r"s?(=.*)?")
# A plan with its reasons and without colours, on any machine.
PLAN = ("-n", "--cores", "1", "--quiet", "host", "--nocolor")


def has(options: Iterable[str], pattern: re.Pattern) -> bool:
    """Whether one of these options of a command line matches the pattern."""
    return any(map(pattern.fullmatch, options))


# Locks --------------------------------------------------------------------------------------------

# Folder of its records; its locks, which remain after SIGKILL, are files there.
FOLDER = ".snakemake"


def locks(folder: str | Path = FOLDER) -> Path:
    """The folder of the locks of a run."""
    return Path(folder) / "locks"


# The printed plan ---------------------------------------------------------------------------------

# Its reasons for running a job, and our wording.
REASONS = {
    "Missing output files": "it is not there yet",
    "Updated input files": "what it is made from has changed",
    "Input files updated by another job": "what it is made from is computed anew",
    "Params have changed": "its parameters or its code have changed",
    "Set of input files has changed": "it is made from other files than before",
    "Code has changed": "its rule has changed",
    "Software environment": "its software environment has changed",
    # With --rerun-incomplete, as in our profiles, it forces jobs that an earlier run left
    # incomplete; plans have no other option that forces a job.
    "Forced execution": "an earlier run was cut off while making it",
}


@dataclass(frozen=True)
class PlannedJob:
    """A job that a run would start: rule, first output, wildcards, and why in Snakemake's words."""

    rule: str
    output: str
    wildcards: dict[str, str]
    reason: str


def planned_jobs(printed: str) -> list[PlannedJob]:
    """The jobs of a plan that Snakemake printed with the options `PLAN`, in its order."""
    jobs = []
    for block in re.split(r"^(?=(?:local)?rule )", printed, flags=re.MULTILINE):
        header = re.match(r"(?:local)?rule (\w+):", block)
        if header:
            fields = dict(re.findall(r"^    (\w+): (.*)$", block, flags=re.MULTILINE))
            wildcards = dict(re.findall(r"(\w+)=([^,]+)", fields.get("wildcards", "")))
            output = fields.get("output", "").split(", ")[0]
            jobs.append(PlannedJob(header[1], output, wildcards, fields.get("reason", "")))
    return jobs


def in_plain_words(reason: str) -> str:
    """The reason for running a job, in our wording."""
    plain = [ours for theirs, ours in REASONS.items() if theirs.lower() in reason.lower()]
    return " and ".join(dict.fromkeys(plain)) or reason or "it has to"


# Log events and messages --------------------------------------------------------------------------

# Starts of messages that are not shown, as a run has hundreds of them.
NOISE = (
    "Select jobs to execute",
    "Execute ",
    "RuleException",
    "CalledProcessError",
    "Removing output files of failed job",
    "Shutting down, this might take some time",
    "Will exit after finishing currently running jobs",
    "Exiting because a job execution failed",
)
# The last message of a run that failed.
LAST = "At least one job did not complete successfully"
# Events of a job, which are reported in our own format.
JOB_INFO, JOB_FINISHED, PROGRESS = "job_info", "job_finished", "progress"
JOB_ERROR, GROUP_ERROR = "job_error", "group_error"
EVENTS = {
    *(JOB_INFO, JOB_FINISHED, PROGRESS, JOB_ERROR, GROUP_ERROR),
    *("group_info", "shellcmd", "job_started"),
}
# Events that are plain messages.
WORDS = (None, "error")
LOGGER, TO_TERMINAL, TO_FILE = (
    "snakemake.logging",
    "DefaultStreamHandler",
    "DefaultLogFileHandler",
)


def event_of(record: logging.LogRecord) -> str | None:
    """Name of the event of a log record, None for a plain message."""
    event = getattr(record, "event", None)
    return None if event is None else str(getattr(event, "value", event)).lower()


def ends_a_failed_run(record: logging.LogRecord) -> bool:
    """Whether a log record is the last message of a run that failed."""
    return event_of(record) in WORDS and LAST in str(record.msg)


def is_shown(record: logging.LogRecord) -> bool:
    """Whether Snakemake's own line is shown in the terminal."""
    event = event_of(record)
    if event not in WORDS:
        return event not in EVENTS
    words = str(record.msg or "").strip()
    return not words.startswith(NOISE) and LAST not in words


def redirect(handler: logging.Handler, verbose: bool) -> None:
    """Add our handler to Snakemake's logger and limit its own lines in the terminal.

    Its log file has all lines; with ``verbose`` the terminal has them too.
    """
    logger = logging.getLogger(LOGGER)
    for existing in logger.handlers:
        if existing.name == TO_TERMINAL and not verbose:
            existing.addFilter(is_shown)
        elif existing.name == TO_FILE:
            for part in (*existing.filters, existing.formatter):
                part.quiet = set()
                part.printshellcmds = True
    logger.addHandler(handler)


# Its settings -------------------------------------------------------------------------------------


def is_quiet(workflow) -> bool:
    """Whether the user switched off the lines of jobs."""
    return bool({"ALL", "PROGRESS"} & {one.name for one in workflow.output_settings.quiet or ()})


def is_verbose(workflow) -> bool:
    """Whether the user requested all lines of Snakemake."""
    return workflow.output_settings.verbose


def keep_going(workflow) -> None:
    """Let a failure stop only the jobs that depend on it, with or without the profile."""
    workflow.scheduler.keepgoing = True


def end_gently(workflow) -> None:
    """Start no more jobs, not even further attempts, as after SIGTERM."""
    workflow.scheduler._user_kill = "graceful"


def is_on_a_cluster(workflow) -> bool:
    """Whether jobs run on other machines, each with its own cores."""
    return workflow.remote_exec or workflow.nodes is not None


def cores_of(workflow) -> int:
    """Cores of this machine that a run may use; 1 if none are set, as in a plan."""
    return workflow.resource_settings.cores or 1
