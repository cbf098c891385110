"""What the figures of Hall responses share: names of systems, looks of what is transported."""

from __future__ import annotations

import json

import numpy as np
from matplotlib.colors import AsinhNorm
from matplotlib.lines import Line2D

from . import style

COLORS = {
    "charge": "black",
    "spin": style.VERMILION,
    "valley": style.GREEN,
    "orbital_moment": style.BLUE,
    "own_moment": style.SKY,
}
WORDS = {
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
    "orbital_moment": r"$(e/h)\,e t_0 a^2/\hbar$",
}


def name(ds, number: int | None = None) -> str:
    """Short name of the model of a dataset; its Chern number, where one is given."""
    parameters = json.loads(ds.attrs["parameters"])
    model = parameters.get("model", {})
    if model.get("name") == "kane_mele":
        return "Kane-Mele"
    if model.get("name") != "haldane":
        return ds.attrs["system"]
    if model["t2"] == 0:
        return "gapped graphene"
    return "Haldane" if number is None else f"Haldane, $C={number}$".replace("-", "−")


def edge(ds) -> str:
    """Name of the edge of a ribbon that is cut along the option ``direction``."""
    direction = tuple(json.loads(ds.attrs["parameters"])["options"]["direction"])
    chiral = f"chiral ({direction[0]}, {direction[1]})"
    return {(1, 0): "zigzag", (1, 1): "armchair"}.get(direction, chiral)


def handles(names: list[str]) -> list[Line2D]:
    """Legend entries of what is transported."""
    return [Line2D([], [], color=COLORS[one], label=WORDS[one]) for one in names]


def around_zero(values: np.ndarray) -> AsinhNorm:
    """Norm with zero in the middle, linear up to a twentieth of the largest value."""
    top = np.abs(values).max() or 1.0
    return AsinhNorm(top / 20, vmin=-top, vmax=top)
