"""Numbers that others have published, beside those of this package.

Conductivities of crystals are sums over uniform meshes, which converge exponentially in a gap.
Each is |sigma_yx|, as papers differ in the sign of the charge and in the order of the indices.  A
number agrees if it rounds to the digits that were published; where it does not agree, the other
identities say why.
"""

from __future__ import annotations

import numpy as np

from ..crystal.berry_curvature import bulk_states, curvature, operator, orbital_moment
from ..crystal.bulk_properties import bulk
from ..crystal.hall_sum import hall_conductivity
from ..identities import Identity
from ..lattice.lattice import Lattice
from ..lattice.units import CHARGE, PLANCK
from ..models.chiral_stacked_haldane import chiral_stacked_haldane
from ..models.haldane import haldane
from ..models.kane_mele import kane_mele
from ..models.tmd_three_band import tmd_three_band
from ..states.eigenpairs import adjoint
from ..states.eigenstates import inverse_gap
from ..states.occupations import fermi_slope

EQUATION = "29, S23, S24, S52"
_DIMS = ("number",)
VARIABLES = {
    "number": (_DIMS, "1", "what was published", "S23"),
    "source": (_DIMS, "1", "where it was published", "S23"),
    "number_units": (_DIMS, "1", "its units", "S23"),
    "published": (_DIMS, "units of each", "published value", "S23"),
    "ours": (_DIMS, "units of each", "value of this package", "S23"),
    "haldane_residual": (
        (), "1", "Hall conductivity of Haldane's model, relative to 3.87405e5 S / m", "S23"
    ),
    "haldane_mesh_residual": (
        (), "1", "the same on 10 x 10 points with Gamma, relative to 3.86796e5 S / m", "S23"
    ),
    "kane_mele_residual": ((), "e / 2 pi", "spin Hall plateau minus 2, s_z = +-1", "S23"),
    "graphene_residual": (
        (), "e / h x e t0 a^2 / hbar", "orbital Hall plateau minus 0.21422, Delta = 0.5", "S23, S52"
    ),
    "narrow_gap_residual": (
        (), "e / h x e t0 a^2 / hbar", "orbital Hall plateau minus 1.2417, Delta = 0.1", "S23, S52"
    ),
    "continuum_residual": (
        (), "1", "order in Delta of the distance from t0^2 a^2 / (8 Delta), minus 2", "S23, S52"
    ),
    "mos2_excess": (
        (), "e / 2 pi", "orbital Hall plateau of MoS2 with both spins minus 2.6", "S23"
    ),
    "mos2_route_residual": (
        (), "e / 2 pi", "orbital Hall plateau of MoS2 by matrices against bands", "S23"
    ),
    "momentum_at_k_residual": (
        (), "1", "valence band of MoS2 at K: L_z of the band over 2 hbar, minus 1", "S24"
    ),
    "edelstein": (
        ("hand",), "e^2 E tau t0 / (hbar a)", "moment along a chiral stack per volume", "55, S52"
    ),
    "hand": (("hand",), "1", "handedness of the stack, 0 without handed hops", "S52"),
    "edelstein_size": ((), "e^2 E tau t0 / (hbar a)", "moment of the right-handed stack", "S52"),
    "edelstein_residual": (
        (), "1", "sum of right and left, and the stack without handed hops, over the right", "S52"
    ),
}  # fmt: skip
CHECKS = {
    "haldane_residual": Identity(
        "Haldane's model has the published Hall conductivity, |C| = 1 at 1 angstrom",
        "3.87405e5 S/m, exact value in the tests of WannierBerri (t -1, t2 0.15, phi pi/2)",
        2e-6,
    ),
    "haldane_mesh_residual": Identity(
        "on the mesh of the publication it is the published value of that mesh",
        "3.86796e5 S/m, WannierBerri on 10 x 10 points",
        2e-6,
    ),
    "kane_mele_residual": Identity(
        "the spin Hall plateau of Kane and Mele's model is 2 e / 2 pi for s_z = +-1",
        "Kane and Mele (2005), Chern numbers 1 and -1 of the spins",
        1e-9,
    ),
    "graphene_residual": Identity(
        "gapped graphene has the published orbital Hall plateau at Delta = 0.5",
        "0.21422 (e/h) e t0 a^2 / hbar",
        5e-6,
    ),
    "narrow_gap_residual": Identity(
        "gapped graphene has the published orbital Hall plateau at Delta = 0.1",
        "1.2417 (e/h) e t0 a^2 / hbar",
        5e-5,
    ),
    "continuum_residual": Identity(
        "the plateau tends to that of the Dirac equation, the distance falls as Delta^2",
        "t0^2 a^2 / (8 Delta): 1.25 at Delta = 0.1",
        0.02,
    ),
    "mos2_excess": Identity(
        "three d bands carry more L_z than the crystal, whose bands are partly p of sulphur",
        "2.6 e / 2 pi of density functional theory, intra-atomic L, both spins",
        0.1,
        at_least=True,
    ),
    "mos2_route_residual": Identity(
        "the plateau of the three-band model does not depend on how it is computed",
        "projector on the filled bands, its derivative and dH/dk by differences",
        1e-6,
    ),
    "momentum_at_k_residual": Identity(
        "at K the valence band of the three-band model has all of L_z = 2 hbar",
        "eigenvectors at K; with a share p of other orbitals it would be 1 - p",
        1e-9,
    ),
    "edelstein_residual": Identity(
        "the moment of a current along a chiral stack is odd in the handedness",
        "the mirror z -> -z; Yoda, Yokoyama and Murakami (2015)",
        1e-9,
    ),
    "edelstein_size": Identity(
        "a current along a chiral stack makes an orbital moment",
        "Yoda, Yokoyama and Murakami (2015)",
        1e-4,
        at_least=True,
    ),
}
# Of WannierBerri's tests, and of the layers of the chiral stack.
_HALDANE = {"t0": -1.0, "t2": 0.15, "phi": np.pi / 2, "delta": 0.2}
_STACK = {"t_chiral": 0.12, "delta": 0.8, "spacing": 1.3, "tz": 0.2}
STEP = 1e-3  # of differences in k, in units of reciprocal lengths


def compute(
    points: int = 48,
    finest: int = 400,
    stack_points: int = 20,
    level: float = 1.2,
    temperature: float = 0.1,
) -> dict[str, np.ndarray]:
    """All numbers, and their residuals.

    Parameters
    ----------
    points : of the mesh along each reciprocal vector
    finest : the same for the narrow gaps of graphene
    stack_points : the same for the chiral stack, at this ``level`` and ``temperature`` in t0
    """
    model = haldane(**_HALDANE)
    in_si = [
        value * CHARGE**2 / PLANCK / 1e-10  # of a layer of 1 angstrom
        for value in (_plateau(model, "charge", points), _on_gamma_mesh(model, 10))
    ]
    spin = _plateau(kane_mele(spin_orbit=0.15), "spin", points)
    wide = _plateau(haldane(delta=0.5), "orbital_moment", 2 * points)
    narrow, narrower = (
        _plateau(haldane(delta=delta), "orbital_moment", mesh)
        for delta, mesh in ((0.1, finest // 2), (0.05, finest))
    )
    distance = [1 - 8 * delta * value for delta, value in ((0.1, narrow), (0.05, narrower))]
    mos2 = tmd_three_band()
    orbital = 2 * _plateau(mos2, "L_z", points, bulk(mos2).midgap)
    hands = np.array([1, -1, 0])
    edelstein = np.array([_edelstein(hand, stack_points, level, temperature) for hand in hands])
    table = [
        ("Haldane, charge, 1 angstrom", "WannierBerri, tests", "S / m", 3.87405e5, in_si[0]),
        ("the same, 10 x 10 points", "WannierBerri, tests", "S / m", 3.86796e5, in_si[1]),
        ("Kane-Mele, spin", "Kane and Mele (2005)", "e / 2 pi", 2.0, spin),
        ("graphene, Delta 0.5, moment", "continuum limit: 0.25", "(e/h) e t0 a^2 / hbar", 0.21422,
         wide),
        ("graphene, Delta 0.1, moment", "continuum limit: 1.25", "(e/h) e t0 a^2 / hbar", 1.2417,
         narrow),
        ("MoS2, L_z, both spins", "density functional theory", "e / 2 pi", 2.6, orbital),
    ]  # fmt: skip
    names, sources, units, published, ours = (
        np.array(column) for column in zip(*table, strict=True)
    )
    relative = ours / published - 1
    return {
        "number": names,
        "source": sources,
        "number_units": units,
        "published": published,
        "ours": ours,
        "haldane_residual": relative[0],
        "haldane_mesh_residual": relative[1],
        "kane_mele_residual": spin - 2,
        "graphene_residual": wide - published[3],
        "narrow_gap_residual": narrow - published[4],
        "continuum_residual": np.log2(distance[0] / distance[1]) - 2,
        "mos2_excess": orbital - published[5],
        "mos2_route_residual": orbital - 2 * _by_projectors(mos2, "L_z", points // 2),
        "momentum_at_k_residual": _share(mos2),
        "hand": hands,
        "edelstein": edelstein,
        "edelstein_size": abs(edelstein[0]),
        "edelstein_residual": (abs(edelstein[:2].sum()) + abs(edelstein[2])) / abs(edelstein[0]),
    }


def _plateau(lattice: Lattice, name: str, points: int, level: float = 0.0) -> float:
    """|sigma_yx| of a gap, in e / h times the unit of the operator."""
    return 2 * np.pi * abs(hall_conductivity(lattice, name, np.array([level]), points)[0])


def _mesh(lattice: Lattice, points: int, shift: float) -> np.ndarray:
    """k (k, dimension) of a uniform mesh, moved by a part of its step."""
    dimension = lattice.dimension
    fraction = np.indices((points,) * dimension).reshape(dimension, -1).T + shift
    return fraction / points @ lattice.reciprocal


def _on_gamma_mesh(lattice: Lattice, points: int) -> float:
    """|sigma_yx| of the lower of two bands on a mesh with Gamma, in e^2 / h."""
    states = bulk_states(lattice, _mesh(lattice, points, 0.0))
    lower = curvature(states, operator("charge", lattice, states))[:, 0]
    return 2 * np.pi * abs(lower.mean() / np.linalg.det(lattice.vectors))


def _by_projectors(lattice: Lattice, name: str, points: int) -> float:
    """|sigma_yx| of the gap for an operator on sites, from H and projectors alone, in e / h [O].

    The response of the density matrix obeys i [H, d rho] = -dP/dk_x with P on the filled bands, and
    sigma is its trace with {O, v_y} / 2.
    """
    k, filled = _mesh(lattice, points, 0.5), lattice.filling

    def projector(at: np.ndarray) -> np.ndarray:
        u = np.linalg.eigh(lattice.hamiltonian(at))[1][:, :, :filled]
        return u @ adjoint(u)

    along_x, along_y = STEP * np.eye(2)
    p = projector(k)
    # Fourth order: the error is of the order of STEP^4.
    slope_p, slope_h = (
        (8 * (f(k + s) - f(k - s)) - (f(k + 2 * s) - f(k - 2 * s))) / (12 * STEP)
        for f, s in ((projector, along_x), (lattice.hamiltonian, along_y))
    )
    o = np.zeros(p.shape[1:], dtype=complex)
    table = lattice.operators[name]
    o[table.row, table.column] = table.amplitude
    energy, u = np.linalg.eigh(lattice.hamiltonian(k))
    gap = inverse_gap(energy)
    mixed = 1j * (adjoint(u) @ slope_p @ u) * gap
    current = adjoint(u) @ (0.5 * (o @ slope_h + slope_h @ o)) @ u
    total = np.einsum("kij,kji->k", mixed, current).real.mean()
    return 2 * np.pi * abs(total / np.linalg.det(lattice.vectors))


def _share(mos2: Lattice) -> float:
    """|L_z| of the valence band at K over 2, minus 1."""
    corner = np.array([[4 * np.pi / 3 / mos2.vectors[0, 0], 0.0]])
    states = bulk_states(mos2, corner)
    return abs(operator("L_z", mos2, states)[0, 0, 0].real) / 2 - 1


def _edelstein(hand: int, points: int, level: float, temperature: float) -> float:
    """sum_n int d3k / (2 pi)^3 v_z m_z (-f'): moment per volume for a current along the stack."""
    right = {"t_chiral": _STACK["t_chiral"] * abs(hand), "left_handed": hand < 0}
    lattice = chiral_stacked_haldane(**_STACK | right)
    k = _mesh(lattice, points, 0.5)
    states = bulk_states(lattice, k)
    along_z = np.array([0.0, 0.0, STEP])
    # No two bands touch, so that energies in order are bands.
    above, below = (np.linalg.eigvalsh(lattice.hamiltonian(k + s * along_z)) for s in (1, -1))
    upwards = (above - below) / (2 * STEP)
    moment = np.einsum("knn->kn", orbital_moment(states)).real
    terms = -fermi_slope(states.energy, level, temperature) * upwards * moment
    return float(terms.sum(axis=1).mean() / abs(np.linalg.det(lattice.vectors)))
