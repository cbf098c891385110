"""The version of the package, apart from it: what datasets carry must not import all the rest."""

__version__ = "0.1.0"
