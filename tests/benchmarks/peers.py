"""Other packages, each in a process of its own that answers requests (:mod:`.peer_work`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).with_name("peer_work.py")
# Module of each peer; numpy is a Kubo sum written for this comparison, no package.
NAMES = ("numpy", "pythtb", "kwant", "sisl", "pyqula", "wannierberri")


class Peer:
    """A process with one package.

    Attributes
    ----------
    absent : why the package cannot be used, empty if it can
    version : such as ``kwant 1.5.0, numpy 1.26.4``
    """

    def __init__(self, name: str, python: str | None = None):
        self.name = name
        # Our own environment would hide that of another interpreter.
        own = python is None
        hidden = () if own else ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        self._process = subprocess.Popen(
            [python or sys.executable, str(WORKER), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # packages greet there; failures are answers
            text=True,
            env={key: value for key, value in os.environ.items() if key not in hidden},
        )
        answer = self._read()
        self.absent, self.version = answer.get("absent", ""), answer.get("version", "")

    def time(self, case: dict) -> float:
        """Seconds of one run; what it needs first, such as the model, is prepared once."""
        return self._ask(case)["seconds"]

    def values(self, case: dict) -> list[float]:
        """The result of a case."""
        return self._ask(case | {"values": True})["values"]

    def can(self, work: str) -> bool:
        """Whether it has a function for this work."""
        return self._ask({"can": work})["can"]

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _ask(self, request: dict) -> dict:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with code {self._process.wait()}")
        answer = json.loads(line)
        if "failed" in answer:
            raise RuntimeError(f"{self.name}: {answer['failed']}")
        return answer


def started(interpreters: dict[str, str]) -> tuple[list[Peer], list[str]]:
    """The peers that there are, and a sentence about each that is missing.

    Parameters
    ----------
    interpreters : Python of a peer by its name; the others are looked for in this one
    """
    present, missing = [], []
    for name in NAMES:
        peer = Peer(name, interpreters.get(name))
        if peer.absent:
            missing.append(f"{name} is left out: {peer.absent}")
            peer.close()
        else:
            present.append(peer)
    return present, missing
