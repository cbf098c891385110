"""Selection rules: the response profiles that the symmetries of a ribbon allow.

An operation g takes the row of an orbital to the row of its image, so the response of a density
with a parity under g has the same value at both rows, up to a sign.  The parity of a density is
computed from its matrix and the image of that matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..states.eigenpairs import adjoint, solve
from ..states.eigenstates import KernelFunction, States
from .conserved import vanishing_sums, vanishing_sums_by_state
from .operations import SAME, Operation, parity, symmetries


@dataclass(frozen=True)
class Rule:
    """Rule of one operation for a response: value(target of an orbital) = sign * value(orbital)."""

    operation: Operation
    sign: int


class Symmetries:
    """Operations and conserved quantities of a ribbon, and the responses that they allow.

    Attributes
    ----------
    operations : symmetry operations of the ribbon
    center : mean of the on-site energies, in t0, about which operations exchange energies
    parents, grading : operations of the ribbon without its staggered potential, and the sublattice
        sign; empty and None if the on-site energies are not +-delta on two sublattices
    """

    def __init__(self, ribbon, gauge: str = "atomic"):
        self.ribbon, self.gauge = ribbon, gauge
        self._states: dict[bytes, States] = {}
        self.k = np.random.default_rng(11).uniform(-np.pi, np.pi, 3) / ribbon.period
        hops = ribbon.hops
        on_site = (hops.row == hops.column) & (hops.cell == 0)
        onsite = np.zeros(ribbon.bloch.size)
        np.add.at(onsite, hops.row[on_site], hops.amplitude[on_site].real)
        self.center = float(onsite.mean())
        self.operations = symmetries(ribbon)
        self.parents, self.grading = self._bipartite(on_site, onsite - self.center)
        self._slopes = {id(g): self._slope(g) for g in (*self.operations, *self.parents)}

    def _slope(self, operation) -> int | None:
        return parity(operation, lambda k: self.ribbon.bloch.velocity(k, self.gauge), self.k)

    def _bipartite(self, on_site, staggered):
        """Symmetries of H without its on-site energies, if these are +-delta on two sublattices.

        H = D + delta s with D s = -s D: the states of H are those of D with the amplitudes on the
        two sublattices multiplied by cos a and sin a, the same at every site.  A density that
        connects the sublattices (odd under s) has the profile of D's state times sin 2a, and a is
        the same for all states at one energy, so the intraband response has the symmetries of D.
        """
        if not np.any(np.abs(staggered) > SAME):
            return [], None
        hops = self.ribbon.hops
        hops_between = [
            values[~on_site] for values in (hops.row, hops.column, hops.cell, hops.amplitude)
        ]
        operations = symmetries(replace(self.ribbon, hops=type(hops)(*hops_between)))
        for g in operations:
            if g.name == "S" and abs(g.wave_vector) < SAME and _is_identity(g.target):
                sign = (g.phase * staggered).real / g.phase[0].real / staggered[0]
                if np.allclose(g.phase.imag, 0) and np.allclose(sign, 1):
                    return [operation for operation in operations if operation.energy > 0], g
        return [], None

    def kernel_matrix(self, kernel: KernelFunction, definition: str) -> Callable:
        """Kernel of a density as a function k (k,) -> (k, orbital, orbital), orbital basis."""

        def matrix(k):
            # Operations map the same few k onto the same few images.
            if k.tobytes() not in self._states:
                pairs = solve(self.ribbon.bloch, k)
                self._states[k.tobytes()] = States(pairs, self.ribbon.bloch, self.gauge)
            states = self._states[k.tobytes()]
            values = kernel(states, definition)
            if values.basis == "bands":
                return states.eigenvector @ values.matrix @ adjoint(states.eigenvector)
            return values.matrix

        return matrix

    def rules(self, kernel, definition: str, fermi_energy: float) -> dict[str, list[Rule]]:
        """Rules of both processes for one density (Eqs. 22-27).

        Let s_O, s_x and s_v be the parities of density, position and velocity.  The intraband
        response sum v <n|n_O|n> at the Fermi level has the sign s_O s_v, the interband response
        sum F Re <n|n_O|n'> <n'|x|n> the sign s_O s_x: conjugation does not change a real part, and
        the exchange of filled and empty states about the Fermi level changes neither F nor df/de.
        In the gauge ``cell`` the field couples to the position of the cell, so s_x is the parity of
        the velocity of that gauge; an operation under which it has no parity gives no rule.

        Parameters
        ----------
        fermi_energy : in t0
        """
        density = self.kernel_matrix(kernel, definition)
        rules: dict[str, list[Rule]] = {"intraband": [], "interband": []}
        for g in self.operations:
            if g.energy < 0 and abs(fermi_energy - self.center) > SAME:
                continue
            density_parity, slope = parity(g, density, self.k), self._slopes[id(g)]
            if density_parity is None:
                continue
            rules["intraband"].append(Rule(g, density_parity * g.velocity))
            if slope is not None:
                rules["interband"].append(
                    Rule(g, density_parity * g.energy * g.conjugation * slope)
                )
        if self.grading is not None and parity(self.grading, density, self.k) == -1:
            for g in self.parents:
                density_parity = parity(g, density, self.k)
                if density_parity is not None:
                    rules["intraband"].append(Rule(g, density_parity * g.velocity))
        return rules

    def conserves(self, kernel, definition) -> bool:
        """Whether the net density is conserved, so that its net response vanishes."""
        total = self._site_density(kernel, definition).sum(axis=1, keepdims=True)
        return bool(self._vanishing_sums(total)["intraband"].shape[1])

    def _site_density(self, kernel, definition, k=None) -> np.ndarray:
        """Density n(site) = (P K + K+ P) / 2, (k, site, orbital, orbital), at a few k."""
        matrix = self.kernel_matrix(kernel, definition)(self.k if k is None else k)
        half = 0.5 * self.ribbon.sites[:, :, None] * matrix[:, None]
        return half + adjoint(half)

    def _vanishing_sums(self, density: np.ndarray) -> dict[str, np.ndarray]:
        bloch = self.ribbon.bloch
        return vanishing_sums(
            density, bloch.hamiltonian(self.k), bloch.velocity(self.k, self.gauge)
        )

    def _vanishing_sums_by_state(self, kernel, definition) -> dict[str, np.ndarray]:
        """Sums over sites to which no state contributes (see :func:`vanishing_sums_by_state`)."""
        density, energy, state, slope = [], [], [], []
        for k in (self.k, -self.k):
            density.append(self._site_density(kernel, definition, k))
            states = self._states[k.tobytes()]
            energy.append(states.energy)
            state.append(states.eigenvector)
            slope.append(states.slope)
        return vanishing_sums_by_state(*map(np.array, (density, energy, state, slope)))

    def allowed_profiles(self, kernel, definition, fermi_energy) -> dict[str, np.ndarray]:
        """Orthonormal basis (site, dimension) of the profiles allowed for each process."""
        sites = self.ribbon.sites
        reasons = (
            self._vanishing_sums(self._site_density(kernel, definition)),
            self._vanishing_sums_by_state(kernel, definition),
        )
        spaces = {}
        for process, listed in self.rules(kernel, definition, fermi_energy).items():
            space = sites @ _fixed(listed, sites.shape[1])
            # Not together: the same sum from both sources would differ by rounding.
            for vanishing in reasons:
                space = _orthogonal(space, vanishing[process])
            spaces[process] = space
        return spaces


def operator_residual(ribbon, symmetric: Symmetries) -> float:
    """Largest element of g H(k) g^-1 -+ H(image of k) over operations and random k, in t0.

    It is zero to rounding if all operations of ``symmetric`` are symmetries of the ribbon.
    """
    k = np.random.default_rng(7).uniform(-np.pi, np.pi, 5) / ribbon.period
    shift = symmetric.center * np.eye(ribbon.bloch.size)
    worst = 0.0
    for g in symmetric.operations:
        image = g.image(ribbon.bloch.hamiltonian(k) - shift)
        expected = ribbon.bloch.hamiltonian(g.image_of_k(k)) - shift
        worst = max(worst, float(np.abs(image - g.energy * expected).max()))
    return worst


def _is_identity(target: np.ndarray) -> bool:
    return np.array_equal(target, np.arange(len(target)))


def _fixed(listed: list[Rule], size: int) -> np.ndarray:
    """Orthonormal basis (orbital, dimension) of the profiles that obey every rule."""
    forbidden = np.zeros((size, size))
    for rule in listed:
        change = np.eye(size)
        change[rule.operation.target, np.arange(size)] -= rule.sign
        # This form is zero on the profiles that the rule allows, and positive on all others.
        forbidden += change.T @ change
    values, vectors = np.linalg.eigh(forbidden)
    return vectors[:, values < SAME]


def _orthogonal(profiles: np.ndarray, vanishing_sums: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the profiles whose ``silent_sums`` (site, sum) all vanish."""
    basis, values, _ = np.linalg.svd(profiles, full_matrices=False)
    space = basis[:, values > SAME]
    if not vanishing_sums.shape[1] or not space.shape[1]:
        return space
    sums = vanishing_sums.T @ space
    values, vectors = np.linalg.eigh(sums.T @ sums)
    return space @ vectors[:, values < SAME]
