"""A study made from a config: the specs, which determine the content of every file.

A spec is a canonical JSON text: the keys of the config that the stage uses and a hash of the code
that it runs.  It is the only parameter of the stage's rule, so a change of either reruns that stage
and the stages that read it, and nothing else.  A system with a list for a parameter is a grid,
computed in tiles (:mod:`accumulation.study.grid`) that are merged into one response.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property

from ..errors import UserError, closest
from . import default_figures, figure_checks, grid, stages, tile_plan
from .config_file import check_structure, schema
from .source_hash import PACKAGE, code_hash, plugin_hash
from .stages import RESPONSE
from .system_parts import checked_plugin
from .systems import is_grid, normalised

GALLERY_DPI = 110


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

    def path(self, system: str, stage: str = RESPONSE) -> str:
        """The file of a stage, by default the one that the figures and the report read."""
        return f"results/{self.name}/{system}/{stage}.nc"

    def inputs(self, system: str, stage: str) -> list[str]:
        """The files that a stage reads."""
        return [self.path(system, source) for source in stages.STAGES[stage].inputs]

    def figure_paths(self, figure: str) -> list[str]:
        """The files of a figure, one for each format."""
        return [f"results/{self.name}/figures/{figure}.{ending}" for ending in self.formats]

    def figure_inputs(self, figure: str) -> list[str]:
        """The files that a figure reads: for each system, every stage that it needs."""
        keys = self.figures[figure]
        return [self.path(s, stage) for s in keys["systems"] for stage in keys["needs"]]

    @property
    def singles(self) -> list[str]:
        """Systems without an axis."""
        return [name for name, system in self.systems.items() if not is_grid(system)]

    @property
    def grids(self) -> list[str]:
        """Systems with at least one axis, bulk ones and those of a theory."""
        return [name for name, system in self.systems.items() if is_grid(system)]

    @property
    def theories(self) -> list[str]:
        """Systems of a theory, whose identities are listed in the table of evidence."""
        return [name for name, system in self.systems.items() if "theory" in system]

    @cached_property
    def tiles(self) -> dict[str, grid.Tile]:
        """Every tile of every grid by its file; a tile that systems share occurs once."""
        return {
            tile.path: tile
            for system in self.grids
            for stage_tiles in self._tiles_of(system).values()
            for tile in stage_tiles
        }

    def tile_of(self, stage: str, group: str, tile: str) -> grid.Tile:
        """The tile of a file's wildcards."""
        return self.tiles[grid.tile_path(stage, group, tile)]

    def merged_tiles(self, system: str) -> list[str]:
        """The tiles that make up a grid's response."""
        *_, last = self._tiles_of(system).values()
        return [tile.path for tile in last]

    def paths_of_tiles(self, system: str) -> set[str]:
        """The tiles of every stage of a grid."""
        return {
            tile.path for stage_tiles in self._tiles_of(system).values() for tile in stage_tiles
        }

    def _tiles_of(self, system: str) -> dict[str, list[grid.Tile]]:
        if system not in self._tile_cache:
            self._tile_cache[system] = tile_plan.planned_tiles(self.systems[system])
        return self._tile_cache[system]

    @cached_property
    def _tile_cache(self) -> dict:
        return {}

    def plain(self, system: str) -> dict:
        """The keys of a system in the form of a config, with the values of axes as lists."""
        keys = dict(self.systems[system])
        for axis in keys.pop("axes"):
            for section, key in axis.targets:
                keys[section] = keys[section] | {key: list(axis.values)}
        return keys

    def files_of_stages(self) -> dict[str, int]:
        """Number of files of each stage, tiles included."""
        counts = {stage.name: len(self.singles) for stage in stages.of_singles()}
        counts[RESPONSE] += len(self.grids) - len(self.theories)
        for tile in self.tiles.values():
            name = f"{tile.stage} tiles"
            counts[name] = counts.get(name, 0) + 1
        return counts

    def spec_files(self) -> dict[str, str]:
        """Path and text of the spec of every file except tiles, which are named by their specs."""
        files = {}
        for system in self.singles:
            for stage in stages.of_singles():
                files[self.spec_path(system, stage.name)] = self.spec(system, stage.name)
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
        """Inputs of the merging of a grid, as canonical JSON."""
        if system not in self._merge_specs:
            tiles = self.merged_tiles(system)
            keys = self.systems[system]
            spec = tile_plan.merge_spec(self.name, system, keys, tiles)
            self._merge_specs[system] = spec
        return self._merge_specs[system]

    @cached_property
    def _merge_specs(self) -> dict[str, str]:
        return {}

    def targets(self) -> list[str]:
        """The files that a complete run produces."""
        figure_files = [path for figure in self.figures for path in self.figure_paths(figure)]
        evidence = [self.evidence_path("txt")] if self.theories else []
        return [*self.responses(), *figure_files, self.report_path(), *evidence, *self.set_aside()]

    def evidence_spec(self) -> str:
        """Inputs of the table of identities other than the datasets, as canonical JSON."""
        return grid.canonical(
            {"study": self.name, "code": code_hash((f"{PACKAGE}.datasets.evidence", None))}
        )

    def evidence_path(self, ending: str) -> str:
        """The table of all identities as ``nc``, and as ``txt`` if all of them hold."""
        return f"results/{self.name}/evidence.{ending}"

    def set_aside(self) -> list[str]:
        """Damaged tiles that have to be computed again.

        They are targets because Snakemake does not recreate a missing input of a file that is up to
        date.
        """
        return [
            path
            for path in self.tiles
            if not os.path.exists(path) and os.path.exists(f"{path}.damaged")
        ]

    def responses(self) -> list[str]:
        """The files of the final stages; of a grid the merged one."""
        ends = {system: [RESPONSE] for system in self.grids}
        return [
            self.path(system, stage)
            for system in self.systems
            for stage in ends.get(system) or stages.last()
        ]

    def report_path(self) -> str:
        """The report of the study, an HTML page."""
        return f"results/{self.name}/report.html"

    def pictures(self) -> list[str]:
        """For each figure the file that the report shows: a PNG or SVG."""
        shown = next((ending for ending in ("png", "svg") if ending in self.formats), None)
        folder = f"results/{self.name}/figures"
        return [
            f"{folder}/{figure}.{shown}" if shown else f"{folder}/page/{figure}.png"
            for figure in self.figures
        ]

    def spec(self, system: str, stage: str) -> str:
        """Inputs of a stage of a system, as canonical JSON."""
        keys = self.systems[system]
        declaration = stages.STAGES[stage]
        slice_ = {key: keys[key] for key in declaration.uses if key in keys}
        code = [code_hash(stages.source(declaration.run), (f"{PACKAGE}.datasets.files", "write"))]
        code += [plugin_hash(*one) for one in stages.plugins_of(keys, declaration.plugins)]
        return grid.canonical({"study": self.name, "system": system, "code": code, **slice_})

    def figure_spec(self, figure: str, dpi: int = 300) -> str:
        """Inputs of a figure, as canonical JSON; ``dpi`` is the resolution of its PNG."""
        keys = self.figures[figure]
        code = [
            code_hash((f"{PACKAGE}.jobs.figure_files", None)),
            plugin_hash("figures", keys["draw"]),
        ]
        return grid.canonical(
            {"study": self.name, "figure": figure, "dpi": dpi, "code": code, **keys}
        )


def load(config: dict, source: str = "config/config.yaml") -> Study:
    """Check a config and normalise it.

    Raises
    ------
    UserError
        With the key, its value, the allowed values and ``source``.
    """
    check_structure(config, source)
    try:
        systems = normalised(config)
        requested = default_figures.requested(config.get("figures"), systems)
        figures = {name: _figure(name, keys, systems) for name, keys in requested.items()}
    except UserError as error:
        error.source = error.source or source
        raise
    formats = config.get("formats", schema()["properties"]["formats"]["default"])
    return Study(config["study"], systems, figures, list(formats))


def one_of(names: list[str]) -> str:
    """Regular expression that matches one of these names, or nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def _figure(name: str, keys: dict, systems: dict) -> dict:
    path = f"figures.{name}"
    draw = keys.get("draw", name)
    outline = checked_plugin("figures", draw, f"{path}.draw")
    for system in keys["systems"]:
        if system not in systems:
            hint = closest(system, systems)
            raise UserError(
                f"{path}.systems", system, "systems of this study: " + ", ".join(systems), hint
            )
    stage_names = [stage.name for stage in stages.of_singles()]
    for stage in outline.needs:
        if stage not in stage_names:
            raise UserError(f"NEEDS of {draw}", stage, stage_names)
    needs = [stage for stage in stage_names if stage in outline.needs]
    for system in keys["systems"]:
        if is_grid(systems[system]) and needs != [RESPONSE]:
            allowed = f"systems without an axis: this figure reads {', '.join(needs)}"
            raise UserError(f"{path}.systems", system, allowed)
    systems_in_order = [(system, systems[system]) for system in keys["systems"]]
    options = figure_checks.checked_options(
        path, keys.get("options", {}), outline, systems_in_order
    )
    return {"draw": draw, "systems": keys["systems"], "options": options, "needs": needs}
