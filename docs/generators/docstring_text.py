"""Docstrings as Markdown: paragraphs flow, parameters are lists, formulas stay as laid out."""

from __future__ import annotations

import inspect
import re

_ITEM = re.compile(r"^[\w.*, (){}:=/'\"+-]{1,60}? : \S")
_CODE = re.compile(r":\w+:`~?([^`]+)`|``(.+?)``|`([^`]+)`")
_SPECIAL = re.compile(r"([\\*_{}\[\]<>#|$~^])")


def markdown(docstring: str | None) -> list[str]:
    """Lines of Markdown."""
    lines = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(docstring or "")):
        lines += [*_block(block.split("\n")), ""]
    return lines


def _block(lines: list[str]) -> list[str]:
    if len(lines) > 1 and re.fullmatch(r"-{3,}", lines[1]):
        return [f"**{lines[0]}**", "", *_section(lines[2:])]
    if _ITEM.match(lines[0]) and any(_ITEM.match(line) for line in lines[1:] or lines):
        return _items(lines)
    if any(re.search(r"^\s|\S {2,}(?<!\.  )\S", line) for line in lines):
        return ["```{code-block} text", ":class: docstring", "", *lines, "```"]
    return [_inline(" ".join(lines))]


def _section(lines: list[str]) -> list[str]:
    listed = any(_ITEM.match(line) or line.startswith(" ") for line in lines)
    return _items(lines) if listed else [_inline(" ".join(lines))]


def _items(lines: list[str]) -> list[str]:
    """``name : words`` or a name with words beneath it, as a list."""
    items: list[list[str]] = []
    for line in lines:
        if line.startswith(" ") and items:
            items[-1].append(line.strip())
        else:
            items.append([line])
    written = []
    for first, *rest in items:
        name, mark, words = first.partition(" : ")
        if not mark and rest:
            name, mark, words = first, " : ", ""
        text = " ".join([words, *rest]).strip()
        written.append(f"- `{name}`: {_inline(text)}" if mark else f"- {_inline(first)}")
    return written


def _inline(text: str) -> str:
    """Text in which only what is marked as code is code."""
    written, place = [], 0
    for match in _CODE.finditer(text):
        written.append(_SPECIAL.sub(r"\\\1", text[place : match.start()]))
        written.append(f"`{match[1] or match[2] or match[3]}`")
        place = match.end()
    written.append(_SPECIAL.sub(r"\\\1", text[place:]))
    line = "".join(written)
    # A paragraph must not begin like a list.
    return re.sub(r"^([-+])(\s)|^(\d+)([.)]\s)", r"\\\1\2" if line[:1] in "-+" else r"\3\\\4", line)
