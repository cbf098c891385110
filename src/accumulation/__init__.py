"""Density accumulation in anomalous transport: where, how much, and is it dissipative?"""

from . import flake_shorthands as _flake_shorthands  # noqa: F401
from . import lattice_shorthands as _lattice_shorthands  # noqa: F401
from .importers.kwant import from_kwant
from .importers.pythtb import from_pythtb
from .importers.tbmodels import from_tbmodels
from .importers.wannier90 import from_wannier90
from .lattice.lattice import Lattice
from .lattice.samples import Flake, Ribbon, Wire
from .models.haldane import haldane
from .models.kane_mele import kane_mele
from .models.layered_antiferromagnet import layered_antiferromagnet
from .models.stacked_haldane import stacked_haldane
from .notebook import bands, elements, model, response
from .physical_units import physical, physical_conductivity
from .version import __version__

__all__ = [
    "Flake",
    "Lattice",
    "Ribbon",
    "Wire",
    "__version__",
    "bands",
    "elements",
    "from_kwant",
    "from_pythtb",
    "from_tbmodels",
    "from_wannier90",
    "haldane",
    "kane_mele",
    "layered_antiferromagnet",
    "model",
    "physical",
    "physical_conductivity",
    "response",
    "stacked_haldane",
]
