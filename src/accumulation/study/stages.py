"""The table of stages: inputs, keys of the config, variables and functions of each.

Study, plan of tiles, rules, jobs, merging, ``plan`` and report read this table instead of naming
stages themselves.  A stage is computed for a system without an axis, as one dataset (``run``),
for the points of a grid (``point``), or both.  Names and meanings of its variables, and the titles
of its datasets, are in :mod:`accumulation.datasets.variables`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .. import plugins
from ..datasets.variables import at_point
from ..lattice.geometries import GEOMETRIES

PACKAGE = plugins.__name__.partition(".")[0]
# The stage whose file the figures and the report read by default; for a grid it is the merged file.
RESPONSE = "response"


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name : of its rule, command, datasets and tiles
    run : ``module:function`` of the package that computes a system without an axis from its spec
        and the datasets of ``inputs``; empty for a stage of grids only
    inputs : stages that ``run`` reads, in the order of its arguments
    uses : exactly the keys of a system that ``run`` depends on
    point : ``module:function`` that computes one point of a grid from its parameters, the
        settings and the same point of the preceding stage; empty for a stage without grids
    point_uses : exactly the keys of a system, axes aside, that ``point`` depends on
    is_part_of : whether a grid has this stage
    variables : of a point, from the table of variables
    declared_by : kind of plugin that declares the variables of a point instead
    plugins : kinds of plugins whose code it runs, in addition to the model of a grid
    memory, minutes : requested from a cluster at the first attempt, in MB and minutes
    threads : whether ``run`` takes a number of threads
    """

    name: str
    run: str = ""
    inputs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    point: str = ""
    point_uses: tuple[str, ...] = ()
    is_part_of: Callable[[dict], bool] = lambda system: False
    variables: tuple[str, ...] = ()
    declared_by: str = ""
    plugins: tuple[str, ...] = ()
    memory: int = 1500
    minutes: int = 30
    threads: bool = True

    def dims(self, settings: dict) -> dict[str, tuple[str, ...]]:
        """Dimensions of the variables of a point, without those of the grid."""
        if not self.declared_by:
            return {name: at_point(name) for name in self.variables}
        declared = plugins.load(self.declared_by, settings[self.declared_by]).VARIABLES
        return {name: tuple(dims) for name, (dims, *_) in declared.items()}


def _is_theory(system: dict) -> bool:
    return "theory" in system


def _is_bulk(system: dict) -> bool:
    return not _is_theory(system) and not GEOMETRIES[system["geometry"]["kind"]].is_cut


def _is_cut(system: dict) -> bool:
    return not _is_theory(system) and not _is_bulk(system)


def _keeps_bands(system: dict) -> bool:
    return _is_cut(system) and system["keep_eigenvectors"]


_GAPS = (
    *("direct_gap", "indirect_gap", "direct_gap_error", "indirect_gap_error", "midgap", "chern"),
    *("filling", "status", "provenance"),
)
_EDGES = ("net", "left_edge", "right_edge", "edge_even", "edge_odd", "error")
_ROWS = ("x", "y", "z", "sublattice", "mirror_row")
_BANDS = ("k", "weight", "energy", "velocity")

_STAGES = (
    Stage(
        "theory",
        point="jobs.points:theory_point",
        point_uses=("theory", "filling"),
        is_part_of=_is_theory,
        declared_by="theory",
        plugins=("theory", "densities"),
    ),
    Stage(
        "bulk",
        point="jobs.points:bulk_point",
        point_uses=("filling",),
        is_part_of=_is_bulk,
        variables=_GAPS,
    ),
    Stage(
        "model",
        run="jobs.stage_runs:run_model",
        uses=("model", "geometry"),
        plugins=("models",),
        memory=500,
        threads=False,
    ),
    Stage(
        "bands",
        run="jobs.stage_runs:run_bands",
        inputs=("model",),
        uses=("k", "keep_eigenvectors"),
        point="jobs.points:bands_point",
        point_uses=("k",),
        is_part_of=_keeps_bands,
        variables=(*_BANDS, "eigenvector_re", "eigenvector_im"),
    ),
    Stage(
        "elements",
        run="jobs.stage_runs:run_elements",
        inputs=("model", "bands"),
        uses=("density", "definition", "gauge"),
        point="jobs.points:elements_point",
        point_uses=("k", "density", "definition", "gauge", "profile", "edge_depth", "filling"),
        is_part_of=_is_cut,
        variables=(*_BANDS, "density", "polarizability", *_GAPS, "ribbon_gap"),
        plugins=("densities",),
    ),
    Stage(
        RESPONSE,
        run="jobs.stage_runs:run_response",
        inputs=("elements",),
        uses=("fermi_energy", "temperature", "filling"),
        point="jobs.points:response_point",
        point_uses=("fermi_energy", "temperature"),
        is_part_of=_is_cut,
        variables=(
            *("accumulation", "even", "odd", *_ROWS, *_EDGES, "fermi_level", "edge_crossings"),
            *(*_GAPS, "ribbon_gap"),
        ),
        plugins=("densities",),
    ),
)
STAGES = {stage.name: stage for stage in _STAGES}


def of_singles() -> list[Stage]:
    """The stages of a system without an axis."""
    return [stage for stage in STAGES.values() if stage.run]


def of_grids() -> list[Stage]:
    """The stages that grids can have."""
    return [stage for stage in STAGES.values() if stage.point]


def of_grid(system: dict) -> list[Stage]:
    """The stages of one grid; the tiles of the last one are merged."""
    return [stage for stage in of_grids() if stage.is_part_of(system)]


def last() -> list[str]:
    """The final stages of a system without an axis, which no other stage reads."""
    input_names = {name for stage in of_singles() for name in stage.inputs}
    return [stage.name for stage in of_singles() if stage.name not in input_names]


def function(place: str) -> Callable:
    """The function that ``module:function`` of the table names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)


def source(place: str) -> tuple[str, str]:
    """``module:function`` as an argument of :func:`accumulation.study.source_hash.code_hash`."""
    module, _, name = place.partition(":")
    return f"{PACKAGE}.{module}", name


def plugins_of(system: dict, kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Kind and name of the plugins of these kinds whose code a system runs."""
    densities = system.get("density") or system.get("options", {}).get("density", [])
    names_by_kind = {
        "models": [system["model"]["name"]] if "model" in system else [],
        "theory": [system["theory"]] if "theory" in system else [],
        "densities": [densities] if isinstance(densities, str) else densities,
    }
    return [(kind, name) for kind in kinds for name in names_by_kind[kind]]
