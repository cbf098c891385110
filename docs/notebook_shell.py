"""What the tutorials run as in a terminal: the command's output, as text."""

from __future__ import annotations

import shlex
import subprocess
import sys


def shell(command: str) -> None:
    """Run ``accumulation ...`` in the current folder and print what it says.

    Raises
    ------
    RuntimeError
        If it fails, with all that it printed.
    """
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    print(done.stdout)
