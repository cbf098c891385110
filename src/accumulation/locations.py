"""Paths of files: those installed with the package, and the user's files beside a config.

In a clone the Snakefile and ``workflow/`` are in the top folder, in a wheel inside the package.
"""

from __future__ import annotations

import json
import os
import site
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).parent
# The folder with the Snakefile and workflow/.
HOME = PACKAGE if (PACKAGE / "Snakefile").is_file() else PACKAGE.parents[1]
SNAKEFILE = str(HOME / "Snakefile")
SCHEMA = HOME / "workflow" / "schemas" / "config.schema.yaml"
PROFILES = HOME / "workflow" / "profiles"

_BESIDE = "ACCUMULATION_CONFIG_FOLDERS"  # an environment variable, which jobs inherit


def import_path() -> dict[str, str]:
    """Environment variables with which a child process imports this copy of the package.

    Folders of installed packages are left out, as on PYTHONPATH they would hide modules of the
    standard library.  The folder where a child is started is not searched either, so that a model
    file ``random.py`` is not imported in place of Python's module.
    """
    source = str(PACKAGE.parent)
    variables = {"PYTHONSAFEPATH": "1"}
    if source not in (*site.getsitepackages(), site.getusersitepackages()):
        before = os.environ.get("PYTHONPATH", "")
        parts = [source, *(part for part in before.split(os.pathsep) if part not in ("", source))]
        variables["PYTHONPATH"] = os.pathsep.join(parts)
    return variables


def use_rules(workflow) -> None:
    """Add the rules of this package to the user's Snakefile, which calls this function.

    Unlike ``include:``, it also makes the whole study the default target.
    """
    workflow.include(SNAKEFILE, overwrite_default_target=True)


def look_beside(configs: Iterable[str | os.PathLike]) -> None:
    """Search for the user's files beside these configs, in this process and its children."""
    folders = [os.path.realpath(os.path.dirname(os.path.abspath(config))) for config in configs]
    os.environ[_BESIDE] = json.dumps(list(dict.fromkeys(folders)))


@contextmanager
def beside(config: str | os.PathLike) -> Iterator[None]:
    """Context manager: search for the user's files beside this config."""
    before = os.environ.get(_BESIDE)
    look_beside([config])
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BESIDE]
        else:
            os.environ[_BESIDE] = before


def own_folders() -> list[Path]:
    """Folders searched for the user's files: beside the config, then the working folder."""
    config_folders = json.loads(os.environ.get(_BESIDE, "[]"))
    return list(dict.fromkeys([*map(Path, config_folders), Path.cwd()]))
