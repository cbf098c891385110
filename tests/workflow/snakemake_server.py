"""Snakemake in forks of a process that has imported it, which is most of a short run.

``python snakemake_server.py`` reads one request a line, a JSON object with ``module``,
``arguments``, ``folder``, ``environment``, ``stdout`` and ``stderr`` (paths), runs ``python -m
MODULE ARGUMENTS`` so (``python -c ARGUMENTS`` for the module ``-c``), and prints the exit code.
Where that starts Snakemake or the package by ``python -m`` again, or becomes it, it forks too or
goes on in the same process.  Of the package
itself nothing is imported before: it is that of the request's folder.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ("snakemake", "accumulation")
# What these import, beside Snakemake, of other packages.
IMPORTED = (
    *("snakemake.cli", "numpy", "scipy.linalg", "scipy.optimize", "scipy.sparse.linalg"),
    *("xarray", "netCDF4", "yaml", "jsonschema", "jinja2", "matplotlib.figure"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
)


class Server:
    """The process, started at the first request and ended with this one."""

    def __init__(self):
        self._process: subprocess.Popen | None = None

    def run(
        self,
        arguments: list[str],
        folder: Path,
        environment: dict,
        timeout: float,
        module: str = "snakemake",
    ) -> subprocess.CompletedProcess:
        """Run ``python -m MODULE ARGUMENTS`` in a folder, as `subprocess.run` would.

        Raises
        ------
        subprocess.TimeoutExpired
        """
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                text=True,
                start_new_session=True,
            )
            atexit.register(self.close)
        with tempfile.TemporaryDirectory() as place:
            files = {name: str(Path(place, name)) for name in ("stdout", "stderr")}
            request = {"module": module, "arguments": arguments, "folder": str(folder)}
            request["environment"] = environment
            self._process.stdin.write(json.dumps(request | files) + "\n")
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], timeout)[0]:
                self.close()
                raise subprocess.TimeoutExpired([module, *arguments], timeout)
            code = int(self._process.stdout.readline())
            texts = (Path(path).read_text(errors="replace") for path in files.values())
            return subprocess.CompletedProcess([module, *arguments], code, *texts)

    def close(self) -> None:
        """End the process, and what it has started."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()


# One for all tests of a process.
SERVER = Server()


def _serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    sys.modules["snakemake.cli"].get_argument_parser()  # finds Snakemake's plugins, once
    gc.collect()
    gc.freeze()  # else the collector would copy the pages of every fork
    pristine = list(sys.path[1:]), set(sys.modules)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            request = json.loads(line)
            for path, number in ((os.devnull, 0), (request["stdout"], 1), (request["stderr"], 2)):
                flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
                os.dup2(os.open(path, flags), number)
            names = ("module", "arguments", "folder", "environment")
            _run(*(request[name] for name in names), pristine)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(module, arguments, folder, environment, pristine) -> None:
    """Become ``python -m MODULE ARGUMENTS``; does not return."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    paths, imported = pristine
    # A fork of a fork has the package of its parent, and the user's files.
    for name in set(sys.modules) - imported:
        if name.partition(".")[0] == "accumulation" or _is_below(name, folder):
            del sys.modules[name]
    here = [] if environment.get("PYTHONSAFEPATH") else [folder]
    further = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [*here, *further, *paths]
    importlib.invalidate_caches()
    sys.argv = [module, *arguments]
    if subprocess._fork_exec is not _forked:
        _forked.__wrapped__, _forked.pristine = subprocess._fork_exec, pristine
        _replaced.__wrapped__, _replaced.pristine = os.execv, pristine
        subprocess._fork_exec, os.execv = _forked, _replaced
    code = 1
    try:
        if module == "-c":
            sys.argv = ["-c", *arguments[1:]]
            exec(compile(arguments[0], "<string>", "exec"), {"__name__": "__main__"})
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _is_below(name: str, folder: str) -> bool:
    """Whether a module is a file of the user's, in the folder."""
    file = getattr(sys.modules[name], "__file__", None)
    return bool(file) and Path(file).is_relative_to(folder)


def _forked(*given):
    """As `_fork_exec` of `subprocess`, but ``python -m`` of `MODULES` becomes a fork."""
    (words, _, _, kept, folder, variables, *pipes), rest = given[:14], given[14:]
    words = _known(words)
    if not words:
        return _forked.__wrapped__(*given)
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if rest[1]:
        os.setsid()
    reads, _, _, writes, _, tells, _, told = pipes
    ends = [
        os.dup(end) if end >= 0 else number for number, end in enumerate((reads, writes, tells))
    ]
    for number, end in enumerate(ends):
        if end != number:
            os.dup2(end, number)
    os.close(told)  # as a successful exec does
    _close_all_but(kept)
    environment = dict(os.environ) if variables is None else _decoded(variables)
    _run(*words, os.fspath(folder or os.getcwd()), environment, _forked.pristine)


def _replaced(path, line):
    """As `os.execv`, but this process becomes ``python -m`` of `MODULES` without starting anew."""
    words = _known(line)
    if not words:
        return _replaced.__wrapped__(path, line)
    _close_all_but([])
    _run(*words, os.getcwd(), dict(os.environ), _replaced.pristine)


def _known(line) -> tuple[str, list[str]] | None:
    """Module and arguments of a command line ``python -m``, None of one that is no fork."""
    # Neither module searches the working folder: the environment says so too.
    words = [name for word in line if (name := os.fsdecode(word)) != "-P"]
    if words[:2] != [sys.executable, "-m"] or words[2] not in MODULES or sys.platform != "linux":
        return None
    return words[2], words[3:]


def _close_all_but(kept) -> None:
    for end in map(int, os.listdir("/proc/self/fd")):
        if end > 2 and end not in kept:
            try:
                os.close(end)
            except OSError:  # that of the listing
                continue


def _decoded(variables: list[bytes]) -> dict[str, str]:
    pairs = (os.fsdecode(line).partition("=") for line in variables)
    return {name: value for name, _, value in pairs}


if __name__ == "__main__":
    _serve()
