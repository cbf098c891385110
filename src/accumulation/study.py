"""A config becomes a study: for every file of it, one spec that says all that its making uses.

A spec is a canonical JSON text: the stage's own slice of the config and a hash of the code that the
stage runs.  It is the one parameter of the stage's rule, so a change of either reruns that stage
and what reads it, and nothing else.
"""

from __future__ import annotations

import copy
import inspect
import json
from dataclasses import dataclass
from math import gcd

from . import plugins
from .configuration import check_structure, number, schema
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
GAUGES = ("atomic", "cell")
RIBBON_ONLY = ("k", "gauge", "keep_eigenvectors")


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

    def targets(self) -> list[str]:
        """The files that a run is to end with."""
        responses = [self.path(system, "response") for system in self.systems]
        return responses + [path for figure in self.figures for path in self.figure_paths(figure)]

    def spec(self, system: str, stage: str) -> str:
        """What a stage of a system uses, as canonical JSON."""
        chosen = self.systems[system]
        slice_ = {key: chosen[key] for key in USES[stage] if key in chosen}
        code = [code_hash((f"{PACKAGE}.stages", f"run_{stage}"), (f"{PACKAGE}.dataset", "write"))]
        if stage == "model":
            code.append(plugin_hash("models", chosen["model"]["name"]))
        if stage in ("elements", "response"):
            code.append(plugin_hash("densities", chosen["density"]))
        return _canonical({"study": self.name, "system": system, "code": code, **slice_})

    def figure_spec(self, figure: str, dpi: int = 300) -> str:
        """What a figure uses, as canonical JSON; ``dpi`` is that of its PNG."""
        chosen = self.figures[figure]
        code = [
            code_hash((f"{PACKAGE}.rendering", None)),
            plugin_hash("figures", chosen["draw"]),
        ]
        return _canonical(
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
        systems = {
            name: _system(name, _merged(config.get("defaults", {}), own))
            for name, own in config["systems"].items()
        }
        figures = {
            name: _figure(name, own, systems) for name, own in config.get("figures", {}).items()
        }
    except UserError as error:
        error.source = error.source or source
        raise
    formats = config.get("formats", schema()["properties"]["formats"]["default"])
    return Study(config["study"], systems, figures, list(formats))


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


def _system(name: str, given: dict) -> dict:
    path = f"systems.{name}"
    properties = schema()["$defs"]["system"]["properties"]
    for key in ("model", "geometry"):
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    system = {"model": _model(given["model"], f"{path}.model")}
    system["geometry"] = _geometry(given["geometry"], f"{path}.geometry")
    kind = system["geometry"]["kind"]
    filled = {k: node["default"] for k, node in properties.items() if "default" in node} | given
    if kind == "ribbon":
        system["k"] = int(filled["k"])
        system["keep_eigenvectors"] = filled["keep_eigenvectors"]
    system |= _density(filled, kind, path)
    for key in ("fermi_energy", "temperature"):
        system[key] = _numbers(filled[key], f"{path}.{key}")
    if min(system["temperature"]) < 0:
        allowed = "a finite number of at least 0, or a non-empty list of them"
        raise UserError(f"{path}.temperature", filled["temperature"], allowed)
    return system


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
    wanted = ["direction", "width"] + (["length"] if given["kind"] == "flake" else [])
    for key in wanted:
        if key not in given:
            raise UserError(f"{path}.{key}", MISSING, properties[key]["description"])
    for key in given:
        if key not in ("kind", *wanted):
            raise UserError(f"{path}.{key}", given[key], "this key for a flake only")
    if gcd(*map(int, given["direction"])) != 1:
        allowed = properties["direction"]["description"]
        raise UserError(f"{path}.direction", given["direction"], allowed)
    whole = {key: int(given[key]) for key in wanted if key != "direction"}
    return {"kind": given["kind"], "direction": [int(n) for n in given["direction"]], **whole}


def _density(filled: dict, kind: str, path: str) -> dict:
    module = _plugin("densities", filled["density"], f"{path}.density")
    definitions = module.DEFINITIONS[kind]
    chosen = {
        "density": filled["density"],
        "definition": _names(
            filled.get("definition", definitions), definitions, "definition", path
        ),
    }
    # The phase convention is one of Bloch states: an open flake has the atomic positions only.
    gauges = GAUGES if kind == "ribbon" else GAUGES[:1]
    chosen["gauge"] = _names(filled["gauge"], gauges, "gauge", path)
    return chosen


def _names(value: object, allowed: tuple[str, ...], key: str, path: str) -> list[str]:
    names = [value] if isinstance(value, str) else list(value)
    for name in names:
        if name not in allowed:
            raise UserError(f"{path}.{key}", name, allowed)
    return names


def _numbers(value: object, path: str) -> list[float]:
    if not isinstance(value, list):
        return [number(value, path)]
    numbers = [number(one, f"{path}.{i}") for i, one in enumerate(value)]
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
    return {"draw": draw, "systems": given["systems"], "options": options, "needs": needs}


def _plugin(kind: str, name: str, path: str):
    try:
        return plugins.load(kind, name)
    except UserError as error:
        raise UserError(path, error.value, error.allowed, error.hint) from error


def _canonical(spec: dict) -> str:
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False)
