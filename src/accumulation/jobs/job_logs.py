"""The logs of jobs: in which sentence one told its error."""

from __future__ import annotations

import contextlib
from pathlib import Path


def sentence_of(logs: list[str]) -> str | None:
    """The sentence in which a job told its error, or else the last line of its logs."""
    lines = []
    for path in logs:
        with contextlib.suppress(OSError):
            lines += Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    told = [line for line in lines if line.startswith("error: ")]
    if told:
        return told[-1]
    return f"error: {lines[-1]}" if lines else None
