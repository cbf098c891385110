"""Fonts in PDF figures: their glyphs, without the tables for the layout of text."""

import io
import re
import zlib

from fontTools.ttLib import TTFont

from accumulation.jobs.figure_files import LAYOUT_TABLES, save
from accumulation.plotting.style import new_figure

STREAM = re.compile(rb"stream\r?\n")


def _embedded(data: bytes) -> list[TTFont]:
    streams = (data[match.end() :] for match in STREAM.finditer(data))
    texts = (zlib.decompressobj().decompress(one) for one in streams if one[:1] == b"x")
    return [TTFont(io.BytesIO(text)) for text in texts if text[:4] == b"\0\1\0\0"]


def test_fonts_of_a_pdf_have_outlines_and_no_layout(tmp_path):
    figure = new_figure(2, 1)
    figure.subplots().set_title("moment")
    save(figure, [str(tmp_path / "one.pdf")], 100)
    fonts = _embedded((tmp_path / "one.pdf").read_bytes())
    assert fonts
    assert not any(set(LAYOUT_TABLES) & set(font.keys()) for font in fonts)
    outlined = {
        name
        for font in fonts
        for name in font.getGlyphOrder()
        if font["glyf"][name].numberOfContours
    }
    assert set("moent") <= outlined
