# Figures, drawn from datasets alone; and small copies of them for the README.
FIGURES = f"results/{study.name}/figures"


rule figure:
    input:
        lambda wildcards: study.figure_inputs(wildcards.figure),
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
        mem_mb=1500,
        runtime=30,
    params:
        spec=lambda wildcards: study.figure_spec(wildcards.figure),
    shell:
        '"$ACCUMULATION_PYTHON" -m accumulation figure {params.spec:q} '
        "--in {input:q} --out {output:q} 2> >(tee {log:q} >&2)"


use rule figure as gallery_figure with:
    output:
        "results/gallery/{figure}.png",
    log:
        f"results/{study.name}/logs/gallery/{{figure}}.log",
    benchmark:
        f"results/{study.name}/benchmarks/gallery/{{figure}}.tsv"
    params:
        spec=lambda wildcards: study.figure_spec(wildcards.figure, dpi=110),


rule gallery:
    input:
        expand("results/gallery/{figure}.png", figure=study.figures),
    localrule: True
