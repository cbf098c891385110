"""What one job runs: a stage, a tile, a merge, a figure."""
