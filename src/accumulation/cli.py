"""The command ``accumulation``: studies from a new folder to the files that none needs any more."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from .run.cluster_status import job_status
from .version import __version__

USAGE = """\
accumulation new FOLDER                         a commented config and a Snakefile in a new folder
accumulation check [CONFIG]                     check a config and say what it holds
accumulation plan [CONFIG]                      what a run would compute, and why
accumulation run [CONFIG] [SNAKEMAKE OPTIONS]   run the study: --cores N, -n, --summary, ...
accumulation unused [CONFIG ...] [--remove]     files in results/ that no study needs
accumulation models|densities|theories|figures [NAME]   list them, or tell all of one

CONFIG is a file, or a folder with config.yaml or config/config.yaml in it; this folder if it is
left out.  Results go to results/ in the project's folder: the one with the Snakefile, at or above
the config, or else the config's own.
"""


def told(work: Callable[[], None]) -> int:
    """Do some work; a user's fault ends in one sentence.  Returns the exit code."""
    from .errors import UserError

    try:
        work()
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("error: not enough memory; use a smaller k, width or length", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def main(arguments: list[str]) -> int:
    """Carry out one command; returns the exit code."""
    if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments[1:2]):
        return told(lambda: _run(arguments[1:]))
    given = _parser().parse_args(arguments or ["--help"])
    return told(lambda: given.work(given))


def _run(arguments: list[str]) -> None:
    """Run a study; a first argument that is no option is its config, all others Snakemake's."""
    from .run import project

    has_config = bool(arguments) and not arguments[0].startswith("-")
    path = project.find_config(arguments[0] if has_config else None)
    project.run(project.enter(path), arguments[1:] if has_config else arguments)


def _new(folder: str) -> None:
    """Make a project and say what to do with it."""
    from .run import project

    for path in project.new(folder):
        print(path)
    print(f"Edit the config, then: accumulation run{'' if folder == '.' else f' {folder}'}")


def _check(word: str | None) -> None:
    """Check a config file and print what it asks for."""
    from .run import project
    from .study import config_file, study

    path = project.find_config(word)
    shown = word if word and not os.path.isdir(word) else os.path.relpath(path)
    content = config_file.read(path if word is None else shown)
    project.enter(path, quietly=True)
    checked = study.load(content, shown)
    print(f"{shown} is valid: study {checked.name}")
    for name, system in checked.systems.items():
        print(f"  system {name}: {_system_in_words(system)}")
    for name, figure in checked.figures.items():
        print(f"  figure {name}: {', '.join(figure['systems'])}")


def _system_in_words(system: dict) -> str:
    from .lattice.geometries import SIZES

    cut = system.get("geometry", {})
    size = "x".join(str(cut[key]) for key in SIZES if key in cut)
    words = [system[key] for key in ("theory",) if key in system]
    words += [system["model"]["name"]] if "model" in system else []
    words += [cut["kind"]] if cut else []
    words += [str(cut["direction"]), size] if size else []
    axes = [f"{len(axis.values)} {axis.name}" for axis in system["axes"]]
    return " ".join(words) + (f", grid of {' x '.join(axes)}" if axes else "")


def _plan(word: str | None) -> None:
    """Print what a run of a config would compute, and why."""
    from .run import housekeeping, project

    print("\n".join(housekeeping.plan(project.enter(project.find_config(word)))))


def _unused(words: list[str], remove: bool) -> None:
    """List what no study needs, or remove it.

    ``words`` are configs, the first one's project being meant; none, or ``all``: all the configs
    of the project.
    """
    from .run import housekeeping, project

    named = [word for given in words for word in given.split(",") if given != "all"]
    paths = [project.find_config(word) for word in named or [None]]
    first = project.enter(paths[0])
    files = [first, *map(os.path.relpath, paths[1:])] if named else housekeeping.configs()
    unneeded = housekeeping.unused(files)
    names = ", ".join(dict.fromkeys(needs.config for needs in housekeeping.needed(files)))
    if not unneeded:
        print(f"Every file in results/ is needed by {names}.")
        return
    verb = "Removed, as none" if remove else "None"
    total = housekeeping.size(unneeded)
    print(f"{verb} of {names} needs these {len(unneeded)} files, {total}:")
    print("\n".join(housekeeping.described(unneeded)))
    if remove:
        housekeeping.remove(unneeded)


def _show(word: str, name: str | None) -> None:
    """List the plugins of a kind, or tell all of one."""
    from . import locations
    from .errors import UserError
    from .run import catalogue, project

    # Without a project here: what the package has, and files of this folder.
    with suppress(UserError):
        locations.look_beside([project.find_config(None)])
    lines = catalogue.described(word, name) if name else catalogue.listed(word)
    print("\n".join(lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accumulation",
        usage="accumulation COMMAND [...]",
        description=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"accumulation {__version__}")
    commands = parser.add_subparsers(
        metavar="COMMAND", required=True, prog="accumulation", help="as above"
    )

    def command(name: str, work: Callable, text: str, **argument):
        one = commands.add_parser(name, description=text)
        one.set_defaults(work=work)
        if argument:
            one.add_argument(argument.pop("of"), **argument)
        return one

    config = {"of": "config", "nargs": "?", "help": "a file, or a folder that holds one"}
    command("new", lambda a: _new(a.folder), "a project in a new folder", of="folder")
    command("check", lambda a: _check(a.config), "check a config, say what it holds", **config)
    command("plan", lambda a: _plan(a.config), "what a run would compute, and why", **config)
    # Carried out before this parser is asked; here for the help.
    command("run", lambda a: None, "run a study; all options are Snakemake's", **config)
    # For the profile of clusters, not for people.
    command("job-status", lambda a: print(job_status(a.job)), "state of a cluster's job", of="job")
    words = "files in results/ that no study needs"
    configs = {"of": "configs", "nargs": "*", "help": "of the project where it is left out"}
    one = command("unused", lambda a: _unused(a.configs, a.remove), words, **configs)
    one.add_argument("--remove", action="store_true", help="delete them")
    for word in ("models", "densities", "theories", "figures"):
        name = {"of": "name", "nargs": "?", "help": "tell all of this one"}
        command(word, lambda a, w=word: _show(w, a.name), f"list the {word}", **name)
    return parser
