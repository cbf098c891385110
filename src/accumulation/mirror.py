"""Parts of a profile that are even and odd under y -> -y."""

from __future__ import annotations

import numpy as np


def parity(
    values: np.ndarray,
    y: np.ndarray,
    spin: np.ndarray | None = None,
    layers: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Even and odd part in y of values (..., row), rows in order of y, up before down on a site.

    A row is compared with that of the same spin on the opposite site, at the same height where
    ``layers`` (row,) gives the heights of a wire's rows.  None when the sites do not come in pairs
    y and -y.
    """
    opposite = np.arange(len(y))
    for one in _layers(layers, len(y)):
        opposite[one] = one[::-1]
    if not np.allclose(y, -y[opposite], atol=1e-8):
        return None
    if spin is not None and np.any(spin):
        opposite = opposite - spin
        if not np.array_equal(spin[opposite], spin):
            return None
    mirrored = values[..., opposite]
    return 0.5 * (values + mirrored), 0.5 * (values - mirrored)


def _layers(heights: np.ndarray | None, rows: int) -> list[np.ndarray]:
    """Rows of each layer, in order; all rows are one without heights."""
    if heights is None:
        return [np.arange(rows)]
    number = np.unique(np.round(heights, 8), return_inverse=True)[1]
    return [np.flatnonzero(number == one) for one in range(number.max() + 1)]
