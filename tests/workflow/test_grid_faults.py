"""Grids: runs and workers that are killed, damaged tiles, a full disk, two runs, a model's fault.

After one more run, undisturbed, everything is as if nothing had happened.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr
from workflow_study import ROOT, Project

from accumulation.datasets import files, seals
from accumulation.errors import UserError
from accumulation.jobs import tile_files
from accumulation.run import launch
from accumulation.study import study
from accumulation.study.grid import INDEX

DELTA = [-0.2, -0.1, 0.0, 0.1]  # two a tile
GRID = {
    "study": "grid",
    "systems": {
        "zigzag": {
            "model": {"name": "haldane", "t2": 0.06, "phi": 0.3, "delta": DELTA},
            "geometry": {"kind": "ribbon", "direction": [1, 0], "width": 2},
            "k": 11,
            "definition": "local",
            "fermi_energy": ["midgap", 0.1],
            "points_per_job": 2,
        },
        "bulk": {
            "model": {"name": "my_model", "delta": DELTA},
            "geometry": {"kind": "bulk"},
            "points_per_job": 2,
        },
        # Its tile is one of the bulk's.
        "half": {
            "model": {"name": "my_model", "delta": DELTA[2:]},
            "geometry": {"kind": "bulk"},
            "points_per_job": 2,
        },
    },
}
MODEL = '''"""A user's own model."""
from accumulation.models.haldane import haldane


def my_model(delta=0.0):
    return haldane(t2=0.1, phi=0.7, delta=delta)
'''
FAULT = """
    if delta == -0.2:
        raise ValueError("no such\\n crystal")
"""
FAULTY = MODEL.replace("\n    return", f"{FAULT}    return")
TARGETS = [f"results/grid/{system}/response.nc" for system in GRID["systems"]]
PROC = Path("/proc")
needs_proc = pytest.mark.skipif(not (PROC / "self" / "cmdline").exists(), reason="no /proc")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A grid project that has run undisturbed."""
    project = Project(tmp_path_factory.mktemp("grid"))
    (project.folder / "my_model.py").write_text(MODEL)
    project.write(GRID)
    assert run(project)[0] == 0
    return project


@pytest.fixture
def project(done, tmp_path):
    return Project.copied(done, tmp_path)


def run(project, *arguments) -> tuple[int, str]:
    """Exit code and text of a run of the datasets."""
    found = project.snakemake("--cores", "2", *arguments, *TARGETS)
    return found.returncode, found.stdout + found.stderr


def begun(project, *targets) -> subprocess.Popen:
    """A run in a process group of its own."""
    return subprocess.Popen(
        project.command("--cores", "2", *(targets or TARGETS)),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def tiles_of(project, system):
    """The tiles that are merged, each with the one that it reads."""
    here = os.getcwd()
    os.chdir(project.folder)
    try:
        found = study.load(GRID)
        return [found.tiles[path] for path in found.merged_tiles(system)]
    finally:
        os.chdir(here)


def jobs(project) -> dict[int, tuple[str, str]]:
    """Stage (of a tile) or rule, and file, of the jobs that are at work."""
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            here = (folder / "cwd").resolve() == project.folder.resolve()
        except OSError:
            continue
        if here and words[1:2] == ["-IS"]:
            stage = json.loads(words[4])["stage"] if words[3] == "tile" else words[3]
            found[int(folder.name)] = (stage, words[words.index("--out") + 1])
    return found


class Watch:
    """Looks again and again whether every dataset that has its final name is whole."""

    def __init__(self, project):
        self.project, self.seen = project, {}

    def look(self) -> None:
        for name, path in self.project.datasets().items():
            date = path.stat().st_mtime_ns
            if self.seen.get(name) != date:
                files.read(path)
                self.seen[name] = date

    def first(self, process, found):
        """The first thing that ``found`` finds while the process runs; None if it ends before."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            what = found()
            if what or process.poll() is not None:
                return what or None
            self.look()
            time.sleep(0.03)
        raise AssertionError("never found")


def computed(text: str) -> dict[str, int]:
    """Points computed by stage, of a run."""
    counts: dict[str, int] = {}
    for stage, number in set(
        re.findall(r"(\w+ tile \w+): \d+ points, (\d+) computed, \d+ kept", text)
    ):
        counts[stage.split()[0]] = counts.get(stage.split()[0], 0) + int(number)
    return counts


def told(text: str) -> list[str]:
    """The sentences of users' faults."""
    assert "Traceback" not in text, text
    return sorted({line.strip() for line in text.splitlines() if "allowed:" in line})


def assert_same(one, other) -> None:
    assert one.datasets().keys() == other.datasets().keys()
    for name, path in one.datasets().items():
        with xr.open_dataset(path) as left, xr.open_dataset(other.datasets()[name]) as right:
            xr.testing.assert_identical(left, right)


def forget(project, *patterns) -> None:
    """Delete files of results/ and their like."""
    for pattern in patterns:
        found = list((project.folder / "results").glob(pattern))
        assert found
        for path in found:
            path.unlink()


def leftovers(project) -> list[Path]:
    return [path for path in (project.folder / "results").rglob(".*") if path.is_file()]


@needs_proc
def test_run_killed_at_each_stage(project, done):
    """One run after the other is cut off, each a stage later; the last one goes through."""
    forget(project, "tiles/*/*/*", "grid/*/response.nc")
    for system, stage in (
        ("bulk", "bulk"),
        ("zigzag", "elements"),
        ("zigzag", "response"),
        ("zigzag", "merge"),
    ):
        watch = Watch(project)
        # A job may be over before anybody looks: then once more.
        for _ in range(5):
            process = begun(project, f"results/grid/{system}/response.nc")
            if watch.first(
                process, lambda s=stage: [j for j in jobs(project).values() if j[0] == s]
            ):
                break
            process.communicate()
            forget(project, f"grid/{system}/response.nc")
            if stage != "merge":
                forget(project, f"tiles/{stage}/*/*")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        watch.look()
        assert not (project.folder / "results" / "grid" / system / "response.nc").exists()
    code, text = run(project)
    assert code == 0, text
    # The ribbon's were finished before the last run was killed.
    assert computed(text).keys() <= {"bulk"}, text
    assert_same(project, done)
    assert not leftovers(project)


@needs_proc
def test_worker_killed_in_each_stage(project, done):
    first, _ = tiles_of(project, "bulk")
    forget(project, "tiles/elements/*/*", "tiles/response/*/*", "grid/*/response.nc")
    forget(project, first.path.removeprefix("results/"))
    process, watch = begun(project), Watch(project)
    killed = {}
    while process.poll() is None:
        for number, (stage, path) in jobs(project).items():
            if stage not in killed:
                os.kill(number, signal.SIGKILL)
                killed[stage] = path
        watch.look()
        time.sleep(0.03)
    text = process.communicate()[0]
    assert process.returncode != 0
    assert killed.keys() == {"bulk", "elements", "response", "merge"}
    assert computed(text) == {"elements": 2}
    assert not set(killed.values()) & {f"results/{name}" for name in project.datasets()}
    code, text = run(project)
    assert code == 0, text
    assert computed(text) == {"bulk": 2, "elements": 2, "response": 4}
    assert_same(project, done)
    assert not leftovers(project)


def test_writer_killed_before_the_file_has_its_name(tmp_path):
    path = tmp_path / "tile.nc"
    program = (
        "import os, signal, sys, xarray\n"
        "from accumulation.datasets import files\n"
        "os.replace = lambda *files: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write(xarray.Dataset({'net': ('point', [1.0, 2.0])}), sys.argv[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert [one.name[:9] for one in tmp_path.iterdir()] == [".tile.nc."]
    files.write(xr.Dataset({"net": ("point", [1.0, 2.0])}), path)
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_tiles_are_named_set_aside_and_made_again(project, done):
    cut = project.folder / tiles_of(project, "zigzag")[0].source
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    changed = project.folder / tiles_of(project, "bulk")[0].path
    content = changed.read_bytes()
    values = files.read(changed).midgap.values.tobytes()
    assert values in content
    changed.write_bytes(content.replace(values, values[:3] + b"\1\2\3\4" + values[7:]))
    failed = project.snakemake("--cores", "2")
    text = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert len(told(text)) == 2, text
    for path in (cut, changed):
        name = path.relative_to(project.folder).as_posix()
        assert sum(f"`{name}`" in line and "damaged" in line for line in told(text)) == 1
        assert not path.exists()
        assert path.with_name(f"{path.name}.damaged").exists()
    text = project.run()
    assert computed(text).keys() <= {"bulk", "elements", "response"}
    assert computed(text) == {"bulk": 2, "elements": 2, "response": 2}
    assert_same(project, done)


def test_a_file_with_other_bytes_is_never_read(done, tmp_path):
    path = done.folder / tiles_of(done, "zigzag")[0].path
    content, values = path.read_bytes(), files.read(path)
    draw = random.Random(1)
    changed = tmp_path / "tile.nc"
    for place in range(0, len(content), len(content) // 200):
        some = bytearray(content)
        some[place : place + 16] = draw.choice([bytes(16), b"\xff" * 16, draw.randbytes(16)])
        for other in (bytes(some[: len(content)]), content[:place]):
            changed.write_bytes(other)
            if len(content) - seals.SEAL_BYTES == len(other):
                # Exactly the seal is gone, as when another program edits attributes.
                xr.testing.assert_identical(files.read(changed), values)
            elif other != content:
                with pytest.raises(UserError, match="truncated or damaged"):
                    files.read(changed)


def lines(name: str, tile: str) -> bytes:
    return f"{name} {tile}\n".encode()


@pytest.mark.parametrize("stage", ["bulk", "elements"])
def test_index_of_points_may_hold_anything(project, monkeypatch, stage):
    """Whatever it says, a tile's values are its own."""
    monkeypatch.chdir(project.folder)
    system = "bulk" if stage == "bulk" else "zigzag"
    path, other = (
        Path(one.path if stage == "bulk" else one.source) for one in tiles_of(project, system)
    )
    every = Path("results/tiles").glob("*/*/*.nc")
    foreign = next(one for one in every if one.parent != path.parent)
    spec = json.loads(study.load(GRID).tiles[path.as_posix()].spec)
    keys = list(files.read(path).point_key.values)
    whole, index = path.read_bytes(), path.parent / INDEX
    values = files.read(path)
    before = index.read_bytes()
    path.unlink()
    cases = [
        b"",
        before[:-5],
        before[: len(before) // 2],
        b"\0" * 100,
        random.Random(2).randbytes(1000),
        b"\xff\xfe" + before,
        b"".join(lines(key, other.stem) for key in keys),
        b"".join(lines(key, f"../../{foreign.parent.relative_to('results/tiles')}/{foreign.stem}")
                 for key in keys),
        b"".join(lines(key, "\0\0") for key in keys),
        b"x" * 40 + before.replace(b"\n", b" "),
    ]  # fmt: skip
    for case in [*cases, None]:
        if case is None:
            index.unlink()
        else:
            index.write_bytes(case)
        assert tile_files.run(spec, None, str(path)) == (2, 2)
        xr.testing.assert_identical(files.read(path), values)
        assert path.stat().st_size == len(whole)
        # What it says now is found, whatever stood there.
        again = path.with_name("0123456789ab.nc")
        assert tile_files.run(spec, None, str(again)) == (2, 0)
        xr.testing.assert_identical(files.read(again), values)
        path.unlink()
        again.unlink()


def test_tile_of_other_points_is_set_aside(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    first, second = tiles_of(project, "zigzag")
    shutil.copy(second.source, first.source)
    Path(first.path).unlink()
    with pytest.raises(UserError, match=first.source):
        tile_files.run(json.loads(first.spec), first.source, first.path)
    assert Path(f"{first.source}.damaged").exists()
    assert not Path(first.path).exists()


@pytest.fixture
def small_disk(tmp_path):
    """An empty disk, and a function that changes its size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only, and not in every container")
    yield (
        folder,
        lambda size: subprocess.run(
            ["mount", "-o", f"remount,size={size}", str(folder)], check=True
        ),
    )
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk(done, small_disk, tmp_path):
    folder, resize = small_disk
    project = Project.copied(done, tmp_path / "project")
    results = project.folder / "results"
    forget(project, "tiles/elements/*/*", "tiles/response/*/*", "grid/zigzag/response.nc")
    resize("100m")
    shutil.copytree(results, folder, dirs_exist_ok=True)
    shutil.rmtree(results)
    results.symlink_to(folder)
    used = shutil.disk_usage(folder).used
    resize(used + 90_000)
    code, text = run(project)
    assert code != 0
    assert told(text), text
    for line in told(text):
        assert re.search(r"error: `results/\S+\.nc`: got .*the disk is full", line), line
    # Where one tile of four finds no room, the others are not tried.
    assert "the run stops here" in text
    assert len(re.findall(r"^failed: ", text, re.MULTILINE)) <= 2
    Watch(project).look()
    assert not leftovers(project)
    resize("100m")
    code, text = run(project)
    assert code == 0, text
    assert_same(project, done)
    assert not leftovers(project)


@needs_proc
def test_second_run_ends_at_once_and_disturbs_nothing(project, done):
    watch = Watch(project)
    # The job may be over before anybody looks: then once more.
    for _ in range(5):
        forget(project, "grid/zigzag/response.nc")
        process = begun(project)
        if watch.first(process, lambda: jobs(project)):
            break
        text = process.communicate()[0]
    else:
        raise AssertionError(text)
    try:
        os.killpg(process.pid, signal.SIGSTOP)  # for as long as it takes to look at the second
        specs = {p: p.read_bytes() for p in (project.folder / "results").rglob("*.json")}
        changed = {**GRID, "systems": {**GRID["systems"], "bulk": GRID["systems"]["zigzag"]}}
        project.write(changed)
        code, text = run(project)
        assert code == 1, text
        assert len(told(text)) == 1, text
        assert "at work" in told(text)[0]
        assert specs == {p: p.read_bytes() for p in (project.folder / "results").rglob("*.json")}
        project.write(GRID)
        code, text = run(project, "-n")
        assert code == 0, text
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    text = process.communicate()[0]
    assert process.returncode == 0, text
    assert_same(project, done)


def test_look_beside_a_run_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert launch.release_stale_locks()
    for arguments in (["--cores", "2"], ["-n"]):
        with pytest.raises(UserError, match="at work"):
            launch.begin({"spec.json": "{}"}, arguments)
    launch.begin({}, ["-np"])
    assert [path.name for path in tmp_path.iterdir()] == [".snakemake"]
    os.close(launch._lock_descriptors.pop())
    launch.begin({"spec.json": "{}"}, ["--dry-run"])
    assert not launch._lock_descriptors
    assert (tmp_path / "spec.json").read_text() == "{}"


def test_point_whose_model_fails_is_named_and_the_rest_is_done(project, done):
    (project.folder / "my_model.py").write_text(FAULTY)
    code, text = run(project)
    assert code != 0
    assert len(told(text)) == 1, text
    assert "`my_model(delta=-0.2), bulk`" in told(text)[0]
    assert "ValueError: no such crystal (my_model.py, line 7)" in told(text)[0]
    assert computed(text) == {"bulk": 2}
    (project.folder / "my_model.py").write_text(MODEL + "# mended\n")
    code, text = run(project)
    assert code == 0, text
    assert computed(text) == {"bulk": 4}
    for target in TARGETS:
        xr.testing.assert_identical(
            files.read(project.folder / target), files.read(done.folder / target)
        )
    assert not leftovers(project)


def test_ribbon_whose_model_fails_can_be_planned(project, monkeypatch):
    """The sizes of matrices, which a plan asks the model for, are known from other points."""
    (project.folder / "my_model.py").write_text(FAULTY)
    monkeypatch.chdir(project.folder)
    ribbon = GRID["systems"]["zigzag"] | {"model": {"name": "my_model", "delta": DELTA}}
    planned = study.load(GRID | {"systems": {"own": ribbon}}).tiles.values()
    assert len(planned) == 4
    first = next(iter(planned))
    with pytest.raises(
        UserError, match=r"my_model\(delta=-0.2\), ribbon, direction \[1, 0\], width"
    ):
        tile_files.run(json.loads(first.spec), None, first.path)
