# One command sets everything up and runs the main job: make demo. One passes the tests: make test.
PYTHON ?= python3
BIN := .venv/bin
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-slow test-all check notebooks docs benchmarks clean

help:  ## what can be asked for
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | sort

setup: .venv/ready  ## virtual environment from the lock file

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: setup  ## the whole path on a simulated clinic: data, models, bundle, scores, one served answer
	$(BIN)/painresponse demo

serve: setup  ## serve the bundle that ships in models/, nothing is trained
	$(BIN)/painresponse serve models/synthetic.onnx --allow-synthetic

test: setup  ## the tests (under 6 minutes on 2 cores)
	$(BIN)/python -m pytest

test-slow: setup  ## only the slow tests
	$(BIN)/python -m pytest -m slow

test-all: test test-slow  ## the tests, then the slow ones

check: setup  ## linters and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: setup  ## run the notebooks anew from their .py halves
	for one in notebooks/*.py; do \
	  $(BIN)/jupytext --quiet --to ipynb $$one && $(BIN)/jupyter-execute --inplace $${one%.py}.ipynb || exit 1; \
	done

docs: setup  ## the reference of the feature language, from its specification tests
	$(BIN)/python -m tests.lib.pages

benchmarks: setup  ## measured ratios against peers, as tables
	$(BIN)/python -m benchmarks

clean:  ## forget what was built; the environment stays
	rm -rf demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
