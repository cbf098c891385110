"""Angular momentum of atomic shells in real (cubic) harmonics, and of a spin 1/2.

A harmonic of degree l is a symmetric traceless tensor: px is the vector (1, 0, 0), dxy the matrix
(xy + yx) / sqrt 2.  A rotation R turns a vector into R c and a matrix into R Q R^T, and L_a is i
times its derivative by the angle about axis a, so that L_z px = i py and L_z d(x2-y2) = 2i dxy, in
units of hbar.  Orbitals are given by name, so no order of a shell has to be known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..errors import UserError

AXES = ("x", "y", "z")
_HALF, _SIXTH = 1 / np.sqrt(2), 1 / np.sqrt(6)
_SHELLS: dict[str, dict[str, np.ndarray]] = {
    "s": {"s": np.ones(1)},
    "p": {f"p{axis}": vector for axis, vector in zip(AXES, np.eye(3), strict=True)},
    "d": {
        "dz2": np.diag([-1.0, -1.0, 2.0]) * _SIXTH,
        "dxz": np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]]) * _HALF,
        "dyz": np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]]) * _HALF,
        "dx2-y2": np.diag([1.0, -1.0, 0.0]) * _HALF,
        "dxy": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]) * _HALF,
    },
}
HARMONICS = tuple(name for shell in _SHELLS.values() for name in shell)
# The derivative of a rotation about each axis: (G_a)_bc = -epsilon_abc.
_TURNS = np.array(
    [[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]],
     [[0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)  # fmt: skip
_NAME = re.compile(r"(\d*)(s|p[xyz]|d(?:z2|xz|yz|x2-y2|xy))$")
ALLOWED = f"one of {', '.join(HARMONICS)}, perhaps with a number before it, such as 4px"


def shell_of(harmonic: object) -> tuple[str, str]:
    """Shell and harmonic of an orbital, such as ("4p", "px") of ``4px``.

    Raises
    ------
    UserError
        If it is not the name of a cubic harmonic.
    """
    match = _NAME.match(harmonic) if isinstance(harmonic, str) else None
    if match is None:
        raise UserError("shell", harmonic, ALLOWED)
    return match[1] + match[2][0], match[2]


def angular_momentum(harmonics: Sequence[str]) -> np.ndarray:
    """L_x, L_y, L_z among orbitals of one atom, (3, orbital, orbital), in hbar.

    Elements between different shells vanish.  Of a part of a shell it is the projection of L.

    Parameters
    ----------
    harmonics : names such as ``s``, ``px``, ``dx2-y2`` or ``4px``, in any order

    Raises
    ------
    UserError
        For a name that is none.
    """
    names = [shell_of(name) for name in harmonics]
    matrix = np.zeros((3, len(names), len(names)), dtype=complex)
    for i, (shell, row) in enumerate(names):
        tensors = _SHELLS[shell[-1]]
        for j, (other, column) in enumerate(names):
            if shell == other:
                for a, turn in enumerate(_TURNS):
                    matrix[a, i, j] = 1j * np.sum(tensors[row] * _turned(turn, tensors[column]))
    return matrix


def _turned(turn: np.ndarray, tensor: np.ndarray) -> np.ndarray:
    """Derivative of a rotated tensor by the angle."""
    if tensor.shape == (1,):
        return np.zeros(1)
    return turn @ tensor if tensor.ndim == 1 else turn @ tensor - tensor @ turn


def spin_half() -> np.ndarray:
    """S_x, S_y, S_z, (3, 2, 2), in hbar, up before down."""
    return 0.5 * np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
