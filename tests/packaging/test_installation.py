"""What a new user does: install, make a project, put a model beside its config, run.

The package is built from a copy that is deleted before anything runs, and installed into an
environment that knows the dependencies but not this repository.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
import yaml

ROOT = Path(__file__).parents[2]
# Of a working copy only what belongs to the sources.
LEFT_OUT = shutil.ignore_patterns(
    "__pycache__",
    "*.so",
    "*.egg-info",
    "build",
    "dist",
    ".git",
    ".venv",
    "results",
    ".snakemake",
    ".*_cache",
)

COMPILER = shutil.which(os.environ.get("CC") or "cc")

OWN_MODEL = '''
"""Two atoms in a honeycomb, of different energies."""
from math import sqrt
from accumulation import Lattice

UNITS = {"mass": "t0"}


def honeycomb(mass=0.2):
    """Graphene with a mass: its gap is twice the mass."""
    lattice = Lattice(
        vectors=[(1.0, 0.0), (0.5, sqrt(3) / 2)],
        orbitals={"A": (0.0, 0.0), "B": (0.5, 1 / (2 * sqrt(3)))},
        onsite={"A": mass, "B": -mass},
    )
    for cell in ((0, 0), (-1, 0), (0, -1)):
        lattice.hop("A", "B", cell, -1.0)
    return lattice
'''


def environment() -> dict:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SNAKEMAKE"))}
    return {k: v for k, v in kept.items() if k not in ("VIRTUAL_ENV", "ACCUMULATION_PYTHON")}


def call(*command, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel_of(source: Path, target: Path) -> Path:
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    call(sys.executable, "-m", "pip", "wheel", *options, "-w", target, ".", cwd=source)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Path]:
    """The wheel, and the source archive, of a copy that is there no more."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, folder / "copy", ignore=LEFT_OUT)
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})"
    call(sys.executable, "-c", code, cwd=folder / "copy")
    wheel = wheel_of(folder / "copy", folder)
    shutil.rmtree(folder / "copy")
    return wheel, next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """Folder of the programs of an environment with the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "--python", python)
    call(*pip, "install", *options, built[0], cwd=folder)
    line = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own, ours = (
        Path(call(one, "-c", line, cwd=folder).strip()) for one in (python, sys.executable)
    )
    # The dependencies, but not what .pth files beside them add, such as an editable installation.
    (own / "dependencies.pth").write_text(f"{ours}\n")
    where = call(python, "-c", "import accumulation; print(accumulation.__file__)", cwd=folder)
    assert Path(where.strip()).is_relative_to(own)
    return folder / "bin"


def test_source_archive_builds_the_same_wheel(built, tmp_path):
    wheel, archive = built
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    source = next(tmp_path.glob("accumulation-*"))
    again = wheel_of(source, tmp_path)
    contents = []
    for path in (wheel, again):
        with zipfile.ZipFile(path) as file:
            contents.append({name: file.read(name) for name in file.namelist()})
    assert contents[0] == contents[1]
    assert {str(p) for p in source.glob("tests/workflow/test_*.py")}, "the tests are in the archive"


def test_wheel_carries_every_file_of_the_package_and_of_the_workflow(built):
    files = [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*")]
    wanted = {f"accumulation/{path.relative_to(ROOT)}" for path in files if path.is_file()}
    package = ROOT / "src"
    wanted |= {
        str(path.relative_to(package))
        for path in (package / "accumulation").rglob("*")
        if path.is_file() and path.suffix not in (".c", ".so") and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(built[0]) as file:
        carried = {name for name in file.namelist() if ".dist-info/" not in name}
    if COMPILER:
        wanted.add("accumulation/states/_compiled.abi3.so")
    assert carried == wanted


def test_a_build_without_a_compiler_lacks_the_compiled_module_only(built, tmp_path, monkeypatch):
    """It is optional: whoever has no compiler, or one that fails, can install the package."""
    with tarfile.open(built[1]) as file:
        file.extractall(tmp_path, filter="data")
    monkeypatch.setenv("CC", "false")
    wheel = wheel_of(next(tmp_path.glob("accumulation-*")), tmp_path)
    names = []
    for path in (built[0], wheel):
        with zipfile.ZipFile(path) as file:
            names.append({name for name in file.namelist() if ".dist-info/" not in name})
    assert {name for name in names[0] if not name.endswith(".so")} == names[1]


def test_study_of_an_own_model_from_another_folder(installed, tmp_path):
    """Install, new, a model of 15 lines beside the config, check, run, open the results."""
    accumulation = installed / "accumulation"
    call(accumulation, "new", "ours/mine", cwd=tmp_path)
    project = tmp_path / "ours" / "mine"
    config = yaml.safe_load((project / "config.yaml").read_text())
    config["defaults"] |= {"model": {"name": "honeycomb", "mass": 0.3}, "k": 20}
    config["systems"] = {
        "zigzag": {"geometry": {"kind": "ribbon", "direction": [1, 0], "width": 4}},
        "bulk": {"model": {"mass": [0.1, 0.25]}, "geometry": {"kind": "bulk"}},
    }
    config["formats"] = ["png"]
    (project / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (project / "honeycomb.py").write_text(OWN_MODEL)
    (project / "random.py").write_text("raise ImportError('taken for the library of Python')")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "honeycomb bulk, grid of 2 mass" in call(
        accumulation, "check", "../ours/mine", cwd=elsewhere
    )
    call(accumulation, "run", "../ours/mine/config.yaml", "--cores", "2", cwd=elsewhere)
    assert list(elsewhere.iterdir()) == []
    results = project / "results" / "mine"
    with xr.open_dataset(results / "bulk" / "response.nc") as ds:
        npt.assert_allclose(ds.direct_gap, 2 * ds.mass, atol=1e-6)  # at the corners of the zone
    with xr.open_dataset(results / "zigzag" / "response.nc") as ds:
        # Time reversal forbids the interband part of an orbital moment.
        interband = np.abs(ds.accumulation.sel(process="interband")).max()
        intraband = np.abs(ds.accumulation.sel(process="intraband")).max()
        assert interband < 1e-9 < 1e-3 < intraband
    assert "</html>" in (results / "report.html").read_text(encoding="utf-8")
    told = call(accumulation, "plan", "ours/mine", cwd=tmp_path)
    assert told.startswith("Nothing to be done")
    # Plain Snakemake does the same, by the project's own Snakefile.
    python = (installed / "python", "-P", "-m", "snakemake")
    assert "zigzag/response.nc" in call(*python, "--summary", cwd=project)
    assert "honeycomb  mass=0.2 [t0]" in call(accumulation, "models", cwd=project)
