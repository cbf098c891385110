"""Validation of numbers given by the user: finite, real, integer, and parameters of models."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from numbers import Number

import numpy as np

from .errors import MISSING, UserError, unknown_key

FINITE = "a finite number"
REAL = "a finite real number"


def finite(key: str, value: object, allowed: str = FINITE) -> complex:
    """The value as a finite complex number; booleans are refused.

    Raises
    ------
    UserError
        If it is not a finite number; the error names ``key`` and ``allowed``.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, Number) or isinstance(value, bool | np.bool_):
        raise UserError(key, value, allowed)
    try:
        result = complex(value)  # type: ignore[call-overload]  # not every Number is one
    except (TypeError, ValueError, OverflowError):
        raise UserError(key, value, allowed) from None
    if not np.isfinite(result):
        raise UserError(key, value, allowed)
    return result


def real(key: str, value: object, allowed: str = REAL) -> float:
    """The value as a finite real number.

    Raises
    ------
    UserError
        If it is not a finite number without an imaginary part.
    """
    result = finite(key, value, allowed)
    if result.imag != 0:
        raise UserError(key, value, allowed)
    return result.real


def integer(key: str, value: object, allowed: str) -> int:
    """The value as an integer; 2 and 2.0 are integers.

    Raises
    ------
    UserError
        If it is not a finite real number without a fraction.
    """
    result = real(key, value, allowed)
    if result != int(result):
        raise UserError(key, value, allowed)
    return int(result)


def at_least(key: str, value: object, least: int = 1) -> int:
    """The value, if it is an integer of at least ``least``; 2.0 and True are none.

    Raises
    ------
    UserError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise UserError(key, value, f"an integer of at least {least}")
    return int(value)


def real_array(key: str, value: object, allowed: str) -> np.ndarray:
    """The value as an array of floats of any shape.

    Raises
    ------
    UserError
        If it is not an array of finite real numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        raise UserError(key, value, allowed) from None
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise UserError(key, value, allowed)
    return array.astype(float, copy=False)


def checked_parameters(model: Callable) -> Callable:
    """The function of a model with its arguments checked against the types of their defaults.

    A number is required where the default is a number, a boolean where it is a boolean, a string
    where it is a string.

    Raises
    ------
    UserError
        By the returned function: for an argument of another type, unknown, or missing.
    """
    signature = inspect.signature(model)

    @wraps(model)
    def checked(*positional, **keywords):
        where = f"{model.__name__}()"
        for name in keywords:
            if name not in signature.parameters:
                raise unknown_key(where, name, signature.parameters)
        try:
            bound = signature.bind(*positional, **keywords)
        except TypeError:
            allowed = f"values of {', '.join(signature.parameters)}, each at most once"
            raise UserError(where, positional or MISSING, allowed) from None
        for name, value in bound.arguments.items():
            bound.arguments[name] = _like(
                signature.parameters[name].default, value, f"{where}.{name}"
            )
        return model(*bound.args, **bound.kwargs)

    return checked


def _like(default: object, value: object, key: str) -> object:
    for kind, allowed in ((bool, "true or false"), (str, "a text")):
        if isinstance(default, kind):
            if not isinstance(value, kind | np.bool_ if kind is bool else kind):
                raise UserError(key, value, allowed)
            return value
    real(key, value)
    return value
