"""What is known here of Snakemake: options, the printed plan, locks, log events and its switches.

Nothing else in the package reads Snakemake's words or calls what it does not promise to keep.  The
tests drive the installed Snakemake and fail where another one says or names something otherwise.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Options ------------------------------------------------------------------------------------------

# What only looks, and may do so beside a run.
LOOKING = re.compile(
    r"-[npqrFR]*n[npqrFR]*|-[lSD]|--dry-?run|--lint|--(detailed-)?summary|--d3dag|--dag"
    r"|--rulegraph|--filegraph|--report|--list(-.*)?|--l[tcipu]"
)
# After which the number of cores, or a profile, is not ours to choose.
CORES = re.compile(r"(-c|-j|-e|--cores|--jobs|--executor|--profile|--workflow-profile)(=.*|\d.*)?")
PROFILE_OPTION = "--workflow-profile"
PROFILE = re.compile(PROFILE_OPTION + r"(=.*)?")
CONFIG_OPTION = "--configfile"
CONFIG = re.compile(CONFIG_OPTION + r"s?(=.*)?")
# A plan with its reasons and without colours, on any machine.
PLAN = ("-n", "--cores", "1", "--quiet", "host", "--nocolor")


def has(options: Iterable[str], pattern: re.Pattern) -> bool:
    """Whether one of these options of a command line is one of the pattern's."""
    return any(map(pattern.fullmatch, options))


# Locks --------------------------------------------------------------------------------------------

# Where it keeps its records of a folder; its locks, which SIGKILL leaves behind, are files there.
FOLDER = ".snakemake"


def locks(folder: str | Path = FOLDER) -> Path:
    """The folder of the locks of a run."""
    return Path(folder) / "locks"


# The printed plan ---------------------------------------------------------------------------------

# Its words for why a job would run, and ours.
REASONS = {
    "Missing output files": "it is not there yet",
    "Updated input files": "what it is made from has changed",
    "Input files updated by another job": "what it is made from is computed anew",
    "Params have changed": "its parameters or its code have changed",
    "Set of input files has changed": "it is made from other files than before",
    "Code has changed": "its rule has changed",
    "Software environment": "its software environment has changed",
    # With --rerun-incomplete, as in our profiles, it forces what an earlier run left incomplete; a
    # plan is asked for with no other option that forces anything.
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
    """The jobs of a plan that Snakemake printed when it was asked with `PLAN`, in its order."""
    jobs = []
    for block in re.split(r"^(?=(?:local)?rule )", printed, flags=re.MULTILINE):
        named = re.match(r"(?:local)?rule (\w+):", block)
        if named:
            fields = dict(re.findall(r"^    (\w+): (.*)$", block, flags=re.MULTILINE))
            wildcards = dict(re.findall(r"(\w+)=([^,]+)", fields.get("wildcards", "")))
            output = fields.get("output", "").split(", ")[0]
            jobs.append(PlannedJob(named[1], output, wildcards, fields.get("reason", "")))
    return jobs


def in_plain_words(reason: str) -> str:
    """Why a job would run, in our words."""
    plain = [ours for theirs, ours in REASONS.items() if theirs.lower() in reason.lower()]
    return " and ".join(dict.fromkeys(plain)) or reason or "it has to"


# Log events and messages --------------------------------------------------------------------------

# What it says of its own doings, of which a run has hundreds of lines.
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
# With this a run that failed ends.
LAST = "At least one job did not complete successfully"
# Events of a job, which are told in our own way.
JOB_INFO, JOB_FINISHED, PROGRESS = "job_info", "job_finished", "progress"
JOB_ERROR, GROUP_ERROR = "job_error", "group_error"
EVENTS = {
    *(JOB_INFO, JOB_FINISHED, PROGRESS, JOB_ERROR, GROUP_ERROR),
    *("group_info", "shellcmd", "job_started"),
}
# Events that are plain words.
WORDS = (None, "error")
LOGGER, TO_TERMINAL, TO_FILE = (
    "snakemake.logging",
    "DefaultStreamHandler",
    "DefaultLogFileHandler",
)


def event_of(record: logging.LogRecord) -> str | None:
    """Name of the event that a record tells of, None for words."""
    event = getattr(record, "event", None)
    return None if event is None else str(getattr(event, "value", event)).lower()


def ends_a_failed_run(record: logging.LogRecord) -> bool:
    """Whether a record is the last word of a run that failed."""
    return event_of(record) in WORDS and LAST in str(record.msg)


def is_shown(record: logging.LogRecord) -> bool:
    """Whether Snakemake's own line stays in the terminal."""
    event = event_of(record)
    if event not in WORDS:
        return event not in EVENTS
    words = str(record.msg or "").strip()
    return not words.startswith(NOISE) and LAST not in words


def redirect(handler: logging.Handler, verbose: bool) -> None:
    """Send its events to our handler; its own lines to its log file, the others to the terminal.

    ``verbose``: the user wants to see them all.
    """
    logger = logging.getLogger(LOGGER)
    for own in logger.handlers:
        if own.name == TO_TERMINAL and not verbose:
            own.addFilter(is_shown)
        elif own.name == TO_FILE:
            for part in (*own.filters, own.formatter):
                part.quiet = set()
                part.printshellcmds = True
    logger.addHandler(handler)


# Its settings and switches ------------------------------------------------------------------------


def is_quiet(workflow) -> bool:
    """Whether the user asked for no lines of jobs."""
    return bool({"ALL", "PROGRESS"} & {one.name for one in workflow.output_settings.quiet or ()})


def is_verbose(workflow) -> bool:
    """Whether the user asked for every line of Snakemake's."""
    return workflow.output_settings.verbose


def keep_going(workflow) -> None:
    """What fails stops only what is made from its file, with or without the profile."""
    workflow.scheduler.keepgoing = True


def end_gently(workflow) -> None:
    """As after SIGTERM: no job is started any more, whatever may be tried again."""
    workflow.scheduler._user_kill = "graceful"


def is_on_a_cluster(workflow) -> bool:
    """Whether jobs run on other machines; there is one for each, so each has a core of its own."""
    return workflow.remote_exec or workflow.nodes is not None


def cores_of(workflow) -> int:
    """Cores of this machine that a run may use; 1 of what only looks, which is told of none."""
    return workflow.resource_settings.cores or 1
