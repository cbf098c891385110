"""Resolvents G(z) = (z - H)^-1 of a sparse matrix applied to vectors: factorized or expanded.

lu         a sparse factorization of z - H at every z (SuperLU): time and memory grow with the
           entries of the factors, a little faster than linearly in two dimensions, whatever Im z
chebyshev  an expansion in Chebyshev polynomials of H, one for all z.  Its number of terms is
           proportional to 1 / Im z, its memory that of some vectors:
           G(z) = sum_n (2 - delta_n0) e^{-i n theta} / (i s sin theta) T_n(H / s), z = s cos theta
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csc_array, csr_array, eye_array

# Terms of an expansion are below this fraction of the first when it ends.
SMALLEST_TERM = 1e-7
# Vectors that are kept and multiplied by their coefficients together.
CHUNK = 32


def _nothing() -> np.ndarray:
    return np.empty((0, 0))


@dataclass(frozen=True)
class Applied:
    """Resolvents applied to vectors b, at z and at its conjugate.

    once, once_conjugate : (orbital, vector) G(z) b, G(z*) b
    twice, twice_conjugate : (orbital, vector) G^2 b, empty unless asked for
    """

    once: np.ndarray
    once_conjugate: np.ndarray
    twice: np.ndarray = field(default_factory=_nothing)
    twice_conjugate: np.ndarray = field(default_factory=_nothing)


def factorized(
    hamiltonian: csr_array, energies: np.ndarray, vectors: np.ndarray, squares: bool = False
) -> Iterator[Applied]:
    """Resolvents by factorization, in the order of ``energies`` (energy,) complex, in t0.

    Parameters
    ----------
    hamiltonian : (orbital, orbital) Hermitian, in t0;  vectors : (orbital, vector)
    squares : whether G^2 is applied too
    """
    from scipy.sparse.linalg import splu  # slow to import

    right, real = np.asfortranarray(vectors, dtype=complex), is_real(hamiltonian, vectors)
    for z in energies:
        shifted = csc_array(z * eye_array(hamiltonian.shape[0]) - hamiltonian)
        # z - H has the pattern of its transpose and a diagonal that is never small (Im z).
        factors = splu(
            shifted,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        once = factors.solve(right)
        back = once.conj() if real else factors.solve(right, trans="H")
        if not squares:
            yield Applied(once, back)
            continue
        twice = factors.solve(once)
        yield Applied(once, back, twice, twice.conj() if real else factors.solve(back, trans="H"))


def expanded(
    hamiltonian: csr_array, energies: np.ndarray, vectors: np.ndarray, squares: bool = False
) -> Iterator[Applied]:
    """Resolvents by expansion in Chebyshev polynomials, in the order of ``energies`` (energy,).

    Parameters
    ----------
    hamiltonian : (orbital, orbital) Hermitian, in t0;  vectors : (orbital, vector)
    squares : whether G^2 is applied too
    """
    scale = bound(hamiltonian)
    real = is_real(hamiltonian, vectors)
    h = (hamiltonian.real if real else hamiltonian) * (1 / scale)
    right = np.ascontiguousarray(vectors.real if real else vectors)
    counts = [terms(z, scale) for z in energies]
    most = max(counts)
    weights = []
    for z, count in zip(energies, counts, strict=True):
        series = coefficients(z, scale, most, squares)
        series[:, count:] = 0
        weights += list(series)
    table = np.array(weights)  # (series, term)
    sums = np.zeros((2 * len(table), right.size), dtype=right.dtype)
    both = np.concatenate((table.real, table.imag))
    kept = np.empty((CHUNK, right.size), dtype=right.dtype)
    before, now = right, h @ right
    for start in range(0, most, CHUNK):
        stop = min(start + CHUNK, most)
        for n in range(start, stop):
            kept[n - start] = before.ravel()
            before, now = now, 2 * (h @ now) - before
        active = np.any(both[:, start:stop], axis=1)
        sums[active] += both[active, start:stop] @ kept[: stop - start]
    sums = sums.reshape(2, len(energies), -1, *right.shape)
    for cosine, sine in zip(sums[0], sums[1], strict=True):
        up, down = cosine + 1j * sine, cosine - 1j * sine
        yield Applied(up[0], down[0], up[1], down[1]) if squares else Applied(up[0], down[0])


def is_real(hamiltonian: csr_array, vectors: np.ndarray) -> bool:
    """Whether H and ``vectors`` (orbital, vector) are real, so that G(z*) b = (G(z) b)*."""
    return not (np.any(hamiltonian.data.imag) or np.any(np.imag(vectors)))


def bound(hamiltonian: csr_array) -> float:
    """A bound of |H| a little above its largest sum of absolute values in a row, in t0."""
    return 1.0001 * float(abs(hamiltonian).sum(axis=1).max()) or 1.0


def terms(z: complex, scale: float) -> int:
    """Number of terms of the expansion of G(z) and of G(z)^2, ``scale`` the bound of |H|."""
    decay = np.abs(np.arccos(complex(z / scale)).imag)
    count = -np.log(SMALLEST_TERM) / decay
    # Terms of G^2 have another factor n.
    return int(np.ceil(count + np.log(max(count, 1.0)) / decay)) + 1


def coefficients(z: complex, scale: float, count: int, squares: bool) -> np.ndarray:
    """Coefficients (1 or 2, count) of G(z) = (z - H)^-1, and of its square if ``squares``.

    Parameters
    ----------
    scale : the bound of |H|, in t0
    """
    # The branch on which e^{-i n theta} decays.
    theta = np.arccos(complex(z / scale))
    theta = -theta if theta.imag > 0 else theta
    n = np.arange(count)
    sine = np.sin(theta)
    series = -2j * np.exp(-1j * n * theta) / (scale * sine)
    series[0] /= 2
    if not squares:
        return series[None]
    # G^2 = -dG/dz, dz = -scale sin(theta) d theta
    slope = (-1j * n - np.cos(theta) / sine) / (scale * sine)
    return np.array([series, series * slope])
