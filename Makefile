# One command sets everything up and runs the main job: make demo. One passes the tests: make test.
PYTHON ?= python3
BIN := .venv/bin
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark demo serve test test-slow test-all soak check notebooks docs benchmarks benchmarks-models benchmarks-others clean

help:  ## what can be asked for
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | sort

setup: .venv/ready  ## virtual environment from the lock file

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

setup-spark: .venv/spark  ## Spark beside it (half a gigabyte; needs Java 17), for --engine spark and its tests

.venv/spark: .venv/ready requirements-spark.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-spark.lock
	touch $@

demo: setup  ## the whole path on a simulated clinic: data, models, bundle, scores, one served answer
	$(BIN)/painresponse demo

serve: setup  ## serve the bundle that ships in models/, nothing is trained
	$(BIN)/painresponse serve models/synthetic.onnx --allow-synthetic

test: setup  ## the tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

ALONE := tests/attack tests/sizes
test-slow: setup  ## only the slow tests; those that load or fill the machine without company
	$(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest -m slow $(ALONE)

test-all: test test-slow  ## the tests, then the slow ones

soak: setup  ## the server under load for 11 minutes: no error, no growth of memory
	SOAK_SECONDS=660 $(BIN)/python -m pytest -m slow -s tests/attack/test_soak.py

check: setup  ## linters and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: setup setup-spark  ## run the notebooks anew from their .py halves (the one on Spark needs Java 17)
	$(BIN)/python -m tests.lib.notebooks

docs: setup  ## the documentation site, into build/site: warnings are errors
	$(BIN)/python -m tests.lib.pages
	$(BIN)/python -m tests.lib.commands
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --fresh-env --quiet docs build/site

benchmarks: setup  ## measured ratios against peers, as tables
	$(BIN)/python -m benchmarks

benchmarks-models: setup .venv-autogluon/ready  ## models against the oracle, scikit-learn and AutoGluon (hours)
	$(BIN)/python -m benchmarks.models --seeds 10
	$(BIN)/python -m benchmarks.model_peers

.venv-autogluon/ready:
	$(PYTHON) -m venv .venv-autogluon
	.venv-autogluon/bin/pip install --quiet "autogluon.tabular[catboost,fastai,lightgbm,xgboost]==1.6.3"
	touch $@

benchmarks-others: setup  ## against MEDS-Tab, tsfresh, tree compilers and other servers, in environments of their own
	test -d .venv-meds-tab || { $(PYTHON) -m venv .venv-meds-tab && .venv-meds-tab/bin/pip install --quiet meds-tab==0.2.0; }
	test -d .venv-tsfresh || { $(PYTHON) -m venv .venv-tsfresh && .venv-tsfresh/bin/pip install --quiet tsfresh==0.21.2 pyarrow; }
	test -d .venv-mlserver || { $(PYTHON) -m venv .venv-mlserver && .venv-mlserver/bin/pip install --quiet mlserver==1.7.1 onnxruntime==1.32.0; }
	test -d .venv-compilers || { $(PYTHON) -m venv .venv-compilers && .venv-compilers/bin/pip install --quiet treelite==4.8.1 tl2cgen==1.0.0 lleaves==1.3.0 lightgbm==4.7.0; }
	$(BIN)/python -m benchmarks others compilers server_peers

clean:  ## forget what was built; the environment stays
	rm -rf demo build dist docs/notebooks .pytest_cache .mypy_cache .ruff_cache .hypothesis
