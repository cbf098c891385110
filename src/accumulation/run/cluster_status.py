"""Status of a job on a PBS, SGE or LSF cluster, as one word for Snakemake.

A job that the cluster kills for exceeding its memory or time reports nothing itself; without this
status, a run would wait for it indefinitely.
"""

from __future__ import annotations

import re
import shutil
import subprocess

RUNNING, SUCCESS, FAILED = "running", "success", "failed"


def job_status(job: str) -> str:
    """``running`` (or waiting), ``success`` or ``failed``.

    Parameters
    ----------
    job : output of the submit command, such as ``123.server`` or ``Job <123> is submitted``

    If the scheduler does not answer, the job counts as running and is checked again later.
    """
    number = re.search(r"<(\d+)>", job)
    name = number[1] if number else (job.split() or [""])[0]
    if shutil.which("bjobs"):
        return _lsf(name)
    return _sge(name) if shutil.which("qacct") else _pbs(name)


def _lsf(job: str) -> str:
    """``bjobs``: DONE, EXIT or ZOMBI at the end; a job unknown to LSF did not succeed."""
    _, text = _answer("bjobs", "-noheader", "-o", "stat", job)
    if re.search(r"\bDONE\b", text):
        return SUCCESS
    return FAILED if re.search(r"\b(EXIT|ZOMBI|not found)\b", text) else RUNNING


def _sge(job: str) -> str:
    """``qstat -j`` lists jobs that wait or run, ``qacct -j`` those that have ended."""
    code, _ = _answer("qstat", "-j", job)
    if code == 0:
        return RUNNING
    _, text = _answer("qacct", "-j", job)
    # The last entry, as a job may have been restarted.
    ends = re.findall(r"^(?:failed|exit_status)\s+(\d+)", text, re.MULTILINE)[-2:]
    if len(ends) < 2:  # not in the accounting file yet
        return RUNNING
    return SUCCESS if set(ends) == {"0"} else FAILED


def _pbs(job: str) -> str:
    """``qstat -f``; in OpenPBS with ``-x``, which includes jobs that have ended."""
    _, text = _answer("qstat", "-x", "-f", job)
    if not re.search(
        r"job_state|Unknown Job", text, re.IGNORECASE
    ):  # -x has another meaning in Torque
        _, text = _answer("qstat", "-f", job)
    end = re.search(r"exit_status = (-?\d+)", text, re.IGNORECASE)
    if end and re.search(r"job_state = [FCE]", text):
        return SUCCESS if end[1] == "0" else FAILED
    return FAILED if re.search(r"Unknown Job|job_state = F", text, re.IGNORECASE) else RUNNING


def _answer(*command: str) -> tuple[int, str]:
    """Exit code and output of a command; -1 and no output if it cannot be run."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return -1, ""
    return process.returncode, process.stdout + process.stderr
