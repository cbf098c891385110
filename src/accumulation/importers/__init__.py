"""Models of other programs as lattices, one file a source."""
