# Sites and hoppings of a ribbon or flake.
rule model:
    output:
        f"{NETCDF}/model.nc",
    log:
        f"{LOGS}/model.log",
    benchmark:
        f"{BENCHMARKS}/model.tsv"
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        spec=lambda wildcards: study.spec(wildcards.system, "model"),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation model {params.spec:q} '
        "--out {output:q} 2> >(tee {log:q} >&2)"
