"""Atomic orbitals named by the projections of a ``.win`` file, as sums of real harmonics.

Order and signs are Wannier90's (user guide, tables 3.1 and 3.2): s; pz, px, py; dz2, dxz, dyz,
dx2-y2, dxy; and the seven of f.  Orbitals of a line of projections are sorted by atom, then l
(hybrids have l < 0), then m, then spin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lattice.atomic_shells import AXES, angular_momentum
from .win_file import Win

SHELLS = {
    0: ["s"],
    1: ["pz", "px", "py"],
    2: ["dz2", "dxz", "dyz", "dx2-y2", "dxy"],
    3: ["fz3", "fxz2", "fyz2", "fz(x2-y2)", "fxyz", "fx(x2-3y2)", "fy(3x2-y2)"],
}
ROUNDING = 1e-12
HARMONICS = [name for shell in SHELLS.values() for name in shell]
LETTERS = {"s": 0, "p": 1, "d": 2, "f": 3, "sp": -1, "sp2": -2, "sp3": -3, "sp3d": -4, "sp3d2": -5}
_A, _B, _C = 1 / np.sqrt(3), 1 / np.sqrt(6), 1 / np.sqrt(2)
_D = 1 / np.sqrt(12)
HYBRIDS: dict[int, list[dict[str, float]]] = {
    -1: [{"s": _C, "px": _C}, {"s": _C, "px": -_C}],
    -2: [{"s": _A, "px": -_B, "py": _C}, {"s": _A, "px": -_B, "py": -_C}, {"s": _A, "px": 2 * _B}],
    -3: [
        {"s": 0.5, "px": 0.5 * x, "py": 0.5 * y, "pz": 0.5 * z}
        for x, y, z in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
    ],
    -4: [
        {"s": _A, "px": -_B, "py": _C},
        {"s": _A, "px": -_B, "py": -_C},
        {"s": _A, "px": 2 * _B},
        {"pz": _C, "dz2": _C},
        {"pz": -_C, "dz2": _C},
    ],
    -5: [
        *({"s": _B, "px": x * _C, "dz2": -_D, "dx2-y2": 0.5} for x in (-1, 1)),
        *({"s": _B, "py": y * _C, "dz2": -_D, "dx2-y2": -0.5} for y in (-1, 1)),
        *({"s": _B, "pz": z * _C, "dz2": _A} for z in (-1, 1)),
    ],
}


@dataclass(frozen=True)
class Label:
    """An orbital named by a projection.

    atom : number of its atom in the ``.win`` file;  name : such as ``Mo:dz2``
    harmonics : (16,) its coefficients of HARMONICS
    """

    atom: int
    name: str
    harmonics: np.ndarray


def labels(win: Win) -> list[Label] | None:
    """The orbitals without spin, in order; None for projections with other functions.

    Raises
    ------
    UserError
        For a projection with an unknown atom or orbital.
    """
    if not win.projections or not win.atoms:
        return None
    result = []
    for text, line in win.projections:
        if text.lower().startswith(("random", "ang", "bohr")) or ":" not in text:
            return None
        site, states, *axes = text.replace(" ", "").split(":")
        # A position, axes, or a single spin is given.
        if axes or "=" in site or any(mark in states for mark in "()[]"):
            return None
        atoms = [i for i, (symbol, _) in enumerate(win.atoms) if symbol.lower() == site.lower()]
        if not atoms:
            symbols = ", ".join(dict.fromkeys(symbol for symbol, _ in win.atoms))
            raise win.file.fault(line, f"projections of an atom of the file: {symbols}")
        orbitals = sorted(
            {pair for state in states.split(";") for pair in _states(win, line, state)}
        )
        for number, atom in enumerate(atoms, 1):
            name = f"{win.atoms[atom][0]}{number if len(atoms) > 1 else ''}"
            for shell, m in orbitals:
                label = Label(atom, f"{name}:{_name(shell, m)}", _harmonics(shell, m))
                result.append(label)
    return result


def _states(win: Win, line: int, state: str) -> list[tuple[int, int]]:
    """(l, m) of one entry, such as ``d``, ``dxy``, ``l=2``, ``l=2,mr=1,4`` or ``sp3-2``."""
    text = state.lower()
    if text in LETTERS:
        return [(LETTERS[text], m) for m in range(_number_of(LETTERS[text]))]
    for shell in (*SHELLS, *HYBRIDS):
        states_of_shell = [(shell, m) for m in range(_number_of(shell))]
        if text == f"l={shell}":
            return states_of_shell
        for pair in states_of_shell:
            if text == _name(*pair):
                return [pair]
        if text.startswith(f"l={shell},mr="):
            numbers = text.split("=")[-1].split(",")
            if all(n.isdigit() and 1 <= int(n) <= len(states_of_shell) for n in numbers):
                return [states_of_shell[int(n) - 1] for n in numbers]
    allowed = f"orbitals such as {', '.join(LETTERS)}, {', '.join(HARMONICS[1:9])}, l=2 or l=2,mr=1"
    raise win.file.fault(line, allowed)


def _number_of(shell: int) -> int:
    return len(SHELLS[shell] if shell >= 0 else HYBRIDS[shell])


def _name(shell: int, m: int) -> str:
    if shell >= 0:
        return SHELLS[shell][m]
    return f"{next(word for word, number in LETTERS.items() if number == shell)}-{m + 1}"


def _harmonics(shell: int, m: int) -> np.ndarray:
    parts = {SHELLS[shell][m]: 1.0} if shell >= 0 else HYBRIDS[shell][m]
    vector = np.zeros(len(HARMONICS))
    for name, weight in parts.items():
        vector[HARMONICS.index(name)] = weight
    return vector


def sites_and_momenta(
    labels_of: list[Label], names: list[str], spin: str
) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[tuple[str, str], complex]]]:
    """Orbitals of each atom, and the operators L_x, L_y, L_z among them.

    Hybrids are sums of harmonics, so L is C L C^T with their parts C of s, p and d.  An atom with f
    orbitals, or with one harmonic in two shells, has no L.

    Parameters
    ----------
    labels_of : of the orbitals without spin, trusted; none gives no sites
    names : of the orbitals, spins included;  spin : "none", "blocks" or "interleaved"

    Returns
    -------
    sites : name -> orbitals;  operators : name -> elements (to, origin), none if any atom has no L
    """
    count = len(labels_of)
    sites: dict[str, tuple[str, ...]] = {}
    operators: dict[str, dict] = {f"L_{axis}": {} for axis in AXES}
    known = bool(labels_of)
    for atom in dict.fromkeys(label.atom for label in labels_of):
        members = [i for i, label in enumerate(labels_of) if label.atom == atom]
        site = labels_of[members[0]].name.partition(":")[0]
        parts = np.array([labels_of[i].harmonics for i in members])
        spins = [[names[i] for i in members]]
        if spin == "blocks":
            spins.append([names[count + i] for i in members])
        elif spin == "interleaved":
            spins = [[names[2 * i + s] for i in members] for s in range(2)]
        sites[site] = tuple(name for one in zip(*spins, strict=True) for name in one)
        upto_d = HARMONICS.index("dxy") + 1
        orthonormal = np.allclose(parts @ parts.T, np.eye(len(parts)))
        known &= orthonormal and not parts[:, upto_d:].any()
        momenta = angular_momentum(HARMONICS[:upto_d])
        for operator, matrix in zip(operators.values(), momenta, strict=True):
            among = parts[:, :upto_d] @ matrix @ parts[:, :upto_d].T
            for one in spins:
                for i, j in zip(*np.nonzero(np.abs(among) > ROUNDING), strict=True):
                    operator[one[i], one[j]] = complex(among[i, j])
    return sites, operators if known and any(operators.values()) else {}


def values(points: np.ndarray) -> np.ndarray:
    """The real harmonics (point, 16) on the unit sphere, in the order of HARMONICS.

    All have the same norm: the mean of the square over the sphere is 1.
    """
    x, y, z = points.T
    third, five = np.sqrt(3), np.sqrt(5)
    s = np.ones_like(x)
    p = [third * z, third * x, third * y]
    d = [
        five / 2 * (3 * z**2 - 1),
        *(third * five * part for part in (x * z, y * z, 0.5 * (x**2 - y**2), x * y)),
    ]
    f = [
        np.sqrt(7) / 2 * z * (5 * z**2 - 3),
        *(np.sqrt(42) / 4 * part * (5 * z**2 - 1) for part in (x, y)),
        *(np.sqrt(105) * part for part in (0.5 * z * (x**2 - y**2), x * y * z)),
        *(np.sqrt(70) / 4 * p for p in (x * (x**2 - 3 * y**2), y * (3 * x**2 - y**2))),
    ]
    return np.stack([s, *p, *d, *f], axis=1)


def rotation_of_harmonics(operation: np.ndarray) -> np.ndarray:
    """(16, 16) matrix D with (g Y_j)(r) = Y_j(O^-1 r) = sum_i Y_i(r) D_ij, O (3, 3) orthogonal."""
    points = np.random.default_rng(5).standard_normal((64, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    return np.linalg.lstsq(values(points), values(points @ operation), rcond=None)[0]
