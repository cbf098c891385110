"""Random problems against references of the referee's own; a table, and an exit code.

    python -m referee --draws 2000 --seed 0 --processes 2

Fails if a number is silently wrong: no flag, and off by more than 1e-4 of its largest row (of a
percent of the integral of the modulus, or of 1e-3, where symmetry makes it small); or flagged with
an error estimate that the error exceeds.
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402
from functools import partial  # noqa: E402

from .draws import KINDS, TEMPERATURES, draw  # noqa: E402
from .judge import AGREED, FLAGGED, RAISED, UNDECIDED, WRONG, judge  # noqa: E402

VERDICTS = (AGREED, FLAGGED, WRONG, UNDECIDED)
HEADER = ("compared", "agreed", "flagged", "silently wrong", "not decided")


def one(seed: int, solver: str, index: int) -> tuple[str, str, list, float]:
    """Kind, description, entries and seconds of one draw."""
    start = time.perf_counter()
    problem = draw(seed, index)
    entries = judge(problem, solver)
    return problem.kind, str(problem), entries, time.perf_counter() - start


def table(entries) -> str:
    """Markdown tables by kind of level and temperature, and by quantity."""
    groups = {"level, temperature": Counter(), "quantity": Counter()}
    order = {"level, temperature": [], "quantity": []}
    for kind in KINDS:
        order["level, temperature"] += [f"{kind}, T = {t:g}" for t in TEMPERATURES]
    for entry in entries:
        if entry.verdict == RAISED:
            continue
        what = f"{entry.quantity} {entry.process}".strip()
        if entry.kind != "crystal":
            groups["level, temperature"][
                f"{entry.kind}, T = {entry.temperature:g}", entry.verdict
            ] += 1
        groups["quantity"][what, entry.verdict] += 1
        if what not in order["quantity"]:
            order["quantity"].append(what)
    lines = []
    for title, counts in groups.items():
        lines += ["", f"| {title} | " + " | ".join(HEADER) + " |", "|---" * 6 + "|"]
        every = Counter()
        for name in order[title]:
            numbers = [counts[name, verdict] for verdict in VERDICTS]
            for verdict, number in zip(VERDICTS, numbers, strict=True):
                every[verdict] += number
            cells = " | ".join(str(n) for n in (sum(numbers), *numbers))
            lines.append(f"| {name} | {cells} |")
        numbers = [every[verdict] for verdict in VERDICTS]
        lines.append(f"| **all** | {' | '.join(str(n) for n in (sum(numbers), *numbers))} |")
    return "\n".join(lines)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="referee", description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--first", type=int, default=0, help="index of the first draw")
    solvers = ("dense", "selected_inversion")
    parser.add_argument("--solver", choices=solvers, default="dense")
    options = parser.parse_args(arguments)
    indices = range(options.first, options.first + options.draws)
    start = time.perf_counter()
    entries, kinds, failed, seconds = [], Counter(), 0, []
    with ProcessPoolExecutor(options.processes) as pool:
        for kind, text, found, spent in pool.map(
            partial(one, options.seed, options.solver), indices, chunksize=4
        ):
            kinds[kind] += 1
            seconds.append(spent)
            entries += found
            bad = [entry for entry in found if entry.verdict in (WRONG, RAISED)]
            failed += bool(bad)
            if bad:
                print(text)
            for entry in bad:
                print(
                    f"    {entry.verdict}: {entry.quantity} {entry.process} "
                    f"T = {entry.temperature:g}, error {entry.error:.1e}, "
                    f"bound {entry.bound:.1e} {entry.note}"
                )
            sys.stdout.flush()
    drawn = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS)
    print(f"\n{options.draws} draws of seed {options.seed} ({drawn})", end="")
    print(f" in {time.perf_counter() - start:.0f} s, {sum(seconds) / len(seconds):.2f} s a draw")
    print(table(entries))
    beyond = [e for e in entries if e.exceeded and e.verdict == AGREED]
    if beyond:
        worst = max(entry.error for entry in beyond)
        print(f"\n{len(beyond)} agreed, but off by more than their bound (by {worst:.1e} at most)")
    raised = sum(entry.verdict == RAISED for entry in entries)
    print(f"\n{failed} draws with something silently wrong or an exception ({raised})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
