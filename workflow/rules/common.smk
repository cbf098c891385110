# Sets up what every rule shares: the package, the environment of the jobs, and the checked study.
import os
import sys
from pathlib import Path

# In a clone the package need not be installed.
if (Path(workflow.basedir) / "src" / "accumulation").is_dir():
    sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from accumulation.run import job_server, records
from accumulation.report import page
from accumulation.study.config_file import read
from accumulation.errors import UserError
from accumulation.study.grid import TILES, key
from accumulation.run.launch import with_signature, begin, growing, prepare_jobs
from accumulation.locations import look_beside
from accumulation.study.stages import RESPONSE, of_grids, of_singles
from accumulation.study.study import GALLERY_DPI, load, one_of
from accumulation.run.snakemake_words import cores_of, is_on_a_cluster
from accumulation.run.terminal import Display

prepare_jobs()

try:
    # Snakemake has read the files too, but would not notice a key that stands in one twice.
    files = [os.path.relpath(file) for file in workflow.configfiles]
    for file in files:
        read(file)
    look_beside(files)
    study = load(config, ", ".join(files))
    if workflow.is_main_process:
        begin(study.spec_files(), sys.argv[1:], record=records.of_run(study, config, files))
except UserError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)

tile_of = study.tile_of
display = Display(workflow, study)
SPECS = f"results/{study.name}/specs"
NETCDF = f"results/{study.name}/{{system}}"
LOGS = f"results/{study.name}/logs/{{system}}"
BENCHMARKS = f"results/{study.name}/benchmarks/{{system}}"
# Cores that there are no systems for: threads over k.  No result depends on their number.
# A cluster's jobs do not share one machine: one core each, or what set-threads says in the profile.
on_cluster = is_on_a_cluster(workflow)
# There, memory and run time grow with each try; on one machine nothing is limited by them.
ask = growing if on_cluster else int
cores = 1 if on_cluster else cores_of(workflow)
SPARE = max(1, cores // max(1, len(study.singles)))


wildcard_constraints:
    system=one_of(study.systems),
    figure=one_of(study.figures),
    group="[0-9a-f]{12}",
    tile="[0-9a-f]{12}",
