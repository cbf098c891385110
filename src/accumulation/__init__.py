"""Density accumulation in anomalous transport: where, how much, and is it dissipative?"""

from . import flake_shorthands as _flake_shorthands  # noqa: F401
from . import lattice_shorthands as _lattice_shorthands  # noqa: F401
from . import slab_shorthands as _slab_shorthands  # noqa: F401
from .importers.kwant import from_kwant
from .importers.pythtb import from_pythtb
from .importers.tbmodels import from_tbmodels
from .importers.wannier90 import from_wannier90
from .lattice.lattice import Lattice
from .lattice.samples import Flake, Ribbon, Wire
from .lattice.slabs import Slab
from .models.bilayer_graphene import bilayer_graphene
from .models.chiral_stacked_haldane import chiral_stacked_haldane
from .models.haldane import haldane
from .models.kagome import kagome
from .models.kane_mele import kane_mele
from .models.layered_antiferromagnet import layered_antiferromagnet
from .models.lieb import lieb
from .models.px_py_honeycomb import px_py_honeycomb
from .models.qwz import qwz
from .models.rashba_square import rashba_square
from .models.square_sp import square_sp
from .models.stacked_haldane import stacked_haldane
from .models.tmd_bilayer import tmd_bilayer
from .models.tmd_three_band import tmd_three_band
from .notebook import bands, elements, model, response
from .one_call import accumulate
from .physical_units import physical, physical_conductivity
from .version import __version__

__all__ = [
    "Flake",
    "Lattice",
    "Ribbon",
    "Slab",
    "Wire",
    "__version__",
    "accumulate",
    "bands",
    "bilayer_graphene",
    "chiral_stacked_haldane",
    "elements",
    "from_kwant",
    "from_pythtb",
    "from_tbmodels",
    "from_wannier90",
    "haldane",
    "kagome",
    "kane_mele",
    "layered_antiferromagnet",
    "lieb",
    "model",
    "physical",
    "physical_conductivity",
    "px_py_honeycomb",
    "qwz",
    "rashba_square",
    "response",
    "square_sp",
    "stacked_haldane",
    "tmd_bilayer",
    "tmd_three_band",
]
