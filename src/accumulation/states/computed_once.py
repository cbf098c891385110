"""Attributes computed when they are asked for, on several threads at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class computed_once:
    """:class:`functools.cached_property` without its lock.

    Up to Python 3.11 that lock is one for all instances of a class: while one thread computes an
    attribute of its chunk of k the others wait, though they have chunks of their own.
    """

    def __init__(self, function: Callable[[Any], Any]):
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)
        return value
