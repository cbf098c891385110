"""Model from files of Wannier90, given in a config as ``model: {wannier90: data/mos2}``."""

from __future__ import annotations

import copy
import hashlib
from functools import lru_cache
from pathlib import Path

from .. import locations
from ..errors import MISSING, UserError
from ..importers.wannier90 import from_wannier90
from ..importers.wannier_seed import wannier90_files
from ..inputs import checked_parameters
from ..lattice.lattice import Lattice

EQUATION = "Wannier90 user guide"
UNITS = {"longest": "angstrom", "smallest": "eV"}


# The argument of the seed has the function's name, so that the key of a config is `wannier90`.
# Numbers come first, as a bulk system without an axis is a grid over the first parameter.
@checked_parameters
def wannier90(
    *,
    smallest: float = 0.0,
    longest: float = 0.0,
    use_ws_distance: bool = True,
    spin: str = "",
    position: str = "full",
    wannier90: str = "",
    contents: str = "",
) -> Lattice:
    """The lattice of Wannier functions of a calculation, in eV and angstrom.

    Parameters
    ----------
    wannier90 : path and seed of the files, relative to the config's folder
    smallest : drop hops of smaller modulus, in eV
    longest : drop hops over a longer distance, in angstrom; 0: none
    use_ws_distance : divide elements among nearest images if ``_wsvec.dat`` has this setting
    spin : none, blocks or interleaved; empty: determined from the files
    position : full, with the elements of the position operator of ``_tb.dat``, or diagonal
    contents : hash of the files, set by the study, so that changed files make another model

    Raises
    ------
    UserError
        As :func:`accumulation.importers.wannier90.from_wannier90`, and for files that have changed
        since ``contents`` was computed.
    """
    seed = _seed(wannier90)
    digest = _digest(seed)
    if contents and digest != contents:
        allowed = "the files that the run was planned with; plan it again"
        raise UserError("wannier90", wannier90, allowed)
    lattice = _lattice(seed, digest, smallest, longest, use_ws_distance, spin, position)
    return copy.copy(lattice)  # the filling of the copy may be changed


def contents(parameters: dict) -> str:
    """Hash of all files of the model, twelve hexadecimal digits.

    The files are read, so that faults are reported before any job starts.

    Parameters
    ----------
    parameters : arguments of :func:`wannier90`; an axis has its first value

    Raises
    ------
    UserError
        As :func:`wannier90`.
    """
    arguments = {key: value for key, value in parameters.items() if key not in ("name", "contents")}
    wannier90(**arguments)
    return _digest(_seed(arguments["wannier90"]))


def _seed(seed: str) -> Path:
    """Path and seed of the files, beside the config or else in the working folder."""
    allowed = "path and seed of a file _tb.dat or _hr.dat, relative to the config's folder"
    if not seed:
        raise UserError("wannier90", MISSING, allowed)
    for folder in locations.own_folders():
        try:
            wannier90_files(folder / seed)
        except UserError:
            continue
        return folder / seed
    raise UserError("wannier90", seed, allowed)


def _digest(seed: Path) -> str:
    digest = hashlib.sha256()
    for end, path in sorted(wannier90_files(seed).items()):
        digest.update(f"{end}{path.name}".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=8)
def _lattice(
    seed: Path,
    digest: str,
    smallest: float,
    longest: float,
    use_ws_distance: bool,
    spin: str,
    position: str,
) -> Lattice:
    """The lattice; ``digest`` is part of the key of the cache."""
    lattice = from_wannier90(
        seed,
        use_ws_distance=None if use_ws_distance else False,
        spin=spin or None,
        position=position,
        longest=longest or None,
        smallest=smallest or None,
    )
    if isinstance(lattice, Lattice):
        return lattice
    allowed = "a model that is periodic in two or three directions"
    raise UserError("wannier90", f"{seed.name} of one direction", allowed)
