"""Merging the 201 x 201 study stays small: synthetic tiles, each as its study expects it."""

import os
import subprocess
import sys

import numpy as np
import xarray as xr
from workflow_study import ROOT

from accumulation.datasets import files
from accumulation.jobs import tile_files
from accumulation.study import config_file, study
from accumulation.study.grid import unpacked

MERGE = """
import json, resource, sys
from accumulation.jobs import merging
spec = json.loads(open(sys.argv[1]).read())
ds = merging.merge(spec, spec["tiles"])
ds.net.to_netcdf(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def synthetic(keys: list[str], deltas: np.ndarray) -> xr.Dataset:
    """A response tile whose net is the point's delta."""
    lead = ("point", "definition", "gauge", "process", "fermi_energy", "temperature")
    filled = np.broadcast_to(deltas[:, None, None, None, None, None], (len(keys), 2, 1, 2, 1, 1))
    names = ("net", "left_edge", "right_edge", "edge_even", "edge_odd")
    scalars = ("direct_gap", "indirect_gap", "midgap", "chern", "ribbon_gap")
    return xr.Dataset(
        dict.fromkeys(names, (lead, filled))
        | dict.fromkeys(scalars, ("point", deltas))
        | {
            "status": ("point", np.zeros(len(keys), dtype=np.int16)),
            "fermi_level": (("point", "fermi_energy"), deltas[:, None]),
            "edge_crossings": (("point", "edge", "fermi_energy"), np.ones((len(keys), 2, 1), int)),
            "point_key": ("point", np.array(keys)),
        }
    )


def test_memory_of_merging_the_fine_study(tmp_path):
    found = study.load(config_file.read(ROOT / "config" / "studies" / "fine.yaml"))
    spec = found.merge_spec("phase_chiral")
    (tmp_path / "spec.json").write_text(spec)
    total = 0
    for path in found.merged_tiles("phase_chiral"):
        tile = found.tiles[path]
        points = unpacked(tile_files.load_spec(tile.spec)["points"])
        deltas = np.array([point["model"]["delta"] for point in points])
        files.write(synthetic(list(tile.keys), deltas), tmp_path / path)
        total += len(points)
    assert total == 201 * 201
    done = subprocess.run(
        [sys.executable, "-c", MERGE, "spec.json", "merged.nc"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) < 1000  # MB
    with xr.open_dataset(tmp_path / "merged.nc") as merged:
        assert merged.net.shape[:2] == (201, 201)
        # every point is where its coordinates say
        assert (merged.net == merged.delta).all()
    print(f"peak memory of the merge: {done.stdout.strip()} MB")
