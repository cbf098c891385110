"""Write what is generated in docs/: ``python docs/generators``.

``equations.md`` and the tables of ``config.md`` and ``datasets.md`` are kept in the repository,
where a code host shows them, and so is the schema of a config; a test says when they are out of
date.  The API reference is written when the site is built.
"""

from __future__ import annotations

from pathlib import Path

import api_reference
import equation_page
import tables

from accumulation import locations
from accumulation.study import config_schema

DOCS = Path(__file__).parents[1]


def kept() -> dict[Path, str]:
    """Generated files that are kept in the repository -> their text."""
    texts = {
        name: (DOCS / name).read_text(encoding="utf-8") for name in ("config.md", "datasets.md")
    }
    filled = {DOCS / name: tables.filled(text) for name, text in texts.items()}
    schema = {locations.SCHEMA: config_schema.text()}
    return {**schema, **filled, DOCS / "equations.md": equation_page.page()}


def write_api(folder: Path = DOCS / "api") -> None:
    """The pages of the API reference; what is left of others is removed."""
    folder.mkdir(exist_ok=True)
    pages = api_reference.pages()
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def write() -> None:
    """All generated pages, the kept ones and the API reference."""
    for path, text in kept().items():
        path.write_text(text, encoding="utf-8")
    write_api()
