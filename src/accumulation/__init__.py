"""Density accumulation in anomalous transport: where, how much, and is it dissipative?"""

__version__ = "0.1.0"

from .lattice import Flake, Lattice, Ribbon
from .models.haldane import haldane
from .models.kane_mele import kane_mele
from .stages import bands, elements, model, response

__all__ = [
    "Flake",
    "Lattice",
    "Ribbon",
    "__version__",
    "bands",
    "elements",
    "haldane",
    "kane_mele",
    "model",
    "response",
]
