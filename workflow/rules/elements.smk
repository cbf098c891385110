# Expectation values and polarizabilities of the density.
rule elements:
    input:
        spec=f"{SPECS}/{{system}}/elements.json",
        data=lambda wildcards: study.inputs(wildcards.system, "elements"),
    output:
        f"{NETCDF}/elements.nc",
    log:
        f"{LOGS}/elements.log",
    benchmark:
        f"{BENCHMARKS}/elements.tsv"
    wildcard_constraints:
        system=one_of(study.singles),
    conda:
        "../envs/accumulation.yaml"
    threads: SPARE
    resources:
        mem_mb=ask(1500),
        runtime=ask(30),
    params:
        spec=lambda wildcards: key(study.spec(wildcards.system, "elements")),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation elements @{input.spec:q} '
        "--in {input.data:q} --out {output:q} --threads {threads} 2> {log:q}"
