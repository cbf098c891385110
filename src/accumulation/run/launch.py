"""What a run of the workflow needs around it: the jobs' environment and resources, no lock of a
dead run, and no other run beside it.
"""

from __future__ import annotations

import errno
import inspect
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ..datasets.files import atomic_write
from ..errors import UserError, Verbatim
from ..locations import import_path
from . import snakemake_words

# One BLAS thread: parallelism is over jobs and over k, and more BLAS threads only slow it down.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP", "VECLIB_MAXIMUM")
}

_held: list[int] = []


def prepare_jobs() -> None:
    """Give the jobs this very Python and package, whatever is first on the PATH or installed."""
    os.environ |= import_path()
    os.environ["ACCUMULATION_PYTHON"] = sys.executable
    os.environ |= ONE_THREAD


def growing(first: int) -> Callable:
    """A resource of a rule: ``first``, and twice and three times as much on a second and third try.

    A job that a cluster ends for want of memory or time would otherwise fail again.
    """
    return with_signature(lambda wildcards, attempt: first * attempt)


def with_signature(function: Callable) -> Callable:
    """The same function, with its signature worked out once.

    Snakemake asks for it a dozen times a job: half the time of planning ten thousand.
    """
    function.__signature__ = inspect.signature(function)
    return function


def begin(
    specs: dict[str, str],
    arguments: list[str],
    folder: str = snakemake_words.FOLDER,
    record: dict[str, str] | None = None,
) -> None:
    """Begin a run, or a mere look, in this folder: write the specs that have changed.

    ``record`` is what a run, not a look, leaves of itself (:mod:`accumulation.run.records`).

    Raises
    ------
    UserError
        If another run is at work here and this one would disturb it, or a spec cannot be written.
    """
    looks = snakemake_words.has(arguments, snakemake_words.LOOKING)
    before = len(_held)
    alone = release_stale_locks(folder)
    # Who looks holds the lock for a moment only: wait for that.
    for _ in range(0 if looks else 5):
        if alone:
            break
        time.sleep(0.1)
        alone = release_stale_locks(folder)
    if not alone and (not looks or _changed(specs)):
        raise UserError(
            os.getcwd(),
            Verbatim("another run, which is still at work there"),
            "one run at a time in a folder; wait until that one has ended",
        )
    # Inputs of the rules, newer than what was made from an older one: what is stale is known even
    # where Snakemake's own records are lost.
    _write_changed(specs if looks else specs | (record or {}))
    while looks and len(_held) > before:
        os.close(_held.pop())


def release_stale_locks(folder: str | os.PathLike = snakemake_words.FOLDER) -> bool:
    """Remove Snakemake's locks if no run that is alive owns them.

    Snakemake's locks are plain files, which SIGKILL leaves behind.  A lock of the operating system
    dies with its process: whoever gets it knows that every other lock is stale.  It is kept until
    this process ends.

    Returns
    -------
    False if another run is at work here.  Where there are no such locks it cannot be known: then
    Snakemake's own are left to the user.
    """
    try:
        import fcntl
    except ImportError:  # not a Unix
        return True
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "accumulation.lock", os.O_CREAT | os.O_RDWR, 0o666)
    except OSError:  # a folder that cannot be written to; Snakemake says so better
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    _held.append(descriptor)
    shutil.rmtree(snakemake_words.locks(folder), ignore_errors=True)
    return True


def _changed(files: dict[str, str]) -> dict[str, str]:
    """The files that do not hold their text yet."""

    def holds(name, text):
        try:
            return Path(name).read_text(encoding="utf-8") == text
        except (OSError, ValueError):
            return False

    return {name: text for name, text in files.items() if not holds(name, text)}


def _write_changed(files: dict[str, str]) -> None:
    """Write each text whose file does not hold it yet; the others keep their dates."""
    for name, text in _changed(files).items():
        with atomic_write(name) as temporary:
            temporary.write_text(text, encoding="utf-8")
