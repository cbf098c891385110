"""One table: us and other packages, the same work in the same run, and how costs grow.

In tests/, `python -m benchmarks` prints every row, `python -m benchmarks bands hall` some of them.
Times are CPU times of one thread of one process at a time; of grids, of all their jobs.  Nothing
is asserted about times; values that differ from those of a peer end the run, as it would not be
the same work.
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402

import numpy as np  # noqa: E402

import accumulation as acc  # noqa: E402

from . import grid_points, growth, peers, same_work, table  # noqa: E402

ROWS = ("bands", "accumulation", "hall", "width", "grid")
USE_PEERS = ("bands", "accumulation", "hall")


def main() -> None:
    """Parse the options, name what is missing, print the table."""
    options = _parser().parse_args()
    rows = options.rows or list(ROWS)
    present, missing = [], []
    if set(rows) & set(USE_PEERS):
        present, missing = peers.started(dict(one.split("=", 1) for one in options.peer))
    if "width" in rows and not growth.has_inversion():
        missing.append("selected inversion is left out: this version has no accumulate()")
    versions = [f"accumulation {acc.__version__}, numpy {np.__version__}"]
    versions += [peer.version for peer in present if peer.name != "numpy"]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}, "
          f"CPU time of 1 thread, medians of {options.repeats}; {'; '.join(versions)}")  # fmt: skip
    print("\n".join(missing), flush=True)
    work = {
        "bands": lambda: same_work.bands(present, options.widths, options.repeats),
        "accumulation": lambda: same_work.accumulation(present, options.widths, options.repeats),
        "hall": lambda: same_work.hall(present, [1e-3, 1e-6, 1e-9], options.repeats),
        "width": lambda: growth.width(
            [w for w in growth.WIDTHS if w <= options.widest],
            options.dense_limit,
            min(options.repeats, 3),
        ),
        "grid": lambda: grid_points.grid(
            [n for n in grid_points.GRIDS if n <= options.points],
            options.points_per_job,
            options.cores,
        ),
    }
    print(table.header())
    try:
        for name in rows:
            for row in work[name]():
                print(table.line(row), flush=True)
    finally:
        for peer in present:
            peer.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=PYTHON",
        help=f"interpreter of one of {', '.join(peers.NAMES)}; by default this one",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=5, help="repetitions, all in turn in each")
    parser.add_argument("--widths", type=int, nargs="+", default=[20, 100], help="beside peers")
    parser.add_argument("--widest", type=int, default=2000, help="of the growth with width")
    parser.add_argument("--dense-limit", type=int, default=250, help="widest dense chain")
    parser.add_argument("--points", type=int, default=100_000, help="of the largest grid")
    parser.add_argument("--points-per-job", type=int, help="by default that of the package")
    parser.add_argument("--cores", type=int, default=2, help="of the runs of grids")
    return parser


if __name__ == "__main__":
    sys.exit(main())
