"""The command ``accumulation``: create, check, plan, run and clean up studies, list plugins."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress

from .run.cluster_status import job_status
from .version import __version__

USAGE = """\
accumulation new FOLDER                         create a folder with a commented config
accumulation check [CONFIG]                     check a config and list its systems and figures
accumulation plan [CONFIG]                      show what a run would compute, and why
accumulation run [CONFIG] [SNAKEMAKE OPTIONS]   run the study: --cores N, -n, --summary, ...
accumulation unused [CONFIG ...] [--remove]     list files in results/ that no study needs
accumulation models|densities|theories|figures [NAME]   list them, or describe one

CONFIG is a config file, or a folder with config.yaml or config/config.yaml; the default is the
current folder.  Results go to results/ in the project's folder, which is the folder with the
Snakefile at or above the config, or else the folder of the config.
"""


def exit_code_of(command: Callable[[], None]) -> int:
    """Run a command and return its exit code; a user error prints one sentence and gives 1."""
    from .errors import UserError

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            command()
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("error: not enough memory; use a smaller k, width or length", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _print_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """One sentence, without the line of this package that it comes from."""
    print(f"warning: {message}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Parse and run one command, and return its exit code."""
    if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments[1:2]):
        return exit_code_of(lambda: _run(arguments[1:]))
    options = _parser().parse_args(arguments or ["--help"])
    return exit_code_of(lambda: options.work(options))


def _run(arguments: list[str]) -> None:
    """Run a study; a first argument that is not an option is the config, the rest Snakemake's."""
    from .run import project

    has_config = bool(arguments) and not arguments[0].startswith("-")
    path = project.find_config(arguments[0] if has_config else None)
    project.run(project.enter(path), arguments[1:] if has_config else arguments)


def _new(folder: str) -> None:
    """Create a project and print the next step."""
    from .run import project

    for path in project.new(folder):
        print(path)
    print(f"Edit the config, then: accumulation run{'' if folder == '.' else f' {folder}'}")


def _check(argument: str | None) -> None:
    """Check a config file and print its systems and figures."""
    from .run import project
    from .study import config_file, study

    path = project.find_config(argument)
    shown_path = argument if argument and not os.path.isdir(argument) else os.path.relpath(path)
    content = config_file.read(path if argument is None else shown_path)
    project.enter(path, quietly=True)
    checked = study.load(content, shown_path)
    print(f"{shown_path} is valid: study {checked.name}")
    for name, system in checked.systems.items():
        print(f"  system {name}: {_system_in_words(system)}")
    for name, figure in checked.figures.items():
        print(f"  figure {name}: {', '.join(figure['systems'])}")


def _system_in_words(system: dict) -> str:
    from .lattice.geometries import SIZES

    geometry = system.get("geometry", {})
    size = "x".join(str(geometry[key]) for key in SIZES if key in geometry)
    words = [system[key] for key in ("theory",) if key in system]
    words += [system["model"]["name"]] if "model" in system else []
    words += [geometry["kind"]] if geometry else []
    words += [str(geometry["direction"]), size] if size else []
    axes = [f"{len(axis.values)} {axis.name}" for axis in system["axes"]]
    return " ".join(words) + (f", grid of {' x '.join(axes)}" if axes else "")


def _plan(argument: str | None) -> None:
    """Print what a run of a config would compute, and why."""
    from .run import housekeeping, project

    print("\n".join(housekeeping.plan(project.enter(project.find_config(argument)))))


def _unused(arguments: list[str], remove: bool) -> None:
    """List or remove the files that no study needs.

    ``arguments`` are configs, the first of which determines the project; none, or ``all``, means
    all configs of the project.
    """
    from .run import housekeeping, project

    named_configs = [
        name for argument in arguments for name in argument.split(",") if argument != "all"
    ]
    configs = [project.find_config(name) for name in named_configs or [None]]
    first_config = project.enter(configs[0])
    config_files = (
        [first_config, *map(os.path.relpath, configs[1:])]
        if named_configs
        else housekeeping.configs()
    )
    unneeded = housekeeping.unused(config_files)
    names = ", ".join(dict.fromkeys(needs.config for needs in housekeeping.needed(config_files)))
    if not unneeded:
        print(f"Every file in results/ is needed by {names}.")
        return
    verb = "Removed, as none" if remove else "None"
    total = housekeeping.size(unneeded)
    print(f"{verb} of {names} needs these {len(unneeded)} files, {total}:")
    print("\n".join(housekeeping.described(unneeded)))
    if remove:
        housekeeping.remove(unneeded)


def _show(kind: str, name: str | None) -> None:
    """List the plugins of a kind, or describe one of them."""
    from . import locations
    from .errors import UserError
    from .run import catalogue, project

    # Outside a project: the plugins of the package, and files in the current folder.
    with suppress(UserError):
        locations.look_beside([project.find_config(None)])
    lines = catalogue.described(kind, name) if name else catalogue.listed(kind)
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

    def command(name: str, handler: Callable, text: str, **argument):
        subparser = commands.add_parser(name, description=text)
        subparser.set_defaults(work=handler)
        if argument:
            subparser.add_argument(argument.pop("of"), **argument)
        return subparser

    config = {"of": "config", "nargs": "?", "help": "a config file, or a folder with one"}
    command("new", lambda a: _new(a.folder), "create a project in a new folder", of="folder")
    command("check", lambda a: _check(a.config), "check a config and list its contents", **config)
    command("plan", lambda a: _plan(a.config), "show what a run would compute, and why", **config)
    # main() runs this command before it parses; it is listed here for the help.
    command("run", lambda a: None, "run a study; all options are Snakemake's", **config)
    # Called by the cluster profile.
    command("job-status", lambda a: print(job_status(a.job)), "state of a cluster job", of="job")
    words = "list files in results/ that no study needs"
    configs = {"of": "configs", "nargs": "*", "help": "default: all configs of the project"}
    unused_parser = command("unused", lambda a: _unused(a.configs, a.remove), words, **configs)
    unused_parser.add_argument("--remove", action="store_true", help="delete them")
    for kind in ("models", "densities", "theories", "figures"):
        name = {"of": "name", "nargs": "?", "help": "describe this one"}
        command(kind, lambda a, w=kind: _show(w, a.name), f"list the {kind}", **name)
    return parser
