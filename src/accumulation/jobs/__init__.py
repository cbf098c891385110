"""The work of one job: a stage, a tile, a merge or a figure."""
