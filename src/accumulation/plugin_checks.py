"""The user's own models, densities and theories: what they declare and return is checked.

Packaged files are checked by the tests; a file beside the config meets its contract here, so that a
fault of it is a sentence that names it and never another number.
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
    """The module of a file of the user's, its function replaced by one that checks what it returns.

    Raises
    ------
    UserError
        If it does not declare what its kind needs.
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
    """An exception in words, with its place: in the user's own file, if it has been there."""
    calls = traceback.extract_tb(error.__traceback__)
    folders = [path.parent] if path else locations.own_folders()
    own = [call for call in calls if Path(call.filename).parent in folders]
    place = (own or calls)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return Verbatim(f"{type(error).__name__}: {error} ({where})")


def _called(function: Callable, path: Path, key: str, allowed: str, *positional, **named):
    """What the user's function returns; whatever it raises is told in one sentence."""
    try:
        return function(*positional, **named)
    except UserError as error:
        error.source = error.source or path.name
        raise
    except MemoryError:
        raise
    except Exception as error:
        raise UserError(key, fault(error, path), allowed) from error


def _model(function: Callable, path: Path) -> Callable:
    @wraps(function)
    def model(*positional, **named):
        from .lattice.lattice import Lattice

        words = [*map(repr, positional), *(f"{name}={value}" for name, value in named.items())]
        key = f"{path.stem}({', '.join(words)})"
        allowed = "parameters for which the model works"
        found = _called(function, path, key, allowed, *positional, **named)
        if not isinstance(found, Lattice):
            allowed = f"an accumulation.Lattice, returned by {path.stem}() in {path.name}"
            raise UserError(key, kind_of(found), allowed)
        return found

    return model


def _kernel(module: ModuleType, path: Path) -> Callable:
    function = module.kernel
    masks: dict[int, tuple[object, np.ndarray]] = {}

    def off_the_hops(bloch) -> np.ndarray:
        # With the matrix itself, as its number alone may be that of another one later.
        if masks.get(id(bloch), (None,))[0] is not bloch:
            outside = ~np.eye(bloch.size, dtype=bool)
            outside[bloch.row, bloch.column] = False
            masks.clear()
            masks[id(bloch)] = bloch, outside
        return masks[id(bloch)][1]

    @wraps(function)
    def kernel(states, definition):
        from .states.eigenstates import Kernel

        key = f"{path.stem}, definition {definition}"
        allowed = f"a kernel() in {path.name} that works for this system"
        found = _called(function, path, key, allowed, states, definition)
        if not isinstance(found, Kernel):
            allowed = f"a Kernel(matrix, basis), returned by kernel() in {path.name}"
            raise UserError(key, kind_of(found), allowed)
        if not isinstance(found.basis, str) or found.basis not in BASES:
            raise UserError(f"{key}, basis", found.basis, BASES, source=path.name)
        if found.basis == "bands" and definition not in module.NEEDS_ALL_BANDS:
            allowed = (
                f"this definition in NEEDS_ALL_BANDS of {path.name}, as its basis is the bands"
            )
            raise UserError(key, Verbatim("a sum over bands"), allowed)
        size = states.eigenvector.shape[-1] if found.basis == "bands" else states.bloch.size
        _check_matrix(found.matrix, (len(states.k), size, size), f"{key}, matrix", path)
        if found.basis == "hops" and np.any(found.matrix[0][off_the_hops(states.bloch)]):
            words = Verbatim("elements where no hop connects the orbitals, with basis 'hops'")
            allowed = "the basis 'orbitals' for such a matrix"
            raise UserError(f"{key}, matrix", words, allowed, source=path.name)
        return found

    return kernel


def _check_matrix(matrix: object, shape: tuple[int, ...], key: str, path: Path) -> None:
    """Raise UserError unless a kernel's matrix is an array of finite numbers of this shape."""
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in "iufc":
        allowed = f"an array of numbers of shape {shape}"
        raise UserError(key, kind_of(matrix), allowed, source=path.name)
    if matrix.shape != shape:
        words = Verbatim(f"shape {matrix.shape}")
        allowed = f"shape {shape}: (k, orbital, orbital), or (k, band, band) with basis 'bands'"
        raise UserError(key, words, allowed, source=path.name)
    # One number that is not finite spoils the sum.
    if not np.isfinite(matrix.sum()):
        words = Verbatim("numbers that are not finite")
        raise UserError(key, words, "finite numbers", source=path.name)


def _compute(module: ModuleType, path: Path) -> Callable:
    function = module.compute

    @wraps(function)
    def compute(*positional, **named):
        key = f"{path.stem}, compute()"
        allowed = f"options and a system for which {path.name} works"
        found = _called(function, path, key, allowed, *positional, **named)
        if not isinstance(found, Mapping):
            allowed = f"a dict of arrays, returned by compute() in {path.name}"
            raise UserError(key, kind_of(found), allowed)
        for name, value in found.items():
            if name not in module.VARIABLES:
                raise UserError(key, name, list(module.VARIABLES), source=path.name)
            dims = module.VARIABLES[name][0]
            if np.ndim(value) != len(dims):
                words = Verbatim(f"an array of {np.ndim(value)} dimensions")
                allowed = f"the dimensions {dims} that VARIABLES declares"
                raise UserError(f"{key}, {name}", words, allowed, source=path.name)
        return found

    return compute


def _declared_density(module: ModuleType, path: Path) -> None:
    for name in TEXTS:
        if not isinstance(getattr(module, name, None), str):
            raise _undeclared(path, name, "a text")
    if getattr(module, "TIME_REVERSAL", None) not in (1, -1):
        raise _undeclared(path, "TIME_REVERSAL", "+1 or -1")
    chosen = getattr(module, "DEFINITIONS", None)
    kinds = ("ribbon", "flake")  # of the periodic and of the open
    if not isinstance(chosen, Mapping) or not all(_is_names(chosen.get(kind)) for kind in kinds):
        words = '{"ribbon": (...), "flake": (...)}, names of definitions'
        raise _undeclared(path, "DEFINITIONS", words)
    every = {name for names in chosen.values() for name in names}
    summed = getattr(module, "NEEDS_ALL_BANDS", None)
    if not isinstance(summed, tuple | list | set | frozenset) or not set(summed) <= every:
        raise _undeclared(path, "NEEDS_ALL_BANDS", "names of DEFINITIONS, () for none")


def _declared_theory(module: ModuleType, path: Path) -> None:
    if not isinstance(getattr(module, "EQUATION", None), str):
        raise _undeclared(path, "EQUATION", "a text")
    declared = getattr(module, "VARIABLES", None)
    if not isinstance(declared, Mapping) or not all(
        isinstance(one, tuple | list) and len(one) == 4 and isinstance(one[0], tuple | list)
        for one in declared.values()
    ):
        raise _undeclared(path, "VARIABLES", "name -> (dims, units, long_name, equation)")
    checks = getattr(module, "CHECKS", None)
    if not isinstance(checks, Mapping) or not set(checks) <= set(declared):
        raise _undeclared(path, "CHECKS", "name of a variable -> Identity, {} for none")


def _declared_figure(module: ModuleType, path: Path) -> None:
    """What a figure may declare of its systems and options, see figure_checks."""
    names = "a tuple of names"
    kinds = {
        "SYSTEMS": (_is_range, '(least, most, "what they are"), most None for no limit'),
        "AXES": (lambda v: isinstance(v, int) or _is_pair(v), "a number, or (least, most)"),
        "THEORY": (lambda v: isinstance(v, str), "the name of a theory"),
        **dict.fromkeys(("KINDS", "KINDS_IN_TURN", "THEORY_IN_TURN", "AXIS"), (_is_names, names)),
        **{
            key: (lambda v: isinstance(v, Mapping), "a dict by option")
            for key in ("CHOICES", "LENGTHS", "LEAST", "HELD")
        },
    }
    for key, (fits, words) in kinds.items():
        if hasattr(module, key) and not fits(getattr(module, key)):
            raise _undeclared(path, key, words)


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
    words = Verbatim(f"{path.name} without a {name} of the right kind")
    return UserError(path.stem, words, f"{name} = {allowed}")
