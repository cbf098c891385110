"""Writing figures to files, atomically and reproducibly to the byte."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..datasets.files import atomic_write
from ..errors import UserError, kind_of
from ..plugin_checks import fault

WORKING_DRAW = "a draw() that works for these systems and options"
# Dates would make two runs of the same study differ.
METADATA = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
}
# Tables of a font by which programs that set text choose and place its glyphs.
LAYOUT_TABLES = ("GDEF", "GPOS", "GSUB")


@contextmanager
def lean_fonts() -> Iterator[None]:
    """Leave the layout tables out of the fonts that are embedded in a PDF.

    Matplotlib has placed every glyph, so nobody reads them, and reducing them to the glyphs of a
    figure takes as long as drawing it.  Only the default of fontTools can be changed from outside.
    """
    from fontTools.subset import Options

    before = getattr(Options, "_drop_tables_default", [])
    Options._drop_tables_default = [*before, *LAYOUT_TABLES]
    try:
        yield
    finally:
        Options._drop_tables_default = before


def load_fonts() -> None:
    """Load what matplotlib loads at the first text and formula that it writes, a third second."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().set_xlabel(r"$\mathbf{(a)}\; x_{n} \times 10^{-3}$")
    with lean_fonts():
        for form in ("png", "pdf"):
            figure.savefig(io.BytesIO(), format=form)


def save(figure, paths: list[str], dpi: int) -> None:
    """Write a matplotlib figure to each path, in the format of its ending.

    Parameters
    ----------
    dpi : of PNG files

    Raises
    ------
    UserError
        If a file cannot be written; no partial file is left.
    """
    import matplotlib

    for path in map(Path, paths):
        form = path.suffix[1:]
        # Without a fixed salt the names of the parts of an SVG are random.
        salt = matplotlib.rc_context({"svg.hashsalt": path.stem})
        with atomic_write(path) as temporary, salt, lean_fonts():
            try:
                figure.savefig(temporary, format=form, dpi=dpi, metadata=METADATA[form])
            except (OSError, MemoryError):
                raise
            except Exception as error:  # such as a formula that matplotlib cannot set
                raise UserError(f"figures.{path.stem}", fault(error), WORKING_DRAW) from error


def draw(module, datasets: list, spec: dict):
    """Call a figure's ``draw`` with its systems, each a mapping from stage to dataset.

    Raises
    ------
    UserError
        For any exception of draw(), with the figure's name, or a result that is not a figure.
    """
    needs = spec["needs"]
    systems = [
        dict(zip(needs, datasets[start : start + len(needs)], strict=True))
        for start in range(0, len(datasets), len(needs))
    ]
    key = f"figures.{spec['figure']}"
    try:
        figure = module.draw(systems, **spec["options"])
    except UserError as error:
        raise error.within(key) from error
    except MemoryError:
        raise
    except Exception as error:
        raise UserError(key, fault(error), WORKING_DRAW) from error
    if not callable(getattr(figure, "savefig", None)):
        raise UserError(key, kind_of(figure), "a matplotlib Figure, returned by draw()")
    return figure
