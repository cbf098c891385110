"""Eigenstates on batches of k, their occupations, and where bands cross a level."""
