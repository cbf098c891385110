"""Points and weights of the contour integral that fills the levels below an energy.

The step function of levels x with g <= |x| <= W is an integral along the imaginary axis,

    theta(-x) = 1/2 - (1/pi) int_0^inf x / (x^2 + y^2) dy.

With y = g sc(u | 1 - (g/W)^2) the integrand is periodic in u, and analytic up to a distance
K((g/W)^2) from the real axis whatever x: the trapezoidal rule converges as exp(-pi^2 n / ln(4W/g)),
the rate of Zolotarev's best rational approximation of the sign (Hale, Higham and Trefethen, SIAM J.
Numer. Anal. 46, 2505 (2008)).  No point lies on the real axis, and every third point is the rule of
a third as many points.
"""

from __future__ import annotations

import numpy as np

# Digits of the rule.
DIGITS = 14.0
# Ratios g / W below this are taken as this: a gap is then closed to rounding.
SMALLEST_RATIO = 1e-12


def points_needed(gap: float, width: float) -> int:
    """Number of points, a multiple of three, for levels between ``gap`` and ``width``."""
    ratio = max(gap / width, SMALLEST_RATIO)
    needed = DIGITS * np.log(10) * np.log(4 / ratio) / np.pi**2
    return 3 * int(np.ceil(needed / 3 + 0.5))


def convergence(gap: np.ndarray, width: np.ndarray, count: int) -> np.ndarray:
    """Factor exp(-pi^2 n / ln(4 W / g)) by which ``count`` points decrease the error, (k,).

    gap, width : (k,), as of :func:`imaginary_points`
    """
    ratio = np.maximum(gap / width, SMALLEST_RATIO)
    return np.exp(-(np.pi**2) * count / np.log(4 / ratio))


def imaginary_points(gap: np.ndarray, width: np.ndarray, count: int) -> tuple:
    """Distances y (k, point) from the real axis, and weights dy (k, point).

    Parameters
    ----------
    gap, width : (k,), smallest and largest distance of a level from the energy, in t0
    count : number of points, a multiple of three; the points 1, 4, 7, ..., with three times their
        weights, are the rule of a third as many points
    """
    # scipy is slow to import.
    from scipy.special import ellipj, ellipkm1

    ratio = np.maximum(gap / width, SMALLEST_RATIO)[:, None]
    quarter = ellipkm1(ratio**2)
    u = (np.arange(count) + 0.5) / count * quarter
    # ellipj loses the parameter 1 - ratio^2 of small ratios: the upper half of the points follows
    # from the lower one, as sc(K - u) = 1 / (ratio sc(u)).
    lower = u <= 0.5 * quarter
    sine, cosine, delta, _ = ellipj(np.where(lower, u, quarter - u), 1 - ratio**2)
    tangent, slope = sine / cosine, delta / cosine**2
    tangent, slope = (
        np.where(lower, tangent, 1 / (ratio * tangent)),
        np.where(lower, slope, slope / (ratio * tangent**2)),
    )
    return gap[:, None] * tangent, gap[:, None] * slope * quarter / count
