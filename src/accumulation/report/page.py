"""The report page of a study: figures, parameters, stages, run times and versions in one HTML file.

Like every file of a study it is made from one spec.  It contains run times, which a dataset does
not, but no host, user or folder outside of the study's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path

from ..datasets.files import atomic_write
from ..study import grid, study
from ..study.source_hash import PACKAGE, code_hash
from ..version import __version__
from . import flowchart, markup, page_figures, page_runs
from .page_parameters import ALWAYS, default_texts, flat, same_text, system_row

TEMPLATE = Path(__file__).with_name("report.html.jinja")


def spec(checked: study.Study) -> str:
    """Spec of the page of a study, as canonical JSON.

    A shell line is limited to 128 kB, and a study may have hundreds of systems.  So parameters are
    texts, long lists are shortened to their ends, defaults are left out, and all are compressed.
    """
    systems = []
    plain = {name: checked.plain(name) for name in checked.systems}
    for name, system in plain.items():
        texts = flat(system)
        defaults = default_texts(texts)
        shown_texts = [
            [key, text]
            for key, text in texts.items()
            if key in ALWAYS or not same_text(text, defaults.get(key))
        ]
        systems.append([name, shown_texts])
    figures = [
        [figure, *page_figures.title_and_caption(figure["draw"])]
        for figure in checked.figures.values()
    ]
    everything = grid.canonical({"systems": plain, "figures": figures})
    return grid.canonical(
        {
            "study": checked.name,
            "systems": _packed(systems),
            "figures": [[name, figure] for name, figure in checked.figures.items()],
            "formats": checked.formats,
            "files": checked.files_of_stages(),
            "evidence": bool(checked.theories),
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
    """Write the page, with the run times of the benchmark files beside ``out``.

    Parameters
    ----------
    inputs : pictures in the order of the spec's figures, then the table of identities if the study
        has one

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    page = render(spec, inputs, Path(out).parent)
    with atomic_write(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(spec: dict, inputs: list[str], folder: Path) -> str:
    """The page as HTML.

    A missing picture belongs to a figure that failed; the page shows its error instead.

    Parameters
    ----------
    inputs : as of :func:`write`;  folder : of the study, with its benchmarks and logs
    """
    pictures = inputs[: len(spec["figures"])]
    has_evidence = spec["evidence"] and Path(inputs[-1]).exists()
    identities = page_runs.identities(inputs[-1]) if has_evidence else []
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    options = {"trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(autoescape=True, undefined=StrictUndefined, **options)
    environment.filters["rich"] = lambda text: Markup(markup.rich(text))
    systems = [system_row(name, dict(texts)) for name, texts in _unpacked(spec["systems"])]
    parameters = {row["name"]: row["chosen"] for row in systems}
    figures_and_pictures = zip(spec["figures"], pictures, strict=True)
    theories = {row["name"] for row in systems if "theory" in row["chosen"]}
    counts, arrows = page_runs.flow(spec, theories)
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        study=spec["study"],
        version=__version__,
        systems=systems,
        identities=identities,
        figures=[
            page_figures.entry(name, figure, Path(path), parameters, folder, spec)
            for (name, figure), path in figures_and_pictures
        ],
        flows=[Markup(flowchart.draw(counts, arrows, upright)) for upright in (False, True)],
        counts=counts,
        times=page_runs.times(folder, [row["name"] for row in systems], spec["figures"]),
        versions=page_runs.versions(),
    )
    return page + "\n"
