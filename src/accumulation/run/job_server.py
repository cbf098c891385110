"""Jobs in forks of one process: imports take longer than most jobs, and are then paid once a run.

A run on one machine starts the server (`start`), and its jobs ask it by their shell line
(:mod:`accumulation.run.job_client`).  A job is a process of its own as before: it has the working
folder, environment and files of the process that asked, ends with it, and its code is the exit code
there.  Without a server, as on a cluster, or where it is not Linux, a job is an ordinary process.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from .job_client import ACCEPTED, SERVER

# Imported before the first fork for any job, and for these.  Everything else, such as the user's
# own files, is imported by the job.
MODULES = ("accumulation.jobs.tile_files", "accumulation.datasets.files", "netCDF4", "xarray")
MODULES_OF = {
    "figure": (
        *("accumulation.jobs.figure_files", "matplotlib.figure"),
        *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    ),
    "report": ("accumulation.report.page",),
}
COMPUTING = ("accumulation.jobs.stage_runs", "accumulation.jobs.points", "scipy.linalg")

# The server of this process, which ends when the pipe to its standard input is closed.
_server: subprocess.Popen | None = None


def start() -> None:
    """Start the server of this process and tell its children of it."""
    global _server
    if sys.platform != "linux":  # elsewhere a fork may not use the libraries of its parent
        return
    name = f"accumulation-{secrets.token_hex(16)}"
    with socket.socket(socket.AF_UNIX) as listener:
        # No file: it is gone with the server, however that ends.
        listener.bind(f"\0{name}")
        listener.listen(1000)
        number = listener.fileno()
        _server = subprocess.Popen(
            [sys.executable, "-m", "accumulation", "job-server", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # jobs that it does not accept tell the same error
            pass_fds=[number],
        )
    os.environ[SERVER] = name


def serve(descriptor: int, main: Callable[[list[str]], int]) -> None:
    """Accept jobs until standard input is closed.

    Parameters
    ----------
    descriptor : of the socket that jobs connect to
    main : runs a job from its command line and returns the exit code
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides when it ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    listener = socket.socket(fileno=descriptor)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        with connection, suppress(OSError, ValueError):
            _answer(connection, listener, main)


def _answer(connection: socket.socket, listener: socket.socket, main: Callable) -> None:
    """Start the job that a connection asks for."""
    _, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    if user != os.getuid():
        return
    head, descriptors, *_ = socket.recv_fds(connection, 8, 3)
    try:
        with connection.makefile("rb") as file:
            request = json.loads(file.read(int.from_bytes(head, "big")))
        _import(request["arguments"][0])
        if os.fork() == 0:
            listener.close()
            _work(connection, descriptors, main, **request)
    finally:
        for number in descriptors:
            os.close(number)


def _import(stage: str) -> None:
    """Import what a job of this stage needs, unless it is there."""
    before = len(sys.modules)
    for name in (*MODULES, *MODULES_OF.get(stage, COMPUTING)):
        importlib.import_module(name)
    if len(sys.modules) > before:
        import xarray

        if stage == "figure":
            from ..jobs.figure_files import load_fonts

            load_fonts()
        xarray.backends.list_engines()  # looks at every installed package, once a process
        gc.collect()
        gc.freeze()  # else the collector would write to, and so copy, the pages of every fork


def _work(
    connection: socket.socket,
    descriptors: list[int],
    main: Callable[[list[str]], int],
    arguments: list[str],
    folder: str,
    environment: dict[str, str],
) -> None:
    """Become the job; does not return."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        connection.sendall(ACCEPTED)
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            connection.sendall(bytes([code]))
        os._exit(code)


def _end_with(connection: socket.socket) -> None:
    """End this process when the one that has asked for it ends; it writes nothing more."""
    with suppress(OSError):
        connection.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)
