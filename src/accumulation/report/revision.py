"""The commit of the running code."""

from __future__ import annotations

import json
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
UNKNOWN = "not known: the code is no clone of a repository"


def commit() -> str:
    """Commit of the package's clone, with a remark on uncommitted changes, or of pip's install.

    A repository in a folder above counts only if the package is one of its tracked files.
    """
    if _git("ls-files", "--error-unmatch", "__init__.py") is not None:
        name = _git("rev-parse", "HEAD")
        changes = _git("status", "--porcelain", "--", ".")
        if name:
            return f"{name.strip()}{', with changes since' if changes else ''}"
    return _installed() or UNKNOWN


def _git(*arguments: str) -> str | None:
    """Output of git in the package's folder; None if it fails or git is not installed."""
    command = ["git", "-C", str(PACKAGE), *arguments]
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return process.stdout if process.returncode == 0 else None


def _installed() -> str | None:
    """Commit that pip recorded when it installed the package from a repository."""
    try:
        text = metadata.distribution("accumulation").read_text("direct_url.json")
        return json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
    except (metadata.PackageNotFoundError, ValueError, AttributeError):
        return None
