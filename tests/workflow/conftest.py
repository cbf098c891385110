"""Projects for the workflow's tests; the one that has run is shared and left as it was."""

import fcntl
import importlib.util
import os
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location(
    "workflow_study", Path(__file__).with_name("study.py")
)
study = sys.modules["workflow_study"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(study)


@pytest.fixture
def project(tmp_path):
    """A project in which nothing has run."""
    return study.Project(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project that has run on two cores; test processes share the run, each has a copy."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "finished-study"
    with open(f"{shared}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            making = shared.with_name("unfinished-study")
            making.mkdir()
            study.Project(making).run(cores=2)
            making.rename(shared)
    return study.Project.copied(study.Project.at(shared), tmp_path_factory.mktemp("finished"))


@pytest.fixture
def restored(finished):
    """The finished project; files that the test edits are put back afterwards."""
    edited = [
        finished.folder / "profile.py",
        finished.folder / "config" / "config.yaml",
        *(finished.folder / "src" / "accumulation").rglob("*.py"),
    ]
    before = {path: path.read_bytes() for path in edited}
    yield finished
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)
