"""Sphinx configuration: ``make docs`` builds the site without network, warnings are errors."""

import importlib.util
import os
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT / "src"), str(DOCS / "generators")]
# The notebooks' kernels see the same package, and the helper that stands for a terminal.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(DOCS)])
os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

import accumulation  # noqa: E402

project = "accumulation"
author = "accumulation contributors"
version = release = accumulation.__version__
extensions = ["myst_nb"]
exclude_patterns = ["_build", "generators", "**.ipynb_checkpoints"]
html_theme = "furo"
html_title = "accumulation"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_show_copyright = html_show_sphinx = False

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
# Tutorials of other programs, named as their packages, are executed where these are installed.
nb_execution_excludepatterns = [
    f"tutorials/{package}.md"
    for package in ("kwant", "pythtb", "tbmodels")
    if importlib.util.find_spec(package) is None
]


def _write_api(app):
    import pages

    pages.write_api(DOCS / "api")


def _link_names(app, docname, source):
    """Functions in the index of equations become links to the API reference."""
    import api_reference

    if docname != "equations":
        return
    known = api_reference.names()

    def linked(match):
        name = match[1]
        return f"[`{name}`](#{api_reference.anchor(name)})" if name in known else match[0]

    def row(line):
        cells = line.split(" | ")
        # The third column: a figure's or a test's name may be that of a module, too.
        cells[2:3] = [re.sub(r"`([\w.]+)`", linked, cell) for cell in cells[2:3]]
        return " | ".join(cells)

    lines = source[0].splitlines()
    source[0] = "\n".join(row(line) if line.startswith("| ") else line for line in lines)


def _link_changelog(app, docname, source):
    """The changelog lies outside docs/, where a code host looks; its page here includes it."""
    source[0] = source[0].replace("](../CHANGELOG.md)", "](changelog.md)")


def _break_names(app, pagename, templatename, context, doctree):
    """Long names in tables and in the list of contents may break after a dot or an underscore."""
    narrow = re.compile(r"<t[dh][ >].*?</t[dh]>", re.DOTALL)
    name = re.compile(r'(?<=<span class="pre">)[^<]+')

    def broken(match):
        return name.sub(lambda one: re.sub(r"([._]|::)(?=\w)", r"\1<wbr>", one[0]), match[0])

    if "body" in context:
        context["body"] = narrow.sub(broken, context["body"])
        context["toc"] = re.sub(r".+", broken, context["toc"])


def setup(app):
    app.connect("builder-inited", _write_api)
    app.connect("source-read", _link_names)
    app.connect("source-read", _link_changelog)
    app.connect("html-page-context", _break_names)
