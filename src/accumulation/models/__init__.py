"""Models: one file for each, ``name.py`` with the function ``name(...) -> Lattice``."""
