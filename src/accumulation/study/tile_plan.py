"""The tiles of a grid, stage by stage, and what merges them: every spec holds all that it uses."""

from __future__ import annotations

from math import prod

from .. import plugins
from ..lattice.geometries import GEOMETRIES, SIZES
from . import grid
from .source_hash import PACKAGE, code_hash, plugin_hash
from .stages import Stage, of_grid, plugins_of, source
from .system_parts import lattice_of


def planned_tiles(chosen: dict) -> dict[str, list[grid.Tile]]:
    """The tiles of every stage of a grid; ``chosen`` is its system."""
    base, lists = _base(chosen)
    blocks = grid.blocks(chosen["axes"], chosen["points_per_job"])
    points = [grid.expand(base, chosen["axes"], block) for block in blocks]
    orbitals = [_orbitals(some) for some in points]
    planned: dict[str, list[grid.Tile]] = {}
    settings: dict = {}
    before = None
    for stage in of_grid(chosen):
        own = {key: chosen[key] for key in stage.point_uses if key in chosen}
        own |= {"options": lists} if lists else {}
        settings = settings | own | {f"{stage.name} code": tile_code(chosen, stage)}
        sources = [tile.path for tile in planned[before]] if before else [None] * len(points)
        planned[stage.name] = [
            grid.tile(stage.name, settings, some, source, size)
            for some, source, size in zip(points, sources, orbitals, strict=True)
        ]
        before = stage.name
    return planned


def tile_code(chosen: dict, stage: Stage) -> str:
    """Key of all the source that a stage of a grid runs: that of every point's model, too."""
    code = [code_hash(source(stage.point))]
    code += [plugin_hash(*one) for one in plugins_of(chosen, ("models", *stage.plugins))]
    return grid.key(code)


def merge_spec(study: str, system: str, chosen: dict, tiles: list[str]) -> str:
    """What the merging of a grid uses, as canonical JSON; ``tiles`` are the files to merge."""
    axes = chosen["axes"]
    base, lists = _base(chosen)
    every = grid.expand(base, axes, [list(axis.values) for axis in axes])
    used = [key for stage in of_grid(chosen) for key in stage.point_uses]
    settings = {key: chosen[key] for key in used if key in chosen}
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
            "system": system,
            "code": _merge_code(chosen),
            "axes": [_described(axis, chosen) for axis in axes],
            "settings": settings,
            "tiles": tiles,
            "points": [grid.key(point) for point in every],
            "parameters": {**settings, **_joined(fixed, settings), "axes": values},
        }
    )


def _merge_code(chosen: dict) -> str:
    code = code_hash((f"{PACKAGE}.jobs.merging", "merge"), (f"{PACKAGE}.datasets.files", "write"))
    # What it concludes from all points, and the words that it labels them with.
    last = of_grid(chosen)[-1]
    return grid.key([code, tile_code(chosen, last)]) if last.declared_by else code


def _base(system: dict) -> tuple[dict, dict]:
    """What the points of a grid share, before the axes; and the options that are lists."""
    lists = {k: v for k, v in system.get("options", {}).items() if isinstance(v, list)}
    base = {key: system[key] for key in grid.SECTIONS if key in system}
    if "options" in base:
        base["options"] = {k: v for k, v in base["options"].items() if k not in lists}
    return base, lists


def _joined(fixed: dict, settings: dict) -> dict:
    """The sections of a point, the options of both kinds together."""
    both = fixed.get("options", {}) | settings.get("options", {})
    return fixed | ({"options": both} if both else {})


def _orbitals(points: list[dict]) -> int:
    """Size of the matrices of a tile's points, 0 of the bulk."""
    cut = points[0].get("geometry", {})
    if not cut or not GEOMETRIES[cut["kind"]].is_cut:
        return 0
    # Numbers move no orbitals; what else a model takes may.
    others = {k: v for k, v in points[0]["model"].items() if not isinstance(v, float)}
    cell = _in_a_cell(grid.canonical(others), [point["model"] for point in points])
    return cell * prod(cut.get(size, 1) for size in SIZES)


_cells: dict[str, int] = {}


def _in_a_cell(kind: str, models: list[dict]) -> int:
    """Orbitals of a model's unit cell; ``kind`` is what they may depend on."""
    for model in models if kind not in _cells else []:
        # A model that refuses a point is that tile's fault, told when it is worked.
        lattice = lattice_of({"model": model})
        if lattice is not None:
            _cells[kind] = len(lattice.orbitals)
            break
    return _cells.get(kind, 0)


def _described(axis: grid.Axis, system: dict) -> dict:
    """An axis as the merged dataset shows it; a direction is a text such as (2, 1)."""
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
    named = " and ".join(key for _, key in axis.targets)
    words = f"{named} of the {'calculation' if section == 'options' else section}"
    equation = getattr(module, "EQUATION", "")
    return {
        "name": axis.name, "values": values, "long_name": words, "units": units,
        "equation": equation,
    }  # fmt: skip
