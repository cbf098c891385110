"""One direction of flow, shown by the imports: physics knows no labels, files or pictures."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "accumulation"
ORDER = ["errors", "bloch", "samples", "lattice", "bulk", "bands", "fermi_points", "edges"]
ORDER += ["eigenstates", "matrix_elements", "response"]
# Labels, files, pictures and the workflow: everything that is not a plain physics module.
BORDER = {
    "__init__", "__main__", "accumulations", "catalogue", "cli", "cluster_status",
    "configuration", "default_figures", "evidence", "figure_checks", "files",
    "flake_shorthands", "flowchart", "grid", "housekeeping", "job_logs", "labels", "launch",
    "locations", "markup", "merging", "model_dataset", "notebook", "options", "page_parameters",
    "plugin_api", "points", "project", "records", "rendering", "report", "revision", "sealing",
    "sizes", "sources", "stage_runs", "study", "system_parts", "systems", "terminal",
    "tile_plan", "tiles", "variables", "version",
}  # fmt: skip
PHYSICS = sorted(path for path in PACKAGE.glob("*.py") if path.stem not in BORDER)
PHYSICS += sorted([*PACKAGE.glob("models/*.py"), *PACKAGE.glob("densities/*.py")])
PHYSICS += sorted(PACKAGE.glob("theory/*.py"))
LABELS = {"xarray", "netCDF4", "snakemake", "matplotlib", "pandas"}


def imported(path: Path) -> set[str]:
    """Top names of other packages, and ``.name`` of modules of this one, anywhere in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {f".{name.split('.')[0]}" for name in names}
    return found


@pytest.mark.parametrize("path", PHYSICS, ids=lambda path: path.stem)
def test_physics_imports_neither_labels_nor_pictures(path):
    assert imported(path) & LABELS == set()
    border = {f".{name}" for name in BORDER}
    assert imported(path) & border == set()


@pytest.mark.parametrize("name", ORDER)
def test_a_stage_imports_only_from_the_left(name):
    right = {f".{later}" for later in ORDER[ORDER.index(name) + 1 :]}
    assert imported(PACKAGE / f"{name}.py") & right == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("figures/*.py")), ids=lambda path: path.stem)
def test_figures_open_no_file_and_compute_no_physics(path):
    physics = {f".{module.stem}" for module in PHYSICS if module.stem != "__init__"}
    assert imported(path) & (physics - {".errors", ".panels"} | {".files", ".notebook"}) == set()
    calls = {getattr(n.func, "attr", getattr(n.func, "id", "")) for n in ast.walk(
        ast.parse(path.read_text())) if isinstance(n, ast.Call)}  # fmt: skip
    assert calls & {"open", "open_dataset", "load_dataset", "read_text", "loadtxt"} == set()
