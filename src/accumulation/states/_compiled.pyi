"""The compiled module, which is optional; :mod:`accumulation.states.compiled` says what it does."""

import numpy as np

SOURCE: str

def band_eigenpairs(
    address: int,
    size: int,
    bandwidth: int,
    band: np.ndarray,
    energy: np.ndarray,
    vectors: np.ndarray,
) -> int: ...
def expectations(
    parts: int,
    size: int,
    reach: np.ndarray,
    kernel: np.ndarray,
    vectors: np.ndarray,
    result: np.ndarray,
) -> None: ...
def row_elements(
    parts: int,
    size: int,
    reach: np.ndarray,
    kernel: np.ndarray,
    vectors: np.ndarray,
    mixed: np.ndarray,
    density: np.ndarray,
    polarizability: np.ndarray,
) -> None: ...
def mixed_states(
    address: int,
    size: int,
    reach: np.ndarray,
    slope: np.ndarray,
    energy: np.ndarray,
    vectors: np.ndarray,
    closest: float,
    result: np.ndarray,
) -> None: ...
def products(size: int, batch: int, x: np.ndarray, y: np.ndarray, result: np.ndarray) -> None: ...
def reflect(
    size: int, order: np.ndarray, sign: float, array: np.ndarray, first: int, last: int
) -> None: ...
