"""Blocks near the diagonal of G^2 v G - G v G^2 with G = (z - H)^-1, by recursion over rows.

With D = z - H it is the corner of the inverse of

    [[D, -1, -v, 0], [0, D, 0, -v], [0, 0, D, 1], [0, 0, 0, D]],

whose entries are block tridiagonal as D is.  A block is therefore an element

    a + b s + d t + c s t    with  s t = -t s,  s^2 = t^2 = 0

of an algebra over small matrices, and the recursions of selected inversion (Takahashi, Fagan and
Chin, Proc. 8th PICA Conf., 1973; Lin et al., ACM Trans. Math. Softw. 37, 40 (2011)) hold in it word
for word.  Time and memory are proportional to the number of blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import compiled

# Blocks up to this size are multiplied element by element, with the batch along the last axis: by
# NumPy, and by the compiled module where it is there.
SMALL, SMALL_COMPILED = 3, 6

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Layout:
    """How a batch of small matrices is stored: (..., i, j, batch), or (..., batch, i, j).

    product : function of two such arrays;  inverse : function of one
    """

    batch_last: bool
    product: Product
    inverse: Callable[[np.ndarray], np.ndarray]

    def stored(self, matrices: np.ndarray) -> np.ndarray:
        """``matrices`` (..., i, j, batch) in this layout, contiguous."""
        if self.batch_last:
            return np.ascontiguousarray(matrices)
        return np.ascontiguousarray(np.moveaxis(matrices, -1, -3))

    def plain(self, matrices: np.ndarray) -> np.ndarray:
        """``matrices`` (...) in this layout as (..., i, j, batch)."""
        return matrices if self.batch_last else np.moveaxis(matrices, -3, -1)


def layout_for(size: int) -> Layout:
    """The faster layout for blocks of ``size`` orbitals."""
    if size > (SMALL_COMPILED if compiled.MODULE else SMALL):
        return Layout(False, np.matmul, np.linalg.inv)
    return Layout(True, _product, _inverse)


def _product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Matrix products of (..., i, j, batch) and (..., j, k, batch)."""
    found = compiled.products(x, y)
    if found is not None:
        return found
    result = x[..., :, 0, None, :] * y[..., 0, None, :, :]
    for j in range(1, x.shape[-2]):
        result += x[..., :, j, None, :] * y[..., j, None, :, :]
    return result


def _inverse(x: np.ndarray) -> np.ndarray:
    """Inverses of matrices (i, j, batch), without pivots.

    A Schur complement of z - H is as far from singular as z is from the real axis.
    """
    size = len(x)
    if size == 1:
        return 1 / x
    if size == 2:
        (a, b), (c, d) = x
        return np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    result = np.empty_like(x)
    first, other = slice(2), slice(2, None)
    g = _inverse(x[first, first])
    left, right = _product(x[other, first], g), _product(g, x[first, other])
    schur = _inverse(x[other, other] - _product(left, x[first, other]))
    result[other, other] = schur
    result[other, first] = -_product(schur, left)
    result[first, other] = -_product(right, schur)
    result[first, first] = g - _product(right, result[other, first])
    return result


# The elements of the algebra are arrays (4, ...) of a, b, d, c; those of H and v have b = c = 0 and
# are arrays (2, ...) of a, d.
A, B, D, C = range(4)


def _left(o: np.ndarray, y: np.ndarray, product: Product) -> np.ndarray:
    """o y, with o of H and v."""
    result = product(o[0], y)
    turned = product(o[1], y[[A, B]])
    result[D] += turned[0]
    result[C] -= turned[1]
    return result


def _right(x: np.ndarray, o: np.ndarray, product: Product) -> np.ndarray:
    """x o, with o of H and v."""
    result = product(x, o[0])
    result[[D, C]] += product(x[[A, B]], o[1])
    return result


def _corner(x: np.ndarray, y: np.ndarray, product: Product) -> np.ndarray:
    """Component c of x y."""
    result = product(x[A], y[C])
    result += product(x[C], y[A])
    result += product(x[B], y[D])
    result -= product(x[D], y[B])
    return result


def _multiply(x: np.ndarray, y: np.ndarray, product: Product) -> np.ndarray:
    result = product(x, y[A])
    result[B:] += product(x[A], y[B:])
    result[C] += product(x[B], y[D])
    result[C] -= product(x[D], y[B])
    return result


def _inverted(x: np.ndarray, layout: Layout) -> np.ndarray:
    product = layout.product
    result = np.empty_like(x)
    g = layout.inverse(x[A])
    result[A] = g
    right = product(x[B:], g)
    result[[B, D]] = -product(g, right[:2])
    right[2] += product(x[B], result[D])
    right[2] -= product(x[D], result[B])
    result[C] = -product(g, right[2])
    return result


def commutator_blocks(
    hamiltonian: tuple[np.ndarray, ...],
    velocity: tuple[np.ndarray, ...],
    points: np.ndarray,
    weights: np.ndarray,
    beside: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums over z of the blocks of F(z) - F(z)^+, F = G^2 v G - G v G^2.

    Parameters
    ----------
    hamiltonian, velocity : blocks on the diagonal (block, i, j, k) and above it (block - 1, i, j,
        k), Hermitian matrices in t0 and t0 a
    points : (k, point) complex z, off the real axis
    weights : (sum, k, point), of one sum or several
    beside : whether the blocks above the diagonal are wanted too

    Returns
    -------
    Blocks on the diagonal (block, sum, i, j, k) and above it (block - 1, sum, i, j, k), or none of
    these; weights times a / t0^2
    """
    (h, h_up), (v, v_up) = hamiltonian[:2], velocity[:2]
    count, size, _, k = h.shape
    number = points.shape[1]
    layout = layout_for(size)
    product = layout.product
    z, identity = points.ravel(), np.eye(size)[:, :, None]

    def spread(matrix):
        """A block (i, j, k) at all points, in the layout."""
        return layout.stored(np.repeat(matrix, number, axis=-1))

    def joined(first, second):
        return np.stack((-spread(first), -spread(second)))

    def adjoint(matrix):
        return np.swapaxes(matrix, 0, 1).conj()

    eye = layout.stored(identity * np.ones(len(z)))
    on_diagonal = layout.stored(z * identity)
    inverses: list[np.ndarray] = []
    tops: list[np.ndarray] = []
    for n in range(count):
        block = np.zeros((4, *eye.shape), dtype=complex)
        block[A] = on_diagonal - spread(h[n])
        block[B] = -eye
        block[D] = -spread(v[n])
        if n:
            down = joined(adjoint(h_up[n - 1]), adjoint(v_up[n - 1]))
            step = _left(down, inverses[-1], product)
            tops.append(step)
            block -= _right(step, joined(h_up[n - 1], v_up[n - 1]), product)
        inverses.append(_inverted(block, layout))

    sums = len(weights)
    diagonal = np.empty((count, sums, size, size, k), dtype=complex)
    above = np.empty((count - 1 if beside else 0, sums, size, size, k), dtype=complex)

    def summed(corner, partner):
        """Sum over points of F - F^+ of a block, where ``partner`` is F's block across."""
        parts = [layout.plain(part).reshape(size, size, k, number) for part in (corner, partner)]
        difference = parts[0] - np.swapaxes(parts[1], 0, 1).conj()
        return np.einsum("ijkp,skp->sijk", difference, weights)

    green = inverses[-1]
    diagonal[-1] = summed(green[C], green[C])
    for n in range(count - 2, -1, -1):
        below = tops.pop()
        left = _right(inverses[n], joined(h_up[n], v_up[n]), product)
        right = -_multiply(left, green, product)
        if beside:
            above[n] = summed(right[C], -_corner(green, below, product))
        green = inverses[n] - _multiply(right, below, product)
        inverses.pop()
        diagonal[n] = summed(green[C], green[C])
    return diagonal, above
