"""A small study in a folder of its own, with a copy of the workflow that a test may edit."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

sys.path.append(str(Path(__file__).parent))  # this file is loaded by its path

from snakemake_server import SERVER

ROOT = Path(__file__).parents[2]

CONFIG = {
    "study": "small",
    "defaults": {"model": {"name": "haldane"}, "k": 21},
    "systems": {
        "trivial": {
            "model": {"t2": 0.06, "phi": "pi/2", "delta": 0.5},
            "geometry": {"kind": "ribbon", "direction": [1, 0], "width": 4},
            "gauge": ["atomic", "cell"],
            "fermi_energy": [0.0],
        },
        "graphene": {
            "model": {"delta": 0.5},
            "geometry": {"kind": "ribbon", "direction": [1, 1], "width": 4},
            "fermi_energy": 1.5,
        },
        "flake": {
            "model": {"t2": 0.06, "delta": 0.5},
            "geometry": {"kind": "flake", "direction": [1, 0], "width": 3, "length": 4},
        },
    },
    "figures": {
        "profile": {
            "draw": "profile",
            "systems": ["trivial", "graphene"],
            "options": {"title": "a"},
        },
        "other": {"draw": "profile", "systems": ["flake"]},
    },
    "formats": ["png"],
}

FIGURE = '''"""Profiles of the accumulation: a user's own figure file."""
NEEDS = ("response",)
CAPTION = "profiles"


def draw(systems, title=""):
    from matplotlib.figure import Figure  # once it is drawn, not whenever it is looked at

    figure = Figure()
    axes = figure.subplots()
    for system in systems:
        response = system["response"]
        axes.plot(response.y, response.accumulation[0, 0, 0, 0, 0])
    axes.set_title(title)
    return figure
'''


def config(**changes) -> dict:
    """The small study; ``systems__trivial__k=31`` changes one key, None removes it."""
    changed = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *steps, last = path.split("__")
        node = changed
        for step in steps:
            node = node.setdefault(step, {})
        if value is None:
            node.pop(last)
        else:
            node[last] = value
    return changed


class Project:
    """A copy of the workflow in ``folder``."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("src", "workflow"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "Snakefile", folder)
        (folder / "config").mkdir()
        (folder / "profile.py").write_text(FIGURE)
        self.write(CONFIG)

    @classmethod
    def at(cls, folder: Path) -> Project:
        """The project that is in a folder."""
        project = cls.__new__(cls)
        project.folder = folder
        return project

    @classmethod
    def copied(cls, other: Project, folder: Path) -> Project:
        """The same project elsewhere, with all that it has run."""
        shutil.copytree(other.folder, folder, dirs_exist_ok=True)
        return cls.at(folder)

    def write(self, content: dict | str) -> None:
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (self.folder / "config" / "config.yaml").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        profile = ["--workflow-profile", "workflow/profiles/default"]
        return [sys.executable, "-m", "snakemake", *profile, *arguments]

    def environment(self) -> dict:
        # Neither another copy of the package nor the tests' own settings may reach the jobs.
        return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SNAKEMAKE"))}

    def snakemake(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess:
        command = self.command(*arguments)[3:]
        return SERVER.run(command, self.folder, self.environment(), timeout)

    def run(self, cores: int = 2) -> str:
        done = self.snakemake("--cores", str(cores))
        text = done.stdout + done.stderr
        assert done.returncode == 0, text
        return text

    def planned(self, *arguments: str, without: tuple[str, ...] = ("report_page",)) -> dict:
        """Jobs a rule that a run would start now; the page, made after any change, by request."""
        done = self.snakemake("--cores", "2", "-n", *arguments)
        text = done.stdout + done.stderr
        assert done.returncode == 0, text
        table = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
        return {rule: int(n) for rule, n in table.items() if rule not in ("total", "all", *without)}

    def datasets(self) -> dict[str, Path]:
        results = self.folder / "results"
        # os.walk, because a run may remove a folder meanwhile.
        files = [Path(top) / name for top, _, names in os.walk(results) for name in names]
        return {str(p.relative_to(results)): p for p in sorted(files) if p.suffix == ".nc"}
