"""The infinite crystal: gaps, Chern numbers, curvatures, currents."""
