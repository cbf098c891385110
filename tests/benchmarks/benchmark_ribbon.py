"""Speed of bands + elements + response, as ratios to bare numpy.linalg.eigh in the same run.

One process, BLAS on one thread, without imports and files.  Prints a Markdown table; asserts
nothing, since machines are noisy and shared.  Run it as a script.  The ribbon of Wannier functions
is left out unless the environment names the folder of its files.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"

import resource  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import accumulation as acc  # noqa: E402

POINTS = 401
PARAMETERS = {"t2": 0.06, "phi": np.pi / 2, "delta": 0.5}
CASES = [
    ("zigzag", (1, 0), 20, 15),
    ("zigzag", (1, 0), 100, 3),
    ("armchair", (1, 1), 20, 15),
    ("armchair", (1, 1), 100, 3),
]


def clock(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def chain(ribbon, level, threads=1, points=POINTS):
    """Seconds of each stage."""
    t1, bands = clock(lambda: acc.bands(ribbon, k=points, threads=threads))
    t2, elements = clock(lambda: acc.elements(ribbon, bands, threads=threads))
    t3, _ = clock(lambda: acc.response(elements, fermi_energy=level, threads=threads))
    return np.array([t1, t2, t3])


def bare_on_two_threads(h):
    """Bare eigh of half of the matrices on each of two threads: what this machine can gain."""
    other = threading.Thread(target=np.linalg.eigh, args=(h[: len(h) // 2],))
    other.start()
    np.linalg.eigh(h[len(h) // 2 :])
    other.join()


def pythtb_ribbon(direction, width):
    """The same ribbon in pythtb, the peer a user would otherwise pick."""
    import pythtb

    turn = PARAMETERS["t2"] * np.exp(1j * PARAMETERS["phi"])
    model = pythtb.tb_model(2, 2, [[1, 0], [0.5, np.sqrt(3) / 2]], [[0, 0], [1 / 3, 1 / 3]])
    model.set_onsite([PARAMETERS["delta"], -PARAMETERS["delta"]])
    for cell in ([0, 0], [-1, 0], [0, -1]):
        model.set_hop(-1.0, 0, 1, cell)
    for cell in ([1, 0], [-1, 1], [0, -1]):
        model.set_hop(turn, 0, 0, cell)
        model.set_hop(turn.conjugate(), 1, 1, cell)
    return model.make_supercell([list(direction), [0, 1]]).cut_piece(width, 1)


# A ribbon of 11 Wannier functions a cell, after a small one that loads all modules: peak memory of
# the whole process before and after each, in KiB.
WANNIER_MEMORY = """
import re, sys, warnings
from pathlib import Path
import accumulation as acc
warnings.simplefilter("ignore")
def peak():
    # Not ru_maxrss, which a process has from the one that started it.
    return re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
def chain(ribbon, k):
    acc.response(acc.elements(ribbon, acc.bands(ribbon, k=k)), 0.0)
chain(acc.haldane().ribbon((1, 1), 2), 9)
loaded = peak()
ribbon = acc.from_wannier90(sys.argv[1], filling=7).ribbon((1, 0), 12)
read = peak()
chain(ribbon, 101)
print(loaded, read, peak())
"""


def wannier(seed):
    """The ribbon of width 12 on 101 k: ratios of its stages, and its memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ribbon = acc.from_wannier90(seed, filling=7).ribbon((1, 0), 12)
    k = acc.bands(ribbon, k=101, eigenvectors=False).k.values
    h = ribbon.hamiltonian(k)[0].astype(complex)
    chain(ribbon, 0.0, points=101)
    bare, ours = [], []
    for _ in range(9):
        bare.append(clock(lambda: np.linalg.eigh(h))[0])
        ours.append(chain(ribbon, 0.0, points=101))
    shares = np.median(np.array(ours) / np.array(bare)[:, None], axis=0)
    total = np.median(np.sum(ours, axis=1) / np.array(bare))
    command = [sys.executable, "-c", WANNIER_MEMORY, str(seed)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    loaded, read, peak = (int(number) / 2**10 for number in text.split())
    print(
        f"\nMoS2 of {seed.name}, width 12, {h.shape[-1]} orbitals, 101 k: chain / eigh {total:.2f} "
        f"({' + '.join(f'{s:.2f}' for s in shares)}); peak memory {peak:.0f} MB, "
        f"{peak - loaded:.0f} above the interpreter with its modules ({read - loaded:.0f} MB for "
        f"files and the ribbon); the matrices are {h.nbytes / 2**20:.0f} MB"
    )


def main():
    print("| ribbon | width | H(k) | E_F | eigh | chain / eigh | bands + elements + response "
          "| 2 threads (eigh) | pythtb bands / eigh |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name, direction, width, repeats in CASES:
        ribbon = acc.haldane(**PARAMETERS).ribbon(direction, width)
        k = acc.bands(ribbon, k=POINTS, eigenvectors=False).k.values
        h = ribbon.hamiltonian(k)[0]
        peer = pythtb_ribbon(direction, width)
        mesh = k[:, None] * ribbon.period / (2 * np.pi)
        for level in (0.0, 1.5):
            bare, ours, faster, bare_faster, theirs = [], [], [], [], []
            for _ in range(repeats):
                bare.append(clock(lambda h=h: np.linalg.eigh(h))[0])
                ours.append(chain(ribbon, level))
                two = chain(ribbon, level, threads=2)
                faster.append(ours[-1].sum() / two.sum())
                bare_faster.append(bare[-1] / clock(lambda h=h: bare_on_two_threads(h))[0])
                if level == 0.0 and len(theirs) < 3:
                    seconds = clock(lambda p=peer, m=mesh: p.solve_all(m, eig_vectors=True))[0]
                    theirs.append(seconds / bare[-1])
            shares = np.median(np.array(ours) / np.array(bare)[:, None], axis=0)
            total = np.median(np.sum(ours, axis=1) / np.array(bare))
            peer_text = f"{np.median(theirs):.1f}" if theirs else ""
            print(
                f"| {name} | {width} | {'real' if h.dtype == float else 'complex'} | {level} "
                f"| {np.median(bare) / POINTS * 1e6:.0f} µs a k | **{total:.2f}** "
                f"| {' + '.join(f'{s:.2f}' for s in shares)} "
                f"| {np.median(faster):.2f} × ({np.median(bare_faster):.2f} ×) "
                f"| {peer_text} |",
                flush=True,
            )
    code = (
        "import accumulation as acc, resource\n"
        "ribbon = acc.haldane(t2=0.06, phi=1.5, delta=0.5).ribbon((1, 0), 200)\n"
        "elements = acc.elements(ribbon, acc.bands(ribbon, k=401))\n"
        "acc.response(elements, 0.0)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peak = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(f"\nPeak memory, zigzag of width 200 on 401 k: {int(peak.stdout) / 2**20:.2f} GB")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"Peak memory of this process: {own:.2f} GB")
    folder = os.environ.get("ACCUMULATION_WANNIER_DATA")
    if folder:
        wannier(Path(folder) / "mos2")


if __name__ == "__main__":
    main()
