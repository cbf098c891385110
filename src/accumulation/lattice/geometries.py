"""The kinds of geometry: how a lattice may be cut, declared once for all who ask.

A kind's name is the method of :class:`~accumulation.lattice.lattice.Lattice` that cuts it, the
``kind`` of the system that this returns, and ``geometry.kind`` in a config.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .samples import Flake, Ribbon, System, Wire

NUMERALS = {1: "one", 2: "two", 3: "three"}


@dataclass(frozen=True)
class Size:
    """An argument by which a kind of geometry is as large as it is.

    title : what it counts, in the words of the reference of a config;  least : its smallest value
    """

    title: str
    least: int = 1

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        return f"an integer of at least {self.least}"


@dataclass(frozen=True)
class Geometry:
    """One kind of geometry.

    Attributes
    ----------
    kind : its name
    sample : class of the systems that are cut, None where nothing is: the crystal itself
    sizes_in : dimension of the lattice -> its sizes, arguments of the method that cuts it
    title : what it is, in the words of the reference of a config
    """

    kind: str
    sample: type[System] | None
    sizes_in: dict[int, tuple[str, ...]]
    title: str

    @property
    def is_cut(self) -> bool:
        """Whether there are edges."""
        return self.sample is not None

    @property
    def periodic(self) -> bool:
        """Whether its states are Bloch states along x, on a mesh of k."""
        return self.sample is not None and self.sample.periodic

    def sizes_of(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The sizes that it must have, given these keys: the fewest that hold all of its own."""
        every = sorted(self.sizes_in.values(), key=len)
        own = set(keys) & set(every[-1])
        return next(sizes for sizes in every if own <= set(sizes))

    def is_of(self, dimension: int, keys: Iterable[str]) -> bool:
        """Whether one with these keys can be cut out of a lattice of this dimension."""
        sizes = self.sizes_in.get(dimension)
        return sizes is not None and set(sizes) == set(self.sizes_of(keys))


# Every size that some kind has, in the order in which they are told.
SIZES = {
    "width": Size("unit cells across"),
    "height": Size("unit cells along the third lattice vector"),
    "length": Size("cells of the ribbon along x", least=2),
}
_KINDS = (
    Geometry("ribbon", Ribbon, {2: ("width",)}, "periodic along x"),
    Geometry("wire", Wire, {3: ("width", "height")}, "the same of a 3D lattice"),
    Geometry("flake", Flake, {2: ("width", "length"), 3: ("width", "length", "height")}, "open"),
    Geometry("bulk", None, {2: (), 3: ()}, "gaps and Chern number alone"),
)
GEOMETRIES = {geometry.kind: geometry for geometry in _KINDS}


def kinds_with(size: str) -> list[str]:
    """The kinds that have a size, in any dimension."""
    return [
        geometry.kind
        for geometry in GEOMETRIES.values()
        if any(size in sizes for sizes in geometry.sizes_in.values())
    ]


def sizes_in(dimension: int) -> set[str]:
    """The sizes that some kind has in a lattice of this dimension."""
    return {size for one in GEOMETRIES.values() for size in one.sizes_in.get(dimension, ())}


def kinds_in(dimension: int) -> str:
    """What can be cut out of a lattice, such as ``wire, or a flake with a height``."""
    only, also = [], []
    for geometry in GEOMETRIES.values():
        if not geometry.is_cut or dimension not in geometry.sizes_in:
            continue
        least = min(geometry.sizes_in.values(), key=len)
        more = [size for size in geometry.sizes_in[dimension] if size not in least]
        if more:
            also.append(f"a {geometry.kind} with a {' and a '.join(more)}")
        else:
            only.append(geometry.kind)
    return ", or ".join(filter(None, [" or ".join(only), " or ".join(also)]))
