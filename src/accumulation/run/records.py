"""Files that each study needs, recorded by its last run.

A record, ``results/.studies/NAME.json``, lists the files of the last run of a config.  It is needed
for configs outside of config/, which cannot be found otherwise.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..study.config_file import read
from ..study.grid import canonical, key
from ..study.study import Study

FOLDER = Path("results/.studies")


@dataclass(frozen=True)
class Needs:
    """The files in results/ that a study needs.

    Attributes
    ----------
    config : file of the config, relative to this folder
    changed : whether the command line of the run changed it
    study : name;  systems : name -> whether it is a grid;  figures : names
    specs, tiles : files
    """

    config: str
    changed: bool
    study: str
    systems: dict[str, bool]
    figures: frozenset[str]
    specs: frozenset[str]
    tiles: frozenset[str]


def of_study(study: Study, config: str, changed: bool = False) -> Needs:
    """The files that a study of this config needs."""
    return Needs(
        os.path.relpath(config),
        changed,
        study.name,
        {name: bool(system["axes"]) for name, system in study.systems.items()},
        frozenset(study.figures),
        frozenset(study.spec_files()),
        frozenset(study.tiles),
    )


def of_run(study: Study, config: dict, files: list[str]) -> dict[str, str]:
    """Path and text of the record of a run.

    Parameters
    ----------
    config : of the run;  files : that it was read from

    A config has one record, that of its last run, and one for each change by a command line.
    """
    changed = len(files) != 1 or read(files[0]) != config
    needs = of_study(study, ", ".join(files) if len(files) != 1 else files[0], changed)
    name = key([needs.config, config if changed else None])
    text = {field: getattr(needs, field) for field in Needs.__dataclass_fields__}
    text |= {field: sorted(text[field]) for field in ("figures", "specs", "tiles")}
    return {(FOLDER / f"{study.name}-{name}.json").as_posix(): canonical(text)}


def of_other_runs(configs: list[str]) -> list[Needs]:
    """Needs of each recorded run, except unchanged runs of these configs.

    Raises
    ------
    UserError
        If a record cannot be read.
    """
    current_configs = {os.path.relpath(config) for config in configs}
    recorded = []
    for path in sorted(FOLDER.glob("*.json")):
        try:
            text = json.loads(path.read_text(encoding="utf-8"))
            text |= {field: frozenset(text[field]) for field in ("figures", "specs", "tiles")}
            needs = Needs(**text)
        except (OSError, ValueError, TypeError, KeyError) as error:
            allowed = "a record of a run; delete it if its study is no longer needed"
            raise UserError(path.as_posix(), type(error).__name__, allowed) from error
        if needs.changed or needs.config not in current_configs:
            recorded.append(needs)
    return recorded
