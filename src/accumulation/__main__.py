"""Command line of the workflow rules: ``python -m accumulation STAGE SPEC --out FILE [--in FILE]``.

SPEC is the JSON text of :meth:`accumulation.study.study.Study.spec`, or @ and the file that holds
it.  All other commands are those of :mod:`accumulation.cli`.  A user error prints one sentence and
gives exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from . import cli
from .run.launch import ONE_THREAD
from .study.stages import STAGES, function, of_singles

# What rules run beside the stages of a system without an axis.
TASKS = ("tile", "merge", "figure", "report", "evidence", "verdict")


def main(arguments: list[str] | None = None) -> int:
    """Run one stage, or a command of :mod:`accumulation.cli`, and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["job-server"]:
        from .run import job_server

        job_server.serve(int(arguments[1]), main)
        return 0
    if not arguments or arguments[0] not in _tasks():
        return cli.main(arguments)
    options = _parser().parse_args(arguments)
    from .jobs import job_logs, tile_files

    def work() -> None:
        started = time.perf_counter()
        spec = tile_files.load_spec(options.spec)
        what = run(options.stage, spec, options.inputs, options.out, options.threads)
        seconds = time.perf_counter() - started
        print(job_logs.success(what, seconds), file=sys.stderr)

    return cli.exit_code_of(work)


def console() -> int:
    """Entry point of the installed command ``accumulation``; returns the exit code."""
    os.environ |= ONE_THREAD  # for its child processes
    return main()


def run(stage: str, spec: dict, inputs: list[str], out: list[str], threads: int) -> str:
    """Run one stage: read its inputs and write its file (or a figure's files, or the page).

    Returns
    -------
    What was done, for its log.

    Raises
    ------
    UserError
        If an input is missing or damaged, a parameter is invalid, or an output cannot be written.
    """
    from . import plugins
    from .datasets import evidence, files
    from .jobs import figure_files, merging, tile_files
    from .report import page

    if stage == "report":
        page.write(spec, inputs, out[0])
    elif stage == "tile":
        total, computed = tile_files.run(spec, inputs[0] if inputs else None, out[0])
        summary = f"{total} points, {computed} computed, {total - computed} kept"
        return f"{spec['stage']} tile {Path(out[0]).stem}: {summary}"
    elif stage == "merge":
        files.write(merging.merge(spec, spec["tiles"]), out[0])
    else:
        datasets = [files.read(path, set_aside=True) for path in inputs]
        if stage == "evidence":
            files.write(evidence.collect(spec["study"], datasets), out[0])
        elif stage == "verdict":
            text = evidence.verdict(datasets[0], inputs[0])
            with files.atomic_write(out[0]) as temporary:
                temporary.write_text(text, encoding="utf-8")
        elif stage == "figure":
            module = plugins.load("figures", spec["draw"])
            figure_files.save(figure_files.draw(module, datasets, spec), out, spec["dpi"])
        else:
            declared = STAGES[stage]
            keywords = {"threads": threads} if declared.threads else {}
            files.write(function(declared.run)(spec, *datasets, **keywords), out[0])
    return f"{stage}: {Path(out[0]).name}"


def _tasks() -> tuple[str, ...]:
    return (*(stage.name for stage in of_singles()), *TASKS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m accumulation", description=__doc__)
    parser.add_argument("stage", choices=_tasks())
    parser.add_argument("spec", metavar="SPEC", help="JSON text, or @FILE")
    parser.add_argument("--out", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--in", nargs="*", default=[], metavar="FILE", dest="inputs")
    parser.add_argument("--threads", type=int, default=1, help="threads over chunks of k")
    return parser


if __name__ == "__main__":
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):
        # The package may have loaded numpy already, which reads these once, so start again.
        os.environ |= ONE_THREAD
        os.execv(sys.executable, [sys.executable, "-m", __package__, *sys.argv[1:]])
    sys.exit(main())
