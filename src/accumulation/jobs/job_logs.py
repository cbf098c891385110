"""The error message of a job, read from its logs."""

from __future__ import annotations

import contextlib
from pathlib import Path


def sentence_of(logs: list[str]) -> str | None:
    """The last error message of a job, else the last line of its logs; None if they are empty."""
    lines = []
    for path in logs:
        with contextlib.suppress(OSError):
            lines += Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    error_lines = [line for line in lines if line.startswith("error: ")]
    if error_lines:
        return error_lines[-1]
    return f"error: {lines[-1]}" if lines else None
