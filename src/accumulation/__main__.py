"""What the rules call: ``python -m accumulation STAGE SPEC --out FILE [--in FILE ...]``.

SPEC is the JSON text of :meth:`accumulation.study.Study.spec`, or @ and a file that holds it.
``python -m accumulation check CONFIG`` checks a config and says what it holds, ``plan CONFIG`` what
a run would compute and why, ``unused all`` which files no study needs.  A user's fault ends in one
sentence and exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from .launch import ONE_THREAD


def main(arguments: list[str] | None = None) -> int:
    """Run one stage, or check a config; returns the exit code."""
    options = _parser().parse_args(arguments)
    from . import tiles
    from .errors import UserError

    try:
        if options.stage == "check":
            check(options.spec)
        elif options.stage == "plan":
            plan(options.spec)
        elif options.stage == "unused":
            unused(options.spec, options.remove)
        else:
            run(
                options.stage,
                tiles.load_spec(options.spec),
                options.inputs,
                options.out,
                options.threads,
            )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("error: not enough memory; use a smaller k, width or length", file=sys.stderr)
        return 1
    return 0


def run(stage: str, spec: dict, inputs: list[str], out: list[str], threads: int) -> None:
    """Read the stage's inputs, do its work, write its file (or a figure's files, or the page)."""
    from . import evidence, files, merging, plugins, rendering, report, stage_runs, tiles

    if stage == "report":
        report.write(spec, inputs, out[0])
        return
    if stage == "tile":
        started = time.perf_counter()
        total, new = tiles.run(spec, inputs[0] if inputs else None, out[0])
        words = f"{total} points, {new} computed, {total - new} kept"
        seconds = time.perf_counter() - started
        print(
            f"{spec['stage']} tile {Path(out[0]).stem}: {words}, {seconds:.1f} s", file=sys.stderr
        )
        return
    if stage == "merge":
        files.write(merging.merge(spec, spec["tiles"]), out[0])
        return
    datasets = [files.read(path, set_aside=True) for path in inputs]
    if stage == "evidence":
        files.write(evidence.collect(spec["study"], datasets), out[0])
        return
    if stage == "verdict":
        text = evidence.verdict(datasets[0], inputs[0])
        with files.atomic_write(out[0]) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return
    if stage == "figure":
        module = plugins.load("figures", spec["draw"])
        rendering.save(rendering.draw(module, datasets, spec), out, spec["dpi"])
        return
    keywords = {} if stage == "model" else {"threads": threads}
    files.write(getattr(stage_runs, f"run_{stage}")(spec, *datasets, **keywords), out[0])


def check(path: str) -> None:
    """Check a config file and print what it asks for."""
    from . import configuration, study

    found = study.load(configuration.read(path), path)
    print(f"{path} is valid: study {found.name}")
    for name, system in found.systems.items():
        cut = system.get("geometry", {})
        size = "x".join(str(cut[key]) for key in ("width", "height", "length") if key in cut)
        words = [system[key] for key in ("theory",) if key in system]
        words += [system["model"]["name"]] if "model" in system else []
        words += [cut["kind"]] if cut else []
        words += [str(cut["direction"]), size] if size else []
        axes = [f"{len(axis.values)} {axis.name}" for axis in system["axes"]]
        print(
            f"  system {name}: {' '.join(words)}"
            + (f", grid of {' x '.join(axes)}" if axes else "")
        )
    for name, figure in found.figures.items():
        print(f"  figure {name}: {', '.join(figure['systems'])}")


def plan(path: str) -> None:
    """Print what a run of a config would compute, and why."""
    from . import housekeeping

    print("\n".join(housekeeping.plan(path)))


def unused(configs: str, remove: bool) -> None:
    """List what no study needs, or remove it; ``configs`` is ``all`` or files with commas."""
    from . import housekeeping

    files = housekeeping.configs() if configs == "all" else configs.split(",")
    found = housekeeping.unused(files)
    names = ", ".join(dict.fromkeys(needs.config for needs in housekeeping.needed(files)))
    if not found:
        print(f"Every file in results/ is needed by {names}.")
        return
    verb = "Removed, as none" if remove else "None"
    total = housekeeping.size(found)
    print(f"{verb} of {names} needs these {len(found)} files, {total}:")
    print("\n".join(housekeeping.described(found)))
    if remove:
        housekeeping.remove(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m accumulation", description=__doc__)
    stages = ["model", "bands", "elements", "response", "tile", "merge", "figure", "report"]
    stages += ["evidence", "verdict"]
    stages += ["check", "plan", "unused"]
    parser.add_argument("stage", choices=stages)
    parser.add_argument("spec", metavar="SPEC", help="JSON text, or @FILE; else config files")
    parser.add_argument("--out", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--in", nargs="*", default=[], metavar="FILE", dest="inputs")
    parser.add_argument("--remove", action="store_true", help="of unused: delete them")
    parser.add_argument("--threads", type=int, default=1, help="threads over chunks of k")
    return parser


if __name__ == "__main__":
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):
        # The package may have loaded numpy already, which reads these only once: start over.
        os.environ |= ONE_THREAD
        os.execv(sys.executable, [sys.executable, "-m", __package__, *sys.argv[1:]])
    sys.exit(main())
