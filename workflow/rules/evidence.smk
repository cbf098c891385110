# The table of every identity of the theories, and the verdict, which fails if one does not hold.
EVIDENCE = study.evidence_path("nc")


rule evidence:
    input:
        [study.path(system) for system in study.theories],
    output:
        EVIDENCE,
    log:
        f"results/{study.name}/logs/evidence.log",
    benchmark:
        f"results/{study.name}/benchmarks/evidence.tsv"
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=ask(1500),
        runtime=ask(10),
    params:
        spec=study.evidence_spec(),
    shell:
        '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" evidence {params.spec:q} '
        "--in {input:q} --out {output:q} 2> {log:q}"


rule verdict:
    input:
        EVIDENCE,
    output:
        study.evidence_path("txt"),
    log:
        f"results/{study.name}/logs/verdict.log",
    localrule: True
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        spec=study.evidence_spec(),
    shell:
        '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" verdict {params.spec:q} '
        "--in {input:q} --out {output:q} 2> {log:q}"
