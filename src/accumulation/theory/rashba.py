"""Spin accumulation of the two-dimensional Rashba gas.

H = k^2 / 2m + alpha (z x k) . sigma (S15), in units hbar = m = 1.  Impurities of zero range give
every state the golden-rule lifetime tau.  The spin is computed in three ways, from numerical
eigenstates or Green functions of the 2 x 2 matrix:

bare      the relaxation-time formula (28, S16): a sum over the Fermi contours with one tau
vertex    the kinetic equation on the same contours, scattering-in included (the ladder on shell)
ladder    the ladder of retarded and advanced Green functions (4 x 4 in spin) at a finite rate

The signs are those of S11: the force is -e E, so S_y > 0 for alpha > 0, as in S18.  (28) and S16 as
printed lack the sign of f' = -delta; S18 has it.
"""

from __future__ import annotations

import numpy as np

from ..errors import UserError
from ..identities import Identity

EQUATION = "27, 28, S11-S18"
UNITS = {"rashba": "hbar / (m length)", "scattering": "hbar^2 / (m length^2)"}
_ENERGY = "hbar^2 / (m length^2)"
_SPIN = "hbar / 2 x m / hbar^2 x e E tau x hbar / (m length)"
_LEVEL = ("fermi_energy",)
_SHEETS = ("fermi_energy", "sheet")
VARIABLES = {
    "fermi_energy": (_LEVEL, _ENERGY, "Fermi energy from the crossing of the branches", "S15"),
    "sheet": (("sheet",), "1", "Fermi contour, the outer one first", "S16"),
    "electron_density": (_LEVEL, "1 / length^2", "electron density", "below S15"),
    "rate": (_LEVEL, "n_i u^2 m / hbar^3", "golden-rule rate 1 / tau", "S13"),
    "spin": (_LEVEL, _SPIN, "spin S_y with one tau, no vertex corrections", "28, S16"),
    "spin_with_vertex": (_LEVEL, _SPIN, "spin S_y with vertex corrections", "S18"),
    "spin_ladder": (_LEVEL, _SPIN, "spin S_y, ladder of Green functions at a finite rate", "S18"),
    "without_vertex": (_LEVEL, _SPIN, "S16 with S17, closed form in both regimes", "S16, S17"),
    "with_vertex": (_LEVEL, _SPIN, "closed form with vertex corrections in both regimes", "S18"),
    "formula": ((), _SPIN, "closed form as printed, above the crossing", "S18"),
    "transport_time": (_SHEETS, "tau", "momentum relaxation time of each contour", "28"),
    "contour_residual": ((), "1", "contour integral against the closed form, relative", "S16, S17"),
    "vertex_residual": ((), "1", "with vertex corrections against S18, relative", "S18"),
    "half_residual": ((), "1", "S16 over S18 minus one half, above the crossing", "S16-S18"),
    "sheet_residual": (
        (),
        "1",
        "S16 with a momentum relaxation time for each contour against S18, relative",
        "28, S16, S18",
    ),
    "ladder_order": (
        _LEVEL,
        "1",
        "order in the rate at which the ladder nears the contours",
        "S18",
    ),
    "ladder_residual": (
        (),
        "1",
        "ladder extrapolated to zero rate against contours, relative, over the square of "
        "hbar / tau per energy above the band bottom",
        "S18",
    ),
}
CHECKS = {
    "contour_residual": Identity(
        "the spin accumulated without vertex corrections is S16 evaluated with S17",
        "numerical integration along the Fermi contours against the closed form",
        1e-8,
    ),
    "vertex_residual": Identity(
        "with vertex corrections the accumulated spin is S18; v_F takes the place of alpha in it "
        "below the crossing of the branches",
        "numerical solution of the kinetic equation against the closed form",
        1e-8,
    ),
    "half_residual": Identity(
        "S16 with S17 and one relaxation time gives half of S18, not S18",
        "numerical integration along the Fermi contours",
        1e-8,
    ),
    "sheet_residual": Identity(
        "S16 gives S18 if each contour has its own momentum relaxation time",
        "times from the numerical solution of the kinetic equation",
        1e-8,
    ),
    "ladder_residual": Identity(
        "vertex corrections solved on the Fermi contours are the ladder of Green functions at a "
        "vanishing scattering rate",
        "4 x 4 spin ladder integrated over all k at two rates, Richardson extrapolation, of which "
        "only the second order in hbar / (tau E) may be left",
        1.0,
    ),
}
SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)
SIGMA_Y = np.array([[0, -1j], [1j, 0]])
# Angles: the integrands are trigonometric polynomials of degree 3 at most.
ANGLES = 16
# Gauss-Legendre nodes a panel of the radial integral.
NODES = 12


def hamiltonian(kx: np.ndarray, ky: np.ndarray, rashba: float) -> np.ndarray:
    """H(k), (..., 2, 2), of S15 with hbar = m = 1; ``kx`` and ``ky`` (...) broadcast."""
    k = np.stack(np.broadcast_arrays(kx, ky), axis=-1)[..., None, None]
    kinetic = 0.5 * (k[..., 0, :, :] ** 2 + k[..., 1, :, :] ** 2) * np.eye(2)
    return kinetic + rashba * (k[..., 0, :, :] * SIGMA_Y - k[..., 1, :, :] * SIGMA_X)


def velocity_x(kx: np.ndarray, rashba: float) -> np.ndarray:
    """dH/dk_x, (..., 2, 2), at ``kx`` (...).

    The text after S16 has - alpha sigma_y, which contradicts S15.
    """
    return np.asarray(kx)[..., None, None] * np.eye(2) + rashba * SIGMA_Y


def radii(level: float, rashba: float) -> tuple[np.ndarray, np.ndarray]:
    """Radii (sheet,) of the two Fermi contours, the outer first, and the branch (sheet,) of each.

    Branch 0 is the lower, 1 the upper.  The radii are found by bisection on the eigenvalues along
    k_x; the lower branch has its minimum at k = alpha.
    """

    def energies(k):
        return np.linalg.eigvalsh(hamiltonian(k, np.zeros_like(k), rashba))

    far = 2 * rashba + np.sqrt(2 * abs(level)) + 1
    annular = level < 0
    branch = np.array([0, 0 if annular else 1])
    low, high = np.array([rashba, 0.0]), np.array([far, rashba if annular else far])
    rising = np.array([1.0, -1.0 if annular else 1.0])
    for _ in range(100):
        middle = 0.5 * (low + high)
        above = rising * (energies(middle)[[0, 1], branch] - level) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high), branch


def contours(level: float, rashba: float) -> dict[str, np.ndarray]:
    """States on the Fermi contours at ``ANGLES`` angles each.

    Returns radius (sheet,), states (sheet, angle, spin), spin and velocity (sheet, angle), the
    expectation values of sigma_y and v_x, and density (sheet,), of states, k / (2 pi |v|).
    """
    radius, branch = radii(level, rashba)
    angle = 2 * np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    kx, ky = radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)
    vectors = np.linalg.eigh(hamiltonian(kx, ky, rashba))[1]
    states = vectors[[0, 1], :, :, branch]

    def mean(operator):
        return np.einsum("sai,saij,saj->sa", states.conj(), operator, states).real

    velocity = mean(velocity_x(kx, rashba))
    # |v| is radial: v_x = v cos(angle).
    speed = np.abs((velocity / np.cos(angle)).mean(axis=1))
    spin = mean(np.broadcast_to(SIGMA_Y, (*kx.shape, 2, 2)))
    density = radius / (2 * np.pi * speed)
    return {
        "radius": radius, "branch": branch, "states": states,
        "spin": spin, "velocity": velocity, "density": density,
    }  # fmt: skip


def kinetic(level: float, rashba: float) -> dict[str, np.ndarray]:
    """Rate, spin with and without scattering-in, and momentum relaxation times of the contours.

    The golden rule with n_i u^2 = 1 is w_ij = 2 pi |<i|j>|^2 N_j / angles (S13).  The mean free
    path L solves L_i sum_j w_ij - sum_j w_ij L_j = v_i; without scattering-in L = v tau.  Spins are
    per tau.  ``transport_time`` is (sheet,), the others are numbers.
    """
    contour = contours(level, rashba)
    states = contour["states"].reshape(-1, 2)
    velocity, spin = contour["velocity"].ravel(), contour["spin"].ravel()
    weight = np.repeat(contour["density"] / ANGLES, ANGLES)
    scattering = 2 * np.pi * np.abs(states.conj() @ states.T) ** 2 * weight
    rates = scattering.sum(axis=1)
    # A uniform L solves the homogeneous equation (particle number); least squares excludes it.
    path = np.linalg.lstsq(np.diag(rates) - scattering, velocity, rcond=1e-12)[0]
    rate = rates.mean()
    times = (path * rate / velocity).reshape(2, ANGLES).mean(axis=1)
    bare = -(weight * spin * velocity / rates).sum() * rate
    sheets = -(
        contour["density"] * (contour["spin"] * contour["velocity"]).mean(axis=1) * times
    ).sum()
    # The area between the contours, or of both discs.
    filled = contour["radius"] ** 2 * np.where(
        contour["branch"] == contour["branch"][0], [1, -1], 1
    )
    return {
        "rate": rate,
        "spin": bare,
        "spin_with_vertex": -(weight * spin * path).sum() * rate,
        "by_sheet": sheets,
        "transport_time": times,
        "electron_density": filled.sum() / (4 * np.pi),
    }


def radial_nodes(radius: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (node,) of int dk from 0 to infinity, on panels that narrow at ``radius``.

    The panels halve in width towards each radius (sheet,) down to ``width``.  The last panel is
    infinite, k = 1 / t.
    """
    far = 4 * radius.max() + 4
    steps = width * 2.0 ** np.arange(np.ceil(np.log2(far / width)))
    cuts = (radius[:, None] + np.concatenate((-steps, [0], steps))).ravel()
    cuts = np.unique(np.concatenate(([0.0, far], cuts[(cuts > 0) & (cuts < far)])))
    node, weight = np.polynomial.legendre.leggauss(NODES)
    half, middle = 0.5 * np.diff(cuts), 0.5 * (cuts[1:] + cuts[:-1])
    k, w = (middle[:, None] + half[:, None] * node).ravel(), (half[:, None] * weight).ravel()
    t, tail = 0.5 / far * (1 + node), 0.5 / far * weight
    return np.concatenate((k, 1 / t)), np.concatenate((w, tail / t**2))


def ladder(level: float, rashba: float, strength: float, rate: float) -> float:
    """Spin per tau of the ladder with n_i u^2 = ``strength`` and the Born rate ``strength`` rate.

    The vertex J = v_x + n_i u^2 sum_k G_R J G_A in spin space is a 4 x 4 linear system; the spin is
    -(1 / 2 pi) Re sum_k tr[sigma_y G_R J G_A].  S18 is its limit at a small rate.
    """
    radius, _ = radii(level, rashba)
    total = strength * rate
    slope = np.sqrt(2 * level + rashba**2)
    k, weight = radial_nodes(radius, min(0.5 * total / slope, 0.1))
    angle = 2 * np.pi * (np.arange(8) + 0.5) / 8
    kx, ky = k[:, None] * np.cos(angle), k[:, None] * np.sin(angle)
    measure = (weight * k)[:, None] / (2 * np.pi) / 8 * np.ones(8)
    inverse = (level + 0.5j * total) * np.eye(2) - hamiltonian(kx, ky, rashba)
    retarded = np.linalg.inv(inverse)
    advanced = np.swapaxes(retarded.conj(), -1, -2)
    driven = retarded @ velocity_x(kx, rashba) @ advanced
    bubble = np.einsum("ra,raij->ij", measure, driven)
    # (G_R X G_A)_il = sum_jk R_ij A_kl X_jk
    chain = np.einsum("ra,raij,rakl->iljk", measure, retarded, advanced, optimize=True)
    system = np.eye(4) - strength * chain.reshape(4, 4)
    inner = np.linalg.solve(system, bubble.reshape(4)).reshape(2, 2)
    return float(-np.trace(SIGMA_Y @ inner).real / (2 * np.pi) * total)


def closed_forms(level: float, rashba: float) -> tuple[float, float, float]:
    """Rate, spin without and with vertex corrections per tau, from closed forms.

    Above the crossing they are S17 and S18.  Below it both contours belong to the lower branch,
    with densities of states m / (2 pi) (alpha / v_F +- 1) and opposite velocities, and v_F replaces
    alpha in the spins.
    """
    speed = np.sqrt(2 * level + rashba**2)
    if level > 0:
        return 1.0, rashba / (2 * np.pi), rashba / np.pi
    return rashba / speed, speed / (2 * np.pi), speed / np.pi


def compute(
    rashba: float = 1.0,
    fermi_energy: tuple[float, ...] = (-0.4, -0.2, 0.2, 1.0, 4.0),
    scattering: float = 0.01,
) -> dict[str, np.ndarray]:
    """Spin in all three ways at each Fermi energy; ``scattering`` is n_i u^2 of the ladder.

    Raises
    ------
    UserError
        If a Fermi energy is not above the bottom -alpha^2 / 2 or is at the crossing of the
        branches, or ``rashba`` or ``scattering`` is not positive.
    """
    for name, value in (("rashba", rashba), ("scattering", scattering)):
        if value <= 0:
            raise UserError(name, value, "a positive number")
    for level in fermi_energy:
        if level <= -0.5 * rashba**2 or level == 0:
            raise UserError("fermi_energy", level, "above -rashba^2 / 2, and not 0")
    results = [kinetic(level, rashba) for level in fermi_energy]
    names = ("rate", "spin", "spin_with_vertex", "by_sheet", "transport_time", "electron_density")
    values = {name: np.array([result[name] for result in results]) for name in names}
    rate, bare, dressed = np.array([closed_forms(level, rashba) for level in fermi_energy]).T
    pairs = list(zip(fermi_energy, values["rate"], strict=True))
    # The ladder's error is of first order in the rate: twice the value at half the rate minus the
    # value at the full rate is correct to second order.
    full, half = (
        np.array([ladder(level, rashba, factor * scattering, born) for level, born in pairs])
        for factor in (1, 0.5)
    )
    target = values["spin_with_vertex"]

    def largest(computed, expected):
        return np.max(np.abs(computed / expected - 1), initial=0.0)

    above = np.array(fermi_energy) > 0
    by_sheet = values.pop("by_sheet")
    small = scattering * values["rate"] / (np.array(fermi_energy) + 0.5 * rashba**2)
    return values | {
        "fermi_energy": np.array(fermi_energy),
        "sheet": np.array(["outer", "inner"]),
        "spin_ladder": full,
        "without_vertex": bare,
        "with_vertex": dressed,
        "formula": rashba / np.pi,
        "contour_residual": max(largest(values["spin"], bare), largest(values["rate"], rate)),
        "vertex_residual": largest(target, dressed),
        "half_residual": largest(2 * values["spin"][above], rashba / np.pi) / 2,
        "sheet_residual": largest(by_sheet, dressed),
        "ladder_order": np.log2((full - target) / (half - target)),
        "ladder_residual": np.max(np.abs((2 * half - full) / target - 1) / small**2),
    }
