"""A config becomes a study: for every file of it, one spec that says all that its making uses.

A spec is a canonical JSON text: the stage's own slice of the config and a hash of the code that the
stage runs.  It is the one parameter of the stage's rule, so a change of either reruns that stage
and what reads it, and nothing else.  A system with a list for a parameter is a grid, worked in
tiles (:mod:`accumulation.grid`) that are merged into one response.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
import re
from dataclasses import dataclass
from functools import cached_property
from math import gcd

from . import grid, options, plugins
from .configuration import axis_values, check_structure, number, schema
from .densities import definitions_for
from .errors import MISSING, UserError, closest, unknown_key
from .sources import PACKAGE, code_hash, plugin_hash

# Which stages read which, in the order in which they are handed over.
STAGES = {
    "model": (),
    "bands": ("model",),
    "elements": ("model", "bands"),
    "response": ("elements",),
}
# Exactly the config that a stage uses, and the plugin whose code it runs.
USES = {
    "model": ("model", "geometry"),
    "bands": ("k", "keep_eigenvectors"),
    "elements": ("density", "definition", "gauge"),
    "response": ("fermi_energy", "temperature"),
}
# Parts of a system whose keys may be axes.
SECTIONS = ("model", "geometry", "options")
GAUGES = ("atomic", "cell")
MIDGAP = "midgap"
GALLERY_DPI = 110
# The stages of a grid, each with exactly the config that it uses; the code each runs.
TILE_USES = {
    "theory": ("theory",),
    "bulk": (),
    "bands": ("k",),
    "elements": ("k", "density", "definition", "gauge", "profile", "edge_depth"),
    "response": ("fermi_energy", "temperature"),
}


@dataclass(frozen=True)
class Study:
    """A checked config.

    Attributes
    ----------
    name : the study's folder in results/
    systems : name -> normalised keys, defaults filled in, all numbers floats
    figures : name -> draw, systems, options, needs (the stages that draw() reads)
    formats : file formats of the figures
    """

    name: str
    systems: dict[str, dict]
    figures: dict[str, dict]
    formats: list[str]

    def path(self, system: str, stage: str) -> str:
        """The file of a stage."""
        return f"results/{self.name}/{system}/{stage}.nc"

    def inputs(self, system: str, stage: str) -> list[str]:
        """The files that a stage reads."""
        return [self.path(system, before) for before in STAGES[stage]]

    def figure_paths(self, figure: str) -> list[str]:
        """The files of a figure, one a format."""
        return [f"results/{self.name}/figures/{figure}.{ending}" for ending in self.formats]

    def figure_inputs(self, figure: str) -> list[str]:
        """The files that a figure reads: every stage it needs, of every system in turn."""
        chosen = self.figures[figure]
        return [self.path(s, stage) for s in chosen["systems"] for stage in chosen["needs"]]

    @property
    def singles(self) -> list[str]:
        """Systems without an axis."""
        return [name for name, system in self.systems.items() if not _is_grid(system)]

    @property
    def grids(self) -> list[str]:
        """Systems with at least one axis, bulk ones and those of a theory."""
        return [name for name, system in self.systems.items() if _is_grid(system)]

    @property
    def theories(self) -> list[str]:
        """Systems of a theory, whose identities make the page of evidence."""
        return [name for name, system in self.systems.items() if "theory" in system]

    @cached_property
    def tiles(self) -> dict[str, grid.Tile]:
        """Every tile of every grid by its file; systems that share one are listed once."""
        return {
            tile.path: tile
            for system in self.grids
            for stage in self.tile_stages(system)
            for tile in self._tiles_of(system)[stage]
        }

    def tile_of(self, stage: str, group: str, tile: str) -> grid.Tile:
        """The tile of a file's wildcards."""
        return self.tiles[grid.tile_path(stage, group, tile)]

    def tile_stages(self, system: str) -> list[str]:
        """The stages that a grid goes through, the last one's tiles being merged."""
        chosen = self.systems[system]
        if "theory" in chosen:
            return ["theory"]
        if chosen["geometry"]["kind"] == "bulk":
            return ["bulk"]
        kept = ["bands"] if chosen["keep_eigenvectors"] else []
        return [*kept, "elements", "response"]

    def merged_tiles(self, system: str) -> list[str]:
        """The tiles that make up a grid's response."""
        return [tile.path for tile in self._tiles_of(system)[self.tile_stages(system)[-1]]]

    def _tiles_of(self, system: str) -> dict[str, list[grid.Tile]]:
        if system not in self._tile_cache:
            self._tile_cache[system] = self._planned_tiles(system)
        return self._tile_cache[system]

    @cached_property
    def _tile_cache(self) -> dict:
        return {}

    def _planned_tiles(self, system: str) -> dict[str, list[grid.Tile]]:
        chosen = self.systems[system]
        base, lists = _base(chosen)
        blocks = grid.blocks(chosen["axes"], chosen["points_per_job"])
        points = [grid.expand(base, chosen["axes"], block) for block in blocks]
        orbitals = [_orbitals(some) for some in points]
        planned: dict[str, list[grid.Tile]] = {}
        settings: dict = {}
        before = None
        for stage in self.tile_stages(system):
            own = {key: chosen[key] for key in TILE_USES[stage] if key in chosen}
            own |= {"options": lists} if lists else {}
            settings = settings | own | {f"{stage} code": self._tile_code(chosen, stage)}
            sources = [tile.path for tile in planned[before]] if before else [None] * len(points)
            planned[stage] = [
                grid.tile(stage, settings, some, source, size)
                for some, source, size in zip(points, sources, orbitals, strict=True)
            ]
            before = stage
        return planned

    def _tile_code(self, chosen: dict, stage: str) -> str:
        code = [code_hash((f"{PACKAGE}.points", f"{stage}_point"))]
        if "model" in chosen:
            code.append(plugin_hash("models", chosen["model"]["name"]))
        if stage in ("elements", "response"):
            code.append(plugin_hash("densities", chosen["density"]))
        if stage == "theory":
            code.append(plugin_hash("theory", chosen["theory"]))
            named = chosen["options"].get("density", [])
            named = [named] if isinstance(named, str) else named
            code += [plugin_hash("densities", density) for density in named]
        return grid.key(code)

    def plain(self, system: str) -> dict:
        """A system's keys as its config would hold them, the values of axes as lists."""
        chosen = dict(self.systems[system])
        for axis in chosen.pop("axes"):
            for section, key in axis.targets:
                chosen[section] = chosen[section] | {key: list(axis.values)}
        return chosen

    def files_of_stages(self) -> dict[str, int]:
        """Number of files of each stage, tiles included."""
        counts = {stage: len(self.singles) for stage in STAGES}
        counts["response"] = len(self.systems) - len(self.theories)
        for tile in self.tiles.values():
            name = f"{tile.stage} tiles"
            counts[name] = counts.get(name, 0) + 1
        return counts

    def spec_files(self) -> dict[str, str]:
        """Path and text of the spec of every file but the tiles, whose names stand for theirs."""
        files = {}
        for system in self.singles:
            for stage in STAGES:
                files[self.spec_path(system, stage)] = self.spec(system, stage)
        for system in self.grids:
            files[self.spec_path(system, "merge")] = self.merge_spec(system)
        for figure in self.figures:
            files[self.spec_path("figures", figure)] = self.figure_spec(figure)
            files[self.spec_path("gallery", figure)] = self.figure_spec(figure, GALLERY_DPI)
        return files

    def spec_path(self, group: str, name: str) -> str:
        """The file of a spec: of a system's stage, or of a figure."""
        return f"results/{self.name}/specs/{group}/{name}.json"

    def merge_spec(self, system: str) -> str:
        """What the merging of a grid uses, as canonical JSON."""
        chosen = self.systems[system]
        axes = chosen["axes"]
        base, lists = _base(chosen)
        every = grid.expand(base, axes, [list(axis.values) for axis in axes])
        used = [key for stage in self.tile_stages(system) for key in TILE_USES[stage]]
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
                "study": self.name,
                "system": system,
                "code": self._merge_code(chosen),
                "axes": [_described(axis, chosen) for axis in axes],
                "settings": settings,
                "tiles": self.merged_tiles(system),
                "points": [grid.key(point) for point in every],
                "parameters": {**settings, **_joined(fixed, settings), "axes": values},
            }
        )

    def _merge_code(self, chosen: dict) -> str:
        code = code_hash((f"{PACKAGE}.merging", "merge"), (f"{PACKAGE}.dataset", "write"))
        # What it concludes from all points, and the words that it labels them with.
        return grid.key([code, self._tile_code(chosen, "theory")]) if "theory" in chosen else code

    def targets(self) -> list[str]:
        """The files that a run is to end with."""
        drawn = [path for figure in self.figures for path in self.figure_paths(figure)]
        verdict = [self.evidence_path("txt")] if self.theories else []
        return [*self.responses(), *drawn, self.report_path(), *verdict, *self.set_aside()]

    def evidence_spec(self) -> str:
        """What the table of identities uses beside the datasets, as canonical JSON."""
        return grid.canonical(
            {"study": self.name, "code": code_hash((f"{PACKAGE}.evidence", None))}
        )

    def evidence_path(self, ending: str) -> str:
        """The table of all identities (``nc``), and as a text once every one holds (``txt``)."""
        return f"results/{self.name}/evidence.{ending}"

    def set_aside(self) -> list[str]:
        """Tiles that were found damaged and are to be made again.

        Snakemake does not miss a file that an up-to-date one was made from.
        """
        return [
            path
            for path in self.tiles
            if not os.path.exists(path) and os.path.exists(f"{path}.damaged")
        ]

    def responses(self) -> list[str]:
        """The files of the last stage."""
        return [self.path(system, "response") for system in self.systems]

    def report_path(self) -> str:
        """The page that shows the whole study."""
        return f"results/{self.name}/report.html"

    def pictures(self) -> list[str]:
        """The file of each figure that a page can show, which a PDF is not."""
        shown = next((ending for ending in ("png", "svg") if ending in self.formats), None)
        folder = f"results/{self.name}/figures"
        return [
            f"{folder}/{figure}.{shown}" if shown else f"{folder}/page/{figure}.png"
            for figure in self.figures
        ]

    def spec(self, system: str, stage: str) -> str:
        """What a stage of a system uses, as canonical JSON."""
        chosen = self.systems[system]
        slice_ = {key: chosen[key] for key in USES[stage] if key in chosen}
        code = [code_hash((f"{PACKAGE}.stages", f"run_{stage}"), (f"{PACKAGE}.dataset", "write"))]
        if stage == "model":
            code.append(plugin_hash("models", chosen["model"]["name"]))
        if stage in ("elements", "response"):
            code.append(plugin_hash("densities", chosen["density"]))
        if stage == "response" and MIDGAP in chosen["fermi_energy"]:
            code.append(plugin_hash("models", chosen["model"]["name"]))
        return grid.canonical({"study": self.name, "system": system, "code": code, **slice_})

    def figure_spec(self, figure: str, dpi: int = 300) -> str:
        """What a figure uses, as canonical JSON; ``dpi`` is that of its PNG."""
        chosen = self.figures[figure]
        code = [
            code_hash((f"{PACKAGE}.rendering", None)),
            plugin_hash("figures", chosen["draw"]),
        ]
        return grid.canonical(
            {"study": self.name, "figure": figure, "dpi": dpi, "code": code, **chosen}
        )


def load(config: dict, source: str = "config/config.yaml") -> Study:
    """Check a config and normalise it.

    Raises
    ------
    UserError
        One sentence with the key, its value, what is allowed there, and ``source``.
    """
    check_structure(config, source)
    try:
        shared = {
            name: axis_values(value, f"axes.{name}")
            for name, value in config.get("axes", {}).items()
        }
        given = {
            name: _merged(config.get("defaults", {}), _only_of_a_theory(name, own))
            for name, own in config["systems"].items()
        }
        systems = {name: _system(name, own, shared) for name, own in _by_density(given).items()}
        figures = {
            name: _figure(name, own, systems) for name, own in config.get("figures", {}).items()
        }
    except UserError as error:
        error.source = error.source or source
        raise
    formats = config.get("formats", schema()["properties"]["formats"]["default"])
    return Study(config["study"], systems, figures, list(formats))


def _by_density(given: dict[str, dict]) -> dict[str, dict]:
    """The systems, one with a list of densities as one system a density, NAME_DENSITY.

    Densities have different units and definitions, so each has datasets of its own; tiles of bands
    that are kept are shared.  Of the definitions each takes those that are its own.
    """
    found = {}
    for name, system in given.items():
        densities = system.get("density")
        if "theory" in system or not isinstance(densities, list):
            found[name] = system
            continue
        path = f"systems.{name}"
        own = {d: _definitions(d, f"{path}.density") for d in densities}
        chosen = system.get("definition", [])
        chosen = [chosen] if isinstance(chosen, str) else chosen
        for one in chosen:
            if not any(one in names for names in own.values()):
                raise UserError(f"{path}.definition", one, sorted(set().union(*own.values())))
        for density, names in own.items():
            kept = {"definition": [one for one in chosen if one in names]} if chosen else {}
            one = {k: v for k, v in system.items() if k != "definition"} | {"density": density}
            found[f"{name}_{density}"] = one | {k: v for k, v in kept.items() if v}
    if len(found) < len(given):
        raise UserError("systems", list(found), "names that stay different with _DENSITY added")
    return found


def _definitions(density: str, path: str) -> set[str]:
    return set().union(*_plugin("densities", density, path).DEFINITIONS.values())


THEORY_KEYS = ("theory", "options", "model", "geometry", "points_per_job")


def _only_of_a_theory(name: str, own: dict) -> dict:
    """The system's own keys; one of a theory must not hold keys that nothing would read."""
    for key in own if "theory" in own else ():
        if key not in THEORY_KEYS:
            raise unknown_key(f"systems.{name}", key, THEORY_KEYS)
    return own


def _is_grid(system: dict) -> bool:
    return bool(system["axes"]) or "theory" in system


def _base(system: dict) -> tuple[dict, dict]:
    """What the points of a grid share, before the axes; and the options that are lists."""
    lists = {k: v for k, v in system.get("options", {}).items() if isinstance(v, list)}
    base = {key: system[key] for key in SECTIONS if key in system}
    if "options" in base:
        base["options"] = {k: v for k, v in base["options"].items() if k not in lists}
    return base, lists


def _joined(fixed: dict, settings: dict) -> dict:
    """The sections of a point, the options of both kinds together."""
    both = fixed.get("options", {}) | settings.get("options", {})
    return fixed | ({"options": both} if both else {})


def one_of(names: list[str]) -> str:
    """Regular expression for one of these names; for none of anything if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def _merged(defaults: dict, own: dict) -> dict:
    """``own`` laid over ``defaults``, mappings key by key, anything else as a whole."""
    merged = copy.deepcopy(defaults)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        # Another model has other parameters: then nothing of the default model is meant.
        if both and value.get("name", merged[key].get("name")) == merged[key].get("name"):
            value = _merged(merged[key], value)
        merged[key] = copy.deepcopy(value)
    return merged


def _system(name: str, given: dict, shared: dict[str, list]) -> dict:
    path = f"systems.{name}"
    properties = schema()["$defs"]["system"]["properties"]
    if "theory" in given:
        return _theory_system(path, given, shared)
    for key in ("model", "geometry"):
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    if "options" in given:
        raise UserError(f"{path}.options", given["options"], "this key with a theory only")
    given, found = _without_axes(given, shared, path)
    system = {"model": _model(given["model"], f"{path}.model")}
    system["geometry"] = _geometry(given["geometry"], f"{path}.geometry")
    axes = [_axis(system, given, *axis, path) for axis in found]
    _fits(system, path)
    kind = system["geometry"]["kind"]
    if kind == "bulk" and not axes:
        # One point, as a grid of the parameter that every model has: its first.
        first = next(key for key in system["model"] if key != "name")
        axes = [grid.Axis(first, (("model", first),), (system["model"][first],))]
    system["axes"] = axes
    filled = {k: node["default"] for k, node in properties.items() if "default" in node} | given
    for key in ("profile", "edge_depth", "points_per_job"):
        if key in given and not axes:
            raise UserError(f"{path}.{key}", given[key], "this key for a grid only")
        if axes:
            system[key] = filled[key] if key != "edge_depth" else _depth(filled[key], path)
    if kind == "bulk":
        return system
    if kind != "flake":
        system["k"] = int(filled["k"])
        system["keep_eigenvectors"] = filled["keep_eigenvectors"]
    if axes:
        system["keep_eigenvectors"] = given.get("keep_eigenvectors", False)
    system |= _density(filled, kind, path)
    system["fermi_energy"] = _numbers(filled["fermi_energy"], f"{path}.fermi_energy", (MIDGAP,))
    system["temperature"] = _numbers(filled["temperature"], f"{path}.temperature")
    if min(system["temperature"]) < 0:
        allowed = "a finite number of at least 0, or a non-empty list of them"
        raise UserError(f"{path}.temperature", filled["temperature"], allowed)
    return system


def _theory_system(path: str, given: dict, shared: dict) -> dict:
    """A system that one piece of the theory is computed for."""
    name = given["theory"]
    _plugin("theory", name, f"{path}.theory")
    properties = schema()["$defs"]["system"]["properties"]
    taken = options.takes(name)
    # Keys that the config gives to all systems are no fault of this one.
    sections = [*(["model"] if taken else []), *(["geometry"] if "system" in taken else [])]
    for key in sections:
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    lists = {key for key, one in options.parameters(name).items() if options.is_list(one)}
    chosen = {key: given[key] for key in sections} | {"options": given.get("options", {})}
    plain, found = _without_axes(chosen, shared, path, lists)
    system = {"theory": name}
    if "model" in sections:
        system["model"] = _model(plain["model"], f"{path}.model")
    if "geometry" in sections:
        system["geometry"] = _geometry(plain["geometry"], f"{path}.geometry")
        _fits(system, path)
    system["options"] = options.checked(plain["options"], name, f"{path}.options")
    system["axes"] = [_axis(system, plain, *axis, path) for axis in found]
    system["points_per_job"] = given.get("points_per_job", 1)
    return system


def _depth(value: object, path: str) -> float | None:
    return None if value is None else number(value, f"{path}.edge_depth")


def _without_axes(
    given: dict, shared: dict, path: str, lists: set[str] = frozenset()
) -> tuple[dict, list]:
    """The system at the first value of every axis, and its axes: (name, targets, values).

    ``lists`` are options of which a list is one value.
    """
    plain = copy.deepcopy(given)
    axes: dict[str, tuple[list, list]] = {}
    for section in SECTIONS:
        if not isinstance(plain.get(section), dict):
            continue
        for key, value in plain[section].items():
            if section == "options" and key in lists:
                continue
            where = f"{path}.{section}.{key}"
            name, values = key, None
            if isinstance(value, dict) and set(value) == {"axis"}:
                name = value["axis"]
                if not isinstance(name, str) or name not in shared:
                    allowed = "an axis of this config: " + (", ".join(shared) or "it has none")
                    raise UserError(f"{where}.axis", name, allowed, closest(str(name), shared))
                values = shared[name]
            elif isinstance(value, dict) or _is_list_of_values(key, value):
                values = axis_values(value, where)
            if values is None:
                continue
            if name in RESERVED:
                raise UserError(where, name, "another name for the axis: this one is taken")
            targets, held = axes.setdefault(name, ([], values))
            if held is not values and held != values:
                raise UserError(where, name, "one axis of that name in a system")
            targets.append((section, key))
            plain[section][key] = values[0]
    return plain, [(name, targets, values) for name, (targets, values) in axes.items()]


def _is_list_of_values(key: str, value: object) -> bool:
    """Whether a list is an axis; one direction is a list by itself."""
    if not isinstance(value, list):
        return False
    return key != "direction" or any(isinstance(one, list) for one in value)


# Dimensions that a merged response has anyway.
RESERVED = {
    *("definition", "gauge", "process", "fermi_energy", "temperature", "row", "edge", "k", "band"),
    *("point", "kind", "name", "x", "y", "z", "sublattice"),
}


def _axis(system: dict, given: dict, name: str, targets: list, values: list, path: str):
    """An axis with every one of its values checked as if it stood alone."""
    checked = None
    for section, key in targets:
        check = {
            "model": _model,
            "geometry": _geometry,
            "options": lambda some, where: options.checked(some, system["theory"], where),
        }[section]
        normal = [
            check(given[section] | {key: value}, f"{path}.{section}")[key] for value in values
        ]
        if len({repr(value) for value in normal}) < len(normal):
            raise UserError(f"{path}.{section}.{key}", values, "each value only once")
        checked = checked or normal
        system[section] = system[section] | {key: normal[0]}
    return grid.Axis(name, tuple(targets), tuple(checked))


def _orbitals(points: list[dict]) -> int:
    """Size of the matrices of a tile's points, 0 of the bulk."""
    cut = points[0].get("geometry", {"kind": "bulk"})
    if cut["kind"] == "bulk":
        return 0
    # Numbers move no orbitals; what else a model takes may.
    others = {k: v for k, v in points[0]["model"].items() if not isinstance(v, float)}
    cell = _in_a_cell(grid.canonical(others), [point["model"] for point in points])
    return cell * cut["width"] * cut.get("height", 1) * cut.get("length", 1)


_cells: dict[str, int] = {}


def _in_a_cell(kind: str, models: list[dict]) -> int:
    """Orbitals of a model's unit cell; ``kind`` is what they may depend on."""
    for model in models if kind not in _cells else []:
        parameters = dict(model)
        name = parameters.pop("name")
        # A model that fails at a point is that tile's fault, told when it is worked.
        with contextlib.suppress(Exception):
            _cells[kind] = len(getattr(plugins.load("models", name), name)(**parameters).orbitals)
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


def _model(given: dict, path: str) -> dict:
    """The model's name and every parameter of its function, those left out at their defaults."""
    if "name" not in given:
        raise UserError(f"{path}.name", MISSING, plugins.available("models"))
    name = given["name"]
    module = _plugin("models", name, f"{path}.name")
    parameters = inspect.signature(getattr(module, name)).parameters
    result = {"name": name}
    for key in given:
        if key != "name" and key not in parameters:
            raise unknown_key(path, key, ["name", *parameters])
    for key, parameter in parameters.items():
        if key not in given and parameter.default is parameter.empty:
            raise UserError(f"{path}.{key}", MISSING, "a value, as the model has no default for it")
        result[key] = _argument(given.get(key, parameter.default), parameter, f"{path}.{key}")
    return result


def _argument(value: object, parameter: inspect.Parameter, path: str) -> object:
    """A parameter of a model: a number, unless its default says that it is something else."""
    for kind, words in ((bool, "true or false"), (str, "a text")):
        if isinstance(parameter.default, kind):
            if not isinstance(value, kind):
                raise UserError(path, value, words)
            return value
    return number(value, path)


def _geometry(given: dict, path: str) -> dict:
    properties = schema()["$defs"]["system"]["properties"]["geometry"]["properties"]
    if "kind" not in given:
        raise UserError(f"{path}.kind", MISSING, properties["kind"]["description"])
    wanted = [
        "direction",
        "width",
        *{"flake": ["length"], "wire": ["height"]}.get(given["kind"], []),
    ]
    # A flake of a three-dimensional lattice has a height too.
    wanted += ["height"] if given["kind"] == "flake" and "height" in given else []
    if given["kind"] == "bulk":
        for key in given:
            if key != "kind":
                raise UserError(f"{path}.{key}", given[key], "no such key for the bulk")
        return {"kind": "bulk"}
    for key in wanted:
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    for key in given:
        if key not in ("kind", *wanted):
            words = {"length": "a flake", "height": "a wire or flake"}.get(key, "another kind")
            raise UserError(f"{path}.{key}", given[key], f"this key for {words} only")
    for key in wanted[1:]:
        least = properties[key]["minimum"]
        value = given[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise UserError(f"{path}.{key}", value, properties[key]["description"])
        if value < least:
            raise UserError(f"{path}.{key}", value, properties[key]["description"])
    pair = given["direction"]
    if not isinstance(pair, list) or len(pair) != 2 or not all(type(n) is int for n in pair):
        raise UserError(f"{path}.direction", pair, properties["direction"]["description"])
    if gcd(*map(int, given["direction"])) != 1:
        allowed = properties["direction"]["description"]
        raise UserError(f"{path}.direction", given["direction"], allowed)
    whole = {key: int(given[key]) for key in wanted if key != "direction"}
    return {"kind": given["kind"], "direction": [int(n) for n in given["direction"]], **whole}


def _fits(system: dict, path: str) -> None:
    """Raise UserError unless the geometry is one of a lattice of the model's dimension."""
    cut, dimension = system["geometry"], None
    # A model that fails is told by the job that builds it.
    with contextlib.suppress(Exception):
        parameters = dict(system["model"])
        name = parameters.pop("name")
        dimension = getattr(plugins.load("models", name), name)(**parameters).dimension
    if cut["kind"] == "bulk" or dimension is None:
        return
    if dimension == 3 and "height" not in cut:
        allowed = "wire, or a flake with a height, as the model has three dimensions"
        raise UserError(f"{path}.geometry.kind", cut["kind"], allowed)
    if dimension == 2 and "height" in cut:
        allowed = "no such key, as the model has two dimensions (a ribbon)"
        raise UserError(f"{path}.geometry.height", cut["height"], allowed)


def _density(filled: dict, kind: str, path: str) -> dict:
    module = _plugin("densities", filled["density"], f"{path}.density")
    definitions = definitions_for(module, kind)
    chosen = {
        "density": filled["density"],
        "definition": _names(
            filled.get("definition", definitions), definitions, "definition", path
        ),
    }
    # The phase convention is one of Bloch states: an open flake has the atomic positions only.
    gauges = GAUGES if kind != "flake" else GAUGES[:1]
    chosen["gauge"] = _names(filled["gauge"], gauges, "gauge", path)
    return chosen


def _names(value: object, allowed: tuple[str, ...], key: str, path: str) -> list[str]:
    names = [value] if isinstance(value, str) else list(value)
    for name in names:
        if name not in allowed:
            raise UserError(f"{path}.{key}", name, allowed)
    return names


def _numbers(value: object, path: str, words: tuple[str, ...] = ()) -> list:
    """Numbers, or one of the words that may stand for one."""
    if isinstance(value, dict):
        value = axis_values(value, path)
    if not isinstance(value, list):
        return [value if value in words else number(value, path)]
    numbers = [one if one in words else number(one, f"{path}.{i}") for i, one in enumerate(value)]
    if len(set(numbers)) < len(numbers):
        raise UserError(path, value, "each number only once")
    return numbers


def _figure(name: str, given: dict, systems: dict) -> dict:
    path = f"figures.{name}"
    draw = given.get("draw", name)
    module = _plugin("figures", draw, f"{path}.draw")
    for system in given["systems"]:
        if system not in systems:
            hint = closest(system, systems)
            raise UserError(
                f"{path}.systems", system, "systems of this study: " + ", ".join(systems), hint
            )
    parameters = list(inspect.signature(module.draw).parameters)[1:]
    options = given.get("options", {})
    for key in options:
        if key not in parameters:
            raise unknown_key(f"{path}.options", key, parameters or ["none for this figure"])
    needs = [stage for stage in STAGES if stage in module.NEEDS]
    for system in given["systems"]:
        if _is_grid(systems[system]) and needs != ["response"]:
            allowed = f"systems without an axis: this figure reads {', '.join(needs)}"
            raise UserError(f"{path}.systems", system, allowed)
    return {"draw": draw, "systems": given["systems"], "options": options, "needs": needs}


def _plugin(kind: str, name: str, path: str):
    try:
        return plugins.load(kind, name)
    except UserError as error:
        raise UserError(path, error.value, error.allowed, error.hint) from error
