"""Files of Wannier90 for tests: random models written as it writes them, and a reader of few lines.

Nothing here comes from the package, so that both directions are checked against something else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

# Real files are not part of the repository.
DATA = Path(
    os.environ.get("ACCUMULATION_WANNIER_DATA", Path(__file__).parents[3] / "shared" / "data")
)
# The parts of a calculation without position matrices.
EVERY = ("hr", "wsvec", "centres", "win")


def real_seed(name: str) -> str:
    """Path of a real calculation's files; skips where they are not there."""
    if not list(DATA.glob(f"{name}_*.dat")):
        pytest.skip(f"no files of {name} in {DATA.name}/ (set ACCUMULATION_WANNIER_DATA)")
    return str(DATA / name)


@dataclass
class Files:
    """What random files hold: H(R) and r(R) before degeneracies, and the images of each element."""

    vectors: np.ndarray  # (3, 3)
    centres: np.ndarray  # (orbital, 3)
    cells: np.ndarray  # (cell, 3)
    degeneracy: np.ndarray  # (cell,)
    h: np.ndarray  # (cell, orbital, orbital)
    r: np.ndarray  # (cell, orbital, orbital, 3)
    images: dict  # (cell number, i, j) -> list of shifts

    @property
    def orbitals(self) -> int:
        return len(self.centres)

    def bands(self, k: np.ndarray, ws: bool) -> np.ndarray:
        """Energies at k (point, 3) in units of the reciprocal vectors, by the guide's sum."""
        return np.linalg.eigvalsh(self.matrix(self.h, k, ws))

    def matrix(self, values: np.ndarray, k: np.ndarray, ws: bool) -> np.ndarray:
        out = np.zeros((len(k), self.orbitals, self.orbitals), dtype=complex)
        for n, cell in enumerate(self.cells):
            for i in range(self.orbitals):
                for j in range(self.orbitals):
                    shifts = self.images[n, i, j] if ws else [(0, 0, 0)]
                    for shift in shifts:
                        phase = np.exp(2j * np.pi * k @ (cell + shift))
                        weight = values[n, i, j] / self.degeneracy[n] / len(shifts)
                        out[:, i, j] += phase * weight
        return out

    def write(
        self, folder: Path, seed="x", parts=("hr", "wsvec", "centres", "win"), ws=True, win=()
    ):
        texts = {
            "hr": ("_hr.dat", self.hr),
            "tb": ("_tb.dat", self.tb),
            "wsvec": ("_wsvec.dat", lambda: self.wsvec(ws)),
            "centres": ("_centres.xyz", self.xyz),
            "win": (".win", lambda: self.win(win)),
        }
        for part in parts:
            end, lines = texts[part]
            (folder / f"{seed}{end}").write_text("\n".join(lines()) + "\n")
        return folder / seed

    def _head(self) -> list[str]:
        values = [str(n) for n in self.degeneracy]
        rows = [" ".join(values[i : i + 15]) for i in range(0, len(values), 15)]
        return [str(self.orbitals), str(len(self.cells)), *rows]

    def _elements(self, n: int, values: np.ndarray):
        for j in range(self.orbitals):
            for i in range(self.orbitals):
                parts = np.column_stack((values[n, i, j].real, values[n, i, j].imag)).reshape(-1)
                yield f"{i + 1} {j + 1} " + " ".join(f"{x:.17g}" for x in parts)

    def hr(self) -> list[str]:
        lines = [" written by a test", *self._head()]
        for n, cell in enumerate(self.cells):
            place = "{} {} {}".format(*cell)
            lines += [f"{place} {text}" for text in self._elements(n, self.h[..., None])]
        return lines

    def tb(self) -> list[str]:
        lines = [" written by a test", *(" ".join(f"{x:.17g}" for x in v) for v in self.vectors)]
        lines += self._head()
        for values in (self.h[..., None], self.r):
            for n, cell in enumerate(self.cells):
                lines += ["", "{} {} {}".format(*cell), *self._elements(n, values)]
        return lines

    def wsvec(self, ws: bool) -> list[str]:
        lines = [f"## written by a test  with use_ws_distance=.{'true' if ws else 'false'}."]
        for (n, i, j), shifts in self.images.items():
            shifts = shifts if ws else [(0, 0, 0)]
            lines += ["{} {} {} {} {}".format(*self.cells[n], i + 1, j + 1), str(len(shifts))]
            lines += ["{} {} {}".format(*shift) for shift in shifts]
        return lines

    def xyz(self) -> list[str]:
        lines = ["X " + " ".join(f"{x:.17g}" for x in place) for place in self.centres]
        return [str(len(lines) + 1), "centres", *lines, "H 0.0 0.0 0.0"]

    def win(self, more=()) -> list[str]:
        vectors = [" ".join(f"{x:.17g}" for x in v) for v in self.vectors]
        return [f"num_wann = {self.orbitals}", "begin unit_cell_cart", *vectors,
                "end unit_cell_cart", *more]  # fmt: skip


def random_files(seed: int, orbitals: int = 3, layer: bool = False) -> Files:
    """A random Hermitian model on a symmetric set of cells, with shared images."""
    rng = np.random.default_rng(seed)
    reach = (2, 1, 0) if layer else (1, 1, 1)
    axes = [range(-n, n + 1) for n in reach]
    cells = np.array(np.meshgrid(*axes, indexing="ij")).reshape(3, -1).T
    opposite = [int(np.flatnonzero(np.all(cells == -cell, axis=1))[0]) for cell in cells]
    count = len(cells)

    def hermitian(*shape):
        values = rng.standard_normal((count, orbitals, orbitals, *shape, 2)) @ (1, 1j)
        turned = np.swapaxes(values[opposite].conj(), 1, 2)
        return 0.5 * (values + turned)

    vectors = np.eye(3) * (3.0, 3.5, 9.0) + 0.3 * rng.standard_normal((3, 3))
    if layer:
        vectors[:, 2] = vectors[2, :] = 0
        vectors[2, 2] = 12.0
    centres = rng.uniform(-1, 4, (orbitals, 3))
    h, r = hermitian(), hermitian(3)
    home = int(np.flatnonzero(~np.any(cells, axis=1))[0])
    r[home, np.arange(orbitals), np.arange(orbitals)] = centres
    degeneracy = rng.integers(1, 4, count)
    degeneracy = np.array([degeneracy[min(n, o)] for n, o in enumerate(opposite)])
    images: dict = {}
    for n in range(count):
        for i in range(orbitals):
            for j in range(orbitals):
                twin = (opposite[n], j, i)
                if twin in images:
                    images[n, i, j] = [tuple(-x for x in shift) for shift in images[twin]]
                elif twin == (n, i, j):
                    images[n, i, j] = [(0, 0, 0)]
                else:
                    limit = (4, 4, 0) if layer else (4, 4, 4)
                    number = rng.integers(1, 4)
                    shifts = {tuple(int(rng.integers(-x, x + 1)) for x in limit)
                              for _ in range(number)}  # fmt: skip
                    images[n, i, j] = sorted(shifts)
    return Files(vectors, centres, cells, degeneracy, h, r, images)


def direct_bands(path: Path, k: np.ndarray) -> np.ndarray:
    """Energies of a ``_hr.dat`` at k (point, 3), its Hermitian part, by the sum over its lines."""
    with open(path) as file:
        file.readline()
        size, count = (int(file.readline().split()[0]) for _ in range(2))
        degeneracy: list[int] = []
        while len(degeneracy) < count:
            degeneracy += map(int, file.readline().split())
        lines = np.loadtxt(file)
    n, i, j = np.arange(len(lines)) // size**2, *(lines[:, 3:5].astype(int) - 1).T
    values = (lines[:, 5] + 1j * lines[:, 6]) / np.array(degeneracy[:count])[n]
    h = np.zeros((len(k), size, size), dtype=complex)
    for q, one in enumerate(k):
        np.add.at(h[q], (i, j), values * np.exp(2j * np.pi * lines[:, :3] @ one))
    return np.linalg.eigvalsh(0.5 * (h + np.swapaxes(h.conj(), 1, 2)))
