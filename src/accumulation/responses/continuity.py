"""Torque on a density that is not conserved, and the currents of its lattice continuity equation.

For n(mu) = O * P_mu, where A * B = (A B + B A) / 2 and P_mu projects on row mu,

    d/dt n(mu) = (dO/dt) * P_mu + O * i[H, P_mu] = T(mu) - sum_nu J(mu -> nu)      (Eqs. 6-11)

holds exactly on a lattice, without a gradient: O * i[H, P_mu] is a sum of bond currents that are
antisymmetric in mu and nu.  With the field, H_E = H + E x, dO/dt = i[H, O] + i[x, O] E is the sum
of the intrinsic and the extrinsic torque.

The functions take matrices (..., orbital, orbital); ``rho`` is a density matrix or its change.
Units: hbar = e = E = 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import plugins
from ..errors import UserError
from ..lattice.bloch import BlochMatrix
from ..states.eigenstates import own_kernel
from ..states.operator_products import commutator, star, star_diagonal

# Step and weights of the central difference of order 6: for H(k) with hops of up to 2 a its error
# is 2^7 h^6 / 140, 1e-14, as large as rounding divided by the step.
_STEP = 5e-3
_DIFFERENCE = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
# Smith's method needs about log2(40 shift / eta) doublings.
DOUBLINGS = 60
# A response below this fraction of the magnitudes of its terms is zero by symmetry, and rounding.
VANISHING = 1e-6


def need_diagonal_position(bloch: BlochMatrix) -> None:
    """Refuse a system whose position operator joins orbitals: the torques here have x diagonal.

    Raises
    ------
    UserError
        If the system has elements of the position between orbitals.
    """
    if bloch.dipoles is not None:
        raise UserError("model.position", "full", "diagonal, as it is in all torques")


def rate(h: np.ndarray, operator: np.ndarray) -> np.ndarray:
    """Intrinsic torque operator i[H, O] (Eqs. 10, 36), (..., orbital, orbital).

    Parameters
    ----------
    h, operator : (..., orbital, orbital), H in t0 and O
    """
    return 1j * commutator(h, operator)


def extrinsic_torque(operator: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Extrinsic torque operator -i[O, x] per field of an open system (Eqs. 34, 37).

    -i[O * P_mu, x] = (-i[O, x]) * P_mu, because x and P_mu commute.

    Parameters
    ----------
    operator : (..., orbital, orbital), O;  x : (orbital,) positions, in a
    """
    return -1j * operator * (x - x[:, None])


def by_row(operator: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Tr[rho (O * P_mu)], (..., orbital); complex for a change at a frequency (Eqs. 5, 9).

    Parameters
    ----------
    operator, rho : (..., orbital, orbital)
    """
    # It is the diagonal of (O rho + rho O) / 2.
    turned = np.swapaxes(rho, -1, -2)
    return 0.5 * ((operator * turned).sum(axis=-1) + (operator * turned).sum(axis=-2))


def bond_currents(h: np.ndarray, operator: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """J(mu -> nu) = Tr[rho (O * j)], j = i(H_mu,nu |mu><nu| - h.c.), (..., mu, nu) (Eqs. 6-8).

    J is antisymmetric.  The product O * v * delta of Eq. 8 is ambiguous, as * is not associative;
    only O * (v * delta), which is used here, satisfies Eq. 6.

    Parameters
    ----------
    h, operator, rho : (..., orbital, orbital), H in t0
    """
    flow = 1j * h * np.swapaxes(star(operator, rho), -1, -2)
    return flow - np.swapaxes(flow, -1, -2)


def dipole_by_row(torque: np.ndarray, rho: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Torque dipole D(mu) = Tr[rho y * (T * P_mu)], (..., orbital) (Eqs. 45, S39).

    Parameters
    ----------
    torque, rho : (..., orbital, orbital);  y : (orbital,) positions, in a
    """
    return by_row(torque, star_diagonal(rho, y))


def response_matrix(
    energy: np.ndarray, filled: np.ndarray, field: np.ndarray, z: complex
) -> np.ndarray:
    """Change of the density matrix in the band basis, (a, b): L_ba B_ab (Eqs. 17, 18).

    Tr[A change] = chi_{A,B}(z), z = omega + i eta.

    Parameters
    ----------
    energy, filled : (band,), energies in t0 and occupations
    field : (band, band), B;  z : in t0
    """
    lindhard = (filled - filled[:, None]) / (energy - energy[:, None] + z)
    return lindhard * field


def response_by_liouville(
    h: np.ndarray, rho: np.ndarray, field: np.ndarray, z: complex
) -> np.ndarray:
    """The same change in the orbital basis, from the equation of motion, without eigenstates.

    -i z drho = -i[H, drho] - i[B, rho] has the form A drho + drho B = C with spectra to the right
    of Im z / 2.  In Smith's method the Cayley transform makes it drho = U drho V + W, whose
    solution is the sum of U^n W V^n over all n; each step doubles the number of terms.

    Parameters
    ----------
    h, rho, field : (orbital, orbital), H in t0, density matrix and B;  z : in t0
    """
    identity = np.eye(len(h))
    left, right = 1j * h - 0.5j * z * identity, -1j * h - 0.5j * z * identity
    shift = np.abs(h).sum(axis=-1).max()
    inverse_left = np.linalg.inv(shift * identity + left)
    inverse_right = np.linalg.inv(shift * identity + right)
    change = 2j * shift * inverse_left @ (rho @ field - field @ rho) @ inverse_right
    u, v = inverse_left @ (shift * identity - left), (shift * identity - right) @ inverse_right
    for _ in range(DOUBLINGS):
        step = u @ change @ v
        change = change + step
        if np.abs(step).max() <= np.finfo(float).eps * np.abs(change).max():
            break
        u, v = u @ u, v @ v
    return change


def density_operator(density: str, definition: str) -> Callable[[BlochMatrix, np.ndarray], object]:
    """O(k) of a density with rows O * P_mu: function (Bloch matrix, k) -> (k, orbital, orbital).

    Raises
    ------
    UserError
        If the definition is not of this form (``local``, ``band``); by the returned function, if O
        vanishes identically.
    """
    module = plugins.load("densities", density)
    definitions = {name for names in module.DEFINITIONS.values() for name in names}
    allowed = sorted(definitions - {"local", *module.NEEDS_ALL_BANDS})
    if definition not in allowed:
        raise UserError("definition", definition, f"one of: {', '.join(allowed)}")

    def operator(bloch: BlochMatrix, k: np.ndarray) -> np.ndarray:
        matrix = own_kernel(module.kernel, definition, bloch, k).matrix
        if not np.any(matrix):
            raise UserError("density", density, "one that the model has, such as charge")
        return matrix

    return operator


def slope_in_k(operator, bloch: BlochMatrix, k: np.ndarray) -> np.ndarray:
    """dO/dk = i[O, x] in the atomic basis, (k, orbital, orbital): minus the extrinsic torque.

    Parameters
    ----------
    operator : function of :func:`density_operator`;  k : (k,), in 1/a
    """
    slope = np.zeros(1)
    for step, weight in _DIFFERENCE.items():
        ahead = operator(bloch, k + step * _STEP)
        slope = slope + weight / _STEP * (ahead - operator(bloch, k - step * _STEP))
    return slope
