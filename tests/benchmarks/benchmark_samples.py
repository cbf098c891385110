"""Speed of the Fermi-surface response of large samples, beside kwant's Chebyshev moments.

One process, BLAS on one thread.  Prints Markdown tables; asserts nothing about times, since
machines are noisy and shared, but that both packages find the same trace.  Run it as a script:

    python tests/benchmarks/benchmark_samples.py [--orbitals 20000] [--whole]

kwant is no dependency.  With a Python that has it, PYTHONPATH=src finds the package; without it
that table is left out, and the program says so.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

import accumulation as acc  # noqa: E402
from accumulation.responses import (  # noqa: E402
    disordered_rings,
    field_response,
    resolvents,
    samples_in_space,
)

STRENGTH, LEVEL, VECTORS = 0.6, 1.0, 4
# kwant keeps all moments of a vector: 16 bytes an orbital each, three times.
ETAS = (1.0, 0.5)


def clock(work):
    """Processor seconds and the result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def sample_of(width, orbitals, shape="ring"):
    ribbon, length = acc.haldane(delta=0.5).ribbon((1, 0), width), orbitals // (2 * width)
    onsite = STRENGTH * disordered_rings.anderson(ribbon, length, 1)
    return samples_in_space.sample(ribbon, length, shape, onsite)


def current(sample, responses):
    """Conductivity by vector, e^2 a / hbar times the length."""
    return [-samples_in_space.density_of(sample.velocity, r.fermi).sum() for r in responses]


def solvers(orbitals):
    """Table of the solvers of the package."""
    print(f"\nRings of about {orbitals} orbitals, processor seconds; {VECTORS} random vectors\n")
    print("| width | eta | slices | lu | chebyshev |\n|---|---|---|---|---|")
    for width in (20, 50, 100):
        sample = sample_of(width, orbitals)
        _ = sample.pattern, sample.level
        slices, _ = clock(lambda sample=sample: field_response.exact(sample, LEVEL, 0.1))
        for eta in (0.3, 0.1):
            times = [
                clock(
                    lambda name=name, sample=sample, eta=eta: list(
                        field_response.estimates(sample, LEVEL, eta, name, VECTORS, 0)
                    )
                )[0]
                for name in ("lu", "chebyshev")
            ]
            print(
                f"| {width} | {eta} | {slices:.2f} | {times[0]:.2f} | {times[1]:.2f} |", flush=True
            )


def beside_kwant(orbitals):
    """Trace of the conductivity by kwant and by the package: same moments and random vectors."""
    try:
        import kwant.kpm
    except ImportError:
        print("\nkwant is not installed: its table is left out (pip install kwant).")
        return
    print(
        f"\nConductivity of a flake of about {orbitals} orbitals at one energy, {VECTORS} vectors\n"
    )
    print("| moments | kwant | chebyshev | lu | largest difference |\n|---|---|---|---|---|")
    sample = sample_of(50, orbitals, "flake")
    scale = resolvents.bound(sample.hamiltonian)
    for eta in ETAS:
        z = LEVEL + 1j * eta
        count = resolvents.terms(z, scale)
        draw = np.random.default_rng([0, 3])
        vectors = draw.choice(np.array([-1.0, 1.0]), (len(sample.cell), VECTORS)).T.astype(complex)

        def moments(vectors=vectors, count=count):
            return kwant.kpm.Correlator(
                sample.hamiltonian, sample.velocity, sample.velocity,
                num_moments=count, num_vectors=VECTORS, vector_factory=iter(vectors),
                bounds=(-scale, scale), eps=1e-12, mean=False,
            ).moments_matrix  # fmt: skip

        theirs, table = clock(moments)
        # A = -Im G / pi: the imaginary part of its coefficients, as the polynomials are real
        series = -resolvents.coefficients(z, scale, count, False)[0].imag / np.pi
        expected = np.pi * np.einsum("m,vmn,n->v", series, table, series).real
        ours = {}
        for name in ("chebyshev", "lu"):
            ours[name], found = clock(
                lambda name=name, eta=eta: list(
                    field_response.estimates(sample, LEVEL, eta, name, VECTORS, 0)
                )
            )
            found = np.array(current(sample, found))
            off = np.abs(found - expected).max() / np.abs(expected).max()
            assert off < 1e-4, (name, off)
        print(
            f"| {count} | {theirs:.2f} | {ours['chebyshev']:.2f} | {ours['lu']:.2f} | {off:.0e} |",
            flush=True,
        )
    print("\nkwant's moments serve every energy; the other two columns are of one energy.")


def whole():
    """One sample of 1e5 orbitals by the theory, with its memory."""
    import resource

    from accumulation.theory import large_samples

    print("\nOne ring of 1e5 orbitals, eta 0.005\n")
    print("| width | solver | processor s | MB in all |\n|---|---|---|---|")
    for width, solver in ((200, "lu"), (20, "slices"), (50, "slices")):
        ribbon = acc.haldane(delta=0.5).ribbon((1, 0), width)
        seconds, _ = clock(
            lambda ribbon=ribbon, width=width, solver=solver: large_samples.compute(
                ribbon, fermi_energy=LEVEL, broadening=0.005, length=50000 // width,
                strength=STRENGTH, solver=solver,
            )
        )  # fmt: skip
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {width} | {solver} | {seconds:.1f} | {memory:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orbitals", type=int, default=20000)
    parser.add_argument("--whole", action="store_true", help="samples of 1e5 orbitals too")
    arguments = parser.parse_args()
    beside_kwant(arguments.orbitals)
    solvers(arguments.orbitals)
    if arguments.whole:
        whole()


if __name__ == "__main__":
    main()
