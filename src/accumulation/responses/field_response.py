"""Response of the density matrix of one sample to a field, from Green functions at E_F +- i eta.

With H' = e E x, v = i[H, x], G+- = G(E +- i eta), A = i (G+ - G-) / 2 pi and filled states up to
E_F, the Kubo-Bastin formula

    R = i int^E_F dE [(G+)^2 v A - A v (G-)^2]

holds with x of a ring as well, of which only v has a meaning.  By parts, with dG/dE = -G^2 and
X(z) = G^2 v G - G v G^2, it is the sum of three terms (hbar = e E = 1):

    R_fermi   = -pi A v A                                          at E_F
    R_surface = -(G+ v G- - G- v G+) / 4 pi                        at E_F
    R_sea     = -int^E_F dE [X(E + i eta) - X(E - i eta)] / 4 pi

R_fermi is dissipative (Kubo and Greenwood).  Of a clean sample it has elements between states a
and b of v_ab delta_eta(E - e_a) delta_eta(E - e_b), delta_eta a Lorentzian of half-width eta;
integrated over energy, v_ab times a Lorentzian of half-width 2 eta of e_a - e_b, so that it is the
intraband response with tau = hbar / (2 eta), and S11 with the broadening 2 eta.

The other two are the interband response: between states further apart than eta, i times
v_ab / (e_a - e_b)^2 (f_a - f_b).  X(z) decays as z^-4 and is analytic off the real axis, so that
the path E + i eta, E < E_F, is turned into the vertical one z = E_F + i y, y > eta, on which G is
smooth:

    R_sea = -(J + J+) / 4 pi,  J = -i int_eta^inf dy X(E_F + i y)

because X(z*) = -X(z)+.  At a level in a gap that is the contour integral
(i/2) oint dz / 2 pi i X(z) around the filled levels.

Time reversal: where H is real, R_fermi is imaginary and the others are real, so a density whose
operator is imaginary (a moment) has the first only, one whose operator is real the others only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, eye_array

from ..states import block_chain
from . import resolvents
from .samples_in_space import Sample

SOLVERS = {"lu": resolvents.factorized, "chebyshev": resolvents.expanded}
# Share of the points of the vertical path that lie above the band.
FAR = 4
# Random vectors that resolvents are applied to together.
BATCH = 16


@dataclass(frozen=True)
class Response:
    """Change of the density matrix over e E on the hops of a sample, Hermitian (orbital, orbital).

    fermi : R_fermi, in 1 / (t0 a^-1 t0) ;  interband : R_surface + R_sea, None where left out
    coarse : R_surface + R_sea with about half of the points of the path
    """

    fermi: csr_array
    interband: csr_array | None = None
    coarse: csr_array | None = None


def vertical_path(broadening: float, scale: float, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points y > broadening of the vertical path and their weights, (point,), in t0.

    Gauss-Legendre in log y up to ``scale``, a bound of |H| and |E_F|, and in 1 / y above it.
    """
    above = max(2, points // FAR)
    x, w = np.polynomial.legendre.leggauss(max(2, points - above))
    top = 2 * max(scale, broadening)
    half = 0.5 * np.log(top / broadening)
    near = broadening * np.exp(half * (1 + x))
    u, weight = np.polynomial.legendre.leggauss(above)
    inverse = 0.5 * (1 + u) / top
    return (
        np.concatenate((near, 1 / inverse)),
        np.concatenate((w * half * near, 0.5 * weight / top / inverse**2)),
    )


def exact(sample: Sample, level: float, broadening: float, points: int = 0) -> Response:
    """Response by recursion over slices of the sample, without a statistical error.

    Parameters
    ----------
    level : Fermi energy;  broadening : eta, both in t0
    points : of the vertical path of R_sea; 0 leaves the interband part out
    """
    z, v, pattern = level + 1j * broadening, sample.velocity, sample.pattern
    identity = eye_array(pattern.shape[0], format="csr")

    def pair(z: complex, wanted: tuple[str, ...]) -> dict[str, csr_array]:
        matrices = {
            "left": csr_array(z * identity - sample.hamiltonian),
            "right": csr_array(np.conj(z) * identity - sample.hamiltonian),
            **dict.fromkeys(wanted, -v),
        }
        return block_chain.on_band(block_chain.PAIR, matrices, sample.level, pattern, wanted)

    found = pair(z, ("mixed", "same"))
    mixed, same = found["mixed"], found["same"]
    reverse = -mixed.conj() if sample.is_real else pair(np.conj(z), ("mixed",))["mixed"]
    fermi = (mixed + reverse - same - _adjoint(same)) * (-1 / (4 * np.pi))
    if not points:
        return Response(fermi)
    surface = (mixed - reverse) * (-1 / (4 * np.pi))

    def turned(z: complex) -> csr_array:
        matrices = {
            "green": csr_array(z * identity - sample.hamiltonian),
            "square": -identity,
            "mixed": -v,
        }
        return block_chain.on_band(
            block_chain.TURNED, matrices, sample.level, pattern, ("turned",)
        )["turned"]

    seas = []
    for count in (points, points // 2):
        y, weight = vertical_path(broadening, _scale(sample, level), count)
        path = sum(w * turned(level + 1j * one) for one, w in zip(y, weight, strict=True))
        seas.append(_sea(-1j * path))
    return Response(fermi, surface + seas[0], surface + seas[1])


def _scale(sample: Sample, level: float) -> float:
    return abs(level) + resolvents.bound(sample.hamiltonian)


def _adjoint(matrix: csr_array) -> csr_array:
    return csr_array(matrix.conj().T)


def _sea(path: csr_array) -> csr_array:
    return (path + _adjoint(path)) * (-1 / (4 * np.pi))


def from_eigenstates(sample: Sample, level: float, broadening: float) -> Response:
    """The same from all eigenstates of a small sample, the integral of R_sea in closed form.

    Between states a and b, X = (g_a - g_b)^2 / d with g = 1 / (z - e) and d = e_a - e_b, of which
    -[g_a + g_b + 2 log(g_b / g_a) / d] / d is the integral from -infinity.

    Parameters
    ----------
    level, broadening : as of :func:`exact`
    """
    energy, u = np.linalg.eigh(sample.hamiltonian.toarray())
    velocity = u.conj().T @ (sample.velocity @ u)
    d = energy[:, None] - energy
    near = np.abs(d) < 1e-4 * broadening
    gap = np.where(near, 1.0, d)

    def integral(z: complex) -> np.ndarray:
        g, logarithm = 1 / (z - energy), np.log(z - energy)
        far = g[:, None] + g + 2 * (logarithm[:, None] - logarithm) / gap
        return np.where(near, -d * g**3 / 3, -far / gap)

    z = level + 1j * broadening
    plus, minus = 1 / (z - energy), 1 / (np.conj(z) - energy)
    spectral = -plus.imag / np.pi
    surface = np.outer(plus, minus) - np.outer(minus, plus)
    sea = integral(z) - integral(np.conj(z))
    parts = (-np.pi * np.outer(spectral, spectral), -(surface + sea) / (4 * np.pi))
    return Response(*(sample.pattern * (u @ (part * velocity) @ u.conj().T) for part in parts))


def estimates(
    sample: Sample,
    level: float,
    broadening: float,
    solver: str,
    vectors: int,
    seed: int,
    points: int = 0,
) -> Iterator[Response]:
    """Responses, one from each random vector; their mean is the response of the sample.

    With a random vector r of elements of modulus 1, P v Q is the mean of P|r><r|v Q, for P and Q
    any of G+, G-, A and G^2: the vectors r and v r are all that the resolvents are applied to.
    Compared with P v Q|r><r|, the variance is smaller by about eta times the density of states.

    Parameters
    ----------
    level, broadening, points : as of :func:`exact`
    solver : of SOLVERS;  vectors : at least 1;  seed : of the random vectors
    """
    draw = np.random.default_rng([seed, 3])
    for first in range(0, vectors, BATCH):
        count = min(BATCH, vectors - first)
        yield from _Batch(sample, solver, count, draw).responses(level, broadening, points)


class _Batch:
    """Random vectors of one sample and what resolvents make of them."""

    def __init__(self, sample: Sample, solver: str, count: int, draw: np.random.Generator):
        self.sample, self.count, self.apply = sample, count, SOLVERS[solver]
        self.rows, _ = sample.pattern.nonzero()
        shape = (len(sample.cell), count)
        if sample.is_real:  # v r is i times a real vector
            r, self.factor = draw.choice(np.array([-1.0, 1.0]), shape), -1j
            turned = (sample.velocity @ r).imag
        else:
            r, self.factor = np.exp(2j * np.pi * draw.random(shape)), 1.0 + 0j
            turned = sample.velocity @ r
        self.vectors = np.concatenate((r, turned), axis=1)

    def _outer(self, left: np.ndarray, right: np.ndarray, i: int) -> csr_array:
        """|left><right| of vector i on the hops, ``left`` of r and ``right`` of v r."""
        pattern = self.sample.pattern
        bra = self.factor * right[:, self.count + i].conj()
        entries = left[self.rows, i] * bra[pattern.indices]
        return csr_array((entries, pattern.indices, pattern.indptr), shape=pattern.shape)

    def responses(self, level: float, broadening: float, points: int) -> Iterator[Response]:
        energy = np.array([level + 1j * broadening])
        at_level = next(self.apply(self.sample.hamiltonian, energy, self.vectors))
        plus, minus = at_level.once, at_level.once_conjugate
        spectral = 0.5j / np.pi * (plus - minus)
        paths = [self._paths(level, broadening, n) for n in (points, points // 2) if n > 1]
        for i in range(self.count):
            half = self._outer(spectral, spectral, i)
            fermi = (half + _adjoint(half)) * (-0.5 * np.pi)
            if not points:
                yield Response(fermi)
                continue
            half = self._outer(plus, plus, i) - self._outer(minus, minus, i)
            surface = (half + _adjoint(half)) * (-1 / (8 * np.pi))
            yield Response(fermi, *(surface + _sea(-1j * path[i]) for path in paths))

    def _paths(self, level: float, broadening: float, points: int) -> list[csr_array]:
        """Integral of X along the vertical path, from each vector."""
        y, weight = vertical_path(broadening, _scale(self.sample, level), points)
        energies = level + 1j * y
        totals: list = [0] * self.count
        on_path = self.apply(self.sample.hamiltonian, energies, self.vectors, squares=True)
        for g, w in zip(on_path, weight, strict=True):
            for i in range(self.count):
                # <r|v G = (G(z*) v|r>)+
                first = self._outer(g.twice, g.once_conjugate, i)
                totals[i] = totals[i] + w * (first - self._outer(g.once, g.twice_conjugate, i))
        return totals
