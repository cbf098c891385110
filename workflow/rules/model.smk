# Sites and hoppings of a ribbon or flake.
rule model:
    input:
        spec=f"{SPECS}/{{system}}/model.json",
    output:
        f"{NETCDF}/model.nc",
    log:
        f"{LOGS}/model.log",
    benchmark:
        f"{BENCHMARKS}/model.tsv"
    wildcard_constraints:
        system=one_of(study.singles),
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=ask(500),
        runtime=ask(30),
    params:
        spec=lambda wildcards: key(study.spec(wildcards.system, "model")),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation model @{input.spec:q} '
        "--out {output:q} 2> {log:q}"
