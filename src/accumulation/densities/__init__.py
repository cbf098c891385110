"""One density a file.

A local density is n(mu) = (P_mu K + K+ P_mu) / 2 with one matrix K: K = O for the paper's
{O, P_mu} / 2 (Eq. 5).  A density file ``name.py`` declares

LONG_NAME, UNITS, EQUATION : str, of the density
TIME_REVERSAL : +1 or -1, its parity under time reversal
DEFINITIONS : {"ribbon": (...), "flake": (...)}, names of its definitions, the default one first; a
    wire has the ribbon's
NEEDS_ALL_BANDS : names of the definitions whose kernel needs every band at a k, not one state
kernel(states, definition) -> Kernel

and nothing else: expectation values, polarizabilities and responses are written once, elsewhere.
"""


def definitions_for(density, kind: str) -> tuple[str, ...]:
    """Definitions of a density's module for a kind of system, the default one first."""
    return density.DEFINITIONS["flake" if kind == "flake" else "ribbon"]
