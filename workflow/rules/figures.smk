# Figures, drawn from datasets alone; and small copies of them for the README.
FIGURES = f"results/{study.name}/figures"


rule figure:
    input:
        spec=f"{SPECS}/figures/{{figure}}.json",
        data=lambda wildcards: study.figure_inputs(wildcards.figure),
    output:
        [f"{FIGURES}/{{figure}}.{ending}" for ending in study.formats],
    log:
        f"results/{study.name}/logs/figures/{{figure}}.log",
    benchmark:
        f"results/{study.name}/benchmarks/figures/{{figure}}.tsv"
    conda:
        "../envs/accumulation.yaml"
    threads: 1
    resources:
        mem_mb=ask(1500),
        runtime=ask(30),
    params:
        spec=lambda wildcards: key(study.figure_spec(wildcards.figure)),
    shell:
        '"$ACCUMULATION_PYTHON" -IS "$ACCUMULATION_JOB" figure @{input.spec:q} '
        "--in {input.data:q} --out {output:q} 2> {log:q}"


use rule figure as gallery_figure with:
    input:
        spec=f"{SPECS}/gallery/{{figure}}.json",
        data=lambda wildcards: study.figure_inputs(wildcards.figure),
    output:
        "results/gallery/{figure}.png",
    log:
        f"results/{study.name}/logs/gallery/{{figure}}.log",
    benchmark:
        f"results/{study.name}/benchmarks/gallery/{{figure}}.tsv"
    params:
        spec=lambda wildcards: key(study.figure_spec(wildcards.figure, GALLERY_DPI)),


# Browsers show no PDF inside a page: only a study without PNG and SVG needs these.
use rule figure as page_figure with:
    output:
        f"{FIGURES}/page/{{figure}}.png",
    log:
        f"results/{study.name}/logs/figures/page/{{figure}}.log",
    benchmark:
        f"results/{study.name}/benchmarks/figures/page/{{figure}}.tsv"


rule gallery:
    input:
        expand("results/gallery/{figure}.png", figure=study.figures),
    localrule: True
