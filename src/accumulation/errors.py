"""The error for wrong input: the key, its value, and the allowed values in one sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches

DISK_FULL = "the disk is full"
LONGEST_VALUE = 80  # characters of a value that are quoted


class Verbatim(str):
    """Text that a :class:`UserError` prints without quotes in place of a value."""


UNKNOWN = Verbatim("unknown key")
MISSING = Verbatim("nothing")


class UserError(ValueError):
    """Wrong input of the user, described in one sentence.

    Parameters
    ----------
    key : the key of the value, e.g. ``systems.ribbon.geometry.width``, or a file
    value : the wrong value; a :class:`Verbatim` is printed as it is, any other value quoted
    allowed : description of the allowed values, or the list of allowed names
    hint : the nearest allowed name; found automatically if ``allowed`` is a list
    source : the file that contains the key
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
        """The same error, its key placed under ``path`` unless ``path`` starts with the key."""
        key = path if path.startswith(self.key) else f"{path}.{self.key}"
        return UserError(key, self.value, self.allowed, self.hint, source or self.source)


def kind_of(value: object) -> Verbatim:
    """Type of a value with an article, for values whose description may fill a page."""
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    return Verbatim("None" if value is None else f"{article} {name}")


def not_written(path: str | os.PathLike, error: Exception, full: bool = False) -> UserError:
    """The error for a file that cannot be written; ``full`` if the disk is known to be full."""
    full = full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    reason = Verbatim(DISK_FULL) if full else getattr(error, "strerror", None) or str(error)
    return UserError(str(path), reason, "a folder that can be written to, with room for the file")


def unknown_key(path: str, name: object, allowed: Iterable[str]) -> UserError:
    """The error for an unknown key ``name`` under ``path``."""
    names = [str(key) for key in allowed]
    key = f"{path}.{name}" if path else str(name)
    return UserError(key, UNKNOWN, names, closest(str(name), names))


def closest(name: str, names: Iterable[str]) -> str | None:
    """The allowed name most similar to a misspelt one; None if none is similar."""
    by_lower = {candidate.lower(): candidate for candidate in names}
    matches = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
