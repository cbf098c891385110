"""Lattices, the ribbons, wires and flakes cut out of them, and their Bloch matrices."""

from .lattice import Lattice
from .samples import Flake, Ribbon, System, Wire

__all__ = ["Flake", "Lattice", "Ribbon", "System", "Wire"]
