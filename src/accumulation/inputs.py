"""Numbers that a user gives: real, finite, and refused in one sentence where they are not."""

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
    """A finite number, real or complex; true and false are none.

    Raises
    ------
    UserError
        For anything else.
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
    """A finite number without an imaginary part (UserError for anything else)."""
    result = finite(key, value, allowed)
    if result.imag != 0:
        raise UserError(key, value, allowed)
    return result.real


def integer(key: str, value: object, allowed: str) -> int:
    """A number without a fraction, such as 2 or 2.0 (UserError for anything else)."""
    result = real(key, value, allowed)
    if result != int(result):
        raise UserError(key, value, allowed)
    return int(result)


def real_array(key: str, value: object, allowed: str) -> np.ndarray:
    """Finite real numbers as an array of floats (UserError for anything else)."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        raise UserError(key, value, allowed) from None
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise UserError(key, value, allowed)
    return array.astype(float, copy=False)


def checked_parameters(model: Callable) -> Callable:
    """A model's function that refuses arguments of another type than its defaults have.

    A default that is a number asks for a finite real one, true or false for one of the two, a text
    for a text.

    Raises
    ------
    UserError
        Of the function returned: for such an argument, an unknown one, or one that is missing.
    """
    signature = inspect.signature(model)

    @wraps(model)
    def checked(*positional, **named):
        where = f"{model.__name__}()"
        for name in named:
            if name not in signature.parameters:
                raise unknown_key(where, name, signature.parameters)
        try:
            bound = signature.bind(*positional, **named)
        except TypeError:
            words = f"values of {', '.join(signature.parameters)}, each at most once"
            raise UserError(where, positional or MISSING, words) from None
        for name, value in bound.arguments.items():
            bound.arguments[name] = _like(
                signature.parameters[name].default, value, f"{where}.{name}"
            )
        return model(*bound.args, **bound.kwargs)

    return checked


def _like(default: object, value: object, key: str) -> object:
    for kind, words in ((bool, "true or false"), (str, "a text")):
        if isinstance(default, kind):
            if not isinstance(value, kind | np.bool_ if kind is bool else kind):
                raise UserError(key, value, words)
            return value
    real(key, value)
    return value
