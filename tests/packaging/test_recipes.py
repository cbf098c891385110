"""Recipes of environments: built where their tool is there, and as pyproject.toml has it."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def split(requirement: str) -> tuple[str, str]:
    name, limits = re.fullmatch(r"([\w-]+) ?(.*)", requirement).groups()
    return name, limits


def conda(path: str) -> dict[str, str]:
    content = yaml.safe_load((ROOT / path).read_text())
    return dict(split(one) for one in content["dependencies"] if isinstance(one, str))


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return {line.split("==")[0]: line.split("==")[1].split(" ")[0] for line in lines}


def test_conda_environments_ask_for_what_the_package_asks_for():
    wanted = {CONDA_NAMES.get(n, n): limits for n, limits in map(split, project()["dependencies"])}
    environment = conda("packaging/environment.yml")
    assert environment.pop("python").startswith(project()["requires-python"])
    assert {name: environment[name] for name in wanted} == wanted
    jobs = conda("workflow/envs/accumulation.yaml")
    assert jobs.pop("python") == project()["requires-python"]
    assert jobs == {name: limits for name, limits in wanted.items() if name in jobs}
    assert set(wanted) - set(jobs) == {"snakemake-minimal"}


@pytest.mark.parametrize(
    ("lock", "extra"),
    [
        ("requirements.lock", None), ("requirements-test.lock", "test"),
        ("requirements-slurm.lock", "slurm"), ("requirements-slurm.lock", "cluster"),
    ],
)  # fmt: skip
def test_locks_hold_what_the_package_asks_for(lock, extra):
    asked = [*project()["dependencies"], *project()["optional-dependencies"].get(extra, [])]
    assert {split(one)[0] for one in asked} <= set(locked(lock))
    # The same versions everywhere.
    base, other = locked("requirements.lock"), locked(lock)
    assert {name: other[name] for name in base if name in other} == {
        name: version for name, version in base.items() if name in other
    }


def test_hooks_use_the_tools_of_the_lock():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [one["repo"] for one in hooks] == ["local"]  # no network
    tools = {hook["entry"].split()[0] for hook in hooks[0]["hooks"]}
    assert tools == {".venv/bin/ruff", ".venv/bin/snakefmt"}
    assert {Path(tool).name for tool in tools} <= set(locked("requirements-test.lock"))


def works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def built(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_docker_image(tmp_path):
    if not works("docker", "info"):
        pytest.skip("docker is not at work here")
    built("docker", "build", "-f", "packaging/Dockerfile", "-t", "accumulation-test", ".")
    assert "haldane" in built("docker", "run", "--rm", "accumulation-test", "models")
    # By a user of whom the image knows no name.
    tmp_path.chmod(0o777)
    nobody = ("docker", "run", "--rm", "--user", "12345:12345", "-v", f"{tmp_path}:/work")
    built(*nobody, "accumulation-test", "new", "study")
    built(*nobody, "accumulation-test", "run", "study", "--cores", "1", "--dry-run")


def test_apptainer_image(tmp_path):
    if not works("apptainer", "--version"):
        pytest.skip("apptainer is not installed here")
    image = str(tmp_path / "accumulation.sif")
    built("apptainer", "build", "--fakeroot", image, "packaging/apptainer.def")
    assert "haldane" in built("apptainer", "run", image, "models")


def test_conda_environment(tmp_path):
    if not works("conda", "info"):
        pytest.skip("conda is not installed here")
    place = str(tmp_path / "environment")
    built("conda", "env", "create", "--quiet", "-p", place, "-f", "packaging/environment.yml")
    assert "haldane" in built("conda", "run", "-p", place, "accumulation", "models")
