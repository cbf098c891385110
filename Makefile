# Thin: makes the virtual environment from a lock file, then calls the tools.  `make help` lists all.
PYTHON ?= python3
CORES ?= all
CONFIG ?= config/config.yaml
DRAWS ?= 2000
SEED ?= 0
# Of the tests: CASES=--exhaustive adds cases.
CASES ?=
# Of the benchmarks: which rows (bands accumulation hall width grid, by default all), and PEERS,
# interpreters of packages that are not in .venv, such as --peer kwant=PYTHON.
ROWS ?=
PEERS ?=
VENV := .venv
BIN := $(VENV)/bin
# The config is not last: Snakemake would take a target after it for another one.
SNAKEMAKE := $(BIN)/python -m snakemake --configfile $(CONFIG) --cores $(CORES) --workflow-profile workflow/profiles/default

# Another environment's variables must not leak into ours.
unexport PYTHONHOME
unexport PYTHONPATH
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help study theory materials plan unused remove-unused slurm test coverage referee lint docs benchmark benchmarks gallery clean

help:  ## list the targets
	@echo "make study      datasets, figures and report.html of the paper, in results/paper/ (CORES=N, CONFIG=FILE)"
	@echo "make theory     every other equation of the paper, in results/theory/"
	@echo "make materials  published numbers and models of materials, in results/materials/"
	@echo "make slurm      the same on a Slurm cluster, from its login node"
	@echo "make plan       what a run would compute, and why"
	@echo "make unused     the files that no study in config/ needs; make remove-unused deletes them"
	@echo "make test       all tests"
	@echo "make coverage   the same, and which lines of the package none of them has run"
	@echo "make referee    random systems against references of their own (DRAWS=N, SEED=N)"
	@echo "make lint       ruff, import contracts, types, snakefmt and snakemake --lint"
	@echo "make docs       the documentation, in docs/_build/html/ (needs no network but for its packages)"
	@echo "make benchmark  speed, as ratios to bare numpy.linalg.eigh"
	@echo "make benchmarks the same work by other packages, growth with width and points (ROWS=..., PEERS='--peer NAME=PYTHON')"
	@echo "make gallery    the README's pictures, in results/gallery/"
	@echo "make clean      remove what runs wrote, except the gallery"

study: $(VENV)/.study  ## the default study
	@$(SNAKEMAKE)

theory:  ## config/studies/theory.yaml
	@$(MAKE) --no-print-directory study CONFIG=config/studies/theory.yaml

materials:  ## config/studies/materials.yaml
	@$(MAKE) --no-print-directory study CONFIG=config/studies/materials.yaml

slurm: $(VENV)/.slurm  ## the default study, its jobs submitted with sbatch
	@$(BIN)/python -m snakemake --workflow-profile workflow/profiles/slurm --configfile $(CONFIG)

plan: $(VENV)/.study
	@$(BIN)/python -m accumulation plan $(CONFIG)

unused: $(VENV)/.study
	@$(BIN)/python -m accumulation unused all

remove-unused: $(VENV)/.study
	@$(BIN)/python -m accumulation unused all --remove

gallery: $(VENV)/.study
	@$(SNAKEMAKE) gallery

test: $(VENV)/.test
	$(BIN)/python -m pytest $(CASES)

coverage: $(VENV)/.test
	$(BIN)/python -m pytest --cov=accumulation $(CASES)

referee: $(VENV)/.test
	@cd tests && ../$(BIN)/python -m referee --draws $(DRAWS) --seed $(SEED)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=src $(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/python -m snakemake --lint

# References and the index of equations are written first; a warning is an error.
docs: $(VENV)/.docs
	$(BIN)/python docs/generators
	$(BIN)/python -m sphinx -E -W --keep-going --quiet -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

benchmark: $(VENV)/.test
	$(BIN)/python tests/benchmarks/benchmark_ribbon.py

benchmarks: $(VENV)/.test
	@cd tests && ../$(BIN)/python -m benchmarks $(ROWS) $(PEERS)

clean:
	rm -rf .snakemake docs/_build docs/api
	find results -mindepth 1 -maxdepth 1 ! -name gallery -exec rm -rf {} +

# A stamp is written last, so an installation that was cut off is done again.
$(VENV)/.study: requirements.lock pyproject.toml setup.py src/accumulation/states/_compiled.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, and $(PYTHON) is not: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.slurm: requirements-slurm.lock $(VENV)/.study
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-slurm.lock
	@touch $@

$(VENV)/.docs: requirements-docs.lock $(VENV)/.study
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.lock
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.slurm
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.lock
	@touch $@
