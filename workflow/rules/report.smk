# One page that shows the study.  Benchmarks are no inputs: it shows those that there are by then.
rule report_page:
    input:
        pictures=study.pictures(),
        evidence=[study.evidence_path("nc")] if study.theories else [],
        responses=study.responses(),
    output:
        study.report_path(),
    log:
        f"results/{study.name}/logs/report.log",
    benchmark:
        f"results/{study.name}/benchmarks/report.tsv"
    localrule: True
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        spec=lambda wildcards: page.spec(study),
    shell:
        '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" report {params.spec:q} '
        "--in {input.pictures:q} {input.evidence:q} --out {output:q} 2> {log:q}"
