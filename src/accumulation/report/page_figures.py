"""Figures of a page: picture, caption, equations, links and the code that opens the datasets."""

from __future__ import annotations

import base64
import re
import struct
from pathlib import Path

from .. import plugins
from ..datasets import variables
from ..jobs.job_logs import sentence_of
from . import markup
from .page_parameters import text_of

# Size of pictures on the page, in CSS pixels an inch of the figure, and resolution of the files.
SCALE, DPI = 125, 300


def title_and_caption(draw: str) -> tuple[str, str]:
    """Title of a figure, which is the first line of its docstring, and its caption."""
    outline = plugins.figure(draw)
    return outline.title, outline.caption


def _equations(figure: dict, parameters: dict[str, dict]) -> list[tuple[str, str]]:
    """Pairs (subject, equations) of the stages, densities and theories that a figure shows."""
    systems = [parameters[system] for system in figure["systems"]]
    equations = []
    for theory in dict.fromkeys(
        system_parameters["theory"]
        for system_parameters in systems
        if "theory" in system_parameters
    ):
        module = plugins.load("theory", theory)
        equations.append((plugins.title(module), module.EQUATION))
    if any("theory" not in system_parameters for system_parameters in systems):
        equations += [variables.TITLES[stage] for stage in figure["needs"]]
    for density in dict.fromkeys(system_parameters.get("density") for system_parameters in systems):
        if density is not None:
            module = plugins.load("densities", density)
            equations.append((module.LONG_NAME, module.EQUATION))
    return equations


def entry(
    name: str, figure: dict, path: Path, parameters: dict[str, dict], folder: Path, spec: dict
) -> dict:
    """Values of one figure for the template.

    Parameters
    ----------
    figure : its entry in the spec;  path : its picture
    parameters : texts of the parameters of each system, by name
    folder : of the study, with its logs;  spec : of the page
    """
    title, caption = title_and_caption(figure["draw"])
    equations = _equations(figure, parameters)
    files = [f"{system}/{stage}.nc" for system in figure["systems"] for stage in figure["needs"]]
    return {
        "name": name,
        "title": title,
        "caption": caption,
        "alt": markup.plain(caption) or title,
        "systems": figure["systems"],
        "options": [(key, text_of(value)) for key, value in figure["options"].items()],
        "equations": [
            (subject[0].lower() + subject[1:], re.sub(r"^Eqs?\. ", "", equation))
            for subject, equation in equations
        ],
        "links": [(ending.upper(), f"figures/{name}.{ending}") for ending in spec["formats"]],
        "files": list(dict.fromkeys(files)),
        "opening": _opening(spec["study"], list(dict.fromkeys(files))),
        **_picture(path, folder, name),
    }


def _picture(path: Path, folder: Path, name: str) -> dict:
    """Source and size of a picture, or the reason why it is missing."""
    if not path.exists():
        sentence = failure_of(folder, name) or "it was not drawn in the last run"
        return {"source": None, "size": {}, "failure": sentence.removeprefix("error: ")}
    content = path.read_bytes()
    kind = {".svg": "svg+xml"}.get(path.suffix, "png")
    size = {}
    if kind == "png":
        width, height = struct.unpack(">II", content[16:24])  # in the header of every PNG
        size = {"width": round(width * SCALE / DPI), "height": round(height * SCALE / DPI)}
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"source": source, "size": size, "failure": None}


def failure_of(folder: Path, figure: str) -> str | None:
    """Error of a figure that could not be drawn, from the logs in the study's ``folder``."""
    logs = [folder / "logs" / "figures" / part / f"{figure}.log" for part in ("", "page")]
    return sentence_of([str(path) for path in logs])


def _opening(study: str, files: list[str]) -> str:
    """Three lines of Python that open the datasets of a figure, run in the project's folder."""
    paths = ", ".join(f'"{file}"' for file in files)
    return (
        "import xarray as xr\n"
        f"files = [{paths}]\n"
        f'datasets = {{file: xr.open_dataset("results/{study}/" + file) for file in files}}'
    )
