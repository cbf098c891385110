# Entry of accumulation: reads and checks the config, then only includes.  The first target is the
# whole study.  A Snakefile of one's own may include this one; the config is then that beside it.
from pathlib import Path

if "systems" not in config:
    beside = Path(workflow.basedir) / "config.yaml"

    configfile: beside if beside.is_file() else Path(workflow.basedir) / "config" / "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/stages.smk"
include: "workflow/rules/grids.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/evidence.smk"
include: "workflow/rules/report.smk"


onstart:
    display.start()
    if not on_cluster:
        job_server.start()


onerror:
    display.fail()


onsuccess:
    display.succeed()


rule all:
    default_target: True
    input:
        study.targets(),
    localrule: True
