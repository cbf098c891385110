"""Random tight-binding systems judged against references that share no code with the package.

    python -m referee --draws 2000 --seed 0 --processes 2      (in tests/, or `make referee`)

crystals, draws      what is drawn: named and random lattices, cuts, meshes, levels
ribbon, kubo         H(k) from positions; Kubo sums in pair form
levels, quadrature   band edges, crossings, Fermi points; adaptive quadrature
reference            responses at every temperature, and the limit T -> 0+
bulk_reference       gaps and Chern numbers
judge, __main__      verdicts; the table and the exit code
"""
