"""Identities that the numbers of a theory must satisfy, with bounds and residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Identity:
    """An identity and the bound of its residual, which is a variable of a theory's dataset.

    Attributes
    ----------
    statement : one sentence, such as "the anomalous Hall conductivity is the Chern number"
    route : the independent calculation: an exact flake, an analytic limit, another package
    bound : of the absolute value of the residual, in the units of the variable
    at_least : True if the residual must be at least ``bound``, for a relation that must fail
    """

    statement: str
    route: str
    bound: float
    at_least: bool = False

    def residual(self, values: np.ndarray) -> float:
        """The worst of the ``values`` (...) for the bound; NaN if all are NaN."""
        defined = np.abs(values[np.isfinite(values)])
        if defined.size == 0:
            return np.nan
        return float(defined.min() if self.at_least else defined.max())

    def holds(self, residual: float) -> bool:
        """Whether the residual satisfies the bound; False for NaN."""
        return bool(residual >= self.bound if self.at_least else residual <= self.bound)
