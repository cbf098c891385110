"""Order and number of the test processes, and one BLAS thread in each, as in every job."""

import compileall
import os
import sys
from pathlib import Path

import pytest

# Before anything imports numpy: threads of several processes on few cores are six times slower.
for library in ("OPENBLAS", "MKL", "OMP", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

# The longest first, so that none of them is left for the end when the other processes are done.
FIRST = ["test_slurm", "test_grid_reruns", "test_report", "test_grid_faults", "test_faults"]
FIRST += [
    "test_snakemake_words",
    "test_installation",
    "test_theory",
    "test_reruns",
    "test_merge_large",
    "test_bad_config",
]
FIRST += ["test_referee", "test_large_samples", "test_wire", "test_selection_rules"]
FIRST += ["test_snippets", "test_bulk", "test_selected_inversion", "test_slab", "test_edited_files"]


def pytest_configure(config):
    """Compile and read the package once, for all its copies that the tests of the workflow make."""
    if hasattr(config, "workerinput"):
        return
    compileall.compile_dir(Path(__file__).parents[1] / "src", quiet=2)
    from accumulation.study.source_names import ROOT, names_of

    with pytest.MonkeyPatch.context() as change:
        change.setattr(sys, "dont_write_bytecode", False)
        for path in ROOT.rglob("*.py"):
            parts = path.relative_to(ROOT.parent).with_suffix("").parts
            names_of(".".join(parts).removesuffix(".__init__"))


def pytest_xdist_auto_num_workers(config):
    """As many as there are cores: one more takes a sixth more processor time, in all as long."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def pytest_addoption(parser):
    parser.addoption("--exhaustive", action="store_true", help="every case of every test")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("exhaustive"):
        marked = [item for item in items if item.get_closest_marker("exhaustive")]
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in set(marked)]
    items.sort(key=lambda item: FIRST.index(n) if (n := item.path.stem) in FIRST else len(FIRST))
