"""What the tutorials run as in a terminal: the command's output, as text.

The folder is given the clone's Snakefile and rules, as ``accumulation new`` does.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

CLONE = Path(__file__).parents[1]
# Lines that Snakemake prints of itself: the host, tables of jobs, times of day.
_NOISE = re.compile(
    r"^(host:|Conda env|Building DAG|Provided cores|Rules claiming|Select jobs|Execute \d|Assuming"
    r"|Using|\[.*\d\d:\d\d:\d\d.*\]|Complete log|Finished jobid|\d+ of \d+ steps|localrule|rule "
    r"|Job stats|job +count|-+ +-+|\w+ +\d+$|$"
    r"|\s+(input|output|log|jobid|reason|resources|benchmark|wildcards|threads):)"
)


def shell(command: str) -> None:
    """Run ``accumulation ...`` in the current folder and print what it says.

    Raises
    ------
    RuntimeError
        If it fails, with all that it printed.
    """
    words = shlex.split(command)
    if words[:2] == ["accumulation", "run"]:
        own = ["snakemake", "--configfile", "config.yaml"]
        words = [*own, "--workflow-profile", "workflow/profiles/default", *words[2:]]
    for name in ("Snakefile", "workflow"):
        if not Path(name).exists():
            Path(name).symlink_to(CLONE / name)
    done = subprocess.run(
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout)
    print("\n".join(line for line in done.stdout.splitlines() if not _NOISE.match(line)))
