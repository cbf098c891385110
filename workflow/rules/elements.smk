# Expectation values and polarizabilities of the density.
rule elements:
    input:
        lambda wildcards: study.inputs(wildcards.system, "elements"),
    output:
        f"{NETCDF}/elements.nc",
    log:
        f"{LOGS}/elements.log",
    benchmark:
        f"{BENCHMARKS}/elements.tsv"
    conda:
        "../envs/accumulation.yaml"
    threads: SPARE
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        spec=lambda wildcards: study.spec(wildcards.system, "elements"),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation elements {params.spec:q} '
        "--in {input:q} --out {output:q} --threads {threads} 2> >(tee {log:q} >&2)"
