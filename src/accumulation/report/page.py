"""One page of a study: pictures, parameters, stages, run times and versions, in one HTML file.

Like every file of a study it is made from one spec; unlike a dataset it may tell how long things
took.  It never names a host, a user or a folder outside of the study's.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import platform
import re
import struct
import zlib
from importlib import metadata
from pathlib import Path

from .. import plugins
from ..datasets import evidence, files, variables
from ..datasets.files import atomic_write
from ..jobs.job_logs import sentence_of
from ..study import grid, study
from ..study.source_hash import PACKAGE, code_hash
from ..study.stages import of_singles
from ..version import __version__
from . import flowchart, markup, revision
from .page_parameters import ALWAYS, flat, same_text, system_row, text_of, usual_of

TEMPLATE = Path(__file__).with_name("report.html.jinja")
PACKAGES = ("numpy", "scipy", "xarray", "netCDF4", "matplotlib", "snakemake")
# Pictures on the page, in CSS pixels an inch of the figure: a little larger than in print.
SCALE, DPI = 125, 300


def spec(found: study.Study) -> str:
    """What the page of a study uses, as canonical JSON.

    A shell line takes no more than 128 kB, and a study may have hundreds of systems: parameters
    are texts, long lists told by their ends, left out where they are the default, and packed.
    """
    systems = []
    plain = {name: found.plain(name) for name in found.systems}
    for name, system in plain.items():
        own = flat(system)
        usual = usual_of(own)
        kept = [
            [key, text]
            for key, text in own.items()
            if key in ALWAYS or not same_text(text, usual.get(key))
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
                code_hash((f"{PACKAGE}.report.page", None)),
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
    page = render(spec, inputs, Path(out).parent)
    with atomic_write(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(spec: dict, inputs: list[str], folder: Path) -> str:
    """The page as HTML; ``folder`` is the study's, with its benchmarks and logs.

    A picture that is not there is a figure that failed: its sentence stands in its place.
    """
    pictures = inputs[: len(spec["figures"])]
    has_evidence = spec["evidence"] and Path(inputs[-1]).exists()
    identities = _identities(inputs[-1]) if has_evidence else []
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    options = {"trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(autoescape=True, undefined=StrictUndefined, **options)
    environment.filters["rich"] = lambda text: Markup(markup.rich(text))
    systems = [system_row(name, dict(own)) for name, own in _unpacked(spec["systems"])]
    chosen = {own["name"]: own["chosen"] for own in systems}
    drawn = zip(spec["figures"], pictures, strict=True)
    theories = {own["name"] for own in systems if "theory" in own["chosen"]}
    counts, arrows = _flow(spec, theories)
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        study=spec["study"],
        version=__version__,
        systems=systems,
        identities=identities,
        figures=[_figure(name, own, path, chosen, folder, spec) for (name, own), path in drawn],
        flows=[Markup(flowchart.draw(counts, arrows, upright)) for upright in (False, True)],
        counts=counts,
        times=_times(folder / "benchmarks", [own["name"] for own in systems], spec["figures"]),
        versions=_versions(),
    )
    return page + "\n"


# Parameters -------------------------------------------------------------------------------------


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
        found += [variables.TITLES[stage] for stage in own["needs"]]
    for density in dict.fromkeys(one.get("density") for one in systems):
        if density is not None:
            module = plugins.load("densities", density)
            found.append((module.LONG_NAME, module.EQUATION))
    return found


def _figure(
    name: str, own: dict, path: str, chosen: dict[str, dict], folder: Path, spec: dict
) -> dict:
    title, caption = _words(own["draw"])
    equations = _equations(own, chosen)
    files = [f"{system}/{stage}.nc" for system in own["systems"] for stage in own["needs"]]
    return {
        "name": name,
        "title": title,
        "caption": caption,
        "alt": markup.plain(caption) or title,
        "systems": own["systems"],
        "options": [(key, text_of(value)) for key, value in own["options"].items()],
        "equations": [
            (what[0].lower() + what[1:], re.sub(r"^Eqs?\. ", "", equation))
            for what, equation in equations
        ],
        "links": [(ending.upper(), f"figures/{name}.{ending}") for ending in spec["formats"]],
        "files": list(dict.fromkeys(files)),
        "opening": _opening(spec["study"], list(dict.fromkeys(files))),
        **_picture(Path(path), folder, name),
    }


def _picture(path: Path, folder: Path, name: str) -> dict:
    """Source and size of a picture; of one that is not there, why."""
    if not path.exists():
        words = failure_of(folder, name) or "it was not drawn in the last run"
        return {"source": None, "size": {}, "failure": words.removeprefix("error: ")}
    content = path.read_bytes()
    kind = {".svg": "svg+xml"}.get(path.suffix, "png")
    size = {}
    if kind == "png":
        width, height = struct.unpack(">II", content[16:24])  # where every PNG has them
        size = {"width": round(width * SCALE / DPI), "height": round(height * SCALE / DPI)}
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"source": source, "size": size, "failure": None}


def failure_of(folder: Path, figure: str) -> str | None:
    """The sentence in which the drawing of a figure failed; ``folder`` is the study's."""
    logs = [folder / "logs" / "figures" / part / f"{figure}.log" for part in ("", "page")]
    return sentence_of([str(path) for path in logs])


def _opening(study: str, files: list[str]) -> str:
    """Three lines of Python that open the datasets of a figure, from where the study was run."""
    paths = ", ".join(f'"{file}"' for file in files)
    return (
        "import xarray as xr\n"
        f"files = [{paths}]\n"
        f'datasets = {{file: xr.open_dataset("results/{study}/" + file) for file in files}}'
    )


# Stages -----------------------------------------------------------------------------------------


def _flow(spec: dict, theories: set[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Number of files of each stage that the study has, and which stage reads which."""
    needed = {
        "theory" if system in theories else stage
        for _, own in spec["figures"]
        for system in own["systems"]
        for stage in own["needs"]
    }
    counts = {one.name: spec["files"][one.name] for one in of_singles() if spec["files"][one.name]}
    arrows = [(before, one.name) for one in of_singles() for before in one.inputs]
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
    found = {stage: [] for stage in (*(one.name for one in of_singles()), "figures")}
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
    versions = [("accumulation", __version__), ("commit", revision.commit())]
    versions.append(("Python", platform.python_version()))
    for name in PACKAGES:
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:  # Snakemake, where jobs have an environment of theirs
            versions.append((name, "not in the jobs' environment"))
    return versions
