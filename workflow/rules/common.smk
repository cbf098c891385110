# Sets up what every rule shares: the package, the environment of the jobs, and the checked study.
import os
import re
import sys
from pathlib import Path

# The package need not be installed.
sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from accumulation.configuration import read
from accumulation.errors import UserError
from accumulation.launch import prepare_jobs, release_stale_locks
from accumulation.study import load

prepare_jobs()

try:
    # Snakemake has read the files too, but would not notice a key that stands in one twice.
    files = [os.path.relpath(file) for file in workflow.configfiles]
    for file in files:
        read(file)
    study = load(config, ", ".join(files))
except UserError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)

# A run killed by SIGKILL leaves its lock behind.
if workflow.is_main_process:
    release_stale_locks()

NETCDF = f"results/{study.name}/{{system}}"
LOGS = f"results/{study.name}/logs/{{system}}"
BENCHMARKS = f"results/{study.name}/benchmarks/{{system}}"
# Cores that there are no systems for: threads over k.  No result depends on their number.
SPARE = max(1, (workflow.cores or 1) // len(study.systems))


wildcard_constraints:
    system="|".join(map(re.escape, study.systems)),
    figure="|".join(map(re.escape, study.figures)) or "none",
