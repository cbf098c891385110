"""What a model is called in a figure."""

from __future__ import annotations

import json

import numpy as np

SYMBOLS = {"t2": "t_2", "phi": r"\varphi", "delta": r"\Delta", "strain": "s"}
SYMBOLS |= {"spin_orbit": r"\lambda", "rashba": r"\lambda_R"}
NAMES = {"haldane": "Haldane", "kane_mele": "Kane–Mele"}


def model_name(table) -> str:
    """Name and parameters of a model, two lines, and the gauge where it is that of the cell."""
    parameters = json.loads(table.attrs["parameters"])
    model = dict(parameters["model"])
    name = model.pop("name")
    values = [f"{SYMBOLS.get(key, key)}={_short(key, v)}" for key, v in model.items() if v]
    values = [text for text in values if not text.startswith("t0=")]
    if name == "haldane" and not model.get("phi"):
        name = "graphene"
    name = NAMES.get(name, name)
    if parameters["options"].get("gauge") == "cell":
        name += ", cell gauge"
    return f"{name}\n$" + r",\;".join(values) + "$"


def _short(key: str, value: float) -> str:
    return r"\pi/2" if key == "phi" and np.isclose(value, np.pi / 2) else f"{value:g}"
