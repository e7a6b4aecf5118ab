# Landmark from a checkout. The two to start with: make run, make test. PYTHON=... chooses the Python.

SHELL := /bin/sh
BIN := .venv/bin
INSTALLED := .venv/.installed
PYTHONS := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3 python)
UV_VERSION := 0.13.9
VERSIONS := 3.11 3.12 3.13
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile

# A machine behind a proxy of its own trusts it in its system store: the second try of the install looks there.
# Byte code makes every start of Airflow twice as fast.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport PYTHONHOME

.PHONY: help install run up down test test-all check format demo constraints clean
.DEFAULT_GOAL := help

help: ## show this
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## install everything into .venv, pinned (does nothing when that is done)

$(INSTALLED): pyproject.toml $(wildcard constraints/*.txt)
	@set -e; \
	for python in $(PYTHONS); do \
	    if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	    echo "landmark: no Python 3.11, 3.12 or 3.13 with venv among: $(PYTHONS). Install one, or name it: make PYTHON=..." >&2; \
	    exit 1; \
	fi; \
	version=$$($$found -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	echo "Installing into .venv with Python $$version (a few minutes the first time)"; \
	if ! [ -x $(BIN)/python ] || [ "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" != "$$version" ]; \
	then $$found -m venv --clear .venv; fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	pinned="--quiet --python $(BIN)/python --compile-bytecode --constraint constraints/py$$version.txt"; \
	$(BIN)/uv pip install $$pinned --editable '.[airflow,dev]' 2>.venv/install.log \
	    || $(BIN)/uv pip install --system-certs $$pinned --editable '.[airflow,dev]' \
	    || { cat .venv/install.log >&2; exit 1; }; \
	$(BIN)/python -m compileall -q pipeline expectations landmark_airflow; \
	touch $(INSTALLED)

run: $(INSTALLED) ## one night of a made-up company through Airflow, from its exports to the e-mailed report
	@$(BIN)/python -m pipeline.embedded.driver run

up: $(INSTALLED) ## leave Airflow's UI running with the DAGs in it; prints the address, user and password
	@$(BIN)/python -m pipeline.embedded.driver up

down: $(INSTALLED) ## end what `make up` left running
	@$(BIN)/python -m pipeline.embedded.driver down

test: $(INSTALLED) ## the tests, without the slow ones
	@$(PYTEST) -m "not slow"

test-all: $(INSTALLED) ## all tests: whole nights, worlds and a real Airflow too
	@$(PYTEST)

check: $(INSTALLED) ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar sql

format: $(INSTALLED) ## put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(INSTALLED) ## write sample deliveries of a made-up company to run/demo
	@$(BIN)/landmark demo --to run/demo

constraints: $(INSTALLED) ## resolve the pinned versions anew, one file a Python
	@for version in $(VERSIONS); do \
	    $(BIN)/uv pip compile --quiet --upgrade --no-emit-index-url --no-header --no-annotate --no-emit-package landmark-journeys \
	        --python-version $$version --all-extras pyproject.toml constraints/pins.in \
	        --output-file constraints/py$$version.txt || exit 1; \
	done

clean: ## remove what runs and tests left (not .venv)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m pipeline.embedded.driver down; fi
	rm -rf run build .mypy_cache .ruff_cache .pytest_cache .hypothesis
