# Energies, velocities and eigenvectors.
rule bands:
    input:
        spec=f"{SPECS}/{{system}}/bands.json",
        data=lambda wildcards: study.inputs(wildcards.system, "bands"),
    output:
        f"{NETCDF}/bands.nc",
    log:
        f"{LOGS}/bands.log",
    benchmark:
        f"{BENCHMARKS}/bands.tsv"
    wildcard_constraints:
        system=one_of(study.singles),
    conda:
        "../envs/accumulation.yaml"
    threads: SPARE
    resources:
        mem_mb=ask(1500),
        runtime=ask(30),
    params:
        spec=lambda wildcards: key(study.spec(wildcards.system, "bands")),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation bands @{input.spec:q} '
        "--in {input.data:q} --out {output:q} --threads {threads} 2> {log:q}"
