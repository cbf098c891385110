"""The methods ``lattice.to_pythtb()`` and ``lattice.to_wannier90(seed)``.

They are added to the class here because the lattice modules import neither importers nor what
writes files, and in a module of their own for the reason that :mod:`.flake_shorthands` gives.
"""

from __future__ import annotations

import os
from pathlib import Path

from .datasets.files import atomic_write
from .importers.exports import to_pythtb, wannier90_texts
from .lattice.lattice import Lattice


def _to_wannier90(lattice: Lattice, seed: str | os.PathLike) -> None:
    """Write ``SEED_tb.dat``, ``SEED_hr.dat``, ``SEED_centres.xyz`` and ``SEED.win``.

    The numbers are the lattice's own, although the format means eV and angstrom.  They have 17
    digits, so that nothing is lost.

    Parameters
    ----------
    seed : path and first part of the names, such as ``data/mine``

    Raises
    ------
    UserError
        For spins that are neither in blocks nor interleaved, or a folder that cannot be written to.
    """
    path = Path(seed)
    for end, lines in wannier90_texts(lattice).items():
        with atomic_write(path.parent / f"{path.name}{end}") as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


Lattice.to_pythtb = to_pythtb  # type: ignore[attr-defined]
Lattice.to_wannier90 = _to_wannier90  # type: ignore[attr-defined]
