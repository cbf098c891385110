"""One model a file: ``name.py`` holds the function ``name(...) -> Lattice``."""
