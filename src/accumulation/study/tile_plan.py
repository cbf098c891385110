"""The tiles of a grid for each stage, and the spec of their merging."""

from __future__ import annotations

from math import prod

from .. import plugins
from ..lattice.geometries import GEOMETRIES, SIZES
from . import grid
from .source_hash import PACKAGE, code_hash, plugin_hash
from .stages import Stage, of_grid, plugins_of, source
from .system_parts import lattice_of


def planned_tiles(system: dict) -> dict[str, list[grid.Tile]]:
    """The tiles of every stage of a grid; ``system`` has its normalised keys."""
    base, lists = _fixed_and_listed(system)
    values = grid.blocks(system["axes"], system["points_per_job"])
    blocks = [grid.block_of(grid.expand(base, system["axes"], one)) for one in values]
    orbitals = [_orbitals(block.points) for block in blocks]
    planned: dict[str, list[grid.Tile]] = {}
    settings: dict = {}
    previous = None
    for stage in of_grid(system):
        used = {key: system[key] for key in stage.point_uses if key in system}
        used |= {"options": lists} if lists else {}
        settings = settings | used | {f"{stage.name} code": tile_code(system, stage)}
        sources = [tile.path for tile in planned[previous]] if previous else [None] * len(blocks)
        planned[stage.name] = [
            grid.tile(stage.name, settings, block, source, size)
            for block, source, size in zip(blocks, sources, orbitals, strict=True)
        ]
        previous = stage.name
    return planned


def tile_code(system: dict, stage: Stage) -> str:
    """Key of all source that a stage of a grid runs, including that of the model."""
    code = [code_hash(source(stage.point))]
    code += [plugin_hash(*one) for one in plugins_of(system, ("models", *stage.plugins))]
    return grid.key(code)


def merge_spec(study: str, name: str, system: dict, tiles: list[str]) -> str:
    """Inputs of the merging of a grid, as canonical JSON; ``tiles`` are the files to merge."""
    axes = system["axes"]
    base, lists = _fixed_and_listed(system)
    points = grid.expand(base, axes, [list(axis.values) for axis in axes])
    used = [key for stage in of_grid(system) for key in stage.point_uses]
    settings = {key: system[key] for key in used if key in system}
    settings |= {"options": lists} if lists else {}
    targets = {target for axis in axes for target in axis.targets}
    fixed = {
        section: {k: v for k, v in content.items() if (section, k) not in targets}
        for section, content in base.items()
    }
    values = {axis.name: list(axis.values) for axis in axes}
    return grid.canonical(
        {
            "study": study,
            "system": name,
            "code": _merge_code(system),
            "axes": [_described(axis, system) for axis in axes],
            "settings": settings,
            "tiles": tiles,
            "points": [grid.key(point) for point in points],
            "parameters": {**settings, **_joined(fixed, settings), "axes": values},
        }
    )


def _merge_code(system: dict) -> str:
    code = code_hash((f"{PACKAGE}.jobs.merging", "merge"), (f"{PACKAGE}.datasets.files", "write"))
    # Also the code of conclude() and the labels of the variables.
    last = of_grid(system)[-1]
    return grid.key([code, tile_code(system, last)]) if last.declared_by else code


def _fixed_and_listed(system: dict) -> tuple[dict, dict]:
    """Parameters of a grid without its axes; and the options that are lists."""
    lists = {k: v for k, v in system.get("options", {}).items() if isinstance(v, list)}
    base = {key: system[key] for key in grid.SECTIONS if key in system}
    if "options" in base:
        base["options"] = {k: v for k, v in base["options"].items() if k not in lists}
    return base, lists


def _joined(fixed: dict, settings: dict) -> dict:
    """The sections of a point, with the fixed options and those that are lists."""
    options = fixed.get("options", {}) | settings.get("options", {})
    return fixed | ({"options": options} if options else {})


def _orbitals(points: list[dict]) -> int:
    """Size of the matrices of a tile's points, 0 for the bulk."""
    cut = points[0].get("geometry", {})
    if not cut or not GEOMETRIES[cut["kind"]].is_cut:
        return 0
    # Only arguments that are not numbers may change the number of orbitals.
    others = {k: v for k, v in points[0]["model"].items() if not isinstance(v, float)}
    cell = _orbitals_in_cell(grid.canonical(others), [point["model"] for point in points])
    return cell * prod(cut.get(size, 1) for size in SIZES)


_cells: dict[str, int] = {}


def _orbitals_in_cell(kind: str, models: list[dict]) -> int:
    """Orbitals of a model's unit cell; ``kind`` has the arguments that they may depend on."""
    for model in models if kind not in _cells else []:
        # A model that raises UserError for a point is reported by the job of that tile.
        lattice = lattice_of({"model": model})
        if lattice is not None:
            _cells[kind] = len(lattice.orbitals)
            break
    return _cells.get(kind, 0)


def _described(axis: grid.Axis, system: dict) -> dict:
    """An axis as labelled in the merged dataset; a direction is a text such as (2, 1)."""
    section, key = axis.targets[0]
    if section == "options":
        module = plugins.load("theory", system["theory"])
    else:
        module = plugins.load("models", system["model"]["name"])
    units = getattr(module, "UNITS", {}).get(key, "1") if section != "geometry" else "1"
    values = [
        f"({', '.join(map(str, value))})" if isinstance(value, list) else value
        for value in axis.values
    ]
    keys = " and ".join(key for _, key in axis.targets)
    words = f"{keys} of the {'calculation' if section == 'options' else section}"
    equation = getattr(module, "EQUATION", "")
    return {
        "name": axis.name, "values": values, "long_name": words, "units": units,
        "equation": equation,
    }  # fmt: skip
