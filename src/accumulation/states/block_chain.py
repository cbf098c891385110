"""Elements of inverses on the band of a block tridiagonal matrix, without the rest of the inverse.

A sample is divided into levels so that hops connect neighbouring levels only.  With D its matrix, g
of level i the inverse of all levels up to i, restricted to i:

    g_i = (D_ii - D_i,i-1 g_i-1 D_i-1,i)^-1                         from the first level to the last
    G_ii = g_i + g_i D_i,i+1 G_i+1,i+1 D_i+1,i g_i                  back, as are G_i,i+1, G_i+1,i

in a time linear in the number of levels and cubic in their size.  The entries of D need not be
numbers: in an algebra of several components, which multiplies as upper triangular matrices do, the
same recursion gives products of inverses such as G(z) v G(z') on the band.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

# Larger sets of g are not kept but computed twice (bytes).
MEMORY = 2**31


@dataclass(frozen=True)
class Algebra:
    """Components of an element and their products.

    Attributes
    ----------
    diagonal : components that have inverses, each of which multiplies to itself only
    products : (component, left, right, sign): the terms of left * right that are not in
        ``diagonal``
    order : power at which the part without ``diagonal`` vanishes, 2 or 3
    """

    diagonal: tuple[str, ...]
    products: tuple[tuple[str, str, str, int], ...]
    order: int

    def multiply(self, left: dict, right: dict) -> dict:
        """Product of two elements, dictionaries of matrices in which a zero component is missing.

        Components are arrays, or sparse on one side.
        """
        result: dict = {}
        terms = [*((name, name, name, 1) for name in self.diagonal), *self.products]
        for name, first, second, sign in terms:
            if first in left and second in right:
                term = left[first] @ right[second]
                if name in result:
                    result[name] = result[name] + term if sign > 0 else result[name] - term
                else:
                    result[name] = term if sign > 0 else -term
        return result

    def inverse(self, element: dict) -> dict:
        """Inverse d^-1 - d^-1 n d^-1 + d^-1 n d^-1 n d^-1, d its diagonal and n its other part."""
        straight = {name: np.linalg.inv(element[name]) for name in self.diagonal}
        rest = {name: m for name, m in element.items() if name not in self.diagonal}
        mixed = self.multiply(straight, rest)
        term, total = straight, dict(straight)
        for power in range(1, self.order):
            term = self.multiply(mixed, term)
            for name, matrix in term.items():
                signed = -matrix if power % 2 else matrix
                total[name] = total[name] + signed if name in total else signed
        return total


# (G(z), G(z'), G(z) v G(z'), G(z) v G(z)): ``left`` and ``right`` are z - H and z' - H, the other
# two -v.
PAIR = Algebra(
    ("left", "right"),
    (
        ("mixed", "left", "mixed", 1),
        ("mixed", "mixed", "right", 1),
        ("same", "left", "same", 1),
        ("same", "same", "left", 1),
    ),
    2,
)
# (G, G^2, G v G, G^2 v G - G v G^2): ``green`` is z - H, ``square`` -1 and ``mixed`` -v.
TURNED = Algebra(
    ("green",),
    (
        ("square", "green", "square", 1),
        ("square", "square", "green", 1),
        ("mixed", "green", "mixed", 1),
        ("mixed", "mixed", "green", 1),
        ("turned", "green", "turned", 1),
        ("turned", "turned", "green", 1),
        ("turned", "square", "mixed", 1),
        ("turned", "mixed", "square", -1),
    ),
    3,
)


def on_band(
    algebra: Algebra,
    matrices: dict[str, csr_array],
    level: np.ndarray,
    pattern: csr_array,
    wanted: tuple[str, ...],
) -> dict[str, csr_array]:
    """Components of the inverse of a block tridiagonal matrix, on the entries of a pattern.

    Parameters
    ----------
    matrices : components of the matrix, each (orbital, orbital)
    level : (orbital,) integers from 0; entries of matrices and pattern connect equal levels and
        neighbouring ones only
    pattern : (orbital, orbital), whose stored entries say what is asked for
    wanted : components of the result
    """
    order = np.argsort(level, kind="stable")
    edges = np.searchsorted(level[order], np.arange(level.max() + 2))
    chain = _Chain(algebra, {name: m[order][:, order] for name, m in matrices.items()}, edges)
    where = pattern[order][:, order]
    parts: list[tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]] = []
    for row, column, block in chain.blocks():
        i, j = where[chain.span(row)][:, chain.span(column)].nonzero()
        values = {name: block[name][i, j] for name in wanted if name in block}
        parts.append((order[i + edges[row]], order[j + edges[column]], values))
    rows, columns = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    found = {}
    for name in wanted:
        entries = np.concatenate([part[2].get(name, np.zeros(len(part[0]))) for part in parts])
        found[name] = csr_array(coo_array((entries, (rows, columns)), shape=pattern.shape))
    return found


class _Chain:
    """A block tridiagonal matrix over an algebra, its orbitals in the order of the levels."""

    def __init__(self, algebra: Algebra, matrices: dict[str, csr_array], edges: np.ndarray):
        self.algebra, self.matrices, self.edges = algebra, matrices, edges
        self.last = len(edges) - 2

    def span(self, i: int) -> slice:
        return slice(self.edges[i], self.edges[i + 1])

    def _block(self, i: int, j: int) -> dict[str, csr_array]:
        """Components of a block that have entries, sparse."""
        rows, columns = self.span(i), self.span(j)
        blocks = {name: matrix[rows][:, columns] for name, matrix in self.matrices.items()}
        return {name: block for name, block in blocks.items() if block.nnz}

    def _next(self, i: int, before: dict | None) -> dict:
        """g of level i from that of level i - 1."""
        element = {name: block.toarray() for name, block in self._block(i, i).items()}
        if before is not None:
            product, up = self.algebra.multiply, self._block(i - 1, i)
            folded = product(product(self._block(i, i - 1), before), up)
            for name, matrix in folded.items():
                element[name] = element[name] - matrix if name in element else -matrix
        return self.algebra.inverse(element)

    def _forward(self, start: int, stop: int, before: dict | None) -> list[dict]:
        """g of levels start to stop - 1."""
        found: list[dict] = []
        for i in range(start, stop):
            before = self._next(i, before)
            found.append(before)
        return found

    def blocks(self) -> Iterator[tuple[int, int, dict]]:
        """Blocks (i, j, components) of the inverse on the diagonal and beside it."""
        levels = self.last + 1
        size = int(np.diff(self.edges).max())
        kept = 16 * size**2 * levels * (len(self.algebra.diagonal) + 2)
        step = levels if kept < MEMORY else max(1, int(np.sqrt(levels)))
        starts = list(range(0, levels, step))
        # Only the g at the ends of segments are kept; those between are computed again.
        before: list[dict | None] = [None]
        for start in starts[:-1]:
            before.append(self._forward_last(start, start + step, before[-1]))
        inverse: dict | None = None
        for start, ahead in zip(reversed(starts), reversed(before), strict=True):
            stop = min(start + step, levels)
            for i, g in zip(
                range(stop - 1, start - 1, -1),
                reversed(self._forward(start, stop, ahead)),
                strict=True,
            ):
                inverse = yield from self._back(i, g, inverse)

    def _forward_last(self, start: int, stop: int, before: dict | None) -> dict | None:
        for i in range(start, stop):
            before = self._next(i, before)
        return before

    def _back(self, i: int, g: dict, after: dict | None):
        """Yield the blocks of level i from g and the inverse at level i + 1; return that at i."""
        up = {} if after is None else self._block(i, i + 1)
        if after is None or not up:  # the last level, or one that vacancies separate from the next
            yield i, i, g
            return g
        product, down = self.algebra.multiply, self._block(i + 1, i)
        # Levels are connected by few orbitals of each: (orbital, few) (few, few) (few, orbital)
        ends = np.unique(np.concatenate([block.nonzero()[1] for block in up.values()]))
        into = product(g, {name: block[:, ends] for name, block in up.items()})
        out = product({name: block[ends] for name, block in down.items()}, g)
        centre = {name: matrix[np.ix_(ends, ends)] for name, matrix in after.items()}
        above = product(into, centre)
        below = product(centre, out)
        yield i, i + 1, _spread(above, ends, self.edges[i + 2] - self.edges[i + 1], 1)
        yield i + 1, i, _spread(below, ends, self.edges[i + 2] - self.edges[i + 1], 0)
        correction = product(above, out)
        inverse = {
            name: g[name] + correction[name] if name in correction else g[name] for name in g
        }
        yield i, i, inverse
        return inverse


def _spread(element: dict, ends: np.ndarray, size: int, axis: int) -> dict:
    """Minus the components, their columns or rows ``ends`` put among ``size`` (others NaN)."""
    whole = {}
    for name, matrix in element.items():
        shape = list(matrix.shape)
        shape[axis] = size
        whole[name] = np.full(shape, np.nan, dtype=matrix.dtype)
        if axis:
            whole[name][:, ends] = -matrix
        else:
            whole[name][ends] = -matrix
    return whole
