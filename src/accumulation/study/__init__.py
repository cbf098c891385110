"""What is to be computed: a checked config, its systems, tiles and keys."""
