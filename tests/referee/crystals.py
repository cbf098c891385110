"""Lattices to draw from: the named ones of the field with free parameters, and random ones."""

from __future__ import annotations

import numpy as np

from .ribbon import Crystal

SQUARE = ((1.0, 0.0), (0.0, 1.0))
TRIANGULAR = ((1.0, 0.0), (0.5, np.sqrt(3) / 2))


class _Bonds:
    """Bonds of a lattice, none twice: not itself, not as its conjugate."""

    def __init__(self):
        self.hops, self.keys = [], set()

    def add(self, to, origin, cell, amplitude):
        cell = tuple(int(c) for c in cell)
        back = tuple(-c for c in cell)
        known = {(to, origin, cell), (origin, to, back)} & self.keys
        if not known and not (to == origin and cell == (0, 0)):
            self.hops.append((to, origin, cell, complex(amplitude)))
            self.keys.add((to, origin, cell))


def _phase(rng):
    """0, pi / 2 or anything."""
    return rng.choice([0.0, np.pi / 2, rng.uniform(-3, 3)])


def _maybe(rng, value, chance=0.5):
    return value if rng.random() < chance else 0.0


def honeycomb(rng):
    """Graphene, gapped or not, Haldane fluxes, a strained bond, third neighbours."""
    bonds = _Bonds()
    strain = _maybe(rng, rng.uniform(-0.5, 0.5), 0.3)
    for cell, t in (((0, 0), -1 - strain), ((-1, 0), -1), ((0, -1), -1)):
        bonds.add("A", "B", cell, t)
    t2 = _maybe(rng, rng.uniform(0.02, 0.3)) * np.exp(1j * _phase(rng))
    if t2:
        for cell in ((1, 0), (-1, 1), (0, -1)):
            bonds.add("A", "A", cell, t2)
            bonds.add("B", "B", cell, t2.conjugate())
    t3 = _maybe(rng, rng.uniform(-0.3, 0.3), 0.3)
    if t3:
        for cell in ((-1, -1), (1, -1), (-1, 1)):
            bonds.add("A", "B", cell, t3)
    delta = _maybe(rng, rng.uniform(-0.8, 0.8))
    places = {"A": (0.0, 0.0), "B": (0.5, 1 / (2 * np.sqrt(3)))}
    return Crystal(TRIANGULAR, places, {"A": delta, "B": -delta}, bonds.hops)


def kane_mele(rng):
    """Two Haldane copies of opposite flux, spins mixed or not."""
    bonds, onsite, places, spin = _Bonds(), {}, {}, {}
    so, delta = rng.uniform(0.02, 0.2), _maybe(rng, rng.uniform(0, 0.5))
    mixing = _maybe(rng, rng.uniform(0.02, 0.3))
    for s, sign in (("u", 1), ("d", -1)):
        places |= {f"A{s}": (0.0, 0.0), f"B{s}": (0.5, 1 / (2 * np.sqrt(3)))}
        spin |= {f"A{s}": sign, f"B{s}": sign}
        onsite |= {f"A{s}": delta, f"B{s}": -delta}
        for cell in ((0, 0), (-1, 0), (0, -1)):
            bonds.add(f"A{s}", f"B{s}", cell, -1)
        for cell in ((1, 0), (-1, 1), (0, -1)):
            bonds.add(f"A{s}", f"A{s}", cell, 1j * sign * so)
            bonds.add(f"B{s}", f"B{s}", cell, -1j * sign * so)
    if mixing:
        for cell, angle in (((0, 0), np.pi / 6), ((-1, 0), 5 * np.pi / 6), ((0, -1), -np.pi / 2)):
            ex, ey = np.cos(angle), np.sin(angle)
            bonds.add("Au", "Bd", cell, 1j * mixing * (ey + 1j * ex))
            bonds.add("Ad", "Bu", cell, 1j * mixing * (ey - 1j * ex))
    return Crystal(TRIANGULAR, places, onsite, bonds.hops, spin)


def lieb(rng):
    """Flat band between two that touch it; spin-orbit-like hops between the edges' sites."""
    bonds = _Bonds()
    for to, origin, cell in (
        ("A", "B", (0, 0)),
        ("A", "B", (-1, 0)),
        ("A", "C", (0, 0)),
        ("A", "C", (0, -1)),
    ):
        bonds.add(to, origin, cell, -1)
    so = _maybe(rng, rng.uniform(0.05, 0.4)) * np.exp(1j * rng.choice([np.pi / 2, _phase(rng)]))
    if so:
        for cell, s in (((0, 0), 1), ((-1, 0), -1), ((0, 1), -1), ((-1, 1), 1)):
            bonds.add("C", "B", cell, so * s)
    onsite = {"A": _maybe(rng, rng.uniform(-0.5, 0.5), 0.3)}
    return Crystal(SQUARE, {"A": (0, 0), "B": (0.5, 0), "C": (0, 0.5)}, onsite, bonds.hops)


def kagome(rng):
    """Flat band at the top or bottom, with fluxes or without."""
    bonds = _Bonds()
    t = rng.choice([-1, 1]) * np.exp(1j * _maybe(rng, _phase(rng)))
    for to, origin, cell in (
        ("A", "B", (0, 0)),
        ("A", "B", (-1, 0)),
        ("B", "C", (0, 0)),
        ("B", "C", (1, -1)),
        ("C", "A", (0, 0)),
        ("C", "A", (0, 1)),
    ):
        bonds.add(to, origin, cell, t)
    places = {"A": (0, 0), "B": (0.5, 0), "C": (0.25, np.sqrt(3) / 4)}
    onsite = {"A": _maybe(rng, rng.uniform(-0.5, 0.5), 0.3)}
    return Crystal(TRIANGULAR, places, onsite, bonds.hops)


def pi_flux(rng):
    """Square lattice with half a flux quantum a plaquette: Dirac cones, bands that touch."""
    bonds = _Bonds()
    bonds.add("A", "B", (0, 0), -1)
    bonds.add("A", "B", (-1, 0), -1 - _maybe(rng, rng.uniform(-0.5, 0.5), 0.3))
    bonds.add("A", "A", (0, 1), -1)
    bonds.add("B", "B", (0, 1), 1)
    diagonal = _maybe(rng, rng.uniform(0.05, 0.4), 0.4) * 1j
    if diagonal:
        for cell, s in (((0, 1), 1), ((0, -1), -1), ((-1, 1), -1), ((-1, -1), 1)):
            bonds.add("A", "B", cell, diagonal * s)
    onsite = {"A": _maybe(rng, rng.uniform(-0.4, 0.4), 0.3)}
    vectors = ((2.0, 0.0), (0.0, 1.0))
    return Crystal(vectors, {"A": (0, 0), "B": (1, 0)}, onsite, bonds.hops)


def qwz(rng):
    """Qi-Wu-Zhang: two orbitals at one place, a Chern insulator with narrow gaps."""
    bonds = _Bonds()
    m, a = rng.uniform(-2.5, 2.5), rng.choice([1.0, rng.uniform(0.1, 1)])
    for cell in ((1, 0), (0, 1)):
        bonds.add("s", "s", cell, 0.5)
        bonds.add("p", "p", cell, -0.5)
    bonds.add("s", "p", (1, 0), -0.5j * a)
    bonds.add("p", "s", (1, 0), -0.5j * a)
    bonds.add("s", "p", (0, 1), -0.5 * a)
    bonds.add("p", "s", (0, 1), 0.5 * a)
    spin = {"s": 1, "p": -1} if rng.random() < 0.3 else {}
    return Crystal(SQUARE, {"s": (0, 0), "p": (0, 0)}, {"s": m, "p": -m}, bonds.hops, spin)


def dice(rng):
    """T3: a hub and two rims, a flat band through the Dirac points."""
    bonds, t = _Bonds(), rng.choice([1.0, rng.uniform(0.2, 1)])
    flux = np.exp(1j * _maybe(rng, _phase(rng), 0.3))
    for cell in ((0, 0), (-1, 0), (0, -1)):
        bonds.add("H", "B", cell, -1)
        bonds.add("C", "H", cell, -t * (flux if cell == (0, 0) else 1))
    height = 1 / (2 * np.sqrt(3))
    places = {"H": (0.0, 0.0), "B": (0.5, height), "C": (-0.5, -height)}
    onsite = {"H": _maybe(rng, rng.uniform(-0.6, 0.6), 0.3)}
    return Crystal(TRIANGULAR, places, onsite, bonds.hops)


def random_crystal(rng):
    """1 to 6 orbitals anywhere, several at one place perhaps, random bonds of reach 1 to 3."""
    orbitals = int(rng.choice([1, 2, 2, 3, 3, 4, 5, 6]))
    reach = int(rng.choice([1, 1, 1, 2, 2, 3]))
    angle, length = rng.uniform(1.0, 2.1), rng.uniform(0.7, 1.4)
    vectors = ((1.0, rng.choice([0.0, 0.1])), (length * np.cos(angle), length * np.sin(angle)))
    if rng.random() < 0.3:
        vectors = SQUARE
    places = {}
    for i in range(orbitals):
        shared = i and rng.random() < 0.3
        places[f"o{i}"] = places[f"o{i - 1}"] if shared else tuple(rng.random(2).round(3))
    real = rng.random() < 0.35
    amplitude = (
        (lambda: rng.normal() * 0.5)
        if real
        else (lambda: (rng.normal() + 1j * rng.normal()) * 0.35)
    )
    bonds = _Bonds()
    names = list(places)
    for i, name in enumerate(names):
        # Connected along both directions, so that bands move.
        bonds.add(name, names[i - 1], (1, 0), amplitude())
        bonds.add(name, names[i - 1], (0, 1), amplitude())
        if i:
            bonds.add(name, names[i - 1], (0, 0), amplitude())
    for _ in range(int(rng.integers(0, 3 * orbitals + 1))):
        to, origin = rng.choice(names, 2)
        bonds.add(to, origin, rng.integers(-reach, reach + 1, 2), amplitude())
    onsite = {name: rng.normal() * 0.5 for name in names}
    spin = {name: int(rng.integers(-1, 2)) for name in names} if rng.random() < 0.5 else {}
    return Crystal(vectors, places, onsite, bonds.hops, spin)


def two_copies(rng):
    """Two copies of a lattice as spins, related by time reversal or equal, mixed by little or not.

    Mixed by 1e-8, say, every level is a close pair at every k.
    """
    while len((one := rng.choice([honeycomb, qwz, random_crystal, chain])(rng)).orbitals) > 3:
        pass
    reverse = rng.random() < 0.5
    mixing = rng.choice([0.0, 10.0 ** rng.uniform(-8, -1)])
    bonds, places, onsite, spin = _Bonds(), {}, {}, {}
    for s, sign in (("u", 1), ("d", -1)):
        for name, place in one.orbitals.items():
            places[name + s], spin[name + s] = place, sign
            onsite[name + s] = one.onsite.get(name, 0.0)
        for to, origin, cell, t in one.hops:
            t = t.conjugate() if reverse and s == "d" else t
            bonds.add(to + s, origin + s, cell, t)
    if mixing:
        for name in one.orbitals:
            other = rng.choice(list(one.orbitals))
            bonds.add(name + "u", other + "d", (1, 0), mixing * rng.normal())
            bonds.add(name + "u", name + "d", (0, 0), mixing * (rng.normal() + 1j * rng.normal()))
            bonds.add(name + "u", other + "d", (0, 1), mixing * 1j * rng.normal())
    return Crystal(one.vectors, places, onsite, bonds.hops, spin)


def chain(rng):
    """One orbital a cell: simple bands whose crossings are exact; layers that do not move."""
    bonds = _Bonds()
    bonds.add("a", "a", (1, 0), rng.choice([-1.0, -np.exp(1j * _phase(rng))]))
    across = _maybe(rng, rng.uniform(-0.8, 0.8), 0.7)
    if across:
        bonds.add("a", "a", (0, 1), across)
        bonds.add("a", "a", (1, 1), _maybe(rng, 0.3j))
    return Crystal(SQUARE, {"a": (0.0, 0.0)}, {"a": _maybe(rng, 0.3)}, bonds.hops)


NAMED = (honeycomb, kane_mele, lieb, kagome, pi_flux, qwz, dice, two_copies, chain)
