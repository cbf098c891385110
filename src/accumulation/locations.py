"""Where files lie: what is installed with the package, and the user's own beside a config.

In a clone the Snakefile and ``workflow/`` lie at the top; a wheel carries them inside the package.
"""

from __future__ import annotations

import json
import os
import site
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).parent
# The folder that holds the Snakefile and workflow/.
HOME = PACKAGE if (PACKAGE / "Snakefile").is_file() else PACKAGE.parents[1]
SNAKEFILE = str(HOME / "Snakefile")
SCHEMA = HOME / "workflow" / "schemas" / "config.schema.yaml"
PROFILES = HOME / "workflow" / "profiles"

_BESIDE = "ACCUMULATION_CONFIG_FOLDERS"  # a variable of the environment, so that jobs inherit it


def import_path() -> dict[str, str]:
    """Variables of the environment with which a child imports this very package.

    Folders of installed packages are left out: before Python's own library they would hide parts
    of it.  The folder where a child is started is no place to import from either: a model file
    ``random.py`` must not be taken for Python's.
    """
    source = str(PACKAGE.parent)
    variables = {"PYTHONSAFEPATH": "1"}
    if source not in (*site.getsitepackages(), site.getusersitepackages()):
        before = os.environ.get("PYTHONPATH", "")
        parts = [source, *(part for part in before.split(os.pathsep) if part not in ("", source))]
        variables["PYTHONPATH"] = os.pathsep.join(parts)
    return variables


def use_rules(workflow) -> None:
    """Make the rules of this package those of the user's own Snakefile, which calls this.

    Unlike ``include:``, it makes the whole study the target of a run that names none.
    """
    workflow.include(SNAKEFILE, overwrite_default_target=True)


def look_beside(configs: Iterable[str | os.PathLike]) -> None:
    """Look for the user's own files beside these configs, here and in all children."""
    folders = [os.path.realpath(os.path.dirname(os.path.abspath(config))) for config in configs]
    os.environ[_BESIDE] = json.dumps(list(dict.fromkeys(folders)))


@contextmanager
def beside(config: str | os.PathLike) -> Iterator[None]:
    """Look for the user's own files beside this config while the context lasts."""
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
    """Where the user's own files are looked for: beside the config, then in the working folder."""
    named = json.loads(os.environ.get(_BESIDE, "[]"))
    return list(dict.fromkeys([*map(Path, named), Path.cwd()]))
