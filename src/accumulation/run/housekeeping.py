"""The plan of a run in words, and the files that no study needs any more."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

from .. import locations
from ..errors import UserError, Verbatim
from ..study.config_file import read
from ..study.grid import INDEX, TILES
from ..study.stages import RESPONSE, of_grids
from ..study.study import Study, load
from . import project, records, snakemake_words

RESULTS = Path("results")


def plan(path: str) -> list[str]:
    """Sentences about what a run of a config would compute, and why.

    Raises
    ------
    UserError
        If the config is invalid, or Snakemake cannot plan it.
    """
    study = load(read(path), path)
    jobs = [job for job in _planned_jobs(path) if job.rule != "all"]
    lines = []
    tiles = [study.tiles[job.output] for job in jobs if job.output in study.tiles]
    for stage in of_grids():
        stage_tiles = [tile for tile in tiles if tile.stage == stage.name]
        if stage_tiles:
            computed, copied = _computed_and_copied(stage_tiles)
            count = len(stage_tiles)
            words = f"{stage.name} of grids: {count} tile{'' if count == 1 else 's'}, "
            words += f"{computed} points to compute"
            words += f", {copied} copied from tiles that hold them" if copied else ""
            lines.append(f"{words}, for {', '.join(_users(study, stage_tiles))}")
    grouped: dict[tuple[str, str], list[str]] = {}
    for job in jobs:
        if job.output not in study.tiles:
            name = job.wildcards.get("system") or job.wildcards.get("figure") or "the study"
            reason = snakemake_words.in_plain_words(job.reason)
            grouped.setdefault((job.rule.replace("_", " "), reason), []).append(name)
    for (rule, reason), names in grouped.items():
        lines.append(f"{rule} of {', '.join(names)}: {reason}")
    return lines or ["Nothing to be done: every file is there and up to date."]


def _users(study: Study, tiles: list) -> list[str]:
    """Systems that use these tiles; one tile may belong to several."""
    paths = {tile.path for tile in tiles}
    return [system for system in study.grids if paths & study.paths_of_tiles(system)]


def _computed_and_copied(tiles: list) -> tuple[int, int]:
    """Number of points of these tiles to compute, and number to copy from other tiles."""
    computed = copied = 0
    for folder in {Path(tile.path).parent for tile in tiles}:
        stored_keys = set()
        if (folder / INDEX).is_file():
            for line in (folder / INDEX).read_text(errors="replace").splitlines():
                name, _, tile = line.partition(" ")
                if tile and (folder / f"{tile}.nc").is_file():
                    stored_keys.add(name)
        keys = {key for tile in tiles if Path(tile.path).parent == folder for key in tile.keys}
        copied += len(keys & stored_keys)
        computed += len(keys - stored_keys)
    return computed, copied


def _planned_jobs(path: str) -> list[snakemake_words.PlannedJob]:
    profile = [snakemake_words.PROFILE_OPTION, str(locations.PROFILES / "default")]
    process = subprocess.run(
        project.command(path, [*snakemake_words.PLAN, *profile]),
        env=os.environ | locations.import_path(),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        words = (process.stderr or process.stdout).strip().splitlines()
        raise UserError(path, words[-1] if words else "no plan", "a study that Snakemake can plan")
    return snakemake_words.planned_jobs(process.stdout + process.stderr)


def unused(configs: list[str]) -> list[Path]:
    """Files in results/ that no study needs, except the gallery.

    Studies are those of these configs and those that were run from elsewhere.  Unused files are
    tiles, and datasets and figures of systems and figures that their study no longer has; logs and
    benchmarks are kept.
    """
    all_needs = needed(configs)
    tiles = {tile for needs in all_needs for tile in needs.tiles}
    # The index of a folder is removed with its last tile.
    folders = {os.path.dirname(tile) for tile in tiles}
    unused_files = []
    for path in sorted(Path(TILES).rglob("*")):
        name = path.as_posix()
        index = path.name == INDEX and os.path.dirname(name) in folders
        if path.is_file() and name not in tiles and not index:
            unused_files.append(path)
    for folder in sorted(RESULTS.iterdir()) if RESULTS.is_dir() else []:
        other_folders = ("gallery", Path(TILES).name, records.FOLDER.name)
        if folder.name in other_folders or not folder.is_dir():
            continue
        users = [needs for needs in all_needs if needs.study == folder.name]
        # A folder that no study has made is left alone.
        if not users and not (folder / "specs").is_dir():
            continue
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        unused_files += [p for p in files if not any(_belongs(p, folder, needs) for needs in users)]
    return unused_files


def needed(configs: list[str]) -> list[records.Needs]:
    """Files needed by each of these configs, and by each study that was run from elsewhere."""
    needs = []
    for path in configs:
        with locations.beside(path):
            needs.append(records.of_study(load(read(path), path), path))
    return needs + records.of_other_runs(configs)


def _belongs(path: Path, folder: Path, needs: records.Needs) -> bool:
    first, *rest = path.relative_to(folder).parts
    if first in ("logs", "benchmarks") or not rest:
        return True
    if first == "specs":
        return path.as_posix() in needs.specs
    if first == "figures":
        return path.stem in needs.figures
    if first not in needs.systems:
        return False
    return path.suffix != ".damaged" and not (
        needs.systems[first] and path.name != f"{RESPONSE}.nc"
    )


def remove(paths: list[Path]) -> None:
    """Delete these files, and the folders that become empty."""
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in sorted({parent for path in paths for parent in path.parents}, reverse=True):
        if folder.is_relative_to(RESULTS) and folder != RESULTS and not any(folder.iterdir()):
            folder.rmdir()


def configs() -> list[str]:
    """The configs of the project: the default study and config/studies/.

    Raises
    ------
    UserError
        If there is none, as then every file would count as unused.
    """
    names = [*project.CONFIGS, *map(str, sorted(Path("config/studies").glob("*.yaml")))]
    existing = [path for path in names if Path(path).is_file()]
    if not existing:
        raise UserError(
            os.getcwd(), Verbatim("no config"), f"a folder with {' or '.join(project.CONFIGS)}"
        )
    return existing


def size(paths: list[Path]) -> str:
    """Total size of files, with its unit."""
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.1f} MB"


def described(paths: list[Path]) -> list[str]:
    """One line for each folder: number of files and their size."""
    count = Counter(path.parent for path in paths)
    return [
        f"  {folder.as_posix()}/: {number} file{'s' if number > 1 else ''}, "
        f"{size([path for path in paths if path.parent == folder])}"
        for folder, number in count.items()
    ]
