"""Generalized Hall response of the crystal: operators, currents and Berry curvatures.

The current of O is O * v, the symmetrized product (Eqs. 8, 30).  Its undergap response (Eq. 29) to
a field along x, as a current along y, is (S23)

    sigma_yx = (e / hbar) sum_n int d2k / (2 pi)^2  f_n Omega_n,yx(k)

with the generalized Berry curvature Omega of S24.  For O = 1 it is minus the usual curvature
Omega_z = (curl i <u|grad u>)_z, so that the number of electrons carries sigma_yx = -C e^2 / h.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import plugin_options
from ..errors import UserError
from ..lattice.bulk_bloch import bulk_table
from ..lattice.honeycomb import valley_of_bulk
from ..lattice.lattice import Lattice
from ..states.eigenpairs import adjoint
from ..states.eigenstates import inverse_gap
from ..states.operator_products import commutator, star

# Transported quantities, with the units of their operators.
OPERATORS = {
    "charge": "e",
    "spin": "hbar / 2",
    "valley": "1",
    "orbital_moment": "e t0 a^2 / hbar",
}


@dataclass(frozen=True)
class BulkStates:
    """Bands of the crystal on a batch of k, and velocities between them.

    Attributes
    ----------
    k : (k, dimension), in 1/a;  energy : (k, band), in t0
    eigenvector : (k, orbital, band), atomic gauge
    velocity_x, velocity_y : (k, band, band), <n|dH/dk|n'> in t0 a
    """

    k: np.ndarray
    energy: np.ndarray
    eigenvector: np.ndarray
    velocity_x: np.ndarray
    velocity_y: np.ndarray


def bulk_states(lattice: Lattice, k: np.ndarray) -> BulkStates:
    """Diagonalise H(k) of the crystal on a batch of k (k, dimension), in 1/a."""
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    v = adjoint(u)[:, None] @ lattice.velocity(k) @ u[:, None]
    return BulkStates(k, energy, u, v[:, 0], v[:, 1])


def operator(name: str, lattice: Lattice, states: BulkStates) -> np.ndarray:
    """O in the band basis, (k, band, band), in the units of OPERATORS or of the lattice's own.

    Parameters
    ----------
    name : one of OPERATORS, an operator of the lattice such as ``L_z``, or a density of one such
        as ``orbital_angular_momentum`` or ``spin(component=y)``, along the axes of the lattice

    Raises
    ------
    UserError
        If ``name`` is ``valley`` and the lattice is not a honeycomb, or for an unknown operator.
    """
    u = states.eigenvector
    if name == "charge":
        return np.broadcast_to(np.eye(u.shape[-1]), u.shape)
    if name == "spin":
        return adjoint(u) @ (lattice.spins[:, None] * u)
    if name == "valley":
        return adjoint(u) @ valley_of_bulk(lattice, states.k) @ u
    if name == "orbital_moment":
        return orbital_moment(states)
    site_name, factor = _of_sites(name)
    if site_name not in lattice.operators:
        raise UserError("density", name, [*OPERATORS, *lattice.operators])
    table, places = lattice.operators[site_name], lattice.positions[:, : lattice.dimension]
    parts = (table.row, table.column, table.cell, factor * table.amplitude)
    return adjoint(u) @ bulk_table(*parts, lattice.vectors, places).matrix(states.k) @ u


def _of_sites(name: str) -> tuple[str, float]:
    """Operator of the sites, and factor, of a density."""
    density, options = plugin_options.split(name)
    if density == "orbital_angular_momentum":
        return f"L_{options.get('component', 'z')}", 1.0
    if density == "spin":
        return f"S_{options.get('component', 'z')}", 2.0
    return str(options.get("operator", density)), 1.0


def orbital_moment(states: BulkStates) -> np.ndarray:
    """Interband orbital magnetic moment, (k, band, band), in e t0 a^2 / hbar (S52).

    m_nl = (e / 4 i hbar) sum_n' (e_n + e_l - 2 e_n') (A^x_nn' A^y_n'l - A^y_nn' A^x_n'l)

    The position r is replaced by its off-diagonal part A, as the crystal has no origin for the d/dk
    in r.  The diagonal of m is the usual moment of a wave packet.  With two bands m is diagonal,
    and both bands have the same moment.
    """
    e, inverse = states.energy, inverse_gap(states.energy)
    # A_nn' = i v_nn' / (e_n' - e_n); the product of two of them has the factor (-i)^2 = -1.
    x, y = states.velocity_x * inverse, states.velocity_y * inverse
    middle = x @ (e[:, :, None] * y) - y @ (e[:, :, None] * x)
    return 0.25j * ((e[:, :, None] + e[:, None, :]) * commutator(x, y) - 2 * middle)


def curvature(states: BulkStates, o: np.ndarray) -> np.ndarray:
    """Generalized Berry curvature Omega_n,yx of every band, (k, band), in [O] a^2 (S24).

    Omega_n = -2 sum_n' Im{[O * v_y]_nn' [v_x]_n'n} / (e_n - e_n')^2

    Parameters
    ----------
    o : (k, band, band), the operator O in the band basis
    """
    current = star(o, states.velocity_y)
    mixing = states.velocity_x * inverse_gap(states.energy) ** 2
    return -2 * np.imag(np.sum(current * np.swapaxes(mixing, -1, -2), axis=-1))


def curvatures(lattice: Lattice, k: np.ndarray, names=tuple(OPERATORS)):
    """Energies (k, band) in t0 and curvatures (operator, k, band) in [O] a^2 (S24).

    Parameters
    ----------
    k : (k, 2), in 1/a
    names : of OPERATORS
    """
    states = bulk_states(lattice, k)
    values = [curvature(states, operator(name, lattice, states)) for name in names]
    return states.energy, np.array(values)


def of_spin(lattice: Lattice, spin: int) -> Lattice | None:
    """The crystal of one spin; None if a hop flips the spin or no orbital has it."""
    names = [name for name in lattice.orbitals if lattice.spin.get(name, 0) == spin]
    if not names or any((a in names) != (b in names) for a, b, *_ in lattice.hoppings):
        return None
    return Lattice(
        lattice.vectors,
        {name: lattice.orbitals[name] for name in names},
        {name: e for name, e in lattice.onsite.items() if name in names},
        [hop for hop in lattice.hoppings if hop[0] in names],
        dict.fromkeys(names, spin),
    )


def as_hops(lattice: Lattice, name: str, points: int = 96, smallest: float = 1e-8) -> Lattice:
    """The lattice whose "Hamiltonian" is an operator O(k), from which ribbons of O can be cut.

    O_ij(R) = (1 / points^2) sum_k exp(-i k . d) O_ij(k), with d the vector from i to j.  In an
    insulator it falls off exponentially with R, so a coarse mesh suffices.

    Parameters
    ----------
    name : of OPERATORS
    points : k along each direction
    smallest : elements of O_ij(R) below this, in the units of O, are left out
    """
    steps = np.arange(points)
    fraction = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2) / points
    k = fraction @ lattice.reciprocal
    states = bulk_states(lattice, k)
    u = states.eigenvector
    o = u @ operator(name, lattice, states) @ adjoint(u)
    xy = lattice.positions[:, :2]
    phase = np.exp(-1j * np.einsum("kc,ijc->kij", k, xy - xy[:, None]))
    size = len(xy)
    table = np.fft.fft2((o * phase).reshape(points, points, size, size), axes=(0, 1)) / points**2
    names, cut = list(lattice.orbitals), Lattice(lattice.vectors, lattice.orbitals)
    cut.spin, half = lattice.spin, points // 2
    for p, q, i, j in np.argwhere(np.abs(table) > smallest):
        # Cells are counted from -half; a hop and its conjugate are entered once.
        cell = ((p + half) % points - half, (q + half) % points - half)
        amplitude = table[p, q, i, j]
        if (*cell, j) == (0, 0, i):
            cut.onsite[names[i]] = amplitude.real
        elif (*cell, j - i) > (0, 0, 0) and -half not in cell:
            cut.hop(names[i], names[j], cell, amplitude)
    return cut
