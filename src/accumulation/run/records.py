"""Which files each study needs, also of studies whose config lies elsewhere: a run leaves a record.

A record, ``results/.studies/NAME.json``, holds what the last run of a config was to end with.
Without it, nothing here would know of a config that is not in config/.
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
    """What a study needs of results/.

    Attributes
    ----------
    config : file of the config, as seen from here
    changed : whether a command line changed it for that run
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
    """What a study of this config needs."""
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
    """The record of a run: its path and text.

    Parameters
    ----------
    config : as the run has it;  files : that it was read from

    One config has one record, that of its last run; changed by the command line, one each.
    """
    changed = len(files) != 1 or read(files[0]) != config
    needs = of_study(study, ", ".join(files) if len(files) != 1 else files[0], changed)
    name = key([needs.config, config if changed else None])
    text = {field: getattr(needs, field) for field in Needs.__dataclass_fields__}
    text |= {field: sorted(text[field]) for field in ("figures", "specs", "tiles")}
    return {(FOLDER / f"{study.name}-{name}.json").as_posix(): canonical(text)}


def of_other_runs(configs: list[str]) -> list[Needs]:
    """Needs of each recorded run, without those of these configs, which are read as they are now.

    Raises
    ------
    UserError
        If a record cannot be read.
    """
    known = {os.path.relpath(config) for config in configs}
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        try:
            text = json.loads(path.read_text(encoding="utf-8"))
            text |= {field: frozenset(text[field]) for field in ("figures", "specs", "tiles")}
            needs = Needs(**text)
        except (OSError, ValueError, TypeError, KeyError) as error:
            allowed = "a record of a run; delete it if its study is no longer needed"
            raise UserError(path.as_posix(), type(error).__name__, allowed) from error
        if needs.changed or needs.config not in known:
            found.append(needs)
    return found
