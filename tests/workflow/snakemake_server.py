"""Snakemake in forks of a process that has imported it, which is a third of a short run.

``python snakemake_server.py`` reads one request a line, a JSON object with ``arguments``,
``folder``, ``environment``, ``stdout`` and ``stderr`` (paths), runs Snakemake so, and prints the
exit code.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path


class Server:
    """The process, started at the first request and ended with this one."""

    def __init__(self):
        self._process: subprocess.Popen | None = None

    def run(
        self, arguments: list[str], folder: Path, environment: dict, timeout: float
    ) -> subprocess.CompletedProcess:
        """Run ``snakemake ARGUMENTS`` in a folder, as `subprocess.run` would.

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
            request = {"arguments": arguments, "folder": str(folder), "environment": environment}
            self._process.stdin.write(json.dumps(request | files) + "\n")
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], timeout)[0]:
                self.close()
                raise subprocess.TimeoutExpired(["snakemake", *arguments], timeout)
            code = int(self._process.stdout.readline())
            texts = (Path(path).read_text(errors="replace") for path in files.values())
            return subprocess.CompletedProcess(["snakemake", *arguments], code, *texts)

    def close(self) -> None:
        """End the process, and what it has started."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()


def _serve() -> None:
    import snakemake.cli  # noqa: F401 what is to be there before the first fork

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(arguments, folder, environment, stdout, stderr) -> None:
    """Become ``snakemake ARGUMENTS``; does not return."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for path, number in ((os.devnull, 0), (stdout, 1), (stderr, 2)):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        os.dup2(os.open(path, flags), number)
    sys.argv = ["snakemake", *arguments]
    sys.path[0] = folder
    sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    code = 1
    try:
        from snakemake.cli import main

        main()
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


if __name__ == "__main__":
    _serve()
