"""Parts shared by figures of Hall responses: names of crystals, looks of transported quantities."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import AsinhNorm
from matplotlib.lines import Line2D

from . import style
from .naming import edge_name
from .parameters import model_of, options_of
from .units import tex_units

COLORS = {
    "charge": "black",
    "spin": style.VERMILION,
    "valley": style.GREEN,
    "orbital_moment": style.BLUE,
    "own_moment": style.SKY,
}
LABELS = {
    "charge": "charge",
    "spin": "spin",
    "valley": "valley",
    "orbital_moment": "orbital moment",
    "own_moment": r"$-\{\partial_k H, y\}/2$",
}
UNITS = {
    "charge": "$e^2/h$",
    "spin": r"$(e/h)\,\hbar/2$",
    "valley": "$e/h$",
}


def units(name: str) -> str:
    """Unit of the conductivity of a transported quantity, as mathtext."""
    moment = tex_units("e t0 a^2 / hbar").strip("$")
    return UNITS.get(name, rf"$(e/h)\,{moment}$")


def name(ds, number: int | None = None) -> str:
    """Short name of the model of a dataset, with its Chern number if ``number`` is given."""
    model = model_of(ds)
    if model.get("name") == "kane_mele":
        return "Kane-Mele"
    if model.get("name") != "haldane":
        return ds.attrs["system"].replace("_", " ")
    if model["t2"] == 0:
        return "gapped graphene"
    return "Haldane" if number is None else f"Haldane, $C={number}$".replace("-", "−")


def edge(ds) -> str:
    """Name of the edge of a ribbon that is cut along the option ``direction``."""
    return edge_name(options_of(ds)["direction"])


def handles(names: list[str]) -> list[Line2D]:
    """Legend entries of transported quantities."""
    return [Line2D([], [], color=COLORS[name], label=LABELS[name]) for name in names]


def around_zero(values: np.ndarray) -> AsinhNorm:
    """Colour norm with zero in the middle, linear up to a twentieth of the largest value.

    ``values`` is an array of any shape.
    """
    top = np.abs(values).max() or 1.0
    return AsinhNorm(top / 20, vmin=-top, vmax=top)
