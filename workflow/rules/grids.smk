# Grids: several points a job, files named by what they hold, one merged dataset a system.
rule tile:
    input:
        with_signature(lambda wildcards: tile_of(**wildcards).source or []),
    output:
        f"{TILES}/{{stage}}/{{group}}/{{tile}}.nc",
    log:
        f"results/{study.name}/logs/tiles/{{stage}}/{{group}}/{{tile}}.log",
    benchmark:
        f"results/{study.name}/benchmarks/tiles/{{stage}}/{{group}}/{{tile}}.tsv"
    wildcard_constraints:
        stage=one_of([stage.name for stage in of_grids()]),
    priority: 1  # the longest jobs first, so that the short ones fill the cores at the end
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=(
            with_signature(lambda wildcards, attempt: attempt * tile_of(**wildcards).memory)
            if on_cluster
            else 1500
        ),
        runtime=(
            with_signature(lambda wildcards, attempt: attempt * tile_of(**wildcards).minutes)
            if on_cluster
            else 30
        ),
    params:
        spec=with_signature(lambda wildcards: tile_of(**wildcards).spec),
    shell:
        '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" tile {params.spec:q} --in {input:q} '
        "--out {output:q} 2> {log:q}"


rule merge:
    input:
        lambda wildcards: study.merged_tiles(wildcards.system),
        spec=f"{SPECS}/{{system}}/merge.json",
    output:
        f"{NETCDF}/{RESPONSE}.nc",
    log:
        f"{LOGS}/merge.log",
    benchmark:
        f"{BENCHMARKS}/merge.tsv"
    wildcard_constraints:
        system=one_of(study.grids),
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=ask(1500),
        runtime=ask(30),
    params:
        spec=lambda wildcards: key(study.merge_spec(wildcards.system)),
    shell:
        '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" merge @{input.spec:q} '
        "--out {output:q} 2> {log:q}"
