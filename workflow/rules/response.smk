# Accumulation for every Fermi energy and temperature.
rule response:
    input:
        lambda wildcards: study.inputs(wildcards.system, "response"),
    output:
        f"{NETCDF}/response.nc",
    log:
        f"{LOGS}/response.log",
    benchmark:
        f"{BENCHMARKS}/response.tsv"
    conda:
        "../envs/accumulation.yaml"
    threads: SPARE
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        spec=lambda wildcards: study.spec(wildcards.system, "response"),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation response {params.spec:q} '
        "--in {input:q} --out {output:q} --threads {threads} 2> >(tee {log:q} >&2)"
