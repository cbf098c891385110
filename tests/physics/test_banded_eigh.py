"""Band matrices are diagonalised as full ones are, degenerate levels and blocks included."""

import numpy as np
import pytest

import accumulation as acc
from accumulation.states import banded_eigh, compiled, lapack
from accumulation.states.eigenpairs import solve


def matrices(kind: str, width: int, size: int = 40) -> np.ndarray:
    """Random bands, two equal copies of one, diagonal matrices, or one level only."""
    random = np.random.default_rng(width)
    full = random.normal(size=(5, size, size))
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    band = np.where(apart <= width, full + np.swapaxes(full, 1, 2), 0.0)
    if kind == "copies":
        half = band[:, : size // 2, : size // 2]
        band[:, size // 2 :, size // 2 :], band[:, : size // 2, size // 2 :] = half, 0.0
        band[:, size // 2 :, : size // 2] = 0.0
    if kind == "apart":
        band *= apart < 1
    if kind == "flat":
        band[:] = 0.5 * np.eye(size)
    return band


def lower_band(matrix: np.ndarray, width: int) -> np.ndarray:
    """Elements [j + i, j] of matrices (k, n, n) as (k, j, i)."""
    band = np.zeros((*matrix.shape[:2], width + 1))
    for i in range(width + 1):
        band[:, : matrix.shape[1] - i, i] = np.diagonal(matrix, -i, axis1=1, axis2=2)
    return band


@pytest.fixture(params=["compiled", "ctypes"])
def way(request, monkeypatch):
    """LAPACK is called by the compiled module, or matrix by matrix from Python."""
    if request.param == "ctypes":
        monkeypatch.setattr(compiled, "MODULE", None)
    elif compiled.MODULE is None:
        pytest.skip("installed without a C compiler")


@pytest.mark.parametrize("kind", ["random", "copies", "apart", "flat"])
@pytest.mark.parametrize("width", [1, 2, 5])
def test_eigenpairs_of_a_band_are_those_of_the_full_matrix(kind, width, way):
    matrix = matrices(kind, width)
    energy, vectors = banded_eigh.eigh(lower_band(matrix, width))
    scale = np.abs(matrix).max()
    np.testing.assert_allclose(energy, np.linalg.eigvalsh(matrix), atol=1e-13 * scale)
    unit = np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape)
    np.testing.assert_allclose(np.swapaxes(vectors, 1, 2) @ vectors, unit, atol=1e-13)
    np.testing.assert_allclose(matrix @ vectors, vectors * energy[:, None], atol=1e-13 * scale)


def test_a_matrix_that_is_no_number_is_an_error(way):
    matrix = matrices("random", 2)
    matrix[3] = np.nan
    with pytest.raises(np.linalg.LinAlgError):
        banded_eigh.eigh(lower_band(matrix, 2))


def test_a_real_ribbon_is_diagonalised_as_a_band(monkeypatch):
    """At phi = pi / 2 its H(k) is real; without the routine it gives the same bands."""
    ribbon = acc.haldane(t2=0.06, phi=np.pi / 2, delta=0.5).ribbon((1, 0), 20)
    assert ribbon.bloch.bandwidth == 2
    assert banded_eigh.is_faster(ribbon.bloch.size, ribbon.bloch.bandwidth)
    k = np.linspace(-3, 3, 21)
    expected = lower_band(ribbon.bloch.hamiltonian(k), 2)
    np.testing.assert_allclose(ribbon.bloch.lower_band(k), expected, atol=1e-15)
    as_band = solve(ribbon.bloch, k)
    monkeypatch.setattr(lapack, "address", lambda name: None)
    assert not banded_eigh.is_faster(ribbon.bloch.size, ribbon.bloch.bandwidth)
    full = solve(ribbon.bloch, k)
    np.testing.assert_allclose(as_band.energy, full.energy, atol=1e-13)
    np.testing.assert_allclose(as_band.velocity, full.velocity, atol=1e-11)
    with pytest.raises(RuntimeError, match="dsbevd"):
        banded_eigh.eigh(ribbon.bloch.lower_band(k))
