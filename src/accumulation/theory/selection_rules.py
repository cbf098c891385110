"""Selection rules of a ribbon: the parts of a response that symmetries allow, and their values.

The operations are found from the hop table, the parity of each density under each operation from
its matrix (:mod:`accumulation.symmetry.operations`), and conserved quantities from H(k)
(:mod:`accumulation.symmetry.conserved`).  Every operation implies value(image of a row) =
+-value(row) for the intraband and for the interband response.  The computed parts must be non-zero
where the rules allow them, and vanish elsewhere.  Time reversal alone gives the theorem of
Eqs. 22-27.
"""

from __future__ import annotations

import numpy as np

from .. import plugins
from ..densities import definitions_for, named
from ..errors import UserError
from ..identities import Identity
from ..lattice.bloch import mesh as uniform_mesh
from ..responses.integrands import ExactElements
from ..responses.static import PROCESSES, accumulation, elements_on_mesh
from ..states.chunks import over_chunks
from ..states.eigenpairs import solve
from ..states.eigenstates import States
from ..states.fermi_points import fermi_points
from ..states.occupations import occupation
from ..states.remembered import RememberedPairs
from ..symmetry.mirror_rows import paired_rows
from ..symmetry.symmetry_rules import Symmetries, operator_residual

EQUATION = "22-27, 32, 55"
PARTS = ("even", "odd", "net")
_RULE = ("direction", "fermi_energy", "density", "process")
VARIABLES = {
    "direction": (("direction",), "1", "lattice direction along the ribbon", "53"),
    "fermi_energy": (("fermi_energy",), "t0", "Fermi energy", "55"),
    "density": (("density",), "1", "density, and its definition", "5"),
    "process": (("process",), "1", "dissipative or not", "55"),
    "part": (("part",), "1", "part of the profile by site, under y -> -y, and its sum", "55"),
    "operations": (("direction",), "1", "symmetries found", "22"),
    "crossings": (
        ("direction", "fermi_energy"),
        "1",
        "number of Fermi points; without any the intraband response vanishes",
        "55",
    ),
    "allowed": ((*_RULE, "part"), "1", "1 where the symmetries allow the part", "22-27"),
    "computed": (
        (*_RULE, "part"),
        "1",
        "largest value of the part over the sum of the magnitudes of its terms",
        "55",
    ),
    "dimension": (_RULE, "1", "number of independent site profiles that are allowed", "22-27"),
    "operator_residual": (("direction",), "t0", "g H(k) g^-1 -+ H(k') at random k", "22"),
    "forbidden_residual": (
        _RULE,
        "1",
        "what is computed and not allowed at any site, over all terms in the sum",
        "22-27",
    ),
    "smallest_allowed": (_RULE, "1", "smallest part that is allowed", "22-27"),
}
CHECKS = {
    "operator_residual": Identity(
        "each operation that is found commutes with the Hamiltonian, or exchanges its energies",
        "matrices H(k) at random wave vectors, not the hop table",
        1e-12,
    ),
    # Rounding of the sum, and of eigenvectors (1e-16 over gaps down to 1e-5) in its terms.
    "forbidden_residual": Identity(
        "what the symmetries forbid vanishes, at every site",
        "symmetries of the hop table against computed responses",
        1e-10,
    ),
    "smallest_allowed": Identity(
        "every part that the symmetries allow is found",
        "symmetries of the hop table against computed responses",
        1e-6,
        at_least=True,
    ),
}


def compute(
    lattice,
    directions: tuple[str, ...] = ("1 0", "1 1", "2 1"),
    widths: tuple[int, ...] = (6, 7, 8),
    density: tuple[str, ...] = ("charge", "orbital_moment"),
    fermi_energy: tuple[float, ...] = (1.13, 0.0),
    gauge: str = "atomic",
    k: int = 120,
) -> dict[str, np.ndarray]:
    """Rules and responses of ribbons of a lattice: their ``directions``, ``widths`` in cells.

    All definitions of each density that the lattice has are examined.  Operations that exchange
    filled and empty states are symmetries of the response where the Fermi energy is the mean of the
    on-site energies, or in the same gap.

    Raises
    ------
    UserError
        For a direction that is not two integers, or ribbons whose rows do not pair at y and -y.
    """
    if len(widths) != len(directions):
        raise UserError("widths", list(widths), f"{len(directions)} widths, one a direction")
    levels = np.array(fermi_energy, dtype=float)
    labels = [
        (name, definition)
        for name in (named(one, lattice.operators) for one in density)
        for definition in definitions_for(
            plugins.load("densities", name), "ribbon", lattice.operators, lattice.units
        )
    ]
    ribbons = []
    for direction, width in zip(directions, widths, strict=True):
        ribbon = lattice.ribbon(_direction(direction), int(width))
        ribbons.append(_one_ribbon(ribbon, labels, levels, gauge, k))
    return {
        "direction": np.array(directions),
        "fermi_energy": levels,
        "density": np.array([" ".join(label) for label in labels]),
        "process": np.array(PROCESSES),
        "part": np.array(PARTS),
        **{
            name: np.array([ribbon_values[name] for ribbon_values in ribbons])
            for name in ribbons[0]
        },
    }


def _direction(text: str) -> tuple[int, int]:
    try:
        first, second = (int(number) for number in text.split())
    except ValueError:
        raise UserError("directions", text, "two integers such as '2 1'") from None
    return first, second


def _one_ribbon(ribbon, labels, levels, gauge, k) -> dict[str, np.ndarray]:
    """Rules and values of one ribbon; arrays as in VARIABLES without ``direction``."""
    symmetries = Symmetries(ribbon, gauge)
    shape = (len(levels), len(labels), len(PROCESSES))
    allowed = np.zeros((*shape, len(PARTS)), dtype=bool)
    value = np.zeros((*shape, len(PARTS)))
    dimension, forbidden = np.zeros(shape, dtype=int), np.zeros((*shape, len(PARTS) + 1))
    reduce = parts_of_profile(ribbon)
    moments, pairs_at = [], RememberedPairs(ribbon.bloch)
    for d, label in enumerate(labels):
        kernel = plugins.load("densities", label[0]).kernel
        profiles, scales, rounding, crossings, mesh = responses(
            ribbon, *label, levels, gauge, k, pairs_at
        )
        moments.append(mesh.density.sum(axis=-1))
        for e, level in enumerate(levels):
            # The rules of the center hold in all of its gap, where the same states are filled.
            center = symmetries.center
            same = not crossings[e] and np.all((mesh.energy < level) == (mesh.energy < center))
            spaces = symmetries.allowed_profiles(kernel, label[1], center if same else level)
            for p, process in enumerate(PROCESSES):
                space = spaces[process]
                filled = mesh.energy < level
                nothing_filled = filled.all() or not filled.any()
                if nothing_filled if process == "interband" else not crossings[e]:
                    space = space[:, :0]
                index = (e, d, p)
                profile = profiles[p, e]
                allowed[index] = [np.abs(rows @ space).max(initial=0) > 1e-9 for rows in reduce]
                largest = np.array([np.abs(rows @ profile).max() for rows in reduce])
                value[index] = largest / scales[p, e]
                dimension[index] = space.shape[1]
                remainder = np.abs(profile - space @ (space.T @ profile)).max()
                forbidden[index] = np.append(largest, remainder) / rounding[p, e]
    _share_net(allowed, labels, moments)
    forbidden[..., :-1][allowed] = 0.0
    smallest = np.where(allowed, value, np.inf).min(axis=-1)
    return {
        "operations": ", ".join(operation.name for operation in symmetries.operations),
        "operator_residual": operator_residual(ribbon, symmetries),
        "crossings": crossings,
        "allowed": allowed.astype(np.int8),
        "computed": value,
        "dimension": dimension,
        "forbidden_residual": forbidden.max(axis=-1),
        "smallest_allowed": np.where(allowed.any(axis=-1), smallest, np.nan),
    }


def _share_net(allowed, labels, moments) -> None:
    """Apply the strictest rule for the net intraband response to equivalent definitions.

    The net intraband response depends on the moments <n|K|n> (label, k, band) only, so definitions
    of one density with proportional (or vanishing) moments have the same rule.  ``allowed`` is
    changed in place.
    """
    net = allowed[:, :, PROCESSES.index("intraband"), PARTS.index("net")]
    moments = np.reshape(moments, (len(labels), -1))
    norm = np.linalg.norm(moments, axis=1, keepdims=True)
    zero = norm[:, 0] < 1e-9 * moments.shape[1] ** 0.5
    flat = moments / np.maximum(norm, 1e-300)
    same = np.abs(np.abs(flat @ flat.T) - 1) < 1e-9
    same |= zero[:, None] & zero
    same &= [[first[0] == second[0] for first in labels] for second in labels]
    separate = net.copy()
    for d in range(len(labels)):
        net[:, d] = separate[:, same[d]].all(axis=1)


def parts_of_profile(ribbon) -> list[np.ndarray]:
    """Matrices (value, site), one for each of PARTS, that extract the part of a profile (site,).

    A site (all orbitals at one position) is compared with the same site at -y if there is one, else
    with the other sites there (:mod:`accumulation.symmetry.mirror_rows`).

    Raises
    ------
    UserError
        If the ribbon has sites at some y and none at -y.
    """
    sites = ribbon.sites
    first = np.argmax(sites, axis=1)
    names = ["+".join(sorted(ribbon.sublattice[site > 0])) for site in sites]
    none = np.zeros(len(sites), dtype=int)
    pairing = paired_rows(ribbon.positions[first], np.array(names), none, none)
    if pairing is None:
        raise UserError("system", "a ribbon without partners", "rows that pair at y and -y")
    even, odd = pairing.parts(np.eye(len(sites)))
    return [even.T, odd.T, np.ones((1, len(sites)))]


def responses(ribbon, density, definition, levels, gauge, k, pairs_at=None):
    """Response profiles of one density of a ribbon, and the scales for its comparison with zero.

    ``pairs_at`` is a function of k that returns eigenpairs, which several densities share.

    Returns
    -------
    profiles : (process, level, site)
    scales : (process, level), sum of the magnitudes of its terms, at the site where it is largest
    rounding : the same with the terms that cancel between two filled states
    crossings : (level,), number of Fermi points
    mesh : its matrix elements
    """
    module = plugins.load("densities", density)
    needs_all_bands = definition in module.NEEDS_ALL_BANDS
    exact = ExactElements(
        ribbon.bloch, module.kernel, definition, gauge, needs_all_bands, ribbon.sites, pairs_at
    )
    mesh = elements_on_mesh(exact, k)
    points = fermi_points(ribbon.bloch, mesh.k, mesh.energy, mesh.velocity, levels)
    profiles = accumulation(mesh, exact, levels, np.zeros(1), points=points).values[:, :, 0]
    crossings = np.bincount(points.level, minlength=len(levels))
    at_level = crossings * np.abs(mesh.density).max() / (2 * np.pi)
    between, all_pairs = _term_magnitudes(exact, levels, k).max(axis=-1)
    # Without a Fermi point or a filled state, or without hops, all terms are rounding: no division.
    scales, rounding = (
        np.where(sums > 1e-9, sums, 1.0)
        for sums in (np.stack((at_level, between)), np.stack((at_level, all_pairs)))
    )
    return profiles, scales, rounding, crossings, mesh


def _term_magnitudes(exact: ExactElements, levels, k) -> np.ndarray:
    """Sum of 2 |<n|n(mu)|n'> A_n'n / (e_n - e_n')| over filled n, (2, level, site).

    The first one is over empty n', the second one over all n'.  Terms of two filled states cancel
    in the response, except for their rounding.
    """
    nodes, weight = uniform_mesh(k, exact.bloch.period)
    total = np.zeros((2, len(levels), len(exact.regions)))

    def add_chunk(part):
        states = States(solve(exact.bloch, nodes[part]), exact.bloch, exact.gauge)
        u = states.eigenvector
        applied = states.apply(exact.kernel(states, exact.definition))
        # (k, row, n', n)
        element = u.conj()[:, :, :, None] * applied[:, :, None, :]
        element = np.abs(element + applied.conj()[:, :, :, None] * u[:, :, None, :])
        element *= np.abs(states.mixing_over_i)[:, None] * weight[0]
        for e, level in enumerate(levels):
            filled = occupation(states.energy, level)
            by_partner = np.einsum("krmn,kn->krm", element, filled)
            total[0, e] += exact.regions @ np.einsum("krm,km->r", by_partner, 1 - filled)
            total[1, e] += exact.regions @ by_partner.sum(axis=(0, 2))

    over_chunks(add_chunk, len(nodes), exact.bloch.size)
    return total
