"""The one error for the user's faults: which key, what it holds, what is allowed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches

DISK_FULL = "the disk is full"
LONGEST_VALUE = 80  # characters of a value that are worth quoting


class Verbatim(str):
    """Words that stand in a sentence where a quoted value would otherwise stand."""


UNKNOWN = Verbatim("unknown key")
MISSING = Verbatim("nothing")


class UserError(ValueError):
    """A fault of the user's, told in one sentence.

    Parameters
    ----------
    key : where the value came from, e.g. ``systems.ribbon.geometry.width``, or a file
    value : what was found; a :class:`Verbatim` is printed as it is, anything else quoted
    allowed : what may stand there: words, or the list of the names that may
    hint : the nearest allowed name; found by itself when ``allowed`` is a list
    source : the file that holds the key
    """

    def __init__(
        self,
        key: str,
        value: object,
        allowed: str | Iterable[str],
        hint: str | None = None,
        source: str | None = None,
    ):
        if not isinstance(allowed, str):
            names = [str(name) for name in allowed]
            hint = hint or closest(str(value), names)
            allowed = ("one of: " if len(names) > 1 else "") + ", ".join(names)
        self.key, self.value, self.allowed = key, value, allowed
        self.hint, self.source = hint, source
        super().__init__(key, value, allowed, hint, source)

    def __str__(self) -> str:
        value = str(self.value) if isinstance(self.value, Verbatim) else _quoted(self.value)
        sentence = f"`{self.key}`: got {value}; allowed: {self.allowed}"
        if self.hint:
            sentence += f" (did you mean {self.hint}?)"
        if self.source:
            sentence = f"{self.source}: {sentence}"
        return " ".join(sentence.split())

    def within(self, path: str, source: str | None = None) -> UserError:
        """The same fault, its key read as a part of ``path`` unless that begins with it."""
        key = path if path.startswith(self.key) else f"{path}.{self.key}"
        return UserError(key, self.value, self.allowed, self.hint, source or self.source)


def kind_of(value: object) -> Verbatim:
    """What a value is, in a word or two: its own description may fill a page."""
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    return Verbatim("None" if value is None else f"{article} {name}")


def not_written(path: str | os.PathLike, error: Exception, full: bool = False) -> UserError:
    """The fault of a file that cannot be written; ``full``: for want of room, whatever is said."""
    full = full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    why = Verbatim(DISK_FULL) if full else getattr(error, "strerror", None) or str(error)
    return UserError(str(path), why, "a folder that can be written to, with room for the file")


def unknown_key(path: str, name: object, allowed: Iterable[str]) -> UserError:
    """A key ``name`` under ``path`` that nothing reads."""
    names = [str(key) for key in allowed]
    key = f"{path}.{name}" if path else str(name)
    return UserError(key, UNKNOWN, names, closest(str(name), names))


def closest(name: str, names: Iterable[str]) -> str | None:
    """The allowed name most like a misspelt one, if any is like it."""
    by_lower = {candidate.lower(): candidate for candidate in names}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
