"""What a theory promises of its numbers, and whether they keep it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Identity:
    """A statement about a variable that holds the residual of an identity.

    Attributes
    ----------
    statement : in one sentence, such as "the anomalous Hall conductivity is the Chern number"
    route : the other way by which it was found: an exact flake, an analytic limit, a package
    bound : what the variable is compared with
    at_least : whether it must reach ``bound`` (a relation that is to fail) instead of staying below
    """

    statement: str
    route: str
    bound: float
    at_least: bool = False

    def residual(self, values: np.ndarray) -> float:
        """The value nearest to breaking the bound; NaN if there is none that is defined."""
        defined = np.abs(values[np.isfinite(values)])
        if defined.size == 0:
            return np.nan
        return float(defined.min() if self.at_least else defined.max())

    def holds(self, residual: float) -> bool:
        """Whether the bound is kept; not by NaN."""
        return bool(residual >= self.bound if self.at_least else residual <= self.bound)
