"""Two-dimensional Rashba gas: Fermi contours, kinetic equation and ladder of Green functions.

H = k^2 / 2m + alpha (z x k) . sigma (S15), in units hbar = m = 1.  ``level`` is the Fermi energy
from the crossing of the branches, ``rashba`` is alpha > 0.  Impurities of zero range scatter with
the golden-rule rate (S13).  The force is -e E, as in S11, so S_y > 0 for alpha > 0, as in S18.
"""

from __future__ import annotations

import numpy as np

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
