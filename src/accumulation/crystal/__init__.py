"""Properties of the infinite crystal: gaps, Chern numbers, Berry curvatures, currents."""
