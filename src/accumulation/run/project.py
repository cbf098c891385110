"""Projects: folders with a Snakefile and configs, in which studies run and write their results.

The project of a config is the nearest folder, from its own upwards, whose Snakefile uses this
package.  A config outside of all projects runs in the current folder if that is a project, else in
its own folder.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from .. import locations
from ..datasets.files import atomic_write
from ..errors import UserError, Verbatim
from . import snakemake_words

CONFIGS = ("config.yaml", "config/config.yaml")
TEMPLATE = locations.PACKAGE / "new_config.yaml"
SNAKEFILE = """\
# The study of config.yaml, beside this file: `accumulation run`, or `snakemake --cores 4`.
from accumulation.locations import use_rules
use_rules(workflow)
"""


def is_project(folder: Path) -> bool:
    """Whether a folder has a Snakefile that uses this package."""
    try:
        return "accumulation" in (folder / "Snakefile").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def project_of(config: Path) -> Path:
    """The absolute path of the folder in which a config's study runs and writes its results."""
    working_folder = Path.cwd()
    config_folder = Path(os.path.abspath(config)).parent
    candidates = [config_folder, *config_folder.parents, working_folder]
    return next((folder for folder in candidates if is_project(folder)), config_folder)


def find_config(word: str | None) -> Path:
    """The absolute path of the config that a command's argument refers to.

    Parameters
    ----------
    word : a file; a folder that has a config; None: the config of this folder or of the project
        around it

    Raises
    ------
    UserError
        If there is none.
    """
    working_folder = Path.cwd()
    if word is not None and not Path(word).is_dir():
        if not Path(word).is_file():
            raise UserError(
                word, Verbatim("no such file"), "a config file, or a folder that holds one"
            )
        return Path(os.path.abspath(word))
    projects_above = [folder for folder in working_folder.parents if is_project(folder)]
    for folder in [Path(os.path.abspath(word))] if word else [working_folder, *projects_above]:
        for name in CONFIGS:
            if (folder / name).is_file():
                return folder / name
    allowed = f"a folder with {' or '.join(CONFIGS)}; `accumulation new FOLDER` makes one"
    raise UserError(word or str(working_folder), Verbatim("a folder without a config"), allowed)


def enter(config: Path, quietly: bool = False) -> str:
    """Change to the folder of a config's project; returns the path of the config relative to it.

    Prints the folder if it is another one, as later paths are relative to it, unless ``quietly``.
    """
    folder, previous = project_of(config), Path.cwd()
    os.chdir(folder)
    locations.look_beside([config])
    if not quietly and os.path.realpath(previous) != os.path.realpath(folder):
        print(f"In {os.path.relpath(folder, previous)}:", file=sys.stderr)
    return os.path.relpath(config)


def new(folder: str) -> list[Path]:
    """Write a commented config and a Snakefile into a folder, which is made if it is not there.

    Returns
    -------
    The files.

    Raises
    ------
    UserError
        If one of them is there already, or the folder cannot be written to.
    """
    place = Path(folder)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(os.path.abspath(place)).name).strip("_-")
    name = name if name and name != "gallery" else "study"
    texts = {
        place / "config.yaml": TEMPLATE.read_text(encoding="utf-8").replace("STUDY", name),
        place / "Snakefile": SNAKEFILE,
    }
    for path in texts:
        if path.exists():
            raise UserError(str(path), Verbatim("a file that is there"), "a folder without one")
    for path, text in texts.items():
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return list(texts)


def command(config: str, options: list[str]) -> list[str]:
    """The command line that runs the study of a config in this folder.

    Parameters
    ----------
    config : relative to this folder;  options : of Snakemake, which override ours

    Raises
    ------
    UserError
        If the options include a config.
    """
    for option in options:
        if snakemake_words.CONFIG.fullmatch(option):
            raise UserError(option, Verbatim("a config twice"), "accumulation run CONFIG [OPTIONS]")
    snakefile = "Snakefile" if is_project(Path.cwd()) else locations.SNAKEFILE
    # The config is not last, as Snakemake would read a target after it as a second config.
    line = [sys.executable, "-P", "-m", "snakemake", snakemake_words.CONFIG_OPTION, config]
    line += ["--snakefile", snakefile]
    if not snakemake_words.has(options, snakemake_words.CORES):
        line += ["--cores", "all"]
    if not snakemake_words.has(options, snakemake_words.PROFILE):
        line += [snakemake_words.PROFILE_OPTION, str(locations.PROFILES / "default")]
    return [*line, *_packaged_profiles(options)]


def _packaged_profiles(options: list[str]) -> list[str]:
    """The options, with names of packaged profiles replaced by their folders."""
    resolved = []
    for previous, option in zip(["", *options], options, strict=False):
        flag, equals, value = option.partition("=")
        if previous == snakemake_words.PROFILE_OPTION:
            flag, equals, value = "", "", option
        elif flag != snakemake_words.PROFILE_OPTION or not equals:
            resolved.append(option)
            continue
        packaged = locations.PROFILES / value
        is_name = re.fullmatch(r"\w+", value) and not Path(value).is_dir() and packaged.is_dir()
        resolved.append(flag + equals + (str(packaged) if is_name else value))
    return resolved


def run(config: str, options: list[str]) -> None:
    """Run the study of a config in this folder; Snakemake replaces this process."""
    line = command(config, options)
    os.environ |= locations.import_path()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(line[0], line)
