"""Names of models and edges in figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..plugin_options import split
from .parameters import geometry_of, model_of, options_of
from .units import NATURAL, shown_units

# Common names of the edges of a honeycomb, by direction and by period in a.
EDGES = {(1, 0): "zigzag", (1, 1): "armchair"}
PERIODS = {1.0: "zigzag", 3**0.5: "armchair"}
SYMBOLS = {"t2": "t_2", "phi": r"\varphi", "delta": r"\Delta", "strain": "s"}
SYMBOLS |= {"spin_orbit": r"\lambda", "rashba": r"\lambda_R", "t_sigma": r"t_\sigma"}
SYMBOLS |= {"t_pi": r"t_\pi", "t_sp": "t_{sp}", "t_chiral": r"t_\chi", "left_handed": "left"}
NAMES = {"haldane": "Haldane", "kane_mele": "Kane–Mele"}


def edge_name(direction: Sequence[int]) -> str:
    """Common name of the edge of a honeycomb along (n, m); a chiral one with its numbers."""
    chiral = f"chiral ({', '.join(map(str, direction))})" if direction else "ribbon"
    return EDGES.get(tuple(direction), chiral)


def edge_of_geometry(ds: xr.Dataset) -> str:
    """Name of the edge of a dataset's ribbon, wire or flake."""
    return edge_name(geometry_of(ds).get("direction", []))


def edge_of_period(period: float) -> str:
    """Common name of the edge of a honeycomb from the ribbon's period, in a."""
    if shown_units() != NATURAL:
        return "ribbon"
    return next((name for length, name in PERIODS.items() if np.isclose(period, length)), "chiral")


def model_name(ds: xr.Dataset) -> str:
    """Name and parameters of a model in two lines, with the gauge if it is the cell gauge."""
    model = dict(model_of(ds))
    name = model.pop("name")
    values = [f"{SYMBOLS.get(key, key)}={_short(key, v)}" for key, v in model.items() if v]
    values = [text for text in values if not text.startswith("t0=")]
    if name == "haldane" and not model.get("phi"):
        name = "graphene"
    name = NAMES.get(name, name)
    if options_of(ds).get("gauge") == "cell":
        name += ", cell gauge"
    return f"{name}\n$" + r",\;".join(values) + "$"


def _short(key: str, value: float | str) -> str:
    if isinstance(value, str):
        return rf"\mathrm{{{value}}}"
    return r"\pi/2" if key == "phi" and np.isclose(value, np.pi / 2) else f"{value:g}"


def density_name(text: str) -> str:
    """Short name of a density with its options: ``L_y`` as mathtext, or its name in words."""
    name, options = split(text)
    letters = {"orbital_angular_momentum": "L", "spin": "s"}
    if name in letters and (options or name != "spin"):
        return f"${letters[name]}_{options.get('component', 'z')}$"
    own = str(options.get("operator", name))
    letter, underscore, index = own.partition("_")
    if len(letter) == 1 and underscore and "_" not in index:
        return rf"${letter}_{{{index}}}$"
    return own.replace("_dot_", "·").replace("_", " ")
