"""Gaps, midgap and Chern number of the infinite crystal behind a lattice: a public name."""

from .crystal.bulk_properties import MIDGAP, Bulk, bulk, filled_bands

__all__ = ["MIDGAP", "Bulk", "bulk", "filled_bands"]
