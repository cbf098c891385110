"""Table of the kinds of geometry: ribbon, wire, flake and bulk, with their sizes.

The name of a kind is the method of :class:`~accumulation.lattice.lattice.Lattice` that cuts it, the
``kind`` of the system that the method returns, and ``geometry.kind`` in a config.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .samples import Flake, Ribbon, System, Wire

NUMERALS = {1: "one", 2: "two", 3: "three"}


@dataclass(frozen=True)
class Size:
    """A size of a geometry: an argument of the method that cuts it.

    title : meaning for the reference of a config;  least : smallest value
    """

    title: str
    least: int = 1

    @property
    def allowed(self) -> str:
        """Description of the allowed values."""
        return f"an integer of at least {self.least}"


@dataclass(frozen=True)
class Geometry:
    """One kind of geometry.

    Attributes
    ----------
    kind : name
    sample : class of the systems that are cut; None for the crystal itself
    sizes_in : dimension of the lattice -> names of its sizes
    title : description for the reference of a config
    """

    kind: str
    sample: type[System] | None
    sizes_in: dict[int, tuple[str, ...]]
    title: str

    @property
    def is_cut(self) -> bool:
        """Whether the system has edges."""
        return self.sample is not None

    @property
    def periodic(self) -> bool:
        """Whether the system has Bloch states along x, on a mesh of k."""
        return self.sample is not None and self.sample.periodic

    def sizes_of(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The smallest set of sizes of this kind that contains all sizes among ``keys``."""
        alternatives = sorted(self.sizes_in.values(), key=len)
        given_sizes = set(keys) & set(alternatives[-1])
        return next(sizes for sizes in alternatives if given_sizes <= set(sizes))

    def is_of(self, dimension: int, keys: Iterable[str]) -> bool:
        """Whether a geometry with these keys can be cut out of a lattice of this dimension."""
        sizes = self.sizes_in.get(dimension)
        return sizes is not None and set(sizes) == set(self.sizes_of(keys))


# All sizes, in the order in which they are listed.
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
    """The kinds that have this size in any dimension."""
    return [
        geometry.kind
        for geometry in GEOMETRIES.values()
        if any(size in sizes for sizes in geometry.sizes_in.values())
    ]


def sizes_in(dimension: int) -> set[str]:
    """The sizes of all kinds in a lattice of this dimension."""
    geometries = GEOMETRIES.values()
    return {size for geometry in geometries for size in geometry.sizes_in.get(dimension, ())}


def kinds_in(dimension: int) -> str:
    """Text with the kinds that fit a lattice only of this dimension, or with more sizes in it.

    Such as ``wire, or a flake with a height``.
    """
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
