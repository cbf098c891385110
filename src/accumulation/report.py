"""One page of a study: pictures, parameters, stages, run times and versions, in one HTML file.

Like every file of a study it is made from one spec; unlike a dataset it may tell how long things
took.  It never names a host, a user or a folder outside of the study's.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import inspect
import json
import platform
import re
import struct
import zlib
from functools import cache
from importlib import metadata
from pathlib import Path

from . import evidence, files, flowchart, grid, markup, options, plugins, study, variables
from .configuration import schema
from .densities import definitions_for
from .files import atomic_write
from .sources import PACKAGE, code_hash
from .version import __version__

TEMPLATE = Path(__file__).with_name("report.html.jinja")
PACKAGES = ("numpy", "scipy", "xarray", "netCDF4", "matplotlib", "snakemake")
LONGEST_LIST = 5  # numbers that are written out; more are "n values from a to b"
# What the other defaults depend on.
ALWAYS = ("theory", "model.name", "geometry.kind", "density")
# Pictures on the page, in CSS pixels an inch of the figure: a little larger than in print.
SCALE, DPI = 125, 300
# Ends and number of points of an axis that a config gives as a mapping.
AXIS = (("from", "start", "min"), ("to", "stop", "max"), ("values", "points", "count", "num", "n"))


def spec(found: study.Study) -> str:
    """What the page of a study uses, as canonical JSON.

    A shell line takes no more than 128 kB, and a study may have hundreds of systems: parameters
    are texts, long lists told by their ends, left out where they are the default, and packed.
    """
    systems = []
    plain = {name: found.plain(name) for name in found.systems}
    for name, system in plain.items():
        own = _flat(system)
        usual = _usual(own)
        kept = [
            [key, text]
            for key, text in own.items()
            if key in ALWAYS or not _same(text, usual.get(key))
        ]
        systems.append([name, kept])
    words = [[chosen, *_words(chosen["draw"])] for name, chosen in found.figures.items()]
    everything = grid.canonical({"systems": plain, "figures": words})
    return grid.canonical(
        {
            "study": found.name,
            "systems": _packed(systems),
            "figures": [[name, chosen] for name, chosen in found.figures.items()],
            "formats": found.formats,
            "files": found.files_of_stages(),
            "evidence": bool(found.theories),
            "config": hashlib.sha256(everything.encode()).hexdigest()[:12],
            "code": [
                code_hash((f"{PACKAGE}.report", None)),
                hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()[:12],
            ],
        }
    )


def _packed(content: list) -> str:
    return base64.b64encode(zlib.compress(json.dumps(content).encode(), 9)).decode()


def _unpacked(text: str) -> list:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def write(spec: dict, inputs: list[str], out: str) -> None:
    """Write the page; ``inputs`` are pictures in the order of the spec's figures, and last the
    table of identities if the study has one.

    Run times are those of the benchmark files beside ``out``, as far as there are any.

    Raises
    ------
    UserError
        If the file cannot be written; nothing half-written is left behind.
    """
    page = render(spec, inputs, Path(out).parent / "benchmarks")
    with atomic_write(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(spec: dict, inputs: list[str], benchmarks: Path) -> str:
    """The page as HTML."""
    pictures = inputs[: len(spec["figures"])]
    identities = _identities(inputs[-1]) if spec["evidence"] else []
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    options = {"trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(autoescape=True, undefined=StrictUndefined, **options)
    environment.filters["rich"] = lambda text: Markup(markup.rich(text))
    systems = [_system(name, dict(own)) for name, own in _unpacked(spec["systems"])]
    chosen = {own["name"]: own["chosen"] for own in systems}
    drawn = zip(spec["figures"], pictures, strict=True)
    theories = {own["name"] for own in systems if "theory" in own["chosen"]}
    counts, arrows = _flow(spec, theories)
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        study=spec["study"],
        version=__version__,
        systems=systems,
        identities=identities,
        figures=[_figure(name, own, path, chosen) for (name, own), path in drawn],
        flows=[Markup(flowchart.draw(counts, arrows, upright)) for upright in (False, True)],
        counts=counts,
        times=_times(benchmarks, [own["name"] for own in systems], spec["figures"]),
        versions=_versions(),
    )
    return page + "\n"


# Parameters -------------------------------------------------------------------------------------


def _flat(system: dict, prefix: str = "") -> dict[str, str]:
    """Keys of a normalised system as the config's readers know them, ``model.t2``, and values."""
    flat = {}
    for key, value in system.items():
        if isinstance(value, dict) and _axis(value) is None:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            text = _text(value)
            flat[f"{prefix}{key}"] = f"({text})" if key == "direction" else text
    return flat


def _axis(value: dict) -> str | None:
    """Words for a mapping that describes an axis, None if it is another mapping."""
    ends = [next((value[k] for k in names if k in value), None) for names in AXIS]
    if None in ends:
        return None
    return f"{ends[2]} values from {_text(ends[0])} to {_text(ends[1])}"


def _text(value: object) -> str:
    """A value of a config as it is read; long lists of numbers by their ends."""
    if isinstance(value, dict):
        return _axis(value) or ", ".join(f"{key}: {_text(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        numbers = _numbers(value)
        if len(numbers) > LONGEST_LIST:
            ends = (markup.number(end) for end in (min(numbers), max(numbers)))
            return f"{len(numbers)} values from {' to '.join(ends)}"
        return ", ".join(_text(one) for one in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return markup.number(value) if isinstance(value, int | float) else str(value)


def _numbers(values: list | tuple) -> list[float]:
    """The values as numbers, which exact decimals may be written as texts; [] if one is not."""
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        return []


def _usual(own: dict[str, str]) -> dict[str, str]:
    return _defaults(*(own.get(key) for key in ALWAYS))


@cache
def _defaults(
    theory: str | None, model: str | None, kind: str | None, density: str | None
) -> dict[str, str]:
    """What a system has for the keys that its config leaves out, as far as there is a default."""
    properties = schema()["$defs"]["system"]["properties"]
    usual = {key: node["default"] for key, node in properties.items() if "default" in node}
    if theory is not None:
        usual = {"options": _arguments(options.parameters(theory)), "points_per_job": 1}
    elif density is None:
        usual = {}
    else:
        usual["definition"] = definitions_for(plugins.load("densities", density), kind)
    if kind == "flake":
        usual = {k: v for k, v in usual.items() if k not in ("k", "keep_eigenvectors")}
    if model is not None:
        function = getattr(plugins.load("models", model), model)
        usual["model"] = _arguments(inspect.signature(function).parameters)
    return _flat(usual)


def _arguments(parameters: dict) -> dict:
    """Defaults of a function's arguments."""
    return {key: one.default for key, one in parameters.items() if one.default is not one.empty}


def _same(text: str, default: str | None) -> bool:
    """Whether a text is the default's, in whatever order their names stand."""
    return default is not None and sorted(text.split(", ")) == sorted(default.split(", "))


def _system(name: str, own: dict[str, str]) -> dict:
    """A row of the table of systems: what was chosen by column, and all the keys."""
    usual = _usual(own)
    chosen = {k: v for k, v in own.items() if not _same(v, usual.get(k))}
    parts = {"model": {}, "geometry": {}, "other": {}}
    for key, text in chosen.items():
        part, _, rest = key.partition(".")
        known = bool(rest) and part in parts
        key = key.removeprefix("options.")
        parts[part if known else "other"][rest if known else key] = text
    row = {"name": name, "chosen": own}
    for part, pairs in parts.items():
        row[part] = [(key, text) for key, text in pairs.items() if key not in ("name", "kind")]
    everything = sorted((usual | own).items(), key=_rank)
    row["all"] = [(key, text, key not in chosen) for key, text in everything]
    return row


def _rank(entry: tuple[str, str]) -> tuple[int, bool]:
    """Place of a key among all: in the order in which the stages use them, names first."""
    order = [key for keys in study.USES.values() for key in keys]
    part, _, rest = entry[0].partition(".")
    return order.index(part) if part in order else len(order), rest not in ("name", "kind")


# Figures ----------------------------------------------------------------------------------------


def _words(draw: str) -> tuple[str, str]:
    """Title of a figure, the first line of its file, and its caption."""
    outline = plugins.figure(draw)
    return outline.title, outline.caption


def _equations(own: dict, chosen: dict[str, dict]) -> list[tuple[str, str]]:
    """What a figure shows and in which equations: of stages and densities, or of theories."""
    systems = [chosen[system] for system in own["systems"]]
    found = []
    for theory in dict.fromkeys(one["theory"] for one in systems if "theory" in one):
        module = plugins.load("theory", theory)
        found.append((plugins.title(module), module.EQUATION))
    if any("theory" not in one for one in systems):
        found += [variables.STAGES[stage] for stage in own["needs"]]
    for density in dict.fromkeys(one.get("density") for one in systems):
        if density is not None:
            module = plugins.load("densities", density)
            found.append((module.LONG_NAME, module.EQUATION))
    return found


def _figure(name: str, own: dict, path: str, chosen: dict[str, dict]) -> dict:
    title, caption = _words(own["draw"])
    equations = _equations(own, chosen)
    content = Path(path).read_bytes()
    kind = {".svg": "svg+xml"}.get(Path(path).suffix, "png")
    size = {}
    if kind == "png":
        width, height = struct.unpack(">II", content[16:24])  # where every PNG has them
        size = {"width": round(width * SCALE / DPI), "height": round(height * SCALE / DPI)}
    return {
        "name": name,
        "title": title,
        "caption": caption,
        "alt": markup.plain(caption) or title,
        "source": f"data:image/{kind};base64,{base64.b64encode(content).decode()}",
        "size": size,
        "systems": own["systems"],
        "options": [(key, _text(value)) for key, value in own["options"].items()],
        "equations": [
            (what[0].lower() + what[1:], re.sub(r"^Eqs?\. ", "", equation))
            for what, equation in equations
        ],
    }


# Stages -----------------------------------------------------------------------------------------


def _flow(spec: dict, theories: set[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Number of files of each stage that the study has, and which stage reads which."""
    needed = {
        "theory" if system in theories else stage
        for _, own in spec["figures"]
        for system in own["systems"]
        for stage in own["needs"]
    }
    counts = {stage: spec["files"][stage] for stage in study.STAGES if spec["files"][stage]}
    arrows = [(one, stage) for stage, all_ in study.STAGES.items() for one in all_]
    if theories:
        counts |= {"theory": len(theories), "evidence": 1}
        arrows += [("theory", "evidence"), ("evidence", "report")]
    counts |= {"figures": len(spec["figures"]) * len(spec["formats"]), "report": 1}
    arrows += [(stage, "figures") for stage in counts if stage in needed]
    arrows.append(("figures", "report"))
    return counts, [arrow for arrow in arrows if set(arrow) <= set(counts)]


def _identities(path: str) -> list[dict]:
    """The table of identities, a row for each statement with the systems that it was tested on."""
    grouped: dict[tuple, dict] = {}
    for row in evidence.rows(files.read(path)):
        key = tuple(row[name] for name in ("statement", "route", "equation", "must_be", "bound"))
        group = grouped.setdefault(key, row | {"systems": [], "number": 0, "kept": 0})
        group["systems"].append((row["system"], row["residual"], row["holds"]))
        group["number"] += 1
        group["kept"] += row["holds"]
        worst = min if row["must_be"] == "at least" else max
        group["residual"] = worst(group["residual"], row["residual"])
    return list(grouped.values())


# Run times and versions -------------------------------------------------------------------------


def _times(folder: Path, systems: list[str], figures: list) -> list[dict]:
    """Jobs, seconds and memory by stage, from Snakemake's benchmark files of this study's files."""
    found = {stage: [] for stage in (*study.STAGES, "figures")}
    for system in systems:
        for path in sorted((folder / system).rglob("*.tsv")):
            # A stage that is worked in parts names them after itself.
            stage = re.match("[A-Za-z]*", path.relative_to(folder / system).parts[0])[0]
            found.setdefault(stage, []).append((_benchmark(path), system))
    for path in sorted((folder / "tiles").rglob("*.tsv")):
        stage = path.relative_to(folder / "tiles").parts[0]
        found.setdefault(f"{stage} tiles", []).append((_benchmark(path), path.stem))
    for figure, _ in figures:
        path = folder / "figures" / f"{figure}.tsv"
        if path.is_file():
            found["figures"].append((_benchmark(path), figure))
    rows = []
    for stage, measured in found.items():
        known = [(one, name) for one, name in measured if one is not None]
        if known:
            longest, name = max(known, key=lambda entry: entry[0][0])
            memory = [one[1] for one, _ in known if one[1] is not None]
            rows.append(
                {
                    "stage": stage,
                    "jobs": len(known),
                    "total": sum(one[0] for one, _ in known),
                    "longest": longest[0],
                    "name": name,
                    "memory": max(memory, default=None),
                }
            )
    return rows


def _benchmark(path: Path) -> tuple[float, float | None] | None:
    """Seconds and, where Snakemake could sample it, peak memory in MB; None if unreadable."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            row = list(csv.DictReader(file, delimiter="\t"))[-1]
        memory = re.fullmatch(r"[\d.]+", row.get("max_rss") or "")
        return float(row["s"]), float(memory[0]) or None if memory else None
    except (OSError, LookupError, TypeError, ValueError):
        return None


def _versions() -> list[tuple[str, str]]:
    """What made this page: the environment of the jobs that ran with it."""
    versions = [("accumulation", __version__), ("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:  # Snakemake, where jobs have an environment of theirs
            versions.append((name, "not in the jobs' environment"))
    return versions
