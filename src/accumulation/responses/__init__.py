"""Densities and currents in a field: matrix elements, integrals over k, torques."""
