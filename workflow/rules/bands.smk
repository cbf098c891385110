# Energies, velocities and eigenvectors.
rule bands:
    input:
        lambda wildcards: study.inputs(wildcards.system, "bands"),
    output:
        f"{NETCDF}/bands.nc",
    log:
        f"{LOGS}/bands.log",
    benchmark:
        f"{BENCHMARKS}/bands.tsv"
    conda:
        "../envs/accumulation.yaml"
    threads: SPARE
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        spec=lambda wildcards: study.spec(wildcards.system, "bands"),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation bands {params.spec:q} '
        "--in {input:q} --out {output:q} --threads {threads} 2> >(tee {log:q} >&2)"
