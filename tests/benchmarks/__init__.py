"""Speed and memory beside other packages, and their growth with width and number of grid points.

    python -m benchmarks bands hall --peer kwant=PYTHON --peer wannierberri=PYTHON

In tests/, or `make benchmarks`; ``--help`` lists the rows.

table                  rows, medians, exponents, Markdown
peers, peer_work       other packages in interpreters of their own: the client, and what they run
same_work              bands, accumulation, Hall conductivity: values compared, then timed in turn
growth, grid_points    width of a ribbon; points of a grid: planning, running, merging
benchmark_ribbon       bands + elements + response over bare eigh (`make benchmark`)
"""
