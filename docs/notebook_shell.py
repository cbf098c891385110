"""What the tutorials run as in a terminal: the command's output, as text."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

# What Snakemake prints of itself: where it runs, with what, and where its log is.
_NOISE = re.compile(
    r"^(host:|Conda env|Building DAG|Provided cores|Rules claiming|Assuming|Using|Complete log|$"
    r"|Job stats|job +count|-+ +-+|\w+ +\d+$)"
)


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
    print("\n".join(line for line in done.stdout.splitlines() if not _NOISE.match(line)))
