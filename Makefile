# Every target sets itself up; `make demo` and `make test` need git, make and Python 3.11 or 3.12, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_HOME := home-demo
DEMO_CUSTOMERS ?= 20000
FEAST_PORT ?= 8888
export HM_HOME ?= $(CURDIR)/home
export PYTHONDONTWRITEBYTECODE := # compiled once: a command that compiles what it imports starts in twice the time

.PHONY: help setup demo demo-real check test notebook kills container lint ui feast-ui bench clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## make the virtual environment and install what the lock names

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)) and "Python 3.11 or 3.12 is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	@echo "Installing into $(VENV), about a minute and a half ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: export HM_HOME := $(CURDIR)/$(DEMO_HOME)
demo: setup ## a simulated shop through all of the pipeline, to a scoreboard and a submission
	@test -f raw-demo/transactions_train.csv || $(BIN)/hm simulate raw-demo --customers $(DEMO_CUSTOMERS) --images
	@$(BIN)/hm ingest raw-demo
	@$(BIN)/hm run --week 2020-09-23
	@$(BIN)/hm submit --week 2020-09-23 --out $(DEMO_HOME)/submission.csv
	@$(BIN)/hm evaluate --from 2020-08-26 --to 2020-09-16
	@echo
	@echo "The submission is $(DEMO_HOME)/submission.csv."
	@echo "Next: 'make ui' shows the assets in Dagster; with Kaggle's files in FOLDER,"
	@echo "      '$(BIN)/hm ingest FOLDER' and '$(BIN)/hm run --week 2020-09-23' do the same for them."

demo-real: export HM_HOME := $(CURDIR)/home-real
demo-real: setup ## groceries of real households through the whole pipeline, to a scoreboard
	@$(BIN)/hm example complete-journey raw-real
	@$(BIN)/hm ingest raw-real --schema raw-real/shop.yaml
	@$(BIN)/hm run --week 2018-01-01
	@$(BIN)/hm submit --week 2018-01-01 --out home-real/submission.csv
	@$(BIN)/hm evaluate --from 2017-12-04 --to 2017-12-25

check: lint ## lint, types, unit tests and the laws of the steps, in two minutes: before each commit
	@$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile tests/base tests/engine tests/orchestration tests/test_house.py \
	  tests/laws/test_max_week.py tests/laws/test_every_signal.py tests/laws/test_every_strategy.py tests/recommender/ensemble hm_pipeline

test: setup ## everything CI checks but the demo
	@$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile

notebook: setup ## run the notebooks on the demo's home, or on HM_HOME; the executed pages go there
	@h=$(abspath $(HM_HOME)); test -f $$h/calendar.json || h=$(CURDIR)/$(DEMO_HOME); mkdir -p $$h/notebooks; \
	for page in notebooks/*.ipynb; do \
	  HM_HOME=$$h $(BIN)/jupyter execute --kernel_name=python3 --timeout=600 --output=$$h/notebooks/$$(basename $$page) $$page || exit 1; \
	done

kills: setup ## kill ingest, run and backfill twenty times each, and compare what they leave
	@$(BIN)/python -m pytest -q tests/e2e/test_kills.py tests/e2e/test_killed_runs.py --kills 20

container: setup ## the container's steps in a clean root, and its services as processes (debootstrap, Postgres, Redis)
	@$(BIN)/python -m pytest -q tests/e2e/test_container.py --container

lint: setup ## style, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

ui: setup ## Dagster's UI on the demo's home, or on HM_HOME
	@h=$(abspath $(HM_HOME)); test -f $$h/calendar.json || h=$(CURDIR)/$(DEMO_HOME); HM_HOME=$$h $(BIN)/hm ui

feast-ui: setup ## Feast's own UI on the demo's home, or on HM_HOME: views, services, lineage
	@h=$(abspath $(HM_HOME)); test -f $$h/feast/registry.db || h=$(CURDIR)/$(DEMO_HOME); \
	test -f $$h/feast/registry.db || { echo "Nothing is registered with Feast yet: run 'make demo', or set HM_HOME." >&2; exit 1; }; \
	cd feature_repo && HM_HOME=$$h ../$(BIN)/feast ui --host 127.0.0.1 --port $(FEAST_PORT)

bench: setup ## speed and memory beside trivial rivals
	@$(BIN)/hm bench

clean: ## remove what the targets made, the virtual environment apart
	rm -rf raw-demo $(DEMO_HOME) raw-real home-real bench-data .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
