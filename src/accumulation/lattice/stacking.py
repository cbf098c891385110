"""Stacks of two-dimensional lattices: a three-dimensional lattice made of layers."""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from .lattice import Lattice


def stacked(layers: list[Lattice], heights: list[float], period: float) -> Lattice:
    """The three-dimensional lattice whose cell holds these layers, without hops between them.

    Orbital ``A`` of layer 1 is called ``A1``, and so on.  A model then adds hops between layers.

    Parameters
    ----------
    layers : two-dimensional lattices with the same vectors
    heights : (layer,) z of each layer, in a
    period : length of the third lattice vector, along z, in a

    Raises
    ------
    UserError
        For layers with different vectors, or a period that is not positive.
    """
    if not period > 0:
        raise UserError("spacing", period, "a number above 0")
    vectors = layers[0].vectors
    for layer in layers:
        if layer.dimension != 2 or not (layer.vectors == vectors).all():
            raise UserError("layers", layer.vectors.tolist(), f"the vectors {vectors.tolist()}")
    named = [(layer, str(number)) for number, layer in enumerate(layers, 1)]
    stack = Lattice(
        vectors=np.array([(*vectors[0], 0.0), (*vectors[1], 0.0), (0.0, 0.0, period)]),
        orbitals={
            name + number: (place[0], place[1], height + (*place, 0.0)[2])
            for (layer, number), height in zip(named, heights, strict=True)
            for name, place in layer.orbitals.items()
        },
        onsite={n + number: e for layer, number in named for n, e in layer.onsite.items()},
        spin={n + number: s for layer, number in named for n, s in layer.spin.items()},
    )
    fillings = [layer.filling for layer in layers if layer.filling is not None]
    if len(fillings) == len(layers):
        stack.filling = sum(fillings)
    for layer, number in named:
        for to, origin, cell, amplitude in layer.hoppings:
            stack.hop(to + number, origin + number, (*cell, 0), amplitude)
    return stack
