"""Response of the density matrix of one sample to a field, from Green functions at E_F +- i eta.

With H' = e E x, v = i[H, x], G+- = G(E +- i eta), A = i (G+ - G-) / 2 pi and filled states up to
E_F, the Kubo-Bastin formula

    R = i int^E_F dE [(G+)^2 v A - A v (G-)^2]

holds with x of a ring as well, of which only v has a meaning.  By parts, with dG/dE = -G^2 and
X(z) = G^2 v G - G v G^2, it is the sum of three terms (hbar = e E = 1):

    R_fermi   = -pi A v A                                          at E_F
    R_surface = -(G+ v G- - G- v G+) / 4 pi                        at E_F
    R_sea     = -int^E_F dE [X(E + i eta) - X(E - i eta)] / 4 pi

R_fermi is dissipative (Kubo and Greenwood).  Of a clean sample it has elements between states a and
b of v_ab delta_eta(E - e_a) delta_eta(E - e_b), delta_eta a Lorentzian of half-width eta; integrated
over energy, v_ab times a Lorentzian of half-width 2 eta of e_a - e_b, so that it is the intraband
response with the relaxation time tau = hbar / (2 eta), and S11 with the broadening 2 eta.

The other two are the interband response: between states further apart than eta, i times
v_ab / (e_a - e_b)^2 (f_a - f_b).  X(z) decays as z^-4 and is analytic off the real axis, so that the
path E + i eta, E < E_F, is turned into the vertical one z = E_F + i y, y > eta, on which G is smooth:

    R_sea = -(J + J+) / 4 pi,  J = -i int_eta^inf dy X(E_F + i y)

because X(z*) = -X(z)+.  At a level in a gap that is the contour integral (i/2) oint dz / 2 pi i X(z)
around the filled levels.

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
            **{name: -v for name in wanted},
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
    solver : of SOLVERS
    """
    draw = np.random.default_rng([seed, 3])
    size = len(sample.cell)
    rows, columns = sample.pattern.nonzero()
    applied = SOLVERS[solver]
    for _ in range(vectors):
        if sample.is_real:
            r = draw.choice(np.array([-1.0, 1.0]), size)
            both = np.column_stack((r, (sample.velocity @ r).imag))
            factor = 1j
        else:
            r = np.exp(2j * np.pi * draw.random(size))
            both = np.column_stack((r, sample.velocity @ r))
            factor = 1.0

        def outer(left: np.ndarray, right: np.ndarray, factor=factor) -> csr_array:
            """|left><right| on the hops, ``right`` times the phase of the velocity."""
            entries = left[rows] * np.conj(factor * right[columns])
            return csr_array((entries, columns, sample.pattern.indptr), shape=(size, size))

        at_level = next(applied(sample.hamiltonian, np.array([level + 1j * broadening]), both))
        plus, minus = at_level.once, at_level.once_conjugate
        spectral = 0.5j / np.pi * (plus - minus)
        half = outer(spectral[:, 0], spectral[:, 1])
        fermi = (half + _adjoint(half)) * (-0.5 * np.pi)
        if not points:
            yield Response(fermi)
            continue
        half = outer(plus[:, 0], plus[:, 1]) - outer(minus[:, 0], minus[:, 1])
        surface = (half + _adjoint(half)) * (-1 / (8 * np.pi))
        seas = []
        for count in (points, points // 2):
            y, weight = vertical_path(broadening, _scale(sample, level), count)
            path: csr_array | float = 0
            on_path = applied(sample.hamiltonian, level + 1j * y, both, squares=True)
            for g, w in zip(on_path, weight, strict=True):
                # <r|v G = (G(z*) v|r>)+
                path = path + w * (
                    outer(g.twice[:, 0], g.once_conjugate[:, 1])
                    - outer(g.once[:, 0], g.twice_conjugate[:, 1])
                )
            seas.append(_sea(-1j * path))
        yield Response(fermi, surface + seas[0], surface + seas[1])
