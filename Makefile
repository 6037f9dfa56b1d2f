# Everything runs in a virtual environment in this folder; `make clean` leaves no trace of it.
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
SOURCES := sim strategies tests benchmarks

# A font cache of our own: the home folder may be missing or read-only.
export MPLCONFIGDIR := $(abspath $(VENV))/matplotlib
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: help demo install test lint slow timing credibility fuzz baseline gate reference docs test-other lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile
	@echo 'PYTHON=python3.12 chooses the interpreter; WORKERS=4 the test processes.'

demo: $(STAMP) ## set up, then play the Double 12 festival against the year-end good price
	$(BIN)/peakshift compare double12

install: $(STAMP) ## set up the virtual environment alone

# Tests that measure time run alone first: beside busy workers they would measure the workers.
test: $(STAMP) ## set up, then run every test that is not slow
	$(PYTEST) -q -rP -m 'timing and not slow'
	$(PYTEST) -q -n $(WORKERS) -m 'not slow and not timing'

lint: $(STAMP) ## style, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: $(STAMP) ## the long validation: theory, stylised facts, whole commands, the wheel
	$(PYTEST) -q -n $(WORKERS) -m 'slow and not timing' --durations 10

# On a machine that does nothing else; no part of CI.
timing: $(STAMP) ## what has to be quick for the eye: the answers of explore
	$(PYTEST) -q -rP -m 'slow and timing'

# Exit code 1 says that a figure misses its band: an answer, not a fault of make.
credibility: $(STAMP) ## the market's figures beside published bands, 20 seeds
	@$(BIN)/python -m sim.lab.credibility || [ $$? -eq 1 ]

fuzz: $(STAMP) ## feed 5,000 damaged scenarios to the reader
	$(PYTEST) -q -m slow tests/scenario

SMALL_WORLD := --set market.consumers=2000 --set calendar.start=2023-11-28 --set calendar.warm_up_days=5 \
  --set calendar.scored_days=18 --set calendar.settlement_days=3

gate: $(STAMP) ## the shipped line-ups, in a small world, against results/baselines
	$(BIN)/peakshift gate double12 $(SMALL_WORLD) --baseline results/baselines/double12.json

baseline: $(STAMP) ## write results/baselines anew
	$(BIN)/peakshift gate double12 $(SMALL_WORLD) --baseline results/baselines/double12.json --replications 5 --renew

# A fifth of the shop, with the staff of scenarios/year.yaml, ten days of warm-up: what asks for many worlds.
A_FIFTH := --set market.consumers=20000 --set operations.warehouses.hangzhou_dc.pickers=5 \
  --set operations.warehouses.hangzhou_dc.inspectors=1 --set operations.warehouses.hangzhou_dc.space_litres=100000 \
  --set operations.couriers.hangzhou.couriers=3 --set operations.couriers.chengdu.couriers=3 \
  --set operations.service_desk.agents=1 --set calendar.start=2023-11-20 --set calendar.warm_up_days=10
RUNS := results/runs/reference

# sim/report/columns.py tells of these commands; a test holds the two together. Their folders belong to the scenario as
# it was: where that has changed, they must go first (rm -r results/runs/reference*).
reference: $(STAMP) ## remake results/reference, results/README.md and the notebook's outputs
	$(BIN)/peakshift compare double12 --out $(RUNS)
	$(BIN)/peakshift decompose double12 --campaign double12 --replications 4 $(A_FIFTH) --out $(RUNS)-decompose
	$(BIN)/peakshift smoothing double12 --campaign double12 --events 1,4,12 --offered --replications 5 $(A_FIFTH) \
	  --set 'compare.metrics=[profit,peak_load,repurchase_30d]' --out $(RUNS)-smoothing
	$(BIN)/peakshift tournament double12 --replications 5 --most 5 --indifference 10% $(A_FIFTH) --out $(RUNS)-tournament
	$(BIN)/peakshift breakeven double12 --x campaigns.double12.markdown=0.05:0.45:5 \
	  --y campaigns.year_end_good_price.markdown=0:0.2:5 --replications 4 $(A_FIFTH) --out $(RUNS)-breakeven
	$(BIN)/python -m sim.report.columns > results/README.md
	mkdir -p results/reference/figures
	cp $(RUNS)/comparison.csv $(RUNS)/runs.parquet $(RUNS)/report.html results/reference/
	cp $(RUNS)-decompose/*decomposition.csv $(RUNS)-smoothing/smoothing_path.csv $(RUNS)-tournament/tournament*.csv \
	  $(RUNS)-breakeven/*.csv results/reference/
	cp $(RUNS)/figures/* $(RUNS)-*/figures/* results/reference/figures/
	$(BIN)/jupyter-execute --inplace --NotebookClient.record_timing=False docs/notebook.ipynb

# In an environment of its own, so that the lock stays what is tested.
docs: $(STAMP) ## build docs/ into build/site, warnings are errors (fetches zensical)
	@for page in metrics scenario api; do $(BIN)/python -m sim.report.reference $$page > docs/$$page.md || exit 1; done
	@$(BIN)/python -m sim.lab.listing > docs/strategies.md
	@cmp -s requirements-docs.lock $(VENV)-docs/installed || { "$(PYTHON)" -m venv --clear $(VENV)-docs && \
	  $(VENV)-docs/bin/python -m pip install -q --require-hashes -r requirements-docs.lock && \
	  cp requirements-docs.lock $(VENV)-docs/installed; }
	$(VENV)-docs/bin/zensical build --clean --strict

# Each in a virtual environment of its own. A Python that pyenv holds counts as installed.
test-other: ## the tests on Python 3.12 and 3.13, where installed
	@ran=0; for v in 3.12 3.13; do \
	  found=; for p in python$$v "$${HOME:-/nonexistent}"/.pyenv/versions/$$v.*/bin/python3; do \
	    if "$$p" -c 'import ensurepip, venv' 2>/dev/null; then found=$$p; break; fi; done; \
	  if [ -z "$$found" ]; then echo "Python $$v: not installed (or without venv), left out"; continue; fi; \
	  echo "Python $$v: $$found"; ran=1; \
	  $(MAKE) --no-print-directory test VENV=.venv-$$v PYTHON="$$found" || exit 1; \
	done; [ $$ran = 1 ] || echo 'no other Python found: nothing was tested'

lock: $(STAMP) ## renew both requirements locks (needs uv: pip install uv)
	@command -v uv >/dev/null || test -x $(BIN)/uv || { echo 'make lock needs uv: $(BIN)/pip install uv'; exit 2; }
	PATH="$(abspath $(BIN)):$$PATH" uv pip compile pyproject.toml --extra dev --python-version 3.11 \
	  --universal --upgrade --generate-hashes --no-header -q -o requirements.lock
	echo 'zensical>=0.0.73' | PATH="$(abspath $(BIN)):$$PATH" uv pip compile - --python-version 3.11 \
	  --universal --upgrade --generate-hashes --no-header --no-annotate -q -o requirements-docs.lock

clean: ## remove the environments, caches and builds (results stay)
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(wildcard $(SOURCES)) -type d -name __pycache__ -prune -exec rm -rf {} +

# One line about a Python that cannot do it; empty for one that can. Debian ships venv as a package apart.
VENV_PACKAGE = $(patsubst python,python3,$(notdir $(PYTHON)))-venv
TROUBLE = $(shell \
  if ! "$(PYTHON)" -c '' >/dev/null 2>&1; then \
    echo 'peakshift needs Python 3.11 or newer, and "$(PYTHON)" does not run: sudo apt-get install python3 python3-venv, or make demo PYTHON=/path/to/python3'; \
  elif ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
    echo 'peakshift needs Python 3.11 or newer, and "$(PYTHON)" is' "$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')": make demo PYTHON=/path/to/a/newer/python3; \
  elif ! "$(PYTHON)" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
    echo '"$(PYTHON)" cannot make a virtual environment: sudo apt-get install $(VENV_PACKAGE)'; \
  fi)

# The stamp is touched last, so an interrupted set-up starts over and a finished one is never repeated.
# An environment whose Python still runs is brought up to date; one that does not is made anew.
$(STAMP): requirements.lock pyproject.toml
	$(eval trouble := $(TROUBLE))$(if $(trouble),$(error $(trouble)))
	@echo 'Setting up $(VENV) (about a minute, 1 GB) ...'
	@$(BIN)/python -c 'import pip' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@
