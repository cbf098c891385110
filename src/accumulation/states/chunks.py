"""Work over a mesh of k, in chunks that fit the cache, on one thread or several."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

# From this size on work without a diagonalisation gains from threads.
THREADED = 64


def chunks(points: int, size: int) -> list[slice]:
    """Slices of at most a cache-friendly number of k points for matrices of ``size`` orbitals.

    10 k at 40 orbitals (0.25 MB a complex matrix) down to 2 above 80: the dozen matrices at work
    stay in cache, 10-20 % faster than four times as many, 1.2-1.7 times faster than one batch
    over all k, and temporaries stay bounded.
    """
    step = int(np.clip(16000 // size**2, 2, 64))
    return [slice(start, min(start + step, points)) for start in range(0, points, step)]


def over_chunks(work, points: int, size: int, threads: int = 1, light: bool = False) -> None:
    """Call ``work(slice)`` for every chunk of k, on ``threads`` threads.

    LAPACK and matmul release the interpreter lock; BLAS itself is meant to stay at one thread.
    ``light`` work on small matrices, without a diagonalisation, spends its time holding the lock:
    0.9 times as fast on two threads, so it stays on one.
    """
    threads = 1 if light and size < THREADED else threads
    # Freeing one large block raises glibc's thresholds for returning memory to the system; without
    # it every temporary of every chunk is mapped and cleared afresh (elements take 2.5 x as long).
    np.empty(31 * 2**20, dtype=np.uint8)
    parts = chunks(points, size)
    if threads <= 1 or len(parts) == 1:
        for part in parts:
            work(part)
        return

    def share(first):
        for part in parts[first::threads]:
            work(part)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(share, range(threads)):
            pass


def gathered(work, points: int, size: int, threads: int = 1) -> list:
    """What ``work(slice)`` returns for every chunk of k, in the order of k.

    Whatever the order in which the threads finish: bit-for-bit reproducible.
    """
    results: dict[int, object] = {}

    def store(part):
        results[part.start] = work(part)

    over_chunks(store, points, size, threads)
    return [results[start] for start in sorted(results)]
