"""The same work by us and by other packages: values compared first, then timed in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

import accumulation as acc
from accumulation.crystal.hall_sum import hall_conductivity
from accumulation.lattice.units import CHARGE, PLANCK

from .peers import Peer
from .table import Row, difference, interleaved

POINTS = 401
HALDANE = {"t2": 0.06, "phi": np.pi / 2, "delta": 0.5}
# No symmetry makes the interband accumulation of this armchair ribbon vanish.
GENERIC = {"t2": 0.1, "phi": 0.7, "delta": 0.8}
LEVEL, TEMPERATURE = -0.2, 0.05
# WannierBerri's test set; t0 = 1 is its t = -1.
HALL = {"t0": 1.0, "t2": 0.15, "phi": np.pi / 2, "delta": -0.2}
# Of |C| = 1, in S/m of a layer of 1 angstrom.
EXACT_HALL = CHARGE**2 / PLANCK / 1e-10
SAME_BANDS, SAME_ROWS = 1e-10, 1e-8
EDGES = {"zigzag": (1, 0), "armchair": (1, 1)}


def crystal(lattice) -> dict:
    """A lattice as peers get it (:mod:`.peer_work`)."""
    names = list(lattice.orbitals)
    return {
        "vectors": np.asarray(lattice.vectors).tolist(),
        "positions": np.asarray(lattice.positions).tolist(),
        "onsite": [float(np.real(lattice.onsite.get(name, 0.0))) for name in names],
        "hops": [
            [names.index(to), names.index(origin), list(map(int, cell)), t.real, t.imag]
            for to, origin, cell, amplitude in lattice.hoppings
            for t in [complex(amplitude)]
        ],
    }


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one run on one thread, which other programs hardly change."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compared(
    work: str,
    size: str,
    ours: Callable[[], object],
    values: np.ndarray,
    case: dict,
    peers: list[Peer],
    bound: float,
    repeats: int,
) -> Iterator[Row]:
    """Our row and one for each peer that can do it.

    Parameters
    ----------
    ours : runs our work once;  values : what it gives, in the order of the peers
    bound : largest difference of a peer's values that counts as the same work

    Raises
    ------
    RuntimeError
        If the values of a peer are others: then it is not the same work.
    """
    able = [peer for peer in peers if peer.can(case["work"])]
    ours()
    differences = {}
    for peer in able:
        found = difference(np.ravel(values), peer.values(case))
        if not found < bound:
            raise RuntimeError(f"{work} by {peer.name}: values differ by {found:.1e}")
        differences[peer.name] = found
    runs = {"accumulation": lambda: seconds(ours)}
    runs |= {peer.name: (lambda p=peer: p.time(case)) for peer in able}
    for name, (median, ratio) in interleaved(runs, repeats).items():
        by_others = {} if name == "accumulation" else {"difference": differences[name]}
        yield Row(work, size, name, median, ratio, **by_others)


def bands(peers: list[Peer], widths: list[int], repeats: int) -> Iterator[Row]:
    """Bands of Haldane ribbons, with and without eigenvectors."""
    lattice = acc.haldane(**HALDANE)
    for edge, direction in EDGES.items():
        for width in widths:
            ribbon = lattice.ribbon(direction, width)
            found = acc.bands(ribbon, k=POINTS, eigenvectors=False)
            case = {
                "crystal": crystal(lattice),
                "direction": direction,
                "width": width,
                "k": found.k.values.tolist(),
            }
            for work, vectors in (("bands", False), ("bands and vectors", True)):
                yield from compared(
                    work,
                    f"{edge} {width}, {POINTS} k",
                    lambda r=ribbon, v=vectors: acc.bands(r, k=POINTS, eigenvectors=v),
                    found.energy.values,
                    case | {"work": work},
                    peers,
                    SAME_BANDS,
                    repeats,
                )


def accumulation(peers: list[Peer], widths: list[int], repeats: int) -> Iterator[Row]:
    """Rows of the orbital moment, intraband and interband, of an armchair ribbon."""
    lattice = acc.haldane(**GENERIC)
    for width in widths:
        ribbon = lattice.ribbon(EDGES["armchair"], width)

        def ours(ribbon=ribbon):
            states = acc.bands(ribbon, k=POINTS)
            elements = acc.elements(ribbon, states, definition="circulation")
            return acc.response(elements, fermi_energy=LEVEL, temperature=TEMPERATURE)

        case = {
            "work": "accumulation",
            "crystal": crystal(lattice),
            "direction": EDGES["armchair"],
            "width": width,
            "k": acc.bands(ribbon, k=POINTS, eigenvectors=False).k.values.tolist(),
            "fermi_energy": LEVEL,
            "temperature": TEMPERATURE,
        }
        found = ours().accumulation.sel(process=["intraband", "interband"]).values.squeeze()
        size = f"armchair {width}, {POINTS} k"
        yield from compared("accumulation", size, ours, found, case, peers, SAME_ROWS, repeats)


def hall(peers: list[Peer], tolerances: list[float], repeats: int) -> Iterator[Row]:
    """Bulk Hall conductivity, each on the smallest mesh that is accurate enough."""
    lattice = acc.haldane(**HALL)

    def ours(points: int) -> float:
        return 2 * np.pi * abs(hall_conductivity(lattice, "charge", [0.0], points)[0]) * EXACT_HALL

    def case(points: int) -> dict:
        of_mesh = {"points": points, "fermi_energy": 0.0}
        return {"work": "hall", "crystal": crystal(lattice), **of_mesh}

    able = [peer for peer in peers if peer.can("hall")]
    for tolerance in tolerances:
        mesh = accurate_mesh(ours, tolerance)
        runs = {"accumulation": lambda m=mesh: seconds(lambda: ours(m))}
        meshes, errors = {"accumulation": mesh}, {"accumulation": _error(ours(mesh))}
        for peer in able:
            m = accurate_mesh(lambda n, p=peer: p.values(case(n))[0], tolerance)
            errors[peer.name] = _error(peer.values(case(m))[0])
            meshes[peer.name] = m
            runs[peer.name] = lambda p=peer, m=m: p.time(case(m))
        for name, (median, ratio) in interleaved(runs, repeats).items():
            size = f"to {tolerance:.0e}: {meshes[name]} × {meshes[name]} k"
            yield Row("bulk Hall", size, name, median, ratio, errors[name])


def accurate_mesh(value: Callable[[int], float], tolerance: float, largest: int = 200) -> int:
    """Smallest even mesh from which on two meshes in a row are within the tolerance.

    Raises
    ------
    RuntimeError
        If no mesh up to the ``largest`` is.
    """
    for points in range(4, largest, 2):
        if max(_error(value(points)), _error(value(points + 2))) < tolerance:
            return points
    raise RuntimeError(f"no mesh of up to {largest} points is accurate to {tolerance}")


def _error(conductivity: float) -> float:
    return abs(conductivity / EXACT_HALL - 1)
