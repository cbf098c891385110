"""Computations over a mesh of k, in chunks that fit the cache, on one or several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

# From this size on, computations without a diagonalisation are faster on several threads.
THREADED = 64
# Matrices that work on a chunk has at hand at once, and the elements of each that fit the cache.
MATRICES, ELEMENTS = 12, 16000
EVEN = 4


def chunks(points: int, size: int, matrices: int = MATRICES) -> list[slice]:
    """Slices of k for matrices of ``size`` orbitals, short enough for the cache, all of one length.

    A slice has up to 10 k at 40 orbitals (0.25 MB a complex matrix) and 2 above 80, so that about
    twelve matrices fit into the cache; work with fewer ``matrices`` gets longer ones.  This is
    10-20 % faster than slices four times as long, 1.2-1.7 times faster than one batch over all k,
    and limits the size of temporaries.
    """
    step = int(np.clip(ELEMENTS * MATRICES // (matrices * size**2), 2, 64))
    number = -(-points // step)
    # A number that two or four threads share evenly.
    number = min(points, EVEN * -(-number // EVEN)) if number > 1 else number
    ends = [points * i // max(number, 1) for i in range(number + 1)]
    return [slice(*pair) for pair in pairwise(ends)]


def over_chunks(
    work, points: int, size: int, threads: int = 1, light: bool = False, matrices: int = MATRICES
) -> None:
    """Call ``work(slice)`` for every chunk of k, on ``threads`` threads.

    LAPACK and matmul release the interpreter lock; BLAS should run on one thread.  ``light`` work
    on small matrices, without a diagonalisation, holds the lock most of the time and is 0.9 times
    as fast on two threads, so it runs on one.
    """
    threads = 1 if light and size < THREADED else threads
    # Freeing one large block raises glibc's thresholds for returning memory to the system.  Without
    # it every temporary of every chunk is mapped and cleared again (elements take 2.5 x as long).
    np.empty(31 * 2**20, dtype=np.uint8)
    parts = chunks(points, size, matrices)
    if threads <= 1 or len(parts) == 1:
        for part in parts:
            work(part)
        return

    def share(offset):
        for part in parts[offset::threads]:
            work(part)

    # This thread does a share, too: one less to start.
    with ThreadPoolExecutor(threads - 1) as pool:
        others = pool.map(share, range(1, threads))
        share(0)
        for _ in others:
            pass


def gathered(work, points: int, size: int, threads: int = 1) -> list:
    """List of the results of ``work(slice)`` for every chunk of k, in the order of k.

    The result does not depend on the order in which the threads finish.
    """
    results: dict[int, object] = {}

    def store(part):
        results[part.start] = work(part)

    over_chunks(store, points, size, threads)
    return [results[start] for start in sorted(results)]


def in_order(work, parts: list, threads: int = 1) -> list:
    """List of ``work(part)`` for every part, on ``threads`` threads, in the order of the parts."""
    if threads <= 1 or len(parts) <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))
