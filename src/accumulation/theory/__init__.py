"""One piece of the theory a file.

A theory is a branch of the flow: config -> model -> theory -> figures.  A file ``name.py``, whose
docstring's first line is the title of its dataset, declares

EQUATION : str, its equations in the paper
VARIABLES : name -> (dims, units, long_name, equation), every array that it returns.  A name that is
    its own only dimension is a coordinate, and must be the same at every point of a grid.
CHECKS : name of a variable -> :class:`~accumulation.identities.Identity`: what it must hold to, and
    by which other route that was found
compute(...) -> dict of arrays

The names of compute's arguments say what it takes.  ``lattice`` is the model's lattice, ``system``
the ribbon, wire or flake that the geometry cuts out of it; all others are options of the config
with these defaults: a number, a text, true or false, or a tuple of numbers or texts (a list in the
config).  An option that is a single number may be given as a list and is then an axis of a grid.
``UNITS``, if it is there, gives the units of such options by name.

conclude(axes, values) -> dict of arrays, if it is there, is called once with the merged arrays of
the whole grid (its axes before their own dims) and ``axes``, the values by name: averages over
realizations, orders of convergence.  What it returns has the dims that VARIABLES says, axes
included.
"""
