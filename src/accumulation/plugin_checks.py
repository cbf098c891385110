"""Checks of the declarations and return values of the user's models, densities and theories.

Packaged files are checked by the tests.  A file beside the config is checked when it is used, so
that an error in it gives one sentence that names the file instead of a wrong number.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from types import ModuleType

import numpy as np

from . import locations
from .errors import UserError, Verbatim, kind_of

BASES = ("hops", "orbitals", "bands")
TEXTS = ("LONG_NAME", "UNITS", "EQUATION")


def checked(kind: str, module: ModuleType, path: Path) -> ModuleType:
    """The module of a user's file, with its function wrapped by one that checks what it returns.

    Raises
    ------
    UserError
        If a declaration required by its kind is missing or wrong.
    """
    if kind == "models":
        setattr(module, path.stem, _model(getattr(module, path.stem), path))
    elif kind == "densities":
        _declared_density(module, path)
        module.kernel = _kernel(module, path)
    elif kind == "theory":
        _declared_theory(module, path)
        module.compute = _compute(module, path)
    elif not _is_names(getattr(module, "NEEDS", None)):
        raise _undeclared(path, "NEEDS", 'the stages that draw() reads, such as ("response",)')
    else:
        _declared_figure(module, path)
    return module


def fault(error: Exception, path: Path | None = None) -> Verbatim:
    """Text of an exception with its line, which is the last one in the user's files if any."""
    calls = traceback.extract_tb(error.__traceback__)
    folders = [path.parent] if path else locations.own_folders()
    own_calls = [call for call in calls if Path(call.filename).parent in folders]
    place = (own_calls or calls)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return Verbatim(f"{type(error).__name__}: {error} ({where})")


def _call_own(function: Callable, path: Path, key: str, allowed: str, *positional, **keywords):
    """Return value of the user's function; any exception becomes a UserError with its line."""
    try:
        return function(*positional, **keywords)
    except UserError as error:
        error.source = error.source or path.name
        raise
    except MemoryError:
        raise
    except Exception as error:
        raise UserError(key, fault(error, path), allowed) from error


def _model(function: Callable, path: Path) -> Callable:
    @wraps(function)
    def model(*positional, **keywords):
        from .lattice.lattice import Lattice

        shown_arguments = [
            *map(repr, positional),
            *(f"{name}={value}" for name, value in keywords.items()),
        ]
        key = f"{path.stem}({', '.join(shown_arguments)})"
        allowed = "parameters for which the model works"
        lattice = _call_own(function, path, key, allowed, *positional, **keywords)
        if not isinstance(lattice, Lattice):
            allowed = f"an accumulation.Lattice, returned by {path.stem}() in {path.name}"
            raise UserError(key, kind_of(lattice), allowed)
        return lattice

    return model


def _kernel(module: ModuleType, path: Path) -> Callable:
    function = module.kernel
    masks: dict[int, tuple[object, np.ndarray]] = {}

    def off_the_hops(bloch) -> np.ndarray:
        # The matrix is stored too, as its id may be reused later by another one.
        if masks.get(id(bloch), (None,))[0] is not bloch:
            outside = ~np.eye(bloch.size, dtype=bool)
            outside[bloch.row, bloch.column] = False
            masks.clear()
            masks[id(bloch)] = bloch, outside
        return masks[id(bloch)][1]

    @wraps(function)
    def kernel(states, definition, **options):
        from .states.eigenstates import Kernel

        key = f"{path.stem}, definition {definition}"
        allowed = f"a kernel() in {path.name} that works for this system"
        result = _call_own(function, path, key, allowed, states, definition, **options)
        if not isinstance(result, Kernel):
            allowed = f"a Kernel(matrix, basis), returned by kernel() in {path.name}"
            raise UserError(key, kind_of(result), allowed)
        if not isinstance(result.basis, str) or result.basis not in BASES:
            raise UserError(f"{key}, basis", result.basis, BASES, source=path.name)
        if result.basis == "bands" and definition not in module.NEEDS_ALL_BANDS:
            allowed = (
                f"this definition in NEEDS_ALL_BANDS of {path.name}, as its basis is the bands"
            )
            raise UserError(key, Verbatim("a sum over bands"), allowed)
        size = states.eigenvector.shape[-1] if result.basis == "bands" else states.bloch.size
        _check_matrix(result.matrix, (len(states.k), size, size), f"{key}, matrix", path)
        if result.basis == "hops" and np.any(result.matrix[0][off_the_hops(states.bloch)]):
            problem = Verbatim("elements where no hop connects the orbitals, with basis 'hops'")
            allowed = "the basis 'orbitals' for such a matrix"
            raise UserError(f"{key}, matrix", problem, allowed, source=path.name)
        return result

    return kernel


def _check_matrix(matrix: object, shape: tuple[int, ...], key: str, path: Path) -> None:
    """Check the matrix of a kernel; UserError unless it has this shape and finite numbers."""
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in "iufc":
        allowed = f"an array of numbers of shape {shape}"
        raise UserError(key, kind_of(matrix), allowed, source=path.name)
    if matrix.shape != shape:
        problem = Verbatim(f"shape {matrix.shape}")
        allowed = f"shape {shape}: (k, orbital, orbital), or (k, band, band) with basis 'bands'"
        raise UserError(key, problem, allowed, source=path.name)
    # The sum is not finite if one element is not.
    if not np.isfinite(matrix.sum()):
        problem = Verbatim("numbers that are not finite")
        raise UserError(key, problem, "finite numbers", source=path.name)


def _compute(module: ModuleType, path: Path) -> Callable:
    function = module.compute

    @wraps(function)
    def compute(*positional, **keywords):
        key = f"{path.stem}, compute()"
        allowed = f"options and a system for which {path.name} works"
        results = _call_own(function, path, key, allowed, *positional, **keywords)
        if not isinstance(results, Mapping):
            allowed = f"a dict of arrays, returned by compute() in {path.name}"
            raise UserError(key, kind_of(results), allowed)
        for name, value in results.items():
            if name not in module.VARIABLES:
                raise UserError(key, name, list(module.VARIABLES), source=path.name)
            dims = module.VARIABLES[name][0]
            if np.ndim(value) != len(dims):
                problem = Verbatim(f"an array of {np.ndim(value)} dimensions")
                allowed = f"the dimensions {dims} that VARIABLES declares"
                raise UserError(f"{key}, {name}", problem, allowed, source=path.name)
        return results

    return compute


def _declared_density(module: ModuleType, path: Path) -> None:
    for name in TEXTS:
        if not isinstance(getattr(module, name, None), str):
            raise _undeclared(path, name, "a text")
    if getattr(module, "TIME_REVERSAL", None) not in (1, -1):
        raise _undeclared(path, "TIME_REVERSAL", "+1 or -1")
    by_kind = getattr(module, "DEFINITIONS", None)
    kinds = ("ribbon", "flake")  # for periodic and for open systems
    if not isinstance(by_kind, Mapping) or not all(_is_names(by_kind.get(kind)) for kind in kinds):
        allowed = '{"ribbon": (...), "flake": (...)}, names of definitions'
        raise _undeclared(path, "DEFINITIONS", allowed)
    definitions = {name for names in by_kind.values() for name in names}
    all_bands = getattr(module, "NEEDS_ALL_BANDS", None)
    if (
        not isinstance(all_bands, tuple | list | set | frozenset)
        or not set(all_bands) <= definitions
    ):
        raise _undeclared(path, "NEEDS_ALL_BANDS", "names of DEFINITIONS, () for none")
    moments = getattr(module, "MOMENT_OF_CURRENT", ())
    if not isinstance(moments, tuple | list) or not set(moments) <= definitions:
        raise _undeclared(path, "MOMENT_OF_CURRENT", "names of DEFINITIONS, () for none")


def _declared_theory(module: ModuleType, path: Path) -> None:
    if not isinstance(getattr(module, "EQUATION", None), str):
        raise _undeclared(path, "EQUATION", "a text")
    declared = getattr(module, "VARIABLES", None)
    if not isinstance(declared, Mapping) or not all(
        isinstance(entry, tuple | list) and len(entry) == 4 and isinstance(entry[0], tuple | list)
        for entry in declared.values()
    ):
        raise _undeclared(path, "VARIABLES", "name -> (dims, units, long_name, equation)")
    checks = getattr(module, "CHECKS", None)
    if not isinstance(checks, Mapping) or not set(checks) <= set(declared):
        raise _undeclared(path, "CHECKS", "name of a variable -> Identity, {} for none")


def _declared_figure(module: ModuleType, path: Path) -> None:
    """Check a figure's declarations about its systems and options (see figure_checks)."""
    names = "a tuple of names"
    kinds = {
        "SYSTEMS": (_is_range, '(least, most, "what they are"), most None for no limit'),
        "AXES": (lambda v: isinstance(v, int) or _is_pair(v), "a number, or (least, most)"),
        "THEORY": (lambda v: isinstance(v, str), "the name of a theory"),
        **dict.fromkeys(("KINDS", "KINDS_IN_TURN", "THEORY_IN_TURN", "AXIS"), (_is_names, names)),
        **{
            key: (lambda v: isinstance(v, Mapping), "a dict by option")
            for key in ("CHOICES", "LENGTHS", "LEAST", "COMPUTED")
        },
    }
    for key, (fits, allowed) in kinds.items():
        if hasattr(module, key) and not fits(getattr(module, key)):
            raise _undeclared(path, key, allowed)


def _is_range(value: object) -> bool:
    is_triple = isinstance(value, tuple | list) and len(value) == 3
    return is_triple and _is_pair(value[:2]) and isinstance(value[2], str)


def _is_pair(value: object) -> bool:
    if not isinstance(value, tuple | list) or len(value) != 2 or not isinstance(value[0], int):
        return False
    return value[1] is None or isinstance(value[1], int)


def _is_names(value: object) -> bool:
    is_list = isinstance(value, tuple | list) and len(value) > 0
    return is_list and all(isinstance(name, str) for name in value)


def _undeclared(path: Path, name: str, allowed: str | Iterable[str]) -> UserError:
    value = Verbatim(f"{path.name} without a {name} of the right kind")
    return UserError(path.stem, value, f"{name} = {allowed}")
