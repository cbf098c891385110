"""Theories: one file for each part of the theory, with the identities that it must satisfy.

A theory is a branch of the flow: config -> model -> theory -> figures.  A file ``name.py``, whose
docstring has the title of its dataset as its first line, declares

EQUATION : str, its equations in the paper
VARIABLES : name -> (dims, units, long_name, equation) of every array that it returns.  A variable
    whose only dimension has its own name is a coordinate; it must be equal at all points of a grid.
CHECKS : name of a variable -> :class:`~accumulation.identities.Identity`: the bound that its values
    must satisfy, and the independent route that they are compared with
compute(...) -> dict of arrays

The arguments of compute are the inputs.  ``lattice`` is the model's lattice, ``system`` the ribbon,
wire or flake that the geometry cuts out of it.  All other arguments are options of the config with
these defaults: a number, a text, true or false, or a tuple of numbers or texts (a list in the
config).  An option whose default is a single number may be given as a list, which makes it an axis
of a grid.  The optional ``UNITS`` gives the units of such options by name.

The optional check(**options) raises UserError for a value out of its range.  It is called with all
options before any job starts, for every value of an axis.

The optional conclude(axes, values) -> dict of arrays is called once for a grid, with the merged
arrays (the axes of the grid come before their own dimensions) and ``axes``, the values of each axis
by name.  It computes averages over realizations or orders of convergence.  Its results have the
dimensions that VARIABLES declares, axes included.
"""
