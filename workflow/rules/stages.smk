# The stages of a system without an axis: a rule each, which differ in what the table says.
for stage in of_singles():

    rule:
        name:
            stage.name
        input:
            spec=f"{SPECS}/{{system}}/{stage.name}.json",
            data=lambda wildcards, stage=stage.name: study.inputs(wildcards.system, stage),
        output:
            f"{NETCDF}/{stage.name}.nc",
        log:
            f"{LOGS}/{stage.name}.log",
        benchmark:
            f"{BENCHMARKS}/{stage.name}.tsv"
        wildcard_constraints:
            system=one_of(study.singles),
        conda:
            "../envs/accumulation.yaml"
        threads: SPARE if stage.threads else 1
        resources:
            mem_mb=ask(stage.memory),
            runtime=ask(stage.minutes),
        params:
            stage=stage.name,
            spec=lambda wildcards, stage=stage.name: key(study.spec(wildcards.system, stage)),
        shell:
            '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" {params.stage} @{input.spec:q} '
            "--in {input.data:q} --out {output:q} --threads {threads} 2> {log:q}"
