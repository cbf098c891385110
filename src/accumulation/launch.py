"""What a run of the workflow needs around it: the jobs' environment and resources, and no lock of a
dead run.
"""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

# One BLAS thread: parallelism is over jobs and over k, and more BLAS threads only slow it down.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP", "VECLIB_MAXIMUM")
}

_held: list[int] = []


def prepare_jobs() -> None:
    """Give the jobs this very Python and package, whatever is first on the PATH or installed."""
    source = str(Path(__file__).parents[1])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([source, before] if before else [source])
    os.environ["ACCUMULATION_PYTHON"] = sys.executable
    os.environ |= ONE_THREAD


def growing(first: int) -> Callable:
    """A resource of a rule: ``first``, and twice and three times as much on a second and third try.

    A job that a cluster ends for want of memory or time would otherwise fail again.
    """
    return asked(lambda wildcards, attempt: first * attempt)


def asked(function: Callable) -> Callable:
    """The same function, with its signature worked out once.

    Snakemake asks for it a dozen times a job: half the time of planning ten thousand.
    """
    function.__signature__ = inspect.signature(function)
    return function


def release_stale_locks(folder: str | os.PathLike = ".snakemake") -> bool:
    """Remove Snakemake's locks if no run that is alive owns them.

    Snakemake's locks are plain files, which SIGKILL leaves behind.  A lock of the operating system
    dies with its process: whoever gets it knows that every other lock is stale.  It is kept until
    this process ends.

    Returns
    -------
    Whether this process is now the only one at work here.
    """
    try:
        import fcntl
    except ImportError:  # not a Unix: leave the locks to the user
        return False
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "accumulation.lock", os.O_CREAT | os.O_RDWR, 0o666)
    except OSError:  # a folder that cannot be written to; Snakemake says so better
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    shutil.rmtree(folder / "locks", ignore_errors=True)
    return True


def write_changed(files: dict[str, str]) -> None:
    """Write each text whose file does not hold it yet; the others keep their dates."""
    for name, text in files.items():
        path = Path(name)
        try:
            if path.read_text(encoding="utf-8") == text:
                continue
        except OSError:
            path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
