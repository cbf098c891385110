"""Preparation of a run: environment and resources of its jobs, stale locks, one run at a time."""

from __future__ import annotations

import errno
import inspect
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from ..datasets.files import atomic_write
from ..errors import UserError, Verbatim
from ..locations import import_path
from . import job_client, snakemake_words

# One BLAS thread: the work is parallel over jobs and over k, and more BLAS threads slow it down.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP", "VECLIB_MAXIMUM")
}

# Open files of the locks that this process holds.
_lock_descriptors: list[int] = []


def prepare_jobs() -> None:
    """Make the jobs use this Python and package, regardless of the PATH and of other versions.

    Warnings about the study, such as those of an imported model, are one sentence each.
    """
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    os.environ |= import_path()
    os.environ["ACCUMULATION_PYTHON"] = sys.executable
    os.environ["ACCUMULATION_JOB"] = job_client.__file__
    os.environ |= ONE_THREAD


def growing(first: int) -> Callable:
    """A resource of a rule, proportional to the attempt: ``first`` at the first one.

    A job that a cluster kills for exceeding its memory or time would otherwise fail again.
    """
    return with_signature(lambda wildcards, attempt: first * attempt)


def with_signature(function: Callable) -> Callable:
    """The function, with its signature stored.

    Snakemake inspects it about twelve times for each job, which takes half of the time of planning
    ten thousand jobs.
    """
    function.__signature__ = inspect.signature(function)
    return function


def begin(
    specs: dict[str, str],
    arguments: list[str],
    folder: str = snakemake_words.FOLDER,
    record: dict[str, str] | None = None,
) -> None:
    """Begin a run, or a command that only looks, in this folder: write the specs that have changed.

    ``record`` is written by a run only (:mod:`accumulation.run.records`).

    Raises
    ------
    UserError
        If another run is active here and this one would disturb it, or a spec cannot be written.
    """
    only_looks = snakemake_words.has(arguments, snakemake_words.LOOKING)
    locks_before = len(_lock_descriptors)
    has_lock = release_stale_locks(folder)
    # A command that only looks holds the lock for a moment: wait for it.
    for _ in range(0 if only_looks else 5):
        if has_lock:
            break
        time.sleep(0.1)
        has_lock = release_stale_locks(folder)
    if not has_lock and (not only_looks or _changed(specs)):
        raise UserError(
            os.getcwd(),
            Verbatim("another run, which is still at work there"),
            "one run at a time in a folder; wait until that one has ended",
        )
    # The specs are inputs of the rules, and changed ones are newer than the outputs.  Stale outputs
    # are therefore recognised even without Snakemake's own records.
    _write_changed(specs if only_looks else specs | (record or {}))
    while only_looks and len(_lock_descriptors) > locks_before:
        os.close(_lock_descriptors.pop())


def release_stale_locks(folder: str | os.PathLike = snakemake_words.FOLDER) -> bool:
    """Remove Snakemake's locks if no active run owns them.

    Snakemake's locks are plain files, which remain after SIGKILL.  A lock of the operating system
    ends with its process, so if this process obtains it, all of Snakemake's locks are stale.  It is
    held until this process ends.

    Returns
    -------
    False if another run is active here.  Where the system has no such locks this is unknown; the
    result is then True and Snakemake's locks are not removed.
    """
    try:
        import fcntl
    except ImportError:  # not a Unix
        return True
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "accumulation.lock", os.O_CREAT | os.O_RDWR, 0o666)
    except OSError:  # a folder that cannot be written to, which Snakemake reports
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    _lock_descriptors.append(descriptor)
    shutil.rmtree(snakemake_words.locks(folder), ignore_errors=True)
    return True


def _changed(files: dict[str, str]) -> dict[str, str]:
    """The files whose content differs from their text."""

    def is_up_to_date(name, text):
        try:
            return Path(name).read_text(encoding="utf-8") == text
        except (OSError, ValueError):
            return False

    return {name: text for name, text in files.items() if not is_up_to_date(name, text)}


def _write_changed(files: dict[str, str]) -> None:
    """Write the files whose content differs from their text; the others keep their dates."""
    for name, text in _changed(files).items():
        with atomic_write(name) as temporary:
            temporary.write_text(text, encoding="utf-8")
