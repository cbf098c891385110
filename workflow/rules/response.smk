# Accumulation for every Fermi energy and temperature.
rule response:
    input:
        spec=f"{SPECS}/{{system}}/response.json",
        data=lambda wildcards: study.inputs(wildcards.system, "response"),
    output:
        f"{NETCDF}/response.nc",
    log:
        f"{LOGS}/response.log",
    benchmark:
        f"{BENCHMARKS}/response.tsv"
    wildcard_constraints:
        system=one_of(study.singles),
    conda:
        "../envs/accumulation.yaml"
    threads: SPARE
    resources:
        mem_mb=ask(1500),
        runtime=ask(30),
    params:
        spec=lambda wildcards: key(study.spec(wildcards.system, "response")),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation response @{input.spec:q} '
        "--in {input.data:q} --out {output:q} --threads {threads} 2> {log:q}"
