"""One peer: answers requests, a JSON line each, with its values or the seconds that they take.

    PYTHON peer_work.py NAME

Needs numpy and the package NAME only, no file of ours, so any interpreter can run it.  A case is

    {"work": "bands" | "bands and vectors" | "accumulation" | "hall", ...}

with a crystal {vectors, positions, onsite, hops: [to, from, cell, re, im]}, whose energy
H_to,from(k) = sum t exp(ik.d), and for a ribbon its direction, width and k.
"""

import json
import os
import sys

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import contextlib  # noqa: E402
import importlib  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from itertools import product  # noqa: E402

import numpy as np  # noqa: E402


class Ribbon:
    """Orbitals and hops of a ribbon, cut cell by cell: period, x, y, hops (i, j, cell, t)."""

    def __init__(self, crystal, direction, width):
        vectors = np.array(crystal["vectors"])
        n, m = direction
        along = n * vectors[0] + m * vectors[1]
        self.period = np.hypot(*along)
        turn = np.array([[along[0], along[1]], [-along[1], along[0]]]) / self.period
        # The second vector of the cell, p a1 + q a2, spans the same area and leans least.
        steps = range(-abs(n) - abs(m) - 1, abs(n) + abs(m) + 2)
        p, q = min(
            ((p, q) for p, q in product(steps, steps) if n * q - m * p == 1),
            key=lambda pq: abs((turn @ (pq @ vectors))[0]),
        )
        across = p * vectors[0] + q * vectors[1]
        places = np.array(crystal["positions"])[:, :2]
        self.count = len(places)
        cells = np.arange(width)[:, None, None] * across
        self.x, self.y = turn @ (cells + places).reshape(-1, 2).T
        self.y = self.y - 0.5 * (self.y.max() + self.y.min())
        into = np.rint(np.linalg.inv([[n, p], [m, q]])).astype(int)
        self.onsite = np.tile(np.array(crystal["onsite"], float), width)
        self.hops = []
        for to, origin, cell, re, im in crystal["hops"]:
            shift, rows = into @ np.array(cell)
            for row in range(max(0, -rows), min(width, width - rows)):
                ends = row * self.count + to, (row + rows) * self.count + origin
                self.hops.append((*ends, int(shift), complex(re, im)))

    def blocks(self):
        """Matrices of the cell and of the hops into it from the next one."""
        size = len(self.x)
        inside, between = np.zeros((2, size, size), complex)
        inside[range(size), range(size)] = self.onsite
        for i, j, shift, t in self.hops:
            if shift == 0:
                inside[i, j] += t
                inside[j, i] += np.conj(t)
            elif shift == 1:
                between[i, j] += t
            elif shift == -1:
                between[j, i] += np.conj(t)
            else:
                raise ValueError("hops beyond the next cell")
        return inside, between

    def hamiltonian(self, k):
        """H and dH/dk of every k, with the phases of the positions."""
        size = len(self.x)
        h = np.zeros((len(k), size, size), complex)
        v = np.zeros_like(h)
        h[:, range(size), range(size)] = self.onsite
        for i, j, shift, t in self.hops:
            distance = shift * self.period + self.x[j] - self.x[i]
            phase = t * np.exp(1j * k * distance)
            h[:, i, j] += phase
            h[:, j, i] += phase.conj()
            v[:, i, j] += 1j * distance * phase
            v[:, j, i] += (1j * distance * phase).conj()
        return h, v


def ribbon_of(case):
    """The ribbon of a case and its k."""
    return Ribbon(case["crystal"], case["direction"], case["width"]), np.array(case["k"])


# Bands: each returns a function without arguments that gives the energies (k, band). -------------


def _pythtb_crystal(crystal):
    import pythtb

    vectors = np.array(crystal["vectors"])
    places = np.array(crystal["positions"])[:, :2] @ np.linalg.inv(vectors)
    model = pythtb.tb_model(2, 2, vectors, places)
    model.set_onsite(crystal["onsite"])
    for to, origin, cell, re, im in crystal["hops"]:
        model.set_hop(complex(re, im), to, origin, cell, allow_conjugate_pair=True)
    return model


def pythtb_bands(case):
    """PythTB cuts the ribbon itself."""
    crystal = case["crystal"]
    model = _pythtb_crystal(crystal)
    n, m = case["direction"]
    second = [0, 1] if n else [-1, 0]
    ribbon = model.make_supercell([[n, m], second]).cut_piece(case["width"], 1)
    k = np.array(case["k"]) * Ribbon(crystal, case["direction"], 1).period / (2 * np.pi)
    vectors_too = case["work"] == "bands and vectors"

    def run():
        found = ribbon.solve_all(k[:, None], eig_vectors=vectors_too)
        return (found[0] if vectors_too else found).T

    return run


def kwant_bands(case):
    """kwant.physics.Bands, one k a call."""
    import kwant

    ribbon, k = ribbon_of(case)
    period = (ribbon.period, 0.0)
    lattice = kwant.lattice.general([period], list(zip(ribbon.x, ribbon.y)), norbs=1)  # noqa: B905
    builder = kwant.Builder(kwant.TranslationalSymmetry(period))
    sites = lattice.sublattices
    for site, energy in zip(sites, ribbon.onsite):  # noqa: B905
        builder[site(0)] = energy
    for i, j, shift, t in ribbon.hops:
        builder[sites[i](0), sites[j](shift)] = t
    bands = kwant.physics.Bands(builder.finalized())
    vectors_too = case["work"] == "bands and vectors"

    def run():
        if vectors_too:
            return [bands(p, return_eigenvectors=True)[0] for p in k * ribbon.period]
        return [bands(p) for p in k * ribbon.period]

    return run


def sisl_bands(case):
    """Hamiltonian.eigh and .eigenstate of sisl, one k a call."""
    import sisl

    ribbon, k = ribbon_of(case)
    places = np.column_stack((ribbon.x, ribbon.y, np.zeros_like(ribbon.x)))
    cell = [ribbon.period, 100 + np.ptp(ribbon.y), 100]
    lattice = sisl.Lattice(cell, nsc=[3, 1, 1])
    h = sisl.Hamiltonian(sisl.Geometry(places, sisl.Atom(1), lattice=lattice), dtype=complex)
    for i, energy in enumerate(ribbon.onsite):
        h[i, i] = energy
    for i, j, shift, t in ribbon.hops:
        h[i, j, (shift, 0, 0)] = t
        h[j, i, (-shift, 0, 0)] = np.conj(t)
    h.finalize()
    places_k = [[p, 0, 0] for p in k * ribbon.period / (2 * np.pi)]
    if case["work"] == "bands and vectors":
        return lambda: [h.eigenstate(p).eig for p in places_k]
    return lambda: [h.eigh(p) for p in places_k]


def pyqula_bands(case):
    """Hamiltonian.get_bands of pyqula, which gives energies only."""
    if case["work"] != "bands":
        return None
    from pyqula import geometry

    ribbon, k = ribbon_of(case)
    cell = geometry.chain().get_supercell(len(ribbon.x))
    h = cell.get_hamiltonian(has_spin=False)
    h.turn_dense()
    h.is_multicell = False
    h.intra, h.inter = ribbon.blocks()
    fractions = [[p, 0, 0] for p in k * ribbon.period / (2 * np.pi)]

    def run():
        return h.get_bands(kpath=fractions, write=False)[1].reshape(len(k), -1)

    return run


# Other work ---------------------------------------------------------------------------------------


def kubo_sums(case):
    """Rows of the circulation -{v, y}/2 as Kubo sums over states, at a finite temperature.

    Intraband -f' Re(v_nn O_nn), interband (f_n - f_n') Re(i O_nn' v_n'n) / (e_n - e_n')^2, each
    summed over all pairs of states of all k by matrix products; a pair closer than 1e-9 counts as
    one level.
    """
    ribbon, k = ribbon_of(case)
    level, kt = case["fermi_energy"], case["temperature"]

    def part(some):
        h, v = ribbon.hamiltonian(some)
        energy, u = np.linalg.eigh(h)
        adjoint = u.conj().transpose(0, 2, 1)
        kernel = -0.5 * (v * ribbon.y + ribbon.y[:, None] * v) @ u
        velocity = adjoint @ v @ u
        f = 0.5 - 0.5 * np.tanh((energy - level) / (2 * kt))
        gap = energy[:, :, None] - energy[:, None, :]
        one_level = np.abs(gap) < 1e-9
        slope = np.broadcast_to((-f * (1 - f) / kt)[:, :, None], gap.shape)
        with np.errstate(all="ignore"):
            pairs = 1j * (f[:, :, None] - f[:, None, :]) / gap**2
        rows = []
        for weight in (np.where(one_level, slope, 0), np.where(one_level, 0, pairs)):
            x = weight * velocity.transpose(0, 2, 1)
            both = (u.conj() @ x * kernel).sum(2) + (kernel.conj() @ x * u).sum(2)
            rows.append(0.5 * both.real.sum(0))
        return np.array(rows)

    def run():
        parts = np.array_split(k, 1 + len(k) * len(ribbon.x) ** 2 // 200_000)
        return sum(map(part, parts)) / (len(k) * ribbon.period)

    return run


def wannierberri_hall(case):
    """Anomalous Hall conductivity of WannierBerri in S/m, of a layer of 1 angstrom."""
    import wannierberri as wb

    model = _pythtb_crystal(case["crystal"])
    system = wb.System_R.from_pythtb(model)
    # Three levels around: it takes the first and the last for an interval.
    levels = case["fermi_energy"] + np.array([-0.01, 0.0, 0.01])
    keywords = {"external_terms": False}
    calculators = {"ahc": wb.calculators.static.AHC(Efermi=levels, kwargs_formula=keywords)}
    grid = wb.Grid(system, NK=(case["points"], case["points"], 1))

    def run():
        found = wb.run(
            system, grid, calculators, use_irred_kpt=False, symmetrize=False, parallel=False,
            print_progress_step_time=1e9, fout_name="result",
        )  # fmt: skip
        return abs(found.results["ahc"].data[1, 2])

    return run


WORK = {
    ("numpy", "accumulation"): kubo_sums,
    ("pythtb", "bands"): pythtb_bands,
    ("pythtb", "bands and vectors"): pythtb_bands,
    ("kwant", "bands"): kwant_bands,
    ("kwant", "bands and vectors"): kwant_bands,
    ("sisl", "bands"): sisl_bands,
    ("sisl", "bands and vectors"): sisl_bands,
    ("pyqula", "bands"): pyqula_bands,
    ("wannierberri", "hall"): wannierberri_hall,
}


def version(name):
    """Its version and that of numpy; ImportError if it is not there."""
    from importlib import metadata

    importlib.import_module(name)
    if name == "wannierberri":
        importlib.import_module("pythtb")
        importlib.import_module("numba")
    own = "" if name == "numpy" else f"{name} {metadata.version(name)}, "
    return f"{own}numpy {np.__version__}"


def answer(name, request, runs):
    """The answer to one request; ``runs`` keeps what was prepared for the last case."""
    if "can" in request:
        return {"can": (name, request["can"]) in WORK}
    wants_values = request.pop("values", False)
    key = json.dumps(request, sort_keys=True)
    if key not in runs:
        runs.clear()
        runs[key] = WORK[name, request["work"]](request)
    start = time.process_time()
    values = runs[key]()
    seconds = time.process_time() - start
    found = np.asarray(values, float).ravel().tolist() if wants_values else None
    return {"seconds": seconds, "values": found}


def main():
    """Answer until standard input ends; what the package prints goes to standard error."""
    name = sys.argv[1]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    runs = {}

    def say(content):
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    # Some write files where they are.
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(BrokenPipeError):
        os.chdir(folder)
        try:
            say({"version": version(name)})
        except Exception as error:
            say({"absent": f"{type(error).__name__}: {error}"})
        for request in sys.stdin:
            try:
                say(answer(name, json.loads(request), runs))
            except Exception as error:
                say({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
